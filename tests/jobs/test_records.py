"""Jobs, proposals and questions come back from MongoDB as they went in."""

from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import opening, terms
from services.jobs.domain.proposal import MILESTONES_MAX, Milestone
from services.jobs.domain.question import Question
from services.jobs.records import JOBS, KINDS, PROPOSALS, QUESTIONS, facets
from shared.documents import Kind
from shared.errors import Conflict
from shared.store import Store, ensure_indexes
from tests.jobs.builders import (
    CLIENT,
    DAY,
    NOON,
    WORKER,
    a_job,
    a_proposal,
    a_selection,
    with_selections,
    yen,
)

DOCUMENT_MAX_BYTES = 256 * 1024

A_QUESTION = Question(
    id="qst_1",
    job_id="job_1",
    client_id=CLIENT,
    worker_id=WORKER,
    title="t",
    text="納期は?",
    state="asked",
    created_at=NOON,
)
IN_PARTS = (Milestone(title="ラフ", amount=yen(40_000), deliver_by=NOON + DAY),)


@pytest.mark.parametrize(
    ("kind", "thing"),
    [
        (JOBS, a_job()),
        (JOBS, a_job(state="draft", budget=None, deadline_at=None, proposals_close_at=None)),
        (JOBS, a_job(state="closed", select_by=NOON + DAY, openings=5)),
        (JOBS, with_selections(a_job(), a_selection(), a_selection(contract_id="con_1"))),
        (PROPOSALS, a_proposal()),
        (PROPOSALS, a_proposal(milestones=IN_PARTS, offer_id="off_1", contract_id="con_1")),
        (QUESTIONS, A_QUESTION),
    ],
)
def test_what_goes_in_comes_out(store: Store, kind: Kind[Any], thing: Any) -> None:
    store.create(kind, thing, [], now=NOON)

    assert store.get(kind, thing.id) == thing


def test_the_indexes_can_be_asserted_again(store: Store) -> None:
    ensure_indexes(store.db, KINDS)


def test_a_person_has_one_live_proposal_for_a_job(store: Store) -> None:
    job = a_job()
    store.create(PROPOSALS, a_proposal(job), [], now=NOON)
    with pytest.raises(Conflict) as refused:
        store.create(PROPOSALS, a_proposal(job, state="selected"), [], now=NOON)

    assert refused.value.code == "already_proposed"
    assert store.db[PROPOSALS.collection].count_documents({}) == 1


def test_after_its_end_another_one_may_follow(store: Store) -> None:
    job = a_job()
    for state in ("withdrawn", "declined", "lapsed", "submitted"):
        store.create(PROPOSALS, a_proposal(job, state=state), [], now=NOON)

    assert store.db[PROPOSALS.collection].count_documents({"live": True}) == 1


def test_a_job_that_was_never_published_is_found_by_its_client_alone() -> None:
    assert facets(a_job(state="draft")) == [f"owner:{CLIENT}"]


def test_a_published_job_is_found_by_all_it_says() -> None:
    assert facets(a_job(skills=("Illustrator", "ILLUSTRATOR", "ロゴ"))) == [
        f"owner:{CLIENT}",
        "all",
        f"client:{CLIENT}",
        "mode:project",
        "experience:none",
        "category:design-logo",
        "category:design",
        "skill:illustrator",
        "skill:ロゴ",
    ]


def test_waiting_things_are_kept_with_the_time_of_their_timer(store: Store) -> None:
    job, proposal = a_job(), a_proposal()
    store.create(JOBS, job, [], now=NOON)
    store.create(PROPOSALS, proposal, [], now=NOON)

    assert store.load(JOBS, job.id).doc["wake_at"] == job.project.proposals_close_at
    assert store.load(PROPOSALS, proposal.id).doc["wake_at"] == NOON + timedelta(days=30)


def size(store: Store, kind: Kind[Any], thing: Any) -> int:
    """Return how many bytes a thing takes in the database."""
    store.create(kind, thing, [], now=NOON)
    measure = [{"$match": {"_id": thing.id}}, {"$project": {"size": {"$bsonSize": "$$ROOT"}}}]
    return int(next(store.db[kind.collection].aggregate(measure))["size"])


def test_the_largest_documents_stay_small(store: Store) -> None:
    every_kanji = "".join(chr(0x4E00 + n) for n in range(terms.DESCRIPTION_MAX))
    job = a_job(
        title="あ" * terms.TITLE_MAX,
        description=every_kanji,
        skills=tuple(f"{n:02}" + "あ" * (terms.SKILL_MAX - 2) for n in range(terms.SKILLS_MAX)),
        openings=terms.OPENINGS_MAX,
    )
    tried = [a_selection(contract_id="con_" + "0" * 32) for _ in range(opening.SELECTIONS_MAX)]
    long = Milestone(title="あ" * terms.TITLE_MAX, amount=yen(1), deliver_by=NOON)
    proposal = a_proposal(message="あ" * 5_000, milestones=(long,) * MILESTONES_MAX)

    assert size(store, JOBS, with_selections(job, *tried)) < DOCUMENT_MAX_BYTES
    assert size(store, PROPOSALS, proposal) < DOCUMENT_MAX_BYTES
