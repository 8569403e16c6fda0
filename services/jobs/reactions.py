"""What jobs does about each event it hears."""

from collections.abc import Callable, Mapping
from typing import Any

from services.jobs import alerts, clients, contests, departing, tasks, usecases
from services.jobs.domain import (
    assignment,
    funded,
    judging,
    listing,
    listing_silence,
    opening,
    proposal,
)
from services.jobs.listing_records import LISTINGS
from services.jobs.people import RECORDS, record_of
from services.jobs.personal import WIPES
from services.jobs.records import ASSIGNMENTS, JOBS, PROPOSALS, VERIFIED
from shared import leaving, moderation
from shared.documents import Doc, Kind
from shared.events import Event
from shared.reactions import IGNORE, Change, Handle, HandleMany, Project, Reactions
from shared.revoked import REVOKED
from shared.standing import KNOW_BLOCKS, MEMBERS


def _member(event: Event) -> Doc:
    return {
        "_id": event.data["member_id"],
        "version": event.version,
        "display_name": event.data["display_name"],
        "state": event.data["state"],
    }


def _verified(event: Event) -> Doc:
    return {"_id": event.data["member_id"], "version": event.version}


def _offer(event: Event) -> Mapping[str, Any]:
    contract_id = event.data.get("contract_id")
    return {"what": event.type, "offer_id": event.data["offer_id"], "contract_id": contract_id}


def _job_id(event: Event) -> str | None:
    job_id: str | None = event.data.get("job_id")
    return job_id


def _listing_id(event: Event) -> str | None:
    listing_id: str | None = event.data.get("listing_id")
    return listing_id


def _proposal_id(event: Event) -> str | None:
    proposal_id: str | None = event.data.get("proposal_id")
    return proposal_id


def _funded_job(event: Event) -> str | None:
    ref: str = event.data["ref"]
    return ref if ref.startswith("job_") else None  # a contract's hold concerns contracts


def _cause(event: Event) -> str | None:
    cause: str = event.data["cause"]
    return cause if cause.startswith("asg_") else None


def _hold(event: Event) -> Mapping[str, Any]:
    return {"what": event.type, "hold_state": event.data.get("state", "")}


def _text(name: str, kind: str, wanted: str) -> Callable[[Event], str | None]:
    return lambda event: event.data[name] if event.data[kind] == wanted else None


def _judge(on: Kind[Any], kind: str, rule: Any) -> Change:
    """Return the step by which what operators have decided of such a text is done."""
    id_of = _text("content_id", "content_kind", kind)
    return Change(on, id=id_of, rule=rule, words=moderation.decision, absent=IGNORE)


def _report(on: Kind[Any], kind: str, rule: Any) -> Change:
    """Return the step by which accounts is told of a text that somebody has reported."""
    id_of = _text("about_id", "about_kind", kind)
    return Change(on, id=id_of, rule=rule, words=_case, absent=IGNORE)


def _case(event: Event) -> Mapping[str, Any]:
    return {"case_id": event.data["case_id"]}


MEMBER = Project(MEMBERS, _member)
OPENING = Change(JOBS, id=_job_id, rule=opening.hear, words=_offer)
PROPOSAL = Change(PROPOSALS, id=_proposal_id, rule=proposal.hear, words=_offer)
ORDER = Change(LISTINGS, id=_listing_id, rule=listing.hear, words=_offer)
MONEY = (Change(JOBS, id=_funded_job, rule=funded.hear, words=_hold),)
PAID = Change(ASSIGNMENTS, id=_cause, rule=assignment.settle)
DECIDED = (Handle(contests.on_decided),)
JOB_OVER = Handle(usecases.on_job_over)

REACTIONS: Reactions = {
    "case.decided": (
        _judge(JOBS, "job", judging.decide),
        _judge(LISTINGS, "listing", listing_silence.decide),
        _judge(PROPOSALS, "proposal", proposal.decide),
    ),
    "report.made": (
        _report(JOBS, "job", judging.report),
        _report(LISTINGS, "listing", listing_silence.report),
        _report(PROPOSALS, "proposal", proposal.report),
    ),
    **KNOW_BLOCKS,
    **leaving.reactions("jobs", wipes=WIPES, open_of=departing.open_of, wind_up=departing.wind_up),
    "tokens.revoked": (REVOKED,),
    "member.registered": (MEMBER,),
    "member.changed": (MEMBER,),
    "record.changed": (Project(RECORDS, record_of), HandleMany(clients.on_heard)),
    "member.verified": (Project(VERIFIED, _verified), HandleMany(clients.on_heard)),
    "opening.reserved": (Handle(usecases.on_reserved),),
    "job.closed": (JOB_OVER,),
    "job.cancelled": (JOB_OVER,),
    "escrow.funded": MONEY,
    "escrow.released": (*MONEY, PAID, HandleMany(clients.on_released)),
    "escrow.refunded": MONEY,
    "job.opened": (
        Handle(tasks.on_opened),
        HandleMany(clients.on_opened),
        Handle(alerts.on_opened),
    ),
    "task.closing": (Handle(tasks.on_closing),),
    "approvals.requested": (Handle(tasks.on_approve_all),),
    "slot.freed": (Handle(tasks.on_freed),),
    "controls.missed": (Handle(tasks.on_controls_missed),),
    "hold.refused": MONEY,
    "competition.closed": (Handle(contests.on_closed),),
    "competition.undecided": (Handle(contests.on_undecided),),
    "competition.awarded": DECIDED,
    "competition.split": DECIDED,
    "competition.void": DECIDED,
    "offer.declined": (OPENING, PROPOSAL, ORDER),
    "offer.expired": (OPENING, PROPOSAL, ORDER),
    "offer.withdrawn": (OPENING, PROPOSAL, ORDER),
    "contract.formed": (OPENING, PROPOSAL, ORDER),
    "contract.completed": (OPENING, ORDER),
    "contract.cancelled": (OPENING, ORDER),
}
