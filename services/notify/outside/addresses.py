"""Where a webhook may go: to public addresses by https, and nowhere else.

Checked when it is registered and again at each delivery: a name is resolved once, every address of
it must be public, and the connection goes to the address that was checked.
"""

import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

RESOLVE_TIMEOUT_S = 5
HTTPS_PORT = 443
UNICAST_V6 = ipaddress.ip_network("2000::/3")
_PLAIN = re.compile(r"[!-\[\]-~]+")  # printable ASCII without a backslash
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?|[0-9a-f:.]+", re.IGNORECASE)

_resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")


class NotThere(Exception):
    """This address is not one that we go to; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """A checked place: `address` is what to connect to, `host` whose certificate is wanted."""

    host: str
    port: int
    path: str
    address: str
    is_tls: bool


def target(url: str, *, loopback: bool) -> Target:
    """Return where a URL leads; `loopback` allows this machine, by http too (for tests).

    :raises NotThere: `not_https`, `bad_url`, `unresolved` or `not_public`
    """
    parts = _split(url)
    host, port = _host_and_port(parts, loopback=loopback)
    found = _resolve(host, port)
    if loopback and all(ipaddress.ip_address(a).is_loopback for a in found):
        return Target(host, port, _path(parts), found[0], parts.scheme == "https")
    if parts.scheme != "https" or port != HTTPS_PORT:
        raise NotThere("not_https", "webhooks go by https, on its own port")
    if not all(is_public(address) for address in found):
        raise NotThere("not_public", "webhooks go to public addresses only")
    return Target(host, port, _path(parts), found[0], True)


def _split(url: str) -> SplitResult:
    if not _PLAIN.fullmatch(url):
        raise NotThere("bad_url", "this is not a web address")
    try:
        return urlsplit(url)
    except ValueError as wrong:
        raise NotThere("bad_url", "this is not a web address") from wrong


def _host_and_port(parts: SplitResult, *, loopback: bool) -> tuple[str, int]:
    schemes = {"https": HTTPS_PORT} | ({"http": 80} if loopback else {})
    if parts.scheme not in schemes:
        raise NotThere("not_https", "webhooks go by https")
    try:
        host, port = parts.hostname, parts.port or schemes[parts.scheme]
    except ValueError as wrong:
        raise NotThere("bad_url", "this is not a web address") from wrong
    if "@" in parts.netloc or not host or not _HOST.fullmatch(host):
        raise NotThere("bad_url", "an address has a host, and no user in it")
    if port != HTTPS_PORT and not loopback:
        raise NotThere("not_https", "webhooks go by https, on its own port")
    return host, port


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a host, IPv4 first."""
    asked = _resolvers.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = asked.result(timeout=RESOLVE_TIMEOUT_S)
    except (OSError, UnicodeError, Late) as wrong:
        raise NotThere("unresolved", "this host cannot be found") from wrong
    ordered = sorted(found, key=lambda one: one[0] != socket.AF_INET)
    addresses = [str(one[4][0]).partition("%")[0] for one in ordered]
    if not addresses:
        raise NotThere("unresolved", "this host cannot be found")
    return addresses


def is_public(address: str) -> bool:
    """Say whether an address is one of the public internet, also when it wraps another one."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip not in UNICAST_V6 or ip.sixtofour or ip.teredo:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
