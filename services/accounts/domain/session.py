"""A session: one login and the family of refresh tokens that came from it.

Each refresh replaces the token. Whoever shows one that was replaced shows that two hold the family:
it ends, for both, and its member logs in again.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.accounts.domain.member import Member, tokens_revoked
from shared.events import Fact
from shared.moves import Moves, Outcome, next_state

IDLE_DAYS = 30
LIFE_DAYS = 180
ACCESS_LIFE_S = 15 * 60

STATES = ("active", "ended", "revoked", "expired")
MOVES: Moves = {
    "refresh": {"active": "active"},
    "end": {"active": "ended"},
    # A replaced token was shown.
    "revoke": {"active": "revoked"},
    "expire": {"active": "expired"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login; `token_hash` is that of the only refresh token that counts."""

    id: str
    member_id: str
    token_hash: str
    started_at: datetime
    expires_at: datetime
    last_used_at: datetime
    agent: str = ""
    state: str = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a login or a refresh gives."""

    member: Member
    access_token: str
    refresh_token: str


def start(*, id: str, member_id: str, token_hash: str, now: datetime, agent: str = "") -> Session:
    """Begin a family; `agent` is what the program that logs in calls itself."""
    return Session(
        id=id,
        member_id=member_id,
        token_hash=token_hash,
        started_at=now,
        expires_at=now + timedelta(days=IDLE_DAYS),
        last_used_at=now,
        agent=agent,
    )


def refresh(
    session: Session, *, now: datetime, shown_hash: str, next_hash: str
) -> Outcome[Session]:
    """Replace the token that is shown; or revoke or expire the family: the state tells.

    :raises Conflict: `wrong_state`: the family has ended before
    """
    facts: list[Fact] = []
    if now >= session.expires_at:
        return replace(session, state=next_state(MOVES, session.state, "expire")), facts
    if not hmac.compare_digest(shown_hash, session.token_hash):
        facts.append(tokens_revoked(session.member_id, session_id=session.id, now=now))
        return replace(session, state=next_state(MOVES, session.state, "revoke")), facts
    return replace(
        session,
        state=next_state(MOVES, session.state, "refresh"),
        token_hash=next_hash,
        last_used_at=now,
        expires_at=min(now + timedelta(days=IDLE_DAYS), _last_day(session)),
    ), facts


def end(session: Session, *, now: datetime) -> Outcome[Session]:
    """Log out; a family that has ended stays as it is."""
    if session.state != "active":
        return session, []
    fact = tokens_revoked(session.member_id, session_id=session.id, now=now)
    return replace(session, state=next_state(MOVES, session.state, "end")), [fact]


def _last_day(session: Session) -> datetime:
    return session.started_at + timedelta(days=LIFE_DAYS)
