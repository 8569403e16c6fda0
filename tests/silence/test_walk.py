"""From any state of any aggregate, with every human silent, every story ends well."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.accounts.domain import case
from services.contracts.domain import dispute, offer
from services.contracts.domain import milestone as milestones
from services.escrow.domain import hold, payout
from services.jobs.domain import assignment, entry, job, proposal
from services.notify.domain import ladder
from shared import clock, moderation
from tests.silence import waits
from tests.silence.stories import STORIES
from tests.silence.walk import RECURRING, Walk

Doc = dict[str, Any]
LONGEST = timedelta(days=150)
"""Ninety days without a sign of life, thirty more, and the window of reviews are below this."""


@pytest.mark.parametrize("name", STORIES)
def test_a_story_that_everybody_leaves_ends_as_the_rules_say(walk: Walk, name: str) -> None:
    story, id_ = STORIES[name], walk.begun[name]
    before, after = walk.waited[id_], walk.thing(id_)
    assert (before["state"], after["state"]) == (story.waits, story.ends)


@pytest.mark.parametrize("name", [n for n, s in STORIES.items() if not n.startswith("a payout")])
def test_the_money_of_a_story_is_where_the_rules_say(walk: Walk, name: str) -> None:
    holds = holds_of(walk, walk.begun[name])
    released = sum(h["released"]["amount"] for h in holds)
    for one in holds:
        assert one["state"] in hold.FINAL
        if one["state"] != "cancelled":
            assert one["released"]["amount"] + one["refunded"]["amount"] == one["amount"]["amount"]
    assert released == STORIES[name].released


def holds_of(walk: Walk, id_: str) -> list[Doc]:
    """Return the holds of a contract or job, or of the one an assignment or entry belongs to."""
    thing = walk.thing(id_)
    if thing["kind"] == "holds":
        return [thing]
    if thing["kind"] == "assignments":  # its part of the job's hold
        part = walk.db("escrow")["entries"].find_one({"_id": f"{thing['hold_id']}:{id_}"})
        lines = part["lines"] if part else []
        gross = thing["reward"]["amount"] if part and part["kind"] == "released" else 0
        assert lines or not gross
        return [
            {
                "state": "split",
                "released": {"amount": gross},
                "refunded": {"amount": thing["reward"]["amount"] - gross},
                "amount": thing["reward"],
            }
        ]
    return list(walk.db("escrow")["holds"].find({"ref": id_}))


def test_nothing_waits_any_more_and_nothing_is_left_behind(walk: Walk) -> None:
    for service in walk.world.services.values():
        for kind in service.kinds:
            db = service.store.db
            if kind.collection not in RECURRING:
                assert db[kind.collection].count_documents({"wake_at": {"$type": "date"}}) == 0
            assert db[kind.collection].count_documents({"outbox.0": {"$exists": True}}) == 0
        assert service.store.db["deliveries"].count_documents({}) == 0, service.name


def test_no_story_takes_longer_than_the_configured_time(walk: Walk) -> None:
    assert walk.silent_until - walk.silent_from <= LONGEST


FINAL = {
    "offers": set(offer.STATES) - set(offer.OPEN),
    "contracts": {"completed", "cancelled"},
    "jobs": {"completed", "cancelled"},
    "proposals": {"selected", "declined", "withdrawn", "lapsed"},
    "entries": {"withdrawn", "won", "not_chosen"},
    "assignments": {"approved", "rejected", "expired", "returned", "closed"},
    "holds": set(hold.FINAL),
    "payouts": {"paid", "failed"},
    "messages": {"shown", "removed"},
    "cases": {"closed"},
}
STATES = {
    "offers": offer.STATES,
    "contracts": ("awaiting_funding", "active", "disputed", "completed", "cancelled"),
    "jobs": job.STATES,
    "proposals": proposal.STATES,
    "entries": entry.STATES,
    "assignments": (*assignment.STATES, *assignment.INTERNAL),
    "holds": hold.STATES,
    "payouts": payout.STATES,
    "messages": moderation.STATES,
    "cases": case.STATES,
}


def test_everything_has_come_to_an_end(walk: Walk) -> None:
    for thing in walk.things():
        assert thing["state"] in FINAL[thing["kind"]], (thing["kind"], thing["_id"])
        for m in thing.get("milestones", ()) if thing["kind"] == "contracts" else ():
            assert m["state"] in (*milestones.ENDED, "pending")
        if thing.get("dispute"):
            assert thing["dispute"]["state"] in set(dispute.STATES) - set(dispute.OPEN)
        for asked in (*thing.get("asks", ()), thing.get("cancellation") or {}):
            assert asked.get("state") != "asked"


def test_a_story_is_left_in_every_state_in_which_something_waits(walk: Walk) -> None:
    left: dict[str, set[str]] = {kind: set() for kind in STATES}
    for thing in walk.waited.values():
        left[thing["kind"]].add(thing["state"])
    for kind, states in STATES.items():
        # What is sent waits for the provider, whom no act of a member brings it to.
        missing = set(states) - FINAL[kind] - left[kind] - {"sent"}
        assert not missing, kind
    contracts = [t for t in walk.waited.values() if t["kind"] == "contracts"]
    parts = {(bool(m.get("week")), m["state"]) for c in contracts for m in c["milestones"]}
    for waiting in ("pending", *milestones.HELD):
        assert {(False, waiting), (True, waiting)} <= parts
    assert {c["dispute"]["state"] for c in contracts if c["dispute"]} >= {"opened", "answered"}
    assert {a["kind"] for c in contracts for a in c["asks"]} == {
        "extension",
        "add",
        "rate",
    }


def test_the_ledger_holds_nothing_and_sums_to_zero(walk: Walk) -> None:
    sums = walk.proved()["currencies"]["JPY"]
    assert (sums["total"], sums["held"]) == (0, 0)


MAKER = {
    "offers": "client_id",
    "jobs": "client_id",
    "proposals": "worker_id",
    "entries": "worker_id",
    "assignments": "worker_id",
    "payouts": "member_id",
}
"""Who makes a thing is told in the answer, whose `next` says what silence leads to."""
ENDS = {
    *("offer.expired", "contract.completed", "contract.cancelled", "job.cancelled"),
    *("job.completed", "proposal.lapsed", "entry.not_chosen", "assignment.approved"),
    *("slot.freed", "hold.cancelled", "payout.paid", "message.released"),
}
CASCADE = timedelta(minutes=20)
"""What one timer sets off: escrow's word, and the notices of it."""


SIDES = [n for n in STORIES if n != "one review of two" and not n.startswith("a case ")]


@pytest.mark.parametrize("name", SIDES)
def test_both_sides_are_told_before_and_after(walk: Walk, name: str) -> None:
    thing = walk.thing(walk.begun[name])
    ended_at = next(fact["time"] for fact in walk.facts(thing["_id"]) if fact["type"] in ENDS)
    about = walk.about(thing)
    notices = list(walk.db("notify")["notices"].find({"about": {"$in": about}, "said": True}))
    for side in ("client_id", "worker_id", "member_id"):
        if member := thing.get(side):
            mine = [n["made_at"] for n in notices if n["member_id"] == member]
            if MAKER.get(thing["kind"]) != side:
                assert [at for at in mine if at < ended_at - CASCADE], (side, "before")
            assert [at for at in mine if at >= ended_at - CASCADE], (side, "after")


def test_a_review_that_waited_for_the_other_is_revealed_to_whom_it_is_about(walk: Walk) -> None:
    id_ = walk.begun["one review of two"]
    (notice,) = walk.db("notify")["notices"].find({"type": "review.revealed", "about": id_})
    assert notice["member_id"] == walk.thing(id_)["worker_id"]


CASES = {
    "a case of what is held": ("released", []),
    "a case of what is reported": ("dismissed", ["report.answered"]),
    "a case of what is removed": ("removed", ["case.decided"]),
    "a case that is appealed": ("restored", ["case.decided", "case.decided"]),
}
"""What becomes of a case that nobody decides, and what who is concerned was told."""


@pytest.mark.parametrize("name", CASES)
def test_silence_about_a_case_punishes_nobody_and_is_told(walk: Walk, name: str) -> None:
    outcome, told = CASES[name]
    thing = walk.thing(walk.begun[name])
    assert thing["outcome"] == outcome
    notices = walk.db("notify")["notices"].find({"about": thing["_id"], "said": True})
    assert [one["type"] for one in notices.sort("made_at", 1)] == told


UNTOLD = {
    ("assignments", "review"): "there may be thousands: the job counts them, silence approves",
    ("assignments", "submit"): "an hour, which began in the answer that said `expires_at`",
    ("jobs", "publish"): "nobody but its maker knows of a draft, and the answer says how long",
    ("jobs", "select"): "proposals close, and job.proposals_closed says until when to choose",
    ("proposals", "answer_offer"): "the offer is on the list, and lapses before",
    ("proposals", "select"): "a shortlisted one binds for longer than was said, never for less",
}
"""What waits for somebody who is not told so by a notice with this deadline, and why."""


def test_whom_something_waits_for_has_it_on_their_list_with_its_deadline(walk: Walk) -> None:
    missing = set()
    for thing in walk.waited.values():
        for wait in waits.of(thing):
            member = thing.get(f"{wait['actor']}_id")
            if member is None:
                continue
            by = wait["by"]
            by = by if isinstance(by, datetime) or by is None else clock.parse(by)
            about = walk.about(thing)
            if by and not any(
                note["by"] == by and note["member_id"] == member and note["about"] in about
                for note in walk.to_do
                if note["withdrawn_at"] is None
            ):
                missing.add((thing["kind"], wait["action"]))
    assert missing == set(UNTOLD)


def test_nobody_is_reminded_of_what_is_moot_or_late(walk: Walk) -> None:
    reminded = 0
    for one in walk.db("notify")["notices"].find({"reminded_at": {"$type": "date"}}):
        reminded += 1
        assert one["reminded_at"] < one["by"]
        assert one["withdrawn_at"] is None or one["reminded_at"] <= one["withdrawn_at"]
    assert reminded > 50


def test_everybody_who_is_to_act_was_reminded_before_silence_had_its_way(walk: Walk) -> None:
    """What runs for less than the lowest rung of its ladder is told once, when it is born."""
    for one in walk.db("notify")["notices"].find({"action": {"$ne": None}, "said": True}):
        if one["type"] in ladder.REMINDED_ELSEWHERE or one["by"] is None:
            continue
        lowest = ladder.rungs(one["type"], one["action"])[-1]
        ran_out = one["withdrawn_at"] is None or one["withdrawn_at"] >= one["by"]
        if ran_out and one["by"] - one["made_at"] > lowest + CASCADE:
            assert one["reminded_at"], (one["type"], one["about"])
