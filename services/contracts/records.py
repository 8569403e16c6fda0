"""Offers, contracts and messages as documents."""

from typing import Any

from pymongo import IndexModel

from services.contracts.domain import message as messages
from services.contracts.domain import offer as offers
from services.contracts.domain import silence
from services.contracts.domain.ask import Ask
from services.contracts.domain.contract import Contract
from services.contracts.domain.message import Message
from services.contracts.domain.milestone import Milestone
from services.contracts.domain.offer import Offer, Planned
from services.contracts.domain.parting import Cancellation, Dispute, Ended, Proposal
from services.contracts.domain.review import Review, Reviews
from services.contracts.domain.sheet import Line
from services.contracts.domain.week import Ending, Hourly, Time, Week
from shared import moderation
from shared.documents import Doc, Kind
from shared.leaving import DEPARTURES
from shared.money import Money

ORIGIN = ("job_id", "proposal_id", "listing_id")
PLAIN_OFFER = (
    *("state", "client_id", "worker_id", "title", "scope", "deliver_by", "sent_at", "answer_by"),
    *("review_days", "revisions", "mode", "answered_at", "contract_id", *ORIGIN),
)
PLAIN_CONTRACT = (
    *("state", "offer_id", "client_id", "worker_id", "title", "scope", "mode", "review_days"),
    *("revisions", "formed_at", "reminded", "started_at", "ended_at", "cancel_reason"),
    *("refund_ask_at", *ORIGIN),
)
NEWER = (
    *("terms_hash", "client_read_at", "worker_read_at", "idle_told_at", "confirmed_at"),
    "delivery_days",
)
PLAIN_MILESTONE = (
    *("n", "title", "deliver_by", "hold_id", "state", "fund_by", "funded_at", "delivered_at"),
    *("accept_at", "note", "changes_note", "rounds", "told_overdue_at", "accepted_by", "ask_at"),
)
PLAIN_ASK = (
    *("id", "kind", "by", "reason", "asked_at", "answer_by", "n", "title", "deliver_by", "fault"),
    *("state", "answered_at"),
)
PLAIN_CANCELLATION = ("by", "reason", "asked_at", "answer_by", "state", "answered_at")
PLAIN_DISPUTE = (
    *("id", "by", "reason", "note", "opened_at", "due", "state", "proposals", "evidence"),
    *("ended_by", "decision", "ended_at"),
)
PLAIN_ENDED = ("id", "by", "reason", "state", "opened_at", "ended_at", "ended_by")
_OF_ENDED = ("held", "worker_gets")
PLAIN_WEEK = ("starts_at", "ends_at", "cap_minutes", "minutes", "followed")
PLAIN_TIME = ("id", "day", "minutes")
PLAIN_ENDING = ("by", "reason", "asked_at", "at")
PLAIN_LINE = ("contract_id", "n", "day", "minutes", "note", "at", "state")
PLAIN_MESSAGE = ("thread", "sender_id", "recipient_id", "text", "at", "title")


def _plain(thing: Any, names: tuple[str, ...]) -> Doc:
    return {name: getattr(thing, name) for name in names}


def _pick(doc: Doc, names: tuple[str, ...]) -> Doc:
    return {name: doc[name] for name in names}


def _money_doc(money: Money | None) -> Doc | None:
    return money.words() if money else None


def _money(doc: Doc | None) -> Money | None:
    return Money.of(doc) if doc else None


def _offer_doc(offer: Offer) -> Doc:
    planned = [
        {"title": m.title, "amount": m.amount.words(), "deliver_by": m.deliver_by}
        for m in offer.milestones
    ]
    money = {"amount": offer.amount.words(), "milestones": planned, "counters": offer.counters}
    hourly = {"hourly": _hourly_doc(offer.hourly), "delivery_days": offer.delivery_days}
    return {"_id": offer.id, **_plain(offer, PLAIN_OFFER), **money, **hourly}


def _offer(doc: Doc) -> Offer:
    return Offer(
        id=doc["_id"],
        amount=Money.of(doc["amount"]),
        milestones=tuple(
            Planned(title=m["title"], amount=Money.of(m["amount"]), deliver_by=m["deliver_by"])
            for m in doc["milestones"]
        ),
        counters=doc.get("counters", 0),
        hourly=_hourly(doc.get("hourly")),
        delivery_days=doc.get("delivery_days"),
        **_pick(doc, PLAIN_OFFER),
    )


def _milestone_doc(m: Milestone) -> Doc:
    return {
        **_plain(m, PLAIN_MILESTONE),
        "amount": m.amount.words(),
        "released": _money_doc(m.released),
        "decided": _money_doc(m.decided),
        "links": list(m.links),
        **({"week": _week_doc(m.week)} if m.week else {}),
    }


def _milestone(doc: Doc) -> Milestone:
    return Milestone(
        amount=Money.of(doc["amount"]),
        released=_money(doc["released"]),
        decided=_money(doc.get("decided")),
        links=tuple(doc["links"]),
        week=_week(doc["week"]) if doc.get("week") else None,
        **_pick(doc, PLAIN_MILESTONE),
    )


def _review_doc(r: Review | None) -> Doc | None:
    return (
        None
        if r is None
        else {"id": r.id, "satisfied": r.satisfied, "comment": r.comment, "at": r.at}
    )


def _review(doc: Doc | None) -> Review | None:
    return Review(**doc) if doc else None


def _contract_doc(contract: Contract) -> Doc:
    reviews = contract.reviews
    return {
        "_id": contract.id,
        **_plain(contract, PLAIN_CONTRACT),
        "milestones": [_milestone_doc(m) for m in contract.milestones],
        "reviews": {
            "client": _review_doc(reviews.client),
            "worker": _review_doc(reviews.worker),
            "revealed_at": reviews.revealed_at,
        },
        "asks": [_ask_doc(a) for a in contract.asks],
        "cancellation": _cancellation_doc(contract.cancellation),
        "dispute": _dispute_doc(contract.dispute),
        "past_disputes": [_ended_doc(it) for it in contract.past_disputes],
        "hourly": _hourly_doc(contract.hourly),
        "ending": _plain(contract.ending, PLAIN_ENDING) if contract.ending else None,
        **_plain(contract, NEWER),
    }


def _contract(doc: Doc) -> Contract:
    reviews, currency = doc["reviews"], doc["milestones"][0]["amount"]["currency"]
    return Contract(
        id=doc["_id"],
        milestones=tuple(_milestone(m) for m in doc["milestones"]),
        reviews=Reviews(
            client=_review(reviews["client"]),
            worker=_review(reviews["worker"]),
            revealed_at=reviews["revealed_at"],
        ),
        asks=tuple(_ask(a) for a in doc.get("asks", ())),
        cancellation=_cancellation(doc.get("cancellation")),
        dispute=_dispute(doc.get("dispute")),
        past_disputes=tuple(_ended(one, currency) for one in doc.get("past_disputes", ())),
        hourly=_hourly(doc.get("hourly")),
        ending=Ending(**_pick(ending, PLAIN_ENDING)) if (ending := doc.get("ending")) else None,
        **_pick(dict.fromkeys(NEWER) | doc, NEWER),
        **_pick(doc, PLAIN_CONTRACT),
    )


def _ask_doc(asked: Ask) -> Doc:
    cap = {"cap_hours": asked.cap_hours} if asked.cap_hours else {}
    return {**_plain(asked, PLAIN_ASK), "amount": _money_doc(asked.amount), **cap}


def _ask(doc: Doc) -> Ask:
    cap = doc.get("cap_hours")
    return Ask(amount=_money(doc["amount"]), cap_hours=cap, **_pick(doc, PLAIN_ASK))


def _hourly_doc(terms: Hourly | None) -> Doc | None:
    if terms is None:
        return None
    return {"rate": terms.rate.words(), "cap_hours": terms.cap_hours, "until": terms.until}


def _hourly(doc: Doc | None) -> Hourly | None:
    return Hourly(**{**doc, "rate": Money.of(doc["rate"])}) if doc else None


def _week_doc(week: Week) -> Doc:
    return {
        **_plain(week, PLAIN_WEEK),
        "rate": week.rate.words(),
        "times": [_plain(t, PLAIN_TIME) for t in week.times],
    }


def _week(doc: Doc) -> Week:
    return Week(
        rate=Money.of(doc["rate"]),
        times=tuple(Time(**_pick(t, PLAIN_TIME)) for t in doc["times"]),
        **_pick(doc, PLAIN_WEEK),
    )


def _cancellation_doc(it: Cancellation | None) -> Doc | None:
    return None if it is None else {**_plain(it, PLAIN_CANCELLATION), "pay": _money_doc(it.pay)}


def _cancellation(doc: Doc | None) -> Cancellation | None:
    if doc is None:
        return None
    return Cancellation(pay=_money(doc["pay"]), **_pick(doc, PLAIN_CANCELLATION))


def _proposal_doc(it: Proposal | None) -> Doc | None:
    if it is None:
        return None
    return {"number": it.number, "worker_gets": it.worker_gets.words(), "at": it.at}


def _proposal(doc: Doc | None) -> Proposal | None:
    return Proposal(**{**doc, "worker_gets": Money.of(doc["worker_gets"])}) if doc else None


def _dispute_doc(it: Dispute | None) -> Doc | None:
    if it is None:
        return None
    return {
        **_plain(it, PLAIN_DISPUTE),
        "claim": it.claim.words(),
        "held": it.held.words(),
        "worker_gets": _money_doc(it.worker_gets),
        "client": _proposal_doc(it.client),
        "worker": _proposal_doc(it.worker),
        "weeks": list(it.weeks),
    }


def _dispute(doc: Doc | None) -> Dispute | None:
    if doc is None:
        return None
    return Dispute(
        claim=Money.of(doc["claim"]),
        held=Money.of(doc["held"]),
        worker_gets=_money(doc["worker_gets"]),
        client=_proposal(doc["client"]),
        worker=_proposal(doc["worker"]),
        weeks=tuple(doc.get("weeks", ())),
        **_pick(doc, PLAIN_DISPUTE),
    )


def _ended_doc(it: Ended) -> Doc:
    """Return it short, as there may be one for each week: its currency is the contract's."""
    amounts = {name: {"amount": getattr(it, name).amount} for name in _OF_ENDED}
    return {**_plain(it, PLAIN_ENDED), **amounts}


def _ended(doc: Doc, currency: str) -> Ended:
    held, gets = (Money(doc[name]["amount"], currency) for name in _OF_ENDED)
    return Ended(held=held, worker_gets=gets, **_pick(doc, PLAIN_ENDED))


def _message_doc(message: Message) -> Doc:
    seen = moderation.plain(message.seen)
    return {"_id": message.id, **_plain(message, PLAIN_MESSAGE), "seen": seen}


def _message(doc: Doc) -> Message:
    seen = moderation.of_plain(doc.get("seen"))
    return Message(id=doc["_id"], seen=seen, **_pick({"title": ""} | doc, PLAIN_MESSAGE))


def _line_doc(line: Line) -> Doc:
    return {"_id": line.id, **_plain(line, PLAIN_LINE)}


def _line(doc: Doc) -> Line:
    return Line(id=doc["_id"], **_pick(doc, PLAIN_LINE))


def _lists_of(*sides: str) -> tuple[IndexModel, ...]:
    return tuple(
        IndexModel([(side, 1), *more, ("_id", -1)])
        for side in sides
        for more in ([], [("state", 1)])
    )


OFFERS: Kind[Offer] = Kind(
    name="offer",
    prefix="off",
    collection="offers",
    to_doc=_offer_doc,
    from_doc=_offer,
    wake=offers.wake,
    on_wake=offers.lapse,
    indexes=(
        *_lists_of("client_id", "worker_id"),
        IndexModel([("job_id", 1), ("state", 1)]),
    ),
)
CONTRACTS: Kind[Contract] = Kind(
    name="contract",
    prefix="con",
    collection="contracts",
    to_doc=_contract_doc,
    from_doc=_contract,
    wake=silence.wake,
    on_wake=silence.resolve,
    indexes=(
        *_lists_of("client_id", "worker_id"),
        IndexModel([("asks.id", 1)], partialFilterExpression={"asks.id": {"$exists": True}}),
        IndexModel(
            [("dispute.state", 1), ("_id", -1)],
            partialFilterExpression={"dispute.state": {"$exists": True}},
        ),
        IndexModel(
            [("state", 1), ("_id", -1)],
            name="overdue",
            partialFilterExpression={"milestones.told_overdue_at": {"$type": "date"}},
        ),
    ),
)
MESSAGES: Kind[Message] = Kind(
    name="message",
    prefix="msg",
    collection="messages",
    to_doc=_message_doc,
    from_doc=_message,
    wake=messages.wake,
    on_wake=messages.release,
    indexes=(IndexModel([("thread", 1), ("_id", 1)]), IndexModel([("sender_id", 1)])),
)
LINES: Kind[Line] = Kind(
    name="time",
    prefix="tim",
    collection="times",
    to_doc=_line_doc,
    from_doc=_line,
    indexes=(IndexModel([("contract_id", 1), ("n", 1), ("day", 1), ("_id", 1)]),),
)
KINDS = (OFFERS, CONTRACTS, MESSAGES, LINES, DEPARTURES)
