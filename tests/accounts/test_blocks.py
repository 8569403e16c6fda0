"""Blocking others, as far as accounts is concerned: kept, listed, taken back, told once."""

from typing import Any

import pytest
from flask import Flask

from services.accounts import queries
from services.accounts.domain import block
from services.accounts.records import BLOCKS
from shared import clock, ids
from shared.paging import Cursor, Page
from shared.store import Db, Store
from tests.accounts.asking import logged_in, refused, words
from tests.accounts.builders import NOW
from tests.callers import Caller
from tests.racers import at_once
from tests.spying import scans, spied


def other(nobody: Caller) -> str:
    """Return the id of somebody else who is a member."""
    id_: str = logged_in(nobody)["member"]["id"]
    return id_


def told(db: Db) -> list[tuple[str, dict[str, Any]]]:
    """Return what blocks have said, in the order of their versions."""
    docs = db[BLOCKS.collection].find()
    return [(e["type"], e["data"]) for d in docs for e in d["outbox"]]


@pytest.mark.pure
def test_a_block_is_said_once_and_so_is_its_end() -> None:
    made, [said] = block.make(id="blk_1", by="mem_a", other_id="mem_b", now=NOW)
    assert (said.type, said.data) == (
        "member.blocked",
        {"member_id": "mem_a", "other_id": "mem_b"},
    )
    assert block.move(made, now=NOW, move="block") == (made, [])
    gone, [said] = block.move(made, now=NOW, move="unblock")
    assert (gone.state, said.type) == ("unblocked", "member.unblocked")
    assert block.move(gone, now=NOW, move="unblock") == (gone, [])
    again, [said] = block.move(gone, now=NOW, move="block")
    assert (again.state, said.type) == ("blocked", "member.blocked")


def test_a_block_is_kept_listed_and_taken_back(db: Db, me: Caller, nobody: Caller) -> None:
    them = other(nobody)
    path = f"/v1/me/blocks/{them}"

    first, second = me.send("PUT", path), me.send("PUT", path)

    assert (first.status_code, second.status_code) == (200, 200)
    assert words(first) == words(second)
    assert words(first)["member"] == {"id": them, "display_name": "太郎"}
    assert words(me.get("/v1/me/blocks"))["items"] == [words(first)]
    assert [me.send("DELETE", path).status_code for _ in range(2)] == [204, 204]
    assert words(me.get("/v1/me/blocks"))["items"] == []
    pair = {"member_id": me.id, "other_id": them}
    assert told(db) == [("member.blocked", pair), ("member.unblocked", pair)]
    assert words(me.send("PUT", path))["member"]["id"] == them


def test_eight_at_once_are_one_block(db: Db, me: Caller, nobody: Caller) -> None:
    path = f"/v1/me/blocks/{other(nobody)}"

    answers = at_once(8, lambda _: me.send("PUT", path))

    assert [a.status_code for a in answers] == [200] * 8
    assert [type_ for type_, _ in told(db)] == ["member.blocked"]


def test_whom_one_cannot_block(db: Db, me: Caller, nobody: Caller) -> None:
    refused(me.send("PUT", f"/v1/me/blocks/{me.id}"), 422, "own_block")
    refused(me.send("PUT", f"/v1/me/blocks/{ids.new('mem')}"), 404, "no_such_member")
    for none in ("mem_1", "$where", "x" * 36, "job_" + "0" * 32):
        assert me.send("PUT", f"/v1/me/blocks/{none}").status_code == 404
    assert nobody.send("PUT", f"/v1/me/blocks/{other(nobody)}").status_code == 401
    refused(me.send("DELETE", f"/v1/me/blocks/{ids.new('mem')}"), 404, "no_such_member")
    assert me.send("DELETE", f"/v1/me/blocks/{other(nobody)}").status_code == 204
    assert db[BLOCKS.collection].count_documents({}) == 0


def test_so_many_may_be_blocked_and_no_more(
    app: Flask, me: Caller, nobody: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.accounts.usecases.blocks.BLOCKS_MAX", 2)
    paths = [f"/v1/me/blocks/{other(nobody)}" for _ in range(3)]
    assert [me.send("PUT", p).status_code for p in paths[:2]] == [200, 200]

    refused(me.send("PUT", paths[2]), 409, "too_many_blocks")

    assert me.send("PUT", paths[0]).status_code == 200
    assert me.send("DELETE", paths[0]).status_code == 204
    assert me.send("PUT", paths[2]).status_code == 200
    assert block.BLOCKS_MAX == 1_000


def test_lists_of_blocks_are_paged_and_found_by_an_index(
    app: Flask, mongo_url: str, db: Db, me: Caller
) -> None:
    store = Store(db, "accounts")
    for _ in range(5):
        id_, them = ids.new("blk"), ids.new("mem")
        store.create(
            BLOCKS,
            *block.make(id=id_, by=me.id, other_id=them, now=clock.now()),
            now=clock.now(),
        )
    first = words(me.get("/v1/me/blocks?limit=3"))
    rest = words(me.get(f"/v1/me/blocks?limit=3&cursor={first['next_cursor']}"))
    found = {one["member"]["id"] for one in first["items"] + rest["items"]}
    assert (len(found), rest["next_cursor"]) == (5, None)
    with spied(mongo_url, db.name) as (seen, spy):
        queries.blocks(seen, me.id, Page(2))
        queries.blocks(seen, me.id, Page(2, Cursor("-_id", "z", "z")))
        assert len(spy.commands) == 2
        assert scans(seen, spy) == []
