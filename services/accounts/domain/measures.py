"""How a member works, measured from single facts: medians and rates, each with its sample.

The figures are the same in whatever order the facts were heard, and however often: they are derived
anew from all of them, sorted by when they happened. docs/records.md says the same for people.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One fact about one member.

    `ref` is the contract, assignment, job, question, proposal or offer, `step` the contract's
    milestone, `other` the other party, `turn` whose turn an offer is now.
    """

    id: str
    role: str
    what: str
    ref: str
    at: datetime
    step: int = 0
    due: datetime | None = None
    other: str | None = None
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class Median:
    """The middle of `sample` times; of none it is not known."""

    seconds: int | None = None
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `sample`."""

    hits: int = 0
    sample: int = 0

    @property
    def share(self) -> float | None:
        """Return the share, 0 to 1, to three places; of nothing it is not known."""
        return round(self.hits / self.sample, 3) if self.sample else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsClient:
    """How a client answers, awards, funds, accepts and rejects."""

    time_to_answer: Median = Median()
    time_to_award: Median = Median()
    time_to_fund: Median = Median()
    time_to_accept: Median = Median()
    rejection: Rate = Rate()
    dispute: Rate = Rate()


@dataclass(frozen=True, slots=True, kw_only=True)
class AsWorker:
    """How a worker answers, delivers and completes, and how many clients come back."""

    time_to_answer: Median = Median()
    on_time: Rate = Rate()
    completion: Rate = Rate()
    task_approval: Rate = Rate()
    repeat_clients: Rate = Rate()
    dispute: Rate = Rate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All of it; `facts` is of how many, and only grows: the larger is the later."""

    facts: int = 0
    as_client: AsClient = AsClient()
    as_worker: AsWorker = AsWorker()


@dataclass(frozen=True, slots=True)
class Asking:
    """What waits for somebody from `asked` on, until something of `answered`."""

    asked: frozenset[str]
    answered: frozenset[str]


QUESTIONS = Asking(frozenset({"question.asked"}), frozenset({"question.answered"}))
PROPOSALS = Asking(
    frozenset({"proposal.submitted"}), frozenset({"proposal.selected", "proposal.declined"})
)
JOBS = Asking(frozenset({"job.opened"}), frozenset({"opening.reserved", "competition.awarded"}))
# A worker's own counter is an answer; the client's puts the offer before them again.
OFFERS = Asking(
    frozenset({"offer.sent", "offer.countered"}),
    frozenset({"offer.accepted", "offer.declined", "offer.countered"}),
)
OF_CONTRACTS = ("contract", "milestone", "extension", "delivery", "changes", "dispute")


@dataclass(slots=True)
class _Step:
    """What happened to one milestone, gathered in the order of time."""

    wanted_at: datetime | None = None
    funded_at: datetime | None = None
    due: datetime | None = None
    first_at: datetime | None = None
    in_time: bool = False
    judged: bool = False
    last_at: datetime | None = None
    accepted_at: datetime | None = None
    overdue: bool = False


@dataclass(slots=True)
class _Story:
    """What happened to one contract."""

    steps: dict[int, _Step] = field(default_factory=lambda: defaultdict(_Step))
    said: set[str] = field(default_factory=set)


def measure(seen: Iterable[Seen], *, facts: int) -> Measures:
    """Derive the figures from what was seen of one member."""
    ordered = sorted(seen, key=lambda one: (one.at, one.id))
    client = [one for one in ordered if one.role == "client"]
    worker = [one for one in ordered if one.role == "worker"]
    return Measures(facts=facts, as_client=_as_client(client), as_worker=_as_worker(worker))


def from_words(doc: Mapping[str, Any] | None) -> Measures:
    """Return the figures in a member's document; one of before they were kept has none."""
    if doc is None:
        return Measures()
    client, worker = doc["as_client"], doc["as_worker"]
    return Measures(
        facts=doc["facts"],
        as_client=AsClient(**{name: _figure(words) for name, words in client.items()}),
        as_worker=AsWorker(**{name: _figure(words) for name, words in worker.items()}),
    )


def _figure(words: Mapping[str, Any]) -> Any:
    return Rate(**words) if "hits" in words else Median(**words)


def median_of(times: Sequence[float]) -> Median:
    """Return the middle one, or the mean of the middle two, in whole seconds."""
    return Median(int(median(times)), len(times)) if times else Median()


def _as_client(seen: Sequence[Seen]) -> AsClient:
    stories = _stories(seen)
    steps = [step for story in stories for step in story.steps.values()]
    approval = _approval(seen)
    return AsClient(
        time_to_answer=median_of([*_answers(seen, QUESTIONS), *_answers(seen, PROPOSALS)]),
        time_to_award=median_of(_answers(seen, JOBS)),
        time_to_fund=median_of(
            [
                (s.funded_at - s.wanted_at).total_seconds()
                for s in steps
                if s.funded_at and s.wanted_at
            ]
        ),
        time_to_accept=median_of(
            [
                (s.accepted_at - s.last_at).total_seconds()
                for s in steps
                if s.accepted_at and s.last_at
            ]
        ),
        rejection=Rate(approval.sample - approval.hits, approval.sample),
        dispute=_disputes(stories),
    )


def _as_worker(seen: Sequence[Seen]) -> AsWorker:
    stories = _stories(seen)
    steps = [step for story in stories for step in story.steps.values()]
    judged = [step for step in steps if (step.first_at and step.due) or step.overdue]
    ended = [story.said for story in stories if _ran_to_an_end(story)]
    return AsWorker(
        time_to_answer=median_of(_answers(seen, OFFERS)),
        on_time=Rate(sum(step.in_time for step in judged), len(judged)),
        completion=Rate(sum("contract.completed" in said for said in ended), len(ended)),
        task_approval=_approval(seen),
        repeat_clients=_repeats(seen),
        dispute=_disputes(stories),
    )


def _answers(seen: Sequence[Seen], asking: Asking) -> list[float]:
    """Return how long each took that was answered, in seconds; of a job its first award counts.

    What ends without an answer (withdrawn, lapsed, expired) is none, nor is what the other says.
    """
    asked: dict[str, datetime] = {}
    times: list[float] = []
    for one in seen:
        if one.what in asking.asked and one.turn in (None, one.role):
            asked.setdefault(one.ref, one.at)
        elif one.what in asking.answered and one.ref in asked:
            times.append((one.at - asked[one.ref]).total_seconds())
            asked.pop(one.ref)
    return times


def _repeats(seen: Sequence[Seen]) -> Rate:
    """Of the clients with a completed contract: with how many there are several."""
    by_client: dict[str, set[str]] = defaultdict(set)
    for one in seen:
        if one.what == "contract.completed" and one.other:
            by_client[one.other].add(one.ref)
    return Rate(sum(len(several) > 1 for several in by_client.values()), len(by_client))


def _approval(seen: Sequence[Seen]) -> Rate:
    """Of the assignments that were judged: an approval, also after an appeal, is the last word."""
    approved = {one.ref for one in seen if one.what == "assignment.approved"}
    rejected = {one.ref for one in seen if one.what == "assignment.rejected"}
    return Rate(len(approved), len(approved | rejected))


def _disputes(stories: Sequence[_Story]) -> Rate:
    ran = [s for s in stories if _ran_to_an_end(s) or "dispute.opened" in s.said]
    return Rate(sum("dispute.opened" in story.said for story in ran), len(ran))


def _ran_to_an_end(story: _Story) -> bool:
    """A contract that never started says nothing of its worker."""
    ended = {"contract.completed", "contract.cancelled"} & story.said
    return bool(ended) and ("contract.started" in story.said or "contract.completed" in story.said)


def _stories(seen: Sequence[Seen]) -> list[_Story]:
    stories: dict[str, _Story] = defaultdict(_Story)
    for one in seen:
        if one.what.partition(".")[0] in OF_CONTRACTS:
            story = stories[one.ref]
            story.said.add(one.what)
            _note(story.steps[one.step or 1], one)
    return list(stories.values())


def _note(step: _Step, one: Seen) -> None:
    """Gather one fact of a milestone; what was heard twice is noted twice, and changes nothing."""
    match one.what:
        case "contract.formed" | "milestone.due":
            step.wanted_at = step.wanted_at or one.at
        case "milestone.funded":
            step.funded_at, step.due = step.funded_at or one.at, one.due
        case "extension.granted":
            step.due = one.due
        case "milestone.overdue":
            step.overdue = True
        case "delivery.submitted":
            _note_delivery(step, one.at)
        case "delivery.recalled" if not step.judged:
            # Taken back before anybody judged it: it was no delivery.
            step.first_at, step.in_time = None, False
        case "changes.requested":
            step.judged = True
        case "delivery.accepted":
            step.judged, step.accepted_at = True, step.accepted_at or one.at


def _note_delivery(step: _Step, at: datetime) -> None:
    if step.first_at is None:
        step.first_at = at
        step.in_time = step.due is not None and at <= step.due
    step.last_at = at
