"""What accounts does about what it hears: it keeps what a record is made of, and writes
to who has joined."""

from services.accounts.records import LETTERS
from services.accounts.usecases import letters, record
from shared.reactions import HandleMany, Make, Reactions
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

REACTIONS: Reactions = {
    "tokens.revoked": (REVOKED,),
    "member.registered": (Make(LETTERS, make=letters.of_registration),),
    "contract.completed": (HandleMany(record.hear_ends),),
    "contract.cancelled": (HandleMany(record.hear_ends),),
    "review.revealed": (HandleMany(record.hear_reviews),),
    **dict.fromkeys(FIGURES, (HandleMany(record.hear_facts),)),
}
