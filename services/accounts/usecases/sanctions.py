"""Operators impose, uphold and lift; members appeal, also those who cannot log in."""

from datetime import datetime
from typing import Any

from services.accounts.domain import sanction as rules
from services.accounts.domain.member import Member
from services.accounts.domain.sanction import Decision
from services.accounts.records import MEMBERS
from services.accounts.usecases import sessions
from shared import ids
from shared.auth import Caller, Unauthenticated
from shared.documents import Done, Once
from shared.errors import Conflict, Forbidden, Unknown
from shared.store import Store


def refuse_others(caller: Caller, member_id: str = "") -> None:
    """Pass when an operator asks, and not in a case of their own.

    :raises Forbidden: `ops_only`, `own_case`
    """
    if not caller.is_ops:
        raise Forbidden("ops_only", "only operators may")
    if caller.id == member_id:
        raise Forbidden("own_case", "nobody decides about themselves")


def impose(
    store: Store,
    caller: Caller,
    member_id: str,
    words: dict[str, Any],
    *,
    once: Once | None,
    sanction_id: str,
    now: datetime,
) -> Done[Member]:
    """Warn, suspend or ban a member.

    :raises Forbidden: `ops_only`, `own_case`
    :raises Unknown: `no_such_member`
    :raises Invalid: `bad_until`
    :raises Conflict: `erased`, `too_many_sanctions`
    """
    refuse_others(caller, member_id)
    return store.change(
        MEMBERS, member_id, rules.impose, once=once, now=now, id=sanction_id, by=caller.id, **words
    )


def decide(
    store: Store,
    caller: Caller,
    member_id: str,
    sanction_id: str,
    *,
    stays: bool,
    reason: str,
    once: Once | None,
    now: datetime,
) -> Done[Member]:
    """Uphold or lift a sanction.

    :raises Forbidden: `ops_only`, `own_case`
    :raises Unknown: `no_such_member`, `no_such_sanction`
    :raises Conflict: `wrong_state`
    """
    refuse_others(caller, member_id)
    rule = rules.uphold if stays else rules.lift
    decision = Decision(by=caller.id, reason=reason)
    return _changed(store, member_id, rule, once=once, now=now, id=sanction_id, decision=decision)


def appeal(
    store: Store, member_id: str, sanction_id: str, *, text: str, once: Once | None, now: datetime
) -> Done[Member]:
    """Appeal a sanction of one's own.

    :raises Unknown: `no_such_member`, `no_such_sanction`
    :raises Conflict: `wrong_state`
    """
    return _changed(store, member_id, rules.appeal, once=once, now=now, id=sanction_id, text=text)


def appeal_without_token(
    store: Store, *, email: str, password: str, address: str, text: str, now: datetime
) -> tuple[Done[Member], str]:
    """Appeal what keeps one from logging in; return the member and the sanction's id.

    :raises Unauthenticated: `bad_credentials`
    :raises Conflict: `not_suspended`, `wrong_state`
    :raises TooMany: `too_many_failures`
    """
    member = sessions.prove(store, email=email, password=password, address=address, now=now)
    if member is None:
        raise Unauthenticated("bad_credentials", "this address and this password do not fit")
    if (found := rules.in_force(member)) is None:
        raise Conflict("not_suspended", "nothing keeps this member out")
    done = appeal(store, member.id, found.id, text=text, once=None, now=now)
    return done, found.id


def new_id() -> str:
    """Return the id of a sanction to come."""
    return ids.new("snc")


def _changed(store: Store, member_id: str, rule: Any, **words: Any) -> Done[Member]:
    try:
        return store.change(MEMBERS, member_id, rule, **words)
    except Conflict as wrong:
        if wrong.code == "no_such_sanction":
            raise Unknown("no_such_sanction", str(wrong)) from wrong
        raise
