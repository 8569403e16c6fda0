"""A story for each state that waits: what people did before they fell silent, what is to follow.

`waits` is the state it is left in, `ends` the state that silence is to bring it to, `released` what
of the client's money the rules give to whoever worked (before any fee), in yen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.edge.world import (
    World,
    a_competition,
    a_job,
    a_listing,
    a_task,
    in_days,
    some_time,
    yen,
)

WHOLE = 75_000
ORDERED = 35_000
"""A package and an option of a listing."""
WEEK = 4_500
"""Ninety minutes at 3,000 yen."""
OUTSIDE = "手数料を避けたいので、直接取引にしませんか。"
"""What is held of a posting."""


@dataclass(frozen=True)
class Story:
    """How it begins, and what becomes of it."""

    begins: Callable[[World], str]
    waits: str
    ends: str
    released: int = 0


def _did(who: str, thing: str, *path: str, **words: Any) -> Callable[[World], str]:
    """Return the story of a thing of the world with one more act of somebody."""

    def begins(world: World) -> str:
        name, *more = thing.split()
        id_ = str(getattr(world, name)(*more))
        getattr(world, who).did("/".join(("/v1", path[0], id_, *path[1:])), words)
        return id_

    return begins


def _is(thing: str) -> Callable[[World], str]:
    name, *more = thing.split()
    return lambda world: str(getattr(world, name)(*more))


def _selected(world: World) -> str:
    """A job whose client has selected a proposal: an offer lies before the worker."""
    job = world.job()
    world.client.did(f"/v1/proposals/{world.proposal(job)}/select")
    return job


def _offer_of_selection(world: World) -> str:
    proposal = world.proposal()
    return str(world.client.did(f"/v1/proposals/{proposal}/select")["offer_id"])


def _hourly_job(world: World) -> str:
    """An offer by the hour, of a job by the hour."""
    words = {**a_job(), "budget": {"min": yen(2_500), "max": yen(3_500)}, "weekly_cap_hours": 20}
    job = world.client.did("/v1/jobs", words)["id"]
    world.client.did(f"/v1/jobs/{job}/publish")
    said = {"message": "お任せください。", "amount": yen(3_000), "deliver_by": in_days(80)}
    proposal = world.worker.did(f"/v1/jobs/{job}/proposals", said)["id"]
    offer = str(world.client.did(f"/v1/proposals/{proposal}/select")["offer_id"])
    assert world.worker.sees(f"/v1/offers/{offer}")["hourly"]["weekly_cap_hours"] == 20
    return offer


def _order(
    *, consult: bool = False, money: bool = False, work: bool = False
) -> Callable[[World], str]:
    """Return the story of an order; its listing is withdrawn, and waits for nothing itself."""

    def begins(world: World) -> str:
        listing = world.worker.did("/v1/listings", {**a_listing(), "consult": consult})["id"]
        world.worker.did(f"/v1/listings/{listing}/publish")
        words = {"package": "フル", "options": ["名刺"], "requirements": "パン屋です。"}
        made = world.client.did(f"/v1/listings/{listing}/orders", words)
        world.worker.did(f"/v1/listings/{listing}/withdraw")
        if consult:
            return str(made["offer_id"])
        id_ = str(made["contract_id"])
        if money:
            world.client.did(f"/v1/holds/{world.hold_of(id_)}/fund", {"method": "card"})
        if work:
            path = f"/v1/contracts/{id_}/milestones/1/deliver"
            world.worker.did(path, {"note": "完成しました。"})
        return id_

    return begins


def _hired(world: World) -> str:
    """A job whose one contract is formed."""
    job = world.job()
    offer = world.client.did(f"/v1/proposals/{world.proposal(job)}/select")["offer_id"]
    world.worker.did(f"/v1/offers/{offer}/accept")
    return job


def _two_milestones(funded: int, *acts: tuple[str, str]) -> Callable[[World], str]:
    def begins(world: World) -> str:
        parts = [
            {"title": title, "amount": yen(amount), "deliver_by": in_days(20)}
            for title, amount in (("設計", 30_000), ("制作", 45_000))
        ]
        words = {
            "worker_id": world.worker.id,
            "title": "喫茶店のホームページ",
            "scope": "5ページ",
            "amount": yen(WHOLE),
            "deliver_by": in_days(20),
            "milestones": parts,
        }
        offer = world.client.did("/v1/offers", words)["id"]
        id_ = str(world.worker.did(f"/v1/offers/{offer}/accept")["id"])
        holds = [m["hold_id"] for m in world.client.sees(f"/v1/contracts/{id_}")["milestones"]]
        for hold in holds[:funded]:
            world.client.did(f"/v1/holds/{hold}/fund", {"method": "card"})
        for who, path in acts:
            note = {"note": "完成"} if path.endswith("deliver") else {}
            getattr(world, who).did(f"/v1/contracts/{id_}/milestones/{path}", note)
        return id_

    return begins


def _cancellation_of_delivered(world: World) -> str:
    id_ = world.contract("delivered")
    world.worker.did(f"/v1/contracts/{id_}/cancellation", {"reason": "都合により"})
    return id_


def _part_paid_on_cancellation(world: World) -> str:
    id_ = world.contract("funded")
    words = {"reason": "計画変更", "pay": yen(20_000)}
    world.client.did(f"/v1/contracts/{id_}/cancellation", words)
    return id_


def _extension(world: World) -> str:
    id_ = world.contract("funded")
    words = {"milestone": 1, "deliver_by": in_days(30), "reason": "体調不良のため。"}
    world.worker.did(f"/v1/contracts/{id_}/extensions", words)
    return id_


def _answered_dispute(world: World) -> str:
    id_ = world.dispute()
    world.worker.did(f"/v1/contracts/{id_}/dispute/propose", {"worker_gets": yen(60_000)})
    return id_


def _dispute_about_two(world: World) -> str:
    id_ = _two_milestones(1, ("worker", "1/deliver"))(world)
    words = {"claim": yen(30_000), "reason": "no_response"}
    world.worker.did(f"/v1/contracts/{id_}/dispute", words)
    return id_


def _tipped_review(world: World) -> str:
    id_ = world.contract("completed")
    words = {"satisfied": True, "comment": "丁寧でした。"}
    world.client.did(f"/v1/contracts/{id_}/reviews", words)
    return id_


def _far(world: World) -> str:
    """A contract with a far deadline, in which nobody does anything."""
    words = {
        "worker_id": world.worker.id,
        "title": "年史の編集",
        "scope": "二年かけて",
        "amount": yen(WHOLE),
        "deliver_by": in_days(500),
    }
    offer = world.client.did("/v1/offers", words)["id"]
    id_ = str(world.worker.did(f"/v1/offers/{offer}/accept")["id"])
    world.client.did(f"/v1/holds/{world.hold_of(id_)}/fund", {"method": "card"})
    return id_


def _hourly(state: str, *acts: tuple[str, str, dict[str, Any]]) -> Callable[[World], str]:
    def begins(world: World) -> str:
        id_ = world.hourly(state)
        for who, path, words in acts:
            getattr(world, who).did(f"/v1/contracts/{id_}/{path}", words)
        return id_

    return begins


def _two_weeks(world: World) -> str:
    """The first week is worked in, the second is funded ahead."""
    id_ = world.hourly("noted")
    second = world.client.sees(f"/v1/contracts/{id_}/weeks")["items"][0]["hold_id"]
    world.client.did(f"/v1/holds/{second}/fund", {"method": "card"})
    return id_


def _draft_of(words: Callable[[], dict[str, Any]]) -> Callable[[World], str]:
    def begins(world: World) -> str:
        made = world.client.did("/v1/jobs", words())
        world.client.did(f"/v1/jobs/{made['id']}/publish")
        return str(made["id"])

    return begins


def _outside() -> dict[str, Any]:
    return {**a_job(), "description": OUTSIDE}


def _entered(world: World, no_winner: str = "split") -> str:
    made = world.client.did("/v1/jobs", {**a_competition("open"), "no_winner": no_winner})
    asked = world.client.did(f"/v1/jobs/{made['id']}/publish")
    world.client.did(f"/v1/holds/{asked['hold_id']}/fund", {"method": "card"})
    world.entry(job=made["id"])
    return str(made["id"])


def _extended(world: World) -> str:
    job = world.closed_competition()[0]
    world.client.did(f"/v1/jobs/{job}/extend-selection")
    return job


def _appealed(world: World) -> str:
    id_ = world.assignment("rejected")
    world.worker.did(f"/v1/assignments/{id_}/appeal", {"note": "住所はあります。"})
    return id_


def _worked_task(world: World) -> str:
    job = world.task()
    world.assignment("submitted", job)
    return job


def _awaited_transfer(world: World) -> str:
    hold = world.hold()
    world.client.did(f"/v1/holds/{hold}/fund", {"method": "bank_transfer"})
    return hold


def _shortlisted(world: World) -> str:
    id_ = world.proposal()
    world.client.did(f"/v1/proposals/{id_}/shortlist")
    return id_


def _further_milestone(world: World) -> str:
    contract, change = world.change()
    world.worker.did(f"/v1/contracts/{contract}/changes/{change}/agree")
    return contract


RATE = {"rate": yen(4_000), "reason": "範囲が広がりました。"}
END = {"reason": "開店準備が終わりました。"}
STORIES: Mapping[str, Story] = {
    # offers
    "an offer": Story(_is("offer"), "sent", "expired"),
    "an offer of a selection": Story(_offer_of_selection, "sent", "expired"),
    "an offer of a job by the hour": Story(_hourly_job, "sent", "expired"),
    "a counter-offer": Story(
        _did("worker", "offer", "offers", "counter", amount=yen(80_000)), "countered", "expired"
    ),
    # orders of listings
    "a seller who is asked": Story(_order(consult=True), "sent", "expired"),
    "an order without money": Story(_order(), "awaiting_funding", "cancelled"),
    "an order with money": Story(_order(money=True), "active", "cancelled"),
    "a delivered order": Story(_order(money=True, work=True), "active", "completed", ORDERED),
    # contracts
    "a contract without money": Story(_is("contract formed"), "awaiting_funding", "cancelled"),
    "funded work": Story(_is("contract funded"), "active", "cancelled"),
    "a delivery": Story(_is("contract delivered"), "active", "completed", WHOLE),
    "a delivery sent back": Story(
        _did(
            "client",
            "contract delivered",
            "contracts",
            "milestones/1/request-changes",
            note="地図が古い。",
        ),
        "active",
        "cancelled",
    ),
    "a delivery taken back": Story(
        _did("worker", "contract delivered", "contracts", "milestones/1/recall"),
        "active",
        "cancelled",
    ),
    "a second milestone without money": Story(
        _two_milestones(1, ("worker", "1/deliver"), ("client", "1/accept")),
        "active",
        "completed",
        30_000,
    ),
    "two funded milestones, one delivered": Story(
        _two_milestones(2, ("worker", "1/deliver")), "active", "cancelled", 30_000
    ),
    "a far deadline": Story(_far, "active", "cancelled"),
    "an extension asked for": Story(_extension, "active", "cancelled"),
    "a milestone proposed": Story(lambda world: world.change()[0], "active", "cancelled"),
    "a milestone agreed on": Story(_further_milestone, "active", "cancelled"),
    "a cancellation asked for": Story(_is("cancellation"), "active", "cancelled"),
    "a cancellation of what is delivered": Story(
        _cancellation_of_delivered, "active", "completed", WHOLE
    ),
    "a cancellation with a part for the worker": Story(
        _part_paid_on_cancellation, "active", "cancelled", 20_000
    ),
    "a dispute without an answer": Story(_is("dispute"), "disputed", "completed", 45_000),
    "a dispute that is answered": Story(_answered_dispute, "disputed", "completed", 60_000),
    "a dispute of the worker's": Story(_dispute_about_two, "disputed", "completed", 30_000),
    "one review of two": Story(_tipped_review, "completed", "completed", WHOLE),
    # hourly work
    "a first week": Story(_hourly("funded"), "active", "completed"),
    "hours": Story(_hourly("noted"), "active", "completed", WEEK),
    "a sheet": Story(_hourly("submitted"), "active", "completed", WEEK),
    "a sheet sent back": Story(
        _hourly("submitted", ("client", "weeks/1/return", {"note": "日付は?"})),
        "active",
        "completed",
        WEEK,
    ),
    "a sheet taken back": Story(
        _hourly("submitted", ("worker", "weeks/1/recall", {})), "active", "completed", WEEK
    ),
    "a week funded ahead": Story(_two_weeks, "active", "completed", WEEK),
    "a rate asked for": Story(
        _hourly("noted", ("worker", "rate", RATE)), "active", "completed", WEEK
    ),
    "hourly work that is ended": Story(
        _hourly("noted", ("client", "end", END)), "active", "completed", WEEK
    ),
    "disputed hours": Story(
        _hourly(
            "submitted",
            ("client", "dispute", {"claim": yen(1_500), "reason": "extra_work"}),
        ),
        "disputed",
        "completed",
        3_000,
    ),
    "a second hourly contract's written lines": Story(
        _hourly("noted", ("worker", "weeks/1/times", some_time())),
        "active",
        "completed",
        2 * WEEK,
    ),
    # jobs
    "a draft": Story(_is("draft"), "draft", "cancelled"),
    "a held job": Story(_draft_of(_outside), "held", "cancelled"),
    "a held competition": Story(
        _draft_of(lambda: {**a_competition("open"), "description": OUTSIDE}), "held", "cancelled"
    ),
    "an open job": Story(_is("job"), "open", "cancelled"),
    "a proposal": Story(_is("proposal"), "submitted", "lapsed"),
    "a held proposal": Story(_is("held_proposal"), "submitted", "lapsed"),
    "a held message": Story(_is("held_message"), "held", "shown"),
    "a shortlisted proposal": Story(_shortlisted, "shortlisted", "lapsed"),
    "a job with an offer out": Story(_selected, "open", "cancelled"),
    "a job with a contract": Story(_hired, "open", "cancelled"),
    "a competition without money": Story(
        _draft_of(lambda: a_competition("open")), "awaiting_funding", "cancelled"
    ),
    "a competition without entries": Story(_is("competition"), "open", "completed"),
    "a competition with an entry": Story(_entered, "open", "completed", 40_000),
    "a competition that refunds": Story(
        lambda world: _entered(world, "refund"), "open", "completed"
    ),
    "an entry": Story(_is("entry"), "submitted", "not_chosen"),
    "a competition to be decided": Story(
        lambda world: world.closed_competition()[0], "closed", "completed", 40_000
    ),
    "a competition that takes longer": Story(_extended, "closed", "completed", 40_000),
    "a task without money": Story(_draft_of(a_task), "awaiting_funding", "cancelled"),
    "a task": Story(_is("task"), "open", "cancelled"),
    "a task with work": Story(_worked_task, "open", "completed", 100),
    "a slot": Story(_is("assignment reserved"), "reserved", "expired"),
    "a slot's work": Story(_is("assignment submitted"), "submitted", "approved", 100),
    "a rejection": Story(_is("assignment rejected"), "rejected", "rejected"),
    "an appeal": Story(_appealed, "appealed", "approved", 100),
    # what is held or reported
    "a case of what is held": Story(_is("case"), "open", "closed"),
    "a case of what is reported": Story(_is("report"), "open", "closed"),
    "a case of what is removed": Story(_is("case removed"), "decided", "closed"),
    "a case that is appealed": Story(_is("case appealed"), "appealed", "closed"),
    # money
    "a hold": Story(_is("hold"), "opened", "cancelled"),
    "a hold that waits for a transfer": Story(_awaited_transfer, "opened", "cancelled"),
    "a payout": Story(_is("payout"), "requested", "paid"),
}
