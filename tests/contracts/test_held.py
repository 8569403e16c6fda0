"""Messages that ask to deal outside: warned of, held, released by silence, removed, restored."""

from datetime import timedelta
from typing import Any

import pytest

from services.contracts import evidence
from services.contracts.domain import message
from services.contracts.records import CONTRACTS, KINDS, MESSAGES
from shared import clock, ids, sweep
from shared.errors import Ignored
from shared.moderation import STATES, Seen
from shared.store import Db, Store
from tests.callers import Caller
from tests.contracts.builders import NOON
from tests.contracts.saying import an_event, formed, funded, hear, nothing_changes, sent

OUTSIDE = "手数料を避けたいので、直接取引にしませんか。"
CONTACT = "LINEを交換しませんか。"


def facts(db: Db, id_: str) -> list[str]:
    doc = db["messages"].find_one({"_id": id_})
    assert doc is not None
    return [entry["type"] for entry in doc["outbox"]]


def decided(id_: str, outcome: str) -> Any:
    words = {"case_id": ids.new("cas"), "content_id": id_, "content_kind": "message"}
    words |= {"author_id": ids.new("mem"), "outcome": outcome, "reason": "確認しました。"}
    return an_event("case.decided", subject=words["case_id"], **words, appeal_by=None)


def wrote(caller: Caller, path: str, text: str) -> Any:
    answer = caller.post(f"{path}/messages", {"text": text})
    assert answer.status_code == 201, answer.json
    return answer.json


def reads(caller: Caller, path: str) -> list[tuple[str, str]]:
    return [(m["text"], m["state"]) for m in caller.get(f"{path}/messages").json["items"]]


def test_contact_before_funding_is_sent_and_its_writer_alone_is_warned(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    said = wrote(client, path, CONTACT)
    assert (said["state"], said["next"]) == ("shown", None)
    assert [one["code"] for one in said["warnings"]] == ["contact_messenger"]
    assert "メッセージアプリ" in said["warnings"][0]["message"]
    assert facts(db, said["id"]) == ["message.sent"]
    [seen] = worker.get(f"{path}/messages").json["items"]
    assert (seen["text"], seen["warnings"]) == (CONTACT, [])


def test_a_warning_is_said_in_the_language_that_is_asked_for(
    client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    wrote(client, path, CONTACT)
    for asked, word in (
        ("en-US, en;q=0.9, ja;q=0.5", "messenger"),
        ("fr", "アプリ"),
        ("ja", "アプリ"),
    ):
        headers = {"Accept_Language": asked}
        [said] = client.get(f"{path}/messages", **headers).json["items"]
        assert word in said["warnings"][0]["message"]


def test_what_asks_to_pay_outside_is_held_and_seen_by_its_writer_alone(
    db: Db, client: Caller, worker: Caller, stranger: Caller
) -> None:
    path = sent(client, worker)
    answer = client.post(f"{path}/messages", {"text": OUTSIDE}, key="once")
    said = answer.json
    assert said["state"] == "held"
    by = clock.text(clock.parse(said["at"]) + timedelta(days=3))
    assert said["next"] == {"actor": "ops", "action": "decide", "by": by, "otherwise": "released"}
    assert [one["code"] for one in said["warnings"]] == ["payment_outside"]
    assert client.post(f"{path}/messages", {"text": OUTSIDE}, key="once").json == said
    assert reads(client, path) == [(OUTSIDE, "held")]
    assert reads(worker, path) == []
    assert stranger.get(f"{path}/messages").status_code == 404
    [doc] = db["messages"].find()
    [fact] = doc["outbox"]
    assert (fact["type"], fact["data"]["findings"]) == ("message.held", ["payment_outside"])
    assert fact["data"]["other_id"] == worker.id
    assert fact["data"]["words"] == OUTSIDE


def test_operators_read_the_beginning_of_what_is_held(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    wrote(client, path, OUTSIDE + "あ" * 4_000)
    [doc] = db["messages"].find()
    assert doc["outbox"][0]["data"]["words"] == (OUTSIDE + "あ" * 4_000)[:500]


def test_a_contract_that_waits_for_its_money_holds_as_an_offer_does(
    client: Caller, worker: Caller
) -> None:
    path = formed(client, worker)
    assert wrote(worker, path, OUTSIDE)["state"] == "held"


def test_once_it_is_funded_contact_is_free_and_payment_outside_is_warned_of(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = funded(store, client, worker)
    offer = f"/v1/offers/{client.get(path).json['offer_id']}"
    for at in (path, offer):
        assert wrote(client, at, CONTACT)["warnings"] == []
        said = wrote(client, at, OUTSIDE)
        assert (said["state"], said["warnings"][0]["code"]) == ("shown", "payment_outside")
        assert (OUTSIDE, "shown") in reads(worker, at)


def test_operators_release_it_and_it_is_sent_once(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    id_ = wrote(client, path, OUTSIDE)["id"]
    event = decided(id_, "released")
    assert hear(store, event) == [None]
    with nothing_changes(db):
        assert hear(store, event, decided(id_, "released")) == [None, None]
    assert reads(worker, path) == [(OUTSIDE, "shown")]
    assert facts(db, id_) == ["message.held", "message.released", "message.sent"]
    assert client.get(f"{path}/messages").json["items"][0]["next"] is None


def test_silence_releases_it(store: Store, db: Db, client: Caller, worker: Caller) -> None:
    path = sent(client, worker)
    id_ = wrote(client, path, OUTSIDE)["id"]
    assert sweep.timers(store, KINDS, clock.now() + timedelta(days=2, hours=23)) == 0
    assert reads(worker, path) == []
    assert sweep.timers(store, [MESSAGES], clock.now() + timedelta(days=3, seconds=1)) == 1
    assert reads(worker, path) == [(OUTSIDE, "shown")]
    assert facts(db, id_) == ["message.held", "message.released", "message.sent"]
    with nothing_changes(db):
        hear(store, decided(id_, "released"))


def test_what_is_removed_is_read_by_its_writer_alone_and_comes_back_when_restored(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    held, shown = wrote(client, path, OUTSIDE)["id"], wrote(client, path, "こんにちは。")["id"]
    hear(store, decided(held, "removed"), decided(shown, "removed"))
    assert reads(client, path) == [(OUTSIDE, "removed"), ("こんにちは。", "removed")]
    assert reads(worker, path) == [("", "removed")]  # it had been read before
    assert sweep.timers(store, [MESSAGES], clock.now() + timedelta(days=4)) == 0
    hear(store, decided(held, "restored"), decided(shown, "restored"))
    assert reads(worker, path) == [(OUTSIDE, "shown"), ("こんにちは。", "shown")]
    assert facts(db, held) == [
        *("message.held", "message.removed", "message.released", "message.sent"),
    ]
    assert facts(db, shown) == ["message.sent", "message.removed", "message.released"]


@pytest.mark.pure
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("outcome", ["released", "removed", "restored"])
def test_a_decision_is_done_in_any_state_and_again_changes_nothing(
    state: str, outcome: str
) -> None:
    it = message.Message(
        id="msg_1",
        thread="off_1",
        sender_id="mem_1",
        recipient_id="mem_2",
        text="x",
        at=NOON,
        seen=Seen(state=state, release_at=NOON if state == "held" else None),
    )
    try:
        it, _ = message.decide(it, now=NOON, outcome=outcome, reason="x")
    except Ignored:
        assert (state, outcome) in {
            *(("shown", "released"), ("shown", "restored")),
            *(("removed", "removed"), ("removed", "released")),
        }
    assert message.wake(it) is None
    with pytest.raises(Ignored):
        message.decide(it, now=NOON, outcome=outcome, reason="x")
    with pytest.raises(Ignored):
        message.release(it, now=NOON)


def test_a_reported_message_is_told_and_changes_nothing(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = sent(client, worker)
    id_ = wrote(client, path, "ばか。")["id"]
    words = {"case_id": "cas_1", "about_id": id_, "about_kind": "message"}
    assert hear(store, an_event("report.made", subject="cas_1", **words)) == [None]
    [doc] = db["messages"].find()
    fact = doc["outbox"][-1]
    assert fact["type"] == "message.reported"
    assert fact["data"] == {
        "case_id": "cas_1",
        "content_id": id_,
        "content_kind": "message",
        "where_id": path.rpartition("/")[2],
        "author_id": client.id,
        "words": "ばか。",
    }
    assert reads(worker, path) == [("ばか。", "shown")]


def test_what_is_not_known_here_is_met_with_silence(store: Store, db: Db) -> None:
    with nothing_changes(db):
        words = {"case_id": "cas_1", "about_id": ids.new("msg"), "about_kind": "message"}
        heard = hear(
            store,
            an_event("report.made", subject="cas_1", **words),
            an_event("report.made", subject="cas_1", **{**words, "about_kind": "job"}),
            decided(ids.new("msg"), "removed"),
        )
        assert heard == [None, None, None]


def test_evidence_has_what_both_sides_saw_and_not_what_was_removed(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = formed(client, worker)
    wrote(client, path, OUTSIDE)
    gone = wrote(client, path, "ばか。")["id"]
    wrote(client, path, "よろしくお願いします。")
    hear(store, decided(gone, "removed"))
    it = store.get(CONTRACTS, path.rpartition("/")[2])
    lines = evidence.messages(store, it)
    assert "よろしくお願いします。" in lines
    assert OUTSIDE not in lines
    assert "ばか。" not in lines
    assert gone in lines


def test_messages_of_before_are_shown(store: Store, db: Db, client: Caller, worker: Caller) -> None:
    path = sent(client, worker)
    wrote(client, path, "前からあります。")
    db["messages"].update_one({}, {"$unset": {"seen": "", "title": ""}})
    assert reads(worker, path) == [("前からあります。", "shown")]
