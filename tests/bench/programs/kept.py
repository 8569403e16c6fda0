"""The next service, as small as one can be: it keeps one document for each fact it hears, once."""

import os

from shared import log
from shared import store as stores
from shared.documents import Doc
from shared.events import Event
from shared.reactions import Keep, Reactions
from shared.store import Store
from shared.worker import Worker

NAME = "kept"


def _docs(event: Event) -> list[Doc]:
    return [{"_id": event.id, "subject": event.subject, "type": event.type, **event.data}]


_KEEP = (Keep("kept", _docs),)
REACTIONS: Reactions = {"delivery.submitted": _KEEP, "delivery.recalled": _KEEP}

if __name__ == "__main__":
    log.configure(NAME, "WARNING")
    Worker(
        Store(stores.connect(os.environ["MONGO_URL"], os.environ["MONGO_DB"]), NAME),
        os.environ["AMQP_URL"],
        kinds=[],
        reactions=REACTIONS,
    ).run()
