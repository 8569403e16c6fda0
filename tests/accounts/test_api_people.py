"""Public profiles and finding people: each documented status."""

from collections.abc import Iterator

import pytest
from flask import Flask

from services.accounts.reactions import REACTIONS
from services.accounts.records import KINDS, MEMBERS, SHELVES
from services.accounts.usecases import record
from shared import engine, ids
from shared.store import Db, Store, ensure_indexes
from tests.accounts.asking import hear, refresh, refused, words
from tests.accounts.builders import NOW, a_hire, a_member, ended, log_in, registration, revealed
from tests.callers import Caller
from tests.spying import Spy, scans, spied

# people


def test_a_public_profile_has_record_and_reviews_and_no_address(
    me: Caller, app: Flask, nobody: Caller, db: Db
) -> None:
    client = words(nobody.post("/v1/members", registration(display_name="依頼者")))
    hear(
        db,
        ended("contract.completed", client["id"], me.id),
        revealed(client["id"], me.id, satisfied=True, written_at="2026-12-10T00:00:00.000Z"),
        revealed(client["id"], me.id, satisfied=False, written_at="2026-12-12T00:00:00.000Z"),
    )
    answered = nobody.get(f"/v1/members/{me.id}")
    assert answered.status_code == 200
    found = words(answered)
    assert set(found) == {
        *("id", "display_name", "kind", "bio", "skills", "categories", "links"),
        *("joined_at", "record", "reviews"),
    }
    counts = {
        n: found["record"][n] for n in ("contracts_completed", "contracts_cancelled", "reviews")
    }
    assert counts == {
        "contracts_completed": 1,
        "contracts_cancelled": 0,
        "reviews": {"satisfied": 1, "unsatisfied": 1},
    }
    assert [r["satisfied"] for r in found["reviews"]] == [False, True]
    assert found["reviews"][1]["reviewer"] == {
        "id": client["id"],
        "display_name": "依頼者",
        "role": "client",
    }
    assert found["reviews"][1]["written_at"] == "2026-12-10T00:00:00.000Z"
    assert b"example.com" not in answered.data


def test_a_public_profile_has_figures_with_samples_and_the_level(
    me: Caller, nobody: Caller, db: Db
) -> None:
    fresh = words(nobody.get(f"/v1/members/{me.id}"))["record"]
    assert fresh["level"] == {
        "level": 0,
        "missing": [{"what": "completed", "has": 0.0, "needs": 1.0}],
    }
    assert fresh["as_client"]["time_to_fund"] == {"median_s": None, "sample": 0}
    client = words(nobody.post("/v1/members", registration()))
    hear(db, *a_hire(client["id"], me.id))
    worked = words(nobody.get(f"/v1/members/{me.id}"))["record"]
    assert worked["level"]["level"] == 1
    assert worked["level"]["missing"] == [{"what": "completed", "has": 1.0, "needs": 5.0}]
    assert worked["as_worker"] == {
        "time_to_answer": {"median_s": None, "sample": 0},
        "on_time_rate": {"rate": 1.0, "hits": 1, "sample": 1},
        "completion_rate": {"rate": 1.0, "hits": 1, "sample": 1},
        "task_approval_rate": {"rate": None, "hits": 0, "sample": 0},
        "repeat_client_rate": {"rate": 0.0, "hits": 0, "sample": 1},
        "dispute_rate": {"rate": 0.0, "hits": 0, "sample": 1},
    }
    hired = words(nobody.get(f"/v1/members/{client['id']}"))["record"]
    assert hired["as_client"] == {
        "time_to_answer": {"median_s": None, "sample": 0},
        "time_to_award": {"median_s": None, "sample": 0},
        "time_to_fund": {"median_s": 3600, "sample": 1},
        "time_to_accept": {"median_s": 7200, "sample": 1},
        "rejection_rate": {"rate": None, "hits": 0, "sample": 0},
        "dispute_rate": {"rate": 0.0, "hits": 0, "sample": 1},
    }
    assert words(me.get("/v1/me"))["record"] == worked


def test_only_the_latest_twenty_reviews_are_shown(me: Caller, nobody: Caller, db: Db) -> None:
    reviews = [
        revealed(ids.new("mem"), me.id, satisfied=True, written_at=f"2026-12-{n:02}T00:00:00Z")
        for n in range(1, 26)
    ]
    hear(db, *reviews)
    found = words(nobody.get(f"/v1/members/{me.id}"))
    shown = [int(review["written_at"][8:10]) for review in found["reviews"]]
    assert shown == list(range(25, 5, -1))
    assert found["record"]["reviews"]["satisfied"] == 25
    assert found["reviews"][0]["reviewer"]["display_name"] is None


@pytest.mark.parametrize("id_", ["1", "me", "mem_x", "%00", ids.new("mem")])
def test_nobody_is_404(nobody: Caller, id_: str) -> None:
    refused(nobody.get(f"/v1/members/{id_}"), 404, "no_such_member")


def test_who_has_left_is_404(me: Caller, nobody: Caller, db: Db) -> None:
    db["members"].update_one({}, {"$set": {"state": "erased"}})
    refused(nobody.get(f"/v1/members/{me.id}"), 404, "no_such_member")


@pytest.fixture
def people(db: Db) -> None:
    ensure_indexes(db, KINDS, SHELVES)
    store = Store(db, "accounts")
    for name, bio, skills, categories, state in [
        ("花子", "会社のロゴを描きます", ["Illustrator", "Photoshop"], ["logo"], "active"),
        ("Ken", "I write English articles", ["SEO writing"], ["article"], "active"),
        ("太郎", "Webサイト制作とロゴ", ["HTML/CSS", "C++"], ["web", "logo"], "active"),
        ("幽霊", "ロゴ", ["Illustrator"], ["logo"], "suspended"),
    ]:
        member = a_member(display_name=name, state=state)
        profile = type(member.profile)(bio=bio, skills=tuple(skills), categories=tuple(categories))
        words_ = {n: getattr(member, n) for n in member.__slots__}
        store.create(MEMBERS, type(member)(**{**words_, "profile": profile}), [], now=NOW)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["太郎", "Ken", "花子"]),
        ({"q": "ロゴ"}, ["太郎", "花子"]),
        ({"q": "ﾛｺﾞ"}, ["太郎", "花子"]),
        ({"q": "ロゴ 描き"}, ["花子"]),
        ({"q": "太郎"}, ["太郎"]),
        ({"q": "ARTICLE"}, ["Ken"]),
        ({"q": "arti"}, ["Ken"]),
        ({"q": "photoshop"}, ["花子"]),
        ({"q": "c++"}, ["太郎"]),
        ({"q": "ゴロ"}, []),
        ({"q": "(a+)+$"}, []),
        ({"q": ".*"}, []),
        ({"q": "e"}, ["太郎", "Ken"]),
        ({"skill": "illustrator"}, ["花子"]),
        ({"skill": "illus"}, []),
        ({"category": "logo"}, ["太郎", "花子"]),
        ({"category": "logo", "q": "web"}, ["太郎"]),
        ({"q": "logo"}, []),
    ],
    ids=repr,
)
def test_people_are_found(nobody: Caller, query: dict[str, str], names: list[str]) -> None:
    answered = nobody.app.test_client().get("/v1/members", query_string=query)
    assert answered.status_code == 200
    assert [item["display_name"] for item in words(answered)["items"]] == names


@pytest.mark.usefixtures("people")
def test_people_are_listed_page_by_page_without_addresses(nobody: Caller) -> None:
    first = nobody.get("/v1/members?limit=2")
    second = nobody.get(f"/v1/members?limit=2&cursor={words(first)['next_cursor']}")
    assert [len(words(page)["items"]) for page in (first, second)] == [2, 1]
    assert words(second)["next_cursor"] is None
    assert b"@" not in first.data + second.data


@pytest.mark.parametrize(
    "query",
    ["q=", "q=%20", "q=" + "x" * 101, "skill=", "limit=0", "cursor=x", "sort=$where", "q=a%00"],
)
def test_a_wrong_search_is_422(nobody: Caller, query: str) -> None:
    assert nobody.get(f"/v1/members?{query}").status_code == 422


@pytest.fixture
def spy(app: Flask, mongo_url: str, db: Db) -> Iterator[Spy]:
    """What the application asks of MongoDB."""
    store = app.extensions["ukeoi_store"]
    there = store.db
    with spied(mongo_url, db.name) as (watched, spy):
        store.db = watched
        yield spy
        store.db = there


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "query", ["", "q=ロゴ", "q=e", "q=logo 絵", "skill=c", "category=logo", "q=a b&skill=c"]
)
def test_no_search_reads_or_sorts_a_whole_collection(
    nobody: Caller, db: Db, spy: Spy, query: str
) -> None:
    first = words(nobody.get(f"/v1/members?limit=1&{query}"))
    if first["next_cursor"]:
        nobody.get(f"/v1/members?limit=1&cursor={first['next_cursor']}&{query}")
    assert spy.commands
    assert scans(db, spy) == []


def test_no_other_query_reads_or_sorts_a_whole_collection(
    nobody: Caller, me: Caller, db: Db, spy: Spy
) -> None:
    email = words(nobody.post("/v1/members", registration()))["email"]
    log_in(nobody, email, "wrong password")
    refresh(nobody, words(log_in(nobody, email))["refresh_token"])
    me.get("/v1/me")
    me.send("PATCH", "/v1/me", {"bio": "x"}, If_Match="*")
    me.send("DELETE", "/v1/sessions")
    review = revealed(ids.new("mem"), me.id, satisfied=True)
    store = nobody.app.extensions["ukeoi_store"]
    engine.handle_many(store, REACTIONS, [review], now=NOW)
    engine.handle_many(
        store, REACTIONS, [ended("contract.completed", me.id, ids.new("mem"))], now=NOW
    )
    record.count_due(store, NOW)
    nobody.get(f"/v1/members/{me.id}")
    assert {c.get("aggregate") or c.get("find") for c in spy.commands} >= {
        *("members", "sessions", "login_failures", "reviews", "contract_ends"),
        "record_facts",
    }
    assert scans(db, spy) == []
