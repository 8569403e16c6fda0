"""The rules of jobs: every move in every state, selecting, and what comes of offers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import job as jobs
from services.jobs.domain import market, opening, posting, proposal
from services.jobs.domain.job import Budget, Job
from shared import ids, moves
from shared.errors import Conflict, Forbidden, Invalid
from shared.profiles import Profile
from tests.jobs.builders import (
    CLIENT,
    DAY,
    NOON,
    STRANGER,
    SUSPENDED,
    a_job,
    a_proposal,
    a_selection,
    with_selections,
    yen,
)

pytestmark = pytest.mark.pure


def do(move: str, job: Job, by: str = CLIENT, **words: Any) -> tuple[Job, list[Any]]:
    """Apply a client's move to a job."""
    match move:
        case "edit":
            return posting.edit(job, now=NOON, by=by, words=words)
        case "publish":
            return posting.publish(job, now=NOON, by=by, bar=None)
        case "close":
            return posting.close(job, now=NOON, by=by)
        case "cancel":
            return posting.cancel(job, now=NOON, by=by)
    return opening.reserve(
        job, now=NOON, by=by, proposal=a_proposal(job), offer_id=ids.new("off"), words=words
    )


COMMANDS = ("edit", "publish", "close", "cancel", "select")
ALLOWED = [(move, state) for move in COMMANDS for state in jobs.MOVES[move]]
REFUSED = [(m, s) for m in COMMANDS for s in jobs.STATES if s not in jobs.MOVES[m]]


def in_state(state: str) -> Job:
    """Return a job in this state, with somebody to select where that is possible."""
    return a_job(state=state, select_by=NOON + 30 * DAY if state == "closed" else None)


@pytest.mark.parametrize(("move", "state"), ALLOWED)
def test_every_move_of_the_table_leads_where_it_says(move: str, state: str) -> None:
    job, _ = do(move, in_state(state))

    assert job.state == jobs.MOVES[move][state]


@pytest.mark.parametrize(("move", "state"), REFUSED)
def test_every_move_that_is_not_in_the_table_is_refused(move: str, state: str) -> None:
    with pytest.raises(Conflict) as refused:
        do(move, in_state(state))

    assert refused.value.code == "wrong_state"


@pytest.mark.parametrize("move", COMMANDS)
@pytest.mark.parametrize("state", jobs.STATES)
def test_nobody_but_the_client_moves_a_job(move: str, state: str) -> None:
    with pytest.raises(Forbidden) as refused:
        do(move, in_state(state), by=STRANGER)

    assert refused.value.code == "not_the_client"


@pytest.mark.parametrize(
    ("table", "states"),
    [
        (jobs.HEARD, jobs.STATES),
        (opening.HEARD, opening.STATES),
        (proposal.HEARD, proposal.STATES),
    ],
)
def test_every_state_has_a_row_for_every_fact_that_is_heard(
    table: moves.Moves, states: tuple[str, ...]
) -> None:
    assert moves.missing_pairs(table, states) == []


# drafting and editing


def drafted(**words: Any) -> Job:
    """Return a draft with these words."""
    given = {"title": "t", "description": "d", "category": "design-logo", **words}
    return posting.draft(id=ids.new("job"), by=CLIENT, now=NOON, mode="project", **given)[0]


def wrong_fields(**words: Any) -> set[str]:
    """Return the fields for which a draft is refused."""
    with pytest.raises(Invalid) as refused:
        drafted(**words)
    return set(refused.value.details["fields"])


def test_a_draft_needs_no_more_than_title_description_and_category() -> None:
    job = drafted()

    assert (job.state, job.client_id, job.project.openings) == ("draft", CLIENT, 1)
    assert job.published_at is None


def test_a_mode_that_the_marketplace_has_not_is_refused() -> None:
    market.run_as(Profile(modes=("competition",)))
    try:
        with pytest.raises(Invalid) as refused:
            posting.draft(id=ids.new("job"), by=CLIENT, now=NOON, mode="project")
    finally:
        market.run_as(Profile())

    assert refused.value.code == "mode_not_enabled"


def test_a_job_is_in_a_part_of_a_field_not_in_the_field() -> None:
    assert wrong_fields(category="design") == {"category"}
    assert wrong_fields(category="no-such-thing") == {"category"}


@pytest.mark.parametrize("name", ["deadline_at", "proposals_close_at"])
@pytest.mark.parametrize("away", [timedelta(0), -DAY, timedelta(days=9999)])
def test_times_lie_in_the_near_future(name: str, away: timedelta) -> None:
    assert wrong_fields(**{name: NOON + away}) == {name}


def test_proposals_close_before_the_work_is_due() -> None:
    words = {"deadline_at": NOON + DAY, "proposals_close_at": NOON + 2 * DAY}

    assert wrong_fields(**words) == {"proposals_close_at"}


def test_a_budget_goes_from_less_to_more_in_one_currency() -> None:
    dollars = replace(yen(50_000), currency="USD")

    assert wrong_fields(budget=Budget(min=yen(2), max=yen(1))) == {"budget.max"}
    assert wrong_fields(budget=Budget(min=yen(2), max=dollars)) == {"budget.max.currency"}


def test_a_draft_whose_deadline_has_passed_can_still_be_given_another_title() -> None:
    job, _ = do("edit", a_job(state="draft", deadline_at=NOON - DAY), title="New")

    assert job.title == "New"


@pytest.mark.parametrize(
    "words",
    [
        {"description": a_job().description + "\n追記：縦横2案をお願いします。"},
        {"deadline_at": NOON + 40 * DAY},
        {"proposals_close_at": NOON + 20 * DAY},
        {"openings": 3},
        {"budget": Budget(min=yen(30_000), max=yen(80_000))},
        {"title": a_job().title},
        {},
    ],
)
def test_an_open_job_may_say_more_and_give_more(words: dict[str, Any]) -> None:
    job, facts = do("edit", a_job(), **words)

    assert (job.state, facts) == ("open", [])


@pytest.mark.parametrize(
    "words",
    [
        {"title": "別の仕事"},
        {"category": "design-flyer"},
        {"skills": ["Photoshop"]},
        {"experience": "some"},
        {"description": "まったく別の内容です。"},
        {"deadline_at": NOON + 20 * DAY},
        {"deadline_at": None},
        {"proposals_close_at": NOON + DAY},
        {"budget": Budget(min=yen(10_000), max=yen(50_000))},
        {"budget": Budget(min=yen(30_000), max=yen(40_000))},
        {"budget": None},
    ],
)
def test_an_open_job_does_not_change_against_those_who_have_read_it(words: dict[str, Any]) -> None:
    with pytest.raises(Conflict) as refused:
        do("edit", a_job(openings=2), **words)

    assert refused.value.code == "fixed_while_open"
    assert set(refused.value.details["fields"]) == set(words)


def test_openings_do_not_become_fewer_while_open() -> None:
    with pytest.raises(Conflict) as refused:
        do("edit", a_job(openings=3), openings=2)

    assert refused.value.code == "fixed_while_open"


def test_nothing_is_edited_once_somebody_was_selected() -> None:
    with pytest.raises(Conflict) as refused:
        do("edit", with_selections(a_job(openings=2), a_selection()), openings=3)

    assert refused.value.code == "already_selected"


# publishing


def test_publishing_opens_the_job_and_says_so() -> None:
    job, facts = do("publish", a_job(state="draft"))

    assert (job.state, job.published_at) == ("open", NOON)
    assert [fact.type for fact in facts] == ["job.opened"]
    assert facts[0].data["category"] == "design-logo"


@pytest.mark.parametrize("missing", ["budget", "deadline_at"])
def test_an_incomplete_draft_is_not_published(missing: str) -> None:
    with pytest.raises(Invalid) as refused:
        do("publish", a_job(state="draft", **{missing: None}))

    assert refused.value.code == "incomplete"
    assert set(refused.value.details["fields"]) == {missing}


def test_a_draft_whose_time_has_passed_is_not_published() -> None:
    with pytest.raises(Invalid):
        do("publish", a_job(state="draft", deadline_at=NOON - DAY, proposals_close_at=None))


def test_without_a_word_on_it_proposals_are_taken_for_14_days_or_until_the_deadline() -> None:
    long, _ = do("publish", a_job(state="draft", proposals_close_at=None))
    soon = a_job(state="draft", proposals_close_at=None, deadline_at=NOON + 3 * DAY)
    short, _ = do("publish", soon)

    assert long.project.proposals_close_at == NOON + 14 * DAY
    assert short.project.proposals_close_at == NOON + 3 * DAY


def test_a_suspended_member_publishes_nothing() -> None:
    with pytest.raises(Forbidden) as refused:
        posting.publish(a_job(state="draft"), now=NOON, by=CLIENT, bar=SUSPENDED)

    assert refused.value.code == "member_suspended"


# closing and cancelling


def test_a_job_is_closed_once() -> None:
    job, facts = do("close", a_job())

    assert [(fact.type, fact.data["reason"]) for fact in facts] == [("job.closed", "client")]
    with pytest.raises(Conflict):
        do("close", job)


def test_closing_ends_a_job_whose_contracts_have_all_ended() -> None:
    done = with_selections(a_job(openings=2), a_selection(state="completed"))

    job, facts = do("close", done)

    assert job.state == "completed"
    assert [fact.type for fact in facts] == ["job.closed", "job.completed"]


@pytest.mark.parametrize("state", ["filled", "completed"])
def test_a_job_with_contracts_is_not_cancelled(state: str) -> None:
    with pytest.raises(Conflict) as refused:
        do("cancel", with_selections(a_job(openings=2), a_selection(state=state)))

    assert refused.value.code == "has_contracts"


def test_a_job_whose_offers_wait_is_cancelled() -> None:
    job, facts = do("cancel", with_selections(a_job(), a_selection()))

    assert job.state == "cancelled"
    assert [fact.type for fact in facts] == ["job.cancelled"]
