"""Leaving: asked for, taken back, and at its end nothing personal is left of a member.

Three services know what of a member is still open. Each day accounts asks them anew
(`member.leaving`, a new `round`), and each answers for its own: cleared, or kept with the reasons.
When a week is over and all three have cleared within one round, the member is erased. Who has not
met their conditions within 90 days stays a member: nobody is leaving for ever. A day after the
erasure it is said once more, for what was on its way in that moment.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.accounts.domain import member as members
from services.accounts.domain.member import ERASED_NAME, Leaving, Member
from shared import clock
from shared.errors import Ignored
from shared.events import Fact
from shared.moves import IGNORE, Moves, Outcome, heard, next_state

GRACE = timedelta(days=7)
ASK_EVERY = timedelta(days=1)
WITHIN = timedelta(days=90)
ASKED = ("jobs", "contracts", "escrow")

MOVES: Moves = {
    # Again while it goes on: the services are asked at once, whoever has just met a condition.
    "leave": {"active": "leaving", "leaving": "leaving"},
    "stay": {"leaving": "active"},
    # By silence: the conditions were not met in time.
    "lapse": {"leaving": "active"},
    "erase": {"leaving": "erased"},
}
_ANSWER = {"leaving": "leaving", "active": IGNORE, "suspended": IGNORE, "erased": IGNORE}
HEARD: Moves = {"cleared": _ANSWER, "kept": _ANSWER}


def leave(member: Member, *, now: datetime) -> Outcome[Member]:
    """Begin to leave, or ask again what is in the way.

    :raises Conflict: `wrong_state`
    """
    state = next_state(MOVES, member.state, "leave")
    if member.leaving is not None:
        return _asked(member, member.leaving, now=now)
    begun = Leaving(asked_at=now, until=now + GRACE, ask_at=now)
    member = replace(member, state=state)
    member, facts = _asked(member, begun, now=now)
    return member, [members.changed(member), *facts]


def stay(member: Member, *, now: datetime) -> Outcome[Member]:
    """Take it back, at any time until it is done.

    :raises Conflict: `wrong_state`
    """
    return _stays(member, "stay", reason="member")


def hear(
    member: Member,
    *,
    now: datetime,
    what: str,
    service: str,
    asked_at: str,
    round_: int,
    reasons: Sequence[str] = (),
) -> Outcome[Member]:
    """Hear what a service has answered; the last one that clears ends it.

    :raises Ignored: nobody is leaving, or it answers an earlier question
    """
    heard(HEARD, member.state, what)
    now_asked = member.leaving
    if now_asked is None or (asked_at, round_) != (clock.text(now_asked.asked_at), now_asked.round):
        raise Ignored("answered_before", "this answers an earlier question")
    unmet = {name: said for name, said in now_asked.unmet if name != service}
    cleared = tuple(name for name in now_asked.cleared if name != service)
    if what == "kept":
        unmet[service] = tuple(reasons)
    else:
        cleared = (*cleared, service)
    answered = replace(now_asked, unmet=tuple(sorted(unmet.items())), cleared=cleared)
    member = replace(member, leaving=answered)
    if now >= answered.until and set(cleared) == set(ASKED):
        return _erased(member, now=now)
    return member, []


def wake_at(member: Member) -> datetime | None:
    """Return when the services are asked again, or told again that somebody was erased."""
    if member.leaving is None or member.state not in ("leaving", "erased"):
        return None
    return member.leaving.ask_at


def on_wake(member: Member, *, now: datetime) -> Outcome[Member]:
    """Ask again, or give it up when the conditions were not met for too long."""
    at = wake_at(member)
    if at is None or member.leaving is None or now < at:
        return member, []
    if member.state == "erased":
        return replace(member, leaving=None), [_gone(member)]
    if now >= member.leaving.asked_at + WITHIN:
        return _stays(member, "lapse", reason="unmet")
    return _asked(member, member.leaving, now=now)


def next_step(member: Member) -> dict[str, Any] | None:
    """Return what is waited for: the member while something is unmet, else the days that remain."""
    if (leaving := member.leaving) is None or member.state != "leaving":
        return None
    if leaving.unmet:
        by = leaving.asked_at + WITHIN
        return {"actor": "member", "action": "meet_conditions", "by": by, "otherwise": "active"}
    by = max(leaving.until, leaving.ask_at)
    return {"actor": "system", "action": "erase", "by": by, "otherwise": "erased"}


def _asked(member: Member, leaving: Leaving, *, now: datetime) -> Outcome[Member]:
    again_at = now + ASK_EVERY
    if now < leaving.until:
        again_at = min(again_at, leaving.until)
    asked = replace(leaving, ask_at=again_at, round=leaving.round + 1, cleared=())
    words = {
        "member_id": member.id,
        "asked_at": clock.text(asked.asked_at),
        "round": asked.round,
        "until": clock.text(asked.until),
    }
    return replace(member, leaving=asked), [Fact("member.leaving", words)]


def _stays(member: Member, move: str, *, reason: str) -> Outcome[Member]:
    state = next_state(MOVES, member.state, move)
    member = replace(member, state=state, leaving=None)
    said = Fact("member.stayed", {"member_id": member.id, "reason": reason})
    return member, [members.changed(member), said]


def _erased(member: Member, *, now: datetime) -> Outcome[Member]:
    """Empty the member of all that is personal; the id and the figures of the record stay."""
    asked_at = member.leaving.asked_at if member.leaving else now
    emptied = tuple(
        replace(one, reason="", appeal=None if one.appeal is None else "", decision=None)
        for one in member.sanctions
    )
    member = Member(
        id=member.id,
        # No address that anybody has: theirs is free for a new registration.
        email=f"{member.id}@erased.invalid",
        password_hash="",
        display_name=ERASED_NAME,
        kind=member.kind,
        locale=member.locale,
        joined_at=member.joined_at,
        state=next_state(MOVES, member.state, "erase"),
        record=member.record,
        measures=member.measures,
        sessions_since=now,
        sanctions=emptied,
        leaving=Leaving(asked_at=asked_at, until=now, ask_at=now + ASK_EVERY),
    )
    return member, [members.changed(member), members.revoked(member, now=now), _gone(member)]


def _gone(member: Member) -> Fact:
    return Fact("member.erased", {"member_id": member.id})
