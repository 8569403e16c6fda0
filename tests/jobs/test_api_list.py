"""The list of jobs over HTTP: filters, orders, pages, and what is whose."""

from typing import Any

import pytest

from shared import clock
from tests.callers import Caller
from tests.jobs.builders import DAY, yen
from tests.jobs.test_api import draft, published


def titles(answer: Any) -> list[str]:
    """Return the titles of a page."""
    assert answer.status_code == 200, answer.json
    return [item["title"] for item in answer.json["items"]]


def test_the_list_is_public_and_says_whole_jobs(client: Caller, nobody: Caller) -> None:
    path = published(client)
    draft(client, title="秘密の下書き")

    listed = nobody.get("/v1/jobs").json

    assert listed == {"items": [nobody.get(path).json], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["B", "A"]),
        ("q=珈琲", ["B"]),
        ("q=coffee%20珈琲", ["B"]),
        ("category=writing", ["B"]),
        ("category=design-logo", ["A"]),
        ("mode=project", ["B", "A"]),
        ("mode=task", []),
        ("skill=SEO", ["B"]),
        ("skill=SEO&skill=コラム", ["B"]),
        ("skill=SEO&skill=Illustrator", []),
        ("skill=SEO&skill=seo", ["B"]),
        ("deadline_before=2100-01-01T00:00:00Z", ["B", "A"]),
        ("deadline_after=2100-01-01T00:00:00Z", []),
        ("client_verified=true", []),
        ("client_verified=false&client_paid=false", ["B", "A"]),
        ("client_paid=true", []),
        ("client_rejection_max=0", ["B", "A"]),
        ("experience=some", ["B"]),
        ("min_amount=50000", ["A"]),
        ("max_amount=29999", ["B"]),
        ("state=open", ["B", "A"]),
        ("state=closed", []),
        ("sort=amount", ["A", "B"]),
        ("sort=deadline", ["B", "A"]),
        ("sort=new", ["B", "A"]),
        ("category=writing&q=珈琲&experience=some&skill=seo&max_amount=30000", ["B"]),
    ],
)
def test_the_list_is_filtered_and_sorted(
    client: Caller, nobody: Caller, query: str, expected: list[str]
) -> None:
    published(client, title="A")
    published(
        client,
        title="B",
        description="珈琲についての記事。Coffee articles.",
        category="writing-article",
        skills=["seo", "コラム"],
        experience="some",
        deadline_at=clock.text(clock.now() + 20 * DAY),
        budget={"min": yen(5_000).words(), "max": yen(8_000).words()},
    )

    assert titles(nobody.get(f"/v1/jobs?{query}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1000000000",
        "limit=abc",
        "offset=-1",
        "sort=$where",
        "sort=price",
        "state=gone",
        "mode=hourly",
        "category=nothing",
        "category[$ne]=x",
        "q=",
        "q=" + "x" * 201,
        "min_amount=-1",
        "min_amount=1.5",
        "min_amount=１００",
        "max_amount=10000000000000",
        "experience=lots",
        "skill=",
        "skill=" + "&skill=".join("x" * 21),
        "mode=task&mode=project",
        "deadline_after=tomorrow",
        "deadline_before=2026-12-01T00:00:00",
        "client_verified=1",
        "client_paid=yes",
        "client_rejection_max=7",
        "client_rejection_max=05x",
        "client_rejection_max=-5",
        "client_id=me",
        "mine=yes",
        "cursor=x",
        "cursor=" + "A" * 600,
    ],
)
def test_wrong_filters_are_refused(nobody: Caller, query: str) -> None:
    assert nobody.get(f"/v1/jobs?{query}").status_code == 422


def test_a_search_for_a_regular_expression_is_literal(client: Caller, nobody: Caller) -> None:
    published(client, title="(a+)+$ を探す")

    assert titles(nobody.get("/v1/jobs?q=(a%2B)%2B$")) == ["(a+)+$ を探す"]
    assert titles(nobody.get("/v1/jobs?q=.*")) == []


def test_pages_follow_each_other(client: Caller, nobody: Caller) -> None:
    paths = [published(client, title=f"{n}") for n in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = nobody.get(f"/v1/jobs?limit=2{cursor and '&cursor='}{cursor}").json
        seen += [f"/v1/jobs/{item['id']}" for item in page["items"]]
        cursor = page["next_cursor"]

    assert seen == paths[::-1]


def test_mine_are_all_of_mine(client: Caller, stranger: Caller, nobody: Caller) -> None:
    draft(client, title="draft")
    published(client, title="open")
    client.post(f"{draft(client, title='gone')}/cancel")
    published(stranger, title="theirs")

    assert titles(client.get("/v1/jobs?mine=true")) == ["gone", "open", "draft"]
    assert titles(client.get("/v1/jobs?mine=true&state=open")) == ["open"]
    for sort in ("new", "deadline", "amount"):
        assert titles(client.get(f"/v1/jobs?mine=true&sort={sort}&q=draft")) == ["draft"]
    assert titles(client.get("/v1/jobs?state=draft")) == ["draft"]
    assert titles(stranger.get("/v1/jobs?state=draft")) == []
    assert titles(stranger.get(f"/v1/jobs?client_id={client.id}")) == ["open"]
    assert titles(stranger.get(f"/v1/jobs?client_id={client.id}&state=cancelled")) == []
    assert nobody.get("/v1/jobs?mine=true").status_code == 401
    assert nobody.get("/v1/jobs?state=draft").status_code == 401


def test_the_list_says_to_each_what_they_may_do(
    client: Caller, worker: Caller, nobody: Caller
) -> None:
    published(client)

    def names(caller: Caller) -> set[str]:
        return {a["name"] for a in caller.get("/v1/jobs").json["items"][0]["actions"]}

    assert names(client) == {"edit", "publish", "close", "cancel"}
    assert names(worker) == {"propose", "ask"}
    assert names(nobody) == set()
