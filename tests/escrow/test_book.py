"""The ledger against a plain dict, by whatever the service does about events (see `book`)."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.escrow import journal
from services.escrow.records import KINDS
from shared.store import Store
from tests.escrow.book import OPERATIONS, Book, client_fees, play, worker_fees

OPERATIONS_MAX = int(os.environ.get("BOOK_OPERATIONS", "600"))
PICKS = st.lists(st.tuples(st.integers(0, 999), st.integers(1, 400_000)), min_size=1, max_size=6)
STEPS = st.tuples(st.sampled_from(sorted(OPERATIONS)), PICKS)


def emptied(store: Store) -> Store:
    """Return the store with nothing in it."""
    for name in (*(kind.collection for kind in KINDS), journal.ENTRIES, journal.BALANCES):
        store.db[name].delete_many({})
    return store


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=3, max_size=20))
def test_the_ledger_agrees_with_a_plain_dict(store: Store, steps: list[tuple[str, Any]]) -> None:
    book = Book(emptied(store))
    book.do("contracts", [(0, 75_000), (1, 300_000)])
    book.do("cards", [(0, 1)])
    for what, picks in steps:
        book.do(what, picks)
    assert book.differences() == []


def test_a_long_run_agrees_with_a_plain_dict(store: Store) -> None:
    book = play(store, OPERATIONS_MAX, 7, check_every=10_000)
    assert book.count >= OPERATIONS_MAX
    assert len(store.db[journal.ENTRIES].distinct("kind")) >= 12  # it got everywhere


@pytest.mark.pure
def test_the_books_own_sums_are_the_published_ones() -> None:
    assert worker_fees(300_000) == {"fees": 35_000, "tax:consumption": 3_500}
    assert worker_fees(54) == {"fees": 50, "tax:consumption": 4}
    assert worker_fees(30) == {"fees": 30, "tax:consumption": 0}
    assert client_fees(75_000) == {"fees": 3_750, "tax:consumption": 340}
