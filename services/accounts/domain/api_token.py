"""A personal API token: a member's program acts for them, within scopes, until a day.

It is exchanged for access tokens of 15 minutes that carry the scopes, so that every service checks
them with the public keys alone. It never carries an operator's role.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.accounts.domain.member import tokens_revoked
from shared.moves import Moves, Outcome, next_state

DAYS_MAX = 365
TOKENS_MAX = 20

STATES = ("active", "revoked")
MOVES: Moves = {"revoke": {"active": "revoked"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """One token; only its hash is kept."""

    id: str
    member_id: str
    name: str
    scopes: tuple[str, ...]
    token_hash: str
    made_at: datetime
    expires_at: datetime
    state: str = "active"


def make(
    *,
    id: str,
    member_id: str,
    name: str,
    scopes: tuple[str, ...],
    days: int,
    token_hash: str,
    now: datetime,
) -> ApiToken:
    """Make a token that ends after so many days."""
    return ApiToken(
        id=id,
        member_id=member_id,
        name=name,
        scopes=scopes,
        token_hash=token_hash,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )


def revoke(token: ApiToken, *, now: datetime) -> Outcome[ApiToken]:
    """Take it back, with what it was exchanged for; one that was taken back stays so."""
    if token.state != "active":
        return token, []
    fact = tokens_revoked(token.member_id, session_id=token.id, now=now)
    return replace(token, state=next_state(MOVES, token.state, "revoke")), [fact]
