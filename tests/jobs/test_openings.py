"""Selecting for the openings of a job, and what comes of the offers."""

from dataclasses import replace
from typing import Any

import pytest

from services.contracts.domain import offer as offers
from services.contracts.domain.week import Hourly
from services.jobs.domain import opening
from services.jobs.domain.job import Job
from services.jobs.domain.proposal import Milestone, Proposal
from shared import catalog, moves
from shared.errors import Conflict, Ignored, Invalid, NotYet
from tests.contracts.saying import an_event
from tests.jobs.builders import (
    CLIENT,
    DAY,
    NOON,
    a_job,
    a_proposal,
    a_selection,
    with_selections,
    yen,
)

pytestmark = pytest.mark.pure


def select(job: Job, chosen: Proposal, **words: Any) -> tuple[Job, dict[str, Any]]:
    """Reserve an opening; return the job and the words of the offer."""
    job, facts = opening.reserve(
        job, now=NOON, by=CLIENT, proposal=chosen, offer_id="off_1", words=words
    )
    assert [fact.type for fact in facts] == ["opening.reserved"]
    return job, dict(facts[0].data)


def test_selecting_reserves_an_opening_and_says_the_whole_offer() -> None:
    job = a_job()
    chosen = a_proposal(job)

    job, offer = select(job, chosen)

    assert job.project.free == 0
    assert offer["offer_id"] == "off_1"
    assert offer["amount"] == {"amount": 40_000, "currency": "JPY"}
    assert offer["scope"] == job.description
    assert [m["title"] for m in offer["milestones"]] == [job.title]
    assert (offer["review_days"], offer["revisions"]) == (14, 2)


def test_of_a_job_by_the_hour_the_rate_is_proposed_and_contracts_makes_an_hourly_offer() -> None:
    job = a_job(weekly_cap_hours=20)
    chosen = a_proposal(job, amount=yen(3_001))

    _, words = select(job, chosen)

    catalog.said("proposal.selected", words)
    event = an_event("proposal.selected", **words)
    offer, _ = offers.of_selection(event, NOON)
    assert offer.hourly == Hourly(rate=yen(3_001), cap_hours=20, until=chosen.deliver_by)
    assert offer.amount == offer.hourly.week_costs == yen(60_020)
    assert offer.job_id == job.id


def test_a_week_that_costs_more_than_anything_may_is_no_offer() -> None:
    with pytest.raises(Invalid):
        select(a_job(weekly_cap_hours=168), a_proposal(), amount=yen(10**12))


def test_the_offer_may_differ_from_the_proposal() -> None:
    job = a_job()
    words = {"amount": yen(45_000), "deliver_by": NOON + 25 * DAY, "scope": "ロゴ2案"}

    _, offer = select(job, a_proposal(job), **words)

    assert offer["amount"]["amount"] == 45_000
    assert offer["scope"] == "ロゴ2案"
    assert offer["milestones"][0]["amount"]["amount"] == 45_000
    assert offer["deliver_by"] == offer["milestones"][0]["deliver_by"]


def in_two_parts(job: Job) -> Proposal:
    """Return a proposal with two milestones."""
    parts = (
        Milestone(title="ラフ", amount=yen(15_000), deliver_by=NOON + 10 * DAY),
        Milestone(title="完成", amount=yen(25_000), deliver_by=NOON + 20 * DAY),
    )
    return a_proposal(job, milestones=parts)


def test_milestones_go_into_the_offer() -> None:
    job = a_job()

    _, offer = select(job, in_two_parts(job))

    assert [m["amount"]["amount"] for m in offer["milestones"]] == [15_000, 25_000]


@pytest.mark.parametrize(
    ("words", "field"),
    [({"amount": yen(1)}, "amount"), ({"deliver_by": NOON + 21 * DAY}, "deliver_by")],
)
def test_what_milestones_divide_is_not_changed_by_selecting(
    words: dict[str, Any], field: str
) -> None:
    job = a_job()
    with pytest.raises(Invalid) as refused:
        select(job, in_two_parts(job), **words)

    assert set(refused.value.details["fields"]) == {field}


def test_an_offer_in_the_past_or_in_another_currency_is_not_made() -> None:
    job = a_job()
    words = {"amount": replace(yen(5), currency="USD"), "deliver_by": NOON}
    with pytest.raises(Invalid) as refused:
        select(job, a_proposal(job), **words)

    assert set(refused.value.details["fields"]) == {"amount.currency", "deliver_by"}


def test_a_milestone_whose_time_has_passed_asks_for_a_new_proposal() -> None:
    job = a_job()
    late = NOON + 11 * DAY
    with pytest.raises(Invalid):
        opening.reserve(
            job, now=late, by=CLIENT, proposal=in_two_parts(job), offer_id="off_1", words={}
        )


def test_nobody_is_selected_when_every_opening_is_taken() -> None:
    job = with_selections(a_job(openings=2), a_selection(), a_selection(state="filled"))
    with pytest.raises(Conflict) as refused:
        select(job, a_proposal(job))

    assert refused.value.code == "no_opening_left"


@pytest.mark.parametrize("state", ["freed", "cancelled"])
def test_an_opening_that_came_back_can_be_given_again(state: str) -> None:
    job = with_selections(a_job(), a_selection(state=state))

    job, _ = select(job, a_proposal(job))

    assert job.project.count("reserved") == 1


def test_the_number_of_selections_is_bounded() -> None:
    tried = [a_selection(state="freed") for _ in range(opening.SELECTIONS_MAX)]
    job = with_selections(a_job(), *tried)
    with pytest.raises(Conflict) as refused:
        select(job, a_proposal(job))

    assert refused.value.code == "too_many_selections"


@pytest.mark.parametrize("state", ["selected", "declined", "withdrawn", "lapsed"])
def test_only_a_proposal_that_waits_is_selected(state: str) -> None:
    job = a_job()
    with pytest.raises(Conflict) as refused:
        select(job, a_proposal(job, state=state))

    assert refused.value.code == "wrong_state"


def test_a_proposal_has_one_reservation_at_a_time() -> None:
    job = a_job(openings=2)
    chosen = a_proposal(job)
    job, _ = select(job, chosen)
    with pytest.raises(Conflict) as refused:
        select(job, chosen)

    assert refused.value.code == "wrong_state"


def test_nobody_is_selected_from_a_closed_job_once_that_time_is_over() -> None:
    job = a_job(state="closed")
    with pytest.raises(Conflict) as refused:
        select(job, a_proposal(job))

    assert refused.value.code == "wrong_state"


# what comes of offers and contracts


def told(job: Job, what: str, at: int = 0, contract_id: str | None = None) -> Job:
    """Return the job after it has heard something about its selection number `at`."""
    offer_id = job.project.selections[at].offer_id
    return opening.hear(job, now=NOON, what=what, offer_id=offer_id, contract_id=contract_id)[0]


@pytest.mark.parametrize("what", ["offer.declined", "offer.expired", "offer.withdrawn"])
def test_an_offer_that_ends_frees_its_opening(what: str) -> None:
    job = told(with_selections(a_job(), a_selection()), what)

    assert (job.state, job.project.free) == ("open", 1)


def test_a_contract_fills_its_opening_and_the_last_one_closes_the_job() -> None:
    job = with_selections(a_job(openings=2), a_selection(), a_selection())

    job = told(job, "contract.formed", 0, "con_1")
    assert (job.state, job.project.filled) == ("open", 1)

    offer_id = job.project.selections[1].offer_id
    job, facts = opening.hear(job, now=NOON, what="contract.formed", offer_id=offer_id)
    assert (job.state, job.project.filled) == ("closed", 2)
    assert [(fact.type, fact.data["reason"]) for fact in facts] == [("job.closed", "filled")]
    assert job.project.selections[0].contract_id == "con_1"


def test_a_job_is_completed_when_all_its_contracts_have_ended() -> None:
    job = a_job(state="closed", openings=2)
    job = with_selections(job, a_selection(state="filled"), a_selection(state="filled"))

    job = told(job, "contract.completed", 0)
    assert job.state == "closed"

    job = told(job, "contract.cancelled", 1)
    assert job.state == "completed"


def test_a_closed_job_whose_only_contract_is_cancelled_is_cancelled() -> None:
    job = with_selections(a_job(state="closed"), a_selection(state="filled"))

    assert told(job, "contract.cancelled").state == "cancelled"


def test_a_cancelled_contract_gives_its_opening_back_to_an_open_job() -> None:
    job = with_selections(a_job(openings=2), a_selection(state="filled"))

    job = told(job, "contract.cancelled")

    assert (job.state, job.project.free) == ("open", 2)


def test_a_completed_contract_does_not_end_an_open_job() -> None:
    job = with_selections(a_job(openings=2), a_selection(state="filled"))

    job = told(job, "contract.completed")

    assert (job.state, job.project.free, job.project.filled) == ("open", 1, 1)


def test_a_closed_job_without_any_contract_stays_closed_when_its_offer_is_declined() -> None:
    job = with_selections(a_job(state="closed"), a_selection())

    assert told(job, "offer.declined").state == "closed"


def test_a_contract_formed_when_the_job_was_cancelled_meanwhile_stands_alone() -> None:
    job = with_selections(a_job(state="cancelled"), a_selection())

    job = told(job, "contract.formed")

    assert (job.state, job.project.filled) == ("cancelled", 1)


def test_filling_the_last_opening_ends_the_time_to_select() -> None:
    job = a_job(state="closed", select_by=NOON + DAY)
    job = with_selections(job, a_selection())

    job = told(job, "contract.formed")

    assert (job.state, job.project.select_by) == ("closed", None)


@pytest.mark.parametrize("what", sorted(opening.HEARD))
@pytest.mark.parametrize("state", opening.STATES)
def test_an_opening_follows_its_table(what: str, state: str) -> None:
    job = with_selections(a_job(openings=2), a_selection(state=state))
    row = opening.HEARD[what][state]
    if row == moves.IGNORE:
        with pytest.raises(Ignored):
            told(job, what)
    elif row == moves.LATER:
        with pytest.raises(NotYet):
            told(job, what)
    else:
        assert told(job, what).project.selections[0].state == row


@pytest.mark.parametrize("state", ["draft", "awaiting_funding"])
def test_a_job_that_was_never_open_waits_with_what_it_cannot_understand(state: str) -> None:
    with pytest.raises(NotYet):
        told(with_selections(a_job(state=state), a_selection()), "contract.formed")


def test_a_job_waits_with_what_is_said_of_an_offer_it_does_not_know() -> None:
    with pytest.raises(NotYet):
        opening.hear(a_job(), now=NOON, what="contract.formed", offer_id="off_unknown")


def test_a_reservation_that_no_proposal_took_is_freed_once() -> None:
    job = with_selections(a_job(), a_selection())
    offer_id = job.project.selections[0].offer_id

    job, facts = opening.free(job, now=NOON, offer_id=offer_id)

    assert (job.project.free, facts) == (1, [])
    with pytest.raises(Ignored):
        opening.free(job, now=NOON, offer_id=offer_id)
