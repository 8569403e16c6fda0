"""What happens to a job when nobody acts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import silence
from services.jobs.domain.job import Job
from shared.errors import Ignored
from tests.jobs.builders import (
    DAY,
    NOON,
    a_job,
    a_selection,
    with_selections,
)

pytestmark = pytest.mark.pure


def after(job: Job, **how: Any) -> tuple[Job, list[str]]:
    """Return the job when silence has had its next consequence, and what it said."""
    at = silence.wake(job)
    assert at is not None
    job, facts = silence.on_wake(job, now=at)
    return job, [fact.type for fact in facts]


WAITING = {
    "draft": (a_job(state="draft"), NOON + 90 * DAY, "cancelled"),
    "held": (a_job(state="held"), NOON + 3 * DAY, "open"),
    "awaiting_funding": (a_job(state="awaiting_funding"), NOON + 7 * DAY, "cancelled"),
    "open": (a_job(), NOON + 10 * DAY, "closed"),
    "selecting": (a_job(state="closed", select_by=NOON + DAY), NOON + DAY, "cancelled"),
    "under contract": (
        with_selections(a_job(state="closed"), a_selection(state="filled")),
        NOON + 180 * DAY,
        "completed",
    ),
    "offered": (
        with_selections(a_job(state="closed"), a_selection()),
        NOON + 30 * DAY,
        "closed",
    ),
}


@pytest.mark.parametrize("waits", sorted(WAITING))
def test_every_waiting_state_has_a_timer_and_says_what_it_does(waits: str) -> None:
    job, at, state = WAITING[waits]
    expected = silence.next_step(job)

    assert silence.wake(job) == at
    assert expected is not None
    assert expected["by"] == at
    assert after(job)[0].state == state
    if waits != "offered":
        assert expected["otherwise"] == state


@pytest.mark.parametrize("waits", sorted(WAITING))
def test_silence_has_no_consequence_before_its_time(waits: str) -> None:
    job, at, _ = WAITING[waits]
    with pytest.raises(Ignored):
        silence.on_wake(job, now=at - timedelta(milliseconds=1))


@pytest.mark.parametrize("state", ["completed", "cancelled", "closed"])
def test_a_job_that_waits_for_nothing_has_no_timer(state: str) -> None:
    job = a_job(state=state)

    assert silence.wake(job) is None
    assert silence.next_step(job) is None


def test_when_proposals_close_the_client_may_still_choose_for_30_days() -> None:
    job, said = after(a_job())

    assert said == ["job.proposals_closed"]
    assert job.project.select_by == NOON + 40 * DAY
    assert silence.next_step(job) == {
        "actor": "client",
        "action": "select",
        "by": NOON + 40 * DAY,
        "otherwise": "cancelled",
    }
    assert after(job) == (
        replace(
            job,
            state="cancelled",
            project=replace(job.project, select_by=None),
            changed_at=NOON + 40 * DAY,
        ),
        ["job.cancelled"],
    )


def test_after_the_time_to_choose_a_job_waits_for_its_contracts() -> None:
    job = a_job(state="closed", openings=2, select_by=NOON + DAY)

    running, said = after(with_selections(job, a_selection(state="filled")))
    assert (running.state, said) == ("closed", ["job.closed"])

    done, said = after(with_selections(job, a_selection(state="completed")))
    assert (done.state, said) == ("completed", ["job.closed", "job.completed"])


def test_an_offer_of_which_nothing_was_ever_heard_frees_its_opening() -> None:
    job = a_job(proposals_close_at=NOON + 60 * DAY, deadline_at=NOON + 90 * DAY)
    job = with_selections(job, a_selection())

    job, said = after(job)

    assert (job.state, job.project.free, said) == ("open", 1, [])


def test_silence_always_comes_to_an_end() -> None:
    for job, _, _ in WAITING.values():
        for _ in range(10):
            if silence.wake(job) is None:
                break
            job, _ = after(job)
        assert silence.wake(job) is None
