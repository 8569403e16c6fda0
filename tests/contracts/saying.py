"""What other services say to contracts, and what two members do over HTTP to get somewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from services.contracts.reactions import REACTIONS
from shared import clock, engine, ids
from shared.documents import Doc
from shared.events import Event
from shared.store import Db, Store
from tests.callers import Caller
from tests.notify.builders import data_of


def an_event(type_: str, subject: str = "", **words: Any) -> Event:
    """Return an event with these words, and any others that its type needs."""
    data = {**data_of(type_), **words}
    subject = subject or ids.new("job")
    return Event(
        id=ids.new("evt"),
        type=type_,
        source="tests",
        subject=subject,
        time=clock.text(clock.now()),
        version=1,
        data=data,
    )


def of_hold(type_: str, contract: Doc, n: int = 1, **words: Any) -> Event:
    """Return what escrow says of the hold of a milestone; `contract` as it is represented."""
    m = contract["milestones"][n - 1]
    state = {"escrow.released": "released", "escrow.refunded": "refunded"}.get(type_)
    said = {
        "hold_id": m["hold_id"],
        "ref": contract.get("id") or contract["_id"],
        "milestone": n,
        "client_id": contract["client_id"],
        "worker_id": contract["worker_id"],
        "amount": m["amount"],
        **({"state": state} if "state" in data_of(type_) and state else {}),
        **words,
    }
    return an_event(type_, subject=m["hold_id"], **said)


def hear(store: Store, *events: Event) -> list[BaseException | None]:
    """Let contracts hear these events in one batch; return its verdicts."""
    verdicts, _ = engine.handle_many(store, REACTIONS, events, now=clock.now())
    return [verdicts[e.id] for e in events]


def yen(amount: int, currency: str = "JPY") -> Doc:
    """Return money as it is said over HTTP."""
    return {"amount": amount, "currency": currency}


def in_days(days: float) -> str:
    """Return a time from now, as it is said over HTTP."""
    return clock.text(clock.now() + timedelta(days=days))


def offer_words(worker: Caller, *amounts: int, **over: Any) -> Doc:
    """Return the words of an offer."""
    amounts = amounts or (75_000,)
    parts = [
        {"title": f"第{n}回", "amount": yen(amount), "deliver_by": in_days(10 * n)}
        for n, amount in enumerate(amounts, start=1)
    ]
    return {
        "worker_id": worker.id,
        "title": "ロゴ制作",
        "scope": "三案ください。",
        "amount": yen(sum(amounts)),
        "deliver_by": in_days(10 * len(amounts)),
        **({"milestones": parts} if len(amounts) > 1 else {}),
        **over,
    }


def sent(client: Caller, worker: Caller, *amounts: int, **over: Any) -> str:
    """Send an offer; return its path."""
    answer = client.post("/v1/offers", offer_words(worker, *amounts, **over))
    assert answer.status_code == 201, answer.json
    return answer.headers["Location"]


def formed(client: Caller, worker: Caller, *amounts: int, **over: Any) -> str:
    """Send an offer and accept it; return the path of the contract."""
    answer = worker.post(f"{sent(client, worker, *amounts, **over)}/accept")
    assert answer.status_code == 201, answer.json
    return answer.headers["Location"]


def funded(store: Store, client: Caller, worker: Caller, *amounts: int, **over: Any) -> str:
    """The same, and the money of the first milestone has come."""
    path = formed(client, worker, *amounts, **over)
    assert hear(store, of_hold("escrow.funded", client.get(path).json)) == [None]
    return path


def delivered(store: Store, client: Caller, worker: Caller, *amounts: int, **over: Any) -> str:
    """The same, and the first milestone is delivered."""
    path = funded(store, client, worker, *amounts, **over)
    answer = worker.post(f"{path}/milestones/1/deliver", {"note": "完成しました。"})
    assert answer.status_code == 200, answer.json
    return path


def completed(store: Store, client: Caller, worker: Caller) -> str:
    """The same, and it is accepted and paid."""
    path = delivered(store, client, worker)
    assert client.post(f"{path}/milestones/1/accept").status_code == 200
    assert hear(store, of_hold("escrow.released", client.get(path).json)) == [None]
    return path


def everything(db: Db) -> dict[str, list[Doc]]:
    """Return all that contracts keeps."""
    names = ("offers", "contracts", "messages", "members", "facts")
    return {name: list(db[name].find().sort("_id", 1)) for name in names}


@contextmanager
def nothing_changes(db: Db) -> Iterator[None]:
    """Check that what happens within changes nothing that is kept."""
    before = everything(db)
    yield
    assert everything(db) == before
