"""What callers send and get. The representations are plain dicts; the schemas document them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, fields, validate

from services.notify import texts
from services.notify.domain.feed import Entry, seen_by
from services.notify.domain.notice import Notice
from services.notify.domain.preferences import ALWAYS, CHANNELS
from shared import web
from shared.languages import LANGUAGES


class InboxArgs(web.PageArgs):
    """`?unread=true`: only what is neither read nor moot; `false`: only the rest."""

    unread = fields.Boolean(truthy={"true"}, falsy={"false"}, load_default=None)


class FeedArgs(Schema):
    """`?after=`: the cursor that an earlier answer gave; without it, from the beginning."""

    class Meta:
        include = {"limit": web.PageArgs().fields["limit"]}  # noqa: RUF012

    after = fields.String(load_default=None, validate=validate.Length(1, 500))


class TextShape(Schema):
    """A notice's words in one language."""

    title = fields.String(required=True)
    body = fields.String(required=True)


class TextsShape(Schema):
    """A notice's words in every language."""

    ja = fields.Nested(TextShape, required=True)
    en = fields.Nested(TextShape, required=True)


class WhyShape(Schema):
    """Why somebody is told: the event, and as whom they are told of it.

    `can_mute` names the channels that `/v1/notification-preferences` can switch off for this type.
    """

    type = fields.String(required=True)
    event_id = fields.String(required=True)
    role = fields.String(required=True)
    text = fields.String(required=True)
    can_mute = fields.List(fields.String(), required=True)


class NoticeShape(Schema):
    """A notice. `act` asks for `action` at `href` until `by`, else `otherwise` happens.

    `title` and `body` are in the member's language, or in that of Accept-Language; `text` has all.
    A `withdrawn` one is moot: done, overtaken or over.
    """

    id = fields.String(required=True)
    at = web.When(required=True)
    level = fields.String(required=True, validate=validate.OneOf(["act", "know"]))
    state = fields.String(required=True, validate=validate.OneOf(["open", "withdrawn"]))
    locale = fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    title = fields.String(required=True)
    body = fields.String(required=True)
    text = fields.Nested(TextsShape, required=True)
    about = fields.String(required=True)
    href = fields.String(required=True)
    action = fields.String(required=True, allow_none=True)
    by = web.When(required=True, allow_none=True)
    otherwise = fields.String(required=True, allow_none=True)
    read_at = web.When(required=True, allow_none=True)
    withdrawn_at = web.When(required=True, allow_none=True)
    reminded_at = web.When(required=True, allow_none=True)
    why = fields.Nested(WhyShape, required=True)


class NoticesShape(Schema):
    """A page of notices."""

    items = fields.List(fields.Nested(NoticeShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class EventShape(Schema):
    """Something that happened; `data` are its words, without those for the other side only."""

    id = fields.String(required=True)
    type = fields.String(required=True)
    subject = fields.String(required=True)
    time = web.When(required=True)
    data = fields.Dict(keys=fields.String(), required=True)


class FeedShape(Schema):
    """Part of the feed. `next_cursor` is null when there is no more now; `after` goes on later."""

    items = fields.List(fields.Nested(EventShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    after = fields.String(required=True, allow_none=True)


def notice_words(
    notice: Notice,
    locale: str,
    names: Mapping[str, str],
    *,
    zone: ZoneInfo | None = None,
    now: datetime,
) -> dict[str, Any]:
    """Return a notice as it is shown to its member."""
    every = {name: texts.render(notice, name, names, zone) for name in LANGUAGES}
    return {
        "id": notice.id,
        "at": notice.made_at,
        "level": "act" if notice.action else "know",
        "state": "withdrawn" if notice.is_moot(now) else "open",
        "locale": locale,
        "title": every[locale].title,
        "body": every[locale].body,
        "text": {name: {"title": t.title, "body": t.body} for name, t in every.items()},
        "about": notice.about,
        "href": notice.href,
        "action": notice.action,
        "by": notice.by,
        "otherwise": notice.otherwise,
        "read_at": notice.read_at,
        "withdrawn_at": notice.withdrawn_at,
        "reminded_at": notice.reminded_at,
        "why": {
            "type": notice.type,
            "event_id": notice.event_id,
            "role": notice.role,
            "text": texts.why(notice, locale),
            "can_mute": [c for c in CHANNELS if not (c == "inbox" and notice.type in ALWAYS)],
        },
    }


def entry_words(entry: Entry, member_id: str) -> dict[str, Any]:
    """Return an event as it is shown to one of those whom it concerns."""
    return {
        "id": entry.id,
        "type": entry.type,
        "subject": entry.subject,
        "time": entry.time,
        "data": seen_by(entry, member_id),
    }
