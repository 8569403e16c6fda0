"""Holds, payouts and events for escrow's tests, made by the rules themselves."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from services.escrow import ledger, profiles
from services.escrow.domain import funding, opening, payout, schedule, settlement
from services.escrow.domain.division import Share, divide
from services.escrow.domain.hold import Hold
from services.escrow.domain.payout import Payout
from services.escrow.domain.schedule import Schedule
from services.escrow.records import HOLDS
from shared import clock, ids
from shared.events import Event
from shared.money import Money
from shared.settings import Settings
from shared.store import Store

T = TypeVar("T")

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
CLIENT = "mem_" + "c" * 32
WORKER = "mem_" + "d" * 32
CHARGE = "chg_" + "1" * 32
MINIMUM = {"JPY": 1000}

DEFAULT = profiles.of(
    Settings(
        mongo_url="", mongo_db="", jwt_public_keys=Path(), profiles_dir=Path("deploy/profiles")
    )
).schedule_at(NOW)
# Both sides pay, with tiers, a minimum, and a tax on the fee.
RICH: Schedule = schedule.read(
    {
        "id": "rich",
        "version": 7,
        "levies": [
            {
                "name": "system_fee",
                "side": "worker",
                "account": "fees",
                "tiers": [
                    {"rate": "0.2", "up_to": 100_000},
                    {"rate": "0.1", "up_to": 200_000},
                    {"rate": "0.05"},
                ],
                "minimum": 50,
            },
            {
                "name": "tax_on_fee",
                "side": "worker",
                "account": "tax:consumption",
                "base": "system_fee",
                "tiers": [{"rate": "0.1"}],
            },
            {
                "name": "client_fee",
                "side": "client",
                "account": "fees",
                "tiers": [{"rate": "0.05"}],
            },
            {
                "name": "client_tax",
                "side": "client",
                "account": "tax:consumption",
                "base": "client_fee",
                "tiers": [{"rate": "1/11"}],
            },
        ],
    },
    "test",
)


def formed(
    *amounts: int, client_id: str = CLIENT, worker_id: str = WORKER, **words: Any
) -> dict[str, Any]:
    """Return the words of `contract.formed`, with a milestone for each amount."""
    by = clock.text(NOW + timedelta(days=7))
    milestones = [
        {
            "n": n,
            "title": f"part {n}",
            "amount": {"amount": amount, "currency": "JPY"},
            "deliver_by": by,
            "hold_id": ids.new("hld"),
        }
        for n, amount in enumerate(amounts or (75_000,), start=1)
    ]
    return {
        "contract_id": ids.new("con"),
        "offer_id": ids.new("off"),
        "client_id": client_id,
        "worker_id": worker_id,
        "title": "Translate a manual",
        "mode": "project",
        "scope": "all of it",
        "milestones": milestones,
        "review_days": 14,
        "revisions": 2,
        "fund_by": by,
        **words,
    }


def an_event(type_: str, data: dict[str, Any]) -> Event:
    """Return an event as it is heard."""
    return Event(
        id=ids.new("evt"),
        type=type_,
        source="contracts",
        subject=data.get("contract_id") or data.get("job_id") or data["member_id"],
        time=clock.text(NOW),
        version=1,
        data=data,
    )


def step_words(of: Hold, **words: Any) -> dict[str, Any]:
    """Return the words that contracts says about the milestone of a hold."""
    return {
        "contract_id": of.ref,
        "client_id": of.client_id,
        "worker_id": of.worker_id,
        "title": of.title,
        "milestone": of.milestone,
        "hold_id": of.id,
        **words,
    }


def accepted(of: Hold, amount: int | None = None) -> Event:
    """Return `delivery.accepted` for a hold, whole or in part."""
    money = {"amount": of.amount.amount if amount is None else amount, "currency": "JPY"}
    return an_event("delivery.accepted", step_words(of, amount=money, by="client"))


def cancelled(*of: Hold) -> Event:
    """Return `contract.cancelled` for the holds of a contract."""
    data = {
        "contract_id": of[0].ref,
        "offer_id": ids.new("off"),
        "client_id": of[0].client_id,
        "worker_id": of[0].worker_id,
        "title": of[0].title,
        "reason": "unfunded",
        "hold_ids": [one.id for one in of],
    }
    return an_event("contract.cancelled", data)


def a_hold(
    state: str = "opened", amount: int = 75_000, *, fees: Schedule = DEFAULT, **words: Any
) -> Hold:
    """Return a hold that has come to this state by the rules."""
    ((new, _),) = opening.open_for_contract(formed(amount, **words), schedule=fees, now=NOW)
    if state == "opened":
        return new
    if state == "cancelled":
        return settlement.cancel(new, reason="unfunded", now=NOW)[0]
    funded = funding.confirmed(charged(new), charge_id=CHARGE, now=NOW)[0]
    match state:
        case "funded":
            return funded
        case "released":
            return settlement.release(funded, amount=funded.amount, cause="test", now=NOW)[0]
        case "refunded":
            return settlement.refund(funded, cause="test", now=NOW)[0]
        case "split":
            part = Money(amount - 1)
            return settlement.release(funded, amount=part, cause="test", now=NOW)[0]
    raise AssertionError(state)


def charged(of: Hold, charge_id: str = CHARGE) -> Hold:
    """Return the hold with a charge that waits for its answer."""
    return funding.charge(of, by=of.client_id, charge_id=charge_id, provider="sandbox", now=NOW)[0]


def a_payout(state: str = "requested", amount: int = 10_000) -> Payout:
    """Return a payout that has come to this state by the rules."""
    new = payout.request(
        ids.new("pay"),
        by=WORKER,
        amount=Money(amount),
        provider="sandbox",
        minimum=MINIMUM,
        now=NOW,
    )[0]
    match state:
        case "requested":
            return new
        case "sent":
            return payout.sent(new, now=NOW)[0]
        case "paid":
            return payout.paid(new, now=NOW)[0]
        case "failed":
            return payout.failed(new, reason="no such account", now=NOW)[0]
    raise AssertionError(state)


# In a database


def keep_hold(
    store: Store, *, fees: Schedule = DEFAULT, amount: int = 75_000, **words: Any
) -> Hold:
    """Return an opened hold that is kept."""
    ((new, facts),) = opening.open_for_contract(formed(amount, **words), schedule=fees, now=NOW)
    return store.create(HOLDS, new, facts, now=clock.now()).thing


def keep_funded(store: Store, **words: Any) -> Hold:
    """Return a funded hold that is kept, its money booked."""
    return pay(store, keep_hold(store, **words))


def pay(store: Store, opened: Hold) -> Hold:
    """Fund a hold by a card that is confirmed."""
    charge_id, now = ids.new("chg"), clock.now()
    words: dict[str, Any] = {"charge_id": charge_id, "now": now}
    store.change(HOLDS, opened.id, funding.charge, by=opened.client_id, provider="sandbox", **words)
    kept: Hold = ledger.change(store, HOLDS, opened.id, funding.confirmed, **words).thing
    return kept


def keep_released(store: Store, **words: Any) -> Hold:
    """Return a released hold: its worker has money in the wallet."""
    funded = keep_funded(store, **words)
    now = clock.now()
    kept: Hold = ledger.change(
        store, HOLDS, funded.id, settlement.release, amount=funded.amount, cause="test", now=now
    ).thing
    return kept


def race(racers: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Let all start at once; return what each got, or was told."""
    start = threading.Barrier(len(racers))
    results: list[T | Exception] = [AssertionError("never ran")] * len(racers)

    def run(n: int, racer: Callable[[], T]) -> None:
        start.wait()
        try:
            results[n] = racer()
        except Exception as why:  # noqa: BLE001
            results[n] = why

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def yen(amount: int) -> dict[str, Any]:
    """Return yen as they are said."""
    return {"amount": amount, "currency": "JPY"}


def submitted(
    *,
    prizes: Sequence[int] = (),
    reward: int | None = None,
    slots: int | None = None,
    client_id: str = CLIENT,
) -> dict[str, Any]:
    """Return the words of `job.submitted_for_funding`."""
    return {
        "job_id": ids.new("job"),
        "client_id": client_id,
        "mode": "competition" if prizes else "task",
        "title": "Name a shop",
        "hold_id": ids.new("hld"),
        "prizes": [yen(one) for one in prizes] or None,
        "reward": yen(reward) if reward is not None else None,
        "slots": slots,
        "fund_by": clock.text(NOW + timedelta(days=7)),
    }


def a_job_hold(state: str = "opened", *, fees: Schedule = DEFAULT, **job: Any) -> Hold:
    """Return a job's hold that has come to this state by the rules."""
    new, _ = opening.open_for_job(submitted(**job), schedule=fees, now=NOW)
    if state == "opened":
        return new
    if state == "cancelled":
        return settlement.cancel(new, reason="unfunded", now=NOW)[0]
    funded = funding.from_wallet(new, by=CLIENT, now=NOW)[0]
    part = {"funded": 0, "released": new.amount.amount, "refunded": 0, "split": 1}[state]
    if state == "funded":
        return funded
    share = Share(worker_id=WORKER, amount=part, cause="test")
    back = new.amount.amount - part
    return divide(funded, [share], back, name="resolve", cause="test")[0]


def a_step(type_: str = "tip.given", amount: int = 1_000, **words: Any) -> dict[str, Any]:
    """Return the words of `tip.given`, `milestone.added`, `milestone.changed`, `week.planned`."""
    by = clock.text(NOW + timedelta(days=7))
    more = {
        "tip.given": {"tip_id": ids.new("tip"), "milestone": 0},
        "week.planned": {"week_starts_at": by, "fund_by": by},
    }.get(type_, {"deliver_by": by})
    return {
        "contract_id": ids.new("con"),
        "client_id": CLIENT,
        "worker_id": WORKER,
        "title": "Translate a manual",
        "milestone": 2,
        "hold_id": ids.new("hld"),
        "mode": "project",
        "amount": yen(amount),
        **more,
        **words,
    }


def a_tip(amount: int = 1_000, *, fees: Schedule = DEFAULT) -> Hold:
    """Return a tip that waits to be funded."""
    return opening.open_tip(a_step("tip.given", amount), schedule=fees, now=NOW)[0]
