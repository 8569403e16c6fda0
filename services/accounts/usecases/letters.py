"""Asking for letters, sending them, and using what they carry."""

import hashlib
import math
import secrets
import threading
from datetime import datetime, timedelta

import structlog

from services.accounts import config, queries
from services.accounts.domain import letter as rules
from services.accounts.domain import member as member_rules
from services.accounts.domain.credentials import normal_password, password_fault
from services.accounts.domain.letter import RESET, VERIFY, Letter
from services.accounts.domain.member import Member
from services.accounts.letters import written
from services.accounts.records import LETTERS, MEMBERS
from services.accounts.usecases import hashing
from shared import clock, ids, smtp
from shared.documents import Done, Once
from shared.errors import Conflict, Invalid, TooMany, Unknown
from shared.events import Event, Fact
from shared.languages import LANGUAGES
from shared.store import Store

log = structlog.get_logger()

WINDOW = timedelta(hours=1)
# To one address; asked for from one network address.
LETTERS_MAX = (5, 60)
AT_ONCE = 20

_sending = threading.Lock()


def of_registration(event: Event, now: datetime) -> tuple[Letter, list[Fact]]:
    """Want the letter that confirms a new member's address; its id comes from the member's."""
    said = event.data
    return rules.ask(
        id=said["member_id"].replace("mem_", "ltr_"),
        purpose=VERIFY,
        email=said["email"],
        member_id=said["member_id"],
        locale=said["locale"],
        name=said["display_name"],
        now=now,
    ), []


def ask_verification(
    store: Store, member_id: str, *, address: str, once: Once | None, now: datetime
) -> Done[Letter]:
    """Want a letter that confirms a member's address.

    :raises Unknown: `no_such_member`
    :raises Conflict: `already_verified`
    :raises TooMany: `too_many_letters`
    """
    member = store.get(MEMBERS, member_id)
    if member.email_verified_at is not None:
        raise Conflict("already_verified", "this address has been confirmed")
    return _ask(store, VERIFY, member.email, member, address=address, once=once, now=now)


def ask_reset(
    store: Store, email: str, *, address: str, once: Once | None, now: datetime
) -> Done[Letter]:
    """Want a letter with which a password can be set; the same happens when nobody is there.

    :raises TooMany: `too_many_letters`
    """
    found = queries.member_by_email(store.db, email)
    member = found.thing if found and found.thing.state != "erased" else None
    return _ask(store, RESET, email, member, address=address, once=once, now=now)


def _ask(
    store: Store,
    purpose: str,
    email: str,
    member: Member | None,
    *,
    address: str,
    once: Once | None,
    now: datetime,
) -> Done[Letter]:
    if once and (done := store.born(LETTERS, once)):
        return done
    keys = tuple(_hash(part) for part in (f"{purpose}\n{email}\n", f"{purpose}\n\n{address}"))
    for key, most in zip(keys, LETTERS_MAX, strict=True):
        _refuse_too_many(queries.letters_since(store.db, key, now - WINDOW), most, now)
    letter = rules.ask(
        id=ids.new("ltr"),
        purpose=purpose,
        email=email,
        member_id=member.id if member else None,
        locale=member.locale if member else LANGUAGES[0],
        name=member.display_name if member else "",
        keys=keys,
        now=now,
    )
    return store.create(LETTERS, letter, [], once=once, now=now)


def _refuse_too_many(asked: list[datetime], most: int, now: datetime) -> None:
    if len(asked) >= most:
        wait_s = (asked[-most] + WINDOW - now).total_seconds()
        raise TooMany(
            "too_many_letters",
            "too many letters were asked for",
            retry_after_s=max(1, math.ceil(wait_s)),
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# using a code


def verify(store: Store, token: str, *, now: datetime) -> None:
    """Confirm the address that a code was sent to.

    :raises Unknown: `no_such_code`
    """
    letter = _spend(store, VERIFY, token, now=now)
    try:
        store.change(MEMBERS, _of(letter), member_rules.verify_email, email=letter.email, now=now)
    except Conflict as wrong:
        raise _no_such_code() from wrong


def reset(store: Store, token: str, password: str, *, now: datetime) -> None:
    """Set another password with a code; the address is thereby confirmed as well.

    A crash between spending the code and setting the password leaves the password as it was:
    another letter is to be asked for.

    :raises Unknown: `no_such_code`
    :raises Invalid: `weak_password`; the code can be used again
    :raises Unavailable: too many passwords are being hashed
    """
    letter = _good(store, RESET, token, now=now)
    member = store.get(MEMBERS, _of(letter))
    since = member.sessions_since
    if member.email != letter.email or (since is not None and since >= letter.asked_at):
        raise _no_such_code()
    password_hash = new_hash(member, password)
    _use(store, letter, now=now)
    store.change(
        MEMBERS, member.id, member_rules.set_password, password_hash=password_hash, now=now
    )
    store.change(MEMBERS, member.id, member_rules.verify_email, email=letter.email, now=now)


def new_hash(member: Member, password: str) -> str:
    """Return the hash of a member's next password.

    :raises Invalid: `weak_password`
    :raises Unavailable: too many passwords are being hashed
    """
    password = normal_password(password)
    if fault := password_fault(password, email=member.email, display_name=member.display_name):
        raise Invalid("weak_password", "choose another password", fields={"password": [fault]})
    with hashing.turn():
        return hashing.hash_password(password)


def _spend(store: Store, purpose: str, token: str, *, now: datetime) -> Letter:
    letter = _good(store, purpose, token, now=now)
    _use(store, letter, now=now)
    return letter


def _good(store: Store, purpose: str, token: str, *, now: datetime) -> Letter:
    letter = queries.letter_with(store.db, purpose, _hash(token))
    if letter is None or letter.state == "used" or now >= letter.expires_at:
        raise _no_such_code()
    return letter


def _use(store: Store, letter: Letter, *, now: datetime) -> None:
    try:
        store.change(LETTERS, letter.id, rules.use, now=now)
    except Conflict as wrong:
        raise _no_such_code() from wrong


def _of(letter: Letter) -> str:
    if letter.member_id is None:
        raise AssertionError(f"{letter.id} to nobody was sent")
    return letter.member_id


def _no_such_code() -> Unknown:
    return Unknown("no_such_code", "this code was never sent, was used, or is too old")


# sending


def sweep(store: Store, now: datetime) -> None:
    """Wake one thread that sends what is due: mail servers are slow, and the worker must go on."""
    if not config.here().smtp_url or not queries.letters_due(store.db, now, 1):
        return
    if _sending.acquire(blocking=False):
        threading.Thread(target=_run, args=(store,), name="letters", daemon=True).start()


def _run(store: Store) -> None:
    try:
        send_due(store, clock.now())
    except Exception:
        log.exception("letters_failed")
    finally:
        _sending.release()


def send_due(store: Store, now: datetime) -> int:
    """Send the letters that are due; return how many the server has taken."""
    return sum(_send(store, id_, now=now) for id_ in queries.letters_due(store.db, now, AT_ONCE))


def _send(store: Store, letter_id: str, *, now: datetime) -> bool:
    """Send one letter with a fresh code; what fails is due again later, each time later."""
    token = secrets.token_urlsafe(32)
    try:
        taken = store.change(LETTERS, letter_id, rules.take, token_hash=_hash(token), now=now)
    except Conflict:
        return False
    letter = taken.thing
    if letter.state != "wanted":
        log.warning("letter_given_up", letter=letter.id, tries=letter.tries)
        return False
    how = config.here()
    try:
        smtp.send(how.smtp_url, written(letter, token, how, now))
    except (smtp.Later, smtp.Refused, ValueError) as wrong:
        # Only the kind: what a mail server says repeats the address.
        log.warning("letter_not_sent", letter=letter.id, why=type(wrong).__name__)
        return False
    store.change(LETTERS, letter.id, rules.sent, now=now)
    return True
