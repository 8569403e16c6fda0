"""The worker of jobs: `python -m services.jobs`."""

from services.jobs.bookmarks import SHELVES
from services.jobs.domain import market
from services.jobs.reactions import REACTIONS
from services.jobs.records import KINDS
from shared import profiles, worker

if __name__ == "__main__":
    market.run_as(profiles.here())
    worker.run("jobs", kinds=KINDS, reactions=REACTIONS, shelves=SHELVES)
