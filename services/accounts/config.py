"""What the environment says of mail; nothing of it must be said.

* `SMTP_URL`   `smtp://` (STARTTLS where it is offered) or `smtps://`, with `user:password@` when it
  asks for them; empty: letters wait, and are given up when their codes would be too old
* `MAIL_FROM`   who mail is from: `Ukeoi <no-reply@example.com>`
* `APP_URL`   the site whose pages `/email-verifications/CODE` and `/password-resets/CODE` take the
  codes of letters; empty: letters show the code alone
"""

import functools
from dataclasses import dataclass
from urllib.parse import urlsplit

from environs import FileAwareEnv


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How this process sends letters."""

    smtp_url: str = ""
    mail_from: str = "Ukeoi <no-reply@localhost>"
    app_url: str = ""


@functools.cache
def here() -> Config:
    """Return what this process's environment says.

    :raises SystemExit: it says what cannot be
    """
    env = FileAwareEnv(strip_whitespace=True)
    config = Config(
        smtp_url=env.str("SMTP_URL", ""),
        mail_from=env.str("MAIL_FROM", "Ukeoi <no-reply@localhost>"),
        app_url=env.str("APP_URL", ""),
    )
    if config.smtp_url and urlsplit(config.smtp_url).scheme not in ("smtp", "smtps"):
        raise SystemExit("SMTP_URL is to be smtp://host:port or smtps://host:port")
    return config
