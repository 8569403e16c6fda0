"""What contracts hears, and which rule of which aggregate it moves."""

from collections.abc import Callable, Mapping
from typing import Any

from services.contracts import departing, evidence, usecases
from services.contracts.domain import contract, hearing, message, offer, sheet
from services.contracts.personal import WIPES
from services.contracts.records import CONTRACTS, LINES, MESSAGES, OFFERS
from shared import leaving, moderation
from shared.documents import Doc
from shared.events import Event
from shared.money import Money
from shared.reactions import IGNORE, Change, Handle, Keep, Make, Project, Reactions
from shared.revoked import REVOKED
from shared.standing import KNOW_BLOCKS, MEMBERS


def _contract_of(event: Event) -> str | None:
    ref: str = event.data["ref"]
    return ref if ref.startswith("con_") else None  # a job's hold concerns jobs


def _hold_words(event: Event) -> Mapping[str, Any]:
    return {
        "type_": f"{event.type} split" if event.data.get("state") == "split" else event.type,
        "n": event.data["milestone"],
        "amount": Money.of(event.data["amount"]),
    }


def _member(event: Event) -> Doc:
    said = event.data
    return {
        "_id": said["member_id"],
        "version": event.version,
        "state": said["state"],
        "display_name": said["display_name"],
    }


def _message_in(name: str, kind: str) -> Callable[[Event], str | None]:
    return lambda event: event.data[name] if event.data[kind] == "message" else None


_FOLLOW_ESCROW = (Change(CONTRACTS, id=_contract_of, rule=hearing.hear_escrow, words=_hold_words),)
_KNOW_MEMBER = (Project(MEMBERS, _member),)

LEAVING = leaving.reactions(
    "contracts", wipes=WIPES, open_of=departing.open_of, wind_up=departing.wind_up
)

REACTIONS: Reactions = {
    **KNOW_BLOCKS,
    **LEAVING,
    "member.erased": (*LEAVING["member.erased"], Handle(departing.take_name_off)),
    "tokens.revoked": (REVOKED,),
    "proposal.selected": (
        Make(OFFERS, make=offer.of_selection),
        Handle(usecases.withdraw_if_its_job_is_cancelled),
    ),
    "listing.ordered": (
        Make(OFFERS, make=offer.of_order),
        Make(CONTRACTS, make=contract.of_order),
    ),
    "offer.accepted": (Make(CONTRACTS, make=contract.of_acceptance),),
    "contract.formed": (Handle(evidence.on_formed),),
    "time.noted": (Make(LINES, make=sheet.of_fact),),
    "time.removed": (Change(LINES, id=lambda event: event.data["time_id"], rule=sheet.remove),),
    "escrow.funded": _FOLLOW_ESCROW,
    "escrow.released": _FOLLOW_ESCROW,
    "escrow.refunded": _FOLLOW_ESCROW,
    "hold.cancelled": _FOLLOW_ESCROW,
    "job.cancelled": (
        Keep("cancelled_jobs", lambda event: [{"_id": event.data["job_id"]}]),
        Handle(usecases.withdraw_offers_of_job),
    ),
    "case.decided": (
        Change(
            MESSAGES,
            id=_message_in("content_id", "content_kind"),
            rule=message.decide,
            words=moderation.decision,
            absent=IGNORE,
        ),
    ),
    "report.made": (
        Change(
            MESSAGES,
            id=_message_in("about_id", "about_kind"),
            rule=message.report,
            words=lambda event: {"case_id": event.data["case_id"]},
            absent=IGNORE,
        ),
    ),
    "member.registered": _KNOW_MEMBER,
    "member.changed": _KNOW_MEMBER,
}
