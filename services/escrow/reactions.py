"""What escrow hears, and what it does about it. All of it in batches: money moves 50 at a time."""

from collections.abc import Sequence
from datetime import datetime

from services.escrow import departing, hearing, profiles, queries
from services.escrow.personal import WIPES
from shared import leaving
from shared.events import Event
from shared.reactions import HandleMany, Project, Reactions
from shared.revoked import REVOKED
from shared.store import Store


def _open_holds(store: Store, events: Sequence[Event], now: datetime) -> None:
    hearing.open_holds(store, events, now, schedule=profiles.here().schedule_at(now))


def _open_more(store: Store, events: Sequence[Event], now: datetime) -> None:
    here = profiles.here()
    fees = here.schedule_at(now)
    hearing.open_more(store, events, now, schedule=fees, modes=here.modes)


_OPEN_MORE = (HandleMany(_open_more),)
_PARTS = (HandleMany(hearing.settle_parts),)
_COMPETITIONS = (HandleMany(hearing.settle_competitions),)
_DISPUTES = (HandleMany(hearing.divide_disputed),)
_MEMBERS = (Project(queries.MEMBERS, hearing.member_doc),)

REACTIONS: Reactions = {
    **leaving.reactions(
        "escrow", wipes=WIPES, open_of=departing.open_of, wind_up=departing.wind_up
    ),
    "tokens.revoked": (REVOKED,),
    "contract.formed": (HandleMany(_open_holds),),
    "milestone.added": _OPEN_MORE,
    "week.planned": _OPEN_MORE,
    "tip.given": _OPEN_MORE,
    "milestone.changed": (HandleMany(hearing.change_milestones),),
    "delivery.accepted": (HandleMany(hearing.accept_deliveries),),
    "sheet.approved": (HandleMany(hearing.accept_deliveries),),
    "week.closed": (HandleMany(hearing.accept_deliveries),),
    "contract.cancelled": (HandleMany(hearing.end_contracts),),
    "contract.completed": (HandleMany(hearing.end_contracts),),
    "dispute.settled": _DISPUTES,
    "dispute.decided": _DISPUTES,
    "job.submitted_for_funding": _OPEN_MORE,
    "assignment.approved": _PARTS,
    "slot.closed": _PARTS,
    "job.closed": _PARTS,
    "competition.awarded": _COMPETITIONS,
    "competition.split": _COMPETITIONS,
    "competition.void": _COMPETITIONS,
    "job.cancelled": (HandleMany(hearing.end_jobs),),
    "member.registered": _MEMBERS,
    "member.changed": _MEMBERS,
}
