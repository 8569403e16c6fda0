"""Escrow over HTTP: what each route answers, and that a refusal changes nothing."""

import csv
import io
import json
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from services.escrow import audit, journal, ledger, proof, queries, usecases
from services.escrow.domain import funding, settlement
from services.escrow.domain.hold import Hold
from services.escrow.outside import sandbox, signatures
from services.escrow.records import HOLDS, PAYOUTS
from services.escrow.schemas import statement_csv
from shared import clock, ids
from shared.money import Money
from shared.store import Store
from tests.callers import Caller, Signer, a_caller
from tests.escrow.builders import DEFAULT as DEFAULT_FEES
from tests.escrow.builders import (
    RICH,
    formed,
    keep_funded,
    keep_hold,
    keep_released,
    opening,
    pay,
    race,
)
from tests.escrow.conftest import SECRET
from tests.spying import scans, spied

CARD = {"method": "card"}


@pytest.fixture
def client(app: Flask, signer: Signer) -> Caller:
    """The client of the test's holds."""
    return a_caller(app, signer)


@pytest.fixture
def worker(app: Flask, signer: Signer) -> Caller:
    """The worker of the test's holds."""
    return a_caller(app, signer)


@pytest.fixture
def stranger(app: Flask, signer: Signer) -> Caller:
    """Somebody else."""
    return a_caller(app, signer)


@pytest.fixture
def ops(app: Flask, signer: Signer) -> Caller:
    """An operator."""
    return a_caller(app, signer, "ops")


@pytest.fixture
def nobody(app: Flask) -> Caller:
    """Somebody without a token."""
    return Caller(app)


def between(store: Store, client: Caller, worker: Caller, amount: int = 75_000) -> Hold:
    return keep_hold(store, client_id=client.id, worker_id=worker.id, amount=amount)


def rich(store: Store, member: Caller, amount: int = 75_000) -> int:
    """Let a member earn this amount less the fee; return what is in the wallet."""
    keep_released(store, worker_id=member.id, client_id=ids.new("mem"), amount=amount)
    return amount - amount * 5 // 100


def said(response: TestResponse, status: int) -> Any:
    assert response.status_code == status, response.text
    return response.json


def refused(response: TestResponse, status: int, code: str) -> None:
    problem = said(response, status)
    assert problem["code"] == code, problem
    assert response.mimetype == "application/problem+json"


def yen(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "JPY"}


def entries(store: Store) -> int:
    return store.db[journal.ENTRIES].count_documents({})


# Quotes


def test_an_amount_without_its_tax_is_quoted_with_it(nobody: Caller) -> None:
    quote = said(nobody.get("/v1/quotes?amount=1234&tax=excluded"), 200)
    assert (quote["amount"], quote["stated"]["amount"]) == (yen(1_357), yen(1_234))
    assert [step["amount"] for step in quote["stated"]["steps"]] == [123]


def test_a_quote_shows_what_is_withheld(nobody: Caller) -> None:
    quote = said(nobody.get("/v1/quotes?amount=10000&withholding=true"), 200)
    assert quote["worker"]["gets"] == yen(10_000 - 500 - 1_021)


def test_a_quote_is_public_and_shows_every_step(nobody: Caller) -> None:
    quote = said(nobody.get("/v1/quotes?mode=project&amount=75000&currency=JPY"), 200)
    assert quote["amount"] == yen(75_000)
    assert quote["profile"] == "default"
    assert quote["schedule"] == {"id": "default", "version": 1}
    assert quote["client"] == {"pays": yen(75_000), "steps": []}
    assert quote["worker"]["gets"] == yen(71_250)
    assert [step["amount"] for step in quote["worker"]["steps"]] == [3_750]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "amount=0",
        "amount=-1",
        "amount=1.5",
        "amount=1e3",
        "amount=%EF%BC%91",
        "amount=1000000000001",
        "amount=1&mode=barter",
        "amount=1&currency=XXX",
        "amount=1&tax=none",
        "amount=1&withholding=1",
        "amount=1&amount[$gt]=1",
        "amount=1&other=1",
    ],
)
def test_a_quote_of_nonsense_is_422(nobody: Caller, query: str) -> None:
    refused(nobody.get(f"/v1/quotes?{query}"), 422, "invalid_words")


# Holds


def test_a_hold_is_seen_by_its_parties_and_operators_alone(
    store: Store, client: Caller, worker: Caller, stranger: Caller, ops: Caller, nobody: Caller
) -> None:
    of = between(store, client, worker)
    path = f"/v1/holds/{of.id}"
    response = client.get(path)
    words = said(response, 200)
    assert response.headers["ETag"] == '"1"'
    assert words["state"] == "opened"
    assert (words["ref"], words["milestone"]) == (of.ref, 1)
    assert words["amount"] == yen(75_000)
    assert (words["released"], words["refunded"]) == (yen(0), yen(0))
    assert words["quote"]["worker"]["gets"] == yen(71_250)
    assert words["next"]["action"] == "fund"
    assert words["actions"] == [
        {
            "name": "fund",
            "href": f"{path}/fund",
            "method": "POST",
            "allowed": True,
            "reasons": [],
        }
    ]
    assert said(worker.get(path), 200)["actions"][0]["reasons"] == ["not_the_client"]
    said(ops.get(path), 200)
    refused(stranger.get(path), 404, "no_such_hold")
    refused(stranger.post(f"{path}/fund", CARD, key="k"), 404, "no_such_hold")
    refused(nobody.get(path), 401, "no_token")
    refused(client.get("/v1/holds/hld_1"), 404, "no_such_hold")


def test_holds_are_listed_for_their_parties(
    store: Store, client: Caller, worker: Caller, stranger: Caller
) -> None:
    made = [between(store, client, worker) for _ in range(3)]
    first = said(client.get("/v1/holds?limit=2"), 200)
    rest = said(client.get(f"/v1/holds?limit=2&cursor={first['next_cursor']}"), 200)
    assert {h["id"] for h in first["items"] + rest["items"]} == {h.id for h in made}
    assert rest["next_cursor"] is None
    of_one = said(worker.get(f"/v1/holds?ref={made[0].ref}"), 200)
    assert [h["id"] for h in of_one["items"]] == [made[0].id]
    assert said(stranger.get(f"/v1/holds?ref={made[0].ref}"), 200)["items"] == []
    refused(client.get("/v1/holds?ref[$ne]=x"), 422, "invalid_words")
    refused(client.get("/v1/holds?cursor=x"), 422, "bad_cursor")
    refused(client.get("/v1/holds?limit=0"), 422, "invalid_words")


# Funding


def test_a_card_funds_a_hold_at_once(store: Store, client: Caller, worker: Caller) -> None:
    of = between(store, client, worker)
    words = said(client.post(f"/v1/holds/{of.id}/fund", CARD, key="k"), 200)
    assert words["state"] == "funded"
    assert words["next"]["actor"] == "system"
    assert audit.check(store.db) == []
    again = client.post(f"/v1/holds/{of.id}/fund", CARD, key="k")
    assert said(again, 200)["state"] == "funded"
    assert again.headers["Idempotency-Replayed"] == "true"
    refused(client.post(f"/v1/holds/{of.id}/fund", CARD, key="other"), 409, "wrong_state")
    other_words = client.post(f"/v1/holds/{of.id}/fund", {"method": "wallet"}, key="k")
    refused(other_words, 422, "idempotency_key_reused")
    assert entries(store) == 1


def test_a_hold_is_funded_once_by_64_racing_cards(
    store: Store, client: Caller, worker: Caller
) -> None:
    of = between(store, client, worker)
    path = f"/v1/holds/{of.id}/fund"
    results = race([lambda n=n: client.post(path, CARD, key=f"k{n}") for n in range(64)])  # type: ignore[misc]
    codes = [r.status_code if isinstance(r, TestResponse) else r for r in results]
    assert sorted(codes, key=str) == [200] + [409] * 63
    assert entries(store) == 1
    assert audit.check(store.db) == []


def test_the_same_key_at_once_funds_once_and_all_are_told_so(
    store: Store, client: Caller, worker: Caller
) -> None:
    of = between(store, client, worker)
    path = f"/v1/holds/{of.id}/fund"
    results = race([lambda: client.post(path, CARD, key="k")] * 16)
    told = [said(r, 200)["state"] for r in results if isinstance(r, TestResponse)]
    assert told == ["funded"] * 16
    assert entries(store) == 1


def test_funding_needs_a_key_the_client_and_good_words(
    store: Store, client: Caller, worker: Caller
) -> None:
    of = between(store, client, worker)
    path = f"/v1/holds/{of.id}/fund"
    refused(client.post(path, CARD), 400, "idempotency_key_required")
    refused(worker.post(path, CARD, key="k"), 403, "not_the_client")
    refused(client.post(path, {}, key="k"), 422, "invalid_words")
    refused(client.post(path, {"method": "shells"}, key="k"), 422, "invalid_words")
    refused(client.post(path, {**CARD, "amount": 1}, key="k"), 422, "invalid_words")
    refused(client.post(path, {"method": {"$ne": ""}}, key="k"), 422, "unsafe_key")
    assert store.load(HOLDS, of.id).version == 1
    said(client.post(path, CARD, key="k"), 200)


def test_milestones_are_funded_in_their_order(store: Store, client: Caller, worker: Caller) -> None:
    words = formed(10_000, 20_000, client_id=client.id, worker_id=worker.id)
    first, second = (
        store.create(HOLDS, new, facts, now=clock.now()).thing
        for new, facts in opening.open_for_contract(words, schedule=DEFAULT_FEES, now=clock.now())
    )
    path = f"/v1/holds/{second.id}"
    assert said(client.get(path), 200)["actions"][0]["reasons"] == ["out_of_turn"]
    refused(client.post(f"{path}/fund", CARD, key="k"), 409, "out_of_turn")
    said(client.post(f"/v1/holds/{first.id}/fund", CARD, key="k"), 200)
    said(client.post(f"{path}/fund", CARD, key="k"), 200)


def test_a_declined_card_leaves_the_hold_to_be_funded_otherwise(
    store: Store, client: Caller, worker: Caller
) -> None:
    of = between(store, client, worker, sandbox.DECLINED)
    path = f"/v1/holds/{of.id}/fund"
    for _ in range(2):
        refused(client.post(path, CARD, key="k"), 409, "card_declined")
    words = said(client.get(f"/v1/holds/{of.id}"), 200)
    assert (words["state"], words["actions"][0]["allowed"]) == ("opened", True)
    assert entries(store) == 0


def test_a_silent_provider_is_asked_again_and_the_hold_says_so(
    store: Store, client: Caller, worker: Caller
) -> None:
    of = between(store, client, worker, sandbox.SILENT)
    path = f"/v1/holds/{of.id}/fund"
    words = said(client.post(path, CARD, key="k"), 200)
    assert (words["state"], words["next"]["action"]) == ("opened", "ask_provider")
    refused(client.post(path, CARD, key="other"), 409, "funding_in_progress")
    asked = store.get(HOLDS, of.id).asked
    assert asked is not None
    assert usecases.ask_providers(store, asked.ask_at) == 1
    again = store.get(HOLDS, of.id).asked
    assert again is not None
    assert again.tries == asked.tries + 1
    assert entries(store) == 0


def test_a_wallet_funds_a_hold_as_far_as_it_reaches(
    store: Store, client: Caller, worker: Caller
) -> None:
    rich(store, client)
    dear, cheap = between(store, client, worker, 71_251), between(store, client, worker, 71_250)
    wallet = {"method": "wallet"}
    refused(client.post(f"/v1/holds/{dear.id}/fund", wallet, key="k"), 409, "insufficient_funds")
    assert said(client.get("/v1/wallet"), 200)["available"] == yen(71_250)
    words = said(client.post(f"/v1/holds/{cheap.id}/fund", wallet, key="k"), 200)
    assert words["state"] == "funded"
    assert said(client.get("/v1/wallet"), 200)["available"] == yen(0)
    assert audit.check(store.db) == []


# Wallets


def test_a_wallet_without_entries_is_zeros(client: Caller, nobody: Caller) -> None:
    assert said(client.get("/v1/wallet"), 200) == {"available": yen(0), "pending": yen(0)}
    assert said(client.get("/v1/wallet/entries"), 200) == {"items": [], "next_cursor": None}
    refused(nobody.get("/v1/wallet"), 401, "no_token")
    refused(client.get("/v1/wallet?currency=XXX"), 422, "invalid_words")


def test_operators_are_told_how_long_it_took_until_work_was_paid(
    store: Store, ops: Caller, worker: Caller
) -> None:
    none = said(ops.get("/v1/ops/escrow/report"), 200)
    assert none == {"releases": 0, "p50_s": None, "p90_s": None}
    hold = keep_released(store)
    begun = clock.now() - timedelta(seconds=40)
    fact = {"_id": "evt_1", "subject": hold.id, "type": "escrow.funded", "time": begun}
    store.db["facts"].insert_one(fact)

    report = said(ops.get("/v1/ops/escrow/report"), 200)

    assert report["releases"] == 1
    assert report["p50_s"] == report["p90_s"] == pytest.approx(40, abs=10)
    refused(worker.get("/v1/ops/escrow/report"), 403, "ops_only")


@pytest.mark.pure
def test_a_web_process_does_not_show_the_worker_s_figures_as_nought() -> None:
    """An alert asks for the least age of what is unsealed: a process that never looks says 0."""
    code = "import sys, services.escrow.app; print('services.escrow.figures' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_statement_explains_every_yen(store: Store, worker: Caller, stranger: Caller) -> None:
    for amount in (10_000, 20_000, 30_000):
        rich(store, worker, amount)
    said(worker.post("/v1/payouts", {"amount": yen(1_000)}, key="k"), 201)
    page = said(worker.get("/v1/wallet/entries?limit=3"), 200)
    rest = said(worker.get(f"/v1/wallet/entries?limit=3&cursor={page['next_cursor']}"), 200)
    items = page["items"] + rest["items"]
    assert rest["next_cursor"] is None
    assert [i["kind"] for i in items] == ["payout", "released", "released", "released"]
    assert [i["amount"]["amount"] for i in items] == [-1_000, 28_500, 19_000, 9_500]
    assert [i["balance"]["amount"] for i in items] == [56_000, 57_000, 28_500, 9_500]
    assert items[1]["ref"].startswith("con_")
    assert items[1]["steps"][0]["note"] == "5 %, consumption tax included"
    assert said(stranger.get("/v1/wallet/entries"), 200)["items"] == []
    foreign = stranger.get(f"/v1/wallet/entries?cursor={page['next_cursor']}")
    refused(foreign, 422, "bad_cursor")
    refused(worker.get("/v1/wallet/entries?limit=1000000000"), 422, "invalid_words")


def test_a_statement_comes_as_csv_oldest_first(store: Store, worker: Caller) -> None:
    for amount in (10_000, 20_000):
        rich(store, worker, amount)
    said(worker.post("/v1/payouts", {"amount": yen(1_000)}, key="k"), 201)
    for response in (
        worker.get("/v1/wallet/entries?format=csv"),
        worker.get("/v1/wallet/entries?format=csv", Accept="text/csv"),
    ):
        assert response.status_code == 200
        assert response.mimetype == "text/csv"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        rows = list(csv.DictReader(io.StringIO(response.text)))
        assert [row["in"] for row in rows] == ["9500", "19000", ""]
        assert [row["out"] for row in rows] == ["", "", "1000"]
        assert [row["balance"] for row in rows] == ["9500", "28500", "27500"]


@pytest.mark.pure
@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_of_a_statement_is_a_formula(start: str) -> None:
    line = {
        "at": clock.now(),
        "id": start,
        "kind": start,
        "ref": start,
        "amount": Money(-5),
        "balance": Money(0),
        "steps": [],
    }
    _, row = csv.reader(io.StringIO("".join(statement_csv([line])), newline=""))
    assert [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert row[1] == f"'{start}"


# Payouts


def test_a_payout_leaves_the_wallet_and_is_sent_and_paid(
    store: Store, worker: Caller, stranger: Caller, nobody: Caller
) -> None:
    rich(store, worker)
    response = worker.post("/v1/payouts", {"amount": yen(71_250)}, key="k")
    made = said(response, 201)
    path = f"/v1/payouts/{made['id']}"
    assert response.headers["Location"] == path
    assert made["state"] == "requested"
    assert made["next"]["action"] == "send"
    assert said(worker.get("/v1/wallet"), 200) == {"available": yen(0), "pending": yen(71_250)}
    assert usecases.ask_providers(store, clock.now()) == 1
    assert said(worker.get(path), 200)["state"] == "sent"
    assert said(worker.get("/v1/wallet"), 200)["pending"] == yen(71_250)
    assert usecases.ask_providers(store, clock.now()) == 1
    paid = said(worker.get(path), 200)
    assert (paid["state"], paid["next"]) == ("paid", None)
    assert said(worker.get("/v1/wallet"), 200) == {"available": yen(0), "pending": yen(0)}
    assert usecases.ask_providers(store, clock.now()) == 0
    assert [p["id"] for p in said(worker.get("/v1/payouts"), 200)["items"]] == [made["id"]]
    assert said(stranger.get("/v1/payouts"), 200)["items"] == []
    refused(stranger.get(path), 404, "no_such_payout")
    refused(nobody.get(path), 401, "no_token")
    doc = store.db["payouts"].find_one({"_id": made["id"]}) or {}
    assert [f["type"] for f in doc["outbox"]] == ["payout.requested", "payout.sent", "payout.paid"]
    assert audit.check(store.db) == []


def test_a_failed_payout_puts_the_money_back(store: Store, worker: Caller) -> None:
    has = rich(store, worker, 500_000)
    made = said(worker.post("/v1/payouts", {"amount": yen(sandbox.FAILED)}, key="k"), 201)
    usecases.ask_providers(store, clock.now())
    usecases.ask_providers(store, clock.now())
    failed = said(worker.get(f"/v1/payouts/{made['id']}"), 200)
    assert (failed["state"], failed["reason"]) == ("failed", "the bank does not know the account")
    assert said(worker.get("/v1/wallet"), 200) == {"available": yen(has), "pending": yen(0)}
    kinds = [i["kind"] for i in said(worker.get("/v1/wallet/entries"), 200)["items"]]
    assert kinds == ["payout_failed", "payout", "released"]
    assert audit.check(store.db) == []


def test_a_payout_is_refused_and_nothing_changes(store: Store, worker: Caller) -> None:
    rich(store, worker)
    before = entries(store)
    path = "/v1/payouts"
    refused(worker.post(path, {"amount": yen(1_000)}), 400, "idempotency_key_required")
    refused(worker.post(path, {"amount": yen(71_251)}, key="a"), 409, "insufficient_funds")
    refused(worker.post(path, {"amount": yen(999)}, key="b"), 422, "below_minimum")
    dollars = {"amount": {"amount": 5_000, "currency": "USD"}}
    refused(worker.post(path, dollars, key="c"), 422, "currency_not_offered")
    for bad in (0, -1, 0.01, "100", 1e2, True, 10**12 + 1, None, {"$gt": 1}):
        response = worker.post(path, {"amount": {"amount": bad, "currency": "JPY"}}, key="d")
        assert response.status_code == 422, bad
    refused(worker.post(path, {"amount": 1_000}, key="e"), 422, "invalid_words")
    assert (entries(store), store.db["payouts"].count_documents({})) == (before, 0)


def test_sixteen_payouts_of_everything_and_one_is_made(store: Store, worker: Caller) -> None:
    has = rich(store, worker)
    words = {"amount": yen(has)}
    results = race([lambda n=n: worker.post("/v1/payouts", words, key=f"k{n}") for n in range(16)])  # type: ignore[misc]
    codes = [r.status_code if isinstance(r, TestResponse) else r for r in results]
    assert sorted(codes, key=str) == [201] + [409] * 15
    assert audit.check(store.db) == []


def test_the_same_key_makes_one_payout(store: Store, worker: Caller, client: Caller) -> None:
    rich(store, worker)
    rich(store, client)
    words = {"amount": yen(1_000)}
    results = race([lambda: worker.post("/v1/payouts", words, key="k")] * 16)
    told = {said(r, 201)["id"] for r in results if isinstance(r, TestResponse)}
    assert len(told) == 1
    again = worker.post("/v1/payouts", words, key="k")
    assert said(again, 201)["id"] in told
    assert again.headers["Location"] == f"/v1/payouts/{said(again, 201)['id']}"
    other = worker.post("/v1/payouts", {"amount": yen(2_000)}, key="k")
    refused(other, 422, "idempotency_key_reused")
    assert said(client.post("/v1/payouts", words, key="k"), 201)["id"] not in told
    assert store.db["payouts"].count_documents({}) == 2


# The ledger's proof


def test_anybody_may_check_the_proof(store: Store, nobody: Caller, worker: Caller) -> None:
    rich(store, worker)
    proof.seal(store, clock.now())
    words = said(nobody.get("/v1/ledger/proof"), 200)
    assert words["currencies"]["JPY"] == {
        "total": 0,
        "held": 0,
        "wallets": 71_250,
        "payouts": 0,
        "fees": 3_750,
        "tax": 0,
        "provider": -75_000,
    }
    assert words["entries"] == 2
    assert words["head"] == proof.last_seal(store.db)["hash"]
    refused(nobody.get("/v1/ledger/proof?format=xml"), 422, "invalid_words")


def test_the_journal_itself_is_for_operators(
    store: Store, nobody: Caller, worker: Caller, ops: Caller
) -> None:
    rich(store, worker)
    refused(nobody.get("/v1/ledger/proof?format=ndjson"), 401, "no_token")
    refused(worker.get("/v1/ledger/proof?format=ndjson"), 403, "ops_only")
    for response in (
        ops.get("/v1/ledger/proof?format=ndjson"),
        ops.get("/v1/ledger/proof", Accept="application/x-ndjson"),
    ):
        assert response.status_code == 200
        assert response.mimetype == "application/x-ndjson"
        lines = [json.loads(line) for line in response.text.splitlines()]
        assert [line["entry"]["kind"] for line in lines] == ["fund", "released"]


# The provider's webhook


def tell(
    caller: Caller,
    words: Any,
    *,
    secret: str = SECRET,
    age_s: int = 0,
    provider: str = "sandbox",
    spoil: bytes = b"",
) -> TestResponse:
    body = json.dumps(words).encode()
    at = int(time.time()) - age_s
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,bm8= {signatures.sign(secret, 'msg_1', at, body)}",
        "Content-Type": "application/json",
    }
    path = f"/v1/payments/{provider}/webhook"
    return caller.app.test_client().post(path, data=body + spoil, headers=headers)


def test_a_provider_tells_of_a_charge_and_telling_twice_is_once(
    store: Store, client: Caller, worker: Caller, nobody: Caller
) -> None:
    of = between(store, client, worker, sandbox.SILENT)
    said(client.post(f"/v1/holds/{of.id}/fund", CARD, key="k"), 200)
    charge = store.get(HOLDS, of.id).charges[0]
    words = {"type": "charge.confirmed", "data": {"id": charge.id, "amount": yen(of.amount.amount)}}
    for _ in range(3):
        assert said(tell(nobody, words), 200) == {"received": True}
    assert store.get(HOLDS, of.id).state == "funded"
    assert entries(store) == 1
    assert audit.check(store.db) == []


def test_a_provider_tells_of_a_declined_charge(
    store: Store, client: Caller, worker: Caller, nobody: Caller
) -> None:
    of = between(store, client, worker, sandbox.SILENT)
    said(client.post(f"/v1/holds/{of.id}/fund", CARD, key="k"), 200)
    charge = store.get(HOLDS, of.id).charges[0]
    about = {"id": charge.id, "amount": yen(of.amount.amount), "reason": "stolen"}
    said(tell(nobody, {"type": "charge.declined", "data": about}), 200)
    assert store.get(HOLDS, of.id).charges[0].reason == "stolen"
    refused(client.post(f"/v1/holds/{of.id}/fund", CARD, key="k"), 409, "card_declined")


def test_a_provider_tells_of_a_payout(store: Store, worker: Caller, nobody: Caller) -> None:
    rich(store, worker)
    made = said(worker.post("/v1/payouts", {"amount": yen(5_000)}, key="k"), 201)
    about = {"id": made["id"], "amount": yen(5_000), "reason": "closed account"}
    said(tell(nobody, {"type": "payout.sent", "data": about}), 200)
    said(tell(nobody, {"type": "payout.failed", "data": about}), 200)
    said(tell(nobody, {"type": "payout.paid", "data": about}), 200)
    assert store.get(PAYOUTS, made["id"]).state == "failed"
    assert said(worker.get("/v1/wallet"), 200)["available"] == yen(71_250)


def test_a_webhook_that_is_not_the_providers_changes_nothing(
    store: Store, client: Caller, worker: Caller, nobody: Caller
) -> None:
    of = between(store, client, worker, sandbox.SILENT)
    said(client.post(f"/v1/holds/{of.id}/fund", CARD, key="k"), 200)
    about = {"id": store.get(HOLDS, of.id).charges[0].id, "amount": yen(of.amount.amount)}
    good = {"type": "charge.confirmed", "data": about}
    before = store.load(HOLDS, of.id).version
    refused(tell(nobody, good, secret="another"), 401, "bad_signature")
    refused(tell(nobody, good, spoil=b" "), 401, "bad_signature")
    refused(tell(nobody, good, age_s=301), 401, "old_signature")
    refused(tell(nobody, good, age_s=-330), 401, "old_signature")
    unsigned = nobody.post("/v1/payments/sandbox/webhook", good)
    refused(unsigned, 401, "bad_signature")
    refused(tell(nobody, good, provider="nobody"), 404, "no_such_provider")
    unknown = {"id": "chg_" + "0" * 32, "amount": yen(1)}
    refused(tell(nobody, {**good, "data": unknown}), 404, "no_such_charge")
    refused(tell(nobody, {**good, "data": {**about, "amount": yen(1)}}), 409, "amount_mismatch")
    for bad in (
        {},
        {**good, "type": "charge.lost"},
        {**good, "type": "payout.paid"},
        {**good, "data": {**about, "id": {"$ne": 1}}},
        {**good, "more": 1},
    ):
        assert tell(nobody, bad).status_code == 422
    assert tell(nobody, good, spoil=b"").status_code == 200
    assert store.load(HOLDS, of.id).version == before + 1


def test_a_webhook_that_cannot_be_read_is_400(nobody: Caller) -> None:
    at, body = int(time.time()), b'{"type": "charge.confirmed", "type": 1}'
    signed = {
        "webhook-id": "m",
        "webhook-timestamp": str(at),
        "webhook-signature": signatures.sign(SECRET, "m", at, body),
    }
    path = "/v1/payments/sandbox/webhook"
    response = nobody.app.test_client().post(path, data=body, headers=signed)
    refused(response, 400, "malformed_json")


def test_the_application_says_what_it_offers(nobody: Caller) -> None:
    paths = said(nobody.get("/openapi.json"), 200)["paths"]
    assert "/v1/holds/{id}/fund" in paths
    assert set(paths["/v1/holds/{id}/fund"]["post"]["responses"]) >= {"200", "400", "403", "409"}


def test_a_hold_that_was_paid_is_told_as_it_is(
    store: Store, client: Caller, worker: Caller
) -> None:
    funded = pay(store, between(store, client, worker))
    said(client.get(f"/v1/holds/{funded.id}"), 200)
    refused(client.post(f"/v1/holds/{funded.id}/fund", CARD, key="k"), 409, "wrong_state")


# Withholding


def registered(store: Store, **kinds: str) -> None:
    for id_, kind in kinds.items():
        store.project("members", {"_id": id_, "version": 1, "kind": kind})


def test_the_client_says_before_funding_that_tax_is_withheld(
    client: Caller, worker: Caller, store: Store
) -> None:
    registered(store, **{client.id: "company", worker.id: "individual"})
    opened = keep_hold(store, client_id=client.id, worker_id=worker.id, amount=10_000)
    path = f"/v1/holds/{opened.id}/withholding"
    refused(worker.post(path, {"applies": True}), 403, "not_the_client")
    said_now = said(client.post(path, {"applies": True}), 200)
    assert (said_now["withheld"], said_now["quote"]["worker"]["gets"]) == (True, yen(8_479))
    assert said(client.post(path, {"applies": False}), 200)["quote"]["worker"]["gets"] == yen(9_500)
    said(client.post(f"/v1/holds/{opened.id}/fund", CARD, key="k"), 200)
    refused(client.post(path, {"applies": True}), 409, "wrong_state")


@pytest.mark.parametrize("kind", ["company", "individual"])
def test_tax_is_withheld_only_between_a_company_and_a_person(
    client: Caller, worker: Caller, store: Store, kind: str
) -> None:
    registered(store, **{client.id: kind, worker.id: kind})
    opened = keep_hold(store, client_id=client.id, worker_id=worker.id)
    path = f"/v1/holds/{opened.id}/withholding"
    refused(client.post(path, {"applies": True}), 409, "withholding_not_offered")
    refused(client.post(path, {"applies": "yes"}), 422, "invalid_words")
    assert store.get(HOLDS, opened.id) == opened


# Transfers and chargebacks


def test_a_transfer_to_a_holds_own_account_funds_it(
    store: Store, client: Caller, worker: Caller, nobody: Caller
) -> None:
    of = between(store, client, worker)
    path = f"/v1/holds/{of.id}"
    asked = said(client.post(f"{path}/fund", {"method": "bank_transfer"}, key="k"), 200)
    assert (asked["state"], asked["transfer"]["amount"]) == ("opened", yen(75_000))
    assert said(worker.get(path), 200)["transfer"] is None
    about = {"id": "tr-1", "reference": asked["transfer"]["number"], "amount": yen(75_000)}
    words = {"type": "deposit.received", "data": about}
    refused(tell(nobody, {**words, "data": {**about, "more": 1}}), 422, "invalid_words")
    for _ in range(2):
        said(tell(nobody, words), 200)
    assert said(client.get(path), 200)["state"] == "funded"
    assert audit.check(store.db) == []


def test_an_operator_says_whose_a_transfer_is(
    store: Store, client: Caller, ops: Caller, nobody: Caller
) -> None:
    about = {"id": "tr-1", "reference": "nobody's", "amount": yen(5_000)}
    said(tell(nobody, {"type": "deposit.received", "data": about}), 200)
    path = "/v1/payments/deposits"
    refused(client.get(path), 403, "ops_only")
    (found,) = said(ops.get(f"{path}?state=unmatched"), 200)["items"]
    match = f"{path}/{found['id']}/match"
    refused(client.post(match, {"member_id": client.id}), 403, "ops_only")
    refused(ops.post(match, {}), 422, "one_of_both")
    refused(ops.post(f"{path}/dep_1/match", {"member_id": client.id}), 404, "no_such_deposit")
    assert said(ops.post(match, {"member_id": client.id}), 200)["state"] == "credited"
    refused(ops.post(match, {"member_id": client.id}), 409, "wrong_state")
    assert said(client.get("/v1/wallet"), 200)["available"] == yen(5_000)
    assert audit.check(store.db) == []


def test_a_payment_that_was_taken_back_is_seen_and_written_off_by_operators(
    store: Store, client: Caller, worker: Caller, ops: Caller, nobody: Caller
) -> None:
    of = between(store, client, worker)
    said(client.post(f"/v1/holds/{of.id}/fund", CARD, key="k"), 200)
    charge = store.get(HOLDS, of.id).charges[0]
    about = {"id": charge.id, "amount": yen(75_000), "reason": "fraud"}
    for _ in range(2):
        said(tell(nobody, {"type": "charge.charged_back", "data": about}), 200)
    refused(client.post("/v1/payouts", {"amount": yen(1_000)}, key="p"), 409, "owes_money")
    path = "/v1/payments/chargebacks"
    refused(client.get(path), 403, "ops_only")
    (found,) = said(ops.get(path), 200)["items"]
    assert (found["state"], found["member_id"]) == ("owed", client.id)
    refused(client.post(f"{path}/{found['id']}/write-off"), 403, "ops_only")
    refused(ops.post(f"{path}/cbk_1/write-off"), 404, "no_such_chargeback")
    assert said(ops.post(f"{path}/{found['id']}/write-off"), 200)["state"] == "written_off"
    refused(ops.post(f"{path}/{found['id']}/write-off"), 409, "wrong_state")
    said(tell(nobody, {"type": "charge.chargeback_reversed", "data": about}), 200)
    assert audit.check(store.db) == []


# Pages


def test_a_statement_is_a_page_to_print_in_two_languages(
    store: Store, client: Caller, worker: Caller, nobody: Caller
) -> None:
    rich(store, worker)
    of = pay(store, between(store, client, worker))
    now = clock.now()
    ledger.change(store, HOLDS, of.id, settlement.refund, cause="test", now=now)
    path = "/v1/wallet/entries?format=html"
    ours = worker.get(path)
    assert (ours.status_code, ours.mimetype) == (200, "text/html")
    assert "71,250 JPY" in ours.text
    assert "システム手数料" in ours.text
    assert f'id="{of.id}:resolve"' not in ours.text  # it is the client's
    back = client.get(f"{path}&locale=en").text
    assert f'id="{of.id}:resolve"' in back
    assert "Agreed amount returned" in back
    assert "75,000 × 1 = 75,000" in back
    assert "Nothing has moved." in client.get(f"{path}&locale=en&currency=USD").text
    assert nobody.get(path).status_code == 401


# Months


def test_a_month_of_a_wallet_says_its_fees_and_their_tax(
    store: Store, worker: Caller, nobody: Caller
) -> None:
    rich(store, worker)
    now = clock.now() + timedelta(hours=9)
    path = f"/v1/wallet/months/{now:%Y-%m}"
    month = said(worker.get(path), 200)
    assert (month["opening"], month["closing"], month["received"]) == (
        yen(0),
        yen(71_250),
        yen(71_250),
    )
    # 3,750 with a tax of 10 % within: 340.9.
    invoice = month["invoice"]
    assert (invoice["fees"], invoice["tax"], invoice["without_tax"]) == (
        yen(3_750),
        yen(340),
        yen(3_410),
    )
    assert (invoice["qualified"], invoice["rate"]) == (False, "0.1")
    assert [step["amount"] for step in month["lines"][0]["steps"]] == [3_750]
    before = said(worker.get("/v1/wallet/months/2024-02"), 200)
    assert (before["lines"], before["closing"]) == ([], yen(0))
    page = worker.get(f"{path}?format=html")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "3,750 JPY" in page.text
    assert "<script" not in page.text
    assert "適格請求書ではありません" in page.text
    assert 'id="' + month["lines"][0]["id"] in page.text
    english = worker.get(f"{path}?format=html&locale=en").text
    assert "75,000 × 0.05 = 3,750" in english
    assert "Not a qualified invoice" in english
    refused(worker.get(f"{path}?format=html&locale=fr"), 422, "invalid_words")
    refused(worker.get("/v1/wallet/months/2026-13"), 404, "no_such_month")
    refused(worker.get(f"{path}?format=pdf"), 422, "invalid_words")
    assert nobody.get(path).status_code == 401


def test_a_month_s_invoice_has_the_client_s_fee_of_what_was_paid_by_card(
    store: Store, client: Caller, worker: Caller, stranger: Caller
) -> None:
    words: dict[str, Any] = {"client_id": client.id, "worker_id": worker.id, "fees": RICH}
    paid = keep_funded(store, amount=100_000, **words)
    keep_hold(store, amount=30_000, **words)
    back = keep_funded(store, amount=20_000, **words)
    now = clock.now()
    ledger.change(store, HOLDS, back.id, settlement.refund, cause="test", now=now)
    path = f"/v1/wallet/months/{now + timedelta(hours=9):%Y-%m}"

    month = said(client.get(path), 200)

    # 5 % of 100,000 and of 20,000, and what RICH adds to each: 454 and 90.
    invoice = month["invoice"]
    assert (invoice["fees"], invoice["tax"]) == (yen(6_000 + 544), yen(544))
    assert (invoice["without_tax"], invoice["returned"]) == (yen(6_000), yen(1_000 + 90))
    by_card = {each["id"]: each for each in month["paid_by_card"]}
    assert set(by_card) == {f"{paid.id}:fund", f"{back.id}:fund"}
    assert by_card[f"{paid.id}:fund"]["amount"] == yen(105_454)
    assert [s["amount"] for s in by_card[f"{paid.id}:fund"]["steps"]] == [5_000, 454]
    assert "account" not in by_card[f"{paid.id}:fund"]["steps"][0]
    assert [line["kind"] for line in month["lines"]] == ["refunded"]

    english = client.get(f"{path}?format=html&locale=en").text
    assert "Paid by card" in english
    assert f'id="{paid.id}:fund"' in english
    assert "100,000 × 0.05 = 5,000" in english
    for other in (worker, stranger):
        assert said(other.get(path), 200)["paid_by_card"] == []


def test_a_fee_that_was_paid_from_the_wallet_is_in_the_invoice_once(
    store: Store, client: Caller
) -> None:
    rich(store, client, 100_000)
    hold = keep_hold(store, client_id=client.id, amount=10_000, fees=RICH)
    now = clock.now()
    charge_id = ids.new("chg")
    words: dict[str, Any] = {"charge_id": charge_id, "now": now}
    store.change(HOLDS, hold.id, funding.charge, by=client.id, provider="sandbox", **words)
    store.change(HOLDS, hold.id, funding.declined, reason="no", **words)
    ledger.change(store, HOLDS, hold.id, funding.from_wallet, by=client.id, now=now)

    month = said(client.get(f"/v1/wallet/months/{now + timedelta(hours=9):%Y-%m}"), 200)

    # 5,000 for the work they earned by, 500 and 45 for what they funded.
    assert month["invoice"]["fees"] == yen(5_000 + 545)
    assert month["paid_by_card"] == []


def test_what_was_paid_by_card_is_found_by_an_index(
    store: Store, client: Caller, mongo_url: str
) -> None:
    keep_funded(store, client_id=client.id)
    now = clock.now()
    day = timedelta(days=1)
    with spied(mongo_url, store.db.name) as (db, spy):
        found = queries.card_payments(db, client.id, "JPY", first=now - day, after=now + day)

        assert len(found) == 1
        assert scans(db, spy) == []
