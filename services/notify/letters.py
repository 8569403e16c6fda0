"""Mails as they are written: text and HTML, in the language of who gets them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notify import texts
from services.notify.domain.mail import Mail
from services.notify.domain.notice import Notice
from shared import mails

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who gets a mail, and how they read; `names` are those of the others in it."""

    name: str
    address: str
    locale: str
    zone: ZoneInfo | None
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Who it is from, and where the links lead."""

    sender: str
    url: str


def of_notice(mail: Mail, notice: Notice, to: Reader, house: House, now: datetime) -> EmailMessage:
    """Return the mail of a notice, or of a reminder of it.

    :raises ValueError: the address cannot be written to
    """
    text = texts.render(notice, to.locale, to.names, to.zone)
    subject = text.title
    if mail.kind == "reminder":
        subject = texts.message(to.locale, "letter.reminder") % {"title": text.title}
    words = {
        "intro": "",
        "parts": [{"heading": "", "items": [_item(notice, to, house)]}],
        "why": texts.why(notice, to.locale),
    }
    return _written(mail, subject, words, to, house, now)


def of_digest(
    mail: Mail,
    acts: Sequence[Notice],
    news: Sequence[Notice],
    to: Reader,
    house: House,
    now: datetime,
) -> EmailMessage:
    """Return a digest: what is to be done first, then what is new.

    :raises ValueError: the address cannot be written to
    """

    def say(name: str) -> str:
        return texts.message(to.locale, name)

    why = "letter.digest.why" if mail.only is None else "letter.collected.why"
    subject = "letter.digest.subject" if mail.only is None else "letter.collected.subject"
    counts = {"acts": len(acts), "news": len(news)}
    parts = [
        {"heading": say(heading), "items": [_item(notice, to, house) for notice in notices]}
        for heading, notices in (("letter.digest.acts", acts), ("letter.digest.news", news))
        if notices
    ]
    words = {"intro": "", "parts": parts, "why": say(why)}
    return _written(mail, say(subject) % counts, words, to, house, now)


def _item(notice: Notice, to: Reader, house: House) -> dict[str, str]:
    text = texts.render(notice, to.locale, to.names, to.zone)
    return {"title": text.title, "body": text.body, "link": house.url + notice.href}


def _written(
    mail: Mail, subject: str, words: Mapping[str, Any], to: Reader, house: House, now: datetime
) -> EmailMessage:
    headers, unsubscribe = {}, ""
    if mail.can_be_unsubscribed:
        unsubscribe = f"{house.url}/v1/unsubscribe/{mail.token}"
        headers["List-Unsubscribe"] = f"<{unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    said = {
        **words,
        "locale": to.locale,
        "greeting": texts.message(to.locale, "letter.greeting") % {"name": mails.line(to.name)},
        "unsubscribe": unsubscribe,
        "t": lambda name: texts.message(to.locale, name),
    }
    return mails.written(
        id=mail.id,
        sender=house.sender,
        name=to.name,
        address=to.address,
        subject=subject,
        text=_TEMPLATES.get_template("mail.txt").render(said),
        html=_TEMPLATES.get_template("mail.html").render(said),
        locale=to.locale,
        now=now,
        headers=headers,
    )


def unsubscribe_page(locale: str, *, done: bool) -> str:
    """Return the page that an unsubscribe link leads to."""
    page = _TEMPLATES.get_template("unsubscribe.html")
    return page.render(locale=locale, done=done, t=lambda name: texts.message(locale, name))
