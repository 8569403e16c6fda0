"""A real mail server that keeps what it takes."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

CODE = re.compile(r"^[A-Za-z0-9_-]{43}$", re.MULTILINE)


@dataclass
class Postbox:
    """What was taken, oldest first; `refuses` lets it refuse all."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take one mail."""
        if self.refuses:
            return "451 come again later"
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 taken"

    def code(self) -> str:
        """Return the code in the last mail."""
        [found] = CODE.findall(self.body("plain"))
        return str(found)

    def body(self, kind: str) -> str:
        """Return the last mail's text of one kind: plain or html."""
        part = self.mails[-1].get_body((kind,))
        assert part is not None, f"a mail without {kind}"
        return str(part.get_content()).replace("\r\n", "\n")


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def postbox() -> Iterator[Postbox]:
    """Run a mail server on a free port."""
    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        box.url = f"smtp://127.0.0.1:{controller.port}"
        yield box
    finally:
        controller.stop()
