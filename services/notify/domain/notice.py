"""A notice: one person told of one event, to act or to know.

It is alive until it is withdrawn (`withdrawn_at`) or its window is over (`ends_at`); a notice to
act that is alive is on the to-do list. `born` is the version of the aggregate whose event made it.
What was moot before it was born is kept, so that it is not made again, but never `said`.
Before its deadline it reminds (`remind_at`, the ladder): it is unread again, and says so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.notify.domain import ladder
from services.notify.domain.told import TOLD, Tell
from shared import clock, ids
from shared.errors import Ignored, Unknown
from shared.events import Event, Fact
from shared.moves import Outcome

FOR_GOOD = 2**53
"""The version with which a key is closed that can never be opened again."""

WORDS_KEPT = (
    "title",
    "name",
    "alert",
    "amount",
    "worker_gets",
    "client_gets",
    "fee",
    "round",
    "url",
    "action",
    "otherwise",
)
"""What the texts say of an event; nothing else of it is kept with a notice."""

_THREADS = {"off": "offers", "con": "contracts", "job": "jobs", "lst": "listings"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One person told of one event; `text` names its message, `words` are what the text says."""

    id: str
    member_id: str
    made_at: datetime
    type: str
    event_id: str
    about: str
    text: str
    words: Mapping[str, Any]
    href: str
    other_id: str | None = None
    action: str | None = None
    by: datetime | None = None
    otherwise: str | None = None
    keys: tuple[str, ...] = ()
    born: int = 0
    ends_at: datetime | None = None
    said: bool = True
    read_at: datetime | None = None
    withdrawn_at: datetime | None = None
    remind_at: datetime | None = None
    reminded_at: datetime | None = None

    @property
    def is_collected(self) -> bool:
        """Say whether it is mailed once a day, with the others of that day."""
        return self.words.get("alert") == "daily"

    @property
    def role(self) -> str:
        """Return as whom its member is told: client, worker, member, recipient..."""
        return self.text.removeprefix(f"{self.type}.").split(".")[0]

    def is_moot(self, now: datetime) -> bool:
        """Say whether nothing is left to do or to know of it."""
        return self.withdrawn_at is not None or (self.ends_at is not None and self.ends_at <= now)


def made_of(event: Event, *, now: datetime) -> list[Notice]:
    """Return the notices that this event leads to, at most one a person; `[]` for nobody."""
    words = _with_thread(event.data)
    once = TOLD[event.type].once.format_map(words) or event.id
    return [
        _notice(event, tell, words, now, once=f"{event.type}:{once}")
        for tell in TOLD[event.type].tells
        if _concerns(tell, words)
    ]


def made(notice: Notice) -> list[Fact]:
    """Return what is said when a notice is made."""
    return [Fact("notification.made", _said_of(notice))]


def closed_by(event: Event) -> dict[str, int]:
    """Return the keys that this event closes, each with the version before which it closes them."""
    row = TOLD[event.type]
    closes = dict.fromkeys(_filled(row.closes, event.data), FOR_GOOD)
    return dict.fromkeys(_filled(row.ends_round, event.data), event.version) | closes


def is_closed(notice: Notice, closed: Mapping[str, int]) -> bool:
    """Say whether what is closed makes this notice moot."""
    return any(notice.born < closed.get(key, 0) for key in notice.keys)


def read(notice: Notice, *, now: datetime, by: str) -> Outcome[Notice]:
    """Mark a notice as read; reading twice changes nothing.

    :raises Unknown: `no_such_notice`: it is another person's, or was never said
    """
    if by != notice.member_id or not notice.said:
        raise Unknown("no_such_notice", "there is no such notice")
    return (notice if notice.read_at else replace(notice, read_at=now)), []


def wake(notice: Notice) -> datetime | None:
    """Return when the notice reminds next."""
    return None if notice.withdrawn_at else notice.remind_at


def remind(notice: Notice, *, now: datetime) -> Outcome[Notice]:
    """Climb the ladder's next rung; a notice that is moot or late climbs none.

    :raises Ignored: `not_due`
    """
    if notice.remind_at is None or now < notice.remind_at:
        raise Ignored("not_due", "it reminds of nothing by now")
    if notice.is_moot(now) or notice.by is None or notice.by <= now:
        return replace(notice, remind_at=None), []
    upward = ladder.next_rung(notice.type, notice.action, notice.by, after=now)
    reminded = replace(notice, remind_at=upward, reminded_at=now, read_at=None)
    words = {**_said_of(notice), "by": clock.text(notice.by)}
    return reminded, [Fact("notification.reminded", words)]


def _said_of(notice: Notice) -> dict[str, Any]:
    return {
        "notification_id": notice.id,
        "member_id": notice.member_id,
        "about": notice.about,
    }


def born_moot(notice: Notice, *, now: datetime) -> Notice:
    """Return the notice as one that came too late to be said."""
    return replace(notice, said=False, withdrawn_at=now, remind_at=None)


def _concerns(tell: Tell, words: Mapping[str, Any]) -> bool:
    if not words.get(_whom(tell, words)):
        return False
    return tell.only is None or words[tell.only[0]] in tell.only[1]


def _whom(tell: Tell, words: Mapping[str, Any]) -> str:
    return tell.whom.format_map(words)


def _notice(
    event: Event, tell: Tell, words: Mapping[str, Any], now: datetime, *, once: str
) -> Notice:
    member_id = words[_whom(tell, words)]
    by = clock.parse(at) if tell.by and (at := words.get(tell.by)) else None
    action = tell.action.format_map(words) or None
    return Notice(
        id=ids.derived("ntf", once, member_id),
        member_id=member_id,
        made_at=now,
        type=event.type,
        event_id=event.id,
        about=event.subject,
        text=f"{event.type}.{tell.text or tell.whom.removesuffix('_id')}",
        words={name: words[name] for name in WORDS_KEPT if name in words},
        href=tell.href.format_map(words),
        other_id=words[tell.other] if tell.other else None,
        action=action,
        by=by,
        otherwise=tell.otherwise.format_map(words) or None,
        keys=tuple(_filled(tell.keys, words)),
        born=event.version,
        ends_at=by if tell.ends else None,
        remind_at=ladder.next_rung(event.type, action, by, after=now),
    )


def _filled(templates: tuple[str, ...], words: Mapping[str, Any]) -> Iterator[str]:
    return (template.format_map(words) for template in templates)


def _with_thread(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words of an event and, of a message or posting, where it is."""
    thread = data.get("thread") or data.get("where_id")
    if thread is None or thread[:3] not in _THREADS:
        return dict(data)
    return {**data, "thread_at": f"/v1/{_THREADS[thread[:3]]}/{thread}"}
