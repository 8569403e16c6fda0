"""Signed webhooks, as the Standard Webhooks convention has them.

`webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`: `v1,<base64 of HMAC-SHA256 over
"id.timestamp.body">`, several of them separated by spaces while a secret is being rotated.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

from shared.auth import Unauthenticated

TOLERANCE_S = 300


def sign(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a body."""
    message = b"%b.%d.%b" % (id_.encode(), timestamp, body)
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(
    secrets: Sequence[str], header: Callable[[str, str], str], body: bytes, *, now: datetime
) -> None:
    """Pass a body that one of these secrets has signed within the last five minutes.

    `header(name, default)` reads the request's headers.

    :raises Unauthenticated: `bad_signature`, `old_signature`
    """
    id_, stamp = header("webhook-id", ""), header("webhook-timestamp", "")
    given = header("webhook-signature", "").split()
    if not (id_ and given and stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unauthenticated("bad_signature", "the webhook is not signed")
    wanted = [sign(secret, id_, int(stamp), body) for secret in secrets]
    good = [hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given]
    if not any(good):
        raise Unauthenticated("bad_signature", "the signature does not fit")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_S:
        raise Unauthenticated("old_signature", "the webhook was signed too long ago")
