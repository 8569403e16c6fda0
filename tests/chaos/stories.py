"""The stories that run while everything is being killed, told as an outside caller tells them."""

import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ukeoi_client import Conflict, Member, NoAnswer, NotFound, Problem, TimeIsUp, Ukeoi

PASSWORD = "correct horse battery staple"
PATIENCE_S = 120.0
AMOUNTS = (1000, 30_000, 75_000, 120_001, 999_999)


def yen(amount: int) -> dict[str, Any]:
    """Return money."""
    return {"amount": amount, "currency": "JPY"}


class Unlike(Exception):
    """Something is not as the story wants it."""


@dataclass
class Told:
    """What became of the stories: what each contract or offer should be in the end."""

    contracts: dict[str, str] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)
    paid_out: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    troubles: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, where: str, id_: str, state: str) -> None:
        """Note what a thing should be in the end."""
        with self.lock:
            getattr(self, where)[id_] = state


class Teller:
    """One thread's way to tell stories: its own connections, members from a common pool."""

    def __init__(
        self,
        url: str,
        told: Told,
        clock: Callable[[], datetime],
        stranger: Member,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.told = told
        self.clock = clock
        self.api = Ukeoi(url, patience_s=patience_s, on_trouble=self._troubled)
        self.stranger = stranger.through(self.api)

    def _troubled(self, _what: str) -> None:
        with self.told.lock:
            self.told.troubles += 1

    def later(self, days: float) -> str:
        """Return a time so many days ahead."""
        at = self.clock() + timedelta(days=days)
        return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def tell(self, story: str, client: Member, worker: Member, dice: random.Random) -> None:
        """Tell one story; a failure is noted with what was expected."""
        mine, theirs = client.through(self.api), worker.through(self.api)
        try:
            STORIES[story](self, mine, theirs, dice)
        except (Problem, NoAnswer, TimeIsUp, Unlike) as wrong:
            with self.told.lock:
                self.told.failed.append(f"{story}: {wrong}"[:400])
        else:
            with self.told.lock:
                self.told.ended[story] += 1


def register(api: Ukeoi, name: str) -> Member:
    """Register somebody of the common pool."""
    email = f"{uuid.uuid4().hex}@example.com"
    return api.register(email, PASSWORD, display_name=name, locale="ja", kind="individual")


# the parts


def _offer(it: Teller, client: Member, worker: Member, dice: random.Random) -> str:
    words = {
        "worker_id": worker.id,
        "title": "紹介記事の執筆",
        "scope": "商店街の店を三軒取材し、記事にまとめてください。",
        "amount": yen(dice.choice(AMOUNTS)),
        "deliver_by": it.later(10),
    }
    return str(client.post("/v1/offers", words, soon=True).body["id"])


def _offer_by_job(it: Teller, client: Member, worker: Member, dice: random.Random) -> str:
    words = {
        "mode": "project",
        "title": "喫茶店のホームページ制作",
        "description": "町家を改装した喫茶店のホームページを作ってください。",
        "category": _leaf(it),
        "budget": {"min": yen(1000), "max": yen(1_000_000)},
        "proposals_close_at": it.later(5),
        "deadline_at": it.later(30),
        "openings": 1,
    }
    job = client.post("/v1/jobs", words, soon=True).body["id"]
    client.post(f"/v1/jobs/{job}/publish")
    proposal = {"message": "お任せください。", "amount": yen(75_000), "deliver_by": it.later(10)}
    id_ = worker.post(f"/v1/jobs/{job}/proposals", proposal, soon=True).body["id"]
    return str(client.post(f"/v1/proposals/{id_}/select").body["offer_id"])


_leaves: list[str] = []


def _leaf(it: Teller) -> str:
    if not _leaves:
        items = it.api.anybody().get("/v1/categories")["items"]
        while items[0].get("children"):
            items = items[0]["children"]
        _leaves.append(items[0]["id"])
    return _leaves[0]


def _form(it: Teller, client: Member, worker: Member, offer: str) -> tuple[str, str]:
    return _formed(it, client, _accept(worker, offer))


def _formed(it: Teller, client: Member, contract: dict[str, Any]) -> tuple[str, str]:
    _refuse_strangers(it, contract["id"])
    hold = contract["milestones"][0]["hold_id"]
    it.told.note("contracts", contract["id"], "cancelled")  # until the money is there
    it.api.wait_until(
        "the hold is opened",
        lambda: client.get(f"/v1/holds/{hold}", soon=True)["state"],
        lambda state: state == "opened",
    )
    return contract["id"], hold


def _accept(worker: Member, offer: str) -> dict[str, Any]:
    """Accept an offer, four times at once with one key: one contract."""
    key = uuid.uuid4().hex
    path = f"/v1/offers/{offer}/accept"
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(worker.post, path, key=key, soon=True) for _ in range(4)]
    answers: list[dict[str, Any]] = [one.result().body for one in asked]
    if len({a["id"] for a in answers}) != 1:
        raise Unlike(f"{path} four times at once gave {[a['id'] for a in answers]}")
    return answers[0]


def _refuse_strangers(it: Teller, contract: str) -> None:
    try:
        it.stranger.get(f"/v1/contracts/{contract}")
    except NotFound:
        return
    raise Unlike(f"a stranger can see {contract}")


def _fund(it: Teller, client: Member, contract: str, hold: str) -> None:
    client.post(f"/v1/holds/{hold}/fund", {"method": "card"})
    _wait(it, client, contract, "active")


def _wait(it: Teller, who: Member, contract: str, state: str) -> None:
    it.api.wait_until(
        f"{contract} is {state}",
        lambda: who.get(f"/v1/contracts/{contract}")["state"],
        lambda now: now == state,
    )


def _deliver(worker: Member, contract: str, key: str | None = None) -> None:
    path = f"/v1/contracts/{contract}/milestones/1/deliver"
    worker.post(path, {"note": "完成しました。"}, key=key)


# the stories


def hired(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """From a job to the money in the wallet."""
    _to_the_end(it, client, worker, _offer_by_job(it, client, worker, dice))


def hired_directly(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The same from a direct offer."""
    _to_the_end(it, client, worker, _offer(it, client, worker, dice))


def _to_the_end(it: Teller, client: Member, worker: Member, offer: str) -> None:
    _work(it, client, worker, *_form(it, client, worker, offer))


def _work(it: Teller, client: Member, worker: Member, contract: str, hold: str) -> None:
    _fund(it, client, contract, hold)
    it.told.note("contracts", contract, "completed")
    _deliver(worker, contract)
    client.post(f"/v1/contracts/{contract}/milestones/1/accept")
    _wait(it, client, contract, "completed")


def ordered(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The one place of a listing is ordered, four times at once with one key: one contract.

    Somebody else finds no place until that contract has ended, and one after.
    """
    at = f"/v1/listings/{_listing(it, worker, dice)}"
    said = {"package": "一式", "requirements": "パン屋のロゴです。"}
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.post, f"{at}/orders", said, key=key) for _ in range(4)]
    made = {one.result().body["contract_id"] for one in asked}
    if len(made) != 1:
        raise Unlike(f"one order of {at} four times at once gave {made}")
    try:
        other = it.stranger.post(f"{at}/orders", said).body
        raise Unlike(f"{at} has one place, and was ordered twice: {made} and {other}")
    except Conflict as full:
        if full.code != "no_capacity_left":
            raise
    contract = client.get(f"/v1/contracts/{made.pop()}", soon=True)
    _work(it, client, worker, *_formed(it, client, contract))
    it.api.wait_until(
        f"{at} has its place again",
        lambda: client.get(at)["orders_free"],
        lambda free: free == 1,
    )
    worker.post(f"{at}/withdraw")


def consulted(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The seller of a listing is asked first, and does not answer."""
    at = f"/v1/listings/{_listing(it, worker, dice, consult=True)}"
    said = {"package": "一式", "requirements": "パン屋のロゴです。"}
    offer = str(client.post(f"{at}/orders", said).body["offer_id"])
    it.told.note("offers", offer, "expired")
    worker.post(f"{at}/withdraw")


def _listing(it: Teller, seller: Member, dice: random.Random, *, consult: bool = False) -> str:
    price = yen(dice.choice(AMOUNTS))
    words = {
        "title": "手書き風のロゴを描きます",
        "description": "小さなお店のロゴを、手書きの温かみで。",
        "category": _leaf(it),
        "packages": [{"name": "一式", "price": price, "delivery_days": 7, "revisions": 1}],
        "capacity": 1,
        "consult": consult,
    }
    id_ = str(seller.post("/v1/listings", words, soon=True).body["id"])
    seller.post(f"/v1/listings/{id_}/publish")
    return id_


def sent_back(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """Changes are asked for once."""
    contract, hold = _form(it, client, worker, _offer(it, client, worker, dice))
    _fund(it, client, contract, hold)
    it.told.note("contracts", contract, "completed")
    key = uuid.uuid4().hex
    _deliver(worker, contract, key)
    client.post(f"/v1/contracts/{contract}/milestones/1/request-changes", {"note": "誤字です。"})
    _deliver(worker, contract, key)  # a late repetition of the first: nothing is delivered
    now = worker.get(f"/v1/contracts/{contract}")["milestones"][0]["state"]
    if now != "changes_requested":
        raise Unlike(f"the repetition of a delivery in {contract} left it {now}")
    _deliver(worker, contract)
    client.post(f"/v1/contracts/{contract}/milestones/1/accept")
    _wait(it, client, contract, "completed")


def declined(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The worker says no."""
    offer = _offer(it, client, worker, dice)
    worker.post(f"/v1/offers/{offer}/decline", soon=True)
    it.told.note("offers", offer, "declined")


def unanswered(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """Nobody answers the offer."""
    it.told.note("offers", _offer(it, client, worker, dice), "expired")


def unfunded(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The client never pays."""
    _form(it, client, worker, _offer(it, client, worker, dice))


def abandoned(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The client pays, and nobody does anything more."""
    contract, hold = _form(it, client, worker, _offer(it, client, worker, dice))
    _fund(it, client, contract, hold)


def not_inspected(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The work is delivered, and the client is silent."""
    contract, hold = _form(it, client, worker, _offer(it, client, worker, dice))
    _fund(it, client, contract, hold)
    _deliver(worker, contract)
    it.told.note("contracts", contract, "completed")


def paid_out(it: Teller, client: Member, worker: Member, dice: random.Random) -> None:
    """The worker asks for all that is in the wallet, three times at once: it is there once."""
    available = worker.get("/v1/wallet")["available"]["amount"]
    if available < 1000:
        return
    with ThreadPoolExecutor(3) as pool:
        taken = sum(pool.map(lambda _: _ask_payout(worker, available), range(3)))
    with it.told.lock:
        it.told.paid_out += taken


def _ask_payout(worker: Member, amount: int) -> bool:
    try:
        worker.post("/v1/payouts", {"amount": yen(amount)})
    except Conflict:  # another was faster
        return False
    return True


STORIES: dict[str, Callable[[Teller, Member, Member, random.Random], None]] = {
    "hired": hired,
    "hired_directly": hired_directly,
    "sent_back": sent_back,
    "declined": declined,
    "unanswered": unanswered,
    "unfunded": unfunded,
    "abandoned": abandoned,
    "not_inspected": not_inspected,
    "paid_out": paid_out,
    "ordered": ordered,
    "consulted": consulted,
}
WEIGHTS = (20, 30, 10, 5, 5, 5, 5, 10, 5, 10, 3)
