"""What accounts does about what it hears: it keeps what a record is made of, writes to who
has joined, and has a case for what is held or reported."""

from services.accounts.case_records import CASES
from services.accounts.domain import case
from services.accounts.records import LETTERS
from services.accounts.usecases import cases, letters, record
from shared.reactions import Change, Handle, HandleMany, Make, Reactions
from shared.revoked import REVOKED

SWEEPS = (letters.sweep,)

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
)

HELD = ("message", "proposal", "question", "posting")
REPORTED = (*HELD, "entry")
LEARN = Change(CASES, id=lambda event: event.data["case_id"], rule=case.learn, words=cases.reported)

REACTIONS: Reactions = {
    "tokens.revoked": (REVOKED,),
    "member.registered": (Make(LETTERS, make=letters.of_registration),),
    "contract.completed": (HandleMany(record.hear_ends),),
    "contract.cancelled": (HandleMany(record.hear_ends),),
    "review.revealed": (HandleMany(record.hear_reviews),),
    "case.sanctioned": (Handle(cases.hear_sanctioned),),
    **{f"{what}.held": (Handle(cases.hear_held),) for what in HELD},
    **{f"{what}.released": (Handle(cases.hear_released),) for what in HELD},
    **{f"{what}.reported": (LEARN,) for what in REPORTED},
    **dict.fromkeys(FIGURES, (HandleMany(record.hear_facts),)),
}
