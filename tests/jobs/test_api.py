"""The routes of jobs: what each answers, and that a refusal changes nothing."""

from typing import Any

import pytest

from services.jobs.domain import market
from services.jobs.domain.job import STATES
from services.jobs.records import JOBS
from shared import clock
from shared.profiles import Profile
from shared.standing import MEMBERS
from shared.store import Db
from tests.callers import Caller
from tests.jobs.builders import (
    DAY,
    TITLE,
    a_job,
    a_selection,
    job_words,
    keep,
    with_selections,
    yen,
)


def draft(client: Caller, **over: Any) -> str:
    """Draft a job; return its path."""
    made = client.post("/v1/jobs", job_words(**over))
    assert made.status_code == 201, made.json
    return str(made.headers["Location"])


def published(client: Caller, **over: Any) -> str:
    """Publish a job; return its path."""
    path = draft(client, **over)
    assert client.post(f"{path}/publish").status_code == 200
    return path


def kept(db: Db, client: Caller, state: str, **over: Any) -> str:
    """Keep a job of this caller in some state; return its path."""
    now = clock.now()
    times = {
        "deadline_at": now + 30 * DAY,
        "proposals_close_at": now + 10 * DAY,
        "created_at": now,
        "changed_at": now,
        "published_at": None if state == "draft" else now,
    }
    job = a_job(state=state, client_id=client.id, **{**times, **over})
    keep(db, JOBS, job)
    return f"/v1/jobs/{job.id}"


def suspend(db: Db, member: Caller) -> None:
    """Let accounts have told that this member is suspended."""
    doc = {"_id": member.id, "version": 2, "display_name": "花子", "state": "suspended"}
    db[MEMBERS].insert_one(doc)


def everything(db: Db) -> dict[str, Any]:
    """Return all that is kept."""
    return {
        name: list(db[name].find().sort("_id", 1)) for name in sorted(db.list_collection_names())
    }


def allowed(answer: Any) -> dict[str, list[str]]:
    """Return the reasons against each action."""
    return {a["name"]: a["reasons"] for a in answer.json["actions"]}


# categories


def test_the_tree_of_categories_is_public_and_in_both_languages(nobody: Caller) -> None:
    tree = nobody.get("/v1/categories?locale=ja")

    assert tree.status_code == 200
    assert set(tree.json["items"][0]) == {"id", "name", "children"}
    assert tree.json["items"][0]["name"]["ja"] == "ホームページ制作・Webデザイン"
    assert nobody.get("/v1/categories").json == tree.json
    assert nobody.get("/v1/categories?locale=fr").status_code == 422


# drafting


def test_a_draft_is_answered_whole(client: Caller) -> None:
    made = client.post("/v1/jobs", job_words(experience="some", openings=2))

    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    said = made.json
    assert made.headers["Location"] == f"/v1/jobs/{said['id']}"
    assert set(said) == {
        *("id", "mode", "state", "title", "description", "category", "skills", "experience"),
        *("budget", "deadline_at", "proposals_close_at", "openings", "openings_filled", "client"),
        *("weekly_cap_hours", "bookmarked", "removed", "warnings"),
        *("created_at", "published_at", "proposals", "next", "actions"),
    }
    assert said["state"] == "draft"
    assert said["budget"]["max"] == {"amount": 50_000, "currency": "JPY"}
    assert (said["client"]["id"], said["client"]["display_name"]) == (client.id, None)
    assert (said["openings"], said["openings_filled"], said["proposals"]) == (2, 0, 0)
    assert said["next"]["action"] == "publish"
    assert allowed(made) == {"edit": [], "publish": [], "close": ["wrong_state"], "cancel": []}
    assert client.get(made.headers["Location"]).json == said


def test_a_draft_may_leave_out_what_it_does_not_know_yet(client: Caller) -> None:
    words = {"mode": "project", "title": "t", "description": "d", "category": "design-logo"}
    made = client.post("/v1/jobs", words)

    assert made.status_code == 201
    assert allowed(made)["publish"] == ["incomplete"]


def test_modes_that_are_not_enabled_are_refused_whatever_they_say(db: Db, client: Caller) -> None:
    market.run_as(Profile(modes=("project",)))
    try:
        made = client.post("/v1/jobs", {"mode": "task", "title": "t", "prizes": []})
    finally:
        market.run_as(Profile())

    assert (made.status_code, made.json["code"]) == (422, "mode_not_enabled")
    assert db[JOBS.collection].count_documents({}) == 0


JPY = {"currency": "JPY"}
WRONG = [
    ({"title": ""}, "title"),
    ({"title": "あ" * 201}, "title"),
    ({"title": "abc\u202edef"}, "title"),
    ({"description": "  "}, "description"),
    ({"description": "あ" * 20_001}, "description"),
    ({"category": "design"}, "category"),
    ({"category": {"gt": ""}}, "category"),
    ({"category": {"$gt": ""}}, "$gt"),
    ({"mode": "hourly"}, "mode"),
    ({"skills": "Illustrator"}, "skills"),
    ({"skills": ["a"] * 21}, "skills"),
    ({"experience": "lots"}, "experience"),
    ({"openings": 0}, "openings"),
    ({"openings": -1}, "openings"),
    ({"openings": 10**9}, "openings"),
    ({"openings": True}, "openings"),
    ({"openings": 1.0}, "openings"),
    ({"deadline_at": "2020-01-01T00:00:00Z"}, "deadline_at"),
    ({"deadline_at": "9999-01-01T00:00:00Z"}, "deadline_at"),
    ({"deadline_at": "2030-01-01T00:00:00"}, "deadline_at"),
    ({"deadline_at": "10000-01-01T00:00:00Z"}, "deadline_at"),
    ({"proposals_close_at": "2020-01-01T00:00:00Z"}, "proposals_close_at"),
    ({"budget": {"min": {"amount": 0, **JPY}, "max": {"amount": 5, **JPY}}}, "budget.min.amount"),
    ({"budget": {"min": {"amount": -1, **JPY}, "max": {"amount": 5, **JPY}}}, "budget.min.amount"),
    ({"budget": {"min": {"amount": 1, **JPY}, "max": {"amount": 1.5, **JPY}}}, "budget.max.amount"),
    ({"budget": {"min": {"amount": 1, **JPY}, "max": {"amount": "5", **JPY}}}, "budget.max.amount"),
    (
        {"budget": {"min": {"amount": 1, **JPY}, "max": {"amount": True, **JPY}}},
        "budget.max.amount",
    ),
    (
        {"budget": {"min": {"amount": 1, **JPY}, "max": {"amount": 10**12 + 1, **JPY}}},
        "budget.max.amount",
    ),
    (
        {"budget": {"min": yen(1).words(), "max": {"amount": 5, "currency": "XXX"}}},
        "budget.max.currency",
    ),
    ({"budget": {"min": yen(5).words(), "max": yen(1).words()}}, "budget.max"),
    ({"state": "open"}, "state"),
    ({"client_id": "mem_1"}, "client_id"),
    ({"version": 7}, "version"),
]


@pytest.mark.parametrize(("over", "field"), WRONG)
def test_wrong_words_are_refused_where_they_stand(
    db: Db, client: Caller, over: dict[str, Any], field: str
) -> None:
    made = client.post("/v1/jobs", job_words(**over))

    assert made.status_code == 422, made.json
    assert field in made.json["fields"]
    assert db[JOBS.collection].count_documents({}) == 0


@pytest.mark.parametrize("name", ["mode", "title", "description", "category"])
def test_what_every_draft_says_cannot_be_left_out(client: Caller, name: str) -> None:
    words = job_words()
    del words[name]

    assert client.post("/v1/jobs", words).status_code == 422


def test_the_same_request_drafts_once(db: Db, client: Caller, stranger: Caller) -> None:
    words = job_words()
    first = client.post("/v1/jobs", words, key="k")
    again = client.post("/v1/jobs", words, key="k")
    other = client.post("/v1/jobs", job_words(title="別の仕事"), key="k")
    theirs = stranger.post("/v1/jobs", words, key="k")

    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert theirs.json["id"] != first.json["id"]
    assert db[JOBS.collection].count_documents({}) == 2


# who sees what


def test_a_draft_is_seen_by_its_client_alone(
    client: Caller, stranger: Caller, nobody: Caller
) -> None:
    path = draft(client)
    routes = ["", "/timeline", "/questions"]

    assert [client.get(path + r).status_code for r in routes] == [200, 200, 200]
    for caller in (stranger, nobody):
        assert [caller.get(path + r).status_code for r in routes] == [404, 404, 404]
    assert stranger.get(f"{path}/proposals").json["code"] == "no_such_job"


def test_a_published_job_is_public_and_stays_so(
    db: Db, client: Caller, stranger: Caller, nobody: Caller
) -> None:
    for state in ("open", "closed", "completed"):
        path = kept(db, client, state)

        assert nobody.get(path).json["state"] == state
        assert nobody.get(path).json["actions"] == []
    assert set(allowed(stranger.get(published(client)))) == {"propose", "ask"}


@pytest.mark.parametrize("id_", ["1", "..%2F", "z" * 24, "job_" + "0" * 32, "$where"])
def test_what_is_no_job_is_not_found(client: Caller, id_: str) -> None:
    assert client.get(f"/v1/jobs/{id_}").status_code == 404
    assert client.post(f"/v1/jobs/{id_}/publish").status_code == 404


@pytest.mark.parametrize("move", ["publish", "close", "cancel"])
def test_only_the_client_moves_a_job(
    db: Db, client: Caller, stranger: Caller, nobody: Caller, move: str
) -> None:
    hidden, seen = draft(client), published(client)
    before = everything(db)

    assert stranger.post(f"{hidden}/{move}").status_code == 404
    refused = stranger.post(f"{seen}/{move}")
    assert (refused.status_code, refused.json["code"]) == (403, "not_the_client")
    assert nobody.post(f"{seen}/{move}").status_code == 401
    assert everything(db) == before


# editing


def edit(client: Caller, path: str, words: Any, version: str = "*") -> Any:
    """Send a PATCH."""
    return client.send("PATCH", path, words, If_Match=version)


def test_an_edit_names_the_version_it_changes(db: Db, client: Caller) -> None:
    path = draft(client)
    missing = client.send("PATCH", path, {"title": "New"})
    stale = edit(client, path, {"title": "New"}, '"7"')
    edited = edit(client, path, {"title": "New", "budget": None}, '"1"')

    assert (missing.status_code, stale.status_code) == (428, 412)
    assert edited.status_code == 200
    assert edited.headers["ETag"] == '"2"'
    assert (edited.json["title"], edited.json["budget"]) == ("New", None)
    assert edit(client, path, {"title": "Late"}, '"1"').status_code == 412
    assert client.get(path).json["title"] == "New"


def test_an_open_job_is_edited_only_to_the_good(client: Caller) -> None:
    path = published(client)
    more = client.get(path).json["description"] + "\n追記です。"

    assert edit(client, path, {"description": more}).status_code == 200
    refused = edit(client, path, {"title": "別の仕事", "description": "短く"})
    assert (refused.status_code, refused.json["code"]) == (409, "fixed_while_open")
    assert set(refused.json["fields"]) == {"title", "description"}
    assert client.get(path).json["title"] == TITLE


def test_nothing_is_edited_after_a_selection(db: Db, client: Caller) -> None:
    path = kept(db, client, "open", openings=2)
    selections = [{"proposal_id": "p", "offer_id": "o", "worker_id": "w", "state": "reserved"}]
    selections[0].update(at=clock.now(), contract_id=None)
    db[JOBS.collection].update_one({}, {"$set": {"project.selections": selections}})

    refused = edit(client, path, {"openings": 3})

    assert (refused.status_code, refused.json["code"]) == (409, "already_selected")


@pytest.mark.parametrize("state", sorted(set(STATES) - {"draft", "open"}))
def test_what_has_ended_is_not_edited(db: Db, client: Caller, state: str) -> None:
    path = kept(db, client, state)

    assert edit(client, path, {"title": "New"}).json["code"] == "wrong_state"


def test_only_the_client_edits(client: Caller, stranger: Caller) -> None:
    assert edit(stranger, draft(client), {"title": "New"}).status_code == 404
    assert edit(stranger, published(client), {"title": "New"}).status_code == 403


def test_an_edit_is_checked_like_a_draft(client: Caller) -> None:
    path = draft(client)

    for words in ({"mode": "task"}, {"state": "open"}, {"openings": 0}, {"deadline_at": "soon"}):
        assert edit(client, path, words).status_code == 422


# publishing, closing, cancelling


def test_publishing_opens_a_job_once(client: Caller, nobody: Caller) -> None:
    path = draft(client)
    opened = client.post(f"{path}/publish", key="k")
    again = client.post(f"{path}/publish", key="k")
    twice = client.post(f"{path}/publish")

    assert (opened.status_code, opened.json["state"]) == (200, "open")
    assert opened.json["next"] == {
        "actor": "client",
        "action": "select",
        "by": opened.json["proposals_close_at"],
        "otherwise": "closed",
    }
    assert (again.status_code, again.json["state"]) == (200, "open")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (twice.status_code, twice.json["code"]) == (409, "wrong_state")
    assert nobody.get(path).status_code == 200


def test_an_incomplete_draft_says_what_is_missing(client: Caller) -> None:
    path = draft(client, budget=None, deadline_at=None, proposals_close_at=None)

    refused = client.post(f"{path}/publish")

    assert (refused.status_code, refused.json["code"]) == (422, "incomplete")
    assert set(refused.json["fields"]) == {"budget", "deadline_at"}
    assert client.get(path).json["state"] == "draft"


def test_a_suspended_member_does_not_publish(db: Db, client: Caller) -> None:
    path = draft(client)
    suspend(db, client)

    refused = client.post(f"{path}/publish")

    assert (refused.status_code, refused.json["code"]) == (403, "member_suspended")
    assert allowed(client.get(path))["publish"] == ["member_suspended"]
    assert client.get(path).json["client"]["display_name"] == "花子"


def test_closing_takes_effect_at_once(client: Caller, worker: Caller) -> None:
    path = published(client)
    closed = client.post(f"{path}/close")

    assert (closed.status_code, closed.json["state"], closed.json["next"]) == (200, "closed", None)
    assert client.post(f"{path}/close").json["code"] == "wrong_state"
    assert allowed(worker.get(path)) == {"propose": ["job_not_open"], "ask": ["job_not_open"]}


def test_cancelling_ends_a_draft_and_an_open_job(client: Caller) -> None:
    for path in (draft(client), published(client)):
        cancelled = client.post(f"{path}/cancel")

        assert (cancelled.status_code, cancelled.json["state"]) == (200, "cancelled")
        assert client.post(f"{path}/cancel").json["code"] == "wrong_state"
        assert client.post(f"{path}/publish").status_code == 409


def test_a_job_with_contracts_is_not_cancelled(db: Db, client: Caller) -> None:
    job = a_job(client_id=client.id, openings=2)
    keep(db, JOBS, with_selections(job, a_selection(state="filled")))

    refused = client.post(f"/v1/jobs/{job.id}/cancel")

    assert (refused.status_code, refused.json["code"]) == (409, "has_contracts")
    assert client.get(f"/v1/jobs/{job.id}").json["openings_filled"] == 1


def test_routes_without_words_take_none(client: Caller) -> None:
    path = draft(client)

    assert client.post(f"{path}/publish", {"state": "open"}).status_code == 422
    assert client.post(f"{path}/publish", {}).status_code == 200


# timeline


def test_the_timeline_tells_what_happened_and_what_silence_will_do(
    client: Caller, nobody: Caller
) -> None:
    path = published(client)

    told = nobody.get(f"{path}/timeline").json

    assert [(past["what"], past["by"]) for past in told["past"]] == [("job.opened", "client")]
    assert [future["what"] for future in told["future"]] == [
        "job.proposals_closed",
        "job.cancelled",
    ]
    assert told["future"][0]["at"] == client.get(path).json["proposals_close_at"]
    assert told["future"][0]["if"] == "the client does not select"
