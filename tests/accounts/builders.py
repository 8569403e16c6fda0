"""Members, sessions and events for the tests of accounts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import TestResponse

from services.accounts.domain.member import Member, Profile
from services.accounts.domain.session import Session
from services.accounts.domain.session import start as start_session
from shared import clock, ids
from shared.events import Event
from tests.callers import Caller

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
PASSWORD = "correct horse 馬 battery"


def a_member(**change: Any) -> Member:
    words: dict[str, Any] = {
        "id": ids.new("mem"),
        "email": f"{ids.new('x')}@example.com",
        "password_hash": "$argon2id$none",
        "display_name": "Taro 太郎",
        "kind": "individual",
        "locale": "ja",
        "joined_at": NOW,
        "profile": Profile(bio="ロゴを描きます", skills=("Illustrator",), links=("https://a.jp",)),
    }
    return Member(**{**words, **change})


def a_session(**change: Any) -> Session:
    session = start_session(id=ids.new("ses"), member_id=ids.new("mem"), token_hash="now", now=NOW)
    return Session(**{n: change.get(n, getattr(session, n)) for n in session.__slots__})


def registration(**change: Any) -> dict[str, Any]:
    words = {
        "email": f"{ids.new('x')}@example.com",
        "password": PASSWORD,
        "display_name": "太郎",
        "locale": "ja",
        "kind": "individual",
    }
    return {**words, **change}


def log_in(nobody: Caller, email: str, password: str = PASSWORD) -> TestResponse:
    return nobody.post("/v1/sessions", {"email": email, "password": password})


def a_party(client_id: str, worker_id: str, contract_id: str) -> dict[str, Any]:
    return {
        "contract_id": contract_id,
        "client_id": client_id,
        "worker_id": worker_id,
        "title": "A logo",
    }


def ended(type_: str, client_id: str, worker_id: str, contract_id: str | None = None) -> Event:
    data = {**a_party(client_id, worker_id, contract_id or ids.new("con")), "offer_id": "off_1"}
    data |= {"hold_ids": [], "job_id": None, "proposal_id": None, "listing_id": None}
    if type_ == "contract.completed":
        data["review_by"] = "2026-12-20T00:00:00.000Z"
    else:
        data["reason"] = "unfunded"
    return an_event(type_, data["contract_id"], data)


def revealed(reviewer_id: str, reviewee_id: str, *, satisfied: bool, **change: Any) -> Event:
    data = {
        **a_party(reviewer_id, reviewee_id, ids.new("con")),
        "review_id": ids.new("rev"),
        "reviewer_id": reviewer_id,
        "reviewee_id": reviewee_id,
        "reviewer_role": "client",
        "satisfied": satisfied,
        "comment": "丁寧でした",
        "written_at": "2026-12-10T00:00:00.000Z",
    }
    return an_event("review.revealed", data["contract_id"], {**data, **change})


# Words that facts must have and a record does not look at.
PRICE = {"amount": 1000, "currency": "JPY"}
TIMES = ("fund_by", "accepted_at", "review_by", "cancelled_at", "answer_by", "appeal_by")
ANY: dict[str, Any] = {
    **dict.fromkeys(("offer_id", "hold_id", "job_id", "dispute_id"), "x"),
    **dict.fromkeys(("asker_id", "answerer_id"), "mem_x"),
    **dict.fromkeys(TIMES, clock.text(NOW)),
    "amount": PRICE,
    "claim": PRICE,
    "mode": "project",
    "scope": "A logo",
    "by": "client",
    "reason": "other",
    "milestones": [],
    "hold_ids": [],
    "review_days": 7,
    "revisions": 2,
}


def a_step(type_: str, hour: int, party: dict[str, Any], **more: Any) -> Event:
    """Say what happened to a contract at this hour, in the words that a record is made of."""
    event = an_event(type_, party["contract_id"], {**ANY, **party, **more})
    return replace(event, time=clock.text(NOW + timedelta(hours=hour)))


def a_hire(client_id: str, worker_id: str) -> list[Event]:
    """A contract of one milestone: funded after 1 h, delivered in time, accepted after 2 h."""
    party = a_party(client_id, worker_id, ids.new("con"))
    due = clock.text(NOW + timedelta(hours=10))
    return [
        a_step("contract.formed", 0, party),
        a_step("milestone.funded", 1, party, milestone=1, deliver_by=due),
        a_step("contract.started", 1, party),
        a_step("delivery.submitted", 9, party, milestone=1),
        a_step("delivery.accepted", 11, party, milestone=1),
        a_step("contract.completed", 11, party),
    ]


def an_event(type_: str, subject: str, data: dict[str, Any]) -> Event:
    return Event(
        id=ids.new("evt"),
        type=type_,
        source="contracts",
        subject=subject,
        time="2026-12-11T00:00:00.000Z",
        version=1,
        data=data,
    )
