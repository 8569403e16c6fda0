"""What accounts does about what it hears: it keeps the facts that a record is made of."""

from services.accounts.usecases import record
from shared.reactions import HandleMany, Reactions

REACTIONS: Reactions = {
    "contract.completed": (HandleMany(record.hear_ends),),
    "contract.cancelled": (HandleMany(record.hear_ends),),
    "review.revealed": (HandleMany(record.hear_reviews),),
}
