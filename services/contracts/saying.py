"""Offers, contracts, messages and what was asked, as their callers see them."""

from collections.abc import Sequence
from datetime import datetime

from services.contracts.domain import (
    acts,
    asking,
    cancelling,
    dispute,
    hours,
    idle,
    offer,
    rehire,
    review,
    terms,
    waiting,
    weeks,
)
from services.contracts.domain import contract as rules
from services.contracts.domain.ask import Ask
from services.contracts.domain.contract import Contract
from services.contracts.domain.message import Message
from services.contracts.domain.milestone import ENDED, Milestone
from services.contracts.domain.offer import Offer
from services.contracts.domain.parting import Cancellation, Dispute, Ended, Proposal
from services.contracts.domain.sheet import Line
from services.contracts.domain.week import Hourly, Week
from shared import moderation, wording
from shared.documents import Doc
from shared.errors import Refused
from shared.standing import Standing


def say_terms(facts: list[Doc]) -> list[Doc]:
    """Return all the terms that were on the table, oldest first, from the facts of an offer."""
    return [
        {
            "at": fact["time"],
            "by": "worker" if fact["data"].get("turn") == "client" else "client",
            "amount": fact["data"]["amount"],
            "deliver_by": fact["data"]["deliver_by"],
            "scope": fact["data"].get("scope"),
            "milestones": fact["data"].get("milestones") or [],
            "hourly": fact["data"].get("hourly"),
        }
        for fact in facts
        if fact["type"] in ("offer.sent", "offer.countered")
    ]


def say_offer(it: Offer, by: str, how: Standing) -> Doc:
    """Return an offer as this caller sees it; `how` they stand to its other side."""
    bar = how.bar(it.client_id if by == it.worker_id else it.worker_id)
    bars = {"accept": how.bar(), "counter": bar}
    at = f"/v1/offers/{it.id}"
    actions = [
        _action(move, f"{at}/{move}", offer.refusal(it, move, by) or _code(bars.get(move)))
        for move in ("accept", "decline", "counter", "withdraw")
    ]
    actions.append(_action("write", f"{at}/messages", None if it.contract_id else _code(bar)))
    return {
        "id": it.id,
        "state": it.state,
        "client_id": it.client_id,
        "worker_id": it.worker_id,
        "job_id": it.job_id,
        "proposal_id": it.proposal_id,
        "listing_id": it.listing_id,
        "contract_id": it.contract_id,
        "mode": it.mode,
        "title": it.title,
        "scope": it.scope,
        "amount": it.amount,
        "deliver_by": it.deliver_by,
        "milestones": [
            {"title": m.title, "amount": m.amount, "deliver_by": m.deliver_by}
            for m in it.milestones
        ],
        "review_days": it.review_days,
        "revisions": it.revisions,
        "sent_at": it.sent_at,
        "answer_by": it.answer_by,
        "answered_at": it.answered_at,
        "counters": it.counters,
        "hourly": say_hourly(it.hourly),
        "delivery_days": it.delivery_days,
        "next": offer.next_of(it),
        "actions": actions,
    }


def say_contract(it: Contract, by: str, now: datetime, how: Standing) -> Doc:
    """Return a contract as this caller sees it: the other's review only after the reveal."""
    bar = how.bar(it.client_id if by == it.worker_id else it.worker_id)
    party = by in (it.client_id, it.worker_id)
    shown = it.reviews.seen_by(rules.role_of(it, by) if party else "ops")
    total = sum(m.amount.amount for m in it.milestones)
    amount = {"amount": total, "currency": it.milestones[0].amount.currency}
    asked = [(a, say_ask(it, a, by)) for a in it.asks]
    return {
        "id": it.id,
        "state": it.state,
        "offer_id": it.offer_id,
        "job_id": it.job_id,
        "proposal_id": it.proposal_id,
        "listing_id": it.listing_id,
        "client_id": it.client_id,
        "worker_id": it.worker_id,
        "mode": it.mode,
        "title": it.title,
        "scope": it.scope,
        "amount": it.hourly.week_costs if it.hourly else amount,
        "review_days": it.review_days,
        "revisions": it.revisions,
        "milestones": [say_milestone(it, m, by, now) for m in shown_of(it)],
        "hourly": say_hourly(it.hourly),
        "delivery_days": it.delivery_days,
        "ending": say_ending(it),
        "formed_at": it.formed_at,
        "started_at": it.started_at,
        "ended_at": it.ended_at,
        "cancel_reason": it.cancel_reason,
        "reviews": [_say_review(role, r) for role, r in shown],
        "extensions": [said for a, said in asked if a.kind == "extension"],
        "changes": [said for a, said in asked if a.kind != "extension"],
        "cancellation": _say_cancellation(it, it.cancellation),
        "dispute": _say_dispute(it.dispute),
        "disputes": [_say_outcome(each) for each in (*it.past_disputes, it.dispute) if each],
        "terms": {
            "href": f"/v1/contracts/{it.id}/terms",
            "hash": it.terms_hash,
            "client_read_at": it.client_read_at,
            "worker_read_at": it.worker_read_at,
        },
        "next": waiting.next_of(it),
        "actions": _actions_of_contract(it, by, now, bar),
    }


def _actions_of_contract(it: Contract, by: str, now: datetime, bar: Refused | None) -> list[Doc]:
    path = f"/v1/contracts/{it.id}"
    cancel, disputed = f"{path}/cancellation", f"{path}/dispute"
    return [
        _action("review", f"{path}/reviews", acts.review_refusal(it, by, now)),
        _action("cancel", cancel, cancelling.refusal(it, by, "request", now)),
        _action("agree", f"{cancel}/agree", cancelling.refusal(it, by, "agree", now)),
        _action("refuse", f"{cancel}/refuse", cancelling.refusal(it, by, "refuse", now)),
        _action("dispute", disputed, dispute.refusal(it, by, "dispute")),
        _action("propose", f"{disputed}/propose", dispute.refusal(it, by, "propose")),
        _action("accept", f"{disputed}/accept", dispute.refusal(it, by, "accept")),
        _action("evidence", f"{disputed}/evidence", dispute.refusal(it, by, "give_evidence")),
        _action("end", f"{path}/end", hours.end_refusal(it, by, now)),
        _action("confirm", f"{path}/confirm", idle.refusal(it, by)),
        _action("rehire", f"{path}/rehire", rehire.refusal(it, by) or _code(bar)),
    ]


_STATE_OF_EXTENSION = {"agreed": "granted", "lapsed": "withdrawn"}


def say_ask(it: Contract, asked: Ask, by: str) -> Doc:
    """Return an extension or a change as this caller sees it."""
    extension = asked.kind == "extension"
    path = (
        f"/v1/extensions/{asked.id}" if extension else f"/v1/contracts/{it.id}/changes/{asked.id}"
    )
    refused = asking.refusal(it, asked, by)
    agree = "grant" if extension else "agree"
    return {
        "id": asked.id,
        "kind": asked.kind,
        "by": asked.by,
        "milestone": asked.n,
        "title": asked.title,
        "amount": asked.amount if asked.kind != "rate" else None,
        "rate": asked.amount if asked.kind == "rate" else None,
        "weekly_cap_hours": asked.cap_hours,
        "deliver_by": asked.deliver_by,
        "fault": asked.fault,
        "reason": asked.reason,
        "state": _STATE_OF_EXTENSION.get(asked.state, asked.state) if extension else asked.state,
        "asked_at": asked.asked_at,
        "answer_by": asked.answer_by,
        "answered_at": asked.answered_at,
        "contract_id": it.id,
        "next": waiting.next_of_ask(asked) if asked.state == "asked" else None,
        "actions": [
            _action(agree, f"{path}/{agree}", refused),
            _action("refuse", f"{path}/refuse", refused),
        ],
    }


def _say_cancellation(it: Contract, asked: Cancellation | None) -> Doc | None:
    if asked is None:
        return None
    return {
        "by": asked.by,
        "reason": asked.reason,
        "pay": asked.pay,
        "state": asked.state,
        "asked_at": asked.asked_at,
        "answer_by": asked.answer_by,
        "otherwise": cancelling.otherwise(it) if asked.state == "asked" else None,
    }


def _say_dispute(it: Dispute | None) -> Doc | None:
    if it is None:
        return None
    sides = (("client", it.client), ("worker", it.worker))
    return {
        **_say_outcome(it),
        "note": it.note,
        "claim": it.claim,
        "weeks": it.weeks,
        "proposals": [_say_proposal(it, role, made) for role, made in sides if made],
        "evidence": it.evidence,
        "client_gets": it.held - it.worker_gets if it.worker_gets else None,
        "decision": it.decision,
    }


def _say_outcome(it: Dispute | Ended) -> Doc:
    return {
        "id": it.id,
        "by": it.by,
        "reason": it.reason,
        "state": it.state,
        "held": it.held,
        "worker_gets": it.worker_gets,
        "ended_by": it.ended_by,
        "opened_at": it.opened_at,
        "ended_at": it.ended_at,
    }


def _say_proposal(it: Dispute, role: str, made: Proposal) -> Doc:
    return {
        "number": made.number,
        "by": role,
        "worker_gets": made.worker_gets,
        "client_gets": it.held - made.worker_gets,
        "at": made.at,
    }


def _say_review(role: str, written: review.Review) -> Doc:
    return {
        "role": role,
        "satisfied": written.satisfied,
        "comment": written.comment,
        "at": written.at,
    }


MOVES_OF_MILESTONE = ("deliver", "recall", "accept", "request_changes")
MOVES_OF_WEEK = {
    "note_time": "times",
    "submit": "submit",
    "recall": "recall",
    "approve": "approve",
    "send_back": "return",
}
"""What is done with a week, and the last part of its path."""


def say_milestone(it: Contract, m: Milestone, by: str, now: datetime) -> Doc:
    """Return a milestone, or a week of hourly work, as this caller sees it."""
    path = f"/v1/contracts/{it.id}/milestones/{m.n}"
    delivered = m.state in ("delivered", "accepted") and m.delivered_at
    return {
        "n": m.n,
        "title": m.title,
        "state": m.state,
        "amount": m.amount,
        "released": m.released if m.state in ("paid", "split") else None,
        "week": say_week(m.week) if m.week else None,
        "deliver_by": m.deliver_by,
        "hold_id": m.hold_id,
        "rounds": m.rounds,
        "delivery": (
            {"note": m.note, "links": list(m.links), "at": m.delivered_at} if delivered else None
        ),
        "pay_by": pay_by(m),
        "changes_note": m.changes_note or None,
        "next": waiting.next_of_milestone(m) if it.state == "active" else None,
        "actions": [
            _action(move, f"{path}/{move.replace('_', '-')}", acts.refusal(it, m.n, move, by))
            for move in MOVES_OF_MILESTONE
        ]
        if m.week is None
        else [
            _action(move, f"/v1/contracts/{it.id}/weeks/{m.n}/{at}", refused)
            for move, at in MOVES_OF_WEEK.items()
            for refused in [hours.refusal(it, m.n, move, by, now)]
        ],
    }


def shown_of(it: Contract) -> Sequence[Milestone]:
    """Return the milestones; of hourly work the weeks under way and the last four before them."""
    if it.hourly is None:
        return it.milestones
    over = [m for m in it.milestones if m.state in ENDED]
    return [m for m in it.milestones if m.state not in ENDED or m in over[-4:]]


def pay_by(m: Milestone) -> datetime | None:
    """Return when what is delivered has to be paid by law; a week counts from its first day."""
    if m.state not in ("delivered", "accepted") or m.delivered_at is None:
        return None
    return weeks.last_payment(m.week) if m.week else terms.pay_by(m.delivered_at)


def say_week(it: Week) -> Doc:
    """Return what a week of hourly work comes to so far."""
    return {
        "starts_at": it.starts_at,
        "ends_at": it.ends_at,
        "rate": it.rate,
        "cap_minutes": it.cap_minutes,
        "minutes": it.minutes,
        "amount": it.pay,
    }


def say_hourly(it: Hourly | None) -> Doc | None:
    """Return the terms of hourly work."""
    if it is None:
        return None
    return {"rate": it.rate, "weekly_cap_hours": it.cap_hours, "until": it.until}


def say_ending(it: Contract) -> Doc | None:
    """Return how hourly work is to end."""
    if it.ending is None:
        return None
    return {"by": it.ending.by, "reason": it.ending.reason, "at": it.ending.at}


def say_line(it: Line) -> Doc:
    """Return a line of a time sheet."""
    return {"id": it.id, "day": it.day, "minutes": it.minutes, "note": it.note, "at": it.at}


def _code(bar: Refused | None) -> str | None:
    return bar.code if bar else None


def _action(name: str, href: str, refused: str | None) -> Doc:
    return {
        "name": name,
        "href": href,
        "method": "POST",
        "allowed": refused is None,
        "reasons": [refused] if refused else [],
    }


def say_message(it: Message, by: str, language: str) -> Doc:
    """Return a message as this caller sees it: its writer is told what was found in it."""
    own = by == it.sender_id
    return {
        "id": it.id,
        "sender_id": it.sender_id,
        "text": it.text_for(by),
        "at": it.at,
        "state": it.seen.state,
        "warnings": wording.say(it.seen.findings, language) if own else [],
        "next": moderation.next_of(it.seen),
    }
