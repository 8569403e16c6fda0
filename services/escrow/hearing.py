"""What escrow does about events, many at once: holds are opened, divided and ended in batches."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from services.escrow import journal, ledger
from services.escrow.domain import funding, opening, parts, settlement
from services.escrow.domain.division import Share
from services.escrow.domain.hold import Hold
from services.escrow.domain.parts import Booked
from services.escrow.domain.schedule import Schedule
from services.escrow.ledger import MoneyRule, Wish
from services.escrow.queries import MEMBERS
from services.escrow.records import HOLDS
from shared import clock
from shared.documents import Doc, Folded, Written, stamp
from shared.engine import context_of
from shared.errors import Conflict, Invalid
from shared.events import Event
from shared.money import Money
from shared.moves import Outcome
from shared.store import Store

Opener = Callable[[Event], list[Outcome[Hold]]]

# Opening


def open_holds(store: Store, events: Sequence[Event], now: datetime, *, schedule: Schedule) -> None:
    """Open the holds of new contracts; those that are there already stay as they are."""
    _open(
        store,
        events,
        lambda event: opening.open_for_contract(event.data, schedule=schedule, now=now),
        now=now,
    )


def open_more(
    store: Store,
    events: Sequence[Event],
    now: datetime,
    *,
    schedule: Schedule,
    modes: Sequence[str],
) -> None:
    """Open a hold for each further milestone, planned week, tip and job, or say why not."""
    _open(store, events, lambda event: [_opened(event, schedule, modes, now)], now=now)
    for event in events:
        if event.type == "tip.given":
            _take_tip(store, event, now)


_OPENERS: Mapping[str, Callable[..., Outcome[Hold]]] = {
    "milestone.added": opening.open_one,
    "week.planned": opening.open_one,
    "tip.given": opening.open_tip,
    "job.submitted_for_funding": opening.open_for_job,
}


def _opened(event: Event, schedule: Schedule, modes: Sequence[str], now: datetime) -> Outcome[Hold]:
    try:
        if event.data["mode"] not in modes:
            raise Invalid("no_such_mode")
        return _OPENERS[event.type](event.data, schedule=schedule, now=now)
    except Invalid as why:
        return opening.open_refused(event.data, why.code, schedule=schedule, now=now)


def _open(store: Store, events: Sequence[Event], opener: Opener, *, now: datetime) -> None:
    new: list[Folded] = []
    for event in events:
        for hold, facts in opener(event):
            entries = stamp(facts, version=1, now=now, context=context_of(event))
            new.append(Folded(thing=hold, doc=None, applied=1, entries=entries))
    there = store.write_many(HOLDS, new, now=now)
    fresh = [one for one in new if one.thing.id not in there]
    store.written([Written(HOLDS.collection, one.thing.id, one.entries) for one in fresh])


def _take_tip(store: Store, event: Event, now: datetime) -> None:
    """Take it from the client's wallet; what the wallet does not hold waits to be funded."""
    with suppress(Conflict):
        ledger.change(
            store,
            HOLDS,
            event.data["hold_id"],
            funding.from_wallet,
            by=event.data["client_id"],
            now=now,
        )


def change_milestones(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Quote anew what was changed before it was funded; else say that it stays.

    :raises Unknown: a hold is not here yet; all others are done
    """
    _grant(store, events, opening_changed, _changed_words, now)


def opening_changed(hold: Hold, *, now: datetime, **words: Any) -> Any:
    """Return the hold quoted anew, as a rule about money that moves none."""
    return (*opening.changed(hold, now=now, **words), None)


def _changed_words(event: Event) -> dict[str, Any]:
    by = event.data.get("fund_by")
    amount = Money.of(event.data["amount"])
    return {"amount": amount, "fund_by": clock.parse(by) if by else None}


# A contract's holds


def accept_deliveries(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Release what was accepted of a delivery, or a week's hours, and refund the rest.

    :raises Unknown, NotYet: a hold is not here or not funded yet; all others are done
    """
    _grant(store, events, settlement.delivery_accepted, _accepted_words, now)


def _accepted_words(event: Event) -> dict[str, Any]:
    amount = Money.of(event.data["amount"])
    return {"amount": amount, "event_id": event.id, "cause": event.type}


def divide_disputed(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Divide what was disputed as the two agreed, or as it was decided.

    :raises Unknown, NotYet: a hold is not here or not funded yet; all others are done
    """
    _grant(store, events, settlement.divided, _divided_words, now)


def _divided_words(event: Event) -> dict[str, Any]:
    return {
        "cause": event.type,
        "worker_gets": Money.of(event.data["worker_gets"]),
        "client_gets": Money.of(event.data["client_gets"]),
        "event_id": event.id,
    }


def end_contracts(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Cancel or refund every hold of contracts that are no more, less what was agreed to be paid.

    A contract that is completed names the holds that were never funded and are needed no more.

    :raises Unknown: a hold is not here yet; all others are done
    """
    ledger.change_many(store, HOLDS, [w for event in events for w in _endings(event)], now=now)


def _endings(event: Event) -> list[Wish]:
    paid = {p["hold_id"]: Money.of(p["amount"]) for p in event.data.get("parts") or ()}
    return [
        Wish(
            id=hold_id,
            rule=settlement.contract_cancelled,
            words={
                "reason": event.data.get("reason", "completed"),
                "event_id": event.id,
                "paid": paid.get(hold_id),
            },
            context=context_of(event),
        )
        for hold_id in event.data["hold_ids"]
    ]


# A job's hold


def settle_parts(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Release approved slots; refund what nobody will work on any more.

    :raises Unknown, NotYet: a hold is not here or not funded yet; all others are done
    """
    events = [event for event in events if event.data.get("hold_id")]
    names = {event.id: f"{event.data['hold_id']}:{_part_name(event)}" for event in events}
    wanted = {"_id": {"$in": sorted(set(names.values()))}}
    booked = {doc["_id"]: _booked(doc) for doc in store.db[journal.ENTRIES].find(wanted)}
    withheld = _withheld(store, [event.data.get("worker_id") for event in events])
    wishes = [
        Wish(
            id=event.data["hold_id"],
            rule=_part,
            posts=names[event.id],
            words={
                "type_": event.type,
                "name": _part_name(event),
                "worker_id": event.data.get("worker_id"),
                "amount": _part_amount(event),
                "individual": withheld.get(event.data.get("worker_id") or "", False),
                "booked": booked.get(names[event.id]),
            },
            context=context_of(event),
        )
        for event in events
    ]
    ledger.change_many(store, HOLDS, wishes, now=now)


def _part(
    hold: Hold, *, worker_id: str | None, amount: int, individual: bool, name: str, **words: Any
) -> Any:
    """Let a worker have a part, or without one the client."""
    share = None
    if words["type_"] == "assignment.approved" and worker_id:
        withheld = hold.withheld and individual
        share = Share(worker_id=worker_id, amount=amount, cause=name, withheld=withheld)
    return parts.part(hold, name=name, share=share, back=0 if share else amount, **words)


def _part_name(event: Event) -> str:
    return "job.closed" if event.type == "job.closed" else str(event.data["assignment_id"])


def _part_amount(event: Event) -> int:
    said = event.data.get("remaining" if event.type == "job.closed" else "amount")
    return Money.of(said).amount if said else 0


def _booked(entry: Doc) -> Booked:
    amounts = {line["account"]: int(line["amount"]) for line in entry["lines"]}
    return Booked(kind=entry["kind"], amounts=amounts)


def settle_competitions(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Pay the winners, or all who have a share; what is left goes back to the client.

    :raises Unknown, NotYet: a hold is not here or not funded yet; all others are done
    """
    people = [one["worker_id"] for event in events for one in _shared(event)]
    individuals = _withheld(store, people)

    def words(event: Event) -> dict[str, Any]:
        return {
            "type_": event.type,
            "shared": _shared(event),
            "individuals": individuals,
            "event_id": event.id,
        }

    _grant(store, events, _settled, words, now)


def _shared(event: Event) -> Sequence[Mapping[str, Any]]:
    return event.data.get("awards") or event.data.get("shares") or ()


def _settled(
    hold: Hold,
    *,
    shared: Sequence[Mapping[str, Any]],
    individuals: Mapping[str, bool],
    **words: Any,
) -> Any:
    shares = [
        Share(
            worker_id=one["worker_id"],
            amount=Money.of(one["amount"]).amount,
            cause=one["entry_id"],
            withheld=hold.withheld and individuals.get(one["worker_id"], False),
        )
        for one in shared
    ]
    return parts.settled(hold, shares=shares, **words)


def end_jobs(store: Store, events: Sequence[Event], now: datetime) -> None:
    """Cancel the hold of a job that is no more, or give back what is left in it.

    :raises Unknown: a hold is not here yet; all others are done
    """
    held = [event for event in events if event.data.get("hold_id")]
    _grant(store, held, parts.job_cancelled, _cancelled_words, now)


def _cancelled_words(event: Event) -> dict[str, Any]:
    return {"reason": event.data["reason"], "event_id": event.id}


def _grant(
    store: Store,
    events: Sequence[Event],
    rule: MoneyRule,
    words: Callable[[Event], Mapping[str, Any]],
    now: datetime,
) -> None:
    wishes = [
        Wish(id=e.data["hold_id"], rule=rule, words=words(e), context=context_of(e)) for e in events
    ]
    ledger.change_many(store, HOLDS, wishes, now=now)


# Who the members are


def member_doc(event: Event) -> Doc:
    """Return what escrow keeps of a member: whether it is a company, and whether it is leaving."""
    said = {name: event.data[name] for name in ("kind", "state")}
    return {"_id": event.data["member_id"], "version": event.version, **said}


def _withheld(store: Store, ids: Sequence[str | None]) -> dict[str, bool]:
    """Say of each worker whether income tax may be withheld: of individuals."""
    wanted = {"_id": {"$in": sorted({id_ for id_ in ids if id_})}}
    found = store.db[MEMBERS].find(wanted, {"kind": 1})
    return {doc["_id"]: doc["kind"] == "individual" for doc in found}
