"""A sanction: a warning, a suspension or a ban, always with a reason and always open to appeal.

An appeal that no operator answers in time lifts the sanction: the passive side is never punished.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.accounts.domain import member as members
from services.accounts.domain.member import Member, Sanction
from shared import clock
from shared.errors import Conflict, Invalid
from shared.events import Fact
from shared.moves import Moves, Outcome, next_state

LEVELS = ("warn", "suspend", "ban")
SANCTIONS_MAX = 50
ANSWER_DAYS = 7
SILENCE = "silence"

STATES = ("in_force", "appealed", "upheld", "lifted", "ended")
MOVES: Moves = {
    "appeal": {"in_force": "appealed"},
    "uphold": {"appealed": "upheld"},
    # By an operator at any time; by silence of the operators after an appeal.
    "lift": {"in_force": "lifted", "appealed": "lifted", "upheld": "lifted"},
    # A suspension's last day is over.
    "end": {"in_force": "ended", "appealed": "ended", "upheld": "ended"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an operator says about an appeal."""

    by: str
    reason: str


def impose(
    member: Member,
    *,
    now: datetime,
    id: str,
    level: str,
    reason: str,
    by: str,
    until: datetime | None = None,
) -> Outcome[Member]:
    """Warn, suspend until a day, or ban; whoever is suspended loses every session at once.

    :raises Conflict: `erased`, `too_many_sanctions`
    :raises Invalid: `bad_until`: a suspension needs a day to come, the others have none
    """
    if member.state == "erased":
        raise Conflict("erased", "this member has left")
    if len(member.sanctions) >= SANCTIONS_MAX:
        raise Conflict("too_many_sanctions", f"{SANCTIONS_MAX} sanctions are kept at most")
    if (level == "suspend") != (until is not None) or (until is not None and until <= now):
        detail = "a suspension needs a time to come, a warning and a ban have none"
        raise Invalid("bad_until", detail, fields={"until": [detail]})
    sanction = Sanction(id=id, level=level, reason=reason, by=by, at=now, until=until)
    changed = replace(member, sanctions=(*member.sanctions, sanction))
    return _settled(member, changed, [_fact("sanction.imposed", member, sanction)], now=now)


def appeal(member: Member, *, now: datetime, id: str, text: str) -> Outcome[Member]:
    """Ask an operator to look again; without an answer within 7 days it is lifted.

    :raises Conflict: `wrong_state`, `no_such_sanction`
    """

    def ask(sanction: Sanction) -> Sanction:
        state = next_state(MOVES, sanction.state, "appeal")
        return replace(sanction, state=state, appeal=text, appealed_at=now)

    return _moved(member, id, ask, "sanction.appealed", now=now)


def uphold(member: Member, *, now: datetime, id: str, decision: Decision) -> Outcome[Member]:
    """Answer an appeal: it stays.

    :raises Conflict: `wrong_state`, `no_such_sanction`
    """
    return _moved(member, id, _deciding("uphold", decision, now), "sanction.upheld", now=now)


def lift(member: Member, *, now: datetime, id: str, decision: Decision) -> Outcome[Member]:
    """Take it back, asked or not.

    :raises Conflict: `wrong_state`, `no_such_sanction`
    """
    return _moved(member, id, _deciding("lift", decision, now), "sanction.lifted", now=now)


def wake_at(member: Member) -> datetime | None:
    """Return when silence changes one of the sanctions next."""
    times = [time for one in member.sanctions for time in _times(one)]
    return min(times, default=None)


def on_wake(member: Member, *, now: datetime) -> Outcome[Member]:
    """Let what is over end, and lift what was appealed in vain for too long."""
    facts: list[Fact] = []
    changed = member
    for one in member.sanctions:
        if not any(time <= now for time in _times(one)):
            continue
        is_over = one.until is not None and one.until <= now
        move = "end" if is_over else "lift"
        decided = _deciding(move, Decision(by=SILENCE, reason=""), now)
        type_ = "sanction.ended" if is_over else "sanction.lifted"
        changed, said = _with(changed, one.id, decided, type_)
        facts += said
    return _settled(member, changed, facts, now=now)


def in_force(member: Member) -> Sanction | None:
    """Return the latest sanction that keeps a member out, or None."""
    return next((one for one in reversed(member.sanctions) if _keeps_out(one)), None)


def _keeps_out(one: Sanction) -> bool:
    return one.level != "warn" and one.state in MOVES["lift"]


def _times(one: Sanction) -> list[datetime]:
    times = []
    if one.state in MOVES["end"] and one.until is not None:
        times.append(one.until)
    if one.state == "appealed" and one.appealed_at is not None:
        times.append(one.appealed_at + timedelta(days=ANSWER_DAYS))
    return times


def _deciding(move: str, decision: Decision, now: datetime) -> Callable[[Sanction], Sanction]:
    def decide(one: Sanction) -> Sanction:
        return replace(
            one,
            state=next_state(MOVES, one.state, move),
            decided_at=now,
            decided_by=decision.by,
            decision=decision.reason,
        )

    return decide


def _moved(
    member: Member, id: str, move: Callable[[Sanction], Sanction], type_: str, *, now: datetime
) -> Outcome[Member]:
    changed, facts = _with(member, id, move, type_)
    return _settled(member, changed, facts, now=now)


def _with(
    member: Member, id: str, move: Callable[[Sanction], Sanction], type_: str
) -> Outcome[Member]:
    if not any(one.id == id for one in member.sanctions):
        raise Conflict("no_such_sanction", "this member has no such sanction")
    after = tuple(move(one) if one.id == id else one for one in member.sanctions)
    [moved] = [one for one in after if one.id == id]
    return replace(member, sanctions=after), [_fact(type_, member, moved)]


def _settled(
    before: Member, member: Member, facts: list[Fact], *, now: datetime
) -> Outcome[Member]:
    """Let the member's state follow from the sanctions, and tell the others."""
    # Leaving rests while a member is kept out, and goes on after that.
    entitled = "leaving" if member.leaving else "active"
    state = "suspended" if in_force(member) else entitled
    if member.state == "erased" or state == before.state:
        return member, facts
    if state != "suspended":
        member = replace(member, state=state)
        return member, [*facts, members.changed(member)]
    member = replace(member, state=state, sessions_since=now)
    return member, [*facts, members.changed(member), members.revoked(member, now=now)]


def _fact(type_: str, member: Member, one: Sanction) -> Fact:
    words: dict[str, Any] = {
        "member_id": member.id,
        "sanction_id": one.id,
        "level": one.level,
        "reason": one.decision or one.reason,
        "until": clock.text(one.until) if one.until else None,
    }
    return Fact(type_, words)
