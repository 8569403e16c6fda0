"""A letter: an intention to mail somebody a code that does one thing once.

The code is made when the letter is sent and kept only as a hash: whoever reads the database can use
none. A letter that must be sent again carries another code, and each of its codes is good.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.errors import Conflict
from shared.languages import LANGUAGES
from shared.moves import Moves, Outcome, next_state

VERIFY = "verify"
RESET = "reset"
LIFE = {VERIFY: timedelta(days=3), RESET: timedelta(hours=1)}
TRIES_MAX = 6
# The letter is in somebody's hands for so long; then it is tried again.
CLAIM_S = 60

STATES = ("wanted", "sent", "used", "failed", "void")
MOVES: Moves = {
    "take": {"wanted": "wanted"},
    "send": {"wanted": "sent", "sent": "sent", "used": "used"},
    # Used before we knew that it was sent: the server took it and its answer was lost.
    "use": {"wanted": "used", "sent": "used"},
    "give_up": {"wanted": "failed"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail to one address; `member_id` None: asked for by an address that nobody has."""

    id: str
    purpose: str
    member_id: str | None
    email: str
    locale: str
    name: str
    asked_at: datetime
    expires_at: datetime
    due_at: datetime
    # What it is counted under, as hashes.
    keys: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    tries: int = 0
    state: str = "wanted"


def ask(
    *,
    id: str,
    purpose: str,
    email: str,
    now: datetime,
    member_id: str | None = None,
    locale: str = LANGUAGES[0],
    name: str = "",
    keys: tuple[str, ...] = (),
) -> Letter:
    """Want a letter; to nobody it is `void` and kept all the same, so that it takes as long."""
    return Letter(
        id=id,
        purpose=purpose,
        member_id=member_id,
        email=email,
        locale=locale,
        name=name,
        asked_at=now,
        expires_at=now + LIFE[purpose],
        due_at=now,
        keys=keys,
        state="wanted" if member_id else "void",
    )


def take(letter: Letter, *, now: datetime, token_hash: str) -> Outcome[Letter]:
    """Take it to the mail server with a new code; until `due_at` nobody else does.

    :raises Conflict: `wrong_state`, `not_due`
    """
    state = next_state(MOVES, letter.state, "take")
    if now < letter.due_at:
        raise Conflict("not_due", "somebody else is sending it")
    if letter.tries >= TRIES_MAX or now >= letter.expires_at:
        return replace(letter, state=next_state(MOVES, letter.state, "give_up")), []
    return replace(
        letter,
        state=state,
        hashes=(*letter.hashes, token_hash),
        tries=letter.tries + 1,
        due_at=now + timedelta(seconds=CLAIM_S * 2**letter.tries),
    ), []


def sent(letter: Letter, *, now: datetime) -> Outcome[Letter]:
    """Note that the mail server has taken it."""
    return replace(letter, state=next_state(MOVES, letter.state, "send")), []


def use(letter: Letter, *, now: datetime) -> Outcome[Letter]:
    """Spend its codes.

    :raises Conflict: `wrong_state`: used before; `expired`
    """
    if now >= letter.expires_at:
        raise Conflict("expired", "this code is too old")
    return replace(letter, state=next_state(MOVES, letter.state, "use")), []
