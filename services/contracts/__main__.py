"""The worker of contracts: `python -m services.contracts`."""

from services.contracts.domain import times
from services.contracts.reactions import REACTIONS
from services.contracts.records import KINDS
from shared import profiles, worker

if __name__ == "__main__":
    times.use(profiles.here().timers)
    worker.run("contracts", kinds=KINDS, reactions=REACTIONS)
