"""What the environment says of mail and webhooks; nothing of it must be said.

* `SMTP_URL`   `smtp://` (STARTTLS where it is offered) or `smtps://`, with `user:password@` when it
  asks for them; empty: no mail is sent, and none is kept to be sent
* `MAIL_FROM`   who mail is from: `Ukeoi <no-reply@example.com>`
* `MAIL_BOUNCE_SECRETS`   who reports bounces signs with one of these, `whsec_...`, by commas
* `WEBHOOK_LOOPBACK=1`   webhooks may go to this machine, by http too; only in a test deployment
"""

import functools
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from environs import FileAwareEnv


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How this process reaches the outside, and is reached (`public_url`)."""

    smtp_url: str = ""
    mail_from: str = "Ukeoi <no-reply@localhost>"
    public_url: str = "http://127.0.0.1:8080"
    bounce_secrets: tuple[str, ...] = ()
    webhook_loopback: bool = False


@functools.cache
def here() -> Config:
    """Return what this process's environment says.

    :raises SystemExit: it says what cannot be, or what only a test deployment may
    """
    env = FileAwareEnv(strip_whitespace=True)
    config = Config(
        smtp_url=env.str("SMTP_URL", ""),
        mail_from=env.str("MAIL_FROM", "Ukeoi <no-reply@localhost>"),
        public_url=env.str("PUBLIC_URL", "http://127.0.0.1:8080").rstrip("/"),
        bounce_secrets=tuple(env.list("MAIL_BOUNCE_SECRETS", [])),
        webhook_loopback=env.bool("WEBHOOK_LOOPBACK", False),
    )
    if config.webhook_loopback and os.environ.get("UKEOI_TEST_DEPLOYMENT") != "1":
        raise SystemExit("WEBHOOK_LOOPBACK opens this machine: only for UKEOI_TEST_DEPLOYMENT=1")
    if config.smtp_url and urlsplit(config.smtp_url).scheme not in ("smtp", "smtps"):
        raise SystemExit("SMTP_URL is to be smtp://host:port or smtps://host:port")
    return config
