"""Those who call: the marketplace at one address, anybody there, and a member."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import httpx2

from ukeoi_client.calls import Calls
from ukeoi_client.problems import Conflict, Unauthenticated
from ukeoi_client.sending import PATIENCE_S, TIMEOUT_S, Answer, Sender, Words

T = TypeVar("T")


class Ukeoi:
    """The marketplace at one address; close it, or use it in a `with`.

    `patience_s` is how long passing troubles are waited for. Proxies of the environment are not
    used: give an `http` of your own where you need one.
    """

    def __init__(
        self,
        url: str,
        *,
        patience_s: float = PATIENCE_S,
        timeout_s: float = TIMEOUT_S,
        on_trouble: Callable[[str], None] = lambda _trouble: None,
        http: httpx2.Client | None = None,
    ) -> None:
        self.url = url
        chosen = http or httpx2.Client(base_url=url, timeout=timeout_s, trust_env=False)
        self.sender = Sender(chosen, patience_s, on_trouble)

    def __enter__(self) -> "Ukeoi":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.sender.http.close()

    def anybody(self) -> "Caller":
        """Return a visitor without a token."""
        return Caller(self.sender)

    def with_token(self, access_token: str) -> "Caller":
        """Return whoever this access token belongs to."""
        return Caller(self.sender, access_token)

    def log_in(self, email: str, password: str) -> "Member":
        """Log a member in.

        :raises Unauthenticated: `bad_credentials`
        """
        member = Member(self.sender, email, password)
        member.renew()
        return member

    def register(self, email: str, password: str, **facts: Any) -> "Member":
        """Make a member and log in; `facts`: display_name, locale, kind.

        Registration takes no key: when its answer was lost, the repetition says that the address is
        taken. Whether that was us shows when the password fits.

        :raises Conflict: `email_taken`
        """
        words = {"email": email, "password": password, **facts}
        try:
            self.sender.send("POST", "/v1/members", words=words)
        except Conflict as taken:
            try:
                return self.log_in(email, password)
            except Unauthenticated:
                raise taken from None
        return self.log_in(email, password)

    def wait_until(self, what: str, look: Callable[[], T], good: Callable[[T], bool]) -> T:
        """Look again and again until what is seen is good.

        :raises TimeIsUp: it was not, while patience lasted
        """
        return self.sender.wait_until(what, look, good)


class Caller(Calls):
    """Somebody at the API, with a token or without."""

    def __init__(self, sender: Sender, access_token: str = "") -> None:
        self.sender = sender
        self.access_token = access_token

    def send(
        self,
        method: str,
        path: str,
        *,
        words: Words | None = None,
        query: Words | None = None,
        headers: Mapping[str, str] | None = None,
        soon: bool = False,
    ) -> Answer[Any]:
        """Ask for anything; see `Sender.send`."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        signed = {**self._signed(), **(headers or {})}
        return self.sender.send(method, path, words=words, query=given, headers=signed, soon=soon)

    def get(self, path: str, *, soon: bool = False, **query: Any) -> Any:
        """Read something."""
        return self.send("GET", path, query=query, soon=soon).body

    def items(self, path: str, **query: Any) -> Iterator[Any]:
        """Read a list to its end, page by page, as far as it is asked for."""
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def post(
        self,
        path: str,
        words: Words | None = None,
        *,
        key: str | None = None,
        soon: bool = False,
    ) -> Answer[Any]:
        """Do something, once, however often it has to be asked."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.send("POST", path, words=words or {}, headers=headers, soon=soon)

    def patch(self, path: str, words: Words, *, if_match: str) -> Answer[Any]:
        """Change the version that `if_match` (an ETag) names.

        :raises Stale: it is another by now; or a lost answer's repetition: read again and see
        """
        return self.send("PATCH", path, words=words, headers={"If-Match": if_match})

    def put(self, path: str, words: Words, *, if_match: str = "") -> Answer[Any]:
        """Replace something; the version that `if_match` names, where there are versions.

        :raises Stale: it is another by now
        """
        headers = {"If-Match": if_match} if if_match else {}
        return self.send("PUT", path, words=words, headers=headers)

    def delete(self, path: str) -> Answer[Any]:
        """Delete something."""
        return self.send("DELETE", path)

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"} if self.access_token else {}


class Member(Caller):
    """A member who can log in again: an access token lives some minutes only."""

    def __init__(self, sender: Sender, email: str, password: str) -> None:
        super().__init__(sender)
        self.email = email
        self.password = password
        self.id = ""
        self.name = ""

    def through(self, ukeoi: Ukeoi) -> "Member":
        """Return the same member on other connections, as another thread may want."""
        same = Member(ukeoi.sender, self.email, self.password)
        same.access_token, same.id, same.name = self.access_token, self.id, self.name
        return same

    def renew(self) -> None:
        """Log in, for a fresh access token.

        :raises Unauthenticated: `bad_credentials`
        """
        words = {"email": self.email, "password": self.password}
        session = self.sender.send("POST", "/v1/sessions", words=words).body
        self.access_token = session["access_token"]
        self.id = session["member"]["id"]
        self.name = session["member"]["display_name"]

    def send(self, method: str, path: str, **how: Any) -> Answer[Any]:
        """Ask for anything; when the token has expired, log in and ask once more."""
        try:
            return super().send(method, path, **how)
        except Unauthenticated:
            if not self.access_token:
                raise
        self.renew()
        return super().send(method, path, **how)
