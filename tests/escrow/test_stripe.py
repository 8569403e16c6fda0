"""Stripe through its own library, against recorded shapes of its API on a real socket."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import stripe as lib
from flask import Flask
from werkzeug.test import TestResponse

from services.escrow import audit, config, proof, providers, queries, reconcile, usecases
from services.escrow.app import create_app
from services.escrow.domain import settlement
from services.escrow.domain.hold import Hold, next_step
from services.escrow.domain.payout import Payout
from services.escrow.outside import stripe as adapter
from services.escrow.records import CHARGEBACKS, HOLDS, PAYOUTS
from shared import clock, ids
from shared.documents import Once
from shared.errors import Conflict, Invalid, Unavailable
from shared.money import Money
from shared.store import Store
from tests.callers import Caller, Signer, a_caller
from tests.escrow import stripe_server
from tests.escrow.builders import CLIENT, MINIMUM, WORKER, keep_hold, keep_released, race
from tests.escrow.stripe_server import ASKS_THE_CLIENT, DECLINED, GOOD, SECRET_KEY, Stripe

PLATFORM, CONNECT = "whsec_of_the_platform", "whsec_of_its_accounts"


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stripe]:
    """Stripe on this machine, and an environment that points to it."""
    with stripe_server.serving() as (there, address):
        monkeypatch.setenv("PAYMENT_PROVIDER", "stripe")
        monkeypatch.setenv("STRIPE_SECRET_KEY", SECRET_KEY)
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", f"{PLATFORM},{CONNECT}")
        monkeypatch.setenv("STRIPE_API_BASE", address)
        monkeypatch.setattr(adapter, "TIMEOUT_S", 0.5)
        providers.forget()
        yield there
    monkeypatch.undo()
    providers.forget()


@pytest.fixture
def web(stripe: Stripe, store: Store, mongo_url: str, signer: Signer) -> Iterator[Flask]:
    """Escrow's application as its environment has it."""
    made = create_app(signer.settings(mongo_url, store.db.name))
    yield made
    made.extensions["ukeoi_store"].db.client.close()


def fund(store: Store, of: Hold, source: str = GOOD, key: str = "a") -> Hold:
    words: dict[str, Any] = {"by": CLIENT, "method": "card", "source": source, "once": Once(key)}
    return usecases.fund(store, of.id, **words, now=clock.now()).thing


def sweep(store: Store, later: timedelta = timedelta(0)) -> Hold | None:
    """Let what waits be due, and the worker ask."""
    past = clock.now() - timedelta(seconds=1)
    for name in ("holds", "payouts"):
        store.db[name].update_many(
            {"wake_at": {"$ne": None}}, {"$set": {"wake_at": past}, "$unset": {"leased_until": 1}}
        )
    usecases.ask_providers(store, clock.now())
    return None


def aged(store: Store, of: Hold | Payout, days: int) -> None:
    """Let an intent have been kept so many days ago."""
    then = clock.now() - timedelta(days=days)
    if isinstance(of, Hold):
        store.db["holds"].update_one({"_id": of.id}, {"$set": {"charges.0.asked_at": then}})
    else:
        store.db["payouts"].update_one({"_id": of.id}, {"$set": {"requested_at": then}})


def state(store: Store, of: Hold | Payout) -> str:
    kind: Any = HOLDS if isinstance(of, Hold) else PAYOUTS
    return str(store.get(kind, of.id).state)


def sound(store: Store) -> None:
    assert audit.check(store.db) == []
    assert all(p["total"] == 0 for p in proof.proof(store.db)["currencies"].values())


# Cards


def test_a_card_funds_its_hold_and_a_yen_is_a_yen(stripe: Stripe, store: Store) -> None:
    of = keep_hold(store, amount=75_000)
    assert fund(store, of).state == "funded"
    (intent,) = stripe.all("payment_intent")
    assert (intent["amount"], intent["currency"]) == (75_000, "jpy")
    assert intent["metadata"] == {"ukeoi_id": store.get(HOLDS, of.id).charges[0].id}
    assert next(iter(reconcile.ours(store.db, "stripe")))[1:] == ("charge", 75_000, "JPY")
    sound(store)


def test_the_same_request_eight_times_at_once_is_one_charge(stripe: Stripe, store: Store) -> None:
    of = keep_hold(store)
    race([lambda: fund(store, of) for _ in range(8)])
    sweep(store)
    assert state(store, of) == "funded"
    assert [i["status"] for i in stripe.all("payment_intent")] == ["succeeded"]
    sound(store)


def test_a_declined_card_is_told_and_another_may_be_tried(stripe: Stripe, store: Store) -> None:
    of = keep_hold(store)
    with pytest.raises(Conflict) as why:
        fund(store, of, DECLINED)
    assert (why.value.code, str(why.value)) == ("card_declined", "Your card was declined.")
    charge = store.get(HOLDS, of.id).charges[0]
    assert (state(store, of), charge.state, charge.ref[:3]) == ("opened", "declined", "pi_")
    assert fund(store, of, GOOD, "b").state == "funded"
    sound(store)


@pytest.mark.parametrize("amount", [49, 75_000])
def test_what_stripe_will_not_take_is_declined_with_its_reason(
    stripe: Stripe, store: Store, amount: int
) -> None:
    of = keep_hold(store, amount=amount)
    with pytest.raises(Conflict, match=r"at least|No such PaymentMethod"):
        fund(store, of, "pm_nobody" if amount > 49 else GOOD)
    assert (state(store, of), proof.proof(store.db)["entries"]) == ("opened", 0)


@pytest.mark.parametrize("how", ["lost", "hangs", "500", "429", "401"])
def test_what_was_not_answered_is_asked_again_and_taken_once(
    stripe: Stripe, store: Store, how: str
) -> None:
    of = keep_hold(store)
    stripe.fail("/v1/payment_intents", how)
    assert fund(store, of).state == "opened"
    waiting = store.get(HOLDS, of.id)
    assert (waiting.asked is not None, (next_step(waiting) or {})["action"]) == (
        True,
        "ask_provider",
    )
    sweep(store)
    assert state(store, of) == "funded"
    assert len(stripe.all("payment_intent")) == 1
    sound(store)


def test_after_a_day_a_charge_is_looked_for_and_never_made_anew(
    stripe: Stripe, store: Store
) -> None:
    lost, never = keep_hold(store), keep_hold(store)
    stripe.fail("/v1/payment_intents", "lost")
    fund(store, lost)
    stripe.fail("/v1/payment_intents", "500")
    fund(store, never)
    stripe.forget_keys()
    for of in (lost, never):
        aged(store, of, 2)
    sweep(store)
    assert state(store, lost) == "funded"
    assert store.get(HOLDS, never.id).charges[0].state == "declined"
    assert len(stripe.all("payment_intent")) == 1
    sound(store)


def test_the_clients_browser_goes_on_with_what_waits_for_it(
    stripe: Stripe, store: Store, web: Flask, signer: Signer
) -> None:
    client, worker = a_caller(web, signer), a_caller(web, signer)
    of = keep_hold(store, client_id=client.id, worker_id=worker.id)
    words = {"method": "card", "source": ASKS_THE_CLIENT}
    told = client.post(f"/v1/holds/{of.id}/fund", words, key="k").json
    assert told["payment"]["client_secret"].startswith("pi_")
    assert told["next"]["actor"] == "client"
    assert told["next"]["action"] == "confirm_payment"
    assert worker.get(f"/v1/holds/{of.id}").json["payment"] is None
    (intent,) = stripe.all("payment_intent")
    stripe.paid(intent)
    sweep(store)
    assert client.get(f"/v1/holds/{of.id}").json["state"] == "funded"
    assert client.get(f"/v1/holds/{of.id}").json["payment"] is None


def test_a_charge_that_nobody_confirms_is_given_up(stripe: Stripe, store: Store) -> None:
    silent, other = keep_hold(store), keep_hold(store)
    fund(store, silent, "")
    fund(store, other, "")
    aged(store, silent, 1)
    sweep(store)
    charges = store.get(HOLDS, silent.id).charges
    assert [(c.state, c.secret) for c in charges] == [("declined", "")]
    assert fund(store, other, GOOD, "b").state == "funded"
    statuses = [i["status"] for i in stripe.all("payment_intent")]
    assert statuses == ["canceled", "canceled", "succeeded"]
    sound(store)


def test_what_was_confirmed_while_it_is_given_up_has_funded_the_hold(
    stripe: Stripe, store: Store
) -> None:
    of = keep_hold(store)
    fund(store, of, "")
    stripe.paid(stripe.all("payment_intent")[0])
    with pytest.raises(Conflict, match="funded"):
        fund(store, of, GOOD, "b")
    assert state(store, of) == "funded"
    assert len(stripe.all("payment_intent")) == 1
    sound(store)


def test_bank_transfers_are_not_offered(stripe: Stripe, store: Store) -> None:
    of = keep_hold(store)
    with pytest.raises(Invalid) as why:
        usecases.fund(
            store, of.id, by=CLIENT, method="bank_transfer", once=Once("a"), now=clock.now()
        )
    assert why.value.code == "method_not_available"
    assert store.get(HOLDS, of.id) == of


# Payouts


def earned(store: Store) -> None:
    keep_released(store, worker_id=WORKER)


def onboarded(stripe: Stripe, store: Store) -> str:
    found = usecases.onboard(store, WORKER, "https://example.com/back")
    assert found.url.startswith("https://connect.stripe.com/")
    stripe.things[found.ref]["payouts_enabled"] = True
    return found.ref


def ask(store: Store, amount: int = 10_000, key: str = "p") -> Payout:
    words: dict[str, Any] = {"amount": Money(amount), "minimum": MINIMUM, "once": Once(key)}
    return usecases.request_payout(store, by=WORKER, **words, now=clock.now()).thing


def balance(store: Store) -> int:
    return queries.wallet(store.db, WORKER, "JPY")["available"].amount


def finish(stripe: Stripe, status: str, **more: Any) -> None:
    for payout in stripe.all("payout"):
        payout.update(status=status, **more)


def test_without_a_destination_nothing_is_paid_out(stripe: Stripe, store: Store) -> None:
    earned(store)
    assert usecases.destination(store, WORKER).state == "missing"
    with pytest.raises(Conflict) as why:
        ask(store)
    assert (why.value.code, balance(store)) == ("no_destination", 71_250)


def test_a_member_has_one_destination_however_often_it_is_opened(
    stripe: Stripe, store: Store
) -> None:
    race([lambda: usecases.onboard(store, WORKER, "https://x.example") for _ in range(4)])
    assert len(stripe.all("account")) == 1
    assert usecases.destination(store, WORKER).state == "open"
    onboarded(stripe, store)
    assert usecases.destination(store, WORKER).state == "ready"
    stripe.fail("/v1/accounts", "500")
    with pytest.raises(Unavailable):
        usecases.destination(store, WORKER)


def test_a_payout_goes_by_the_members_account_to_their_bank(stripe: Stripe, store: Store) -> None:
    earned(store)
    account, asked = onboarded(stripe, store), ask(store)
    sweep(store)
    assert (state(store, asked), balance(store)) == ("sent", 61_250)
    finish(stripe, "paid")
    sweep(store)
    assert state(store, asked) == "paid"
    (transfer,), (payout,) = stripe.all("transfer"), stripe.all("payout")
    assert (transfer["amount"], transfer["currency"]) == (10_000, "jpy")
    assert (transfer["destination"], payout["_account"]) == (account, account)
    assert (asked.id, "payout", 10_000, "JPY") in reconcile.ours(store.db, "stripe")
    sound(store)


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_payout_that_failed_is_back_on_both_sides(
    stripe: Stripe, store: Store, status: str
) -> None:
    earned(store)
    onboarded(stripe, store)
    before, asked = stripe.balance, ask(store)
    sweep(store)
    finish(stripe, status, failure_message="The bank account has been closed.")
    stripe.fail("/v1/transfers/tr_", "lost")
    sweep(store)
    assert state(store, asked) == "sent"  # not before the transfer is known to be back
    sweep(store)
    assert (state(store, asked), balance(store), stripe.balance) == ("failed", 71_250, before)
    assert store.get(PAYOUTS, asked.id).reason == "The bank account has been closed."
    sound(store)


def test_a_member_without_a_bank_gets_it_back(stripe: Stripe, store: Store) -> None:
    earned(store)
    onboarded(stripe, store)
    before, stripe.no_bank, asked = stripe.balance, True, ask(store)
    sweep(store)
    assert (state(store, asked), balance(store), stripe.balance) == ("failed", 71_250, before)
    sound(store)


def test_what_the_platforms_balance_does_not_cover_yet_is_sent_later(
    stripe: Stripe, store: Store
) -> None:
    earned(store)
    onboarded(stripe, store)
    stripe.balance, asked = 9_999, ask(store)
    for _ in range(2):
        sweep(store)
    assert (state(store, asked), balance(store)) == ("requested", 61_250)
    stripe.balance = 10_000
    sweep(store)
    assert (state(store, asked), stripe.balance) == ("sent", 0)


@pytest.mark.parametrize("where", ["/v1/transfers", "/v1/payouts"])
@pytest.mark.parametrize("how", ["lost", "500"])
@pytest.mark.parametrize("days", [0, 2])
def test_a_payout_that_was_not_answered_is_sent_once(
    stripe: Stripe, store: Store, where: str, how: str, days: int
) -> None:
    earned(store)
    onboarded(stripe, store)
    asked = ask(store)
    stripe.fail(where, how)
    sweep(store)
    assert state(store, asked) == "requested"
    if days:
        stripe.forget_keys()
        aged(store, asked, days)
    sweep(store)
    assert state(store, asked) == "sent"
    assert (len(stripe.all("transfer")), len(stripe.all("payout"))) == (1, 1)
    sound(store)


# Webhooks


def tell(app: Flask, type_: str, about: Any, **how: Any) -> TestResponse:
    event = {"id": ids.new("evt"), "object": "event", "type": type_, "data": {"object": about}}
    body = json.dumps({"api_version": "2026-10-28", "livemode": False, **event})
    at = int(time.time()) - how.get("age_s", 0)
    secret = how.get("secret", PLATFORM)
    signed = lib.WebhookSignature.generate_signature_header(body, secret, at)
    headers = {"Stripe-Signature": how.get("header", signed), "Content-Type": "application/json"}
    data = body + how.get("spoil", "")
    return app.test_client().post("/v1/payments/stripe/webhook", data=data, headers=headers)


def waiting(stripe: Stripe, store: Store) -> tuple[Hold, Any]:
    """Return a hold whose charge waits for the client, and its intent."""
    of = keep_hold(store)
    fund(store, of, "")
    return of, stripe.all("payment_intent")[-1]


def test_events_of_a_charge_may_come_twice_and_in_any_order(
    stripe: Stripe, store: Store, web: Flask
) -> None:
    of, intent = waiting(stripe, store)
    failed = {**intent, "last_payment_error": {"message": "Your card was declined."}}
    stripe.paid(intent)
    for _ in range(2):
        assert tell(web, "payment_intent.succeeded", intent).status_code == 200
        assert tell(web, "payment_intent.payment_failed", failed).status_code == 200
    assert state(store, of) == "funded"
    assert proof.proof(store.db)["entries"] == 1
    other, intent = waiting(stripe, store)
    assert tell(web, "payment_intent.payment_failed", failed | {**intent}).status_code == 200
    assert store.get(HOLDS, other.id).charges[0].state == "declined"
    stripe.paid(intent)
    assert tell(web, "payment_intent.succeeded", intent).status_code == 200
    assert state(store, other) == "funded"
    sound(store)


def test_money_that_comes_for_a_hold_that_is_no_more_is_the_clients(
    stripe: Stripe, store: Store, web: Flask
) -> None:
    of, intent = waiting(stripe, store)
    store.change(HOLDS, of.id, settlement.cancel, reason="x", now=clock.now())
    stripe.paid(intent)
    assert tell(web, "payment_intent.succeeded", intent).status_code == 200
    assert queries.wallet(store.db, CLIENT, "JPY")["available"].amount == 75_000
    sound(store)


def test_a_webhook_that_is_not_stripes_changes_nothing(
    stripe: Stripe, store: Store, web: Flask
) -> None:
    of, intent = waiting(stripe, store)
    stripe.paid(intent)
    before = store.load(HOLDS, of.id).doc
    for code, how in {
        "bad_signature": {"secret": "whsec_of_nobody"},
        "old_signature": {"age_s": 301},
    }.items():
        answer = tell(web, "payment_intent.succeeded", intent, **how)
        assert (answer.status_code, answer.json["code"]) == (401, code)
    for header in ("", "t=1", "v1=x", "t=x,v1=y", "t=" + "9" * 5000 + ",v1=y"):
        answer = tell(web, "payment_intent.succeeded", intent, header=header)
        assert (answer.status_code, answer.json["code"]) == (401, "bad_signature")
    spoiled = tell(web, "payment_intent.succeeded", intent, spoil=" ")
    assert spoiled.json["code"] == "bad_signature"
    wrong = {**intent, "amount_received": 74_999}
    assert tell(web, "payment_intent.succeeded", wrong).json["code"] == "amount_mismatch"
    for bad in ({**intent, "currency": "xau"}, {"metadata": {"ukeoi_id": "x"}}, []):
        assert tell(web, "payment_intent.succeeded", bad).status_code == 400
    assert store.load(HOLDS, of.id).doc == before
    assert tell(web, "payment_intent.succeeded", intent, secret=CONNECT).status_code == 200


def test_what_is_not_ours_is_heard_and_left(stripe: Stripe, store: Store, web: Flask) -> None:
    of, intent = waiting(stripe, store)
    for type_, about in {
        "customer.created": {"id": "cus_1"},
        "payment_intent.succeeded": {**intent, "metadata": {}},
        "payout.paid": {"id": "po_1", "metadata": None},
        "charge.dispute.funds_withdrawn": {"payment_intent": None},
    }.items():
        assert tell(web, type_, about).status_code == 200
    assert state(store, of) == "opened"


def test_a_payouts_event_only_lets_us_ask(stripe: Stripe, store: Store, web: Flask) -> None:
    earned(store)
    onboarded(stripe, store)
    asked = ask(store)
    sweep(store)
    (payout,) = stripe.all("payout")
    lie = {**payout, "status": "failed"}
    assert tell(web, "payout.failed", lie, secret=CONNECT).status_code == 200
    assert state(store, asked) == "sent"
    finish(stripe, "paid")
    for _ in range(2):
        assert tell(web, "payout.paid", payout, secret=CONNECT).status_code == 200
    assert (state(store, asked), balance(store)) == ("paid", 61_250)


def test_a_bank_may_give_a_payout_back_days_after_it_was_paid(
    stripe: Stripe, store: Store, web: Flask
) -> None:
    earned(store)
    onboarded(stripe, store)
    before, asked = stripe.balance, ask(store)
    sweep(store)
    finish(stripe, "paid")
    sweep(store)
    finish(stripe, "failed", failure_message="The account is closed.")
    (payout,) = stripe.all("payout")
    for _ in range(2):
        assert tell(web, "payout.failed", payout, secret=CONNECT).status_code == 200
    assert (state(store, asked), balance(store), stripe.balance) == ("failed", 71_250, before)
    types = [type_ for id_, type_, _, _ in reconcile.ours(store.db, "stripe") if id_ == asked.id]
    assert types == ["payout", "payout_returned"]
    sound(store)


def test_a_dispute_takes_the_money_back_and_winning_it_gives_it_back(
    stripe: Stripe, store: Store, web: Flask
) -> None:
    of = keep_hold(store)
    fund(store, of)
    (intent,) = stripe.all("payment_intent")
    dispute = {
        "id": "du_1",
        "object": "dispute",
        "amount": 75_000,
        "currency": "jpy",
        "payment_intent": intent["id"],
        "reason": "fraudulent",
    }
    early = tell(web, "charge.dispute.funds_reinstated", dispute)
    assert early.status_code == 404  # Stripe tells it again
    for _ in range(2):
        assert tell(web, "charge.dispute.funds_withdrawn", dispute).status_code == 200
    id_ = ids.derived("cbk", store.get(HOLDS, of.id).charges[0].id)
    assert store.get(CHARGEBACKS, id_).state == "owed"
    for _ in range(2):
        assert tell(web, "charge.dispute.funds_reinstated", dispute).status_code == 200
    assert store.get(CHARGEBACKS, id_).state == "reversed"
    nobodys = {**dispute, "payment_intent": "pi_nobody"}
    assert tell(web, "charge.dispute.funds_withdrawn", nobodys).status_code == 404
    sound(store)


# What an operator sets


def test_a_deployment_without_stripes_settings_starts_and_has_no_such_provider(
    app: Flask,
) -> None:
    answer = Caller(app).post("/v1/payments/stripe/webhook", {})
    assert (answer.status_code, answer.json["code"]) == (404, "no_such_provider")


@pytest.mark.pure
@pytest.mark.parametrize(
    "env",
    [
        {"PAYMENT_PROVIDER": "bank of nobody"},
        {"PAYMENT_PROVIDER": "stripe"},
        {"PAYMENT_PROVIDER": "stripe", "STRIPE_SECRET_KEY": "sk_x"},
        {"PAYMENT_PROVIDER": "stripe", "STRIPE_WEBHOOK_SECRETS": "whsec_x"},
    ],
)
def test_half_of_the_settings_are_refused_at_the_start(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    providers.forget()
    with pytest.raises(SystemExit, match=r"PAYMENT_PROVIDER|STRIPE_SECRET_KEY"):
        config.here()
    monkeypatch.undo()
    providers.forget()


@pytest.mark.pure
def test_secrets_are_shown_nowhere() -> None:
    known = config.Config(stripe_secret_key="sk_x", webhook_secrets={"stripe": ["whsec_x"]})
    assert "sk_x" not in repr(known)
    assert "whsec_x" not in repr(known)


def test_a_deployment_that_went_back_to_the_sandbox_still_hears_of_what_stripe_owes(
    stripe: Stripe, store: Store, web: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, intent = waiting(stripe, store)
    monkeypatch.setenv("PAYMENT_PROVIDER", "sandbox")
    providers.forget()
    stripe.paid(intent)
    sweep(store)
    assert state(store, of) == "funded"
    assert providers.default().name == "sandbox"
