"""What escrow reads: holds, wallets, statements, payouts."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from services.escrow.domain.hold import Hold
from services.escrow.domain.payout import Payout
from services.escrow.domain.posting import wallet as wallet_account
from services.escrow.journal import BALANCES, ENTRIES, balance_id, line_key
from services.escrow.records import HOLDS, PAYOUTS
from shared.auth import Caller
from shared.documents import Doc, Loaded
from shared.errors import Unknown
from shared.money import Money
from shared.paging import Cursor, Page, bad_cursor
from shared.store import Db, Store

MEMBERS = "members"
DESTINATIONS = "destinations"
STATEMENT = "-n"
PROVIDER = "provider:"
CHUNK = 100
EXPORT_MAX = 100_000
PAID_LAST = 500
QUANTILES = (0.5, 0.9)


def hold_of(store: Store, id_: str, caller: Caller) -> Loaded[Hold]:
    """Return a hold to its parties and to operators.

    :raises Unknown: `no_such_hold`, also to everybody else
    """
    loaded = store.load(HOLDS, id_)
    if not caller.is_ops and caller.id not in (loaded.thing.client_id, loaded.thing.worker_id):
        raise Unknown("no_such_hold", "there is no such hold")
    return loaded


def holds(
    db: Db, member_id: str, *, page: Page, ref: str | None = None
) -> tuple[list[Hold], str | None]:
    """Return a party's holds, newest first; those of one contract or job by milestone."""
    where: Doc = {"$or": [{"client_id": member_id}, {"worker_id": member_id}]}
    collection = db[HOLDS.collection]
    if ref is None:
        docs, cursor = page.find(collection, where, by="opened_at")
    else:
        where = {"ref": ref, **where}
        docs, cursor = page.find(collection, where, by="milestone", newest_first=False)
    return [HOLDS.from_doc(doc) for doc in docs], cursor


def out_of_turn(db: Db, these: Iterable[Hold]) -> set[str]:
    """Return the ids of those whose contract has an earlier milestone that waits for its money."""
    later = [hold for hold in these if hold.milestone > 1 and hold.state == "opened"]
    if not later:
        return set()
    waiting = db[HOLDS.collection].find(
        {"ref": {"$in": [hold.ref for hold in later]}, "state": "opened"},
        {"ref": 1, "milestone": 1},
    )
    first: dict[str, int] = {}
    for doc in waiting:
        first[doc["ref"]] = min(doc["milestone"], first.get(doc["ref"], doc["milestone"]))
    return {hold.id for hold in later if first.get(hold.ref, hold.milestone) < hold.milestone}


def hold_of_account(store: Store, provider: str, number: str) -> Hold | None:
    """Return the hold that has this virtual account."""
    doc = store.db[HOLDS.collection].find_one({"transfer": [provider, number]})
    return HOLDS.from_doc(doc) if doc else None


def withheld_between(db: Db, hold: Hold, kinds: tuple[str, str] | None) -> bool:
    """Say whether the client, and the worker where one is known, are of these kinds."""
    if kinds is None:
        return False
    wanted = {hold.client_id: kinds[0]}
    if hold.worker_id is not None:
        wanted[hold.worker_id] = kinds[1]
    found = db[MEMBERS].find({"_id": {"$in": sorted(wanted)}}, {"kind": 1})
    return {doc["_id"]: doc["kind"] for doc in found} == wanted


def hold_id_of_charge(db: Db, charge_id: str) -> str:
    """Return the hold that a charge is for.

    :raises Unknown: `no_such_charge`
    """
    doc = db[HOLDS.collection].find_one({"charges.id": charge_id}, {"_id": 1})
    if doc is None:
        raise Unknown("no_such_charge", "there is no such charge")
    return str(doc["_id"])


def charge_of(db: Db, ref: str) -> str:
    """Return the charge that a provider knows by its own id.

    :raises Unknown: `no_such_charge`
    """
    doc = db[HOLDS.collection].find_one({"charges.ref": ref}, {"charges": 1}) if ref else None
    if doc is None:
        raise Unknown("no_such_charge", "there is no such charge")
    return next(str(one["id"]) for one in doc["charges"] if one.get("ref") == ref)


def destination_of(db: Db, provider: str, member_id: str) -> str:
    """Return by what name a provider knows where a member is paid out to; empty: nowhere yet."""
    doc = db[DESTINATIONS].find_one({"_id": destination_id(provider, member_id)})
    return str(doc["ref"]) if doc else ""


def destination_id(provider: str, member_id: str) -> str:
    """Return the `_id` of a member's destination."""
    return f"{provider}:{member_id}"


def wallet(db: Db, member_id: str, currency: str) -> dict[str, Money]:
    """Return what a member has, and what is on its way to their bank."""
    balance = db[BALANCES].find_one({"_id": balance_id(wallet_account(member_id), currency)})
    on_its_way = db[PAYOUTS.collection].aggregate(
        [
            {"$match": {"member_id": member_id, "state": {"$in": ["requested", "sent"]}}},
            {"$match": {"amount.currency": currency}},
            {"$group": {"_id": None, "amount": {"$sum": "$amount.amount"}}},
        ]
    )
    pending = sum(row["amount"] for row in on_its_way)
    return {
        "available": Money(balance["amount"] if balance else 0, currency),
        "pending": Money(pending, currency),
    }


def is_erased(db: Db, member_id: str) -> bool:
    """Say whether accounts has told that this member has been erased."""
    return db[MEMBERS].find_one({"_id": member_id, "state": "erased"}, {"_id": 1}) is not None


def stranded(db: Db) -> Iterator[Payout]:
    """Yield the payouts that came back into wallets of erased members and are there still.

    It looks at every payout that ever failed: for a command.
    """
    for doc in list(db[PAYOUTS.collection].find({"state": "failed", "set_aside_at": None})):
        back = PAYOUTS.from_doc(doc)
        if is_erased(db, back.member_id) and is_in_wallet(db, back):
            yield back


def is_in_wallet(db: Db, back: Payout) -> bool:
    """Say whether a payout came back and the wallet holds it, with all that came back after it.

    What came back before a member left was paid out again: nobody leaves with a full wallet.
    """
    if back.state != "failed" or back.set_aside_at:
        return False
    of = {"member_id": back.member_id, "state": "failed", "set_aside_at": None}
    since = {**of, "amount.currency": back.amount.currency, "ended_at": {"$gte": back.ended_at}}
    there: int = sum(doc["amount"]["amount"] for doc in db[PAYOUTS.collection].find(since))
    available = wallet(db, back.member_id, back.amount.currency)["available"].amount
    return there <= available


def statement(
    db: Db, member_id: str, currency: str, page: Page
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a part of a wallet's statement, newest first, and the cursor of the next.

    :raises Invalid: `bad_cursor`
    """
    id_ = balance_id(wallet_account(member_id), currency)
    if (at := page.cursor) is None:
        balance = db[BALANCES].find_one({"_id": id_})
        newest = balance["n"] if balance else 0
    elif at.order != STATEMENT or type(at.value) is not int or at.id != id_:
        raise bad_cursor()
    else:
        newest = at.value - 1
    oldest = max(newest - page.limit + 1, 1)
    lines = _lines(db, id_, range(newest, oldest - 1, -1))
    more = Cursor(STATEMENT, oldest, id_).text() if oldest > 1 and lines else None
    return lines, more


def whole_statement(
    db: Db, member_id: str, currency: str, *, most: int = EXPORT_MAX
) -> Iterator[dict[str, Any]]:
    """Return all lines of a wallet, oldest first, at most the last `most`."""
    for entry, line in booked(db, member_id, currency, most=most):
        yield line_words(entry, line)


def booked(
    db: Db, member_id: str, currency: str, *, most: int = EXPORT_MAX
) -> Iterator[tuple[Doc, Doc]]:
    """Return a wallet's lines as they are kept, oldest first, each with its entry."""
    id_ = balance_id(wallet_account(member_id), currency)
    balance = db[BALANCES].find_one({"_id": id_})
    newest = balance["n"] if balance else 0
    for first in range(max(1, newest - most + 1), newest + 1, CHUNK):
        yield from _booked(db, id_, range(first, min(first + CHUNK, newest + 1)))


def card_payments(
    db: Db, member_id: str, currency: str, *, first: datetime, after: datetime
) -> list[dict[str, Any]]:
    """Return what a client paid in by card from `first` until `after`, oldest first.

    None of it passes the wallet, so no line of it says the client's fee; the steps are the hold's.
    """
    by_card = {
        "client_id": member_id,
        "amount.currency": currency,
        "charges": {"$elemMatch": {"state": "confirmed", "asked_at": {"$lt": after}}},
    }
    steps = {
        f"{doc['_id']}:fund": doc["quote"]["client_steps"]
        for doc in db[HOLDS.collection].find(by_card, {"quote.client_steps": 1})
    }
    found: list[Doc] = []
    keys = sorted(steps)
    for start in range(0, len(keys), CHUNK):
        where = {"_id": {"$in": keys[start : start + CHUNK]}, "at": {"$gte": first, "$lt": after}}
        found += db[ENTRIES].find(where)
    return [
        {
            "id": entry["_id"],
            "at": entry["at"],
            "amount": Money(-entry["lines"][0]["amount"], currency),
            "ref": entry["ref"],
            "steps": steps[entry["_id"]],
        }
        for entry in sorted(found, key=lambda entry: (entry["at"], entry["_id"]))
        if entry["lines"][0]["account"].startswith(PROVIDER)
    ]


def _lines(db: Db, balance: str, numbers: range) -> list[dict[str, Any]]:
    return [line_words(entry, line) for entry, line in _booked(db, balance, numbers)]


def _booked(db: Db, balance: str, numbers: range) -> list[tuple[Doc, Doc]]:
    """Return a wallet's lines by their numbers, in this order; each is found by its exact key."""
    keys = [line_key(balance, n) for n in numbers]
    account = balance.rpartition(":")[0]
    found = {}
    for entry in db[ENTRIES].find({"statement": {"$in": keys}}) if keys else ():
        line = next(one for one in entry["lines"] if one["account"] == account)
        found[line["n"]] = (entry, line)
    return [found[n] for n in numbers if n in found]


def line_words(entry: Doc, line: Doc) -> dict[str, Any]:
    """Return one line of a statement as its member sees it."""
    return {
        "id": entry["_id"],
        "at": entry["at"],
        "amount": Money(line["amount"], entry["currency"]),
        "balance": Money(line["balance"], entry["currency"]),
        "kind": line.get("kind") or entry["kind"],
        "ref": entry["ref"],
        "steps": shown(line.get("steps", ())),
    }


def shown(steps: Iterable[Doc]) -> list[Doc]:
    """Return steps as a member sees them: the ledger's accounts are nobody's business."""
    return [{k: v for k, v in step.items() if k != "account"} for step in steps]


def quantile(times: list[float], q: float) -> float | None:
    """Return what this share of the times does not exceed; nothing when there are none."""
    return times[int(q * (len(times) - 1))] if times else None


def funded_to_paid_s(db: Db) -> list[float]:
    """Return the times of the last releases, the shortest first."""
    last = (
        db[ENTRIES]
        .find({"lines.kind": "released"}, {"subject": 1, "at": 1})
        .sort("at", -1)
        .limit(PAID_LAST)
    )
    paid = {doc["subject"]: doc["at"] for doc in last}
    funded = {"subject": {"$in": list(paid)}, "type": "escrow.funded"}
    begun = {
        doc["subject"]: doc["time"] for doc in db["facts"].find(funded, {"subject": 1, "time": 1})
    }
    return sorted((paid[id_] - at).total_seconds() for id_, at in begun.items())
