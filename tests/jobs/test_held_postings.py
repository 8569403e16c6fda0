"""Jobs and listings that may not be posted: held before anybody sees them, let out, removed."""

from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import contest, judging, listing_silence, posting
from services.jobs.domain import job as jobs
from services.jobs.domain import listing as listings
from services.jobs.listing_records import LISTINGS
from services.jobs.reactions import REACTIONS
from services.jobs.records import JOBS
from shared import clock, engine, ids, sweep
from shared.errors import Conflict, Ignored
from shared.events import Event
from shared.moderation import Seen
from shared.store import Db, Store
from tests.callers import Caller
from tests.jobs.builders import CLIENT, DAY, NOON, a_job, an_event, job_words, yen
from tests.jobs.test_api import edit
from tests.jobs.test_api_contest import words as contest_words
from tests.jobs.test_api_proposals import proposal_words
from tests.jobs.test_api_task import words as task_words
from tests.jobs.test_listings import WORDS as LISTING
from tests.jobs.test_listings import a_listing

OUTSIDE = "手数料を避けたいので、直接取引にしませんか。"
MLM = "ネットワークビジネスの会員を集めてください。"
LATER = timedelta(days=3, seconds=1)


def posted(caller: Caller, what: str, **over: Any) -> str:
    """Draft and publish a job or a listing; return its path."""
    words = {**LISTING, **over} if what == "listings" else over.pop("words", job_words)(**over)
    path = f"/v1/{what}/{caller.post(f'/v1/{what}', words).json['id']}"
    answer = caller.post(f"{path}/publish")
    assert answer.status_code in (200, 202), answer.json
    return path


def decided(path: str, outcome: str) -> Event:
    id_ = path.rpartition("/")[2]
    kind = "job" if id_.startswith("job_") else "listing"
    words = {"case_id": ids.new("cas"), "content_id": id_, "content_kind": kind}
    words |= {"author_id": CLIENT, "outcome": outcome, "reason": "確認しました。"}
    return an_event("case.decided", {**words, "appeal_by": None})


def reported(path: str, kind: str) -> Event:
    words = {"case_id": "cas_1", "about_id": path.rpartition("/")[2], "about_kind": kind}
    return an_event("report.made", words)


def hear(store: Store, *events: Event) -> None:
    for event in events:
        engine.handle_one(store, REACTIONS, event, now=clock.now())


def facts(db: Db, path: str) -> list[str]:
    _, _, what, id_ = path.split("/")
    doc = db[what].find_one({"_id": id_})
    assert doc is not None
    return [entry["type"] for entry in doc["outbox"]]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


WHAT = [
    ("jobs", job_words, "open", "job.opened"),
    ("jobs", contest_words, "awaiting_funding", "job.submitted_for_funding"),
    ("jobs", task_words, "awaiting_funding", "job.submitted_for_funding"),
    ("listings", None, "published", "listing.published"),
]


@pytest.mark.parametrize(("what", "words", "out", "said"), WHAT)
def test_what_may_not_be_posted_is_held_and_silence_lets_it_out(
    what: str, words: Any, out: str, said: str, store: Store, db: Db, client: Caller, nobody: Caller
) -> None:
    path = posted(client, what, description=MLM, **({"words": words} if words else {}))
    seen = client.get(path).json
    assert (seen["state"], [one["code"] for one in seen["warnings"]]) == (
        "held",
        ["prohibited_mlm"],
    )
    assert (seen["next"]["actor"], seen["next"]["action"]) == ("ops", "decide")
    assert seen["next"]["otherwise"] == out
    assert facts(db, path) == ["posting.held"]
    assert nobody.get(path).status_code == 404
    assert nobody.get(f"/v1/{what}").json["items"] == []
    assert code(client.post(f"{path}/publish")) == (409, "wrong_state")
    kinds = [JOBS, LISTINGS]
    assert sweep.timers(store, kinds, clock.now() + timedelta(days=2, hours=23)) == 0
    assert sweep.timers(store, kinds, clock.now() + LATER) == 1
    assert client.get(path).json["state"] == out
    assert facts(db, path) == ["posting.held", "posting.released", said]
    assert nobody.get(path).status_code == (404 if out == "awaiting_funding" else 200)


def test_operators_read_whose_it_is_and_what_it_says(db: Db, client: Caller) -> None:
    path = posted(client, "jobs", description=OUTSIDE + "あ" * 4_000)
    doc = db["jobs"].find_one({})
    assert doc is not None
    said = doc["outbox"][0]["data"]
    assert (said["content_kind"], said["author_id"], said["other_id"]) == ("job", client.id, None)
    assert said["content_id"] == said["where_id"] == path.rpartition("/")[2]
    assert said["findings"] == ["payment_outside"]
    assert said["words"] == f"{doc['title']}\n{OUTSIDE}{'あ' * 4_000}"[:500]


@pytest.mark.parametrize("word", ["title", "skills", "form", "criteria"])
def test_all_that_is_written_in_a_job_is_looked_through(word: str, client: Caller) -> None:
    value: Any = {
        "title": "マルチ商法",
        "skills": ["マルチ商法"],
        "form": [{"id": "a", "type": "text", "label": "マルチ商法"}],
        "criteria": [{"id": "a", "text": "マルチ商法"}],
    }[word]
    path = posted(client, "jobs", words=task_words, **{word: value})
    assert client.get(path).json["state"] == "held"


def test_contact_in_a_posting_is_warned_of_and_seen_by_its_author_alone(
    client: Caller, nobody: Caller
) -> None:
    path = posted(client, "jobs", description="ご質問は taro@example.com へ。")
    assert client.get(path).json["state"] == "open"
    headers = {"Accept_Language": "en"}
    [warning] = client.get(path, **headers).json["warnings"]
    assert warning["code"] == "contact_mail"
    assert "mail address" in warning["message"]
    assert nobody.get(path).json["warnings"] == []


def test_operators_let_it_out_once_and_times_are_put_off_by_the_wait() -> None:
    job = a_job(state="held")
    job, said = judging.decide(job, now=NOON + DAY, outcome="released", reason="x")
    assert [fact.type for fact in said] == ["posting.released", "job.opened"]
    assert (job.state, job.published_at) == ("open", NOON + DAY)
    assert job.deadline_at == NOON + 31 * DAY
    assert job.project.proposals_close_at == NOON + 11 * DAY
    for outcome in ("released", "restored"):
        with pytest.raises(Ignored):
            judging.decide(job, now=NOON + DAY, outcome=outcome, reason="x")


@pytest.mark.parametrize("state", jobs.STATES)
@pytest.mark.parametrize("outcome", ["released", "removed", "restored"])
def test_a_decision_about_a_job_is_done_in_any_state_and_again_changes_nothing(
    state: str, outcome: str
) -> None:
    for job in (a_job(state=state), a_job(state=state, seen=Seen(state="removed"))):
        try:
            job, _ = judging.decide(job, now=NOON, outcome=outcome, reason="x")
        except Ignored:
            assert job.state != "held" or job.seen.state == "removed"
        assert job.seen.state == "removed" or job.state != "held"
        with pytest.raises(Ignored):
            judging.decide(job, now=NOON, outcome=outcome, reason="x")


@pytest.mark.parametrize("state", listings.STATES)
@pytest.mark.parametrize("outcome", ["released", "removed", "restored"])
def test_a_decision_about_a_listing_is_done_in_any_state_and_again_changes_nothing(
    state: str, outcome: str
) -> None:
    how = Seen(state="held", release_at=NOON + DAY) if state == "held" else Seen()
    it = a_listing(state=state, seen=how)
    try:
        it, _ = listing_silence.decide(it, now=NOON, outcome=outcome, reason="x")
    except Ignored:
        assert outcome != "removed"
    assert it.state in set(listings.STATES) - {"held"}
    with pytest.raises(Ignored):
        listing_silence.decide(it, now=NOON, outcome=outcome, reason="x")


@pytest.mark.parametrize("what", ["jobs", "listings"])
def test_a_held_posting_that_is_removed_cannot_be_published_until_it_is_restored(
    what: str, store: Store, db: Db, client: Caller, nobody: Caller
) -> None:
    path = posted(client, what, description=MLM)
    hear(store, decided(path, "removed"))
    seen = client.get(path).json
    assert (seen["state"], seen["removed"], seen["description"]) == ("draft", True, MLM)
    assert code(client.post(f"{path}/publish")) == (409, "removed")
    allowed = {one["name"] for one in seen["actions"] if one["allowed"]}
    assert allowed & {"publish", "edit"} == set()
    assert nobody.get(path).status_code == 404
    hear(store, decided(path, "restored"))
    out = client.post(f"{path}/publish").json
    assert (out["state"], out["removed"]) == ("open" if what == "jobs" else "published", False)
    told = facts(db, path)
    assert told[:3] == ["posting.held", "posting.removed", "posting.released"]
    assert nobody.get(path).json["description"] == MLM


def test_an_open_job_that_is_removed_is_closed_and_read_by_its_client_alone(
    store: Store, db: Db, client: Caller, worker: Caller, nobody: Caller
) -> None:
    path = posted(client, "jobs", description="ロゴを作ってください。")
    worker.post(f"{path}/proposals", proposal_words())
    hear(store, decided(path, "removed"))
    seen = nobody.get(path).json
    assert (seen["state"], seen["removed"]) == ("closed", True)
    assert (seen["title"], seen["description"], seen["skills"]) == ("", "", [])
    assert nobody.get("/v1/jobs?state=closed").json["items"] == []
    assert client.get(path).json["description"] == "ロゴを作ってください。"
    assert facts(db, path)[1:] == ["posting.removed", "job.closed"]
    past = [one["what"] for one in nobody.get(f"{path}/timeline").json["past"]]
    assert past == ["job.opened", "job.closed"]
    hear(store, decided(path, "restored"))
    seen = nobody.get(path).json
    assert (seen["state"], seen["description"]) == ("closed", "ロゴを作ってください。")


def test_a_removed_competition_is_closed_and_whoever_entered_is_still_awarded() -> None:
    open_ = a_job(
        mode="competition",
        budget=None,
        contest=jobs.Contest(prizes=(yen(30_000),), closes_at=NOON + 5 * DAY),
    )
    closed, said = judging.decide(open_, now=NOON, outcome="removed", reason="x")
    assert closed.state == "closed"
    assert [fact.type for fact in said] == ["posting.removed", "competition.closed"]
    contest.refuse_awarding(closed, by=CLIENT)


def test_a_removed_job_that_waits_for_its_money_is_cancelled() -> None:
    waits = a_job(mode="competition", state="awaiting_funding", contest=jobs.Contest())
    cancelled, said = judging.decide(waits, now=NOON, outcome="removed", reason="x")
    assert cancelled.state == "cancelled"
    assert [fact.type for fact in said] == ["posting.removed", "job.cancelled"]


def test_a_published_listing_that_is_removed_is_paused_and_its_seller_s_alone(
    store: Store, worker: Caller, nobody: Caller
) -> None:
    path = posted(worker, "listings")
    hear(store, decided(path, "removed"))
    assert nobody.get(path).status_code == 404
    assert nobody.get("/v1/listings?state=paused").json["items"] == []
    assert worker.get(path).json["state"] == "paused"
    assert code(worker.post(f"{path}/publish")) == (409, "removed")


@pytest.mark.parametrize("what", ["jobs", "listings"])
def test_what_everybody_reads_cannot_come_to_say_what_would_be_held(
    what: str, client: Caller
) -> None:
    path = posted(client, what, description="ロゴです。")
    edited = edit(client, path, {"description": f"ロゴです。{OUTSIDE}"})
    assert code(edited) == (409, "would_be_held")
    assert edited.json["details"]["findings"] == ["payment_outside"]
    fine = edit(client, path, {"description": "ロゴです。手書きで。"})
    assert fine.status_code == 200


def test_words_that_were_let_go_are_not_held_again_and_other_words_are() -> None:
    seen = Seen(findings=("payment_outside",))
    draft = a_job(state="draft", description=OUTSIDE, seen=seen)
    assert posting.publish(draft, now=NOON, by=CLIENT, bar=None)[0].state == "open"
    other, _ = posting.edit(draft, now=NOON, by=CLIENT, words={"description": OUTSIDE + "!"})
    assert posting.publish(other, now=NOON, by=CLIENT, bar=None)[0].state == "held"
    with pytest.raises(Conflict, match="held"):
        posting.edit(a_job(state="held"), now=NOON, by=CLIENT, words={})


@pytest.mark.parametrize(("what", "end"), [("jobs", "cancel"), ("listings", "withdraw")])
def test_what_is_ended_while_it_is_held_is_never_let_out(
    what: str, end: str, store: Store, db: Db, client: Caller, nobody: Caller
) -> None:
    path = posted(client, what, description=MLM)
    state = client.post(f"{path}/{end}").json["state"]
    assert state in ("cancelled", "withdrawn")
    assert sweep.timers(store, [JOBS, LISTINGS], clock.now() + LATER) == 0
    hear(store, decided(path, "released"))
    assert client.get(path).json["state"] == state
    assert nobody.get(path).status_code == 404


@pytest.mark.parametrize(("what", "kind"), [("jobs", "job"), ("listings", "listing")])
def test_a_reported_posting_is_told_to_accounts_and_nobody_else_learns_of_it(
    what: str, kind: str, store: Store, db: Db, client: Caller
) -> None:
    path = posted(client, what)
    before = client.get(path).json
    hear(store, reported(path, kind), reported(f"/v1/x/{ids.new('job')}", "job"))
    doc = db[what].find_one({})
    assert doc is not None
    said = doc["outbox"][-1]
    assert (said["type"], said["data"]["case_id"]) == ("posting.reported", "cas_1")
    assert said["data"]["words"] == f"{doc['title']}\n{doc['description']}"
    assert client.get(path).json == before
    if what == "jobs":
        past = [one["what"] for one in client.get(f"{path}/timeline").json["past"]]
        assert past == ["job.opened"]


@pytest.mark.parametrize("what", ["jobs", "listings"])
def test_postings_of_before_are_shown(what: str, db: Db, client: Caller, nobody: Caller) -> None:
    path = posted(client, what)
    db[what].update_one({}, {"$unset": {"seen": ""}})
    assert nobody.get(path).json["removed"] is False
