"""What accounts does about what it hears: it keeps what a record is made of, writes to who
has joined, has a case for what is held or reported, and empties who has left."""

from collections.abc import Mapping
from typing import Any

from services.accounts.domain import leaving as rules
from services.accounts.personal import WIPES
from services.accounts.records import LETTERS, MEMBERS
from services.accounts.usecases import cases, letters, record
from shared import leaving
from shared.events import Event
from shared.reactions import Change, Handle, HandleMany, Make, Reactions
from shared.revoked import REVOKED

SWEEPS = (letters.sweep, record.sweep)

FIGURES = (
    "contract.formed",
    "contract.started",
    "milestone.due",
    "milestone.funded",
    "milestone.overdue",
    "extension.granted",
    "delivery.submitted",
    "delivery.recalled",
    "changes.requested",
    "delivery.accepted",
    "dispute.opened",
    "assignment.approved",
    "assignment.rejected",
    "job.opened",
    "opening.reserved",
    "competition.awarded",
    "question.asked",
    "question.answered",
    "proposal.submitted",
    "proposal.selected",
    "proposal.declined",
    "offer.sent",
    "offer.countered",
    "offer.accepted",
    "offer.declined",
)

HELD = ("message", "proposal", "question", "posting")
REPORTED = (*HELD, "entry")


def _answer(event: Event) -> Mapping[str, Any]:
    what, _, service = event.type.removeprefix("member.").partition("_by_")
    said = event.data
    return {
        "what": what,
        "service": service,
        "asked_at": said["asked_at"],
        "round_": said["round"],
        "reasons": said.get("reasons", ()),
    }


ANSWER = Change(MEMBERS, id=lambda event: event.data["member_id"], rule=rules.hear, words=_answer)
ANSWERS = tuple(
    f"member.{what}_by_{service}" for what in ("cleared", "kept") for service in rules.ASKED
)

REACTIONS: Reactions = {
    **dict.fromkeys(ANSWERS, (ANSWER,)),
    "member.erased": (leaving.erasing(WIPES),),
    "tokens.revoked": (REVOKED,),
    "member.registered": (Make(LETTERS, make=letters.of_registration),),
    "contract.completed": (HandleMany(record.hear_ends),),
    "contract.cancelled": (HandleMany(record.hear_ends),),
    "review.revealed": (HandleMany(record.hear_reviews),),
    "case.sanctioned": (Handle(cases.hear_sanctioned),),
    **{f"{what}.held": (Handle(cases.hear_held),) for what in HELD},
    **{f"{what}.released": (Handle(cases.hear_released),) for what in HELD},
    **{f"{what}.reported": (Handle(cases.hear_reported),) for what in REPORTED},
    **dict.fromkeys(FIGURES, (HandleMany(record.hear_facts),)),
}
