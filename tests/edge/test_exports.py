"""What members may take along: all that is held about them, and no more than ids of others."""

import importlib
import json
from itertools import islice
from typing import Any

import pytest

from shared import clock, ids, personal
from shared.store import ensure_indexes
from tests.edge.world import SERVICES, World, in_days, yen
from tests.spying import scans, spied

Doc = dict[str, Any]
SECRETS = ("password_hash", "token_hash", "secret", "whsec_", "hashes", "totp")


def exported(world: World, who: str, service: str) -> list[Doc]:
    """Return somebody's export of a service, line by line."""
    answer = getattr(world, who).send("GET", f"/v1/exports/{service}")
    assert (answer.status_code, answer.mimetype) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]


def everything(world: World, who: str) -> dict[str, list[Doc]]:
    """Return somebody's whole export: the data of each kind."""
    found: dict[str, list[Doc]] = {}
    for service in SERVICES:
        for line in exported(world, who, service):
            found.setdefault(line["kind"], []).append(line["data"])
    return found


@pytest.fixture(scope="module")
def lived(world: World) -> World:
    """A world in which the client and the worker have done everything that can be done."""
    world.contract("completed")
    world.payout()
    world.question()
    world.proposal()
    world.entry()
    world.assignment("rejected")
    world.listing()
    world.webhook()
    world.delivery()
    world.line()
    world.dispute()
    contract = world.contract("funded")
    world.worker.did(f"/v1/contracts/{contract}/messages", {"text": "私の言葉です。"})
    world.client.did(f"/v1/contracts/{contract}/messages", {"text": "あなたの言葉です。"})
    world.worker.did(f"/v1/jobs/{world.job()}/bookmark", method="PUT")
    world.worker.did(f"/v1/me/blocks/{world.bidder.id}", method="PUT")
    world.worker.did(
        f"/v1/contracts/{contract}/extensions",
        {"milestone": 1, "deliver_by": in_days(30), "reason": "体調不良のため。"},
    )
    world.worker.did("/v1/notification-preferences", {"types": []}, "PUT", If_Match="*")
    return world


def test_every_collection_is_exported_or_says_why_not(lived: World) -> None:
    for service in SERVICES:
        table = importlib.import_module(f"services.{service}.personal")
        said = {part.collection for part in table.PARTS} | set(table.EXEMPT)
        there = set(lived.db(service).list_collection_names())
        there |= {kind.collection for kind in lived.services[service].kinds}
        assert there - said == set(), f"{service}: neither exported nor exempt"
        assert not {part.collection for part in table.PARTS} & set(table.EXEMPT)
        assert all(table.EXEMPT.values())


def test_an_export_says_whose_it_is_and_that_it_is_whole(lived: World) -> None:
    for service in SERVICES:
        first, *rest, last = exported(lived, "worker", service)
        assert (first["kind"], first["data"]["service"]) == ("export", service)
        assert first["data"]["member_id"] == lived.worker.id
        assert last == {"kind": "end", "data": {"lines": len(rest)}}
        assert rest


def test_one_s_own_words_and_figures_are_in_it(lived: World) -> None:
    worker, client = everything(lived, "worker"), everything(lived, "client")

    [member] = worker["member"]
    assert (member["id"], member["display_name"]) == (lived.worker.id, "山田太郎")
    assert member["email"].endswith("@example.com")
    assert "私の言葉です。" in [m["text"] for m in worker["message"]]
    assert [p["message"] for p in worker["proposal"]] == ["お任せください。"]
    assert [q["text"] for q in worker["question"]] == ["写真はありますか。"]
    assert worker["assignment"][0]["answers"] == {"shop": "珈琲店", "stars": 4}
    assert [r["note"] for r in client["rejection"]] == ["住所がない。"]
    assert {"entry", "listing", "bookmark", "block", "webhook", "notice"} <= set(worker)
    assert {"event", "time", "preferences", "webhook_delivery"} <= set(worker)
    assert worker["time"][0]["note"] == "設計"
    assert any(
        ask["reason"] == "体調不良のため。"
        for c in worker["contract_as_worker"]
        for ask in c["asks"]
    )
    lines = worker["wallet_line"]
    assert lines[-1]["balance"] == yen(worker["wallet"][0]["amount"])
    assert sum(one["amount"]["amount"] for one in lines) == worker["wallet"][0]["amount"]
    assert {"job", "offer_as_client", "contract_as_client", "hold_as_client"} <= set(client)


def test_of_others_there_are_only_ids_and_of_secrets_nothing(lived: World) -> None:
    text = json.dumps(everything(lived, "worker"), ensure_ascii=False)
    others = [
        lived.db("accounts")["members"].find_one({"_id": one.id})
        for one in (lived.client, lived.bidder, lived.stranger)
    ]
    for other in others:
        assert other is not None
        assert other["email"] not in text
        assert other["display_name"] not in text
    assert "あなたの言葉です。" not in text
    assert lived.client.id in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_who_has_done_nothing_has_little_to_take(lived: World) -> None:
    found = everything(lived, "stranger")
    assert set(found) <= {"export", "end", "member", "letter", "event"}


def test_only_who_has_logged_in_may_have_it(lived: World) -> None:
    read = lived.signer.token(lived.worker.id, scope="read write money")
    for service in SERVICES:
        path = f"/v1/exports/{service}"
        answer = lived.nobody.send("GET", path, Authorization=f"Bearer {read}")
        assert (answer.status_code, answer.json["code"]) == (403, "login_required")
    listed = lived.worker.sees("/v1/me/export")["items"]
    assert [one["href"] for one in listed] == [f"/v1/exports/{one['service']}" for one in listed]
    assert {one["service"] for one in listed} == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_an_export_and_an_erasure_look_in_indexes_alone(
    lived: World, mongo_url: str, service: str
) -> None:
    table = importlib.import_module(f"services.{service}.personal")
    ensure_indexes(lived.db(service), lived.services[service].kinds)
    with spied(mongo_url, lived.database(service)) as (seen, spy):
        for who in (lived.client, lived.worker):
            list(personal.lines(seen, service, table.PARTS, who.id, clock.now()))
            for one in table.WIPES:
                for where in one.find(seen, who.id):
                    seen[one.collection].find_one(where)
        assert len(spy.commands) >= len(table.PARTS)
        assert scans(seen, spy) == []


def test_an_export_is_read_as_it_is_written_however_much_there_is(lived: World) -> None:
    db, who = lived.db("notify"), ids.new("mem")
    db["notices"].insert_many(
        [{"_id": ids.new("ntf"), "member_id": who, "type": "x"} for _ in range(1_000)]
    )
    table = importlib.import_module("services.notify.personal")
    found = personal.lines(db, "notify", table.PARTS, who, clock.now())
    first = list(islice(found, 11))
    db["notices"].delete_many({"member_id": who})

    rest = list(found)

    assert [line["kind"] for line in first] == ["export"] + ["notice"] * 10
    assert rest[-1]["kind"] == "end"
    assert rest[-1]["data"]["lines"] < 1_000
