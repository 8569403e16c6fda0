"""A worker of toys in a process of its own: `python -m tests.shared.working MONGO DB AMQP ...`.

An event whose member is `poison` ends the process at once; one whose member is `slow` takes 2 ms.
"""

import os
import sys
import time
from datetime import datetime
from typing import Any

from shared import store as stores
from shared.bus import topology
from shared.events import Event
from shared.reactions import Handle, Reactions
from shared.store import Store
from shared.worker import Worker
from tests.shared.toys import BOXES, REACTIONS


def bite(_: Store, event: Event, now: datetime) -> None:
    """End the process, or take some time."""
    if event.data["member_id"] == "poison":
        os._exit(9)
    if event.data["member_id"] == "slow":
        time.sleep(0.002)


BITING: Reactions = {type_: (*steps, Handle(bite)) for type_, steps in REACTIONS.items()}


def a_worker(store: Store, amqp_url: str, **how: Any) -> Worker:
    """Return a worker of toys."""
    return Worker(store, amqp_url, **{"kinds": [BOXES], "reactions": REACTIONS, **how})


def main(mongo_url: str, name: str, amqp_url: str, exchange: str, service: str) -> None:
    """Work until told to stop."""
    topology.EXCHANGE = exchange
    store = Store(stores.connect(mongo_url, name), service)
    a_worker(store, amqp_url, reactions=BITING).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
