"""A message between the two parties of an offer or a contract."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.contracts.domain.contract import Contract, role_of
from services.contracts.domain.offer import Offer
from services.contracts.domain.times import timers
from shared import moderation, wording
from shared.errors import Refused, Unknown
from shared.events import Fact
from shared.moderation import SHOWN, Seen, Text
from shared.moves import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one party wrote; `thread` is the offer or contract it belongs to, `title` its title."""

    id: str
    thread: str
    sender_id: str
    recipient_id: str
    text: str
    at: datetime
    title: str = ""
    seen: Seen = SHOWN

    def said(self) -> Text:
        """Return it as operators are told of it."""
        return Text(
            topic="message",
            content_id=self.id,
            content_kind="message",
            where_id=self.thread,
            author_id=self.sender_id,
            other_id=self.recipient_id,
            words=self.text,
        )

    def text_for(self, reader_id: str) -> str:
        """Return its text; of what was removed its writer alone."""
        return self.text if self.seen.is_shown or reader_id == self.sender_id else ""


def write(
    about: Offer | Contract,
    *,
    message_id: str,
    by: str,
    text: str,
    now: datetime,
    bar: Refused | None = None,
    is_funded: bool = False,
) -> Outcome[Message]:
    """Write to the other party; `bar` keeps from writing where there is no contract.

    What asks to deal outside is held while no contract is funded (`is_funded`): then nobody but
    its writer sees it, until an operator has looked or their time is over.

    :raises Unknown: a stranger learns nothing
    :raises Forbidden: `bar`
    """
    other = other_party(about, by)
    if bar and isinstance(about, Offer) and about.contract_id is None:
        raise bar
    found = wording.find(text, situation="after" if is_funded else "before")
    message = Message(
        id=message_id,
        thread=about.id,
        sender_id=by,
        recipient_id=other,
        text=text,
        at=now,
        title=about.title,
        seen=moderation.first(found, now=now, release_at=now + timers().held_release),
    )
    if message.seen.is_shown:
        return message, [_sent(message)]
    return message, [moderation.held(message.said(), message.seen)]


def _sent(message: Message) -> Fact:
    said = {
        "message_id": message.id,
        "thread": message.thread,
        "sender_id": message.sender_id,
        "recipient_id": message.recipient_id,
        "title": message.title,
    }
    return Fact("message.sent", said)


def decide(message: Message, *, now: datetime, outcome: str, reason: str) -> Outcome[Message]:
    """Do what was decided of it: what the other side never saw is sent when it is released.

    :raises Ignored: it is so already
    """
    return _after(message, moderation.decided(message.said(), message.seen, outcome, reason))


def wake(message: Message) -> datetime | None:
    """Return when silence releases it."""
    return message.seen.release_at


def release(message: Message, *, now: datetime) -> Outcome[Message]:
    """Release what no operator decided about in time: silence punishes nobody.

    :raises Ignored: it is not due
    """
    return _after(message, moderation.by_silence(message.said(), message.seen, now=now))


def _after(message: Message, step: tuple[Seen, list[Fact]]) -> Outcome[Message]:
    seen, facts = step
    first_seen = message.seen.unseen and seen.is_shown
    after = replace(message, seen=seen)
    return after, [*facts, _sent(after)] if first_seen else facts


def report(message: Message, *, now: datetime, case_id: str) -> Outcome[Message]:
    """Tell accounts what was reported; nothing changes."""
    return message, [moderation.reported(message.said(), case_id)]


def other_party(about: Offer | Contract, by: str) -> str:
    """Return the party that is not the caller.

    :raises Unknown: the caller is no party
    """
    if isinstance(about, Contract):
        return about.worker_id if role_of(about, by) == "client" else about.client_id
    if by not in (about.client_id, about.worker_id):
        raise Unknown("no_such_offer", "there is no such offer")
    return about.worker_id if by == about.client_id else about.client_id
