"""What members read: their inbox, their to-do list, their feed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.domain.delivery import Delivery
from services.notify.domain.feed import Entry
from services.notify.domain.mail import Mail
from services.notify.domain.notice import Notice
from services.notify.domain.preferences import Preferences
from services.notify.domain.webhook import Webhook
from services.notify.records import (
    DELIVERIES,
    FEED,
    MAILS,
    MEMBERS,
    NOTICES,
    PREFERENCES,
    WEBHOOKS,
    entry_of,
    notice_of,
)
from shared.paging import Cursor, Page
from shared.store import Db, Doc, Loaded, Store

FEED_LAG_S = 2
"""The feed is read up to here before now: a write that takes longer to commit would be skipped."""
DIGEST_MAX = 50
"""Of each part; who has more finds them in the inbox."""
FEED_ORDER = "+kept_at"
"""How cursors of the feed name its order."""


def inbox(
    db: Db, member_id: str, page: Page, *, unread: bool | None, muted: Iterable[str], now: datetime
) -> tuple[list[Notice], str | None]:
    """Return a page of the member's notices, newest first; a moot one does not count as unread."""
    where: Doc = {"member_id": member_id, "said": True, "type": {"$nin": list(muted)}}
    if unread is True:
        where |= {"read_at": None, **_alive(now)}
    if unread is False:
        where["$nor"] = [{"read_at": None, **_alive(now)}]
    rows, cursor = page.find(db[NOTICES.collection], where, by="made_at")
    return [notice_of(row) for row in rows], cursor


def todo(db: Db, member_id: str, page: Page, *, now: datetime) -> tuple[list[Notice], str | None]:
    """Return a page of what the member is to do, most urgent first, without a deadline last."""
    where = {"member_id": member_id, "action": {"$type": "string"}, **_alive(now)}
    rows, cursor = page.find(db[NOTICES.collection], where, by="due", newest_first=False)
    return [notice_of(row) for row in rows], cursor


def _alive(now: datetime) -> Doc:
    return {"withdrawn_at": None, "$or": [{"ends_at": None}, {"ends_at": {"$gt": now}}]}


def names(db: Db, member_ids: Iterable[str]) -> dict[str, str]:
    """Return the display names of these members, as far as they have been heard of."""
    found = db[MEMBERS].find({"_id": {"$in": sorted(set(member_ids))}}, {"display_name": 1})
    return {doc["_id"]: doc["display_name"] for doc in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom we write to, as far as they have been heard of."""

    id: str
    name: str | None = None
    locale: str | None = None
    address: str | None = None


def people(db: Db, member_ids: Iterable[str]) -> dict[str, Person]:
    """Return everybody asked for, by id; who has not been heard of has no address."""
    wanted = sorted(set(member_ids))
    found = {doc["_id"]: doc for doc in db[MEMBERS].find({"_id": {"$in": wanted}})}
    return {id_: _person(id_, found.get(id_, {})) for id_ in wanted}


def _person(id_: str, doc: Doc) -> Person:
    known = (doc.get(word) for word in ("display_name", "locale", "email"))
    name, locale, address = known
    return Person(id=id_, name=name, locale=locale, address=address)


def members_at(db: Db, address: str) -> list[str]:
    """Return the ids of the members who have this address."""
    spellings = [address, address.lower()]
    return [doc["_id"] for doc in db[MEMBERS].find({"email": {"$in": spellings}}, {"_id": 1})]


def preferences_of(db: Db, member_ids: Iterable[str]) -> dict[str, Preferences]:
    """Return everybody's preferences; what was never set is all on."""
    wanted = sorted(set(member_ids))
    found = db[PREFERENCES.collection].find({"_id": {"$in": wanted}})
    return {id_: Preferences(id=id_) for id_ in wanted} | {
        doc["_id"]: PREFERENCES.from_doc(doc) for doc in found
    }


def mail_of(db: Db, token: str) -> Mail | None:
    """Return the mail with this token."""
    doc = db[MAILS.collection].find_one({"token": token})
    return None if doc is None else MAILS.from_doc(doc)


def digest(
    db: Db, member_id: str, *, since: datetime, until: datetime, only: str | None = None
) -> tuple[list[Notice], list[Notice]]:
    """Return what a digest tells: what is to be done, most urgent first; what is new and unread.

    With `only`, of the new what was collected of this type, and nothing else.
    """
    acts = [] if only else todo(db, member_id, Page(DIGEST_MAX), now=until)[0]
    where: Doc = {
        "member_id": member_id,
        "said": True,
        "made_at": {"$gt": since, "$lte": until},
        "action": None,
        "read_at": None,
        **_alive(until),
    }
    if only:
        where |= {"type": only, "words.alert": "daily"}
    news = db[NOTICES.collection].find(where).sort("made_at", -1).limit(DIGEST_MAX)
    return acts, [notice_of(doc) for doc in news]


def locale_of(db: Db, member_id: str) -> str | None:
    """Return the language a member has chosen, or None before we have heard of them."""
    doc = db[MEMBERS].find_one({"_id": member_id}, {"locale": 1})
    return None if doc is None else str(doc["locale"])


def preferences(store: Store, member_id: str) -> Loaded[Preferences]:
    """Return a member's preferences; nothing is switched off (version 1) before they say so."""
    found = store.find(PREFERENCES, member_id)
    return found or Loaded(Preferences(id=member_id), 1, {})


def webhooks_of(db: Db, member_ids: Iterable[str]) -> list[Webhook]:
    """Return the webhooks of these members that are posted to."""
    where = {"member_id": {"$in": sorted(member_ids)}, "state": "active"}
    return [WEBHOOKS.from_doc(doc) for doc in db[WEBHOOKS.collection].find(where)]


def count_webhooks(db: Db, member_id: str) -> int:
    """Return how many webhooks a member has."""
    where = {"member_id": member_id, "state": {"$ne": "deleted"}}
    return db[WEBHOOKS.collection].count_documents(where)


def webhooks(db: Db, member_id: str, page: Page) -> tuple[list[Webhook], str | None]:
    """Return a page of a member's webhooks, oldest first."""
    where = {"member_id": member_id, "state": {"$ne": "deleted"}}
    rows, cursor = page.find(db[WEBHOOKS.collection], where, by="created_at", newest_first=False)
    return [WEBHOOKS.from_doc(row) for row in rows], cursor


def deliveries(
    db: Db, webhook_id: str, page: Page, *, state: str | None
) -> tuple[list[Delivery], str | None]:
    """Return a page of what was posted to a webhook, newest first."""
    where: Doc = {"webhook_id": webhook_id} | ({"state": state} if state else {})
    rows, cursor = page.find(db[DELIVERIES.collection], where, by="made_at")
    return [DELIVERIES.from_doc(row) for row in rows], cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Part of the feed: `more` is the next page's cursor or None, `after` where to go on later."""

    entries: list[Entry]
    more: str | None
    after: Cursor | None


def feed(db: Db, member_id: str, *, after: Cursor | None, limit: int, now: datetime) -> FeedPage:
    """Return what came after a cursor, oldest first; the same cursor gives the same again.

    :raises Invalid: `bad_cursor`
    """
    rows, more = Page(limit, after).find(
        db[FEED.collection],
        {"concerns": member_id, "kept_at": {"$lte": _readable(now)}},
        by="kept_at",
        newest_first=False,
    )
    entries = [entry_of(row) for row in rows]
    last = cursor_of(entries[-1]) if entries else after
    return FeedPage(entries=entries, more=more, after=last)


def cursor_of(entry: Entry) -> Cursor:
    """Return the cursor that goes on after an entry."""
    return Cursor(FEED_ORDER, entry.kept_at, entry.id)


def feed_end(now: datetime) -> Cursor:
    """Return the cursor that goes on after everything that can be read now."""
    return Cursor(FEED_ORDER, _readable(now), "~")


def _readable(now: datetime) -> datetime:
    return now - timedelta(seconds=FEED_LAG_S)
