"""A bank gives a payout back when its member has been erased: an operator sets it aside."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from services.escrow import __main__ as commands
from services.escrow import audit, proof, queries, usecases
from services.escrow.outside import Answer
from services.escrow.records import PAYOUTS
from shared import clock, ids, settings
from shared.documents import Once
from shared.money import Money
from shared.store import Store
from tests.callers import Signer
from tests.escrow.builders import MINIMUM, WORKER, keep_released

Operate = Callable[..., Result]


@pytest.fixture
def operate(
    mongo_url: str, store: Store, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> Operate:
    """Run a command of escrow on this database."""
    monkeypatch.setattr(settings, "read", lambda: signer.settings(mongo_url, store.db.name))
    return lambda *words: CliRunner().invoke(commands.main, words)


def paid_out(store: Store, amount: int) -> str:
    """Return a payout that the provider says is paid."""
    once = Once(ids.new("req"))
    asked = usecases.request_payout(
        store, by=WORKER, amount=Money(amount), minimum=MINIMUM, once=once, now=clock.now()
    )
    answered(store, asked.thing.id, "paid")
    return asked.thing.id


def answered(store: Store, id_: str, state: str) -> None:
    answer = Answer(state, "The account is closed.")
    usecases.payout_answered(store, id_, answer, now=clock.now())


def erased(store: Store) -> None:
    doc = {"_id": WORKER, "version": 9, "kind": "individual", "state": "erased"}
    store.project_many(queries.MEMBERS, [doc])


def wallet(store: Store) -> int:
    return queries.wallet(store.db, WORKER, "JPY")["available"].amount


def suspense(store: Store) -> int:
    """Return what is in suspense, of a ledger that is sound."""
    parts: dict[str, int] = proof.proof(store.db)["currencies"]["JPY"]
    assert (audit.check(store.db), parts["total"]) == ([], 0)
    return parts.get("suspense", 0)


def test_what_comes_back_for_an_erased_member_is_listed_and_set_aside(
    store: Store, operate: Operate
) -> None:
    keep_released(store)
    again = paid_out(store, 10_000)
    answered(store, again, "failed")
    all_of_it = wallet(store)
    first, second = paid_out(store, 20_000), paid_out(store, all_of_it - 20_000)
    erased(store)
    assert operate("stranded").output == ""
    answered(store, first, "failed")
    answered(store, second, "failed")

    listed = operate("stranded").output.splitlines()
    assert sorted(line.split()[1] for line in listed) == sorted([first, second])
    assert all(WORKER in line and "The account is closed." in line for line in listed)
    for id_ in (first, second):
        ran = operate("set-aside", id_, "--reason", "ticket 7")
        assert (ran.exit_code, f"suspense:{id_}" in ran.output) == (0, True)

    assert (wallet(store), suspense(store)) == (0, all_of_it)
    kept = store.get(PAYOUTS, first)
    assert kept.set_aside_at is not None
    assert (kept.state, kept.set_aside_why) == ("failed", "ticket 7")
    assert operate("stranded").output == ""
    for id_ in (first, again):
        refused = operate("set-aside", id_, "--reason", "once more")
        assert (refused.exit_code, "not_in_wallet" in refused.output) == (1, True)
    assert (wallet(store), suspense(store)) == (0, all_of_it)


def test_what_comes_back_for_a_member_stays_theirs(store: Store, operate: Operate) -> None:
    keep_released(store)
    before, id_ = wallet(store), paid_out(store, 5_000)
    answered(store, id_, "failed")

    refused = operate("set-aside", id_, "--reason", "-")

    assert (refused.exit_code, "not_erased" in refused.output) == (1, True)
    assert (operate("stranded").output, wallet(store), suspense(store)) == ("", before, 0)
    unknown = operate("set-aside", ids.new("pay"), "--reason", "-")
    assert (unknown.exit_code, "no_such_payout" in unknown.output) == (1, True)
    assert operate("set-aside", id_).exit_code == 2
