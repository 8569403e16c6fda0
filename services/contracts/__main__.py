"""The worker of contracts: `python -m services.contracts`."""

from services.contracts.reactions import REACTIONS
from services.contracts.records import KINDS
from shared import worker

if __name__ == "__main__":
    worker.run("contracts", kinds=KINDS, reactions=REACTIONS)
