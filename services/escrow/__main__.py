"""The worker of escrow: `python -m services.escrow`."""

from services.escrow import config, figures, proof, usecases
from services.escrow.reactions import REACTIONS
from services.escrow.records import KINDS
from shared import worker

if __name__ == "__main__":
    config.here()  # what is wrong with it is said at once
    worker.run(
        "escrow",
        kinds=KINDS,
        reactions=REACTIONS,
        sweeps=[usecases.ask_providers, proof.seal, figures.measure],
    )
