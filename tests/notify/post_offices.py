"""Post offices: real SMTP servers (aiosmtpd) on this machine that keep what they are handed."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from deploy.dev.home import free_ports


@dataclass
class PostOffice:
    """What was handed in here; `rcpt` and `data` are answered instead of yes when they are set."""

    rcpt: str = ""
    data: str = ""
    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Any] = field(default_factory=list)
    url: str = ""

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take this recipient, or not."""
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        """Keep a mail."""
        if self.data:
            return self.data
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        self.letters.append(read)
        self.envelopes.append(envelope)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails for one address."""
        pairs = zip(self.letters, self.envelopes, strict=True)
        return [letter for letter, envelope in pairs if envelope.rcpt_tos == [address]]


@contextmanager
def post_office(**how: Any) -> Iterator[PostOffice]:
    """Run a post office."""
    office = PostOffice(**how)
    (port,) = free_ports(1)
    office.url = f"smtp://127.0.0.1:{port}"
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    """Return a mail's text of one kind: plain or html."""
    part = letter.get_body((kind,))
    assert part is not None, f"a mail without {kind}"
    return str(part.get_content())
