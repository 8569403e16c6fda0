"""Logging in, refreshing, logging out; failures are counted, successes are not."""

import hashlib
import math
from datetime import datetime, timedelta

from services.accounts import queries
from services.accounts.domain import member as member_rules
from services.accounts.domain import sanction, totp
from services.accounts.domain import session as rules
from services.accounts.domain.credentials import normal_password
from services.accounts.domain.member import Member
from services.accounts.domain.session import Login
from services.accounts.records import FAILURES, MEMBERS, SESSIONS
from services.accounts.usecases import hashing, letters, tokens
from services.accounts.usecases.tokens import Signer
from shared import clock, ids
from shared.auth import Unauthenticated
from shared.errors import Conflict, Forbidden, TooMany, Unknown
from shared.store import Store

WINDOW_S = 60
# Of one account from one address; of one account; from one address.
FAILURES_MAX = (10, 50, 100)


def log_in(
    store: Store,
    signer: Signer,
    *,
    email: str,
    password: str,
    address: str,
    now: datetime,
    agent: str = "",
    code: str | None = None,
) -> Login:
    """Begin a session; nobody of that address takes the same time as a wrong password.

    :raises Unauthenticated: `bad_credentials`; of who has a second factor `code_required`,
        `bad_code`
    :raises Forbidden: `member_suspended`
    :raises TooMany: `too_many_failures`
    :raises Unavailable: too many passwords are being hashed
    """
    member = prove(store, email=email, password=password, address=address, now=now)
    if member is None:
        raise Unauthenticated("bad_credentials", "this address and this password do not fit")
    if member.state not in member_rules.MAY_ENTER:
        raise Forbidden("member_suspended", _why_out(member))
    if totp.is_on(member):
        if code is None:
            raise Unauthenticated("code_required", "this account asks for a code as well")
        try:
            member = spend_code(store, member, code=code, address=address, now=now)
        except Forbidden as wrong:
            raise Unauthenticated("bad_code", str(wrong)) from wrong
    session_id = ids.new("ses")
    token = tokens.new_refresh_token(session_id)
    access = signer.access_token(member, session_id, now=now)
    session = rules.start(
        id=session_id,
        member_id=member.id,
        token_hash=tokens.hash_of(token),
        agent=agent,
        now=now,
    )
    store.create(SESSIONS, session, [], now=now)
    return Login(member=member, access_token=access, refresh_token=token)


def _why_out(member: Member) -> str:
    """Say why a member, who has proved to be it, is kept out."""
    found = sanction.in_force(member)
    if found is None:
        return "this account is suspended"
    until = f"until {clock.text(found.until)}" if found.until else "for good"
    return f"this account is suspended {until}: {found.reason} (appeal: POST /v1/sessions/appeals)"


def prove(store: Store, *, email: str, password: str, address: str, now: datetime) -> Member | None:
    """Return whose address and password these are; a failure is counted.

    A hash of yesterday's cost is made anew: only now is the password at hand.

    :raises TooMany: `too_many_failures`
    :raises Unavailable: too many passwords are being hashed
    """
    keys = _limit_keys(email, address)
    _refuse_too_many(store, keys, now)
    found = queries.member_by_email(store.db, email)
    kept = found.thing.password_hash if found and found.thing.state != "erased" else None
    password = normal_password(password)
    with hashing.turn():
        is_right = hashing.is_password(password, kept)
        fresh = hashing.rehashed(password, kept) if is_right and kept else None
    if not is_right or found is None:
        store.keep(FAILURES, [{"_id": ids.new("lgf"), "keys": keys, "at": now}])
        return None
    member: Member = found.thing
    if fresh is not None:
        store.change(
            MEMBERS,
            member.id,
            member_rules.rehash,
            old=member.password_hash,
            password_hash=fresh,
            now=now,
        )
    return member


def prove_present(
    store: Store, member_id: str, *, password: str, address: str, now: datetime
) -> Member:
    """Return the member who logged in before and now shows the password again.

    :raises Forbidden: `wrong_password`
    :raises TooMany: `too_many_failures`
    :raises Unknown: `no_such_member`
    """
    email = store.get(MEMBERS, member_id).email
    member = prove(store, email=email, password=password, address=address, now=now)
    if member is None:
        raise Forbidden("wrong_password", "this is not the present password")
    return member


def spend_code(store: Store, member: Member, *, code: str, address: str, now: datetime) -> Member:
    """Spend a code of the second factor; a wrong one counts as a failed login.

    :raises Conflict: `no_totp`
    :raises Forbidden: `wrong_code`
    :raises TooMany: `too_many_failures`
    """
    try:
        return store.change(MEMBERS, member.id, totp.use, code=code, now=now).thing
    except Forbidden:
        keys = _limit_keys(member.email, address)
        store.keep(FAILURES, [{"_id": ids.new("lgf"), "keys": keys, "at": now}])
        raise


def change_password(
    store: Store,
    member_id: str,
    *,
    current_password: str,
    password: str,
    address: str,
    now: datetime,
) -> None:
    """Change a password by whoever knows the old one; every session ends.

    :raises Forbidden: `wrong_password`
    :raises Invalid: `weak_password`
    :raises TooMany: `too_many_failures`
    :raises Unknown: `no_such_member`
    """
    member = prove_present(store, member_id, password=current_password, address=address, now=now)
    fresh = letters.new_hash(member, password)
    store.change(MEMBERS, member_id, member_rules.set_password, password_hash=fresh, now=now)


def _limit_keys(email: str, address: str) -> list[str]:
    """Return what failures are counted under, as hashes: no addresses lie about."""
    parts = (f"{email}\n{address}", f"{email}\n", f"\n{address}")
    return [hashlib.sha256(part.encode()).hexdigest()[:32] for part in parts]


def _refuse_too_many(store: Store, keys: list[str], now: datetime) -> None:
    since = now - timedelta(seconds=WINDOW_S)
    for key, most in zip(keys, FAILURES_MAX, strict=True):
        failures = queries.failures_since(store.db, key, since)
        if len(failures) >= most:
            wait_s = (failures[-most] - since).total_seconds()
            raise TooMany(
                "too_many_failures",
                "too many failed logins",
                retry_after_s=max(1, math.ceil(wait_s)),
            )


def refresh(store: Store, signer: Signer, *, refresh_token: str, now: datetime) -> Login:
    """Replace a refresh token; one that was replaced before ends its family.

    :raises Unauthenticated: `bad_refresh_token`, `refresh_token_reused`, `session_expired`
    """
    session_id = tokens.session_of(refresh_token)
    fresh = tokens.new_refresh_token(session_id)
    try:
        session = store.change(
            SESSIONS,
            session_id,
            rules.refresh,
            now=now,
            shown_hash=tokens.hash_of(refresh_token),
            next_hash=tokens.hash_of(fresh),
        ).thing
    except (Unknown, Conflict) as wrong:
        raise Unauthenticated("bad_refresh_token", "log in again") from wrong
    if session.state == "revoked":
        raise Unauthenticated("refresh_token_reused", "this token was used before: log in again")
    if session.state == "expired":
        raise Unauthenticated("session_expired", "log in again")
    member = store.load(MEMBERS, session.member_id)
    since = member.thing.sessions_since
    if member.thing.state not in member_rules.MAY_ENTER or (
        since is not None and session.started_at < since
    ):
        raise Unauthenticated("bad_refresh_token", "log in again")
    access = signer.access_token(member.thing, session_id, now=now)
    return Login(member=member.thing, access_token=access, refresh_token=fresh)


def log_out(store: Store, session_id: str, *, now: datetime) -> None:
    """End a session; one that has ended, or is not there any more, is no matter."""
    try:
        store.change(SESSIONS, session_id, rules.end, now=now)
    except Unknown:
        return


def end_other(store: Store, member_id: str, session_id: str, *, now: datetime) -> None:
    """End one of a member's own sessions.

    :raises Unknown: `no_such_session`, or it is somebody else's
    """
    session = store.get(SESSIONS, session_id)
    if session.member_id != member_id:
        raise Unknown("no_such_session", "there is no such session")
    store.change(SESSIONS, session_id, rules.end, now=now)
