"""What escrow hears, and what it does about it. All of it in batches: money moves 50 at a time."""

from collections.abc import Sequence
from datetime import datetime

from services.escrow import profiles, usecases
from shared.events import Event
from shared.reactions import HandleMany, Reactions
from shared.store import Store


def _open_holds(store: Store, events: Sequence[Event], now: datetime) -> None:
    usecases.open_holds(store, events, now, schedule=profiles.here().schedule_at(now))


REACTIONS: Reactions = {
    "contract.formed": (HandleMany(_open_holds),),
    "delivery.accepted": (HandleMany(usecases.accept_deliveries),),
    "contract.cancelled": (HandleMany(usecases.end_contracts),),
}
