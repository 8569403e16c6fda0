"""What fits is one rule: a job meets it exactly when MongoDB finds the job."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.jobs.domain.job import Budget, Job, Known
from services.jobs.domain.listing import ORDERS as LISTING_ORDERS
from services.jobs.domain.wanted import Wanted, fits, sought
from services.jobs.listing_records import LISTINGS, SEARCHED_LISTINGS
from services.jobs.queries import search
from services.jobs.records import JOBS
from shared import ids
from shared.paging import Cursor, Page
from shared.store import Db
from tests.jobs.builders import CLIENT, DAY, NOON, STRANGER, a_job, keep, yen
from tests.jobs.test_listings import a_listing

SKILLS = ["Illustrator", "C++", "ｆｉｇｍａ", "翻訳"]
CATEGORIES = ["design-logo", "design-flyer", "writing-article"]
TITLES = ["カフェのロゴ", "京都の写真", "Smart art", "東京都の翻訳 C++", "art"]
PHRASES = ["ロゴ", "京都", "art", "東京 翻訳", "c++", "字", "ｱ", ".*", "smart art 写"]
AMOUNTS = [1, 500, 1_000, 5_000]
DAYS = [5, 10, 20]
WITH_DB = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

jobs_made = st.builds(
    lambda title, skills, category, state, days, least, more, at, known, by: a_job(
        title=title,
        description="-",
        skills=tuple(skills),
        category=category,
        state=state,
        deadline_at=None if days is None else NOON + days * DAY,
        budget=None if least is None else Budget(min=yen(least), max=yen(least + more)),
        published_at=None if state == "draft" else NOON + timedelta(minutes=at),
        client_known=known,
        client_id=by,
        experience="some" if at % 2 else "none",
    ),
    title=st.sampled_from(TITLES),
    skills=st.lists(st.sampled_from(SKILLS), unique=True, max_size=3),
    category=st.sampled_from(CATEGORIES),
    state=st.sampled_from(["open", "open", "open", "closed", "draft"]),
    days=st.sampled_from([None, *DAYS]),
    least=st.sampled_from([None, *AMOUNTS]),
    more=st.sampled_from([0, 1_000]),
    at=st.integers(0, 3),
    known=st.builds(
        Known,
        is_verified=st.booleans(),
        has_paid=st.booleans(),
        rejects_percent=st.sampled_from([0, 10, 50]),
    ),
    by=st.sampled_from([CLIENT, STRANGER]),
)
queries = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["project", "task"]),
        "category": st.sampled_from(["design", *CATEGORIES]),
        "experience": st.sampled_from(["none", "some"]),
        "client_id": st.sampled_from([CLIENT, STRANGER]),
        "skill": st.lists(st.sampled_from(SKILLS), min_size=1, max_size=2),
        "q": st.sampled_from(PHRASES),
        "min_amount": st.sampled_from(AMOUNTS),
        "max_amount": st.sampled_from(AMOUNTS),
        "deadline_after": st.sampled_from([NOON + days * DAY for days in DAYS]),
        "deadline_before": st.sampled_from([NOON + days * DAY for days in DAYS]),
        "client_verified": st.booleans(),
        "client_paid": st.booleans(),
        "client_rejection_max": st.sampled_from([0, 10, 30]),
        "sort": st.sampled_from(["new", "deadline", "amount"]),
    },
)


@pytest.fixture(params=["all at once", "in short walks"])
def limits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, or so that every way of driving a query is taken with few jobs."""
    if request.param == "in short walks":
        for name, most in (("PROBE", 2), ("POOL_MAX", 2), ("WALK_MAX", 3)):
            monkeypatch.setattr(search, name, most)


def pages(db: Db, wanted: Wanted, **among: Any) -> Iterator[Sequence[dict[str, Any]]]:
    """Yield all pages of what is found."""
    cursor: Cursor | None = None
    while True:
        docs, following = search.find(db, wanted, Page(3, cursor), **among)
        yield docs
        if following is None:
            return
        cursor = Cursor.of(following)


@WITH_DB
@given(made=st.lists(jobs_made, max_size=12), words=queries)
@pytest.mark.usefixtures("limits")
def test_a_job_fits_exactly_when_it_is_found(
    db: Db, made: list[Job], words: dict[str, Any]
) -> None:
    search._rarities.clear()
    db[JOBS.collection].delete_many({})
    if made:
        keep(db, JOBS, *made)
    wanted = sought(words, states=("open",))

    found = [doc["_id"] for docs in pages(db, wanted) for doc in docs]

    assert len(found) == len(set(found))
    assert set(found) == {job.id for job in made if fits(JOBS.to_doc(job), wanted)}


@pytest.mark.parametrize("order", LISTING_ORDERS)
def test_a_listing_fits_exactly_when_it_is_found(db: Db, order: str) -> None:
    made = [
        a_listing(id=ids.new("lst"), title=title, category=category)
        for title in TITLES
        for category in CATEGORIES
    ]
    keep(db, LISTINGS, *made)
    for words in ({}, {"q": "art"}, {"category": "design", "q": "京都"}, {"max_amount": 1}):
        wanted = sought({**words, "sort": order}, states=("published",))
        found = [d["_id"] for docs in pages(db, wanted, among=SEARCHED_LISTINGS) for d in docs]

        assert sorted(found) == sorted(one.id for one in made if fits(LISTINGS.to_doc(one), wanted))
