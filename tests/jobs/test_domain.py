"""The rules of jobs: every move in every state, selecting, and what comes of offers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import job as jobs
from services.jobs.domain import opening, posting, proposal, silence
from services.jobs.domain.job import Budget, Job
from services.jobs.domain.proposal import Milestone, Proposal
from shared import ids, moves
from shared.errors import Conflict, Forbidden, Ignored, Invalid, NotYet
from tests.jobs.builders import (
    CLIENT,
    DAY,
    NOON,
    STRANGER,
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
            return posting.publish(job, now=NOON, by=by, is_suspended=False)
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


@pytest.mark.parametrize("mode", ["competition", "task"])
def test_a_mode_that_is_not_enabled_is_refused(mode: str) -> None:
    with pytest.raises(Invalid) as refused:
        posting.draft(id=ids.new("job"), by=CLIENT, now=NOON, mode=mode)

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
        posting.publish(a_job(state="draft"), now=NOON, by=CLIENT, is_suspended=True)

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


# selecting


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


# silence


def after(job: Job, **how: Any) -> tuple[Job, list[str]]:
    """Return the job when silence has had its next consequence, and what it said."""
    at = silence.wake(job)
    assert at is not None
    job, facts = silence.on_wake(job, now=at)
    return job, [fact.type for fact in facts]


WAITING = {
    "draft": (a_job(state="draft"), NOON + 90 * DAY, "cancelled"),
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


def test_a_contract_heard_of_after_that_fills_the_opening_after_all() -> None:
    job = with_selections(a_job(openings=2), a_selection(state="freed"))

    assert told(job, "contract.formed").project.filled == 1


def test_silence_always_comes_to_an_end() -> None:
    for job, _, _ in WAITING.values():
        for _ in range(10):
            if silence.wake(job) is None:
                break
            job, _ = after(job)
        assert silence.wake(job) is None
