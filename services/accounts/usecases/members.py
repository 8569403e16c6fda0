"""Registering: an address is taken once, a password is never kept as it is."""

from datetime import datetime
from typing import Any

import structlog

from services.accounts import queries
from services.accounts.domain import member as rules
from services.accounts.domain.credentials import normal_password, password_fault
from services.accounts.domain.member import Member
from services.accounts.records import MEMBERS
from services.accounts.usecases import hashing
from shared import ids
from shared.documents import Done
from shared.errors import Invalid
from shared.store import Store


def register(store: Store, words: dict[str, Any], *, now: datetime) -> Done[Member]:
    """Make a member of the words of a registration.

    :raises Invalid: `weak_password`
    :raises Conflict: `email_taken`
    :raises Unavailable: too many passwords are being hashed
    """
    password = normal_password(words["password"])
    fault = password_fault(password, email=words["email"], display_name=words["display_name"])
    if fault:
        raise Invalid("weak_password", "choose another password", fields={"password": [fault]})
    with hashing.turn():
        # Most of those who lose the race for an address need not be hashed at all.
        queries.refuse_taken(store.db, words["email"])
        password_hash = hashing.hash_password(password)
    member, facts = rules.register(
        id=ids.new("mem"),
        email=words["email"],
        password_hash=password_hash,
        display_name=words["display_name"],
        kind=words["kind"],
        locale=words["locale"],
        now=now,
    )
    structlog.contextvars.bind_contextvars(actor=member.id)
    return store.create(MEMBERS, member, facts, now=now)
