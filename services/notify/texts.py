"""Notices in the reader's language, from the gettext catalogues under `locale/`.

A message is named, not worded, in the code: `offer.sent.worker.title`. Money and dates are written
as the language writes them: 75,000円 and 2026年12月7日(月) 9:00 in Japan's time, ¥75,000 and
Dec 7, 2026, 12:00 AM UTC in English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from services.notify.domain.notice import Notice
from shared import catalogues
from shared.money import CURRENCIES, Money

TOKYO = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True, slots=True)
class Text:
    """What a person reads."""

    title: str
    body: str


_CATALOGUES = catalogues.Catalogues(Path(__file__).parent / "locale", "notify")
names = _CATALOGUES.names
message = _CATALOGUES.message


def render(
    notice: Notice, locale: str, names: Mapping[str, str], zone: ZoneInfo | None = None
) -> Text:
    """Return a notice's text; `names` are the display names by member id, as far as known.

    Times are those of `zone`, or of the language when the member has named none.
    """
    words = _words(notice, locale, names, zone)
    return Text(
        title=message(locale, f"{notice.text}.title") % words,
        body=message(locale, f"{notice.text}.body") % words,
    )


def why(notice: Notice, locale: str) -> str:
    """Return the sentence that says why this person is told."""
    words = {name: notice.words.get(name, "") for name in ("title", "name")}
    own = f"why.{notice.text}"
    said = message(locale, own)
    return (_one_of(locale, "why", notice.role) if said == own else said) % words


def _words(
    notice: Notice, locale: str, names: Mapping[str, str], zone: ZoneInfo | None
) -> dict[str, str]:
    words = {name: _plain(value, locale) for name, value in notice.words.items()}
    words["other"] = _called(names.get(notice.other_id or ""), locale)
    until = moment(notice.by, locale, zone) if notice.by else ""
    words["by"] = until or message(locale, "no_deadline")
    words["do"] = _one_of(locale, "do", notice.action)
    words["otherwise"] = _one_of(locale, "otherwise", notice.otherwise)
    return words


def _called(name: str | None, locale: str) -> str:
    """Return a person's name as one addresses them; a member not heard of yet has none."""
    if name is None:
        return message(locale, "somebody")
    return message(locale, "called") % {"name": name}


def _plain(value: Any, locale: str) -> str:
    if isinstance(value, Mapping):
        return money(Money.of(value), locale)
    if isinstance(value, int):
        return format_decimal(value, locale=locale)
    return str(value)


def _one_of(locale: str, family: str, name: str | None) -> str:
    """Return `family.name`, or `family.other` for a name that has no message of its own."""
    found = message(locale, f"{family}.{name}")
    return message(locale, f"{family}.other") if found == f"{family}.{name}" else found


def money(amount: Money, locale: str) -> str:
    """Write an amount as the language writes it."""
    if locale == "ja" and amount.currency == "JPY":
        return f"{format_decimal(amount.amount, locale=locale)}円"
    major = Decimal(amount.amount).scaleb(-CURRENCIES[amount.currency])
    return format_currency(major, amount.currency, locale=locale)


def moment(at: datetime, locale: str, zone: ZoneInfo | None = None) -> str:
    """Write a time as the language writes it, in the zone that its readers live by."""
    if locale == "ja":
        there = at.astimezone(zone or TOKYO)
        date = format_date(there, "y年M月d日(E)", locale=locale)
        return f"{date} {there.hour}:{there.minute:02}"
    if zone is None:
        return format_datetime(at.astimezone(UTC), "MMM d, y, h:mm a 'UTC'", locale=locale)
    return format_datetime(at, "MMM d, y, h:mm a ZZZZ", tzinfo=zone, locale=locale)
