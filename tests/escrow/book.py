"""The ledger against a plain dict: `python -m tests.escrow.book --operations 100000`.

The book here is kept as a child would keep it, with sums of its own: account -> minor units. The
operations go through what the service itself does about events, webhooks and requests, many at once
as its worker has them; after every so many the whole journal is summed up by account and compared.
"""

import argparse
import logging
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from services.escrow import audit, hearing, incoming, journal, ledger, proof
from services.escrow.domain import chargeback, funding, payout
from services.escrow.ledger import Wish
from services.escrow.records import CHARGEBACKS, HOLDS, KINDS, PAYOUTS
from shared import clock, ids
from shared.errors import Conflict, Refused
from shared.events import Event
from shared.money import Money
from shared.store import Store, connect, ensure_indexes
from tests import backends
from tests.escrow.builders import RICH, a_step, an_event, formed, submitted, yen

MEMBERS = [ids.derived("mem", str(n)) for n in range(6)]
SANDBOX = "sandbox"
MODES = ("project", "task", "competition")


def worker_fees(amount: int) -> dict[str, int]:
    """Work out what RICH takes of a worker: 20 / 10 / 5 % by part, at least 50, 10 % tax on it."""
    fee = min(amount, 100_000) // 5
    fee += max(min(amount, 200_000) - 100_000, 0) // 10
    fee += max(amount - 200_000, 0) // 20
    fee = max(fee, 50)
    tax = fee // 10
    fee = min(fee, amount)
    return {"fees": fee, "tax:consumption": min(tax, amount - fee)}


def client_fees(amount: int) -> dict[str, int]:
    """Work out what RICH takes of a client: 5 %, and an eleventh of it as tax."""
    fee = amount // 20
    return {"fees": fee, "tax:consumption": fee // 11}


@dataclass
class Line:
    """A hold as the book has it: `left` of `amount`, `fee` what of the client's fee is in it."""

    id: str
    client: str
    worker: str
    amount: int
    whole: dict[str, int]
    words: dict[str, Any]
    state: str = "opened"
    slots: int = 0
    charge: str = ""
    left: int = 0
    fee: dict[str, int] = field(default_factory=dict)
    tip: bool = False

    def __post_init__(self) -> None:
        self.left, self.fee = self.amount, dict(self.whole)

    @property
    def pays(self) -> int:
        """Return what the client pays."""
        return self.amount + sum(self.whole.values())


class Book:
    """All accounts, and the things whose money they are."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.accounts: Counter[str] = Counter()
        self.holds: dict[str, Line] = {}
        self.payouts: dict[str, tuple[str, int, str]] = {}
        self.strays: dict[str, int] = {}
        self.owed: dict[str, tuple[Line, str]] = {}
        self.count = 0

    # Plain sums

    def move(self, source: str, target: str, amount: int) -> None:
        """Move money from one account to another."""
        self.accounts[source] -= amount
        self.accounts[target] += amount

    def _pay(self, of: Line, worker: str, amount: int) -> None:
        fees = worker_fees(amount) if amount else {}
        for account, fee in fees.items():
            self.move(f"hold:{of.id}", account, fee)
        self.move(f"hold:{of.id}", f"wallet:{worker}", amount - sum(fees.values()))

    def _part(self, of: Line, worker: str, paid: int, back: int) -> None:
        """Take a part out of a hold; the client's fee goes along, the last part takes the rest."""
        of.left -= paid + back
        self._pay(of, worker, paid)
        returned = {a: fee * back // of.amount for a, fee in of.whole.items()}
        kept = {a: fee * paid // of.amount for a, fee in of.whole.items()}
        if not of.left and not paid:
            returned, kept = dict(of.fee), {}
        elif not of.left:
            kept = {a: fee - returned[a] for a, fee in of.fee.items()}
        for account, fee in kept.items():
            self.move(f"hold:{of.id}", account, fee)
        self.move(f"hold:{of.id}", f"wallet:{of.client}", back + sum(returned.values()))
        of.fee = {a: fee - returned.get(a, 0) - kept.get(a, 0) for a, fee in of.fee.items()}
        of.state = "funded" if of.left else "over"

    def _fund(self, of: Line, source: str) -> None:
        self.move(source, f"hold:{of.id}", of.pays)
        of.state = "funded"
        if of.tip:
            self._part(of, of.worker, of.amount, 0)

    # What happens, many at once

    def do(self, what: str, picks: Sequence[tuple[int, int]]) -> None:
        """Do one thing to several of what is there; `picks`: which, and for how much."""
        OPERATIONS[what](self, picks)

    def _some(self, picks: Sequence[tuple[int, int]], *states: str, **how: Any) -> list[Line]:
        """Return different holds that are in one of these states."""
        there = [of for of in self.holds.values() if of.state in states and _is(of, **how)]
        found = {there[n % len(there)].id: there[n % len(there)] for n, _ in picks if there}
        return [*found.values()]

    def _hear(self, hear: Callable[..., None], events: Sequence[Event], **words: Any) -> None:
        self.count += len(events)
        if events:
            hear(self.store, events, clock.now(), **words)

    def contracts(self, picks: Sequence[tuple[int, int]]) -> None:
        """Open holds of contracts."""
        events = []
        for n, amount in picks:
            client, worker = _two(n)
            said = formed(amount, client_id=client, worker_id=worker)
            events.append(an_event("contract.formed", said))
            self._opened(said["milestones"][0]["hold_id"], client, worker, amount, said)
        self._hear(hearing.open_holds, events, schedule=RICH)

    def _opened(self, id_: str, client: str, worker: str, amount: int, said: Any) -> Line:
        self.holds[id_] = Line(id_, client, worker, amount, client_fees(amount), said)
        return self.holds[id_]

    def tasks(self, picks: Sequence[tuple[int, int]]) -> None:
        """Open holds of tasks: each slot is quoted by itself."""
        events = []
        for n, amount in picks:
            client, worker = _two(n)
            slots, reward = 2 + n % 4, 1 + amount % 5_000
            said = submitted(reward=reward, slots=slots, client_id=client)
            events.append(an_event("job.submitted_for_funding", said))
            of = self._opened(said["hold_id"], client, worker, reward * slots, said)
            of.slots, of.whole = slots, {a: f * slots for a, f in client_fees(reward).items()}
            of.fee = dict(of.whole)
        self._hear(hearing.open_more, events, schedule=RICH, modes=MODES)

    def tips(self, picks: Sequence[tuple[int, int]]) -> None:
        """Give tips: from the wallet at once, where it holds that much."""
        events = []
        for n, amount in picks:
            client, worker = _two(n)
            said = a_step("tip.given", 1 + amount % 3_000, client_id=client, worker_id=worker)
            events.append(an_event("tip.given", said))
            of = self._opened(said["hold_id"], client, worker, said["amount"]["amount"], said)
            of.tip = True
            if self.accounts[f"wallet:{client}"] >= of.pays:
                self._fund(of, f"wallet:{client}")
        self._hear(hearing.open_more, events, schedule=RICH, modes=MODES)

    def cards(self, picks: Sequence[tuple[int, int]]) -> None:
        """Fund by card."""
        wishes = []
        for of in self._some(picks, "opened"):
            of.charge = ids.new("chg")
            words: dict[str, Any] = {"charge_id": of.charge, "provider": SANDBOX}
            self.store.change(HOLDS, of.id, funding.charge, by=of.client, now=clock.now(), **words)
            wishes.append(Wish(id=of.id, rule=funding.confirmed, words={"charge_id": of.charge}))
            self._fund(of, f"provider:{SANDBOX}")
        self._grant(HOLDS, wishes)

    def wallets(self, picks: Sequence[tuple[int, int]]) -> None:
        """Fund from the wallet; what it does not hold is refused, and nothing moves."""
        for of in self._some(picks, "opened"):
            wish = Wish(id=of.id, rule=funding.from_wallet, words={"by": of.client})
            if self.accounts[f"wallet:{of.client}"] >= of.pays:
                self._fund(of, f"wallet:{of.client}")
                self._grant(HOLDS, [wish])
            else:
                self._refused("insufficient_funds", HOLDS, wish)

    def accept(self, picks: Sequence[tuple[int, int]]) -> None:
        """Accept deliveries, some of them in part."""
        events = []
        for of in self._some(picks, "funded", slots=0):
            part = of.amount if picks[0][0] % 3 else picks[0][1] % (of.amount + 1)
            events.append(an_event("delivery.accepted", _step(of, amount=yen(part), by="client")))
            self._part(of, of.worker, part, of.amount - part)
        self._hear(hearing.accept_deliveries, events)

    def divide(self, picks: Sequence[tuple[int, int]]) -> None:
        """Divide what is disputed."""
        events = []
        for of in self._some(picks, "funded", slots=0):
            part = picks[0][1] % (of.amount + 1)
            said = {"worker_gets": yen(part), "client_gets": yen(of.amount - part)}
            said |= {"dispute_id": ids.new("dsp"), "proposal": 1, "accepted_by": of.client}
            events.append(an_event("dispute.settled", _step(of, **said)))
            self._part(of, of.worker, part, of.amount - part)
        self._hear(hearing.divide_disputed, events)

    def cancel(self, picks: Sequence[tuple[int, int]]) -> None:
        """Cancel contracts, funded or not."""
        events = []
        for of in self._some(picks, "opened", "funded", slots=0):
            said = {"reason": "x", "hold_ids": [of.id], "offer_id": ids.new("off")}
            events.append(an_event("contract.cancelled", {**of.words, **said}))
            if of.state == "funded":
                self._part(of, of.worker, 0, of.left)
            of.state = "over"
        self._hear(hearing.end_contracts, events)

    def parts(self, picks: Sequence[tuple[int, int]]) -> None:
        """Approve slots, or close them; each event is heard twice."""
        events = []
        for of in self._some(picks, "funded", slots=1):
            reward, approved = of.amount // of.slots, picks[0][0] % 3
            said = {
                "assignment_id": ids.new("asg"),
                "worker_id": of.worker,
                "amount": yen(reward),
                "hold_id": of.id,
                **{name: of.words[name] for name in ("job_id", "client_id", "title")},
            }
            type_ = "assignment.approved" if approved else "slot.closed"
            events += [an_event(type_, said)] * 2
            self._part(of, of.worker, reward if approved else 0, 0 if approved else reward)
        self._hear(hearing.settle_parts, events)

    def end_jobs(self, picks: Sequence[tuple[int, int]]) -> None:
        """Cancel jobs: what is left goes back."""
        events = []
        for of in self._some(picks, "opened", "funded", slots=1):
            events.append(an_event("job.cancelled", {**of.words, "reason": "x"}))
            if of.state == "funded":
                self._part(of, of.worker, 0, of.left)
            of.state = "over"
        self._hear(hearing.end_jobs, events)

    def transfers(self, picks: Sequence[tuple[int, int]]) -> None:
        """Pay into the virtual account of a hold: enough, too much or too little."""
        for of in self._some(picks, "opened"):
            number = secrets.token_hex(7)
            words: dict[str, Any] = {"by": of.client, "provider": SANDBOX, "number": number}
            self.store.change(HOLDS, of.id, funding.await_transfer, now=clock.now(), **words)
            amount = of.pays + picks[0][0] % 3 - 1
            told = {"id_": secrets.token_hex(8), "reference": number, "amount": Money(amount)}
            if amount > 0:
                for _ in range(2):
                    incoming.deposit_received(self.store, SANDBOX, **told, now=clock.now())  # type: ignore[arg-type]
                self.count += 1
                self.move(f"provider:{SANDBOX}", f"wallet:{of.client}", amount)
                if self.accounts[f"wallet:{of.client}"] >= of.pays:
                    self._fund(of, f"wallet:{of.client}")

    def stray(self, picks: Sequence[tuple[int, int]]) -> None:
        """Pay in what belongs to nobody that is known."""
        for _, amount in picks[:3]:
            told: dict[str, Any] = {"id_": secrets.token_hex(8), "reference": "?"}
            told |= {"amount": Money(amount), "now": clock.now()}
            incoming.deposit_received(self.store, SANDBOX, **told)
            id_ = ids.derived("dep", SANDBOX, told["id_"])
            self.strays[id_] = amount
            self.move(f"provider:{SANDBOX}", f"suspense:{id_}", amount)
            self.count += 1

    def match(self, picks: Sequence[tuple[int, int]]) -> None:
        """Let an operator say whose it is."""
        for n, _ in picks[:3]:
            if not self.strays:
                return
            id_, member = [*self.strays][n % len(self.strays)], MEMBERS[n % len(MEMBERS)]
            self.move(f"suspense:{id_}", f"wallet:{member}", self.strays.pop(id_))
            words: dict[str, Any] = {"hold_id": None, "member_id": member, "once": None}
            incoming.match_deposit(self.store, id_, **words, now=clock.now())
            self.count += 1

    def charge_back(self, picks: Sequence[tuple[int, int]]) -> None:
        """Take card payments back: from the wallet, or it is owed."""
        for of in self._some(picks, "funded", "over", charged=True)[:3]:
            words: dict[str, Any] = {"charge_id": of.charge, "amount": Money(of.pays)}
            for _ in range(2):
                incoming.charged_back(self.store, SANDBOX, **words, reason="x", now=clock.now())
            id_, of.charge = ids.derived("cbk", of.charge), ""
            account = f"receivable:{of.client}:{id_}"
            self.move(account, f"provider:{SANDBOX}", of.pays)
            state = "owed"
            if self.accounts[f"wallet:{of.client}"] >= of.pays:
                self.move(f"wallet:{of.client}", account, of.pays)
                state = "recovered"
            self.owed[words["charge_id"]] = (of, state)
            self.count += 1

    def resolve(self, picks: Sequence[tuple[int, int]]) -> None:
        """Recover what is owed, write it off, or hear that the bank gave it back."""
        for n, _ in picks[:3]:
            if not self.owed:
                return
            charge_id = [*self.owed][n % len(self.owed)]
            of, state = self.owed[charge_id]
            id_, home = ids.derived("cbk", charge_id), f"wallet:{of.client}"
            account = f"receivable:{of.client}:{id_}"
            where = {"owed": account, "recovered": home, "written_off": "losses"}
            self.count += 1
            if n % 3 == 0:
                incoming.chargeback_reversed(self.store, charge_id=charge_id, now=clock.now())
                self.move(f"provider:{SANDBOX}", where[state], of.pays)
                del self.owed[charge_id]
            elif state == "owed" and n % 3 == 1:
                ledger.change(self.store, CHARGEBACKS, id_, chargeback.write_off, now=clock.now())
                self.move("losses", account, of.pays)
                self.owed[charge_id] = (of, "written_off")
            elif state == "owed":
                incoming.recover(self.store, self.store.get(CHARGEBACKS, id_))
                if self.accounts[home] >= of.pays:
                    self.move(home, account, of.pays)
                    self.owed[charge_id] = (of, "recovered")

    def ask_payouts(self, picks: Sequence[tuple[int, int]]) -> None:
        """Ask for payouts, also for more than there is."""
        for n, amount in picks[:5]:
            member = MEMBERS[n % len(MEMBERS)]
            decision = payout.request(
                ids.new("pay"),
                by=member,
                amount=Money(amount),
                provider=SANDBOX,
                minimum={"JPY": 1},
                now=clock.now(),
            )
            self.count += 1
            try:
                asked = ledger.create(self.store, PAYOUTS, decision, now=clock.now()).thing
            except Conflict as why:
                assert why.code == "insufficient_funds"  # noqa: PT017
                assert self.accounts[f"wallet:{member}"] < amount
                continue
            assert self.accounts[f"wallet:{member}"] >= amount
            self.move(f"wallet:{member}", f"payout:{asked.id}", amount)
            self.payouts[asked.id] = (member, amount, "requested")

    def settle_payouts(self, picks: Sequence[tuple[int, int]]) -> None:
        """Hear that payouts were paid, failed, or came back after they were paid."""
        wishes, there = [], [*self.payouts]
        for id_ in {there[n % len(there)] for n, _ in picks if there}:
            member, amount, state = self.payouts[id_]
            home = f"wallet:{member}"
            if state == "paid":
                self.move(f"provider:{SANDBOX}", home, amount)
                wishes.append(Wish(id=id_, rule=payout.failed, words={"reason": "returned"}))
                del self.payouts[id_]
            elif picks[0][0] % 2:
                self.move(f"payout:{id_}", f"provider:{SANDBOX}", amount)
                wishes.append(Wish(id=id_, rule=payout.paid))
                self.payouts[id_] = (member, amount, "paid")
            else:
                self.move(f"payout:{id_}", home, amount)
                wishes.append(Wish(id=id_, rule=payout.failed, words={"reason": "no account"}))
                del self.payouts[id_]
        self._grant(PAYOUTS, wishes)

    def _grant(self, kind: Any, wishes: Sequence[Wish]) -> None:
        self.count += len(wishes)
        ledger.change_many(self.store, kind, wishes, now=clock.now())

    def _refused(self, code: str, kind: Any, wish: Wish) -> None:
        self.count += 1
        before = self.store.load(kind, wish.id).doc
        refused = ""
        with suppress(Refused):
            try:
                ledger.change_many(self.store, kind, [wish], now=clock.now())
            except Refused as why:
                refused = why.code
                raise
        assert refused == code, f"{wish.id}: {refused or 'granted'}, not {code}"
        assert self.store.load(kind, wish.id).doc == before

    # The comparison

    def differences(self) -> list[str]:
        """Return where the ledger and the book differ, account by account, and what audit finds."""
        steps: list[Any] = [
            {"$unwind": "$lines"},
            {"$group": {"_id": "$lines.account", "amount": {"$sum": "$lines.amount"}}},
        ]
        theirs = {
            one["_id"]: one["amount"] for one in self.store.db[journal.ENTRIES].aggregate(steps)
        }
        found = [
            f"{account}: {theirs.get(account, 0)} in the ledger, {self.accounts[account]} here"
            for account in sorted(theirs.keys() | self.accounts.keys())
            if theirs.get(account, 0) != self.accounts[account]
        ]
        found += audit.check(self.store.db)
        below = [a for a, amount in self.accounts.items() if amount < 0 and a.startswith("wallet:")]
        found += [f"{account} is below zero" for account in below]
        total = proof.proof(self.store.db)["currencies"]["JPY"]["total"]
        return found + ([f"all together come to {total}"] if total else [])


def _is(of: Line, *, slots: int | None = None, charged: bool = False) -> bool:
    return (slots is None or bool(of.slots) == bool(slots)) and (not charged or bool(of.charge))


def _two(n: int) -> tuple[str, str]:
    """Return two different members."""
    return MEMBERS[n % len(MEMBERS)], MEMBERS[(n + 1 + n // 6 % 4) % len(MEMBERS)]


def _step(of: Line, **words: Any) -> dict[str, Any]:
    """Return what contracts says about the milestone of a hold."""
    said = of.words
    names = ("contract_id", "client_id", "worker_id", "title")
    return {**{n: said[n] for n in names}, "milestone": 1, "hold_id": of.id, **words}


OPERATIONS: dict[str, Callable[[Book, Sequence[tuple[int, int]]], None]] = {
    "contracts": Book.contracts,
    "tasks": Book.tasks,
    "tips": Book.tips,
    "cards": Book.cards,
    "wallets": Book.wallets,
    "accept": Book.accept,
    "divide": Book.divide,
    "cancel": Book.cancel,
    "parts": Book.parts,
    "end_jobs": Book.end_jobs,
    "transfers": Book.transfers,
    "stray": Book.stray,
    "match": Book.match,
    "charge_back": Book.charge_back,
    "resolve": Book.resolve,
    "ask_payouts": Book.ask_payouts,
    "settle_payouts": Book.settle_payouts,
}


def play(store: Store, operations: int, seed: int, *, check_every: int) -> Book:
    """Play so many operations; the ledger is compared at the end, and on the way.

    :raises AssertionError: it differs
    """
    luck, book, checked = random.Random(seed), Book(store), 0
    names = sorted(OPERATIONS)
    while book.count < operations:
        picks = [
            (luck.randrange(1_000), luck.randrange(1, 400_000)) for _ in range(luck.randint(1, 40))
        ]
        book.do(luck.choice(names), picks)
        for id_ in [of.id for of in book.holds.values() if of.state == "over" and not of.charge]:
            del book.holds[id_]  # nothing can happen to it any more
        if book.count - checked >= check_every:
            checked = book.count
            assert not (wrong := book.differences()), f"after {book.count}, seed {seed}: {wrong}"
    assert not (wrong := book.differences()), f"after {book.count}, seed {seed}: {wrong}"
    return book


def main() -> int:
    """Play on a database of its own; say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    db = connect(backends.mongo_url(), f"book_{secrets.token_hex(4)}")
    try:
        ensure_indexes(db, KINDS)
        journal.prepare(db)
        began = time.monotonic()
        book = play(Store(db, "escrow"), asked.operations, asked.seed, check_every=20_000)
        entries = db[journal.ENTRIES].estimated_document_count()
    finally:
        db.client.drop_database(db.name)
        db.client.close()
    took = time.monotonic() - began
    print(  # noqa: T201
        f"{book.count} operations, {entries} entries, seed {asked.seed}, {took:.0f} s: 0 differ"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
