"""Mail by SMTP, with the standard library; accounts and notify send by it.

`smtp://` goes over to TLS where the server offers it; a password is never sent without TLS, except
to this machine.
"""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

SMTP_TIMEOUT_S = 15
LOCAL = ("localhost", "127.0.0.1", "::1")


class Later(Exception):
    """The server is away, busy, or does not know us: the same mail may pass later."""


class Refused(Exception):
    """The server will never take this mail; `is_address`: because of whom it is for."""

    def __init__(self, reason: str, *, is_address: bool = False) -> None:
        super().__init__(reason)
        self.is_address = is_address


def send(url: str, message: EmailMessage) -> None:
    """Hand a mail over; when this returns the server has taken it.

    :raises Later: or the connection was lost in the moment of its answer
    :raises Refused: for good
    """
    try:
        server = _connect(url)
    except (OSError, smtplib.SMTPException) as why:
        raise Later(_reason(why)) from why
    try:
        _hand_over(server, message)
    finally:
        # It has been taken or not: how the conversation ends changes nothing.
        with suppress(OSError, smtplib.SMTPException):
            server.quit()


def _connect(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=SMTP_TIMEOUT_S, context=context
        )
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=SMTP_TIMEOUT_S)
    try:
        _introduce(server, parts.scheme == "smtps", host, context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _introduce(server: smtplib.SMTP, is_tls: bool, host: str, context: ssl.SSLContext) -> None:
    server.ehlo()
    if not is_tls and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif not is_tls and host not in LOCAL and server.has_extn("auth"):
        # Without TLS a password could be read on the way: none is offered.
        server.esmtp_features.pop("auth", None)


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as why:
        ((code, said),) = list(why.recipients.values())[:1]
        if 500 <= code < 600:
            raise Refused(f"{code} {_text(said)}", is_address=True) from why
        raise Later(f"{code} {_text(said)}") from why
    except smtplib.SMTPResponseException as why:
        if 500 <= why.smtp_code < 600:
            raise Refused(_reason(why)) from why
        raise Later(_reason(why)) from why
    except (smtplib.SMTPNotSupportedError, UnicodeError, ValueError) as why:
        raise Refused(_reason(why), is_address=True) from why
    except (OSError, smtplib.SMTPException) as why:
        raise Later(_reason(why)) from why


def _reason(why: Exception) -> str:
    if isinstance(why, smtplib.SMTPResponseException):
        return f"{why.smtp_code} {_text(why.smtp_error)}"
    return f"{type(why).__name__}: {why}"[:200]


def _text(said: bytes | str) -> str:
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else said)[:200]
