"""The routes of webhooks and each status they document; and what their senders do."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.notify import config
from services.notify.config import Config
from services.notify.domain import webhook
from services.notify.reactions import REACTIONS
from services.notify.records import DELIVERIES, WEBHOOKS
from services.notify.usecases import hooks
from services.notify.usecases.senders import Senders
from shared import clock, engine, ids
from shared.events import Event
from shared.store import Store
from tests.notify.builders import CLIENT, STRANGER, WORKER, an_event
from tests.notify.conftest import As
from tests.notify.receivers import Receiver, receiver

ROUTES = [
    ("post", "/v1/webhooks"),
    ("get", "/v1/webhooks"),
    ("get", "/v1/webhooks/whk_1"),
    ("delete", "/v1/webhooks/whk_1"),
    ("post", "/v1/webhooks/whk_1/rotate"),
    ("post", "/v1/webhooks/whk_1/enable"),
    ("get", "/v1/webhooks/whk_1/deliveries"),
    ("post", "/v1/webhooks/whk_1/deliveries/dlv_1/redeliver"),
]


@pytest.fixture(autouse=True)
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks may go to this machine, as in a test deployment that says so."""
    monkeypatch.setattr(config, "here", lambda: Config(webhook_loopback=True))


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver on this machine."""
    with receiver() as there:
        yield there


def registered(http: FlaskClient, headers: dict[str, str], url: str, *types: str) -> dict[str, Any]:
    answer = http.post("/v1/webhooks", headers=headers, json={"url": url, "types": list(types)})
    assert answer.status_code == 201, answer.json
    said: dict[str, Any] = answer.json
    return said


def hear(store: Store, *events: Event) -> None:
    for event in events:
        engine.handle_one(store, REACTIONS, event, now=clock.now())


def send_all(store: Store) -> int:
    """Post everything that is due, in this thread; return how many were posted."""
    count = 0
    while hooks.SENDERS._one(store):
        count += 1
    return count


def deliveries(http: FlaskClient, headers: dict[str, str], id_: str, query: str = "") -> Any:
    answer = http.get(f"/v1/webhooks/{id_}/deliveries{query}", headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json["items"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_gets_anything_without_a_token(http: FlaskClient, method: str, path: str) -> None:
    assert http.open(path, method=method.upper()).status_code == 401


def test_a_webhook_is_registered_listed_and_deleted(
    http: FlaskClient, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url, "offer.accepted", "offer.accepted")

    (listed,) = http.get("/v1/webhooks", headers=as_(CLIENT)).json["items"]
    one = http.get(f"/v1/webhooks/{made['id']}", headers=as_(CLIENT))
    assert made["secret"].startswith("whsec_")
    assert listed == one.json == made | {"secret": None}
    assert (made["types"], made["state"]) == (["offer.accepted"], "active")
    assert http.delete(f"/v1/webhooks/{made['id']}", headers=as_(CLIENT)).status_code == 204
    assert http.get("/v1/webhooks", headers=as_(CLIENT)).json["items"] == []
    assert http.get(f"/v1/webhooks/{made['id']}", headers=as_(CLIENT)).status_code == 404


def test_a_registration_sent_twice_is_one_webhook(
    http: FlaskClient, as_: As, there: Receiver
) -> None:
    headers = as_(CLIENT) | {"Idempotency-Key": "k"}

    first = http.post("/v1/webhooks", headers=headers, json={"url": there.url})
    again = http.post("/v1/webhooks", headers=headers, json={"url": there.url})

    assert first.json == again.json
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(("method", "path"), ROUTES[2:])
def test_another_s_webhook_is_not_there(
    http: FlaskClient, store: Store, as_: As, there: Receiver, method: str, path: str
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    hear(store, an_event("job.completed"))
    (one,) = deliveries(http, as_(CLIENT), made["id"])
    path = path.replace("whk_1", made["id"]).replace("dlv_1", one["id"])

    refused = http.open(path, method=method.upper(), headers=as_(STRANGER))

    assert (refused.status_code, refused.json["code"]) == (404, "no_such_webhook")
    assert http.get(f"/v1/webhooks/{made['id']}", headers=as_(CLIENT)).json["state"] == "active"


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"url": ""},
        {"url": "http://10.0.0.1/"},
        {"url": "https://169.254.169.254/"},
        {"url": "file:///etc/passwd"},
        {"url": "https://localhost.invalid/"},
        {"url": "http://127.0.0.1:1/", "types": ["no.such"]},
        {"url": "http://127.0.0.1:1/", "secret": "mine"},
        {"url": "http://127.0.0.1:1/" + "x" * 500},
    ],
)
def test_a_bad_webhook_is_refused_and_nothing_kept(
    http: FlaskClient, as_: As, words: dict[str, Any]
) -> None:
    assert http.post("/v1/webhooks", headers=as_(CLIENT), json=words).status_code == 422
    assert http.get("/v1/webhooks", headers=as_(CLIENT)).json["items"] == []


def test_without_a_test_deployment_this_machine_is_refused(
    http: FlaskClient, as_: As, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "here", Config)

    refused = http.post("/v1/webhooks", headers=as_(CLIENT), json={"url": there.url})

    assert (refused.status_code, refused.json["code"]) == (422, "webhook_url_refused")
    assert refused.json["fields"]["url"]


def test_a_member_has_few_webhooks(http: FlaskClient, as_: As, there: Receiver) -> None:
    for _ in range(webhook.WEBHOOKS_MAX):
        registered(http, as_(CLIENT), there.url)

    refused = http.post("/v1/webhooks", headers=as_(CLIENT), json={"url": there.url})

    assert (refused.status_code, refused.json["code"]) == (409, "too_many_webhooks")


def test_what_concerns_its_member_is_posted_and_verified(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url, "job.completed", "escrow.released")
    other = an_event("payout.paid", member_id=STRANGER)
    hear(store, an_event("job.completed"), an_event("escrow.released"), other)
    hear(store, an_event("offer.accepted"))

    assert send_all(store) == 2

    bodies = {body["type"]: body for body in there.verified(made["secret"])}
    assert set(bodies) == {"job.completed", "escrow.released"}
    assert not {"worker_gets", "fee"} & set(bodies["escrow.released"]["data"])
    (first, second) = deliveries(http, as_(CLIENT), made["id"])
    assert {first["state"], second["state"]} == {"delivered"}
    assert [a["status"] for a in first["attempts"]] == [200]
    assert {headers["webhook-id"] for headers, _ in there.posts} == {
        first["event_id"],
        second["event_id"],
    }


def test_an_event_heard_again_is_posted_once(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    registered(http, as_(CLIENT), there.url)
    event = an_event("job.completed")

    hear(store, event, event)
    send_all(store)
    hear(store, event)
    send_all(store)

    assert len(there.posts) == 1


def test_both_secrets_sign_during_a_rotation(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    path = f"/v1/webhooks/{made['id']}/rotate"
    rotated = http.post(path, headers=as_(CLIENT) | {"Idempotency-Key": "r"})
    replayed = http.post(path, headers=as_(CLIENT) | {"Idempotency-Key": "r"})
    hear(store, an_event("job.completed"))

    send_all(store)

    assert rotated.status_code == 200
    assert rotated.json["secret"] == replayed.json["secret"] != made["secret"]
    assert rotated.json["rotates_until"] is not None
    assert there.verified(made["secret"]) == there.verified(rotated.json["secret"])


def test_what_failed_is_tried_again_later_and_can_be_asked_for(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    hear(store, an_event("job.completed"))
    there.status = 503
    assert send_all(store) == 1
    assert send_all(store) == 0
    (waiting,) = deliveries(http, as_(CLIENT), made["id"], "?state=waiting")
    failing = http.get(f"/v1/webhooks/{made['id']}", headers=as_(CLIENT)).json
    there.status = 200

    asked = http.post(
        f"/v1/webhooks/{made['id']}/deliveries/{waiting['id']}/redeliver", headers=as_(CLIENT)
    )
    send_all(store)

    assert asked.status_code == 202
    assert waiting["attempts"][0]["error"] == "status_503"
    assert failing["failing_since"] is not None
    (done,) = deliveries(http, as_(CLIENT), made["id"], "?state=delivered")
    assert [a["status"] for a in done["attempts"]] == [503, 200]
    works = http.get(f"/v1/webhooks/{made['id']}", headers=as_(CLIENT)).json
    assert works["failing_since"] is None


def test_a_delivery_that_is_not_there_cannot_be_delivered_again(
    http: FlaskClient, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    path = f"/v1/webhooks/{made['id']}/deliveries/{ids.new('dlv')}/redeliver"

    refused = http.post(path, headers=as_(CLIENT))

    assert (refused.status_code, refused.json["code"]) == (404, "no_such_delivery")


def test_who_says_gone_is_disabled_told_and_can_be_enabled(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    hear(store, an_event("job.completed"), an_event("offer.accepted"))
    there.status = 410
    send_all(store)

    gone = http.get(f"/v1/webhooks/{made['id']}", headers=as_(CLIENT)).json
    (first, second) = deliveries(http, as_(CLIENT), made["id"])
    path = f"/v1/webhooks/{made['id']}/deliveries/{first['id']}/redeliver"
    refused = http.post(path, headers=as_(CLIENT))
    enabled = http.post(f"/v1/webhooks/{made['id']}/enable", headers=as_(CLIENT))
    again = http.post(f"/v1/webhooks/{made['id']}/enable", headers=as_(CLIENT))

    assert (gone["state"], gone["disabled_reason"]) == ("disabled", "gone")
    assert len(there.posts) == 1, "what else was waiting is not posted"
    assert {first["state"], second["state"]} == {"failed"}
    assert (refused.status_code, refused.json["code"]) == (409, "webhook_disabled")
    assert (enabled.status_code, enabled.json["state"]) == (200, "active")
    assert (again.status_code, again.json["code"]) == (409, "wrong_state")
    doc = store.db["webhooks"].find_one({"_id": made["id"]}) or {}
    assert [f["type"] for f in doc["outbox"]] == ["webhook.disabled"]


def test_twelve_bad_answers_disable_it(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    hear(store, an_event("job.completed"))
    there.status = 500
    for _ in range(12):
        store.mark(DELIVERIES.collection, {"state": "waiting"}, {"wake_at": clock.now()})
        assert send_all(store) == 1

    assert store.get(WEBHOOKS, made["id"]).state == "disabled"
    assert len(there.posts) == 12


def test_enabling_checks_the_address_again(
    http: FlaskClient, store: Store, as_: As, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    store.mark("webhooks", {"_id": made["id"]}, {"state": "disabled"})
    monkeypatch.setattr(config, "here", Config)

    refused = http.post(f"/v1/webhooks/{made['id']}/enable", headers=as_(CLIENT))

    assert (refused.status_code, refused.json["code"]) == (422, "webhook_url_refused")


def test_an_address_that_became_private_is_refused_at_delivery(
    http: FlaskClient, store: Store, as_: As, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    hear(store, an_event("job.completed"))
    monkeypatch.setattr(config, "here", Config)

    send_all(store)

    (one,) = deliveries(http, as_(CLIENT), made["id"])
    assert (one["state"], one["attempts"][0]["error"]) == ("waiting", "not_https")
    assert there.posts == []


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", "state=lost"])
def test_bad_questions_are_refused(http: FlaskClient, as_: As, there: Receiver, query: str) -> None:
    made = registered(http, as_(CLIENT), there.url)

    path = f"/v1/webhooks/{made['id']}/deliveries?{query}"
    assert http.get(path, headers=as_(CLIENT)).status_code == 422
    if "state" not in query:
        assert http.get(f"/v1/webhooks?{query}", headers=as_(CLIENT)).status_code == 422


# many senders


def test_racing_senders_post_each_delivery_once(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    registered(http, as_(CLIENT), there.url)
    hear(store, *[an_event("job.completed") for _ in range(30)])

    def send_some(_: int) -> None:
        own = Senders(DELIVERIES, hooks.send, threads=1, lane="webhook_id", per_lane=2)
        while own._one(store):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send_some, range(4)))

    assert len(there.posts) == len({headers["webhook-id"] for headers, _ in there.posts}) == 30


def test_who_is_slow_holds_up_nobody_else(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    with receiver(delay_s=0.5) as slow:
        registered(http, as_(WORKER), slow.url)
        hear(store, *[an_event("offer.accepted", client_id=STRANGER) for _ in range(10)])
        registered(http, as_(CLIENT), there.url)
        hear(store, *[an_event("job.completed") for _ in range(10)])
        senders = Senders(DELIVERIES, hooks.send, threads=3, lane="webhook_id", per_lane=2)

        until = clock.now() + timedelta(seconds=10)
        while len(there.posts) < 10 and clock.now() < until:
            senders.sweep(store, clock.now())

        assert len(there.posts) == 10
        assert len(slow.posts) < 10
        store.mark("webhooks", {}, {"state": "deleted"})
        senders._pool.shutdown()


def test_what_is_due_is_found_by_index(
    http: FlaskClient, store: Store, as_: As, there: Receiver
) -> None:
    made = registered(http, as_(CLIENT), there.url)
    hear(store, an_event("job.completed"))
    store.db.command("profile", 2)

    hear(store, an_event("job.completed"))
    send_all(store)
    deliveries(http, as_(CLIENT), made["id"])
    http.get("/v1/webhooks", headers=as_(CLIENT))

    store.db.command("profile", 0)
    seen = list(store.db["system.profile"].find({"planSummary": {"$exists": True}}))
    assert {"webhooks", "webhook_deliveries"} <= {e["ns"].partition(".")[2] for e in seen}
    assert not [e for e in seen if "COLLSCAN" in e["planSummary"] or e.get("hasSortStage")]
