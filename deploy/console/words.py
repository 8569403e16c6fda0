"""How the console says things: its texts in two languages, money, times, ids."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from babel.numbers import format_currency

from shared.languages import LANGUAGES
from shared.money import AMOUNT_MAX, CURRENCIES

LOCALE, NAME = "console_lang", "lang"
FILE = Path(__file__).with_name("texts.toml")
MINUTE, HOUR, DAY = 60, 3_600, 86_400
ID_SHOWN = 13


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return every text by its name and its language."""
    found: dict[str, dict[str, str]] = tomllib.loads(FILE.read_text())
    return found


class Teller:
    """Says things in one language; templates call it `t`."""

    def __init__(self, locale: str) -> None:
        self.locale = locale

    def __call__(self, name: str, **words: Any) -> str:
        """Return a text by its name; a test holds that it is there."""
        return texts()[name][self.locale].format(**words)

    def known(self, group: str, word: str) -> str:
        """Return the text for a word that a service has said, or the word itself."""
        found = texts().get(f"{group}_{word}")
        return found[self.locale] if found else word

    def money(self, words: Mapping[str, Any] | None) -> str:
        """Return an amount as the language writes it; nothing for none."""
        return self.amount(words["amount"], words["currency"]) if words else ""

    def amount(self, minor: int, currency: str) -> str:
        """Return minor units as the language writes them."""
        value = Decimal(minor).scaleb(-CURRENCIES.get(currency, 0))
        return format_currency(value, currency, locale=self.locale)

    def seconds(self, value: float | None) -> str:
        """Return a time that something takes: 0.4 s, 3 min, 5 h, 2 days."""
        if value is None:
            return "–"
        for unit, size in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
            if value >= 2 * size:
                return self(unit, n=round(value / size))
        return self("seconds", n=round(value, 1))


def when(text: str | None) -> str:
    """Return a time to the minute, in UTC."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def short(id_: str) -> str:
    """Return an id by which a person tells things apart."""
    return id_ if len(id_) <= ID_SHOWN else f"{id_[:4]}…{id_[-6:]}"


def minor_units(text: str, currency: str) -> int | None:
    """Return what a person types (`12,500`, `10.50`) in minor units; None: it is no amount."""
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    if not value.is_finite() or not 0 <= value <= AMOUNT_MAX:
        return None
    minor = value.scaleb(CURRENCIES.get(currency, 0))
    return int(minor) if minor == minor.to_integral_value() else None


def locale_of(asked: str, kept: str, accepted: str | None) -> str:
    """Return the language to speak: the one asked for, else the one kept, else the browser's."""
    found = next((one for one in (asked, kept, accepted) if one in LANGUAGES), None)
    return found or LANGUAGES[0]
