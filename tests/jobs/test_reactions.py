"""What jobs hears: once, twice, in any order, and interrupted half-way."""

import itertools
import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from services.jobs import queries, usecases
from services.jobs.domain import opening, posting, proposal
from services.jobs.domain.job import Job
from services.jobs.domain.proposal import Proposal
from services.jobs.reactions import REACTIONS
from services.jobs.records import JOBS, PROPOSALS
from shared import catalog, engine, ids, standing, sweep
from shared.errors import Conflict, NotYet
from shared.events import Event
from shared.standing import MEMBERS
from shared.store import Store
from tests.jobs.builders import (
    CLIENT,
    DAY,
    NOON,
    WORKER,
    a_job,
    a_proposal,
    a_selection,
    an_event,
    keep,
    of_contract,
    of_offer,
    offer_words,
    with_selections,
)


def hear(store: Store, *events: Event) -> None:
    """Hear events one at a time; all must be done."""
    for event in events:
        engine.handle_one(store, REACTIONS, event, now=NOON)


def hear_until_done(store: Store, events: Iterable[Event]) -> None:
    """Hear events together, and again those that came too early."""
    waiting = list(events)
    for _ in range(len(waiting) + 1):
        verdicts, _ = engine.handle_many(store, REACTIONS, waiting, now=NOON)
        wrong = [why for why in verdicts.values() if why and not isinstance(why, NotYet)]
        assert wrong == []
        waiting = [event for event in waiting if verdicts[event.id]]
        if not waiting:
            return
    raise AssertionError(f"never done: {[event.type for event in waiting]}")


def selected(store: Store, **over: Any) -> tuple[Job, Proposal, str]:
    """Keep a job, a proposal and its selection; return them and the id of the offer."""
    job = a_job(**over)
    made = a_proposal(job)
    keep(store.db, JOBS, job)
    keep(store.db, PROPOSALS, made)
    offer_id = ids.new("off")
    usecases.select(store, made, by=CLIENT, now=NOON, once=None, offer_id=offer_id, words={})
    return store.get(JOBS, job.id), store.get(PROPOSALS, made.id), offer_id


def states(store: Store, job: Job) -> tuple[str, list[str], list[str]]:
    """Return the states of a job, its selections and its proposals."""
    now = store.get(JOBS, job.id)
    found = store.db[PROPOSALS.collection].find({"job_id": job.id}).sort("_id", 1)
    return now.state, [s.state for s in now.project.selections], [doc["state"] for doc in found]


def test_everything_it_hears_is_said_by_somebody() -> None:
    assert set(REACTIONS) <= set(catalog.PUBLISHER_OF)


# members


def member(version: int, name: str, state: str = "active") -> Event:
    """Return what accounts says about WORKER."""
    words = {"member_id": WORKER, "display_name": name, "state": state, "kind": "individual"}
    type_ = "member.registered" if version == 1 else "member.changed"
    return an_event(
        type_, {**words, "locale": "ja", "email": "w@example.com"}, subject=WORKER, version=version
    )


def bar_of(store: Store) -> str | None:
    bar = standing.of(store.db, WORKER).bar()
    return bar.code if bar else None


def test_the_newest_word_about_a_member_stands_in_whatever_order(store: Store) -> None:
    said = [member(1, "花子"), member(2, "花"), member(3, "花", "suspended")]
    for order in itertools.permutations(said):
        store.db[MEMBERS].delete_many({})
        hear(store, *order, *order)

        assert queries.names(store.db, [WORKER]) == {WORKER: "花"}
        assert bar_of(store) == "member_suspended"


def test_a_member_nobody_has_told_of_is_not_suspended(store: Store) -> None:
    assert bar_of(store) is None


# offers and contracts


@pytest.mark.parametrize(
    ("what", "state"),
    [
        ("offer.declined", "withdrawn"),
        ("offer.withdrawn", "declined"),
        ("offer.expired", "lapsed"),
    ],
)
def test_an_offer_that_ends_frees_the_opening_and_ends_the_proposal(
    store: Store, what: str, state: str
) -> None:
    job, made, offer_id = selected(store)
    event = of_offer(what, made, offer_id)

    hear(store, event, event)

    assert states(store, job) == ("open", ["freed"], [state])


def test_a_contract_fills_the_opening_closes_the_job_and_the_others_lapse(store: Store) -> None:
    job, made, offer_id = selected(store)
    other = a_proposal(job, worker_id=ids.new("mem"))
    keep(store.db, PROPOSALS, other)
    event = of_contract("contract.formed", made, offer_id)

    hear(store, event, event)
    closed = [e for e in store.load(JOBS, job.id).doc["outbox"] if e["type"] == "job.closed"]
    assert [e["data"]["reason"] for e in closed] == ["filled"]
    said = an_event("job.closed", closed[0]["data"])
    hear(store, said, said)

    assert states(store, job) == ("closed", ["filled"], ["selected", "lapsed"])
    assert store.get(PROPOSALS, made.id).contract_id == event.data["contract_id"]


@pytest.mark.parametrize(
    ("end", "state"), [("contract.completed", "completed"), ("contract.cancelled", "cancelled")]
)
def test_the_end_of_its_only_contract_ends_the_job(store: Store, end: str, state: str) -> None:
    job, made, offer_id = selected(store)
    hear(store, of_contract("contract.formed", made, offer_id))
    event = of_contract(end, made, offer_id)

    hear(store, event, event)

    assert states(store, job) == (state, [state], ["selected"])


@pytest.mark.parametrize("end", ["contract.completed", "contract.cancelled"])
def test_the_end_of_a_contract_waits_for_its_beginning(store: Store, end: str) -> None:
    job, made, offer_id = selected(store)
    with pytest.raises(NotYet):
        hear(store, of_contract(end, made, offer_id))

    assert states(store, job) == ("open", ["reserved"], ["selected"])


@pytest.mark.parametrize("type_", ["offer.declined", "contract.formed", "contract.completed"])
def test_what_concerns_no_job_is_passed_over(store: Store, type_: str) -> None:
    direct = an_event(
        type_,
        {
            **(
                of_contract(type_, a_proposal(), "off_1")
                if type_.startswith("contract")
                else of_offer(type_, a_proposal(), "off_1")
            ).data,
            "job_id": None,
            "proposal_id": None,
        },
    )

    hear(store, direct)
    verdicts, _ = engine.handle_many(store, REACTIONS, [direct], now=NOON)

    assert verdicts == {direct.id: None}
    assert store.db[JOBS.collection].count_documents({}) == 0


def a_whole_story(store: Store) -> tuple[Job, list[Event]]:
    """Select for three openings; return what contracts will say of the three offers."""
    job = a_job(openings=3)
    keep(store.db, JOBS, job)
    said: list[Event] = []
    ends: Sequence[Sequence[str]] = (
        ("contract.formed", "contract.completed"),
        ("contract.formed", "contract.cancelled"),
        ("offer.declined",),
    )
    for end in ends:
        made = a_proposal(job, worker_id=ids.new("mem"))
        keep(store.db, PROPOSALS, made)
        offer_id = ids.new("off")
        usecases.select(store, made, by=CLIENT, now=NOON, once=None, offer_id=offer_id, words={})
        for type_ in end:
            how = of_contract if type_.startswith("contract") else of_offer
            said.append(how(type_, made, offer_id))
    return job, said


@pytest.mark.parametrize("seed", range(10))
def test_the_end_does_not_depend_on_order_or_repetition(store: Store, seed: int) -> None:
    job, said = a_whole_story(store)
    shuffled = said * 3
    random.Random(seed).shuffle(shuffled)
    copies = [
        an_event(e.type, e.data, id=ids.new("evt"), subject=e.subject, version=e.version)
        for e in shuffled
    ]

    hear_until_done(store, copies)

    assert states(store, job) == (
        "open",
        ["completed", "cancelled", "freed"],
        ["selected", "selected", "withdrawn"],
    )
    version = store.load(JOBS, job.id).version
    hear_until_done(store, said)
    assert store.load(JOBS, job.id).version == version


# selecting, interrupted


def reserved_only(store: Store) -> tuple[Job, Proposal, Event]:
    """Reserve an opening as a request does that dies before the proposal is told."""
    job = a_job()
    made = a_proposal(job)
    keep(store.db, JOBS, job)
    keep(store.db, PROPOSALS, made)
    done = store.change(
        JOBS,
        job.id,
        opening.reserve,
        now=NOON,
        by=CLIENT,
        proposal=made,
        offer_id="off_1",
        words={},
    )
    said = store.load(JOBS, job.id).doc["outbox"][0]
    return done.thing, made, an_event("opening.reserved", said["data"], subject=job.id)


def test_a_selection_that_stopped_half_way_is_finished_by_hearing_of_it(store: Store) -> None:
    job, made, event = reserved_only(store)

    hear(store, event, event)

    assert states(store, job) == ("open", ["reserved"], ["selected"])
    said = store.load(PROPOSALS, made.id).doc["outbox"]
    assert [e["type"] for e in said] == ["proposal.selected"]
    assert said[0]["data"] == dict(event.data)


def test_a_proposal_withdrawn_in_between_frees_the_opening_and_no_offer_is_made(
    store: Store,
) -> None:
    job, made, event = reserved_only(store)
    store.change(PROPOSALS, made.id, proposal.withdraw, now=NOON, by=WORKER)

    hear(store, event, event)

    assert states(store, job) == ("open", ["freed"], ["withdrawn"])
    said = store.load(PROPOSALS, made.id).doc["outbox"]
    assert [e["type"] for e in said] == ["proposal.withdrawn"]


def test_a_request_that_meets_a_withdrawn_proposal_frees_the_opening(store: Store) -> None:
    job = a_job()
    made = a_proposal(job)
    keep(store.db, JOBS, job)
    keep(store.db, PROPOSALS, made)
    store.change(PROPOSALS, made.id, proposal.withdraw, now=NOON, by=WORKER)
    with pytest.raises(Conflict) as refused:
        usecases.select(store, made, by=CLIENT, now=NOON, once=None, offer_id="off_1", words={})

    assert refused.value.code == "wrong_state"
    assert states(store, job) == ("open", ["freed"], ["withdrawn"])


def test_what_is_said_of_an_offer_before_the_proposal_knows_of_it_waits(store: Store) -> None:
    job, made, event = reserved_only(store)
    formed = of_contract("contract.formed", made, "off_1")
    with pytest.raises(NotYet):
        hear(store, formed)

    hear(store, event, formed)

    assert states(store, job) == ("closed", ["filled"], ["selected"])


# the end of a job


@pytest.mark.parametrize("type_", ["job.closed", "job.cancelled"])
def test_all_that_waits_for_a_job_lapses_with_it(store: Store, type_: str) -> None:
    job = a_job(state="closed")
    many = usecases.LAPSED_AT_ONCE_MAX + 5
    waiting = [a_proposal(job, worker_id=ids.new("mem")) for _ in range(many)]
    rest = [
        a_proposal(job, worker_id=ids.new("mem"), state=state)
        for state in ("selected", "declined", "withdrawn")
    ]
    keep(store.db, JOBS, job)
    keep(store.db, PROPOSALS, *waiting, *rest)
    words = {"job_id": job.id, "client_id": CLIENT, "mode": "project", "title": job.title}
    event = an_event(type_, {**words, "reason": "client"})

    hear(store, event, event)

    _, _, ended = states(store, job)
    assert ended == ["lapsed"] * many + ["selected", "declined", "withdrawn"]
    said = [
        entry["type"]
        for doc in store.db[PROPOSALS.collection].find()
        for entry in doc.get("outbox", [])
    ]
    assert said == ["proposal.lapsed"] * many


def test_who_proposes_while_the_job_closes_is_told_that_it_has_closed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job()
    keep(store.db, JOBS, job)
    create = Store.create

    def close_first(self: Store, *args: Any, **how: Any) -> Any:
        store.change(JOBS, job.id, posting.close, now=NOON, by=CLIENT)
        return create(self, *args, **how)

    monkeypatch.setattr(Store, "create", close_first)
    words = {"message": "m", "amount": a_proposal().amount, "deliver_by": NOON + 5 * DAY}
    with pytest.raises(Conflict) as refused:
        usecases.propose(
            store, job, proposal_id="pro_1", by=WORKER, now=NOON, once=None, words=words
        )

    assert refused.value.code == "job_not_open"
    assert states(store, job) == ("closed", [], ["lapsed"])


# timers


def test_silence_takes_a_job_and_its_proposal_to_their_ends(store: Store) -> None:
    job = a_job()
    made = a_proposal(job)
    keep(store.db, JOBS, job)
    keep(store.db, PROPOSALS, made)

    assert sweep.timers(store, [JOBS, PROPOSALS], NOON + 9 * DAY) == 0
    sweep.timers(store, [JOBS, PROPOSALS], NOON + 10 * DAY)
    assert states(store, job) == ("closed", [], ["submitted"])
    sweep.timers(store, [JOBS, PROPOSALS], NOON + 30 * DAY)
    assert states(store, job) == ("closed", [], ["lapsed"])
    sweep.timers(store, [JOBS, PROPOSALS], NOON + 40 * DAY)
    assert states(store, job) == ("cancelled", [], ["lapsed"])

    assert sweep.timers(store, [JOBS, PROPOSALS], NOON + 999 * DAY) == 0
    said = [entry["type"] for entry in store.load(JOBS, job.id).doc["outbox"]]
    assert said == ["job.proposals_closed", "job.cancelled"]


def test_a_long_downtime_ends_in_the_same_place(store: Store) -> None:
    job = with_selections(a_job(openings=2), a_selection())
    keep(store.db, JOBS, job)
    for _ in range(5):
        sweep.timers(store, [JOBS], NOON + 365 * DAY)
    sweep.timers(store, [JOBS], NOON + 400 * DAY)

    assert states(store, job) == ("cancelled", ["freed"], [])


def test_an_offer_in_the_words_of_the_catalog_is_what_is_said() -> None:
    job = a_job()
    catalog.said("opening.reserved", offer_words(job, a_proposal(job)))
