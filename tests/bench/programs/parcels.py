"""A small service as the product's are made, for the rows that measure the engine alone.

A parcel is paid for and then paid out; each event it hears moves it once, by its table, and is
told on as one fact. `python -m tests.bench.programs.parcels` is its worker.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared import clock, ids, log
from shared import store as stores
from shared.documents import Doc, Kind, newborn
from shared.events import Event, Fact
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard
from shared.reactions import Change, Reactions
from shared.store import Store
from shared.worker import Worker

NAME = "parcels"
PRICE = Money(75_000, "JPY")

HEARD: Moves = {
    "escrow.funded": {"awaiting": "funded", "funded": IGNORE, "paid": IGNORE},
    "escrow.released": {"awaiting": LATER, "funded": "paid", "paid": IGNORE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is bought: `awaiting` the money, `funded`, `paid`."""

    id: str
    state: str
    client_id: str
    worker_id: str
    hold_id: str
    title: str
    price: Money
    made_at: datetime
    funded_at: datetime | None = None
    paid_at: datetime | None = None


def hear(parcel: Parcel, *, type_: str, now: datetime) -> Outcome[Parcel]:
    """Follow what escrow says.

    :raises Ignored, NotYet: as the table says
    """
    state = heard(HEARD, parcel.state, type_)
    if state == "funded":
        said = {**_step(parcel), "deliver_by": clock.text(now)}
        return replace(parcel, state=state, funded_at=now), [Fact("milestone.funded", said)]
    said = {**_step(parcel), "amount": parcel.price.words()}
    return replace(parcel, state=state, paid_at=now), [Fact("milestone.paid", said)]


def _step(parcel: Parcel) -> dict[str, Any]:
    return {
        "contract_id": parcel.id,
        "client_id": parcel.client_id,
        "worker_id": parcel.worker_id,
        "title": parcel.title,
        "milestone": 1,
        "hold_id": parcel.hold_id,
    }


PLAIN = ("state", "client_id", "worker_id", "hold_id", "title", "made_at", "funded_at", "paid_at")


def _to_doc(parcel: Parcel) -> Doc:
    plain = {name: getattr(parcel, name) for name in PLAIN}
    return {"_id": parcel.id, **plain, "price": parcel.price.words()}


def _from_doc(doc: Doc) -> Parcel:
    plain = {name: doc[name] for name in PLAIN}
    return Parcel(id=doc["_id"], price=Money.of(doc["price"]), **plain)


PARCELS: Kind[Parcel] = Kind(
    name="parcel", prefix="con", collection="parcels", to_doc=_to_doc, from_doc=_from_doc
)
_HEAR = (
    Change(
        PARCELS,
        id=lambda event: str(event.data["ref"]),
        rule=hear,
        words=lambda event: {"type_": event.type},
    ),
)
REACTIONS: Reactions = dict.fromkeys(HEARD, _HEAR)


# what a row prepares


def documents(count: int) -> list[Doc]:
    """Return so many parcels that await their money, as the store keeps them."""
    now = clock.now()
    return [newborn(PARCELS, a_parcel(now), [], once=None) for _ in range(count)]


def a_parcel(now: datetime) -> Parcel:
    """Return a new parcel."""
    return Parcel(
        id=ids.new("con"),
        state="awaiting",
        client_id=ids.new("mem"),
        worker_id=ids.new("mem"),
        hold_id=ids.new("hld"),
        title="A logo for a small bakery in Kamakura",
        price=PRICE,
        made_at=now,
    )


def events(docs: list[Doc]) -> Iterator[Event]:
    """Yield what these parcels are to hear: first that each is funded, then that each is paid."""
    for version, type_ in enumerate(HEARD, 1):
        for doc in docs:
            yield _event(doc, type_, version)


def _event(doc: Doc, type_: str, version: int) -> Event:
    price = doc["price"]
    free = {"amount": 0, "currency": "JPY"}
    more = {
        "escrow.funded": {"client_pays": price, "method": "card"},
        "escrow.released": {
            "worker_gets": price,
            "fee": free,
            "cause": "delivery.accepted",
            "state": "released",
        },
    }
    return Event(
        id=ids.new("evt"),
        type=type_,
        source="escrow",
        subject=doc["hold_id"],
        time=clock.text(clock.now()),
        version=version,
        actor=doc["client_id"],
        correlation=ids.new("req"),
        data={
            "hold_id": doc["hold_id"],
            "ref": doc["_id"],
            "milestone": 1,
            "client_id": doc["client_id"],
            "worker_id": doc["worker_id"],
            "title": doc["title"],
            "amount": price,
            **more[type_],
        },
    )


if __name__ == "__main__":
    log.configure(NAME, "INFO")
    Worker(
        Store(stores.connect(os.environ["MONGO_URL"], os.environ["MONGO_DB"]), NAME),
        os.environ["AMQP_URL"],
        kinds=[PARCELS],
        reactions=REACTIONS,
    ).run()
