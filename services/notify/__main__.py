"""The worker process: `python -m services.notify`."""

from services.notify.reactions import REACTIONS
from services.notify.records import KINDS, SHELVES
from shared import worker

if __name__ == "__main__":
    worker.run("notify", kinds=KINDS, reactions=REACTIONS, shelves=SHELVES)
