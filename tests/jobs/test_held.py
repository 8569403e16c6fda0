"""Proposals that ask to deal outside: held, released by silence or operators, removed, restored."""

from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import proposal
from services.jobs.domain.entry import Entry
from services.jobs.listing_records import LISTINGS
from services.jobs.reactions import REACTIONS
from services.jobs.records import ENTRIES, JOBS, PROPOSALS, QUESTIONS
from shared import clock, engine, ids, sweep
from shared.errors import Conflict, Ignored
from shared.events import Event
from shared.moderation import STATES, Seen
from shared.store import Db, Store
from tests.callers import Caller
from tests.jobs.builders import DAY, NOON, a_proposal, an_event, keep, proposal_words
from tests.jobs.test_api import allowed, everything, published
from tests.jobs.test_listings import a_listing

OUTSIDE = "報酬は銀行振込でお願いします。"
CONTACT = "電話は090-1234-5678です。"


def propose(worker: Caller, path: str, message: str = OUTSIDE, **headers: str) -> Any:
    made = worker.post(f"{path}/proposals", proposal_words(message=message), **headers)
    assert made.status_code == 201, made.json
    return made.json


def hear(store: Store, *events: Event) -> list[BaseException | None]:
    verdicts, _ = engine.handle_many(store, REACTIONS, events, now=clock.now())
    return [verdicts[event.id] for event in events]


def decided(id_: str, outcome: str, kind: str = "proposal") -> Event:
    said = {
        "case_id": ids.new("cas"),
        "content_id": id_,
        "content_kind": kind,
        "author_id": ids.new("mem"),
        "outcome": outcome,
        "reason": "確認しました。",
        "appeal_by": None,
    }
    return an_event("case.decided", said)


def facts(db: Db, id_: str) -> list[str]:
    doc = db["proposals"].find_one({"_id": id_})
    assert doc is not None
    return [entry["type"] for entry in doc["outbox"]]


def test_a_contact_is_warned_of_and_the_client_sees_the_proposal_without_the_warning(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    said = propose(worker, path, CONTACT, Accept_Language="en")
    assert said["visibility"] == "shown"
    assert [one["code"] for one in said["warnings"]] == ["contact_phone"]
    assert "phone number" in said["warnings"][0]["message"]
    seen = client.get(f"/v1/proposals/{said['id']}").json
    assert (seen["message"], seen["warnings"]) == (CONTACT, [])
    assert facts(db, said["id"]) == ["proposal.submitted"]


def test_a_held_proposal_is_its_authors_to_see_alone_and_cannot_be_selected(
    db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    said = propose(worker, path)
    at = f"/v1/proposals/{said['id']}"
    assert (said["state"], said["visibility"]) == ("submitted", "held")
    assert (said["next"]["actor"], said["next"]["otherwise"]) == ("ops", "released")
    by = clock.parse(said["created_at"]) + timedelta(days=3)
    assert clock.parse(said["next"]["by"]) == by
    assert worker.get(at).json["message"] == OUTSIDE
    assert [one["id"] for one in worker.get(f"{path}/proposals").json["items"]] == [said["id"]]
    assert [one["id"] for one in worker.get("/v1/proposals").json["items"]] == [said["id"]]
    before = everything(db)
    assert client.get(at).status_code == 404
    assert client.get(f"{at}/timeline").status_code == 404
    for act in ("select", "shortlist", "decline"):
        assert client.post(f"{at}/{act}").status_code == 404
    assert client.get(f"{path}/proposals").json["items"] == []
    assert client.get(path).json["proposals"] == 0
    assert everything(db) == before
    [fact] = db["proposals"].find_one({"_id": said["id"]})["outbox"]  # type: ignore[index]
    assert fact["type"] == "proposal.held"
    assert fact["data"]["where_id"] == path.rpartition("/")[2]
    assert (fact["data"]["author_id"], fact["data"]["other_id"]) == (worker.id, client.id)
    assert (fact["data"]["words"], fact["data"]["findings"]) == (OUTSIDE, ["payment_means"])


def test_the_title_of_a_milestone_is_looked_through_as_well(client: Caller, worker: Caller) -> None:
    path = published(client)
    words = proposal_words()
    part = {"amount": words["amount"], "deliver_by": words["deliver_by"], "title": "直接取引で"}
    made = worker.post(f"{path}/proposals", {**words, "milestones": [part]})
    assert (made.status_code, made.json["visibility"]) == (201, "held")


def test_released_by_operators_it_is_submitted_once_and_can_be_selected(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    id_ = propose(worker, path)["id"]
    assert hear(store, decided(id_, "released")) == [None]
    before = everything(db)
    assert hear(store, decided(id_, "released"), decided(id_, "restored")) == [None, None]
    assert everything(db) == before
    assert facts(db, id_) == ["proposal.held", "proposal.released", "proposal.submitted"]
    seen = client.get(f"/v1/proposals/{id_}")
    assert (seen.json["message"], seen.json["next"]["actor"]) == (OUTSIDE, "client")
    assert allowed(seen)["select"] == []
    assert client.get(path).json["proposals"] == 1
    past = client.get(f"/v1/proposals/{id_}/timeline").json["past"]
    assert [one["what"] for one in past] == ["proposal.submitted"]
    assert client.post(f"/v1/proposals/{id_}/select", {}).status_code == 202


def test_silence_releases_it_and_thirty_days_begin_anew(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    id_ = propose(worker, path)["id"]
    assert sweep.timers(store, [PROPOSALS], clock.now() + timedelta(days=2, hours=23)) == 0
    at = clock.now() + timedelta(days=3, minutes=1)
    assert sweep.timers(store, [PROPOSALS], at) == 1
    assert facts(db, id_) == ["proposal.held", "proposal.released", "proposal.submitted"]
    seen = client.get(f"/v1/proposals/{id_}").json
    assert abs(clock.parse(seen["next"]["by"]) - at - 30 * DAY) < timedelta(seconds=1)


def test_a_removed_proposal_cannot_be_selected_and_its_words_are_gone_for_the_client(
    store: Store, client: Caller, worker: Caller
) -> None:
    path = published(client)
    id_ = propose(worker, path, "よろしくお願いします。")["id"]
    hear(store, decided(id_, "removed"))
    seen = client.get(f"/v1/proposals/{id_}")
    assert (seen.json["message"], seen.json["visibility"]) == ("", "removed")
    assert allowed(seen)["select"] == ["not_shown"]
    refused = client.post(f"/v1/proposals/{id_}/select", {})
    assert (refused.status_code, refused.json["code"]) == (409, "not_shown")
    own = worker.get(f"/v1/proposals/{id_}").json
    assert (own["message"], own["visibility"]) == ("よろしくお願いします。", "removed")
    hear(store, decided(id_, "restored"))
    assert client.post(f"/v1/proposals/{id_}/select", {}).status_code == 202


def test_what_is_withdrawn_while_it_is_held_its_client_never_hears_of(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    id_ = propose(worker, path)["id"]
    assert worker.post(f"/v1/proposals/{id_}/withdraw").status_code == 200
    assert sweep.timers(store, [PROPOSALS], clock.now() + timedelta(days=3, minutes=1)) == 1
    assert facts(db, id_) == ["proposal.held", "proposal.released"]
    assert client.get(f"/v1/proposals/{id_}").status_code == 404
    assert sweep.timers(store, [PROPOSALS], clock.now() + timedelta(days=60)) == 0
    assert propose(worker, path, "よろしくお願いします。")["visibility"] == "shown"


def test_a_removal_that_crosses_a_selection_frees_the_opening(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    found = a_proposal(seen=Seen(state="removed"))
    with pytest.raises(Conflict) as refused:
        proposal.select(found, now=NOON, offer={"offer_id": "off_1"})
    assert refused.value.code == "not_shown"
    path = published(client)
    id_ = propose(worker, path, "よろしくお願いします。")["id"]
    job = store.get(JOBS, path.rpartition("/")[2])
    assert job.project.free == 1
    hear(store, decided(id_, "removed"))
    client.post(f"/v1/proposals/{id_}/select", {})
    assert store.get(JOBS, job.id).project.free == 1


@pytest.mark.pure
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("outcome", ["released", "removed", "restored"])
@pytest.mark.parametrize("of", proposal.STATES)
def test_a_decision_is_done_in_any_state_and_again_changes_nothing(
    state: str, outcome: str, of: str
) -> None:
    release_at = NOON if state == "held" else None
    found = a_proposal(state=of, seen=Seen(state=state, release_at=release_at))
    try:
        found, _ = proposal.decide(found, now=NOON, outcome=outcome, reason="x")
    except Ignored:
        assert state == ("removed" if outcome == "removed" else found.seen.state)
    assert found.seen.release_at is None
    assert found.state == of
    with pytest.raises(Ignored):
        proposal.decide(found, now=NOON, outcome=outcome, reason="x")


def test_a_reported_proposal_is_told_and_its_author_sees_nothing_of_it(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    id_ = propose(worker, path, "よろしくお願いします。")["id"]
    words = {"case_id": "cas_1", "about_id": id_, "about_kind": "proposal"}
    before = worker.get(f"/v1/proposals/{id_}/timeline").json
    assert hear(store, an_event("report.made", words)) == [None]
    assert facts(db, id_) == ["proposal.submitted", "proposal.reported"]
    assert worker.get(f"/v1/proposals/{id_}/timeline").json == before
    doc = db["proposals"].find_one({"_id": id_})
    assert doc is not None
    assert doc["outbox"][-1]["data"] == {
        "case_id": "cas_1",
        "content_id": id_,
        "content_kind": "proposal",
        "where_id": path.rpartition("/")[2],
        "author_id": worker.id,
        "words": "よろしくお願いします。",
    }


def test_what_is_not_known_here_is_met_with_silence(store: Store, db: Db) -> None:
    words = {"case_id": "cas_1", "about_id": ids.new("pro"), "about_kind": "proposal"}
    before = everything(db)
    heard = hear(
        store,
        an_event("report.made", words),
        an_event("report.made", {**words, "about_kind": "message"}),
        decided(ids.new("pro"), "removed"),
        decided(ids.new("msg"), "removed", "message"),
    )
    assert heard == [None] * 4
    assert everything(db) == before


def test_proposals_of_before_are_shown(db: Db, client: Caller, worker: Caller) -> None:
    path = published(client)
    id_ = propose(worker, path, "前からあります。")["id"]
    db["proposals"].update_one({}, {"$unset": {"seen": ""}})
    assert client.get(f"/v1/proposals/{id_}").json["message"] == "前からあります。"
    assert len(client.get(f"{path}/proposals").json["items"]) == 1


def test_whatever_is_reported_is_told_by_whose_it_is_and_stands_in_no_timeline(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    path = published(client)
    job = path.rpartition("/")[2]
    asked = worker.post(f"{path}/questions", {"text": "納期は延ばせますか。"}).json["id"]
    won = Entry(
        id=ids.new("ent"),
        job_id=job,
        client_id=client.id,
        worker_id=worker.id,
        job_title="ロゴ",
        title="案A",
        description="猫の案です。",
        links=(),
        state="submitted",
        created_at=NOON,
    )
    sold = a_listing(worker_id=worker.id, state="published")
    keep(db, ENTRIES, won)
    keep(db, LISTINGS, sold)
    before = client.get(f"{path}/timeline").json
    about = {"job": job, "question": asked, "entry": won.id, "listing": sold.id}
    for kind, id_ in about.items():
        words = {"case_id": f"cas_{kind}", "about_id": id_, "about_kind": kind}
        assert hear(store, an_event("report.made", words)) == [None]
    said = {
        entry["data"]["case_id"]: (entry["type"], entry["data"])
        for name in ("jobs", "questions", "entries", "listings")
        for doc in db[name].find()
        for entry in doc["outbox"]
        if entry["type"].endswith(".reported")
    }
    assert {case: (type_, data["author_id"]) for case, (type_, data) in said.items()} == {
        "cas_job": ("posting.reported", client.id),
        "cas_question": ("question.reported", worker.id),
        "cas_entry": ("entry.reported", worker.id),
        "cas_listing": ("posting.reported", worker.id),
    }
    assert said["cas_question"][1]["words"] == "納期は延ばせますか。"
    assert {said[f"cas_{kind}"][1]["where_id"] for kind in ("job", "question", "entry")} == {job}
    assert client.get(f"{path}/timeline").json == before


# questions


def held_question(client: Caller, worker: Caller) -> tuple[str, Any]:
    path = published(client)
    asked = worker.post(
        f"{path}/questions", {"text": "詳細はLINEで聞けますか。直接取引も可能です。"}
    )
    assert asked.status_code == 201, asked.json
    return path, asked.json


def asked(db: Db) -> list[str]:
    [doc] = db["questions"].find()
    return [entry["type"] for entry in doc["outbox"]]


def test_a_held_question_is_its_authors_to_see_alone(
    db: Db, client: Caller, worker: Caller, nobody: Caller
) -> None:
    path, said = held_question(client, worker)
    at = f"/v1/questions/{said['id']}"
    assert (said["visibility"], said["next"]["actor"]) == ("held", "ops")
    assert "payment_outside" in [one["code"] for one in said["warnings"]]
    assert worker.get(at).json["visibility"] == "held"
    assert len(worker.get(f"{path}/questions").json["items"]) == 1
    for other in (client, nobody):
        assert other.get(at).status_code == 404
        assert other.get(f"{path}/questions").json["items"] == []
    assert client.post(f"{at}/answer", {"text": "いいえ。"}).status_code == 404
    assert asked(db) == ["question.held"]


def test_silence_publishes_a_held_question_and_its_client_is_asked(
    store: Store, db: Db, client: Caller, worker: Caller, nobody: Caller
) -> None:
    _, said = held_question(client, worker)
    assert sweep.timers(store, [QUESTIONS], clock.now() + timedelta(days=2, hours=23)) == 0
    assert sweep.timers(store, [QUESTIONS], clock.now() + timedelta(days=3, minutes=1)) == 1
    assert asked(db) == ["question.held", "question.released", "question.asked"]
    at = f"/v1/questions/{said['id']}"
    seen = nobody.get(at).json
    assert (seen["visibility"], seen["warnings"]) == ("shown", [])
    assert client.post(f"{at}/answer", {"text": "いいえ。"}).status_code == 200


def test_a_question_that_is_released_too_late_to_be_answered_asks_nobody(
    store: Store, db: Db, client: Caller, worker: Caller
) -> None:
    held_question(client, worker)
    assert sweep.timers(store, [QUESTIONS], clock.now() + timedelta(days=400)) == 1
    assert asked(db) == ["question.held", "question.released"]


def test_a_removed_question_has_no_text_and_no_answer_until_it_is_restored(
    store: Store, client: Caller, worker: Caller, nobody: Caller
) -> None:
    path = published(client)
    made = worker.post(f"{path}/questions", {"text": "ばか。"}).json
    at = f"/v1/questions/{made['id']}"
    removed = decided(made["id"], "removed", "question")
    assert hear(store, removed, removed) == [None, None]
    seen = nobody.get(at).json
    assert (seen["text"], seen["visibility"], seen["next"]) == ("", "removed", None)
    assert worker.get(at).json["text"] == "ばか。"
    refused = client.post(f"{at}/answer", {"text": "いいえ。"})
    assert (refused.status_code, refused.json["code"]) == (409, "not_shown")
    assert allowed(client.get(at)) == {"answer": ["not_shown"]}
    hear(store, decided(made["id"], "restored", "question"))
    assert nobody.get(at).json["text"] == "ばか。"


def test_questions_of_before_are_shown(
    db: Db, client: Caller, worker: Caller, nobody: Caller
) -> None:
    path = published(client)
    worker.post(f"{path}/questions", {"text": "前からあります。"})
    db["questions"].update_one({}, {"$unset": {"seen": "", "answer_by": ""}})
    [seen] = nobody.get(f"{path}/questions").json["items"]
    assert (seen["text"], seen["visibility"]) == ("前からあります。", "shown")
