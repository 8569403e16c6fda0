"""Letters as they are written: text and HTML, in the language of who gets them."""

from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.accounts.config import Config
from services.accounts.domain.letter import RESET, VERIFY, Letter
from shared import mails
from shared.catalogues import Catalogues

PATHS = {VERIFY: "email-verifications", RESET: "password-resets"}
TEXTS = Catalogues(Path(__file__).parent / "locale", "accounts")
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def written(letter: Letter, token: str, how: Config, now: datetime) -> EmailMessage:
    """Return the mail of a letter; with a site's `app_url` the code is a link to it as well.

    :raises ValueError: the address cannot be written to
    """

    def say(name: str) -> str:
        return TEXTS.message(letter.locale, name)

    site = how.app_url.rstrip("/")
    said = {
        "locale": letter.locale,
        "greeting": say("greeting") % {"name": mails.line(letter.name)},
        "body": say(f"{letter.purpose}.body"),
        "not_you": say(f"{letter.purpose}.not_you"),
        "open": say("open"),
        "link": f"{site}/{PATHS[letter.purpose]}/{token}" if site else "",
        "code": token,
    }
    return mails.written(
        id=f"{letter.id}.{letter.tries}",
        sender=how.mail_from,
        name=letter.name,
        address=letter.email,
        subject=say(f"{letter.purpose}.subject"),
        text=_TEMPLATES.get_template("letter.txt").render(said),
        html=_TEMPLATES.get_template("letter.html").render(said),
        locale=letter.locale,
        now=now,
    )
