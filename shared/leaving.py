"""What a service answers when a member is leaving, and does when they are erased.

accounts says `member.leaving`; whoever keeps something that can be open of a member winds up what
may be wound up, and answers for its own: `member.cleared_by_<service>`, or
`member.kept_by_<service>` with the reasons. Each service has its types, so that the broker lets
none answer for another.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared import personal
from shared.documents import Doc, Kind
from shared.errors import Ignored
from shared.events import Event, Fact
from shared.moves import Outcome
from shared.personal import Wipe
from shared.reactions import Handle, Reactions
from shared.standing import MEMBERS
from shared.store import Db, Store

WindUp = Callable[[Store, str, datetime], None]
Reasons = Callable[[Db, str], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """What was answered last about a member; `reasons` of what is still open, none: cleared."""

    id: str
    asked_at: str
    round: int
    reasons: tuple[str, ...]


def _departure_doc(departure: Departure) -> Doc:
    words: dict[str, Any] = asdict(departure)
    return {"_id": words.pop("id"), **words, "reasons": list(departure.reasons)}


def _departure(doc: Doc) -> Departure:
    return Departure(
        id=doc["_id"],
        asked_at=doc["asked_at"],
        round=doc["round"],
        reasons=tuple(doc["reasons"]),
    )


# accounts asks again by its own timer: nothing waits here.
DEPARTURES: Kind[Departure] = Kind(
    name="departure",
    prefix="mem",
    collection="departures",
    to_doc=_departure_doc,
    from_doc=_departure,
)


def answer(
    departure: Departure, *, now: datetime, service: str, latest: Departure
) -> Outcome[Departure]:
    """Answer for this service; the same question again is answered again.

    :raises Ignored: a later question was answered
    """
    if (latest.asked_at, latest.round) < (departure.asked_at, departure.round):
        raise Ignored("answered_later", "a later question was answered")
    return latest, [_said(service, latest)]


def _said(service: str, departure: Departure) -> Fact:
    words: dict[str, Any] = {
        "member_id": departure.id,
        "asked_at": departure.asked_at,
        "round": departure.round,
    }
    if departure.reasons:
        return Fact(f"member.kept_by_{service}", {**words, "reasons": list(departure.reasons)})
    return Fact(f"member.cleared_by_{service}", words)


def reactions(
    service: str, *, wipes: Sequence[Wipe], open_of: Reasons, wind_up: WindUp
) -> Reactions:
    """Return what a service does about somebody who leaves: `open_of` says what is in the way."""

    def on_leaving(store: Store, event: Event, now: datetime) -> None:
        member_id = event.data["member_id"]
        known = store.db[MEMBERS].find_one({"_id": member_id}, {"state": 1, "version": 1})
        if known and known["version"] > event.version and known["state"] != "leaving":
            return  # they stay, or have gone
        wind_up(store, member_id, now)
        latest = Departure(
            id=member_id,
            asked_at=event.data["asked_at"],
            round=event.data["round"],
            reasons=tuple(open_of(store.db, member_id)),
        )
        made = store.create(DEPARTURES, latest, [_said(service, latest)], now=now)
        if made.replayed:
            with suppress(Ignored):
                store.change(DEPARTURES, member_id, answer, service=service, latest=latest, now=now)

    return {"member.leaving": (Handle(on_leaving),), "member.erased": (erasing(wipes),)}


def erasing(wipes: Sequence[Wipe]) -> Handle:
    """Return the reaction to `member.erased`: what is personal goes; again changes nothing more."""

    def on_erased(store: Store, event: Event, now: datetime) -> None:
        personal.wipe(store, wipes, event.data["member_id"])

    return Handle(on_erased)


def is_leaving(db: Db, member_id: str) -> bool:
    """Say whether accounts has told that this member is leaving."""
    return db[MEMBERS].find_one({"_id": member_id, "state": "leaving"}, {"_id": 1}) is not None
