"""Mail: planned when somebody was told, sent when it is due, and what comes back of it."""

import random
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from services.notify import config, letters, queries
from services.notify.config import Config
from services.notify.domain import mail as rules
from services.notify.domain import preferences
from services.notify.domain.mail import Mail
from services.notify.domain.notice import Notice
from services.notify.domain.preferences import Preferences
from services.notify.letters import House, Reader
from services.notify.records import MAILS, NOTICES, PREFERENCES
from services.notify.usecases.senders import Senders
from shared import clock, faults, smtp
from shared.documents import Folded
from shared.errors import Ignored, Unknown
from shared.events import Event
from shared.languages import LANGUAGES
from shared.store import Store

# planning


def plan(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep the mails of notices that were made, or remind; again changes nothing."""
    if not config.here().smtp_url:
        return
    notices = store.load_many(NOTICES, [e.data["notification_id"] for e in events])
    members = [loaded.thing.member_id for loaded in notices.values()]
    wishes = queries.preferences_of(store.db, members)
    people = queries.people(store.db, members)
    planned = [
        rules.of_notice(
            loaded.thing,
            wishes[loaded.thing.member_id],
            address=people[loaded.thing.member_id].address,
            is_reminder=event.type == "notification.reminded",
            event_id=event.id,
            token=secrets.token_urlsafe(24),
            now=now,
        )
        for event in events
        if (loaded := notices.get(event.data["notification_id"]))
    ]
    _keep(store, (mail for mail in planned if mail), now)
    _collect(store, (loaded.thing for loaded in notices.values()), wishes, now)


def _collect(
    store: Store, notices: Iterable[Notice], wishes: Mapping[str, Preferences], now: datetime
) -> None:
    """See to it that what is mailed once a day will be, for whom no digest is due."""
    for notice in notices:
        its = wishes[notice.member_id]
        if notice.is_collected and its.digest_due is None and its.wants(notice.type, "mail"):
            store.create(PREFERENCES, Preferences(id=its.id), [], now=now)
            with suppress(Ignored):
                since = notice.made_at
                store.change(PREFERENCES, its.id, preferences.collect, now=now, since=since)


def plan_digests(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Keep the digests that are due; again changes nothing."""
    if not config.here().smtp_url:
        return
    planned = (
        rules.of_digest(
            event.data["member_id"],
            since=clock.parse(event.data["since"]),
            until=clock.parse(event.data["until"]),
            event_id=event.id,
            token=secrets.token_urlsafe(24),
            now=now,
            only=event.data.get("only"),
        )
        for event in events
    )
    _keep(store, planned, now)


def _keep(store: Store, planned: Iterable[Mail], now: datetime) -> None:
    folded = [Folded(thing=mail, doc=None, applied=1, entries=()) for mail in planned]
    store.write_many(MAILS, folded, now=now)


# sending


def send(store: Store, mail: Mail) -> None:
    """Send a mail that is due, or drop one that nobody needs any more; keep what came of it."""
    how, now = config.here(), clock.now()
    person = queries.people(store.db, [mail.member_id])[mail.member_id]
    wishes = queries.preferences(store, mail.member_id).thing
    if not person.address or person.address == wishes.bounced or not how.smtp_url:
        store.change(MAILS, mail.id, rules.dropped, now=now, reason="no_address")
        return
    to = Reader(
        name=person.name or "",
        address=person.address,
        locale=person.locale or LANGUAGES[0],
        zone=ZoneInfo(wishes.zone) if wishes.zone else None,
        names={},
    )
    try:
        message = _letter(store, mail, to, how, now)
    except ValueError as wrong:
        store.change(MAILS, mail.id, rules.refused, now=now, reason=f"address: {wrong}"[:200])
        return
    if message is None:
        store.change(MAILS, mail.id, rules.dropped, now=now, reason="moot")
        return
    _hand_over(store, mail, person.address, message, how)


def _letter(
    store: Store, mail: Mail, to: Reader, how: Config, now: datetime
) -> EmailMessage | None:
    """Return the mail with the words of this moment; None when there is nothing to say any more."""
    house = House(sender=how.mail_from, url=how.public_url)
    if mail.since and mail.until:
        acts, news = queries.digest(
            store.db, mail.member_id, since=mail.since, until=mail.until, only=mail.only
        )
        to = _knowing(store, to, [*acts, *news])
        return letters.of_digest(mail, acts, news, to, house, now) if acts or news else None
    assert mail.notice_id is not None, "a mail is of a notice, or a digest"  # noqa: S101
    notice = store.get(NOTICES, mail.notice_id)
    is_known = notice.action is None and notice.read_at is not None
    if notice.is_moot(now) or is_known:
        return None
    return letters.of_notice(mail, notice, _knowing(store, to, [notice]), house, now)


def _knowing(store: Store, to: Reader, notices: Sequence[Notice]) -> Reader:
    others = [notice.other_id for notice in notices if notice.other_id]
    return Reader(
        name=to.name,
        address=to.address,
        locale=to.locale,
        zone=to.zone,
        names=queries.names(store.db, others),
    )


def _hand_over(store: Store, mail: Mail, address: str, message: EmailMessage, how: Config) -> None:
    faults.point("before_outside")
    try:
        smtp.send(how.smtp_url, message)
    except smtp.Later as why:
        jitter = random.random()  # noqa: S311
        store.change(MAILS, mail.id, rules.put_off, now=clock.now(), reason=str(why), jitter=jitter)
    except smtp.Refused as why:
        store.change(MAILS, mail.id, rules.refused, now=clock.now(), reason=str(why))
        if why.is_address:
            _bounced(store, mail.member_id, address, "refused", clock.now())
    else:
        faults.point("after_outside")
        store.change(MAILS, mail.id, rules.sent, now=clock.now())


# what comes back


def bounce(store: Store, *, address: str, reason: str, now: datetime) -> int:
    """Send no more mail to this address, and tell whose it is; return how many members have it."""
    members = queries.members_at(store.db, address)
    for member_id in members:
        known = queries.people(store.db, [member_id])[member_id].address
        _bounced(store, member_id, known or address, reason, now)
    return len(members)


def _bounced(store: Store, member_id: str, address: str, reason: str, now: datetime) -> None:
    store.create(PREFERENCES, Preferences(id=member_id), [], now=now)
    store.change(
        PREFERENCES, member_id, preferences.bounce, now=now, address=address, reason=reason
    )


def unsubscribe(store: Store, token: str, *, now: datetime) -> Mail:
    """Mail no more of the kind of this mail; again changes nothing.

    :raises Unknown: `no_such_mail`
    """
    mail = subscribed(store, token)
    store.create(PREFERENCES, Preferences(id=mail.member_id), [], now=now)
    type_ = mail.only if mail.kind == "digest" else mail.type
    store.change(PREFERENCES, mail.member_id, preferences.unsubscribe, now=now, type_=type_)
    return mail


def subscribed(store: Store, token: str) -> Mail:
    """Return the mail whose link this is.

    :raises Unknown: `no_such_mail`: nobody was sent it, or it is one that cannot be unsubscribed
    """
    mail = queries.mail_of(store.db, token)
    if mail is None or not mail.can_be_unsubscribed:
        raise Unknown("no_such_mail", "this link is not, or no longer, good")
    return mail


SENDERS = Senders(MAILS, send, threads=4, lane="member_id", per_lane=1)
