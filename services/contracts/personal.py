"""What contracts holds of its members: exported, and removed when they are erased."""

from collections.abc import Callable

from services.contracts.records import CONTRACTS, LINES, MESSAGES, OFFERS
from shared.documents import Doc
from shared.personal import ME, SHARED, Part, Wipe, by, within

SIDES = ("client", "worker")
_OFFER = (
    *("state", "client_id", "worker_id", "title", "scope", "amount", "deliver_by", "milestones"),
    *("review_days", "revisions", "mode", "sent_at", "answer_by", "answered_at", "hourly"),
    *("contract_id", "job_id", "proposal_id", "listing_id"),
)
_CONTRACT = (
    *("state", "offer_id", "client_id", "worker_id", "title", "scope", "mode", "milestones"),
    *("review_days", "revisions", "formed_at", "started_at", "ended_at", "cancel_reason"),
    *("reviews", "asks", "cancellation", "dispute", "hourly", "ending", "terms_hash"),
    "past_disputes",
    *("job_id", "proposal_id", "listing_id"),
)
_OTHERS_WORDS = {"client": ("note", "links"), "worker": ("changes_note",)}
"""What the other side has written of a milestone."""


def _one_side(role: str) -> Callable[[Doc, str], Doc]:
    def say(doc: Doc, _member_id: str) -> Doc:
        hidden = _OTHERS_WORDS[role]
        return {
            **doc,
            "milestones": [
                {name: value for name, value in m.items() if name not in hidden}
                for m in doc["milestones"]
            ],
            "reviews": {role: doc["reviews"][role]},
            "asks": [ask for ask in doc.get("asks", ()) if ask["by"] == role],
            "cancellation": _own(doc.get("cancellation"), role, "reason"),
            "ending": _own(doc.get("ending"), role, "reason"),
            "dispute": _own(doc.get("dispute"), role, "note"),
        }

    return say


def _own(said: Doc | None, role: str, words: str) -> Doc | None:
    """Return what was asked, with its words when they are this side's."""
    if said is None or said["by"] == role:
        return said
    return {name: value for name, value in said.items() if name != words}


PARTS = (
    *(
        Part(
            kind=f"offer_as_{role}",
            collection=OFFERS.collection,
            find=by(f"{role}_id"),
            fields=_OFFER,
        )
        for role in SIDES
    ),
    *(
        Part(
            kind=f"contract_as_{role}",
            collection=CONTRACTS.collection,
            find=by(f"{role}_id"),
            fields=_CONTRACT,
            say=_one_side(role),
        )
        for role in SIDES
    ),
    Part(
        kind="message",
        collection=MESSAGES.collection,
        find=by("sender_id"),
        fields=("thread", "recipient_id", "text", "at", "seen"),
    ),
    Part(
        kind="time",
        collection=LINES.collection,
        find=within(CONTRACTS.collection, by("worker_id"), "contract_id"),
        fields=("contract_id", "n", "day", "minutes", "note", "at", "state"),
    ),
    *(
        Part(
            kind="evidence",
            collection="facts",
            find=within(
                CONTRACTS.collection,
                by(f"{role}_id"),
                "subject",
                type="dispute.evidence",
                actor=ME,
            ),
            fields=("subject", "time", "data"),
        )
        for role in SIDES
    ),
)
EXEMPT = {
    **{name: why for name, why in SHARED.items() if name != "facts"},
    "terms": "each contract's terms in writing name both sides: GET /v1/contracts/{id}/terms",
    "cancelled_jobs": "ids of jobs alone",
}
_NO_CONTRACT = {"contract_id": None}
# Of an offer that became a contract, and of the contract, the words are the other side's as well:
# its evidence of what was agreed, delivered and said. They stay, with ids alone.
WIPES = (
    *(
        Wipe(
            kind=MESSAGES,
            collection=MESSAGES.collection,
            find=within(
                OFFERS.collection, by(f"{role}_id", **_NO_CONTRACT), "thread", sender_id=ME
            ),
            set={"text": ""},
        )
        for role in SIDES
    ),
    *(
        Wipe(
            collection="facts",
            find=within(
                MESSAGES.collection,
                within(OFFERS.collection, by(f"{role}_id", **_NO_CONTRACT), "thread", sender_id=ME),
                "subject",
                type={"$in": ["message.held", "message.reported"]},
            ),
            set={"data.words": ""},
        )
        for role in SIDES
    ),
    Wipe(
        collection="facts",
        find=within(OFFERS.collection, by("client_id", **_NO_CONTRACT), "subject"),
        set={"data.scope": ""},
    ),
    Wipe(
        kind=OFFERS,
        collection=OFFERS.collection,
        find=by("client_id", **_NO_CONTRACT),
        set={"scope": "", "milestones.$[].title": ""},
    ),
)
