"""A mail as it is handed to a server: text and HTML, with headers that no text breaks up."""

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any


class _Whole(EmailPolicy):
    """SMTP's policy, which would break up or encode an id or a link that is longer than a line."""

    def fold(self, name: str, value: Any) -> str:
        if name.lower() in WHOLE:
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


WHOLE = frozenset({"message-id", "list-unsubscribe"})
_POLICY = _Whole(linesep="\r\n", cte_type="7bit")


def written(
    *,
    id: str,
    sender: str,
    name: str,
    address: str,
    subject: str,
    text: str,
    html: str,
    locale: str,
    now: datetime,
    headers: Mapping[str, str] | None = None,
) -> EmailMessage:
    """Return a mail to `name` at `address`; `id` is what its Message-ID is made of.

    :raises ValueError: the address cannot be written to
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(display_name=line(name), addr_spec=address)
    message["Subject"] = line(subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{id}@{message['From'].addresses[0].domain}>"
    message["Auto-Submitted"] = "auto-generated"
    for header, value in (headers or {}).items():
        message[header] = value
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    # Last: what says something of the content would go into the first part of it.
    message["Content-Language"] = locale
    return message


def line(text: str) -> str:
    """Return a text as one line: a header has no line breaks."""
    return " ".join(text.split())
