"""The rules of proposals and questions: every move in every state, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from services.jobs.domain import job as jobs
from services.jobs.domain import proposal, question
from services.jobs.domain.proposal import Proposal
from services.jobs.domain.question import Question
from shared import ids, moves
from shared.errors import Conflict, Forbidden, Ignored, Invalid, NotYet
from shared.events import Fact
from tests.jobs.builders import (
    CLIENT,
    DAY,
    NOON,
    STRANGER,
    SUSPENDED,
    WORKER,
    a_job,
    a_proposal,
    offer_words,
    yen,
)

pytestmark = pytest.mark.pure

Outcome = tuple[Proposal, list[Fact]]


def do(move: str, found: Proposal, by: str | None = None) -> Outcome:
    """Apply a move to a proposal, by the one who may."""
    match move:
        case "shortlist":
            return proposal.shortlist(found, now=NOON, by=by or CLIENT)
        case "decline":
            return proposal.decline(found, now=NOON, by=by or CLIENT)
        case "withdraw":
            return proposal.withdraw(found, now=NOON, by=by or WORKER)
        case "select":
            return proposal.select(found, now=NOON, offer=offer_words(a_job(), found))
    return proposal.on_wake(found, now=NOON + proposal.SILENCE)


ALLOWED = [(move, state) for move, row in proposal.MOVES.items() for state in row]
REFUSED = [(m, s) for m in proposal.MOVES for s in proposal.STATES if s not in proposal.MOVES[m]]
SAYS = {
    "shortlist": [],
    "withdraw": ["proposal.withdrawn"],
    "decline": ["proposal.declined"],
    "select": ["proposal.selected"],
    "lapse": ["proposal.lapsed"],
}


@pytest.mark.parametrize(("move", "state"), ALLOWED)
def test_every_move_of_the_table_leads_where_it_says(move: str, state: str) -> None:
    found, facts = do(move, a_proposal(state=state))

    assert found.state == proposal.MOVES[move][state]
    assert [fact.type for fact in facts] == SAYS[move]


@pytest.mark.parametrize(("move", "state"), REFUSED)
def test_every_move_that_is_not_in_the_table_is_refused(move: str, state: str) -> None:
    with pytest.raises(Ignored if move == "lapse" else Conflict) as refused:
        do(move, a_proposal(state=state))

    assert refused.value.code == ("not_due" if move == "lapse" else "wrong_state")


@pytest.mark.parametrize(
    ("move", "by", "code"),
    [
        ("shortlist", WORKER, "not_the_client"),
        ("decline", WORKER, "not_the_client"),
        ("withdraw", CLIENT, "not_the_worker"),
    ],
)
def test_each_side_has_its_own_moves(move: str, by: str, code: str) -> None:
    with pytest.raises(Forbidden) as refused:
        do(move, a_proposal(), by)

    assert refused.value.code == code


def test_selected_says_the_whole_offer_and_is_said_once() -> None:
    job = a_job()
    offer = offer_words(job, a_proposal(job))

    found, facts = proposal.select(a_proposal(job), now=NOON, offer=offer)

    assert found.offer_id == offer["offer_id"]
    assert facts == [Fact("proposal.selected", offer)]
    with pytest.raises(Ignored):
        proposal.select(found, now=NOON, offer=offer)


def test_a_proposal_that_ends_with_its_job_lapses_only_while_it_waits() -> None:
    assert proposal.lapse(a_proposal(state="shortlisted"), now=NOON)[0].state == "lapsed"
    for state in set(proposal.STATES) - proposal.WAITING:
        with pytest.raises(Ignored):
            proposal.lapse(a_proposal(state=state), now=NOON)


# proposing


def submit(
    by: str = WORKER, *, state: str = "open", cap: int | None = None, **words: Any
) -> Outcome:
    """Propose for a job of CLIENT; with a `cap` it is work by the hour."""
    said = {"message": "m", "amount": yen(40_000), "deliver_by": NOON + 20 * DAY, **words}
    job = a_job(state=state, weekly_cap_hours=cap)
    return proposal.submit(job, id="pro_1", by=by, now=NOON, bar=None, **said)


def parts(*amounts: int, **last: Any) -> list[dict[str, Any]]:
    """Return milestones of these yen, a day apart."""
    found: list[dict[str, Any]] = [
        {"title": f"{n}", "amount": yen(amount), "deliver_by": NOON + (n + 1) * DAY}
        for n, amount in enumerate(amounts)
    ]
    found[-1].update(last)
    return found


def test_a_proposal_says_who_for_which_job_and_how_much() -> None:
    found, (fact,) = submit()

    assert (found.state, found.worker_id, found.client_id) == ("submitted", WORKER, CLIENT)
    assert fact.type == "proposal.submitted"
    assert fact.data["amount"] == {"amount": 40_000, "currency": "JPY"}


def test_nobody_proposes_for_their_own_job() -> None:
    with pytest.raises(Forbidden) as refused:
        submit(by=CLIENT)

    assert refused.value.code == "own_job"


@pytest.mark.parametrize("state", sorted(set(jobs.STATES) - {"open"}))
def test_only_an_open_job_takes_proposals(state: str) -> None:
    with pytest.raises(Conflict) as refused:
        submit(state=state)

    assert refused.value.code == "job_not_open"


def test_a_suspended_member_proposes_nothing() -> None:
    with pytest.raises(Forbidden) as refused:
        proposal.refuse_proposing(a_job(), by=WORKER, bar=SUSPENDED)

    assert refused.value.code == "member_suspended"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"deliver_by": NOON}, "deliver_by"),
        ({"deliver_by": NOON + 9999 * DAY}, "deliver_by"),
        ({"amount": replace(yen(5), currency="USD")}, "amount.currency"),
        (
            {"milestones": parts(10_000, 30_000, amount=replace(yen(30_000), currency="USD"))},
            "milestones.1.amount.currency",
        ),
        ({"milestones": parts(10_000, 30_000, deliver_by=NOON)}, "milestones.1.deliver_by"),
        (
            {"milestones": parts(10_000, 30_000, deliver_by=NOON + 0.5 * DAY)},
            "milestones.1.deliver_by",
        ),
        (
            {"milestones": parts(10_000, 30_000, deliver_by=NOON + 21 * DAY)},
            "milestones.1.deliver_by",
        ),
    ],
)
def test_words_that_cannot_be_right_are_refused(words: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        submit(**words)

    assert set(refused.value.details["fields"]) == {field}


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"milestones": [{}]}, "milestones"),
        ({"amount": yen(10**12)}, "amount"),
    ],
)
def test_what_is_no_proposal_for_work_by_the_hour_is_refused(
    words: dict[str, Any], field: str
) -> None:
    if "milestones" in words:
        words = {"milestones": parts(40_000)}
    with pytest.raises(Invalid) as no:
        submit(cap=20, **words)
    assert field in no.value.details["fields"]


@pytest.mark.parametrize("amounts", [(40_001,), (10_000, 29_999), (20_000, 20_001)])
def test_milestones_are_the_whole(amounts: tuple[int, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        submit(milestones=parts(*amounts))

    assert refused.value.code == "milestones_sum"


def test_milestones_that_are_the_whole_are_kept_in_order() -> None:
    found, _ = submit(milestones=parts(10_000, 30_000))

    assert [m.amount.amount for m in found.milestones] == [10_000, 30_000]


# what comes of the offer


@pytest.mark.parametrize("what", sorted(proposal.HEARD))
@pytest.mark.parametrize("state", proposal.STATES)
def test_a_proposal_follows_its_table(what: str, state: str) -> None:
    found = a_proposal(state=state, offer_id="off_1")
    row = proposal.HEARD[what][state]
    if row == moves.IGNORE:
        with pytest.raises(Ignored):
            proposal.hear(found, now=NOON, what=what, offer_id="off_1")
    elif row == moves.LATER:
        with pytest.raises(NotYet):
            proposal.hear(found, now=NOON, what=what, offer_id="off_1")
    else:
        after, facts = proposal.hear(found, now=NOON, what=what, offer_id="off_1")
        assert (after.state, facts) == (row, [])


def test_what_is_said_of_another_offer_does_not_move_it() -> None:
    found = a_proposal(state="selected", offer_id="off_1")
    with pytest.raises(Ignored):
        proposal.hear(found, now=NOON, what="offer.declined", offer_id="off_2")


def test_a_proposal_that_became_a_contract_stays_selected_for_good() -> None:
    found = a_proposal(state="selected", offer_id="off_1")
    found, _ = proposal.hear(
        found, now=NOON, what="contract.formed", offer_id="off_1", contract_id="con_1"
    )

    assert (found.state, found.contract_id) == ("selected", "con_1")
    assert proposal.wake(found) is None
    assert proposal.next_step(found) is None
    with pytest.raises(Ignored):
        proposal.hear(found, now=NOON, what="offer.expired", offer_id="off_1")


# silence


@pytest.mark.parametrize(
    ("state", "actor"),
    [("submitted", "client"), ("shortlisted", "client"), ("selected", "worker")],
)
def test_every_waiting_state_lapses_after_30_days(state: str, actor: str) -> None:
    found = a_proposal(state=state)
    expected = proposal.next_step(found)

    assert expected is not None
    assert (expected["actor"], expected["otherwise"]) == (actor, "lapsed")
    assert proposal.wake(found) == expected["by"] == NOON + 30 * DAY
    with pytest.raises(Ignored):
        proposal.on_wake(found, now=NOON + 29 * DAY)
    assert proposal.on_wake(found, now=NOON + 30 * DAY)[0].state == "lapsed"


@pytest.mark.parametrize("state", ["declined", "withdrawn", "lapsed"])
def test_a_proposal_that_has_ended_has_no_timer(state: str) -> None:
    assert proposal.wake(a_proposal(state=state)) is None
    assert proposal.next_step(a_proposal(state=state)) is None


# questions


def asked(**over: Any) -> Question:
    """Return a question of WORKER about a job of CLIENT."""
    job = a_job()
    found, _ = question.ask(job, id=ids.new("qst"), by=WORKER, now=NOON, bar=None, text="納期は?")
    return replace(found, **over)


def test_a_question_is_asked_and_answered_once() -> None:
    found, facts = question.answer(asked(), now=NOON, by=CLIENT, text="月末です。")

    assert (found.state, found.answer) == ("answered", "月末です。")
    assert [fact.type for fact in facts] == ["question.answered"]
    with pytest.raises(Conflict):
        question.answer(found, now=NOON, by=CLIENT, text="やはり来月です。")


def test_only_the_client_answers() -> None:
    with pytest.raises(Forbidden):
        question.answer(asked(), now=NOON, by=STRANGER, text="月末です。")


@pytest.mark.parametrize("state", sorted(set(jobs.STATES) - {"open"}))
def test_only_an_open_job_takes_questions(state: str) -> None:
    with pytest.raises(Conflict) as refused:
        question.refuse_asking(a_job(state=state), by=WORKER, bar=None)

    assert refused.value.code == "job_not_open"


def test_neither_the_client_nor_a_suspended_member_asks() -> None:
    with pytest.raises(Forbidden) as own:
        question.refuse_asking(a_job(), by=CLIENT, bar=None)
    with pytest.raises(Forbidden) as suspended:
        question.refuse_asking(a_job(), by=WORKER, bar=SUSPENDED)

    assert (own.value.code, suspended.value.code) == ("own_job", "member_suspended")


def test_a_question_waits_for_the_client_while_the_job_takes_proposals() -> None:
    job = a_job()

    assert question.next_step(asked(), job) == {
        "actor": "client",
        "action": "answer",
        "by": job.project.proposals_close_at,
        "otherwise": "unanswered",
    }
    assert question.next_step(asked(state="answered"), job) is None
    assert question.next_step(asked(), replace(job, state="closed")) is None
