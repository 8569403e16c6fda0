"""The worker of jobs: `python -m services.jobs`."""

from services.jobs.reactions import REACTIONS
from services.jobs.records import KINDS
from shared import worker

if __name__ == "__main__":
    worker.run("jobs", kinds=KINDS, reactions=REACTIONS)
