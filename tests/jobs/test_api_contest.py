"""Competitions over HTTP; escrow's part is played by the rules that hear it."""

from typing import Any

import pytest

from services.jobs import contests
from services.jobs.domain import contest
from services.jobs.records import ENTRIES, JOBS
from shared import clock, ids
from shared.store import Store
from tests.callers import Caller
from tests.jobs.builders import DAY, an_event, job_words, yen

ENTRY = {"title": "案A", "description": "手書き風です", "links": ["https://example.com/a.png"]}


def words(**over: Any) -> dict[str, Any]:
    """Return the words of a complete competition."""
    said = job_words()
    for name in ("budget", "proposals_close_at", "openings", "deadline_at"):
        del said[name]
    return {
        **said,
        "mode": "competition",
        "prizes": [yen(30_000).words(), yen(10_000).words()],
        "closes_at": clock.text(clock.now() + 10 * DAY),
        **over,
    }


def opened(client: Caller, store: Store, **over: Any) -> str:
    """Publish a competition, and let escrow say that it is funded."""
    job_id: str = client.post("/v1/jobs", words(**over)).json["id"]
    published = client.post(f"/v1/jobs/{job_id}/publish")
    assert (published.status_code, published.json["state"]) == (202, "awaiting_funding")
    assert published.headers["Location"] == f"/v1/holds/{published.json['hold_id']}"
    store.change(JOBS, job_id, contest.hear, now=clock.now(), what="escrow.funded")
    return job_id


def entered(worker: Caller, job_id: str) -> str:
    """Enter it."""
    made = worker.post(f"/v1/jobs/{job_id}/entries", ENTRY)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/entries/{made.json['id']}"
    return str(made.json["id"])


def give(client: Caller, job_id: str, *entry_ids: str, key: str = "award") -> Any:
    """Award these, in order of rank."""
    awards = [{"rank": n, "entry_id": id_} for n, id_ in enumerate(entry_ids, 1)]
    return client.post(f"/v1/jobs/{job_id}/award", {"awards": awards}, key=key)


def test_a_competition_says_what_it_is(client: Caller, nobody: Caller, store: Store) -> None:
    job_id = opened(client, store, visibility="sealed", no_winner="refund")

    said = nobody.get(f"/v1/jobs/{job_id}").json
    assert said["prizes"] == [yen(30_000).words(), yen(10_000).words()]
    assert (said["visibility"], said["no_winner"], said["entries"]) == ("sealed", "refund", 0)
    assert said["hold_id"] is None
    assert said["next"]["otherwise"] == "closed"
    found = nobody.get("/v1/jobs?mode=competition&min_amount=30000&max_amount=30000").json
    assert [job["id"] for job in found["items"]] == [job_id]
    timeline = nobody.get(f"/v1/jobs/{job_id}/timeline").json
    assert timeline["future"][-1]["what"] == "job.completed"


def test_before_it_is_funded_nobody_sees_it(client: Caller, nobody: Caller) -> None:
    job_id = client.post("/v1/jobs", words()).json["id"]
    client.post(f"/v1/jobs/{job_id}/publish")

    assert nobody.get(f"/v1/jobs/{job_id}").status_code == 404
    assert client.get(f"/v1/jobs/{job_id}").json["next"]["action"] == "fund"


def test_sealed_entries_are_for_their_author_and_the_client(
    client: Caller, worker: Caller, stranger: Caller, nobody: Caller, store: Store
) -> None:
    job_id = opened(client, store, visibility="sealed")
    entry_id = entered(worker, job_id)
    other_id = entered(stranger, job_id)

    def listed(caller: Caller) -> list[str]:
        return [e["id"] for e in caller.get(f"/v1/jobs/{job_id}/entries").json["items"]]

    assert listed(client) == [other_id, entry_id]
    assert (listed(worker), listed(nobody)) == ([entry_id], [])
    assert stranger.get(f"/v1/entries/{entry_id}").status_code == 404
    assert stranger.post(f"/v1/entries/{entry_id}/withdraw").status_code == 404
    client.post(f"/v1/jobs/{job_id}/close")
    assert give(client, job_id, entry_id).status_code == 200
    assert listed(nobody) == [other_id, entry_id]


def test_the_winners_are_chosen_once(
    client: Caller, worker: Caller, stranger: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    first, second = entered(worker, job_id), entered(stranger, job_id)
    assert give(client, job_id, first).json["code"] == "wrong_state"
    closed = client.post(f"/v1/jobs/{job_id}/close").json
    assert (closed["state"], closed["next"]["action"]) == ("closed", "award")

    without = client.post(f"/v1/jobs/{job_id}/award", {"awards": []})
    assert (without.status_code, without.json["code"]) == (422, "invalid_words")
    keyless = client.post(f"/v1/jobs/{job_id}/award", {"awards": [{"rank": 1, "entry_id": first}]})
    assert (keyless.status_code, keyless.json["code"]) == (400, "idempotency_key_required")
    assert give(worker, job_id, first).status_code == 403
    done = give(client, job_id, second)
    again = give(client, job_id, second)
    twice = give(client, job_id, first, key="another")

    assert (done.status_code, done.json["decision"]) == (200, "awarded")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (twice.status_code, twice.json["code"]) == (409, "already_awarded")
    assert worker.get(f"/v1/entries/{first}").json["state"] == "not_chosen"
    won = worker.get(f"/v1/entries/{second}").json
    assert (won["state"], won["rank"], won["favourite"]) == ("won", 1, None)


def test_a_withdrawn_entry_cannot_win(client: Caller, worker: Caller, store: Store) -> None:
    job_id = opened(client, store)
    entry_id = entered(worker, job_id)
    assert client.post(f"/v1/entries/{entry_id}/withdraw").status_code == 403
    worker.post(f"/v1/entries/{entry_id}/withdraw")
    client.post(f"/v1/jobs/{job_id}/close")

    refused = give(client, job_id, entry_id)

    assert (refused.status_code, refused.json["code"]) == (409, "entry_withdrawn")
    assert worker.post(f"/v1/entries/{entry_id}/withdraw").status_code == 409
    assert give(client, job_id, ids.new("ent"), key="unknown").status_code == 422


def test_likes_are_the_clients(client: Caller, worker: Caller, store: Store) -> None:
    entry_id = entered(worker, opened(client, store))

    assert worker.post(f"/v1/entries/{entry_id}/favourite").status_code == 403
    assert client.post(f"/v1/entries/{entry_id}/favourite").json["favourite"] is True
    off = client.post(f"/v1/entries/{entry_id}/favourite", {"favourite": False})
    assert off.json["favourite"] is False
    wrong = client.post(f"/v1/entries/{entry_id}/favourite", {"favourite": "yes"})
    assert wrong.status_code == 422


def test_entering_is_refused_to_its_client_and_when_closed(
    client: Caller, worker: Caller, store: Store
) -> None:
    job_id = opened(client, store)
    assert client.post(f"/v1/jobs/{job_id}/entries", ENTRY).json["code"] == "own_job"
    assert worker.post(f"/v1/jobs/{job_id}/entries", {"title": "x"}).status_code == 422
    proposed = {
        "message": "m",
        "amount": yen(1).words(),
        "deliver_by": clock.text(clock.now() + DAY),
    }
    refused = worker.post(f"/v1/jobs/{job_id}/proposals", proposed)
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_mode")
    entered(worker, job_id)
    cancelled = client.post(f"/v1/jobs/{job_id}/cancel")
    assert (cancelled.status_code, cancelled.json["code"]) == (409, "has_entries")
    client.post(f"/v1/jobs/{job_id}/close")
    assert worker.post(f"/v1/jobs/{job_id}/entries", ENTRY).json["code"] == "job_not_open"
    assert worker.get("/v1/jobs/job_" + "0" * 32 + "/entries").status_code == 404


def test_one_person_has_so_many_entries(client: Caller, worker: Caller, store: Store) -> None:
    job_id = opened(client, store)
    for _ in range(20):
        entered(worker, job_id)
    refused = worker.post(f"/v1/jobs/{job_id}/entries", ENTRY)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_entries")


def test_the_time_to_award_is_put_off_once(client: Caller, worker: Caller, store: Store) -> None:
    job_id = opened(client, store)
    path = f"/v1/jobs/{job_id}/extend-selection"
    assert client.post(path).json["code"] == "wrong_state"
    client.post(f"/v1/jobs/{job_id}/close")

    assert worker.post(path).status_code == 403
    assert client.post(path).json["is_extended"] is True
    assert client.post(path).json["code"] == "extended_already"


@pytest.mark.parametrize("liked", [True, False])
def test_without_a_winner_the_prizes_are_shared(
    client: Caller, worker: Caller, stranger: Caller, store: Store, liked: bool
) -> None:
    job_id = opened(client, store)
    first, second = entered(worker, job_id), entered(stranger, job_id)
    if liked:
        client.post(f"/v1/entries/{second}/favourite")
    for days in (10, 24):
        job = store.get(JOBS, job_id)
        assert JOBS.on_wake is not None
        store.change(JOBS, job_id, JOBS.on_wake, now=clock.now() + (days + 1) * DAY)
        assert job.state in ("open", "closed")
    undecided = an_event("competition.undecided", {"job_id": job_id})
    contests.on_undecided(store, undecided, clock.now())
    contests.on_undecided(store, undecided, clock.now())

    said = client.get(f"/v1/jobs/{job_id}").json
    shares = [(a["entry_id"], a["amount"]["amount"]) for a in said["awards"]]
    assert said["decision"] == "split"
    assert shares == ([(second, 40_000)] if liked else [(first, 20_000), (second, 20_000)])
    contests.on_decided(store, an_event("competition.split", {"job_id": job_id}), clock.now())
    assert {e["state"] for e in store.db[ENTRIES.collection].find()} == {"not_chosen"}


def test_a_competition_that_nobody_entered_ends_at_once(client: Caller, store: Store) -> None:
    job_id = opened(client, store)
    client.post(f"/v1/jobs/{job_id}/close")
    contests.on_closed(store, an_event("competition.closed", {"job_id": job_id}), clock.now())

    assert client.get(f"/v1/jobs/{job_id}").json["decision"] == "void"
