"""A process that publishes three facts of a box and is killed on its way: `python -m ... POINT`."""

import os
import sys

from shared import faults, relay
from shared import store as stores
from shared.bus import Publisher, topology
from shared.documents import Written
from shared.store import Store
from tests.shared.toys import BOXES, NOW, a_box, bump


def main(mongo_url: str, name: str, amqp_url: str, exchange: str, point: str) -> None:
    """Write, and publish until the armed point."""
    topology.EXCHANGE = exchange
    store = Store(stores.connect(mongo_url, name), "toys")
    written: list[Written] = []
    store.on_written = written.extend
    publisher = Publisher(amqp_url, "toys")
    publisher.start()
    for _ in range(3):
        store.change(BOXES, a_box().id, bump, now=NOW)
    if not publisher.wait_ready(20):
        raise SystemExit("no broker")
    os.environ["UKEOI_TEST_DEPLOYMENT"] = "1"
    faults.arm(point)
    relay.publish(store.db, publisher, "toys", written)


if __name__ == "__main__":
    main(*sys.argv[1:])
