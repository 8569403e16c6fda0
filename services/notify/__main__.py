"""The worker process: `python -m services.notify`."""

from services.notify.reactions import REACTIONS, SWEEPS
from services.notify.records import KINDS, SHELVES
from shared import worker

if __name__ == "__main__":
    worker.run("notify", kinds=KINDS, reactions=REACTIONS, sweeps=SWEEPS, shelves=SHELVES)
