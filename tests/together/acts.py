"""What people may do, each to something that is there: picked by number, so that runs repeat."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from shared import clock
from tests.jobs import builders as jobs
from tests.jobs.test_api_contest import words as contest_words
from tests.jobs.test_api_task import ANSWERS, REASON
from tests.jobs.test_api_task import words as task_words
from tests.together.world import CLIENT, OPS, OTHER, WORKER, Doc, World

DAY = timedelta(days=1)
Act = Callable[[World, int], None]


def yen(amount: int) -> Doc:
    """Return money as it is said."""
    return {"amount": amount, "currency": "JPY"}


def _pick(docs: Sequence[Doc], number: int) -> Doc | None:
    return docs[number % len(docs)] if docs else None


def _at(days: int) -> str:
    return clock.text(clock.now() + days * DAY)


# Jobs


def project(world: World, number: int) -> None:
    """Publish a project."""
    _publish(world, jobs.job_words(openings=1 + number % 2))


def competition(world: World, number: int) -> None:
    """Publish a competition."""
    _publish(world, contest_words(no_winner=("split", "refund")[number % 2]))


def task(world: World, number: int) -> None:
    """Publish a task of a few slots."""
    _publish(world, task_words(slots=1 + number % 4, per_worker_limit=2))


def _publish(world: World, words: Doc) -> None:
    made = world.post(CLIENT, "/v1/jobs", words)
    assert made.status_code == 201, made.text
    world.post(CLIENT, f"/v1/jobs/{made.json['id']}/publish")


def close(world: World, number: int) -> None:
    """Close a job."""
    if job := _pick(world.docs("jobs", "jobs", state="open"), number):
        world.post(CLIENT, f"/v1/jobs/{job['_id']}/close")


def cancel_job(world: World, number: int) -> None:
    """Cancel a job, whatever has become of it."""
    if job := _pick(world.docs("jobs", "jobs"), number):
        world.post(CLIENT, f"/v1/jobs/{job['_id']}/cancel")


def propose(world: World, number: int) -> None:
    """Propose for an open project."""
    open_ = world.docs("jobs", "jobs", state="open", mode="project")
    if job := _pick(open_, number):
        words = jobs.proposal_words()
        if number % 3 == 0:
            part = {"amount": yen(20_000), "deliver_by": words["deliver_by"]}
            words["milestones"] = [{"title": f"{n}", **part} for n in (1, 2)]
        by = (WORKER, OTHER)[number % 2]
        world.post(by, f"/v1/jobs/{job['_id']}/proposals", words)


def select(world: World, number: int) -> None:
    """Select somebody, also who was selected before."""
    if found := _pick(world.docs("jobs", "proposals"), number):
        world.post(CLIENT, f"/v1/proposals/{found['_id']}/select", {})


def withdraw_proposal(world: World, number: int) -> None:
    """Take a proposal back."""
    if found := _pick(world.docs("jobs", "proposals"), number):
        world.post(found["worker_id"], f"/v1/proposals/{found['_id']}/withdraw")


def enter(world: World, number: int) -> None:
    """Enter a competition."""
    open_ = world.docs("jobs", "jobs", state="open", mode="competition")
    if job := _pick(open_, number):
        words = {"title": "ロゴ案", "description": "湯気をかたどりました。"}
        world.post((WORKER, OTHER)[number % 2], f"/v1/jobs/{job['_id']}/entries", words)


def award(world: World, number: int) -> None:
    """Award the first prize, or both."""
    if entry := _pick(world.docs("jobs", "entries"), number):
        others = world.docs("jobs", "entries", job_id=entry["job_id"])
        named = [entry, *(o for o in others if o["_id"] != entry["_id"])][: 1 + number % 2]
        awards = [{"rank": n, "entry_id": one["_id"]} for n, one in enumerate(named, start=1)]
        world.post(CLIENT, f"/v1/jobs/{entry['job_id']}/award", {"awards": awards})


def favour(world: World, number: int) -> None:
    """Like an entry."""
    if entry := _pick(world.docs("jobs", "entries"), number):
        world.post(CLIENT, f"/v1/entries/{entry['_id']}/favourite", {})


def withdraw_entry(world: World, number: int) -> None:
    """Take an entry back."""
    if entry := _pick(world.docs("jobs", "entries"), number):
        world.post(entry["worker_id"], f"/v1/entries/{entry['_id']}/withdraw")


def claim(world: World, number: int) -> None:
    """Start a slot of a task."""
    open_ = world.docs("jobs", "jobs", state="open", mode="task")
    if job := _pick(open_, number):
        world.post((WORKER, OTHER)[number % 2], f"/v1/jobs/{job['_id']}/assignments")


def _assignment(what: str, by: str = "", words: Doc | None = None) -> Act:
    def act(world: World, number: int) -> None:
        taken = [a for a in world.docs("jobs", "assignments") if a.get("worker_id")]
        if found := _pick(taken, number):
            who = by or found["worker_id"]
            world.post(who, f"/v1/assignments/{found['_id']}/{what}", words)

    return act


def approve_all(world: World, number: int) -> None:
    """Approve all that is submitted."""
    if job := _pick(world.docs("jobs", "jobs", mode="task"), number):
        world.post(CLIENT, f"/v1/jobs/{job['_id']}/approvals", {"assignment_ids": "all"})


# Contracts


def offer(world: World, number: int) -> None:
    """Send a direct offer, of one or two milestones."""
    by = _at(20)
    words = {
        "worker_id": (WORKER, OTHER)[number % 2],
        "title": "翻訳",
        "scope": "すべて",
        "amount": yen(75_001),
        "deliver_by": by,
    }
    if number % 3 == 0:
        parts = ((1, 25_000), (2, 50_001))
        words["milestones"] = [
            {"title": f"{n}", "amount": yen(amount), "deliver_by": by} for n, amount in parts
        ]
    world.post(CLIENT, "/v1/offers", words)


def _offer(what: str, by: str = "worker_id", words: Doc | None = None) -> Act:
    def act(world: World, number: int) -> None:
        if found := _pick(world.docs("contracts", "offers"), number):
            world.post(found[by], f"/v1/offers/{found['_id']}/{what}", words)

    return act


def fund(world: World, number: int) -> None:
    """Fund a hold by card or from the wallet, also one that waits for nothing."""
    opened = world.docs("escrow", "holds", state="opened") or world.docs("escrow", "holds")
    if hold := _pick(opened, number):
        method = ("card", "card", "wallet")[number % 3]
        world.post(CLIENT, f"/v1/holds/{hold['_id']}/fund", {"method": method})


def _contract(what: str, by: str, words: Callable[[], Doc] | None = None) -> Act:
    def act(world: World, number: int) -> None:
        states = ("active", "disputed", "awaiting_funding")
        live = [c for c in world.docs("contracts", "contracts") if c["state"] in states]
        if found := _pick(live or world.docs("contracts", "contracts"), number):
            who = found.get(by, by)
            n = 1 + number // 7 % len(found["milestones"])
            path = f"/v1/contracts/{found['_id']}/{what.format(n=n)}"
            world.post(who, path, words() if words else None)

    return act


def answer_ask(world: World, number: int) -> None:
    """Answer the last thing that was asked about a contract."""
    asked = [c for c in world.docs("contracts", "contracts") if c.get("asks")]
    if found := _pick(asked, number):
        ask, yes = found["asks"][-1], number % 3
        id_ = ask.get("id") or ask.get("_id")
        who = (found["client_id"], found["worker_id"])[number // 3 % 2]
        if id_.startswith("ext"):
            world.post(who, f"/v1/extensions/{id_}/{'grant' if yes else 'refuse'}")
        else:
            path = f"/v1/contracts/{found['_id']}/changes/{id_}"
            world.post(who, f"{path}/{'agree' if yes else 'refuse'}")


def payout(world: World, number: int) -> None:
    """Ask for what one has, in part, or for more."""
    by = (WORKER, OTHER, CLIENT)[number % 3]
    world.post(by, "/v1/payouts", {"amount": yen(1_000 + number)})


ACTS: dict[str, Act] = {
    **{act.__name__: act for act in (project, competition, task, close, cancel_job, propose)},
    **{act.__name__: act for act in (select, withdraw_proposal, enter, award, favour)},
    **{act.__name__: act for act in (withdraw_entry, claim, approve_all, offer, fund)},
    **{act.__name__: act for act in (answer_ask, payout)},
    "submit": _assignment("submit", words={"answers": ANSWERS}),
    "return": _assignment("return"),
    "approve": _assignment("approve", CLIENT),
    "reject": _assignment("reject", CLIENT, REASON),
    "appeal": _assignment("appeal", words={"note": "書いてあります。"}),
    "accept_offer": _offer("accept"),
    "decline_offer": _offer("decline"),
    "counter_offer": _offer("counter", words={"amount": yen(80_000)}),
    "withdraw_offer": _offer("withdraw", "client_id"),
    "deliver": _contract("milestones/{n}/deliver", "worker_id", lambda: {"note": "完成"}),
    "recall": _contract("milestones/{n}/recall", "worker_id"),
    "accept": _contract("milestones/{n}/accept", "client_id", dict),
    "accept_a_part": _contract(
        "milestones/{n}/accept",
        "client_id",
        lambda: {"amount": yen(7), "reason": "遅い", "fault": "late"},
    ),
    "changes": _contract("milestones/{n}/request-changes", "client_id", lambda: {"note": "色"}),
    "extend": _contract(
        "extensions", "worker_id", lambda: {"milestone": 1, "deliver_by": _at(40), "reason": "病気"}
    ),
    "further": _contract(
        "milestones",
        "worker_id",
        lambda: {"title": "追加", "amount": yen(5_000), "deliver_by": _at(50), "reason": "追加"},
    ),
    "change": _contract(
        "milestones/{n}/change", "client_id", lambda: {"amount": yen(60_001), "reason": "増えた"}
    ),
    "part": _contract("cancellation", "client_id", lambda: {"reason": "中止", "pay": yen(10_000)}),
    "leave": _contract("cancellation", "worker_id", lambda: {"reason": "病気"}),
    "agree_to_part": _contract("cancellation/agree", "worker_id"),
    "agree_to_leave": _contract("cancellation/agree", "client_id"),
    "refuse_to_part": _contract("cancellation/refuse", "worker_id"),
    "dispute": _contract(
        "dispute", "client_id", lambda: {"claim": yen(30_000), "reason": "plagiarism"}
    ),
    "complain": _contract(
        "dispute", "worker_id", lambda: {"claim": yen(20_000), "reason": "no_response"}
    ),
    "settle": _contract("dispute/propose", "worker_id", lambda: {"worker_gets": yen(12_345)}),
    "counter_settle": _contract("dispute/propose", "client_id", lambda: {"worker_gets": yen(99)}),
    "agree_to_settle": _contract("dispute/accept", "client_id", dict),
    "decide": _contract("dispute/decide", OPS, lambda: {"client_gets": yen(1), "reason": "証拠"}),
}
"""By name: what one person does, once."""
