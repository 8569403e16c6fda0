"""The second factor: codes of six digits that change every 30 seconds (RFC 6238, SHA-1)."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from services.accounts.domain.member import Member, Totp, revoked
from shared.errors import Conflict, Forbidden
from shared.events import Fact
from shared.moves import Outcome

STEP_S = 30
DIGITS = 6
# A clock may be a step off, and a person takes a moment to type.
STEPS_OFF = 1
RECOVERY_CODES = 8


def code_at(secret: str, step: int) -> str:
    """Return the code of a 30-second step; `secret` is base32."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(now: datetime) -> int:
    """Return the number of the 30-second step."""
    return int(now.timestamp()) // STEP_S


def uri(member: Member, secret: str) -> str:
    """Return what an authenticator program reads from a QR code."""
    label = quote(f"Ukeoi:{member.email}")
    return f"otpauth://totp/{label}?secret={secret}&issuer=Ukeoi&digits={DIGITS}&period={STEP_S}"


def begin(member: Member, *, now: datetime, secret: str) -> Outcome[Member]:
    """Offer a secret; it counts from the first right code on.

    :raises Conflict: `totp_on`
    """
    if is_on(member):
        raise Conflict("totp_on", "there is a second factor already: take it off first")
    return replace(member, totp=Totp(secret=secret)), []


def confirm(
    member: Member, *, now: datetime, code: str, recovery: tuple[str, ...]
) -> Outcome[Member]:
    """Switch it on with a right code; `recovery` are hashes of codes for who loses the device.

    :raises Conflict: `no_totp`, `totp_on`
    :raises Forbidden: `wrong_code`
    """
    if is_on(member):
        raise Conflict("totp_on", "the second factor is on")
    if member.totp is None:
        raise Conflict("no_totp", "there is no secret yet")
    step = _fitting(member.totp, code, now)
    totp = replace(member.totp, is_on=True, last_step=step, recovery=recovery)
    return replace(member, totp=totp), [_fact(member, is_on=True)]


def use(member: Member, *, now: datetime, code: str) -> Outcome[Member]:
    """Spend a code: each counts once, whether from the device or for recovery.

    :raises Conflict: `no_totp`
    :raises Forbidden: `wrong_code`
    """
    if not is_on(member) or member.totp is None:
        raise Conflict("no_totp", "there is no second factor")
    hashed = hash_of(code)
    if hashed in member.totp.recovery:
        left = tuple(one for one in member.totp.recovery if one != hashed)
        return replace(member, totp=replace(member.totp, recovery=left)), []
    step = _fitting(member.totp, code, now)
    return replace(member, totp=replace(member.totp, last_step=step)), []


def take_off(member: Member, *, now: datetime) -> Outcome[Member]:
    """Switch it off; that there is none is no matter."""
    told = [_fact(member, is_on=False)] if is_on(member) else []
    return replace(member, totp=None), told


def reset(member: Member, *, now: datetime, reason: str) -> Outcome[Member]:
    """Switch it off for who has lost it, as an operator says: whoever is logged in is out.

    :raises Conflict: `no_totp`
    """
    if not is_on(member):
        raise Conflict("no_totp", "there is no second factor")
    facts = [
        Fact("factor.reset", {"member_id": member.id, "reason": reason}),
        revoked(member, now=now),
    ]
    return replace(member, totp=None, sessions_since=now), facts


def is_on(member: Member) -> bool:
    """Say whether a code is asked for at login."""
    return member.totp is not None and member.totp.is_on


def hash_of(code: str) -> str:
    """Return what is kept of a recovery code, however it is typed."""
    return hashlib.sha256(code.replace("-", "").strip().casefold().encode()).hexdigest()


def _fitting(totp: Totp, code: str, now: datetime) -> int:
    """Return the step that a code belongs to, later than the last one used."""
    present = step_of(now)
    for step in range(present - STEPS_OFF, present + STEPS_OFF + 1):
        if step > totp.last_step and hmac.compare_digest(code_at(totp.secret, step), code):
            return step
    raise Forbidden("wrong_code", "this code does not fit, or was used before")


def _fact(member: Member, *, is_on: bool) -> Fact:
    return Fact("factor.changed", {"member_id": member.id, "is_on": is_on})
