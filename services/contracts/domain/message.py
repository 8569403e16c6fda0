"""A message between the two parties of an offer or a contract."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.domain.contract import Contract, role_of
from services.contracts.domain.offer import Offer
from shared.errors import Refused, Unknown
from shared.events import Fact
from shared.moves import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one party wrote; `thread` is the offer or contract it belongs to."""

    id: str
    thread: str
    sender_id: str
    recipient_id: str
    text: str
    at: datetime


def write(
    about: Offer | Contract,
    *,
    message_id: str,
    by: str,
    text: str,
    now: datetime,
    bar: Refused | None = None,
) -> Outcome[Message]:
    """Write to the other party; `bar` keeps from writing where there is no contract.

    :raises Unknown: a stranger learns nothing
    :raises Forbidden: `bar`
    """
    other = other_party(about, by)
    if bar and isinstance(about, Offer) and about.contract_id is None:
        raise bar
    message = Message(
        id=message_id,
        thread=about.id,
        sender_id=by,
        recipient_id=other,
        text=text,
        at=now,
    )
    said = {
        "message_id": message.id,
        "thread": message.thread,
        "sender_id": message.sender_id,
        "recipient_id": message.recipient_id,
        "title": about.title,
    }
    return message, [Fact("message.sent", said)]


def other_party(about: Offer | Contract, by: str) -> str:
    """Return the party that is not the caller.

    :raises Unknown: the caller is no party
    """
    if isinstance(about, Contract):
        return about.worker_id if role_of(about, by) == "client" else about.client_id
    if by not in (about.client_id, about.worker_id):
        raise Unknown("no_such_offer", "there is no such offer")
    return about.worker_id if by == about.client_id else about.client_id
