"""Each route and each status it documents."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.notify import queries
from services.notify.api import feed as feed_api
from services.notify.reactions import REACTIONS
from shared import clock, engine, ids
from shared.events import Event
from shared.store import Store
from tests.notify.builders import (
    CLIENT,
    JOB,
    STRANGER,
    TITLE,
    WORKER,
    a_member,
    an_event,
)
from tests.notify.conftest import As

FAR = "2126-12-07T00:00:00.000Z"
ROUTES = [
    ("get", "/v1/notifications"),
    ("post", f"/v1/notifications/{ids.new('ntf')}/read"),
    ("get", "/v1/todo"),
    ("get", "/v1/notification-preferences"),
    ("put", "/v1/notification-preferences"),
    ("get", "/v1/events"),
    ("get", "/v1/stream"),
]


def tell(store: Store, *events: Event, ago_s: float = 0) -> None:
    """Let notify hear these events; `ago_s`: as if the feed had kept them so long ago."""
    for event in events:
        engine.handle_one(store, REACTIONS, event, now=clock.now())
        if ago_s:
            at = clock.now() - timedelta(seconds=ago_s)
            store.mark("feed", {"_id": event.id}, {"kept_at": at})


def items(answer: Any) -> list[dict[str, Any]]:
    """Return the items of a list that was answered."""
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_gets_anything_without_a_token(http: FlaskClient, method: str, path: str) -> None:
    assert http.open(path, method=method.upper()).status_code == 401


# the inbox


def test_a_notice_says_what_to_do_where_until_when_and_why(
    http: FlaskClient, store: Store, as_: As
) -> None:
    event = an_event("offer.sent", answer_by=FAR)
    a_member(store, CLIENT, "佐藤花子")
    a_member(store, WORKER, "山田太郎", locale="ja")
    tell(store, event)

    (notice,) = items(http.get("/v1/notifications", headers=as_(WORKER)))

    texts = notice.pop("text")
    assert notice.pop("id").startswith("ntf_")
    assert clock.parse(notice.pop("at")) <= clock.now()
    assert notice == {
        "level": "act",
        "state": "open",
        "locale": "ja",
        "title": "佐藤花子さんからオファーが届きました",
        "body": texts["ja"]["body"],
        "about": event.subject,
        "href": f"/v1/offers/{event.data['offer_id']}",
        "action": "answer",
        "by": FAR,
        "otherwise": "expired",
        "read_at": None,
        "withdrawn_at": None,
        "reminded_at": None,
        "why": {
            "type": "offer.sent",
            "event_id": event.id,
            "role": "worker",
            "text": f"「{TITLE}」を受注または提案しているあなたにお知らせしています。",
            "can_mute": ["mail"],
        },
    }
    assert texts["en"]["title"] == "佐藤花子 sent you an offer"


@pytest.mark.parametrize(
    ("chosen", "header", "shown"),
    [
        ("en", None, "en"),
        ("en", "ja;q=0.9, en;q=0.5", "ja"),
        ("ja", "en-GB,en;q=0.8", "en"),
        ("ja", "fr", "ja"),
        (None, None, "ja"),
    ],
)
def test_the_language_is_the_member_s_unless_the_request_asks_for_another(
    http: FlaskClient, store: Store, as_: As, chosen: str | None, header: str | None, shown: str
) -> None:
    if chosen:
        a_member(store, WORKER, "Taro", locale=chosen)
    tell(store, an_event("offer.sent", answer_by=FAR))
    headers = as_(WORKER) | ({"Accept-Language": header} if header else {})

    (notice,) = items(http.get("/v1/notifications", headers=headers))

    assert notice["locale"] == shown
    assert notice["title"] == notice["text"][shown]["title"]


def test_a_stranger_is_told_nothing(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("contract.formed", fund_by=FAR), ago_s=3)

    for path in ("/v1/notifications", "/v1/todo", "/v1/events"):
        assert items(http.get(path, headers=as_(STRANGER))) == []


def test_the_inbox_goes_back_page_by_page(http: FlaskClient, store: Store, as_: As) -> None:
    events = [an_event("message.sent") for _ in range(5)]
    for event in events:
        tell(store, event)
    seen: list[str] = []
    cursor = ""

    while True:
        answer = http.get(f"/v1/notifications?limit=2{cursor}", headers=as_(WORKER))
        seen += [n["why"]["event_id"] for n in items(answer)]
        if answer.json["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json['next_cursor']}"

    assert sorted(seen) == [e.id for e in events]


def test_unread_leaves_out_what_was_read_or_is_moot(
    http: FlaskClient, store: Store, as_: As
) -> None:
    offer = an_event("offer.sent", answer_by=FAR)
    tell(store, offer, an_event("message.sent"), an_event("proposal.declined"))
    tell(store, an_event("offer.accepted", version=2))
    (declined,) = [
        n
        for n in items(http.get("/v1/notifications", headers=as_(WORKER)))
        if n["why"]["type"] == "proposal.declined"
    ]
    http.post(f"/v1/notifications/{declined['id']}/read", headers=as_(WORKER))

    def types(query: str) -> list[str]:
        found = items(http.get(f"/v1/notifications{query}", headers=as_(WORKER)))
        return sorted(n["why"]["type"] for n in found)

    assert types("?unread=true") == ["message.sent"]
    assert types("?unread=false") == ["offer.sent", "proposal.declined"]
    assert types("") == ["message.sent", "offer.sent", "proposal.declined"]


@pytest.mark.parametrize(
    "query", ["unread=maybe", "limit=0", "limit=101", "limit=-1", "cursor=x", "colour=red"]
)
def test_bad_questions_to_the_inbox_are_refused(http: FlaskClient, as_: As, query: str) -> None:
    assert http.get(f"/v1/notifications?{query}", headers=as_(WORKER)).status_code == 422


def test_reading_is_once_and_repeatable(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("message.sent"))
    (notice,) = items(http.get("/v1/notifications", headers=as_(WORKER)))
    path = f"/v1/notifications/{notice['id']}/read"
    headers = as_(WORKER) | {"Idempotency-Key": "k1"}

    first = http.post(path, headers=headers)
    again = http.post(path, headers=headers)
    another = http.post(path, headers=as_(WORKER))

    assert [a.status_code for a in (first, again, another)] == [200, 200, 200]
    assert first.json["read_at"] == again.json["read_at"] == another.json["read_at"] is not None
    assert again.headers["Idempotency-Replayed"] == "true"


def test_another_s_notice_cannot_be_read(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("message.sent"))
    (notice,) = items(http.get("/v1/notifications", headers=as_(WORKER)))

    refused = http.post(f"/v1/notifications/{notice['id']}/read", headers=as_(CLIENT))
    missing = http.post(f"/v1/notifications/{ids.new('ntf')}/read", headers=as_(CLIENT))

    assert refused.status_code == missing.status_code == 404
    assert refused.json["code"] == missing.json["code"] == "no_such_notice"
    (unchanged,) = items(http.get("/v1/notifications?unread=true", headers=as_(WORKER)))
    assert unchanged["read_at"] is None


def test_reading_takes_no_words(http: FlaskClient, store: Store, as_: As) -> None:
    answer = http.post(
        f"/v1/notifications/{ids.new('ntf')}/read", headers=as_(WORKER), json={"read_at": "now"}
    )

    assert answer.status_code == 422


# the to-do list


def test_the_most_urgent_comes_first_and_what_has_no_deadline_last(
    http: FlaskClient, store: Store, as_: As
) -> None:
    days = ["2126-12-09T00:00:00.000Z", "2126-12-07T00:00:00.000Z", "2126-12-08T00:00:00.000Z"]
    tell(store, an_event("proposal.submitted", select_by=None))
    for n, day in enumerate(days):
        tell(store, an_event("contract.formed", contract_id=f"con_{n}", fund_by=day))

    first = http.get("/v1/todo?limit=2", headers=as_(CLIENT))
    rest = http.get(f"/v1/todo?cursor={first.json['next_cursor']}", headers=as_(CLIENT))

    assert [n["by"] for n in items(first) + items(rest)] == [*sorted(days), None]
    assert rest.json["next_cursor"] is None


def test_what_is_to_know_is_not_to_do(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("contract.formed", fund_by=FAR))

    assert [n["action"] for n in items(http.get("/v1/todo", headers=as_(CLIENT)))] == ["fund"]
    assert items(http.get("/v1/todo", headers=as_(WORKER))) == []


def test_reading_a_to_do_does_not_do_it(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("offer.sent", answer_by=FAR))
    (todo,) = items(http.get("/v1/todo", headers=as_(WORKER)))

    http.post(f"/v1/notifications/{todo['id']}/read", headers=as_(WORKER))

    assert [n["id"] for n in items(http.get("/v1/todo", headers=as_(WORKER)))] == [todo["id"]]


@pytest.mark.parametrize("query", ["limit=x", "cursor=e30", "unread=true"])
def test_bad_questions_to_the_to_do_list_are_refused(
    http: FlaskClient, as_: As, query: str
) -> None:
    assert http.get(f"/v1/todo?{query}", headers=as_(WORKER)).status_code == 422


# preferences

PREFERENCES = "/v1/notification-preferences"


def test_everything_is_on_until_it_is_switched_off(http: FlaskClient, as_: As) -> None:
    before = http.get(PREFERENCES, headers=as_(WORKER))
    words = {"types": [{"type": "message.sent", "mail": False}]}

    answer = http.put(
        PREFERENCES, headers=as_(WORKER) | {"If-Match": before.headers["ETag"]}, json=words
    )

    assert all(one["inbox"] and one["mail"] for one in before.json["types"])
    assert answer.status_code == 200
    after = http.get(PREFERENCES, headers=as_(WORKER))
    assert answer.json == after.json
    assert answer.headers["ETag"] == after.headers["ETag"] != before.headers["ETag"]
    assert [one for one in after.json["types"] if not one["mail"]] == [
        {"type": "message.sent", "inbox": True, "mail": False, "always": False}
    ]


def test_quiet_hours_zone_and_digest_are_kept_and_taken_back(http: FlaskClient, as_: As) -> None:
    when = {
        "zone": "Europe/Berlin",
        "quiet": {"from": "22:00", "to": "07:00"},
        "digest": {"at": "08:30"},
    }
    headers = as_(WORKER) | {"If-Match": "*"}

    kept = http.put(PREFERENCES, headers=headers, json={"types": [], **when})
    back = http.put(PREFERENCES, headers=headers, json={"types": []})

    assert kept.status_code == back.status_code == 200
    assert {name: kept.json[name] for name in when} == when
    assert {name: back.json[name] for name in when} == dict.fromkeys(when)


def test_times_are_told_in_the_member_s_own_zone(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("offer.sent", answer_by=FAR))
    words = {"types": [], "zone": "Europe/Berlin"}
    http.put(PREFERENCES, headers=as_(WORKER) | {"If-Match": "*"}, json=words)

    (notice,) = items(http.get("/v1/notifications", headers=as_(WORKER)))

    assert "2126年12月7日(土) 1:00" in notice["text"]["ja"]["body"]
    assert "Dec 7, 2126, 1:00 AM GMT+01:00" in notice["text"]["en"]["body"]


def test_a_muted_type_is_not_in_the_inbox(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("message.sent"), an_event("proposal.declined"))
    http.put(
        PREFERENCES,
        headers=as_(WORKER) | {"If-Match": "*"},
        json={"types": [{"type": "message.sent", "inbox": False}]},
    )

    left = items(http.get("/v1/notifications", headers=as_(WORKER)))

    assert [n["why"]["type"] for n in left] == ["proposal.declined"]


def test_stale_or_missing_versions_are_refused(http: FlaskClient, as_: As) -> None:
    words: dict[str, Any] = {"types": [{"type": "message.sent", "mail": False}]}
    tag = http.get(PREFERENCES, headers=as_(WORKER)).headers["ETag"]

    missing = http.put(PREFERENCES, headers=as_(WORKER), json=words)
    first = http.put(PREFERENCES, headers=as_(WORKER) | {"If-Match": tag}, json=words)
    stale = http.put(PREFERENCES, headers=as_(WORKER) | {"If-Match": tag}, json={"types": []})

    assert (missing.status_code, first.status_code, stale.status_code) == (428, 200, 412)
    assert http.get(PREFERENCES, headers=as_(WORKER)).json == first.json


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"types": [{"type": "no.such"}]},
        {"types": [{"type": "message.sent", "mail": 1}]},
        {"types": [{"type": "offer.sent", "inbox": False}]},
        {"types": [], "version": 7},
        {"types": [{"type": "message.sent"}] * 1000},
        {"types": [], "zone": "Mars/Base"},
        {"types": [], "quiet": {"from": "22:00"}},
        {"types": [], "quiet": {"from": "24:00", "to": "07:00"}},
        {"types": [], "digest": {"at": "8"}},
    ],
)
def test_bad_preferences_are_refused_and_change_nothing(
    http: FlaskClient, as_: As, words: dict[str, Any]
) -> None:
    before = http.get(PREFERENCES, headers=as_(WORKER))
    headers = as_(WORKER) | {"If-Match": before.headers["ETag"]}

    answer = http.put(PREFERENCES, headers=headers, json=words)

    assert answer.status_code == 422
    after = http.get(PREFERENCES, headers=as_(WORKER))
    assert (after.json, after.headers["ETag"]) == (before.json, before.headers["ETag"])


# the feed


def test_the_feed_shows_what_concerns_the_caller_in_its_own_words(
    http: FlaskClient, store: Store, as_: As
) -> None:
    event = an_event("job.completed")
    tell(store, event, ago_s=3)

    answer = http.get("/v1/events", headers=as_(CLIENT))

    assert items(answer) == [
        {
            "id": event.id,
            "type": "job.completed",
            "subject": JOB,
            "time": event.time,
            "data": {
                "job_id": JOB,
                "client_id": CLIENT,
                "mode": "mode",
                "title": TITLE,
            },
        }
    ]
    assert items(http.get("/v1/events", headers=as_(WORKER))) == []


def test_each_side_s_own_money_is_left_out_for_the_other(
    http: FlaskClient, store: Store, as_: As
) -> None:
    tell(store, an_event("escrow.released"), ago_s=3)

    (client,) = items(http.get("/v1/events", headers=as_(CLIENT)))
    (worker,) = items(http.get("/v1/events", headers=as_(WORKER)))

    assert set(worker["data"]) - set(client["data"]) == {"worker_gets", "fee"}


def test_the_feed_is_read_to_its_end_goes_on_and_can_be_read_again(
    http: FlaskClient, store: Store, as_: As
) -> None:
    events = [an_event("message.sent") for _ in range(5)]
    for ago_s, event in zip(range(9, 4, -1), events, strict=True):
        tell(store, event, ago_s=ago_s)

    first = http.get("/v1/events?limit=3", headers=as_(WORKER))
    rest = http.get(f"/v1/events?after={first.json['next_cursor']}", headers=as_(WORKER))
    nothing = http.get(f"/v1/events?after={rest.json['after']}", headers=as_(WORKER))
    late = an_event("message.sent")
    tell(store, late, ago_s=3)
    more = http.get(f"/v1/events?after={nothing.json['after']}", headers=as_(WORKER))
    again = http.get(f"/v1/events?limit=3&after={first.json['next_cursor']}", headers=as_(WORKER))

    assert [e["id"] for e in items(first) + items(rest)] == [e.id for e in events]
    assert first.json["after"] == first.json["next_cursor"]
    assert rest.json["next_cursor"] is None
    assert (items(nothing), nothing.json["after"]) == ([], rest.json["after"])
    assert [e["id"] for e in items(more)] == [late.id]
    assert [e["id"] for e in items(again)] == [events[3].id, events[4].id, late.id]


def test_the_feed_stops_two_seconds_before_now(http: FlaskClient, store: Store, as_: As) -> None:
    """Else a write that commits late would stand before a cursor that has passed it."""
    tell(store, an_event("message.sent"))

    assert items(http.get("/v1/events", headers=as_(WORKER))) == []


@pytest.mark.parametrize("query", ["after=x", "after=", "limit=0", "limit=101", "cursor=x"])
def test_bad_questions_to_the_feed_are_refused(http: FlaskClient, as_: As, query: str) -> None:
    assert http.get(f"/v1/events?{query}", headers=as_(WORKER)).status_code == 422


def test_a_cursor_of_another_list_is_refused(http: FlaskClient, store: Store, as_: As) -> None:
    tell(store, an_event("message.sent"), an_event("message.sent"))
    cursor = http.get("/v1/notifications?limit=1", headers=as_(WORKER)).json["next_cursor"]

    refused = http.get(f"/v1/events?after={cursor}", headers=as_(WORKER))

    assert (refused.status_code, refused.json["code"]) == (422, "bad_cursor")


# the stream


def test_the_stream_goes_on_where_it_ended(
    http: FlaskClient, store: Store, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_api, "STREAM_S", 0.1)
    monkeypatch.setattr(feed_api, "POLL_S", 0.05)
    first, second = an_event("message.sent"), an_event("proposal.declined")
    tell(store, first, ago_s=5)
    tell(store, second, ago_s=4)
    after = http.get("/v1/events?limit=1", headers=as_(WORKER)).json["after"]

    answer = http.get("/v1/stream", headers=as_(WORKER) | {"Last-Event-ID": after})

    assert answer.mimetype == "text/event-stream"
    lines = answer.text.splitlines()
    assert lines[0].startswith("retry: ")
    assert f"event: {second.type}" in lines
    (data,) = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert data["id"] == second.id
    (at,) = [line[4:] for line in lines if line.startswith("id: ")]
    assert items(http.get(f"/v1/events?after={at}", headers=as_(WORKER))) == []


def test_a_stream_without_a_last_id_begins_now_and_shows_that_it_lives(
    http: FlaskClient, store: Store, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_api, "STREAM_S", 0.1)
    monkeypatch.setattr(feed_api, "POLL_S", 0.02)
    monkeypatch.setattr(feed_api, "HEARTBEAT_S", 0.01)
    tell(store, an_event("message.sent"), ago_s=5)

    answer = http.get("/v1/stream", headers=as_(WORKER))

    assert "data:" not in answer.text
    assert ": still here" in answer.text


def test_streams_leave_threads_for_others(
    http: FlaskClient, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_api, "_streams", threading.BoundedSemaphore(1))
    open_one = http.get("/v1/stream", headers=as_(WORKER), buffered=False)

    refused = http.get("/v1/stream", headers=as_(WORKER))
    open_one.close()
    again = http.get("/v1/stream", headers=as_(WORKER))

    assert (refused.status_code, refused.json["code"]) == (429, "too_many_streams")
    assert refused.headers["Retry-After"]
    assert again.status_code == 200
    again.close()


def test_a_bad_last_event_id_is_refused(http: FlaskClient, as_: As) -> None:
    refused = http.get("/v1/stream", headers=as_(WORKER) | {"Last-Event-ID": "x"})

    assert (refused.status_code, refused.json["code"]) == (422, "bad_cursor")


def test_what_only_streams_is_not_given_to_who_wants_json(http: FlaskClient, as_: As) -> None:
    headers = as_(WORKER) | {"Accept": "application/json"}

    assert http.get("/v1/stream", headers=headers).status_code == 406


# queries


def test_every_list_and_every_withdrawal_is_found_by_index(
    http: FlaskClient, store: Store, as_: As
) -> None:
    tell(store, *[an_event("contract.formed", fund_by=FAR) for _ in range(5)], ago_s=3)
    store.db.command("profile", 2)

    for path in ("notifications", "notifications?unread=true", "todo", "events"):
        assert items(http.get(f"/v1/{path}", headers=as_(CLIENT)))
    tell(store, an_event("escrow.funded"), an_event("delivery.submitted"))

    store.db.command("profile", 0)
    seen = list(store.db["system.profile"].find({"planSummary": {"$exists": True}}))
    assert {"notices", "feed"} <= {entry["ns"].partition(".")[2] for entry in seen}
    assert not [e for e in seen if "COLLSCAN" in e["planSummary"] or e.get("hasSortStage")]


def test_names_of_members_are_found_in_one_read(store: Store) -> None:
    a_member(store, CLIENT, "佐藤花子")

    assert queries.names(store.db, [CLIENT, WORKER, CLIENT]) == {CLIENT: "佐藤花子"}
