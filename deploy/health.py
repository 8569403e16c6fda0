"""The container's health check: is the process on HEALTH_PORT ready? A slim image has no curl."""

import http
import http.client
import os
import sys

ASK_TIMEOUT_S = 3


def is_ready(port: int) -> bool:
    """Ask /readyz on this machine."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_TIMEOUT_S)
    try:
        wire.request("GET", "/readyz")
        return wire.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        wire.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(os.environ["HEALTH_PORT"])) else 1)
