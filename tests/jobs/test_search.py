"""The list of jobs: found by words and filters, paged without gaps, never by a collection scan."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandListener, CommandStartedEvent

from services.jobs.domain import text
from services.jobs.domain.job import STATES, Budget, Job, Known
from services.jobs.domain.wanted import Wanted, facet, of_client
from services.jobs.queries import search
from services.jobs.records import JOBS
from shared import ids
from shared.errors import Invalid
from shared.paging import Cursor, Page
from shared.store import Db
from tests.jobs.builders import CLIENT, DAY, NOON, STRANGER, a_job, keep, open_jobs, yen

MINUTE = timedelta(minutes=1)


@pytest.fixture
def jobs(db: Db, monkeypatch: pytest.MonkeyPatch) -> Db:
    """An empty database with the indexes of jobs, of which nothing is remembered."""
    monkeypatch.setattr(search, "_rarities", {})
    return db


def found(db: Db, page: Page | None = None, *, q: str = "", **wanted: Any) -> list[str]:
    """Return the titles of the first page."""
    docs, _ = search.find(db, Wanted(phrases=tuple(text.phrases(q)), **wanted), page or Page())
    return [doc["title"] for doc in docs]


def every(db: Db, limit: int, wanted: Wanted) -> Iterator[list[str]]:
    """Yield the ids of each page until there is no cursor."""
    cursor = None
    while True:
        docs, text_ = search.find(db, wanted, Page(limit, cursor))
        yield [doc["_id"] for doc in docs]
        if text_ is None:
            return
        cursor = Cursor.of(text_)


def all_ids(db: Db, limit: int, wanted: Wanted) -> list[str]:
    """Return the ids of all pages."""
    return [id_ for page in every(db, limit, wanted) for id_ in page]


# words

CAFE = "カフェのロゴデザインをお願いします"
SHOP = "ネットショップの商品登録"
VIDEO = "YouTube動画の編集（テロップ・カット）"
PYTHON = "Python scraping of product pages"
TOKYO = "東京と京都の写真撮影"


@pytest.fixture
def titled(jobs: Db) -> Db:
    """Jobs with these titles, the first one the oldest."""
    titles = [CAFE, SHOP, VIDEO, PYTHON, TOKYO]
    described = {
        CAFE: "手書き風の、温かみのあるロゴ。",
        SHOP: "商品の写真と説明文を登録します。",
        VIDEO: "週に二本、編集をお任せします。",
        PYTHON: "Experience with C++ is a plus.",
        TOKYO: "観光サイトに載せる写真です。",
    }
    made = [
        a_job(title=title, description=described[title], skills=(), published_at=NOON + n * MINUTE)
        for n, title in enumerate(titles)
    ]
    keep(jobs, JOBS, *made)
    return jobs


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("ロゴ", [CAFE]),
        ("ﾛｺﾞ", [CAFE]),
        ("商品", [SHOP]),
        ("写真", [TOKYO, SHOP]),
        ("写真 登録", [SHOP]),
        ("写真　登録", [SHOP]),
        ("編集", [VIDEO]),
        ("youtube", [VIDEO]),
        ("YouTube動画", [VIDEO]),
        ("scrap", [PYTHON]),
        ("PYTHON pages", [PYTHON]),
        ("c++", [PYTHON]),
        ("c", [PYTHON]),
        ("手", [CAFE]),
        ("東京", [TOKYO]),
        ("東京都", []),
        ("存在しない", []),
        ("ape", []),
        (".*", []),
        ("(a+)+$", []),
        ("$where", []),
    ],
)
def test_jobs_are_found_by_the_words_in_their_texts(titled: Db, q: str, titles: list[str]) -> None:
    assert found(titled, q=q) == titles


def test_words_and_filters_must_all_fit(titled: Db) -> None:
    logo, other = (facet("category", name) for name in ("design-logo", "design-flyer"))

    assert found(titled, q="ロゴ", facets=(logo,)) == [CAFE]
    assert found(titled, q="ロゴ", facets=(other,)) == []
    assert found(titled, q="写真", order="deadline") == [SHOP, TOKYO]
    assert found(titled, q="写真", order="amount", at_least=50_000) == [TOKYO, SHOP]
    assert found(titled, q="写真", order="amount", at_least=50_001) == []


# filters


def one(db: Db, title: str, **over: Any) -> Job:
    """Keep a job with this title."""
    job = a_job(title=title, **over)
    keep(db, JOBS, job)
    return job


@pytest.mark.parametrize(
    ("name", "value", "title"),
    [
        ("category", "web-design", "web"),
        ("category", "web", "web"),
        ("category", "design", "other"),
        ("mode", "project", None),
        ("experience", "some", "web"),
        ("skill", "ｆｉｇｍａ", "web"),
        ("client", STRANGER, "web"),
    ],
)
def test_filters_take_what_fits(jobs: Db, name: str, value: str, title: str | None) -> None:
    one(jobs, "other")
    one(
        jobs,
        "web",
        category="web-design",
        experience="some",
        skills=("Figma",),
        client_id=STRANGER,
        published_at=NOON + MINUTE,
    )

    assert found(jobs, facets=(facet(name, value),)) == ([title] if title else ["web", "other"])


def test_several_filters_must_all_fit(jobs: Db) -> None:
    one(jobs, "both", skills=("Figma",), experience="some")
    one(jobs, "one", skills=("Figma",))
    wanted = (facet("skill", "figma"), facet("experience", "some"))

    assert found(jobs, facets=wanted) == ["both"]


@pytest.mark.parametrize("order", ["new", "deadline", "amount"])
def test_amounts_are_asked_of_what_one_may_earn(jobs: Db, order: str) -> None:
    for low, high in ((1_000, 5_000), (30_000, 50_000), (80_000, 100_000)):
        one(jobs, f"{low}-{high}", budget=Budget(min=yen(low), max=yen(high)))

    assert set(found(jobs, at_least=40_000, order=order)) == {"30000-50000", "80000-100000"}
    assert set(found(jobs, at_most=40_000, order=order)) == {"1000-5000", "30000-50000"}
    assert found(jobs, at_least=40_000, at_most=60_000, order=order) == ["30000-50000"]


@pytest.mark.parametrize("order", ["new", "deadline", "amount"])
def test_deadlines_are_from_a_moment_on_and_before_another(jobs: Db, order: str) -> None:
    for days in (10, 20, 30):
        one(jobs, f"{days}", deadline_at=NOON + days * DAY)
    one(jobs, "never", deadline_at=None)

    def titles(**wanted: Any) -> set[str]:
        return set(found(jobs, order=order, **wanted))

    assert titles(after=NOON + 20 * DAY) == {"20", "30", "never"}
    assert titles(before=NOON + 20 * DAY) == {"10"}
    assert titles(after=NOON + 10 * DAY, before=NOON + 30 * DAY) == {"10", "20"}
    assert titles(after=NOON + 30 * DAY, before=NOON + 30 * DAY) == set()


@pytest.mark.parametrize("order", ["new", "deadline", "amount"])
def test_jobs_are_found_by_what_is_known_of_their_clients(jobs: Db, order: str) -> None:
    one(jobs, "new client")
    one(jobs, "good", client_known=Known(is_verified=True, has_paid=True, rejects_percent=5))
    one(jobs, "strict", client_known=Known(is_verified=True, rejects_percent=50))

    def titles(**wanted: Any) -> set[str]:
        return set(found(jobs, order=order, **wanted))

    assert titles(facets=(of_client("verified"),)) == {"good", "strict"}
    assert titles(facets=(of_client("verified"), of_client("paid"))) == {"good"}
    assert titles(rejects=0) == {"new client"}
    assert titles(rejects=5) == {"new client", "good"}
    assert titles(rejects=50) == {"new client", "good", "strict"}


def test_a_list_has_the_states_it_was_asked_for(jobs: Db) -> None:
    for state in STATES:
        one(jobs, state, state=state)

    assert found(jobs) == ["open"]
    assert found(jobs, states=("completed",)) == ["completed"]
    mine = found(jobs, states=STATES, facets=(facet("owner", CLIENT),))
    assert sorted(mine) == sorted(STATES)


@pytest.mark.parametrize("state", ["draft", "awaiting_funding", "cancelled"])
def test_what_was_never_published_is_in_no_list_but_its_clients(jobs: Db, state: str) -> None:
    one(jobs, "secret", state=state, published_at=None)

    for name, value in [("client", CLIENT), ("category", "design-logo"), ("mode", "project")]:
        assert found(jobs, states=(state,), facets=(facet(name, value),)) == []
    assert found(jobs, states=(state,)) == []
    assert found(jobs, states=(state,), q="secret") == []
    assert found(jobs, states=(state,), facets=(facet("owner", CLIENT),)) == ["secret"]


# order and pages


def test_new_is_newest_first_deadline_is_soonest_first_amount_is_most_first(jobs: Db) -> None:
    for n, (amount, days) in enumerate([(3, 20), (1, 30), (2, 10)]):
        one(
            jobs,
            f"{n}",
            published_at=NOON + n * MINUTE,
            deadline_at=NOON + days * DAY,
            budget=Budget(min=yen(1), max=yen(amount)),
        )

    assert found(jobs, order="new") == ["2", "1", "0"]
    assert found(jobs, order="deadline") == ["2", "0", "1"]
    assert found(jobs, order="amount") == ["0", "2", "1"]


@pytest.mark.parametrize("order", ["new", "deadline", "amount"])
@pytest.mark.parametrize("limit", [1, 3, 7])
@pytest.mark.parametrize("q", ["", "ロゴ"])
def test_pages_have_every_job_once_though_many_have_the_same_sort_value(
    jobs: Db, order: str, limit: int, q: str
) -> None:
    made = [
        a_job(
            published_at=NOON + (n % 3) * MINUTE,
            deadline_at=NOON + (n % 2 + 20) * DAY,
            budget=Budget(min=yen(1), max=yen(n % 4 + 1)),
        )
        for n in range(20)
    ]
    keep(jobs, JOBS, *made)

    ids_ = all_ids(jobs, limit, Wanted(order=order, phrases=tuple(text.phrases(q))))

    assert sorted(ids_) == sorted(job.id for job in made)


def test_what_is_published_meanwhile_neither_repeats_nor_hides_anything(jobs: Db) -> None:
    made = open_jobs(12)
    keep(jobs, JOBS, *made)
    seen: list[str] = []
    for n, page in enumerate(every(jobs, 4, Wanted())):
        seen += page
        keep(jobs, JOBS, a_job(published_at=NOON + DAY + n * MINUTE))
        gone = {"$set": {"state": "closed"}}
        jobs[JOBS.collection].update_one({"_id": page[-1]}, gone)

    assert seen == [job.id for job in reversed(made)]


@pytest.mark.parametrize(("probe", "pool", "walk"), [(2, 1, 3), (2, 2, 5), (5, 3, 4)])
@pytest.mark.parametrize("order", ["new", "deadline", "amount"])
def test_a_long_walk_is_cut_into_pages_without_losing_anything(
    jobs: Db, monkeypatch: pytest.MonkeyPatch, order: str, probe: int, pool: int, walk: int
) -> None:
    monkeypatch.setattr(search, "PROBE", probe)
    monkeypatch.setattr(search, "POOL_MAX", pool)
    monkeypatch.setattr(search, "WALK_MAX", walk)
    made = [
        a_job(
            title="翻訳" if n % 7 == 0 else "ロゴ",
            published_at=NOON + (n // 3) * MINUTE,
            budget=Budget(min=yen(1), max=yen(n // 5 + 1)),
            deadline_at=NOON + 3 * DAY if n % 4 else None,
            skills=("a", "b") if n % 3 == 0 else ("a",),
        )
        for n in range(60)
    ]
    keep(jobs, JOBS, *made)
    skills = (facet("skill", "a"), facet("skill", "b"))

    for wanted, expected in [
        (Wanted(order=order, phrases=("翻訳",)), {j.id for j in made[::7]}),
        (Wanted(order=order, facets=skills), {j.id for j in made[::3]}),
        (Wanted(order=order, facets=skills, phrases=("翻訳",)), {j.id for j in made[::21]}),
        (Wanted(order=order, at_least=10), {j.id for j in made[45:]}),
        (Wanted(order=order, at_most=0), set()),
        (Wanted(order=order, before=NOON + 4 * DAY), {j.id for j in made if j.ends_at}),
        (Wanted(order=order, after=NOON + 4 * DAY), {j.id for j in made if not j.ends_at}),
    ]:
        ids_ = all_ids(jobs, 4, wanted)

        assert len(ids_) == len(set(ids_))
        assert set(ids_) == expected


def test_a_cursor_of_another_order_is_refused(jobs: Db) -> None:
    with pytest.raises(Invalid) as refused:
        search.find(jobs, Wanted(), Page(20, Cursor("amount", 5, ids.new("job"))))

    assert refused.value.code == "bad_cursor"


@pytest.mark.parametrize("value", [5, "later", 1.5])
def test_a_forged_cursor_leads_nowhere_bad(jobs: Db, value: Any) -> None:
    keep(jobs, JOBS, a_job())

    assert search.find(jobs, Wanted(), Page(20, Cursor("new", value, "x"))) == ([], None)


# plans


class _Heard(CommandListener):
    """The commands that were sent."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Keep what reads."""
        if event.command_name in ("find", "aggregate", "count"):
            self.commands.append(dict(event.command))

    def succeeded(self, event: Any) -> None:
        """Nothing."""

    def failed(self, event: Any) -> None:
        """Nothing."""


def stages(plan: Any) -> Iterator[str]:
    """Yield the names of all stages in an explanation."""
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for inner in plan.values():
            yield from stages(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from stages(inner)


LATER = NOON + 40 * DAY
QUERIES = [
    *(Wanted(order=order, after=NOON, before=LATER) for order in ("new", "deadline", "amount")),
    *(Wanted(order=order, rejects=10) for order in ("new", "deadline", "amount")),
    Wanted(order="amount", after=LATER, at_least=2, phrases=("ロゴ",)),
    Wanted(facets=(of_client("paid"), facet("skill", "a")), order="deadline", before=LATER),
    Wanted(),
    Wanted(order="deadline"),
    Wanted(order="amount", at_least=2),
    Wanted(at_least=2, at_most=3),
    Wanted(facets=(facet("category", "web"),), order="amount"),
    Wanted(facets=(facet("skill", "a"), facet("mode", "project"))),
    Wanted(phrases=("ロゴ",)),
    Wanted(phrases=("ロゴデザイン", "web"), facets=(facet("skill", "a"),), order="deadline"),
    Wanted(phrases=("字",)),
    Wanted(states=STATES, facets=(facet("owner", CLIENT),)),
]


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("wanted", QUERIES)
def test_no_list_is_made_by_looking_at_everything(
    jobs: Db, mongo_url: str, monkeypatch: pytest.MonkeyPatch, wanted: Wanted, few: bool
) -> None:
    if not few:
        for name in ("PROBE", "POOL_MAX", "WALK_MAX"):
            monkeypatch.setattr(search, name, 2)
    keep(jobs, JOBS, *open_jobs(10, skills=("a",)))
    heard = _Heard()
    with MongoClient[Any](mongo_url, tz_aware=True, event_listeners=[heard]) as client:
        _, cursor = search.find(client[jobs.name], wanted, Page(1))
        after = Cursor.of(cursor) if cursor else None
        search.find(client[jobs.name], wanted, Page(1, after))

    assert heard.commands
    for command in heard.commands:
        words = {k: v for k, v in command.items() if k not in ("lsid", "$db", "$clusterTime")}
        plan = jobs.command("explain", words, verbosity="queryPlanner")
        used = set(stages(plan))
        assert "COLLSCAN" not in used, command
        assert used & {"IXSCAN", "COUNT_SCAN"}, command


def test_probing_an_index_reads_no_documents(jobs: Db, mongo_url: str) -> None:
    keep(jobs, JOBS, *open_jobs(search.PROBE + 10, skills=("a",)))
    wanted = Wanted(phrases=("ロゴ",), facets=(facet("skill", "a"),))
    heard = _Heard()
    with MongoClient[Any](mongo_url, tz_aware=True, event_listeners=[heard]) as client:
        search.find(client[jobs.name], wanted, Page(1))

    probes = [c for c in heard.commands if c.get("skip")]
    assert probes
    for command in probes:
        words = {k: v for k, v in command.items() if k not in ("lsid", "$db", "$clusterTime")}
        plan = jobs.command("explain", words, verbosity="queryPlanner")
        assert "FETCH" not in set(stages(plan["queryPlanner"]["winningPlan"]))
