"""Leaving, by who proves to be the member."""

from datetime import datetime

from services.accounts.domain import leaving as rules
from services.accounts.domain import totp
from services.accounts.domain.member import Member
from services.accounts.records import MEMBERS
from services.accounts.usecases import sessions
from shared.documents import Done
from shared.errors import Forbidden
from shared.store import Store


def leave(
    store: Store,
    member_id: str,
    *,
    current_password: str,
    code: str | None,
    address: str,
    now: datetime,
) -> Done[Member]:
    """Begin to leave, or ask anew what is in the way.

    :raises Forbidden: `wrong_password`; of who has a second factor `code_required`, `wrong_code`
    :raises Conflict: `wrong_state`
    :raises TooMany: `too_many_failures`
    """
    member = sessions.prove_present(
        store, member_id, password=current_password, address=address, now=now
    )
    if totp.is_on(member):
        if code is None:
            raise Forbidden("code_required", "this account asks for a code as well")
        sessions.spend_code(store, member, code=code, address=address, now=now)
    return store.change(MEMBERS, member_id, rules.leave, now=now)
