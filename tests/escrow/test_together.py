"""Group commit: who posts at the same time shares a transaction, and nobody pays for another."""

import threading
from collections.abc import Sequence
from datetime import datetime

import pytest

from services.escrow import audit, ledger, proof
from services.escrow.domain import payout
from services.escrow.plan import Posting, Verdict
from services.escrow.records import PAYOUTS
from services.escrow.together import Group
from shared import clock, ids
from shared.documents import Done, Once
from shared.errors import Conflict, Invalid
from shared.money import Money
from shared.store import Store
from tests.escrow.builders import MINIMUM, NOW, WORKER, a_payout, keep_released, race


def a_posting() -> Posting:
    return Posting(kind=PAYOUTS, thing=a_payout(), outbox=[])


class Poster:
    """Writes nothing: keeps what it was given, slowly enough for others to gather."""

    def __init__(self) -> None:
        self.batches: list[list[Posting]] = []
        self.bad: Posting | None = None
        self.gate = threading.Event()

    def __call__(self, postings: Sequence[Posting], now: datetime) -> list[Verdict]:
        self.batches.append([*postings])
        if len(self.batches) == 1:
            self.gate.wait(5)
        if self.bad in postings:
            raise ValueError("it cannot be written")
        return [posting.done for posting in postings]


def together(poster: Poster, postings: Sequence[Posting], most: int = 50) -> list[object]:
    """Submit the first, and while it is written all others."""
    group = Group(poster, most)
    got: list[object] = [None] * len(postings)

    def submit(n: int) -> None:
        try:
            got[n] = group.submit(postings[n], NOW)
        except Exception as why:  # noqa: BLE001
            got[n] = why

    threads = [threading.Thread(target=submit, args=(n,)) for n in range(len(postings))]
    threads[0].start()
    while not poster.batches:
        threading.Event().wait(0.001)
    for thread in threads[1:]:
        thread.start()
    while len(group._queue) < len(postings) - 1:
        threading.Event().wait(0.001)
    poster.gate.set()
    for thread in threads:
        thread.join(5)
    return got


@pytest.mark.pure
def test_what_gathers_while_one_is_written_is_written_together() -> None:
    poster, postings = Poster(), [a_posting() for _ in range(9)]
    got = together(poster, postings)
    assert [len(batch) for batch in poster.batches] == [1, 8]
    assert [one.thing for one in got if isinstance(one, Done)] == [p.thing for p in postings]


@pytest.mark.pure
def test_a_batch_has_its_bound_and_one_change_of_each_thing() -> None:
    poster, postings = Poster(), [a_posting() for _ in range(6)]
    assert all(isinstance(one, Done) for one in together(poster, postings, most=2))
    assert [len(batch) for batch in poster.batches] == [1, 2, 2, 1]
    poster, same = Poster(), a_posting()
    assert all(isinstance(one, Done) for one in together(poster, [a_posting(), same, same]))
    assert [len(batch) for batch in poster.batches] == [1, 1, 1]


@pytest.mark.pure
def test_what_cannot_be_written_fails_alone() -> None:
    poster, postings = Poster(), [a_posting() for _ in range(4)]
    poster.bad = postings[2]
    got = together(poster, postings)
    assert [type(one) for one in got] == [Done, Done, ValueError, Done]


def ask(store: Store, amount: int, once: Once) -> Done[payout.Payout]:
    now = clock.now()
    decision = payout.request(
        ids.new("pay"),
        by=WORKER,
        amount=Money(amount),
        provider="sandbox",
        minimum=MINIMUM,
        now=now,
    )
    return ledger.create(store, PAYOUTS, decision, once=once, now=now)


def test_sixteen_at_once_take_what_one_wallet_holds_and_no_more(store: Store) -> None:
    keep_released(store)
    got = race([lambda n=n: ask(store, 10_000, Once(f"k{n}")) for n in range(16)])
    assert sum(isinstance(one, Done) for one in got) == 7
    refused = [one for one in got if not isinstance(one, Done)]
    assert {getattr(one, "code", one) for one in refused} == {"insufficient_funds"}
    assert all(isinstance(one, Conflict) for one in refused)
    assert proof.proof(store.db)["currencies"]["JPY"]["payouts"] == 70_000
    assert audit.check(store.db) == []


def test_the_same_request_again_is_the_same_payout_even_when_it_took_all(store: Store) -> None:
    keep_released(store)
    first = ask(store, 71_250, Once("k", "words"))
    again = ask(store, 71_250, Once("k", "words"))
    assert (again.thing.id, again.replayed) == (first.thing.id, True)
    with pytest.raises(Invalid) as why:
        ask(store, 1_000, Once("k", "other words"))
    assert why.value.code == "idempotency_key_reused"
    assert store.db["payouts"].count_documents({}) == 1
