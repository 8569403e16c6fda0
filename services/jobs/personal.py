"""What jobs holds of its members: exported, and removed when they are erased."""

from services.jobs.bookmarks import BOOKMARKS
from services.jobs.domain import job as jobs
from services.jobs.domain import listing as listings
from services.jobs.domain.wanted import facet
from services.jobs.listing_records import LISTINGS
from services.jobs.people import PAYERS, RECORDS
from services.jobs.records import ASSIGNMENTS, ENTRIES, JOBS, PROPOSALS, QUESTIONS, VERIFIED
from services.jobs.search_records import MATCHES, SEARCHES
from shared.documents import Doc
from shared.mongo import Db
from shared.personal import SHARED, Part, Wipe, by, within


def my_jobs(_db: Db, member_id: str) -> list[Doc]:
    """Return the filter of a member's jobs, by the index that their own list has."""
    return [{"state": {"$in": list(jobs.STATES)}, "facets": facet("owner", member_id)}]


def my_listings(_db: Db, member_id: str) -> list[Doc]:
    """Return the filter of a member's listings."""
    return [{"state": {"$in": list(listings.STATES)}, "facets": facet("owner", member_id)}]


def _unused_jobs(_db: Db, member_id: str) -> list[Doc]:
    return [{"state": {"$in": ["draft", "held", "cancelled"]}, "facets": facet("owner", member_id)}]


PARTS = (
    Part(
        kind="job",
        collection=JOBS.collection,
        find=my_jobs,
        fields=(
            *("mode", "state", "title", "description", "category", "skills", "experience"),
            *("deadline_at", "created_at", "published_at", "project", "contest", "task"),
            "seen",
        ),
    ),
    Part(
        kind="proposal",
        collection=PROPOSALS.collection,
        find=by("worker_id"),
        fields=(
            *("job_id", "client_id", "title", "message", "amount", "deliver_by", "milestones"),
            *("state", "offer_id", "contract_id", "created_at", "seen"),
        ),
    ),
    Part(
        kind="question",
        collection=QUESTIONS.collection,
        find=by("worker_id"),
        fields=("job_id", "title", "text", "state", "created_at"),
    ),
    Part(
        kind="answer",
        collection=QUESTIONS.collection,
        find=by("client_id", state="answered"),
        fields=("job_id", "worker_id", "answer", "answered_at"),
    ),
    Part(
        kind="entry",
        collection=ENTRIES.collection,
        find=by("worker_id"),
        fields=(
            *("job_id", "client_id", "job_title", "title", "description", "links", "state"),
            *("rank", "created_at"),
        ),
    ),
    Part(
        kind="assignment",
        collection=ASSIGNMENTS.collection,
        find=by("worker_id"),
        fields=(
            *("job_id", "client_id", "title", "state", "reward", "reserved_at", "submitted_at"),
            *("decided_at", "answers", "criterion_id", "appeal"),
        ),
    ),
    Part(
        kind="rejection",
        collection=ASSIGNMENTS.collection,
        find=within(JOBS.collection, my_jobs, "job_id", note={"$type": "string"}),
        fields=("job_id", "worker_id", "state", "criterion_id", "note", "decided_at"),
    ),
    Part(
        kind="listing",
        collection=LISTINGS.collection,
        find=my_listings,
        fields=(
            *("state", "title", "description", "category", "packages", "options", "capacity"),
            *("consult", "created_at", "published_at", "seen"),
        ),
    ),
    Part(
        kind="bookmark",
        collection=BOOKMARKS,
        find=by("member_id", is_on=True),
        fields=("job_id", "at"),
    ),
    Part(
        kind="saved_search",
        collection=SEARCHES.collection,
        find=by("member_id", seat={"$type": "number"}),
        fields=("name", "query", "alert", "created_at"),
    ),
)
EXEMPT = {
    MATCHES.collection: "of which jobs a search has told; notify exports the notices",
    **SHARED,
    VERIFIED: "a copy of what accounts exports",
    RECORDS: "a copy of what accounts exports",
    PAYERS: "that somebody was paid out of a hold of theirs, which escrow exports",
}
_WORDS_IN = ["posting.held", "posting.reported"]
# What others built on stays: a job that led to work, a proposal that led to a contract, an entry
# that won, handed-in work. Of the rest the words go.
WIPES = (
    Wipe(
        kind=PROPOSALS,
        collection=PROPOSALS.collection,
        find=by("worker_id", contract_id=None),
        set={"message": "", "milestones.$[].title": ""},
    ),
    Wipe(
        collection="facts",
        find=within(
            PROPOSALS.collection,
            by("worker_id", contract_id=None),
            "subject",
            type={"$in": ["proposal.held", "proposal.reported"]},
        ),
        set={"data.words": ""},
    ),
    Wipe(
        kind=QUESTIONS,
        collection=QUESTIONS.collection,
        find=by("worker_id"),
        set={"text": ""},
    ),
    Wipe(
        kind=QUESTIONS,
        collection=QUESTIONS.collection,
        find=by("client_id", state="answered"),
        set={"answer": ""},
    ),
    Wipe(
        kind=ENTRIES,
        collection=ENTRIES.collection,
        find=by("worker_id", state={"$ne": "won"}),
        set={"title": "", "description": "", "links": []},
    ),
    Wipe(
        kind=JOBS,
        collection=JOBS.collection,
        find=_unused_jobs,
        set={"title": "", "description": "", "skills": [], "text": "", "grams": []},
    ),
    Wipe(
        kind=LISTINGS,
        collection=LISTINGS.collection,
        find=my_listings,
        set={"description": "", "text": "", "grams": []},
    ),
    *(
        Wipe(
            collection="facts",
            find=within(kind.collection, find, "subject", type={"$in": _WORDS_IN}),
            set={"data.words": ""},
        )
        for kind, find in ((JOBS, _unused_jobs), (LISTINGS, my_listings))
    ),
    Wipe(
        kind=SEARCHES,
        collection=SEARCHES.collection,
        find=by("member_id"),
        set={"name": "", "query": {}, "alert": "none", "seat": None, "key": None, "wake_at": None},
    ),
    Wipe(collection=BOOKMARKS, find=by("member_id"), set={"is_on": False}),
)
