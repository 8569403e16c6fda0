"""One letter to a mail server, by SMTP."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 10.0


def send(url: str, message: EmailMessage) -> None:
    """Hand one mail to the server; it returns when the server has taken it.

    :raises OSError: it cannot be reached, or it refused (`smtplib.SMTPException` is an OSError)
    """
    with _connected(url) as server:
        server.send_message(message)


def _connected(url: str) -> smtplib.SMTP:
    where = urlsplit(url)
    context = ssl.create_default_context()
    host = where.hostname or "localhost"
    server: smtplib.SMTP
    if where.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, where.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, where.port or 25, timeout=TIMEOUT_S)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
    if where.username:
        server.login(unquote(where.username), unquote(where.password or ""))
    return server
