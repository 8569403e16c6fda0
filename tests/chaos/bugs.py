"""Bugs that are planted to see whether a chaos run finds them: the test of the test (I45).

Each changes one thing that the promises stand on. `./dev chaos --bugs` plants one after the other
and expects every run to fail. Nothing of this is in the product: `seeded/sitecustomize.py` plants
them into the processes of the run from outside.
"""

import importlib
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any


def _of(module: str) -> Any:
    return importlib.import_module(module)


def ack_before_write() -> None:
    """Messages are acknowledged when they arrive."""
    inbox = _of("shared.bus.inbox").Inbox
    take, ack = inbox.take, inbox.ack

    def taking(self: Any, most: int, wait_s: float) -> Any:
        arrived = take(self, most, wait_s)
        if arrived:
            ack(self, arrived[-1])
        return arrived

    inbox.take, inbox.ack = taking, lambda *_: None


def no_dedupe() -> None:
    """What was heard moves the thing again."""
    moves = _of("shared.moves")

    def heard(table: Any, state: str, type_: str) -> str:
        row = table[type_]
        moved = [to for to in row.values() if to not in (moves.IGNORE, moves.LATER)]
        return row[state] if row[state] in moved or not moved else moved[0]

    moves.heard = heard


def publish_without_confirm() -> None:
    """A message that was sent counts as arrived."""
    publisher = _of("shared.bus.publisher")
    wait = publisher.Publisher.publish

    def publish(self: Any, events: Any, timeout_s: float = 0.0) -> Any:
        threading.Thread(target=wait, args=(self, events), daemon=True).start()
        return publisher.Sent({e.id for e in events}, set())

    publisher.Publisher.publish = publish


def mark_before_publish() -> None:
    """The outbox is cleared before its facts are said."""
    relay = _of("shared.relay")
    take, each = relay.Relay.take, relay.publish_each

    def clear(db: Any, writes: Any) -> None:
        relay._clear_outboxes(db, writes, {e["id"] for w in writes for e in w.entries})

    def taking(self: Any, writes: Any) -> None:
        clear(self._db, writes)
        take(self, writes)

    def sweeping(db: Any, publisher: Any, source: str, batches: Any) -> Any:
        for writes in batches:
            clear(db, writes)
            yield from each(db, publisher, source, [writes])

    relay.Relay.take, relay.publish_each = taking, sweeping


def no_guard() -> None:
    """A wallet may go below zero, and the database does not mind."""
    journal = _of("services.escrow.journal")
    journal.is_guarded = lambda _account: False


def random_release_ids() -> None:
    """The same release twice is two entries."""
    posting = _of("services.escrow.domain.posting")
    check = posting.Entry.__post_init__

    def made(self: Any) -> None:
        check(self)
        object.__setattr__(self, "id", f"{self.id}:{uuid.uuid4().hex}")

    posting.Entry.__post_init__ = made
    no_dedupe()


def no_owner_check() -> None:
    """Whoever asks is taken for the client."""
    contract = _of("services.contracts.domain.contract")
    contract.role_of = lambda _contract, _by: "client"


def no_receipts() -> None:
    """The request's name is not kept with the change."""
    documents = _of("shared.documents")
    documents._add_receipt = lambda *_, **__: None


def short_receipts() -> None:
    """The request's name is forgotten with the next change."""
    _of("shared.documents").RECEIPTS_KEPT = timedelta(0)


def swallow() -> None:
    """What cannot be done is taken for done."""
    _of("shared.deliveries").failed = lambda *_, **__: None


def blind_sweep() -> None:
    """Facts that were left behind stay there."""
    _of("shared.sweep").outbox = lambda *_: 0


def no_timers() -> None:
    """Silence has no consequence."""
    _of("shared.sweep").timers = lambda *_: 0


def lost_updates() -> None:
    """A write does not look whether somebody else has written."""
    collection = _of("pymongo.collection").Collection
    update_one = collection.update_one

    def careless(self: Any, where: Any, *rest: Any, **how: Any) -> Any:
        plain = {name: value for name, value in where.items() if name != "version"}
        return update_one(self, plain, *rest, **how)

    collection.update_one = careless


BUGS: dict[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (
        *(ack_before_write, no_dedupe, publish_without_confirm, mark_before_publish, no_guard),
        *(random_release_ids, no_owner_check, no_receipts, short_receipts, swallow),
        *(blind_sweep, no_timers, lost_updates),
    )
}


def plant(name: str) -> None:
    """Plant one bug into this process, before anything else is imported."""
    BUGS[name]()
