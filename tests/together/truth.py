"""What must be true of a story: at any time of the money, and at its end of everything."""

from collections import Counter
from collections.abc import Iterator

from services.escrow import audit, proof
from tests.together.world import Doc, World

AGREE = {
    "pending": ("cancelled",),
    "paid": ("released", "split"),
    "split": ("split",),
    "refunded": ("refunded",),
}
"""A milestone's state at the end -> what its hold may then be."""


def of_money(world: World) -> list[str]:
    """Return what is wrong with the money, whoever has heard of what."""
    db = world.services["escrow"].store.db
    found = audit.check(db)
    for currency, sums in proof.proof(db)["currencies"].items():
        if sums["total"]:
            found.append(f"all {currency} together come to {sums['total']}")
    for hold in world.docs("escrow", "holds"):
        gone = hold["released"]["amount"] + hold["refunded"]["amount"]
        if gone > hold["amount"]["amount"]:
            found.append(f"{hold['_id']} gave {gone} of {hold['amount']['amount']}")
    return [*found, *_paid_twice(world), *_below_zero(world)]


def _below_zero(world: World) -> Iterator[str]:
    """Sum up by hand: what is not guarded does not count as sound for that."""
    sums: Counter[str] = Counter()
    for entry in world.docs("escrow", "entries"):
        for line in entry["lines"]:
            sums[line["account"]] += line["amount"]
    for account, amount in sums.items():
        if amount < 0 and account.startswith(("wallet:", "hold:", "payout:")):
            yield f"{account} is below zero: {amount}"


def _paid_twice(world: World) -> Iterator[str]:
    """Each hold, charge and assignment is paid by one entry, whatever the entry is called."""
    entries = world.docs("escrow", "entries")
    funded = Counter(e["subject"] for e in entries if e["kind"] in ("fund", "tip"))
    ended = Counter(
        (e["subject"], e["cause"])
        for e in entries
        if e["kind"] in ("released", "refunded", "split")
    )
    for thing, times in [*funded.items(), *ended.items()]:
        if times > 1:
            yield f"{thing} was booked {times} times"


def reached(world: World) -> Counter[str]:
    """Return how often what state was the last of anything, to see how far stories get."""
    found: Counter[str] = Counter()
    for service in world.services.values():
        for kind in service.kinds:
            for doc in service.docs(kind.collection):
                found[f"{kind.name} {doc.get('state', '')}"] += 1
                for part in doc.get("milestones", ()) if kind.name == "contract" else ():
                    found[f"milestone {part['state']}"] += 1
    return found


def of_the_end(world: World) -> list[str]:
    """Return what is wrong when everybody has been silent for ever."""
    return [
        *of_money(world),
        *world.parked(),
        *_contracts(world),
        *_jobs(world),
        *_assignments(world),
        *_rest(world),
    ]


def _holds(world: World) -> dict[str, Doc]:
    return {hold["_id"]: hold for hold in world.docs("escrow", "holds")}


def _contracts(world: World) -> Iterator[str]:
    holds = _holds(world)
    for contract in world.docs("contracts", "contracts"):
        if contract["state"] not in ("completed", "cancelled"):
            yield f"{contract['_id']} is {contract['state']}"
        for part in contract["milestones"]:
            hold = holds.get(part["hold_id"])
            if hold is None:
                yield f"{contract['_id']} has a milestone without a hold"
                continue
            if hold["state"] not in AGREE.get(part["state"], ()):
                yield f"{contract['_id']}: {part['n']} is {part['state']}, {hold['state']} there"
            here = (part["released"] or {"amount": 0})["amount"]
            if part["state"] != "pending" and here != hold["released"]["amount"]:
                yield f"{contract['_id']}: {part['n']} was paid {here}, there {hold['released']}"


def _jobs(world: World) -> Iterator[str]:
    holds = _holds(world)
    for job in world.docs("jobs", "jobs"):
        over = ("completed", "cancelled", *(("closed",) if job["mode"] == "project" else ()))
        if job["state"] not in over:
            yield f"{job['_id']} is {job['state']}"
        hold = holds.get(job.get("hold_id") or "")
        if job.get("hold_id") is None:
            continue
        if hold is None or hold["state"] in ("opened", "funded"):
            yield f"{job['_id']} is {job['state']}, its hold {hold and hold['state']}"
        elif _paid(hold) and job["state"] == "cancelled":
            yield f"{job['_id']} is cancelled, {hold['released']} of it were paid"
        elif job["mode"] == "task" and job["state"] == "completed" and not _paid(hold):
            yield f"{job['_id']} is completed, nothing of it was paid"


def _paid(hold: Doc) -> int:
    return int(hold["released"]["amount"])


def _assignments(world: World) -> Iterator[str]:
    holds, paid = _holds(world), Counter[str]()
    jobs = {job["_id"]: job for job in world.docs("jobs", "jobs")}
    for one in world.docs("jobs", "assignments"):
        if one["state"] in ("free", "reserved", "submitted", "appealed"):
            yield f"{one['_id']} is {one['state']}"
        if one["state"] == "approved":
            paid[one["job_id"]] += one["reward"]["amount"]
            if not one["is_settled"]:
                yield f"{one['_id']} is approved and was never told to be paid"
    for job_id, amount in paid.items():
        there = holds[jobs[job_id]["hold_id"]]["released"]["amount"]
        if there != amount:
            yield f"{job_id}: {amount} were approved, {there} paid"


def _rest(world: World) -> Iterator[str]:
    final = {
        ("jobs", "proposals"): ("selected", "declined", "withdrawn", "lapsed"),
        ("jobs", "entries"): ("withdrawn", "won", "not_chosen"),
        ("contracts", "offers"): ("accepted", "declined", "withdrawn", "expired"),
        ("escrow", "holds"): ("released", "refunded", "split", "cancelled"),
        ("escrow", "payouts"): ("paid", "failed"),
    }
    for (service, collection), states in final.items():
        for doc in world.docs(service, collection):
            if doc["state"] not in states:
                yield f"{doc['_id']} is {doc['state']} for ever"
    charged = sum(
        charge["amount"]["amount"]
        for hold in world.docs("escrow", "holds")
        for charge in hold["charges"]
        if charge["state"] == "confirmed"
    )
    paid = sum(p["amount"]["amount"] for p in world.docs("escrow", "payouts", state="paid"))
    lines = [line for entry in world.docs("escrow", "entries") for line in entry["lines"]]
    outside = sum(x["amount"] for x in lines if x["account"].startswith("provider:"))
    if outside != paid - charged:
        yield f"{charged} were taken and {paid} paid out, the books say {outside}"
