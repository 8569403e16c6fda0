"""Extensions, changed milestones, cancellations: over HTTP, with every refusal."""

from typing import Any

import pytest

from services.contracts.domain import asking, cancelling, silence
from services.contracts.domain.contract import Contract
from services.contracts.records import CONTRACTS
from shared import clock
from shared.documents import newborn
from shared.errors import Conflict, Forbidden, Invalid, Unknown
from shared.store import Db
from tests.callers import Caller
from tests.contracts.builders import (
    CLIENT,
    DAY,
    NOON,
    STRANGER,
    WORKER,
    a_contract,
    funded,
    yen,
)


def keep(db: Db, it: Contract) -> str:
    """Keep a contract and return its path."""
    db["contracts"].insert_one(newborn(CONTRACTS, it, [], once=None))
    return f"/v1/contracts/{it.id}"


def of(client: Caller, worker: Caller, *amounts: int, state: str = "active") -> Contract:
    """Return a contract of these two callers; its deadlines are in the future."""
    from dataclasses import replace

    it = a_contract(*amounts, state=state, client_id=client.id, worker_id=worker.id)
    ahead = clock.now() - NOON
    parts = tuple(replace(m, deliver_by=m.deliver_by + ahead) for m in it.milestones)
    return replace(it, milestones=parts, formed_at=clock.now())


def in_days(days: int) -> str:
    return clock.text(clock.now() + days * DAY)


def money(amount: int) -> dict[str, Any]:
    return yen(amount).words()


# extensions


def extension(days: int = 60, milestone: int = 1) -> dict[str, Any]:
    return {"milestone": milestone, "deliver_by": in_days(days), "reason": "体調不良のため"}


def test_an_extension_is_granted_once(client: Caller, worker: Caller, db: Db) -> None:
    path = keep(db, of(client, worker))
    words = extension()

    asked = worker.post(f"{path}/extensions", words, key="k")
    again = worker.post(f"{path}/extensions", words, key="k")
    assert (asked.status_code, asked.json["state"]) == (201, "asked")
    assert again.json["id"] == asked.json["id"]
    assert asked.headers["Location"] == again.headers["Location"]
    assert asked.json["next"]["otherwise"] == "withdrawn"
    at = f"/v1/extensions/{asked.json['id']}"
    assert worker.post(f"{at}/grant").status_code == 403

    assert client.post(f"{at}/grant").json["state"] == "granted"
    assert client.get(path).json["milestones"][0]["deliver_by"] == words["deliver_by"]
    for move in ("grant", "refuse"):
        assert client.post(f"{at}/{move}").json["code"] == "wrong_state"


def test_an_extension_is_refused_and_the_deadline_stays(
    client: Caller, worker: Caller, stranger: Caller, db: Db
) -> None:
    it = of(client, worker)
    path = keep(db, it)
    at = f"/v1/extensions/{worker.post(f'{path}/extensions', extension()).json['id']}"

    assert stranger.post(f"{at}/refuse").status_code == 404
    assert client.post("/v1/extensions/ext_none/grant").status_code == 404
    assert client.post(f"{at}/refuse").json["state"] == "refused"
    stays = client.get(path).json["milestones"][0]["deliver_by"]
    assert stays == clock.text(it.milestones[0].deliver_by)


def test_extensions_that_cannot_be_asked_for(
    client: Caller, worker: Caller, stranger: Caller, db: Db
) -> None:
    path = keep(db, of(client, worker))
    asks = f"{path}/extensions"

    assert client.post(asks, extension()).json["code"] == "not_the_worker"
    assert stranger.post(asks, extension()).status_code == 404
    assert worker.post(asks, extension(milestone=2)).json["code"] == "no_such_milestone"
    assert worker.post(asks, extension(days=1)).json["code"] == "not_later"
    assert worker.post(asks, {}).status_code == 422
    assert worker.get(path).json["extensions"] == []
    assert worker.post(asks, extension()).status_code == 201
    assert worker.post(asks, extension()).json["code"] == "already_asked"
    done = keep(db, of(client, worker, state="delivered"))
    assert worker.post(f"{done}/extensions", extension()).json["code"] == "wrong_state"


# milestones


def further(**over: Any) -> dict[str, Any]:
    words = {
        "title": "英語版",
        "amount": money(30_000),
        "deliver_by": in_days(50),
        "reason": "追加",
    }
    return {**words, **over}


@pytest.mark.parametrize("asker", ["client", "worker"])
def test_a_further_milestone_is_there_when_the_other_side_agrees(
    client: Caller, worker: Caller, db: Db, asker: str
) -> None:
    path = keep(db, of(client, worker))
    ask, agree = (client, worker) if asker == "client" else (worker, client)

    asked = ask.post(f"{path}/milestones", further())
    assert (asked.status_code, len(ask.get(path).json["milestones"])) == (201, 1)
    at = asked.headers["Location"]
    assert ask.post(f"{at}/agree").status_code == 403
    assert agree.post(f"{at}/agree").json["state"] == "agreed"

    added = ask.get(path).json["milestones"][1]
    assert (added["title"], added["state"], added["amount"]) == (
        "英語版",
        "pending",
        money(30_000),
    )
    doc = db["contracts"].find_one({}) or {}
    assert [f["type"] for f in doc["outbox"]] == [
        "change.proposed",
        "change.agreed",
        "milestone.added",
    ]


def test_a_change_is_refused_or_said_to_be_impossible(
    client: Caller, worker: Caller, stranger: Caller, db: Db
) -> None:
    path = keep(db, of(client, worker, 40_000, 50_000))
    change = f"{path}/milestones/{{}}/change".format
    more = {"amount": money(60_000), "reason": "範囲が広がったため"}

    assert client.post(change(1), more).json["code"] == "funded_already"
    assert client.post(change(3), more).status_code == 404
    assert stranger.post(change(2), more).status_code == 404
    assert client.post(change(2), {"reason": "-"}).json["code"] == "nothing_changed"
    less = {"amount": money(10), "reason": "-"}
    assert client.post(change(2), less).json["code"] == "fault_required"
    assert client.post(change(2), {**less, "fault": "whim"}).status_code == 422
    dollars = {"amount": {"amount": 5, "currency": "USD"}, "reason": "-"}
    assert client.post(change(2), dollars).json["code"] == "currency_mismatch"

    at = client.post(change(2), more).headers["Location"]
    assert worker.post(f"{at}/refuse").json["state"] == "refused"
    assert worker.get(path).json["milestones"][1]["amount"] == money(50_000)
    assert worker.post(f"{at}/agree").json["code"] == "wrong_state"


# cancellation


def test_a_cancellation_is_agreed_to_with_a_part_for_the_worker(
    client: Caller, worker: Caller, db: Db
) -> None:
    path = keep(db, of(client, worker))

    asked = client.post(f"{path}/cancellation", {"reason": "方針変更", "pay": money(20_000)})
    assert (asked.status_code, asked.json["cancellation"]["otherwise"]) == (201, "cancelled")
    assert client.post(f"{path}/cancellation/agree").status_code == 403
    ended = worker.post(f"{path}/cancellation/agree").json

    assert (ended["state"], ended["cancel_reason"]) == ("cancelled", "agreed")
    doc = db["contracts"].find_one({}) or {}
    said = doc["outbox"][-1]["data"]
    assert said["parts"] == [{"hold_id": said["hold_ids"][0], "amount": money(20_000)}]


def test_cancellations_that_are_refused(
    client: Caller, worker: Caller, stranger: Caller, db: Db
) -> None:
    path = keep(db, of(client, worker))
    at = f"{path}/cancellation"

    assert worker.post(f"{at}/agree").json["code"] == "nothing_asked"
    assert stranger.post(at, {"reason": "-"}).status_code == 404
    above = {"reason": "-", "pay": money(75_001)}
    assert worker.post(at, above).json["code"] == "above_amount"
    assert worker.post(at, {"reason": "-"}).status_code == 201
    assert client.post(at, {"reason": "-"}).json["code"] == "already_asked"
    assert client.post(f"{at}/refuse").json["cancellation"]["state"] == "refused"
    assert client.post(f"{at}/agree").json["code"] == "wrong_state"
    assert client.get(path).json["state"] == "active"


@pytest.mark.pure
def test_silence_to_a_cancellation_depends_on_what_is_delivered() -> None:
    for state, by, expected in (
        ("active", CLIENT, ("cancelled", "unanswered")),
        ("active", WORKER, ("cancelled", "unanswered")),
        ("delivered", CLIENT, ("active", None)),
    ):
        it, _ = cancelling.request(
            a_contract(state=state), by=by, reason="-", pay=yen(5_000), now=NOON + DAY
        )
        asked = it.cancellation
        assert asked
        after, facts = silence.resolve(it, now=NOON + 8 * DAY)
        assert (after.state, after.cancel_reason) == expected
        if state == "active":
            paid = [p["amount"]["amount"] for p in facts[-1].data["parts"]]
            assert paid == ([5_000] if by == CLIENT else [])
        else:
            assert facts[0].type == "cancellation.lapsed"


@pytest.mark.pure
def test_a_client_cancels_alone_only_after_the_notice() -> None:
    it = a_contract(state="active")
    it, _ = silence.resolve(it, now=NOON + 10 * DAY)
    early, _ = cancelling.request(it, by=CLIENT, reason="-", now=NOON + 16 * DAY)
    alone, facts = cancelling.request(it, by=CLIENT, reason="-", now=NOON + 17 * DAY)
    by_worker, _ = cancelling.request(it, by=WORKER, reason="-", now=NOON + 17 * DAY)

    assert (early.state, by_worker.state) == ("active", "active")
    assert (alone.state, alone.cancel_reason) == ("cancelled", "overdue")
    assert facts[0].data["hold_ids"] == [it.milestones[0].hold_id]


@pytest.mark.pure
def test_a_client_gives_notice_of_the_end_of_a_long_contract() -> None:
    it, _ = asking.propose(
        a_contract(state="active"),
        by=CLIENT,
        ask_id="chg_1",
        n=1,
        deliver_by=NOON + 190 * DAY,
        reason="-",
        now=NOON,
    )
    it, _ = asking.answer(it, ask_id="chg_1", by=WORKER, move="agree", now=NOON)
    for by, days in ((CLIENT, 30), (WORKER, 7)):
        asked = cancelling.request(it, by=by, reason="-", now=NOON)[0].cancellation
        assert asked
        assert asked.answer_by == NOON + days * DAY


@pytest.mark.pure
def test_what_money_says_at_funding_is_what_the_milestone_is_worth() -> None:
    it = a_contract(40_000)
    assert funded(it).milestones[0].amount == yen(40_000)
    with pytest.raises(Unknown):
        asking.propose(it, by=STRANGER, ask_id="chg_1", n=1, title="x", reason="-", now=NOON)
    with pytest.raises(Forbidden):
        asking.ask_extension(
            it, by=CLIENT, ask_id="ext_1", n=1, deliver_by=NOON + 90 * DAY, reason="-", now=NOON
        )
    with pytest.raises(Invalid):
        asking.propose(it, by=CLIENT, ask_id="chg_1", n=1, reason="-", now=NOON)


@pytest.mark.pure
def test_asks_are_bounded() -> None:
    it = a_contract(state="active")
    words = {"by": CLIENT, "title": "x", "amount": yen(1), "deliver_by": NOON + DAY, "reason": "-"}
    for n in range(asking.WAITING_MAX):
        it, _ = asking.propose(it, ask_id=f"chg_{n}", now=NOON, **words)  # type: ignore[arg-type]
    with pytest.raises(Conflict) as no:
        asking.propose(it, ask_id="chg_x", now=NOON, **words)  # type: ignore[arg-type]
    assert no.value.code == "too_many_waiting"
    for n in range(200):
        it, _ = asking.answer(it, ask_id=it.asks[-1].id, by=WORKER, move="refuse", now=NOON)
        it, _ = asking.propose(it, ask_id=f"chg_more_{n}", now=NOON, **words)  # type: ignore[arg-type]
    assert len(it.asks) <= 51
