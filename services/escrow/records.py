"""Holds and payouts as documents."""

from dataclasses import asdict, fields
from fractions import Fraction

from pymongo import IndexModel

from services.escrow.domain.charge import Charge
from services.escrow.domain.chargeback import Chargeback
from services.escrow.domain.deposit import Deposit
from services.escrow.domain.hold import Hold, ask_at
from services.escrow.domain.payout import Payout
from services.escrow.domain.quote import Quote, Step
from services.escrow.domain.schedule import Levy, Schedule, Tier
from shared.documents import Doc, Kind
from shared.events import Fact
from shared.leaving import DEPARTURES
from shared.money import Money


def hold_to_doc(hold: Hold) -> Doc:
    """Return a hold as it is kept; the schedule it was quoted by goes with it."""
    return {
        "_id": hold.id,
        "ref": hold.ref,
        "milestone": hold.milestone,
        "client_id": hold.client_id,
        "worker_id": hold.worker_id,
        "title": hold.title,
        "amount": hold.amount.words(),
        "quote": _quote_to_doc(hold.quote),
        "schedule": _schedule_to_doc(hold.schedule),
        "opened_at": hold.opened_at,
        "released": hold.released.words(),
        "refunded": hold.refunded.words(),
        "fund_by": hold.fund_by,
        "state": hold.state,
        "tip": hold.tip,
        "withheld": hold.withheld,
        "client_fee": dict(hold.client_fee),
        "charges": [_charge_to_doc(c) for c in hold.charges],
        "transfer": list(hold.transfer) if hold.transfer else None,
        "outcome": [{"type": fact.type, "data": dict(fact.data)} for fact in hold.outcome],
        "answered": hold.answered,
    }


def hold_from_doc(doc: Doc) -> Hold:
    """Return the hold that a document keeps."""
    return Hold(
        id=doc["_id"],
        ref=doc["ref"],
        milestone=doc["milestone"],
        client_id=doc["client_id"],
        worker_id=doc["worker_id"],
        title=doc["title"],
        amount=Money.of(doc["amount"]),
        quote=_quote_from_doc(doc["quote"]),
        schedule=_schedule_from_doc(doc["schedule"]),
        opened_at=doc["opened_at"],
        released=Money.of(doc["released"]),
        refunded=Money.of(doc["refunded"]),
        fund_by=doc["fund_by"],
        state=doc["state"],
        tip=doc.get("tip", False),
        withheld=doc.get("withheld", False),
        client_fee=doc["client_fee"],
        charges=tuple(_charge_from_doc(c) for c in doc["charges"]),
        transfer=tuple(doc["transfer"]) if doc.get("transfer") else None,
        outcome=tuple(Fact(fact["type"], fact["data"]) for fact in doc["outcome"]),
        answered=doc["answered"],
    )


def _charge_to_doc(charge: Charge) -> Doc:
    return {
        "id": charge.id,
        "provider": charge.provider,
        "amount": charge.amount.words(),
        "asked_at": charge.asked_at,
        "ask_at": charge.ask_at,
        "tries": charge.tries,
        "state": charge.state,
        "reason": charge.reason,
        "source": charge.source,
        "ref": charge.ref,
        "secret": charge.secret,
    }


def _charge_from_doc(doc: Doc) -> Charge:
    return Charge(**{**doc, "amount": Money.of(doc["amount"])})


def _quote_to_doc(quote: Quote) -> Doc:
    return {
        "amount": quote.amount.words(),
        "mode": quote.mode,
        "profile": quote.profile,
        "schedule_id": quote.schedule_id,
        "schedule_version": quote.schedule_version,
        "client_steps": [asdict(s) for s in quote.client_steps],
        "worker_steps": [asdict(s) for s in quote.worker_steps],
    }


def _quote_from_doc(doc: Doc) -> Quote:
    return Quote(
        **{
            **doc,
            "amount": Money.of(doc["amount"]),
            "client_steps": tuple(Step(**s) for s in doc["client_steps"]),
            "worker_steps": tuple(Step(**s) for s in doc["worker_steps"]),
        }
    )


def _schedule_to_doc(schedule: Schedule) -> Doc:
    return {
        "profile": schedule.profile,
        "id": schedule.id,
        "version": schedule.version,
        "levies": [_levy_to_doc(one) for one in schedule.levies],
        "effective_from": schedule.effective_from,
    }


def _levy_to_doc(levy: Levy) -> Doc:
    tiers = [{"rate": str(t.rate), "up_to": t.up_to} for t in levy.tiers]
    return {**asdict(levy), "tiers": tiers, "modes": list(levy.modes)}


def _schedule_from_doc(doc: Doc) -> Schedule:
    return Schedule(**{**doc, "levies": tuple(_levy_from_doc(one) for one in doc["levies"])})


def _levy_from_doc(doc: Doc) -> Levy:
    tiers = tuple(Tier(Fraction(t["rate"]), t["up_to"]) for t in doc["tiers"])
    return Levy(**{**doc, "tiers": tiers, "modes": tuple(doc["modes"])})


def payout_to_doc(payout: Payout) -> Doc:
    """Return a payout as it is kept."""
    return {
        "_id": payout.id,
        "member_id": payout.member_id,
        "amount": payout.amount.words(),
        "provider": payout.provider,
        "requested_at": payout.requested_at,
        "ask_at": payout.ask_at,
        "state": payout.state,
        "sent_at": payout.sent_at,
        "ended_at": payout.ended_at,
        "tries": payout.tries,
        "late": payout.late,
        "reason": payout.reason,
        "to": payout.to,
        "ref": payout.ref,
        "attempt": payout.attempt,
        "set_aside_at": payout.set_aside_at,
        "set_aside_why": payout.set_aside_why,
    }


def payout_from_doc(doc: Doc) -> Payout:
    """Return the payout that a document keeps."""
    return Payout(
        id=doc["_id"],
        member_id=doc["member_id"],
        amount=Money.of(doc["amount"]),
        provider=doc["provider"],
        requested_at=doc["requested_at"],
        ask_at=doc["ask_at"],
        state=doc["state"],
        sent_at=doc["sent_at"],
        ended_at=doc["ended_at"],
        tries=doc["tries"],
        late=doc["late"],
        reason=doc["reason"],
        to=doc.get("to", ""),
        ref=doc.get("ref", ""),
        attempt=doc.get("attempt", 0),
        set_aside_at=doc.get("set_aside_at"),
        set_aside_why=doc.get("set_aside_why", ""),
    )


# `wake_at` is when the provider is asked: a call to the outside, so the rule of that moment is no
# `on_wake`, and `usecases.ask_providers` sweeps them.
HOLDS = Kind(
    name="hold",
    prefix="hld",
    collection="holds",
    to_doc=hold_to_doc,
    from_doc=hold_from_doc,
    wake=ask_at,
    indexes=(
        IndexModel([("ref", 1), ("milestone", 1), ("_id", 1)]),
        IndexModel([("client_id", 1), ("opened_at", -1), ("_id", -1)]),
        IndexModel([("worker_id", 1), ("opened_at", -1), ("_id", -1)]),
        IndexModel([("charges.id", 1)]),
        IndexModel([("charges.ref", 1)]),
        IndexModel([("transfer", 1)], partialFilterExpression={"transfer": {"$exists": True}}),
    ),
)
PAYOUTS = Kind(
    name="payout",
    prefix="pay",
    collection="payouts",
    to_doc=payout_to_doc,
    from_doc=payout_from_doc,
    wake=lambda payout: payout.ask_at,
    indexes=(
        IndexModel([("member_id", 1), ("_id", -1)]),
        IndexModel([("member_id", 1), ("state", 1)]),
    ),
)


def deposit_to_doc(deposit: Deposit) -> Doc:
    """Return a deposit as it is kept."""
    words = {field.name: getattr(deposit, field.name) for field in fields(Deposit)}
    return {"_id": words.pop("id"), **words, "amount": deposit.amount.words()}


def deposit_from_doc(doc: Doc) -> Deposit:
    """Return the deposit that a document keeps."""
    words = {field.name: doc[field.name] for field in fields(Deposit) if field.name != "id"}
    return Deposit(id=doc["_id"], **{**words, "amount": Money.of(doc["amount"])})


def chargeback_to_doc(chargeback: Chargeback) -> Doc:
    """Return a chargeback as it is kept."""
    words = {field.name: getattr(chargeback, field.name) for field in fields(Chargeback)}
    return {"_id": words.pop("id"), **words, "amount": chargeback.amount.words()}


def chargeback_from_doc(doc: Doc) -> Chargeback:
    """Return the chargeback that a document keeps."""
    words = {field.name: doc[field.name] for field in fields(Chargeback) if field.name != "id"}
    return Chargeback(id=doc["_id"], **{**words, "amount": Money.of(doc["amount"])})


DEPOSITS = Kind(
    name="deposit",
    prefix="dep",
    collection="deposits",
    to_doc=deposit_to_doc,
    from_doc=deposit_from_doc,
    wake=lambda deposit: deposit.try_at,
    indexes=(IndexModel([("state", 1), ("_id", -1)]), IndexModel([("member_id", 1)])),
)
CHARGEBACKS = Kind(
    name="chargeback",
    prefix="cbk",
    collection="chargebacks",
    to_doc=chargeback_to_doc,
    from_doc=chargeback_from_doc,
    wake=lambda chargeback: chargeback.try_at,
    indexes=(IndexModel([("member_id", 1), ("state", 1)]), IndexModel([("state", 1), ("_id", -1)])),
)
BOOKED = (HOLDS, PAYOUTS, DEPOSITS, CHARGEBACKS)
"""Those whose document is the balance of an account."""
KINDS = (*BOOKED, DEPARTURES)

__all__ = ["BOOKED", "CHARGEBACKS", "DEPOSITS", "HOLDS", "KINDS", "PAYOUTS"]
