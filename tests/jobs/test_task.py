"""Tasks: slots, assignments, forms, rejections within the cap, appeals, and silence."""

from dataclasses import replace
from typing import Any

import pytest

from services.jobs.domain import assignment, form, posting, silence, starting, task
from services.jobs.domain import job as jobs
from services.jobs.domain.assignment import Assignment
from services.jobs.domain.job import Job, Task
from shared import futures, ids, moves
from shared.errors import Conflict, Forbidden, Ignored, Invalid
from tests.jobs.builders import CLIENT, DAY, NOON, STRANGER, SUSPENDED, WORKER, a_job, yen

pytestmark = pytest.mark.pure

FORM = (
    {"id": "shop", "type": "text", "label": "店名", "required": True},
    {"id": "kind", "type": "single", "label": "種類", "required": True, "options": ["食", "茶"]},
    {"id": "tags", "type": "multiple", "label": "特徴", "required": False, "options": ["a", "b"]},
)
CRITERIA = ({"id": "complete", "text": "すべて入力されている"},)
ANSWERS = {"shop": "珈琲店", "kind": "茶"}


def a_task(state: str = "open", **over: Any) -> Job:
    """Return a task of 10 slots at 100 yen."""
    words = {"reward": yen(100), "slots": 10, "form": FORM, "criteria": CRITERIA, **over}
    job = a_job(state=state, mode="task", budget=None, proposals_close_at=None)
    hold = None if state == "draft" else ids.derived("hld", job.id)
    return replace(job, task=Task(**words), hold_id=hold)


def an_assignment(state: str = "reserved", **over: Any) -> Assignment:
    """Return an assignment of WORKER, at NOON in this state."""
    words: dict[str, Any] = {"state": state, "worker_id": WORKER, "seat": 1, "reserved_at": NOON}
    words["expires_at"] = NOON + DAY / 24
    if state in ("submitted", "approved", "rejected", "appealed"):
        words |= {"submitted_at": NOON, "answers": ANSWERS}
    if state in ("approved", "rejected", "appealed"):
        words["decided_at"] = NOON
    if state in ("rejected", "appealed"):
        words["rejection"] = 1
    return replace(assignment.minted(a_task(), 0), **{**words, **over})


def rejecting(found: Assignment, by: str = CLIENT, criterion: str = "complete") -> Any:
    """Reject it."""
    return assignment.reject(
        found,
        now=NOON,
        by=by,
        criterion_id=criterion,
        note="空欄",
        rejection=1,
        criteria=CRITERIA,
    )


COMMANDS: dict[str, tuple[Any, str]] = {
    "draft": (
        lambda a, by: assignment.draft(a, now=NOON, by=by, answers={}, asked=FORM),
        WORKER,
    ),
    "submit": (
        lambda a, by: assignment.submit(a, now=NOON, by=by, answers=ANSWERS, asked=FORM),
        WORKER,
    ),
    "return": (lambda a, by: assignment.give_back(a, now=NOON, by=by), WORKER),
    "approve": (lambda a, by: assignment.approve(a, now=NOON, by=by), CLIENT),
    "reject": (rejecting, CLIENT),
    "appeal": (lambda a, by: assignment.appeal(a, now=NOON, by=by, note="誤りです"), WORKER),
}


@pytest.mark.parametrize("state", assignment.STATES)
@pytest.mark.parametrize("move", COMMANDS)
def test_a_move_leads_where_the_table_says_and_else_is_refused(move: str, state: str) -> None:
    do, by = COMMANDS[move]
    found = an_assignment(state)
    if leads_to := assignment.MOVES[move].get(state):
        assert do(found, by)[0].state == leads_to
    else:
        with pytest.raises(Conflict) as refused:
            do(found, by)
        assert refused.value.code == "wrong_state"
    with pytest.raises(Forbidden):
        do(found, STRANGER)


def test_every_state_has_a_row_for_every_fact_that_is_heard() -> None:
    assert moves.missing_pairs(task.HEARD, jobs.STATES) == []


@pytest.mark.parametrize(
    ("state", "days", "leads_to", "said"),
    [
        ("reserved", 1 / 24, "expired", "slot.freed"),
        ("submitted", 14, "approved", "assignment.approved"),
        ("rejected", 7, "rejected", "slot.freed"),
        ("appealed", 7, "approved", "assignment.approved"),
        ("approved", 1, "approved", "assignment.approved"),
    ],
)
def test_silence_ends_every_waiting_state(
    state: str, days: float, leads_to: str, said: str
) -> None:
    found = an_assignment(state)
    at = assignment.wake(found)
    assert at == NOON + DAY * days
    with pytest.raises(Ignored):
        assignment.on_wake(found, now=NOON)
    after, (fact,) = assignment.on_wake(found, now=at)

    assert (after.state, fact.type) == (leads_to, said)
    assert assignment.next_step(found) is not None


def test_a_refused_appeal_ends_it_and_frees_the_slot() -> None:
    after, facts = rejecting(an_assignment("appealed"))

    assert (after.state, after.is_over) == ("rejected", True)
    assert [f.type for f in facts] == ["appeal.refused", "slot.freed"]
    for move in ("appeal", "approve"):
        do, by = COMMANDS[move]
        with pytest.raises(Conflict):
            do(after, by)


def test_a_reservation_that_has_ended_takes_no_answers() -> None:
    late = an_assignment(expires_at=NOON)
    with pytest.raises(Conflict) as refused:
        assignment.submit(late, now=NOON, by=WORKER, answers=ANSWERS, asked=FORM)
    assert refused.value.details["state"] == "expired"


def test_a_reason_is_one_of_the_published_criteria() -> None:
    with pytest.raises(Invalid):
        rejecting(an_assignment("submitted"), criterion="other")


@pytest.mark.parametrize(
    ("slots", "submitted", "most"), [(3, 3, 0), (4, 0, 3), (100, 9, 3), (100, 20, 6), (50, 19, 5)]
)
def test_only_so_many_may_be_rejected(slots: int, submitted: int, most: int) -> None:
    assert assignment.cap(slots, submitted) == most


def test_the_money_of_a_slot_goes_back_once() -> None:
    ended, (fact,) = assignment.close_slot(an_assignment("expired", is_over=True), now=NOON)

    assert (fact.type, fact.data["amount"]) == ("slot.closed", yen(100).words())
    for other in (ended, an_assignment("submitted"), an_assignment("rejected")):
        with pytest.raises(Ignored):
            assignment.close_slot(other, now=NOON)


def test_every_reason_for_which_one_cannot_start_is_named() -> None:
    job = a_task("closed", min_approval_percent=90)
    reasons = starting.unmet(
        job, by=CLIENT, now=NOON, bar=SUSPENDED, seats=1, approved=4, rejected=1
    )
    assert [why.code for why in reasons] == [
        "own_job",
        "member_suspended",
        "job_not_open",
        "limit_reached",
        "approval_rate_low",
    ]
    fine = {"now": NOON, "bar": None, "seats": 0, "approved": 0, "rejected": 4}
    assert starting.unmet(a_task(min_approval_percent=90), by=WORKER, **fine) == []


# the form

EVERY = [{"id": name, "type": name, "label": name, "options": ["a", "b"]} for name in form.TYPES]
GOOD = {
    "text": "a",
    "long_text": "a\nb",
    "single": "a",
    "multiple": ["a", "b"],
    "number": 1.5,
    "url": "https://example.com",
    "rating": 5,
    "image_link": "https://example.com/a.png",
}
BAD: dict[str, list[Any]] = {
    "text": ["", 1, None, "a" * 501, {"$gt": ""}, "a\x00"],
    "long_text": [" ", "a" * 5001],
    "single": ["c", ["a"], 0],
    "multiple": ["a", [], ["a", "a"], ["c"], [{}]],
    "number": ["1", True, 10**13],
    "url": ["javascript:x", "example.com", 1],
    "rating": [0, 6, 1.0, True],
    "image_link": ["data:image/png;base64,"],
}


def test_answers_that_fit_pass() -> None:
    form.refuse_wrong(EVERY, GOOD)


@pytest.mark.parametrize(("name", "value"), [(n, v) for n in BAD for v in BAD[n]])
def test_answers_that_do_not_fit_are_refused(name: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        form.refuse_wrong(EVERY, {**GOOD, name: value})
    assert set(refused.value.details["fields"]) == {f"answers.{name}"}


def test_what_is_required_is_asked_for_when_it_is_handed_in() -> None:
    form.refuse_wrong(FORM, {}, is_draft=True)
    with pytest.raises(Invalid) as refused:
        form.refuse_wrong(FORM, {"shop": "x", "other": 1})
    assert set(refused.value.details["fields"]) == {"answers.kind", "answers.other"}


# the job


def test_a_task_is_funded_for_all_its_slots() -> None:
    job, (fact,) = posting.publish(a_task("draft"), now=NOON, by=CLIENT, bar=None)

    assert (job.state, fact.data["slots"]) == ("awaiting_funding", 10)
    assert fact.data["reward"] == yen(100).words()
    opened, _ = task.hear(job, now=NOON, what="escrow.funded")
    assert (opened.state, opened.published_at) == ("open", NOON)


@pytest.mark.parametrize("missing", ["reward", "form", "criteria"])
def test_it_needs_a_reward_a_form_and_criteria(missing: str) -> None:
    nothing: Any = None if missing == "reward" else ()
    with pytest.raises(Invalid) as refused:
        posting.publish(a_task("draft", **{missing: nothing}), now=NOON, by=CLIENT, bar=None)
    assert set(refused.value.details["fields"]) == {missing}


def test_ids_of_a_form_stand_once_and_choices_have_options() -> None:
    for wrong in (
        [FORM[0], FORM[0]],
        [{**FORM[1], "options": []}],
        [{**FORM[0], "options": ["a"]}],
    ):
        with pytest.raises(Invalid):
            posting.edit(a_task("draft"), now=NOON, by=CLIENT, words={"form": wrong})


def test_closing_gives_back_what_nobody_took() -> None:
    job, (closing,) = posting.close(a_task(), now=NOON, by=CLIENT)
    counted, (closed,) = task.count(job, now=NOON, free=4)

    assert (closing.type, closed.type) == ("task.closing", "job.closed")
    assert closed.data["remaining"] == yen(400).words()
    with pytest.raises(Ignored):
        task.count(counted, now=NOON, free=5)


@pytest.mark.parametrize(
    ("hold_state", "leads_to"),
    [("released", "completed"), ("split", "completed"), ("refunded", "cancelled")],
)
def test_the_last_word_on_the_money_ends_it(hold_state: str, leads_to: str) -> None:
    job, _ = task.count(a_task("closed"), now=NOON, free=1)
    with pytest.raises(Ignored):
        task.hear(job, now=NOON, what="escrow.released", hold_state="funded")
    assert (
        task.hear(job, now=NOON, what="escrow.released", hold_state=hold_state)[0].state == leads_to
    )


def test_silence_alone_ends_it() -> None:
    future = futures.dry_run(
        a_task(),
        wake=silence.wake,
        on_wake=silence.on_wake,
        next_of=silence.next_step,
        answered=silence.answered,
    )
    assert [step["what"] for step in future] == ["task.closing", "job.closed", "job.completed"]


def test_what_is_left_long_after_goes_back() -> None:
    job, _ = task.count(a_task("closed"), now=NOON, free=1)
    ended, (fact,) = silence.on_wake(job, now=NOON + 120 * DAY)
    assert (ended.state, fact.data["hold_id"]) == ("cancelled", job.hold_id)
