"""Jobs, proposals and what is said about them; a test names only what it is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.jobs.domain.job import Budget, Job, Project, Selection
from services.jobs.domain.proposal import Proposal
from shared import clock, ids
from shared.documents import Kind, newborn
from shared.errors import Forbidden
from shared.events import Event
from shared.moderation import SHOWN, Seen
from shared.money import Money
from shared.store import Db

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

CLIENT = ids.derived("mem", "client")
WORKER = ids.derived("mem", "worker")
STRANGER = ids.derived("mem", "stranger")
SUSPENDED = Forbidden("member_suspended")

TITLE = "カフェのロゴデザインをお願いします"
DESCRIPTION = "来月開店する小さなカフェのロゴを作成してください。温かみのある手書き風を希望します。"

_PUBLISHED = {"open", "closed", "completed"}
HELD = Seen(state="held", findings=("payment_outside",), release_at=NOON + 3 * DAY, unseen=True)


def yen(amount: int) -> Money:
    """Return this many yen."""
    return Money(amount, "JPY")


def a_job(**over: Any) -> Job:
    """Return a job of CLIENT, open at NOON; words of its project may stand among the others."""
    of_project = {name: over.pop(name) for name in list(over) if name in Project.__slots__}
    project = {
        "budget": Budget(min=yen(30_000), max=yen(50_000)),
        "proposals_close_at": NOON + 10 * DAY,
        **of_project,
    }
    state = over.get("state", "open")
    words: dict[str, Any] = {
        "id": ids.new("job"),
        "client_id": CLIENT,
        "mode": "project",
        "state": state,
        "title": TITLE,
        "description": DESCRIPTION,
        "category": "design-logo",
        "skills": ("Illustrator",),
        "experience": "none",
        "deadline_at": NOON + 30 * DAY,
        "created_at": NOON - DAY,
        "changed_at": NOON,
        "published_at": NOON if state in _PUBLISHED else None,
        "seen": HELD if state == "held" else SHOWN,
        **over,
    }
    return Job(project=Project(**project), **words)


def a_selection(proposal: Proposal | None = None, **over: Any) -> Selection:
    """Return a selection, reserved at NOON."""
    of = proposal or a_proposal()
    words: dict[str, Any] = {
        "proposal_id": of.id,
        "offer_id": ids.new("off"),
        "worker_id": of.worker_id,
        "state": "reserved",
        "at": NOON,
        **over,
    }
    return Selection(**words)


def with_selections(job: Job, *selections: Selection) -> Job:
    """Return the job with these selections."""
    return replace(job, project=replace(job.project, selections=selections))


def a_proposal(job: Job | None = None, **over: Any) -> Proposal:
    """Return a proposal of WORKER, submitted at NOON."""
    words: dict[str, Any] = {
        "id": ids.new("pro"),
        "job_id": job.id if job else ids.new("job"),
        "client_id": CLIENT,
        "worker_id": WORKER,
        "title": TITLE,
        "message": "ロゴ制作の経験が10年あります。",
        "amount": yen(40_000),
        "deliver_by": NOON + 20 * DAY,
        "milestones": (),
        "state": "submitted",
        "created_at": NOON,
        "changed_at": NOON,
        **over,
    }
    return Proposal(**words)


def offer_words(job: Job, proposal: Proposal, **over: Any) -> dict[str, Any]:
    """Return the words of an offer made of this proposal."""
    return {
        **proposal.names(),
        "offer_id": ids.new("off"),
        "scope": job.description,
        "amount": proposal.amount.words(),
        "deliver_by": clock.text(proposal.deliver_by),
        "milestones": [
            {
                "title": job.title,
                "amount": proposal.amount.words(),
                "deliver_by": clock.text(proposal.deliver_by),
            }
        ],
        "review_days": 14,
        "revisions": 2,
        **over,
    }


def keep(db: Db, kind: Kind[Any], *things: Any) -> None:
    """Put things into the database as they are, without their history."""
    db[kind.collection].insert_many([newborn(kind, thing, [], once=None) for thing in things])


def an_event(type_: str, data: Mapping[str, Any], **over: Any) -> Event:
    """Return an event as it arrives."""
    words: dict[str, Any] = {
        "id": ids.new("evt"),
        "type": type_,
        "source": "tests",
        "subject": ids.new("off"),
        "time": clock.text(NOON),
        "version": 1,
        "data": dict(data),
        **over,
    }
    return Event(**words)


def of_offer(type_: str, proposal: Proposal, offer_id: str, **over: Any) -> Event:
    """Return what contracts says about an offer that was made of a proposal."""
    words = {**proposal.names(), "offer_id": offer_id, "listing_id": None}
    if type_ in ("offer.declined", "offer.withdrawn", "offer.expired"):
        words["by"] = "worker"
    return an_event(type_, {**words, **over})


def of_contract(
    type_: str, proposal: Proposal, offer_id: str, *, contract_id: str | None = None
) -> Event:
    """Return what contracts says about a contract that was formed from a proposal."""
    more: dict[str, Any] = {
        "contract.formed": {
            "mode": "project",
            "scope": DESCRIPTION,
            "milestones": [],
            "review_days": 14,
            "revisions": 2,
            "fund_by": clock.text(NOON + 7 * DAY),
        },
        "contract.completed": {"review_by": clock.text(NOON + 60 * DAY), "hold_ids": []},
        "contract.cancelled": {"reason": "not_funded", "hold_ids": []},
    }[type_]
    contract = contract_id or ids.derived("con", offer_id)
    return of_offer(type_, proposal, offer_id, contract_id=contract, **more)


def job_words(**over: Any) -> dict[str, Any]:
    """Return the words of a complete draft as a caller sends them."""
    now = clock.now()
    return {
        "mode": "project",
        "title": TITLE,
        "description": DESCRIPTION,
        "category": "design-logo",
        "skills": ["Illustrator", "ロゴ"],
        "deadline_at": clock.text(now + 30 * DAY),
        "budget": {"min": yen(30_000).words(), "max": yen(50_000).words()},
        "proposals_close_at": clock.text(now + 10 * DAY),
        "openings": 1,
        **over,
    }


def proposal_words(**over: Any) -> dict[str, Any]:
    """Return the words of a proposal as a caller sends them."""
    return {
        "message": "ロゴ制作の経験が10年あります。",
        "amount": yen(40_000).words(),
        "deliver_by": clock.text(clock.now() + 20 * DAY),
        **over,
    }


def open_jobs(count: int, **over: Any) -> list[Job]:
    """Return open jobs, each published a minute after the one before."""
    minute = timedelta(minutes=1)
    return [a_job(published_at=NOON + at * minute, **over) for at in range(count)]
