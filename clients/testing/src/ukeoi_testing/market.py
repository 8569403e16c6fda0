"""The marketplace that tests play on, and the parts of stories that they begin with."""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ukeoi_client import Caller, Member, Ukeoi

STATES = ("offered", "formed", "funded", "delivered", "completed")
_numbers = itertools.count(1)


def money(amount: int, currency: str = "JPY") -> dict[str, Any]:
    """Return money as the API says it."""
    return {"amount": amount, "currency": currency}


@dataclass(slots=True)
class Market:
    """A marketplace that runs; `clock_file` is the one its clock follows, where it can be moved."""

    ukeoi: Ukeoi
    clock_file: Path | None = None
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def url(self) -> str:
        """Where it is."""
        return self.ukeoi.url

    def now(self) -> datetime:
        """Return the time there."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead_s())

    def move_clock(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Let time pass for the whole marketplace.

        :raises RuntimeError: it is no test deployment, or not of this machine
        """
        if self.clock_file is None:
            raise RuntimeError("this marketplace's clock cannot be moved: see ukeoi-testing")
        by = timedelta(days=days, hours=hours, seconds=seconds)
        self.clock_file.write_text(f"{self._ahead_s() + by.total_seconds()}\n")

    def _ahead_s(self) -> float:
        if self.clock_file is None or not self.clock_file.exists():
            return 0.0
        return float(self.clock_file.read_text().strip() or 0)

    def in_days(self, days: float) -> str:
        """Return the time so many days from the marketplace's now, as the API says it."""
        at = self.now() + timedelta(days=days)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def wait_for(self, who: Caller, path: str, **wanted: object) -> dict[str, Any]:
        """Wait until a thing has these values, and return it; other services take their moment.

        :raises TimeIsUp: it had not, while patience lasted
        """
        found: dict[str, Any] = self.ukeoi.wait_until(
            f"{path} has {wanted}",
            lambda: who.get(path, soon=True),
            lambda seen: all(seen.get(name) == value for name, value in wanted.items()),
        )
        return found

    def member(
        self, name: str = "", *, locale: str = "ja", kind: str = "individual", money: int = 0
    ) -> Member:
        """Register somebody new; `money` yen are in their wallet, earned as everybody does."""
        number = next(_numbers)
        member = self.ukeoi.register(
            f"member{number}.{self.run}@example.com",
            secrets.token_urlsafe(16),
            display_name=name or f"Member {number}",
            locale=locale,
            kind=kind,
        )
        if money:
            self._earn(member, money)
        return member

    def _earn(self, member: Member, gets: int) -> None:
        self.contract(worker=member, amount=self._price_of(gets), state="completed")
        self.ukeoi.wait_until(
            f"{gets} yen are in the wallet",
            lambda: member.get_wallet().body["available"]["amount"],
            lambda available: available == gets,
        )

    def _price_of(self, gets: int) -> int:
        """Return what a contract must cost for the worker to get so much after the fee."""
        price = gets
        for _ in range(20):
            quote = self.ukeoi.anybody().get_quote(amount=price).body
            missing = gets - quote["worker"]["gets"]["amount"]
            if not missing:
                return price
            price += missing
        raise RuntimeError(f"no price lets a worker get {gets} here")

    def contract(
        self,
        *,
        client: Member | None = None,
        worker: Member | None = None,
        amount: int = 75_000,
        state: str = "funded",
    ) -> dict[str, Any]:
        """Bring a contract into this state and return it as its client sees it.

        `offered` returns the offer. Parties that are not given are new members.
        """
        if state not in STATES:
            raise ValueError(f"{state!r} is none of {STATES}")
        client, worker = client or self.member(), worker or self.member()
        offer = self._offer(client, worker, amount)
        if state == "offered":
            return dict(offer)
        id_ = worker.accept_offer(offer["id"], soon=True).body["id"]
        steps = STATES[1 : STATES.index(state) + 1]
        if "funded" in steps:
            self._fund(client, id_)
        if "delivered" in steps:
            worker.deliver(id_, 1, {"note": "完成しました。ご確認ください。"})
        if "completed" in steps:
            client.accept(id_, 1, {})
            self.wait_for(client, f"/v1/contracts/{id_}", state="completed")
        return dict(client.get_contract(id_, soon=True).body)

    def _offer(self, client: Member, worker: Member, amount: int) -> dict[str, Any]:
        words = {
            "worker_id": worker.id,
            "title": "喫茶店のホームページ",
            "scope": "5ページのホームページを作ってください。",
            "amount": money(amount),
            "deliver_by": self.in_days(21),
        }
        # The worker has just registered, perhaps: contracts hears of them in a moment.
        return dict(client.post("/v1/offers", words, soon=True).body)

    def _fund(self, client: Member, contract_id: str) -> None:
        contract = client.get_contract(contract_id, soon=True).body
        for milestone in contract["milestones"]:
            hold = f"/v1/holds/{milestone['hold_id']}"
            self.wait_for(client, hold, state="opened")
            client.post(f"{hold}/fund", {"method": "card"})
        self.wait_for(client, f"/v1/contracts/{contract_id}", state="active")
