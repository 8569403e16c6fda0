"""The worker of escrow: `python -m services.escrow`."""

from services.escrow import proof, usecases
from services.escrow.reactions import REACTIONS
from services.escrow.records import KINDS
from shared import worker

if __name__ == "__main__":
    worker.run(
        "escrow", kinds=KINDS, reactions=REACTIONS, sweeps=[usecases.ask_providers, proof.seal]
    )
