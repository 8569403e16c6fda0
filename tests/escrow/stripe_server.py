"""Stripe's API as far as the adapter uses it, on this machine: the shapes are those of its answers.

It keeps what was made, and answers an idempotency key again as it did at first (also an error, once
the work had begun), as Stripe does. `fail` makes the next calls of a path go wrong.
"""

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Object = dict[str, Any]

SECRET_KEY = "sk_test_51Made0Up"
DECLINED = "pm_card_chargeDeclined"
ASKS_THE_CLIENT = "pm_card_authenticationRequired"
GOOD = "pm_card_visa"


class Refusal(Exception):
    """An error as Stripe words it."""

    def __init__(self, status: int, type_: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": type_, "message": message, **more}}

    @classmethod
    def again(cls, status: int, body: "Object") -> "Refusal":
        """Return an error that was answered before."""
        error = dict(body["error"])
        return cls(status, error.pop("type"), error.pop("message"), **error)


def _copy(answer: Object) -> Object:
    copy: Object = json.loads(json.dumps(answer))
    return copy


def invalid(message: str, code: str, **more: Any) -> Refusal:
    return Refusal(400, "invalid_request_error", message, code=code, **more)


class Stripe:
    """What is on Stripe's side."""

    def __init__(self) -> None:
        self.things: dict[str, Object] = {}
        self.asked: list[tuple[str, str, str, Object]] = []  # method, path, account, words
        self.balance = 10**9
        self.no_bank = False
        self._kept: dict[tuple[str, str], tuple[str, Object, int, Object]] = {}
        self._failures: list[tuple[str, str]] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def fail(self, path: str, how: str, times: int = 1) -> None:
        """Let the next calls of this path go wrong: `lost hangs 401 429 500`."""
        self._failures += [(path, how)] * times

    def forget_keys(self) -> None:
        """Forget idempotency keys, as Stripe may after a day."""
        self._kept.clear()

    def all(self, kind: str) -> list[Object]:
        """Return every thing of a kind that was made."""
        return [one for one in self.things.values() if one["object"] == kind]

    def paid(self, intent: Object, card: str = GOOD) -> None:
        """Let the client's browser confirm an intent."""
        self._confirm(intent, card)

    # What is answered

    def answer(self, method: str, path: str, account: str, key: str, words: Object) -> Any:
        with self._lock:
            self.asked.append((method, path, account, words))
            if method == "POST" and key:
                return self._once(path, account, key, words)
            return self._work(method, path, account, words)

    def failing(self, path: str) -> str:
        for one in self._failures:
            if path.startswith(one[0]):
                self._failures.remove(one)
                return one[1]
        return ""

    def _once(self, path: str, account: str, key: str, words: Object) -> Any:
        if known := self._kept.get((account, key)):
            if known[:2] != (path, words):
                raise Refusal(400, "idempotency_error", "Keys for idempotent requests ...")
            if known[2] != 200:
                raise Refusal.again(known[2], known[3])
            return known[3]
        try:
            answer = self._work("POST", path, account, words)
        except Refusal as refusal:
            self._kept[account, key] = (path, words, refusal.status, _copy(refusal.body))
            raise
        self._kept[account, key] = (path, words, 200, _copy(answer))
        return answer

    def _work(self, method: str, path: str, account: str, words: Object) -> Any:
        for wanted, pattern, work in ROUTES:
            if wanted == method and (found := re.fullmatch(pattern, path)):
                return work(self, account, words, *found.groups())
        raise Refusal(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path})")

    def _make(self, prefix: str, object_: str, **more: Any) -> Object:
        id_ = f"{prefix}_3Q{next(self._numbers):022}"
        made = {
            "id": id_,
            "object": object_,
            "created": int(time.time()),
            "livemode": False,
            **more,
        }
        self.things[id_] = made
        return made

    def _get(self, account: str, words: Object, id_: str) -> Object:
        found = self.things.get(id_)
        if found is None or found.get("_account", "") != account:
            raise Refusal(404, "invalid_request_error", f"No such thing: '{id_}'", param="id")
        return {name: value for name, value in found.items() if name != "_account"}

    # Charges

    def _new_intent(self, account: str, words: Object) -> Object:
        assert words["payment_method_types"] == ["card"]
        if words["amount"] < 50:
            raise invalid("Amount must be at least ¥50 jpy", "amount_too_small", param="amount")
        intent = self._make(
            "pi",
            "payment_intent",
            amount=words["amount"],
            amount_received=0,
            currency=words["currency"],
            metadata=words["metadata"],
            description=words.get("description"),
            transfer_group=words.get("transfer_group"),
            status="requires_payment_method",
            last_payment_error=None,
            payment_method_types=["card"],
        )
        intent["client_secret"] = f"{intent['id']}_secret_{'s' * 24}"
        if words.get("confirm"):
            self._confirm(intent, words["payment_method"])
            if intent["last_payment_error"]:
                error = {**intent["last_payment_error"], "payment_intent": intent}
                raise Refusal(402, error.pop("type"), error.pop("message"), **error)
        return intent

    def _confirm(self, intent: Object, card: str) -> None:
        if card == DECLINED:
            error = {
                "type": "card_error",
                "code": "card_declined",
                "decline_code": "generic_decline",
                "message": "Your card was declined.",
            }
            intent.update(status="requires_payment_method", last_payment_error=error)
        elif card == ASKS_THE_CLIENT:
            intent.update(status="requires_action", next_action={"type": "use_stripe_sdk"})
        elif card == GOOD:
            intent.update(status="succeeded", amount_received=intent["amount"])
        else:
            raise invalid(f"No such PaymentMethod: '{card}'", "resource_missing")

    def _cancel(self, account: str, words: Object, id_: str) -> Object:
        intent = self.things[id_]
        if intent["status"] in ("succeeded", "canceled", "processing"):
            code = "payment_intent_unexpected_state"
            raise invalid("You cannot cancel this PaymentIntent because ...", code)
        intent.update(status="canceled", cancellation_reason=None)
        return intent

    def _search(self, account: str, words: Object) -> Object:
        wanted = re.fullmatch(r"metadata\['ukeoi_id'\]:'(\w+)'", words["query"])
        assert wanted is not None
        found = [i for i in self.all("payment_intent") if i["metadata"]["ukeoi_id"] == wanted[1]]
        url = "/v1/payment_intents/search"
        return {"object": "search_result", "url": url, "has_more": False, "data": found}

    # Payouts

    def _new_transfer(self, account: str, words: Object) -> Object:
        if words["destination"] not in self.things:
            raise invalid("No such destination", "resource_missing", param="destination")
        if words["amount"] > self.balance:
            raise invalid("You have insufficient available funds ...", "balance_insufficient")
        self.balance -= words["amount"]
        return self._make("tr", "transfer", **words, amount_reversed=0, reversed=False)

    def _reverse(self, account: str, words: Object, id_: str) -> Object:
        transfer = self.things[id_]
        if transfer["reversed"]:
            raise invalid("Transfer is already fully reversed", "transfer_already_reversed")
        self.balance += transfer["amount"]
        transfer.update(reversed=True, amount_reversed=transfer["amount"])
        return self._make("trr", "transfer_reversal", amount=transfer["amount"], transfer=id_)

    def _new_payout(self, account: str, words: Object) -> Object:
        assert account.startswith("acct_")
        if self.no_bank:
            raise invalid("Sorry, you don't have any external accounts ...", "no_account")
        return self._make(
            "po",
            "payout",
            **words,
            status="pending",
            failure_code=None,
            failure_message=None,
            _account=account,
        )

    def _list(self, kind: str) -> Callable[..., Object]:
        def work(account: str, words: Object) -> Object:
            group = words.get("transfer_group")
            found = [
                self._get(account, {}, one["id"])
                for one in self.all(kind)
                if one.get("_account", "") == account
                and (group is None or one["transfer_group"] == group)
            ]
            return {"object": "list", "url": f"/v1/{kind}s", "has_more": False, "data": found}

        return work

    def _new_account(self, account: str, words: Object) -> Object:
        assert words["settings"]["payouts"]["schedule"] == {"interval": "manual"}
        return self._make("acct", "account", **words, payouts_enabled=False)

    def _new_link(self, account: str, words: Object) -> Object:
        url = f"https://connect.stripe.com/setup/e/{words['account']}/x"
        return {"object": "account_link", "created": 1, "expires_at": 301, "url": url}


_ID = r"(\w+)"
ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("POST", "/v1/payment_intents", Stripe._new_intent),
    ("GET", "/v1/payment_intents/search", Stripe._search),
    ("GET", f"/v1/payment_intents/{_ID}", Stripe._get),
    ("POST", f"/v1/payment_intents/{_ID}/cancel", Stripe._cancel),
    ("POST", "/v1/transfers", Stripe._new_transfer),
    ("GET", "/v1/transfers", lambda of, *words: of._list("transfer")(*words)),
    ("GET", f"/v1/transfers/{_ID}", Stripe._get),
    ("POST", f"/v1/transfers/{_ID}/reversals", Stripe._reverse),
    ("POST", "/v1/payouts", Stripe._new_payout),
    ("GET", "/v1/payouts", lambda of, *words: of._list("payout")(*words)),
    ("GET", f"/v1/payouts/{_ID}", Stripe._get),
    ("POST", "/v1/accounts", Stripe._new_account),
    ("GET", f"/v1/accounts/{_ID}", Stripe._get),
    ("POST", "/v1/account_links", Stripe._new_link),
]


def words_of(form: str) -> Object:
    """Read Stripe's forms: `metadata[ukeoi_id]=...`, `payment_method_types[0]=card`."""
    words: Object = {}
    for name, value in parse_qsl(form):
        *path, last = re.findall(r"\w+", name)
        there: Any = words
        for part in path:
            there = there.setdefault(part, {})
        there[last] = {"true": True, "false": False}.get(value, value)
    if types := words.get("payment_method_types"):
        words["payment_method_types"] = [*types.values()]
    if "amount" in words:
        assert re.fullmatch("[0-9]+", words["amount"])
        words["amount"] = int(words["amount"])
    return words


def _handler(stripe: Stripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve("GET", urlsplit(self.path).query)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._serve("POST", body.decode())

        def _serve(self, method: str, form: str) -> None:
            path, key = urlsplit(self.path).path, self.headers.get("Idempotency-Key", "")
            account = self.headers.get("Stripe-Account", "")
            assert self.headers["Authorization"] == f"Bearer {SECRET_KEY}"
            how = stripe.failing(path)
            if how.isdigit():
                self._say(int(how), {"error": {"type": "api_error", "message": "on demand"}})
                return
            status, answer = 200, {}
            try:
                answer = stripe.answer(method, path, account, key, words_of(form))
            except Refusal as refusal:
                status, answer = refusal.status, refusal.body
            if how == "hangs":
                time.sleep(1)
            if how in ("lost", "hangs"):
                self.close_connection = True
                return
            self._say(status, answer)

        def _say(self, status: int, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Request-Id", "req_made_up")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving() -> Iterator[tuple[Stripe, str]]:
    """Serve on a free port; return what is on Stripe's side, and the address."""
    stripe = Stripe()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stripe))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stripe, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
