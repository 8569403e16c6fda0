"""The second factor and personal API tokens: proving oneself twice, and letting programs act."""

import base64
import hmac
import secrets
from datetime import datetime
from typing import Any

from services.accounts import queries
from services.accounts.domain import api_token as token_rules
from services.accounts.domain import totp
from services.accounts.domain.api_token import TOKENS_MAX, ApiToken
from services.accounts.domain.member import MAY_ENTER, Member
from services.accounts.records import API_TOKENS, MEMBERS
from services.accounts.usecases import sessions, tokens
from services.accounts.usecases.tokens import Signer
from shared import ids
from shared.auth import Caller, Unauthenticated
from shared.documents import Done, Once
from shared.errors import Conflict, Forbidden, Unknown
from shared.store import Store

SECRET_BYTES = 20
RECOVERY_BYTES = 10


def refuse_programs(caller: Caller) -> Caller:
    """Return the caller when it is a person who has logged in, not a program with a token.

    :raises Forbidden: `login_required`
    """
    if caller.scopes is not None:
        raise Forbidden("login_required", "a personal API token may not do this: log in")
    return caller


def begin_totp(
    store: Store, member_id: str, *, current_password: str, address: str, now: datetime
) -> tuple[Member, str]:
    """Offer a new secret to who knows the password; return the member and the secret.

    :raises Forbidden: `wrong_password`
    :raises Conflict: `totp_on`
    :raises TooMany: `too_many_failures`
    """
    sessions.prove_present(store, member_id, password=current_password, address=address, now=now)
    secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
    done = store.change(MEMBERS, member_id, totp.begin, secret=secret, now=now)
    return done.thing, secret


def confirm_totp(store: Store, member_id: str, *, code: str, now: datetime) -> list[str]:
    """Switch the second factor on; return the recovery codes, which are shown this once.

    :raises Conflict: `no_totp`, `totp_on`
    :raises Forbidden: `wrong_code`
    """
    codes = [_recovery_code() for _ in range(totp.RECOVERY_CODES)]
    hashes = tuple(totp.hash_of(one) for one in codes)
    store.change(MEMBERS, member_id, totp.confirm, code=code, recovery=hashes, now=now)
    return codes


def end_totp(
    store: Store,
    member_id: str,
    *,
    current_password: str,
    code: str,
    address: str,
    now: datetime,
) -> None:
    """Switch it off by who has both factors.

    :raises Forbidden: `wrong_password`, `wrong_code`
    :raises Conflict: `no_totp`
    :raises TooMany: `too_many_failures`
    """
    member = sessions.prove_present(
        store, member_id, password=current_password, address=address, now=now
    )
    sessions.spend_code(store, member, code=code, address=address, now=now)
    store.change(MEMBERS, member_id, totp.take_off, now=now)


def reset_totp(store: Store, member_id: str, *, reason: str, now: datetime) -> None:
    """Switch it off for who has lost device and recovery codes, and end all they had begun.

    The tokens go first: stopped half way, the factor is still there and it is done again.

    :raises Conflict: `no_totp`
    """
    if not totp.is_on(store.get(MEMBERS, member_id)):
        raise Conflict("no_totp", "there is no second factor")
    for token in queries.api_tokens(store.db, member_id, now=now):
        store.change(API_TOKENS, token.id, token_rules.revoke, now=now)
    store.change(MEMBERS, member_id, totp.reset, reason=reason, now=now)


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().casefold()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


# personal API tokens


def make_token(
    store: Store, member_id: str, words: dict[str, Any], *, once: Once | None, now: datetime
) -> tuple[Done[ApiToken], str | None]:
    """Make a token; return it with its secret, which is shown this once (None to a replay).

    :raises Conflict: `too_many_tokens`
    """
    if once and (done := store.born(API_TOKENS, once)):
        return done, None
    if len(queries.api_tokens(store.db, member_id, now=now)) >= TOKENS_MAX:
        raise Conflict("too_many_tokens", f"{TOKENS_MAX} tokens are kept at most")
    id_ = ids.new("pat")
    secret = tokens.new_refresh_token(id_)
    made = token_rules.make(
        id=id_,
        member_id=member_id,
        name=words["name"],
        scopes=tuple(sorted(set(words["scopes"]))),
        days=words["days"],
        token_hash=tokens.hash_of(secret),
        now=now,
    )
    done = store.create(API_TOKENS, made, [], once=once, now=now)
    return done, None if done.replayed else secret


def revoke_token(store: Store, member_id: str, token_id: str, *, now: datetime) -> None:
    """Take a token back.

    :raises Unknown: `no_such_api_token`, or it is somebody else's
    """
    if store.get(API_TOKENS, token_id).member_id != member_id:
        raise Unknown("no_such_api_token", "there is no such token")
    store.change(API_TOKENS, token_id, token_rules.revoke, now=now)


def exchange(store: Store, signer: Signer, *, token: str, now: datetime) -> str:
    """Return an access token of 15 minutes, within the scopes of a personal API token.

    :raises Unauthenticated: `bad_api_token`
    """
    bad = Unauthenticated("bad_api_token", "this token is none, was revoked, or has ended")
    found = store.find(API_TOKENS, tokens.session_of(token))
    if found is None or not hmac.compare_digest(tokens.hash_of(token), found.thing.token_hash):
        raise bad
    kept = found.thing
    if kept.state != "active" or now >= kept.expires_at:
        raise bad
    member = store.find(MEMBERS, kept.member_id)
    if member is None or member.thing.state not in MAY_ENTER:
        raise bad
    return signer.access_token(member.thing, kept.id, now=now, scopes=kept.scopes)
