"""Medians, rates and levels: pure rules on plain facts."""

from datetime import timedelta
from typing import Any

import pytest

from services.accounts.domain.levels import Level, Missing, level
from services.accounts.domain.measures import (
    AsClient,
    AsWorker,
    Measures,
    Median,
    Rate,
    Seen,
    measure,
    median_of,
)
from tests.accounts.builders import NOW

pytestmark = pytest.mark.pure


def seen(
    what: str, hour: float, ref: str = "con_1", *, due: float | None = None, **more: Any
) -> Seen:
    words: dict[str, Any] = {"role": "worker", "id": f"{what}{hour}{ref}", **more}
    until = None if due is None else NOW + timedelta(hours=due)
    return Seen(what=what, ref=ref, at=NOW + timedelta(hours=hour), due=until, **words)


def as_client(*several: Seen) -> AsClient:
    return measure(several, facts=0).as_client


def as_worker(*several: Seen) -> AsWorker:
    return measure(several, facts=0).as_worker


@pytest.mark.parametrize(
    ("times", "middle"),
    [
        ([], Median(None, 0)),
        ([7], Median(7, 1)),
        ([9, 1, 5], Median(5, 3)),
        ([10, 1, 4, 100], Median(7, 4)),
        ([1, 2], Median(1, 2)),
    ],
)
def test_a_median_is_the_middle_and_has_its_sample(times: list[float], middle: Median) -> None:
    assert median_of(times) == middle


@pytest.mark.parametrize(
    ("rate", "share"), [(Rate(), None), (Rate(0, 3), 0.0), (Rate(2, 3), 0.667)]
)
def test_a_share_of_nothing_is_not_known(rate: Rate, share: float | None) -> None:
    assert rate.share == share


def test_time_to_fund_counts_from_forming_or_from_when_it_was_due() -> None:
    found = as_client(
        seen("contract.formed", 0, role="client"),
        seen("milestone.funded", 2, role="client", step=1),
        seen("milestone.due", 50, role="client", step=2),
        seen("milestone.funded", 54, role="client", step=2),
        seen("contract.formed", 9, "con_2", role="client"),
    )
    assert found.time_to_fund == Median(3 * 3600, 2)


def test_time_to_accept_counts_from_the_last_delivery() -> None:
    found = as_client(
        seen("delivery.submitted", 1, role="client", step=1),
        seen("changes.requested", 2, role="client", step=1),
        seen("delivery.submitted", 10, role="client", step=1),
        seen("delivery.accepted", 13, role="client", step=1),
        seen("delivery.submitted", 20, role="client", step=2),
    )
    assert found.time_to_accept == Median(3 * 3600, 1)


def test_a_rejection_that_an_appeal_undid_is_none() -> None:
    found = as_client(
        seen("assignment.rejected", 1, "asg_1", role="client"),
        seen("assignment.approved", 2, "asg_1", role="client"),
        seen("assignment.rejected", 1, "asg_2", role="client"),
        seen("assignment.approved", 1, "asg_3", role="client"),
    )
    assert found.rejection == Rate(1, 3)


def test_time_to_answer_is_of_what_a_client_answered_not_of_what_lapsed() -> None:
    found = as_client(
        seen("question.asked", 0, "qst_1", role="client"),
        seen("question.answered", 4, "qst_1", role="client"),
        seen("question.asked", 0, "qst_2", role="client"),
        seen("proposal.submitted", 1, "pro_1", role="client"),
        seen("proposal.declined", 3, "pro_1", role="client"),
        seen("proposal.submitted", 1, "pro_2", role="client"),
    )
    assert found.time_to_answer == Median(3 * 3600, 2)


def test_time_to_award_is_of_the_first_who_was_chosen() -> None:
    found = as_client(
        seen("job.opened", 0, "job_1", role="client"),
        seen("opening.reserved", 2, "job_1", role="client"),
        seen("opening.reserved", 90, "job_1", role="client"),
        seen("job.opened", 0, "job_2", role="client"),
        seen("competition.awarded", 10, "job_2", role="client"),
        seen("job.opened", 0, "job_3", role="client"),
    )
    assert found.time_to_award == Median(6 * 3600, 2)


def test_a_worker_answers_each_time_an_offer_is_put_before_them() -> None:
    events = [
        seen("offer.sent", 0, "off_1"),
        seen("offer.countered", 2, "off_1", turn="client"),
        seen("offer.countered", 50, "off_1", turn="worker"),
        seen("offer.declined", 56, "off_1"),
        # The client takes the worker's counter: the answer was the counter.
        seen("offer.sent", 0, "off_2"),
        seen("offer.countered", 1, "off_2", turn="client"),
        seen("offer.accepted", 99, "off_2"),
        seen("offer.sent", 0, "off_3"),
    ]
    assert as_worker(*events).time_to_answer == Median(2 * 3600, 3)
    assert as_worker(*reversed(events)).time_to_answer == Median(2 * 3600, 3)


def test_a_client_comes_back_with_a_second_contract_that_is_completed() -> None:
    found = as_worker(
        seen("contract.completed", 1, "con_1", other="mem_a"),
        seen("contract.completed", 2, "con_1", other="mem_a"),
        seen("contract.completed", 3, "con_2", other="mem_b"),
        seen("contract.completed", 4, "con_3", other="mem_b"),
        seen("contract.cancelled", 5, "con_4", other="mem_c"),
        # Kept before it was noted with whom.
        seen("contract.completed", 6, "con_5"),
    )
    assert found.repeat_clients == Rate(1, 2)


FUNDED = seen("milestone.funded", 0, due=10)


@pytest.mark.parametrize(
    ("events", "on_time"),
    [
        ([FUNDED], Rate(0, 0)),
        ([FUNDED, seen("delivery.submitted", 10)], Rate(1, 1)),
        ([FUNDED, seen("delivery.submitted", 11)], Rate(0, 1)),
        ([FUNDED, seen("milestone.overdue", 11)], Rate(0, 1)),
        (
            [FUNDED, seen("extension.granted", 5, due=20), seen("delivery.submitted", 15)],
            Rate(1, 1),
        ),
        (
            [FUNDED, seen("delivery.submitted", 15), seen("extension.granted", 16, due=20)],
            Rate(0, 1),
        ),
        # Something handed in and taken back is no delivery.
        (
            [
                FUNDED,
                seen("delivery.submitted", 1),
                seen("delivery.recalled", 2),
                seen("delivery.submitted", 12),
            ],
            Rate(0, 1),
        ),
        # The first delivery decides; a round of changes has its own time.
        (
            [
                FUNDED,
                seen("delivery.submitted", 9),
                seen("changes.requested", 10),
                seen("delivery.submitted", 30),
            ],
            Rate(1, 1),
        ),
    ],
)
def test_on_time_is_what_was_first_delivered_by_then(events: list[Seen], on_time: Rate) -> None:
    assert as_worker(*events).on_time == on_time
    assert as_worker(*reversed(events), *events).on_time == on_time


def test_a_contract_that_never_started_is_not_held_against_the_worker() -> None:
    found = as_worker(
        seen("contract.cancelled", 1, "con_1"),
        seen("contract.started", 0, "con_2"),
        seen("contract.cancelled", 1, "con_2"),
        seen("contract.started", 0, "con_3"),
        seen("contract.completed", 1, "con_3"),
        seen("contract.started", 0, "con_4"),
        seen("dispute.opened", 1, "con_4"),
    )
    assert (found.completion, found.dispute) == (Rate(1, 2), Rate(1, 3))


def done(completed: int, **rates: Rate) -> Measures:
    return Measures(as_worker=AsWorker(**{"completion": Rate(completed, completed), **rates}))


@pytest.mark.parametrize(
    ("measures", "reviews", "expected"),
    [
        (done(0), Rate(), Level(0, (Missing("completed", 0, 1),))),
        (done(0, task_approval=Rate(19, 19)), Rate(), Level(0, (Missing("completed", 0, 1),))),
        (done(0, task_approval=Rate(20, 20)), Rate(), Level(1, (Missing("completed", 1, 5),))),
        (done(1, on_time=Rate(0, 1)), Rate(0, 1), Level(1, (
            Missing("completed", 1, 5),
            Missing("on_time_rate", 0.0, 0.8),
            Missing("reviews_satisfied_rate", 0.0, 0.8),
        ))),
        (done(5, on_time=Rate(4, 5)), Rate(), Level(2, (
            Missing("completed", 5, 20), Missing("on_time_rate", 0.8, 0.9)
        ))),
        (done(20, completion=Rate(20, 23)), Rate(), Level(2, (
            Missing("completion_rate", 0.87, 0.9),
        ))),
        (done(20), Rate(8, 10), Level(2, (Missing("reviews_satisfied_rate", 0.8, 0.9),))),
        (done(20, on_time=Rate(9, 10)), Rate(9, 10), Level(3)),
    ],
)  # fmt: skip
def test_a_level_is_the_highest_of_which_all_is_there(
    measures: Measures, reviews: Rate, expected: Level
) -> None:
    assert level(measures, reviews) == expected
