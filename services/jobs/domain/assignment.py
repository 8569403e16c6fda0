"""An assignment: one slot of a task, and what a person does with it.

A slot is minted `free`; who takes it has an assignment. When that ends unpaid, the document stays
as it ended, and another is minted for the slot, as long as the task is open; else its money goes
back (`slot.closed`). `seat` counts a person's assignments of a task and `rejection` a task's
rejections, each under a unique index: that is what keeps both within their limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.jobs.domain import form, market, task
from services.jobs.domain.job import Job, Next, waits_for
from shared import clock, ids
from shared.errors import Conflict, Forbidden, Ignored, Invalid
from shared.events import Fact
from shared.money import Money
from shared.moves import Moves, Outcome, next_state

STATES = ("reserved", "submitted", "approved", "rejected", "appealed", "expired", "returned")
INTERNAL = ("free", "closed")
NOTE_MAX = 2_000
SAY_AGAIN = timedelta(days=1)

MOVES: Moves = {
    "draft": {"reserved": "reserved"},
    "submit": {"reserved": "submitted"},
    "return": {"reserved": "returned"},
    "approve": {"submitted": "approved", "rejected": "approved", "appealed": "approved"},
    "reject": {"submitted": "rejected", "appealed": "rejected"},
    "appeal": {"rejected": "appealed"},
    # By silence: the reservation ends; reviewed or answered by nobody; not appealed.
    "expire": {"reserved": "expired"},
    "close": {"free": "closed"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A slot and its work. `is_over`: unpaid and for good; `is_settled`: its money has moved."""

    id: str
    job_id: str
    client_id: str
    title: str
    hold_id: str
    slot: int
    turn: int
    reward: Money
    review_days: int
    state: str = "free"
    worker_id: str | None = None
    seat: int | None = None
    rejection: int | None = None
    reserved_at: datetime | None = None
    expires_at: datetime | None = None
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    answers: Mapping[str, Any] | None = None
    criterion_id: str | None = None
    note: str | None = None
    appeal: str | None = None
    by: str | None = None
    controls: int | None = None
    controls_right: int | None = None
    is_over: bool = False
    is_settled: bool = False

    def fact(self, type_: str, **more: Any) -> Fact:
        """Return a fact about this assignment."""
        words = {
            "job_id": self.job_id,
            "client_id": self.client_id,
            "mode": "task",
            "title": self.title,
            "hold_id": self.hold_id,
            "assignment_id": self.id,
        }
        who = {"worker_id": self.worker_id} if self.worker_id else {}
        return Fact(type_, {**words, **who, **more})


def minted(job: Job, slot: int, turn: int = 0) -> Assignment:
    """Return a free slot of a task; the same slot and turn always have the same id."""
    assert job.hold_id is not None, "a task that opens is funded"  # noqa: S101
    return Assignment(
        id=ids.derived("asg", job.id, str(slot), str(turn)),
        job_id=job.id,
        client_id=job.client_id,
        title=job.title,
        hold_id=job.hold_id,
        slot=slot,
        turn=turn,
        reward=task.reward_of(job),
        review_days=task.of(job).review_days,
    )


def claim_words(job: Job, *, by: str, seat: int, now: datetime) -> dict[str, Any]:
    """Return what a free slot's document says once this person has taken it."""
    until = now + timedelta(minutes=task.of(job).minutes_allowed)
    return {
        "state": "reserved",
        "worker_id": by,
        "seat": seat,
        "reserved_at": now,
        "expires_at": until,
        "wake_at": until,
    }


def _refuse(by: str, whose: str | None, role: str) -> None:
    if by != whose:
        raise Forbidden(f"not_the_{role}", f"only the {role} may do this")


def draft(
    found: Assignment,
    *,
    now: datetime,
    by: str,
    answers: Mapping[str, Any],
    asked: Sequence[form.Question],
) -> Outcome[Assignment]:
    """Keep answers that are not handed in yet.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    :raises Invalid: `wrong_answers`
    """
    _refuse(by, found.worker_id, "worker")
    state = next_state(MOVES, found.state, "draft")
    form.refuse_wrong(asked, answers, is_draft=True)
    return replace(found, state=state, answers=dict(answers)), []


def submit(
    found: Assignment,
    *,
    now: datetime,
    by: str,
    answers: Mapping[str, Any] | None,
    asked: Sequence[form.Question],
    criteria: Sequence[Mapping[str, Any]] = (),
) -> Outcome[Assignment]:
    """Hand the answers in (else those of the draft); silence approves them.

    Where a published criterion asks for control questions answered right, and they are not, it says
    so: the worker rejects by that criterion, within the cap.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    :raises Invalid: `wrong_answers`
    """
    state = refuse_submitting(found, now=now, by=by)
    said = dict(found.answers or {}) if answers is None else dict(answers)
    form.refuse_wrong(asked, said)
    controls, right = form.controls(asked, said)
    found = replace(found, state=state, answers=said, submitted_at=now)
    if controls:
        found = replace(found, controls=controls, controls_right=right)
    facts = [found.fact("assignment.submitted", review_by=clock.text(_review_by(found)))]
    if missed_criterion(found, criteria):
        facts.append(found.fact("controls.missed"))
    return found, facts


def missed_criterion(found: Assignment, criteria: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the first criterion that asks for more control questions answered right, or None."""
    if not found.controls or found.controls_right is None:
        return None
    share = found.controls_right * 100
    for one in criteria:
        if share < (one.get("min_controls_percent") or 0) * found.controls:
            return str(one["id"])
    return None


def refuse_submitting(found: Assignment, *, now: datetime, by: str) -> str:
    """Return the state after submitting, when this person may hand in now.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    """
    _refuse(by, found.worker_id, "worker")
    state = next_state(MOVES, found.state, "submit")
    if found.expires_at is not None and found.expires_at <= now:
        raise Conflict("wrong_state", "the reservation has ended", state="expired", move="submit")
    return state


def give_back(found: Assignment, *, now: datetime, by: str) -> Outcome[Assignment]:
    """Give a slot back that one does not want to do.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    """
    _refuse(by, found.worker_id, "worker")
    over = replace(found, state=next_state(MOVES, found.state, "return"), seat=None)
    return _over(over, "returned")


def _over(found: Assignment, reason: str) -> Outcome[Assignment]:
    found = replace(found, is_over=True)
    return found, [found.fact("slot.freed", reason=reason)]


def approve(
    found: Assignment, *, now: datetime, by: str, until: datetime | None = None
) -> Outcome[Assignment]:
    """Approve what was submitted, or take a rejection back; `until`: only what was there then.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    _refuse(by, found.client_id, "client")
    if found.is_over:
        raise Conflict("wrong_state", "it is rejected for good", state=found.state, move="approve")
    if until is not None and (found.submitted_at is None or found.submitted_at > until):
        raise Conflict("wrong_state", "it came later", state=found.state, move="approve")
    return _approved(found, "client", now=now)


def _approved(found: Assignment, by: str, *, now: datetime) -> Outcome[Assignment]:
    state = next_state(MOVES, found.state, "approve")
    found = replace(found, state=state, by=by, rejection=None, decided_at=now)
    return found, [_approval(found)]


def _approval(found: Assignment) -> Fact:
    return found.fact("assignment.approved", amount=found.reward.words(), by=found.by)


def reject(
    found: Assignment,
    *,
    now: datetime,
    by: str,
    criterion_id: str,
    note: str,
    rejection: int,
    criteria: Sequence[Mapping[str, Any]],
) -> Outcome[Assignment]:
    """Reject what does not meet a published criterion; `rejection` is its number within the cap.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    :raises Invalid: `invalid_words`: there is no such criterion
    """
    _refuse(by, found.client_id, "client")
    state = next_state(MOVES, found.state, "reject")
    if criterion_id not in [one["id"] for one in criteria]:
        where = {"criterion_id": ["Not one of the published criteria."]}
        raise Invalid("invalid_words", "a reason is one of the criteria", fields=where)
    was_appealed = found.state == "appealed"
    found = replace(
        found,
        state=state,
        criterion_id=criterion_id,
        note=note,
        decided_at=now,
        rejection=found.rejection or rejection,
    )
    fact = found.fact("assignment.rejected", appeal_by=clock.text(_appeal_by(found)))
    if not was_appealed:
        return found, [fact]
    found, facts = _over(found, "refused")
    return found, [found.fact("appeal.refused"), *facts]


def cap(slots: int, submitted: int) -> int:
    """Return how many rejections a task may have at one time."""
    limits = market.limits()
    if slots <= limits.rejections_none_up_to:
        return 0
    return max(limits.rejections_least, int(limits.rejections_share * submitted))


def appeal(found: Assignment, *, now: datetime, by: str, note: str) -> Outcome[Assignment]:
    """Ask the client to look again; silence approves.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    """
    _refuse(by, found.worker_id, "worker")
    if found.is_over:
        raise Conflict("wrong_state", "the time to appeal is over", state=found.state)
    state = next_state(MOVES, found.state, "appeal")
    found = replace(found, state=state, appeal=note, decided_at=now)
    return found, [found.fact("assignment.appealed", answer_by=clock.text(_appeal_by(found)))]


def settle(found: Assignment, *, now: datetime) -> Outcome[Assignment]:
    """Note that its money has moved.

    :raises Ignored: it is noted
    """
    if found.is_settled:
        raise Ignored("crossed", "it is settled")
    return replace(found, is_settled=True), []


def close_slot(found: Assignment, *, now: datetime) -> Outcome[Assignment]:
    """Give the money of a slot back that nobody will take any more: the task has closed.

    :raises Ignored: it is given back, or it is somebody's
    """
    if found.is_settled or not (found.state == "free" or found.is_over):
        raise Ignored("crossed", f"it is {found.state}")
    state = next_state(MOVES, found.state, "close") if found.state == "free" else found.state
    found = replace(found, state=state, is_settled=True)
    amount = found.reward.words()
    words = {"job_id", "client_id", "mode", "title", "hold_id", "assignment_id"}
    fact = found.fact("slot.closed", amount=amount)
    return found, [Fact(fact.type, {n: v for n, v in fact.data.items() if n in {*words, "amount"}})]


# silence


def _review_by(found: Assignment) -> datetime:
    assert found.submitted_at is not None, "what is reviewed was submitted"  # noqa: S101
    return found.submitted_at + timedelta(days=found.review_days)


def _appeal_by(found: Assignment) -> datetime:
    assert found.decided_at is not None, "what is appealed was decided"  # noqa: S101
    return found.decided_at + market.timers().appeal_answer


def wake(found: Assignment) -> datetime | None:
    """Return when silence next has a consequence for this assignment."""
    match found.state:
        case "reserved":
            return found.expires_at
        case "submitted":
            return _review_by(found)
        case "rejected" if not found.is_over:
            return _appeal_by(found)
        case "appealed":
            return _appeal_by(found)
        case "approved" if not found.is_settled and found.decided_at:
            return found.decided_at + SAY_AGAIN
    return None


def on_wake(found: Assignment, *, now: datetime) -> Outcome[Assignment]:
    """Do what silence leads to: expired, approved, rejected for good; or say it again to escrow.

    :raises Ignored: nothing is due
    """
    at = wake(found)
    if at is None or at > now:
        raise Ignored("not_due", "its time has not come")
    match found.state:
        case "reserved":
            state = next_state(MOVES, found.state, "expire")
            return _over(replace(found, state=state, seat=None), "expired")
        case "submitted":
            return _approved(found, "silence", now=now)
        case "appealed":
            return _approved(found, "appeal", now=now)
        case "rejected":
            return _over(found, "not_appealed")
    return replace(found, decided_at=now), [_approval(found)]


def next_step(found: Assignment) -> Next | None:
    """Return what this assignment waits for."""
    by = wake(found)
    if by is None:
        return None
    match found.state:
        case "reserved":
            return waits_for("worker", "submit", by=by, otherwise="expired")
        case "submitted":
            return waits_for("client", "review", by=by, otherwise="approved")
        case "rejected":
            return waits_for("worker", "appeal", by=by, otherwise="rejected")
        case "appealed":
            return waits_for("client", "answer_appeal", by=by, otherwise="approved")
    return waits_for("system", "pay", by=by, otherwise="asked_again")
