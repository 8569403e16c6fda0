"""A job: work that a client offers, from its draft to its end.

The data and the tables; the rules are in `posting` (what its client does), `opening` (who is
selected and what comes of it) and `silence` (what happens when nobody acts). What is particular to
one mode stands in a part of its own: `project`, `contest`, `task`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import Forbidden
from shared.events import Fact
from shared.moderation import SHOWN, Seen, Text
from shared.money import Money
from shared.moves import IGNORE, LATER, Moves

STATES = ("draft", "held", "awaiting_funding", "open", "closed", "completed", "cancelled")
MODES = ("project", "competition", "task")
VISIBILITIES = ("open", "sealed")
NO_WINNER = ("split", "refund")
EXPERIENCES = ("none", "some")
ORDERS = ("new", "deadline", "amount")
"""How a list of jobs may be sorted: the newest, the soonest, the best paid first."""

REJECTS = (0, 5, 10, 20, 30, 50, 100)
"""The percentages at which clients who reject are told apart."""

Next = dict[str, Any]
"""Who must act, by when, and what happens otherwise: `{actor, action, by, otherwise}`."""

MOVES: Moves = {
    "edit": {"draft": "draft", "open": "open"},
    "publish": {"draft": "open"},
    "hold": {"draft": "held"},
    "close": {"open": "closed", "closed": "closed"},
    "cancel": {
        "draft": "cancelled",
        "held": "cancelled",
        "awaiting_funding": "cancelled",
        "open": "cancelled",
        "closed": "cancelled",
    },
    "select": {"open": "open", "closed": "closed"},
    # By nobody's command: operators (or their silence) let a held one out, or remove it; every
    # opening is filled; every contract has ended.
    "let_out": {"held": "open"},
    "return": {"held": "draft"},
    "fill": {"open": "closed", "closed": "closed"},
    "complete": {"closed": "completed"},
    "fail": {"closed": "cancelled"},
}

OPENED_BY_MONEY: Moves = {
    # cancelled: escrow, hearing of that, gives the money back.
    "escrow.funded": {
        "draft": LATER,
        "held": LATER,
        "awaiting_funding": "open",
        "open": IGNORE,
        "closed": IGNORE,
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
    "hold.refused": {
        "draft": LATER,
        "held": LATER,
        "awaiting_funding": "cancelled",
        "open": IGNORE,
        "closed": IGNORE,
        "completed": IGNORE,
        "cancelled": IGNORE,
    },
}
"""What a job that is funded before it opens hears of its hold: a competition or a task."""

# What comes of an event for the job is settled from its openings (`opening.HEARD`); here stands
# where it may come at all. An offer needs a job that was once open.
_ONCE_OPEN = {
    "draft": LATER,
    "held": LATER,
    "awaiting_funding": LATER,
    "open": "open",
    "closed": "closed",
    "completed": "completed",
    "cancelled": "cancelled",
}
HEARD: Moves = {
    "offer.declined": _ONCE_OPEN,
    "offer.expired": _ONCE_OPEN,
    "offer.withdrawn": _ONCE_OPEN,
    "contract.formed": _ONCE_OPEN,
    "contract.completed": _ONCE_OPEN,
    "contract.cancelled": _ONCE_OPEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the client thinks the work costs."""

    min: Money
    max: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A proposal that the client chose: the opening it takes and what came of the offer.

    `state` is reserved, filled, freed, completed or cancelled (`opening.HEARD`).
    """

    proposal_id: str
    offer_id: str
    worker_id: str
    state: str
    at: datetime
    contract_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a job in project mode says, and whom its client has selected.

    `select_by` is set when proposals are no longer taken and the client may still choose. With
    `weekly_cap_hours` it is work by the hour: the budget and what is proposed is the rate of one.
    """

    budget: Budget | None = None
    weekly_cap_hours: int | None = None
    proposals_close_at: datetime | None = None
    openings: int = 1
    selections: tuple[Selection, ...] = ()
    select_by: datetime | None = None

    def count(self, *states: str) -> int:
        """Return how many selections are in these states."""
        return sum(s.state in states for s in self.selections)

    @property
    def filled(self) -> int:
        """Return how many openings have led to a contract that stands or was completed."""
        return self.count("filled", "completed")

    @property
    def free(self) -> int:
        """Return how many openings nobody has been selected for."""
        return self.openings - self.filled - self.count("reserved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """What an entry gets: the prize of its rank, or (rank 0) a share without a winner."""

    entry_id: str
    worker_id: str
    amount: Money
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What a competition says, and how it was decided.

    `select_by` is set while the client may award; `decision` is awarded, split or void.
    """

    prizes: tuple[Money, ...] = ()
    closes_at: datetime | None = None
    visibility: str = "open"
    no_winner: str = "split"
    select_by: datetime | None = None
    is_extended: bool = False
    decision: str | None = None
    awards: tuple[Award, ...] = ()

    @property
    def total(self) -> Money:
        """Return the sum of the prizes."""
        return Money(sum(p.amount for p in self.prizes), self.prizes[0].currency)

    @property
    def is_decided(self) -> bool:
        """Say whether it is known who gets what."""
        return self.decision is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a task says: `form` and `criteria` are lists of words as the client sent them.

    A question of the form that has a `known` answer is a control: whoever works does not see which
    these are. With `min_controls_percent` nobody goes on who has answered fewer of them right.

    `remaining` is what was left for nobody when it closed; None until that is counted.
    """

    reward: Money | None = None
    slots: int = 1
    per_worker_limit: int = 1
    minutes_allowed: int = 60
    review_days: int = 14
    form: tuple[Mapping[str, Any], ...] = ()
    criteria: tuple[Mapping[str, Any], ...] = ()
    min_approval_percent: int = 0
    min_controls_percent: int = 0
    verified_only: bool = False
    remaining: Money | None = None
    approve_all_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What jobs are found by of their client; who never rejected anything rejects 0 %.

    `rejects_percent` is rounded up to one of `REJECTS`, so that it seldom changes.
    """

    is_verified: bool = False
    has_paid: bool = False
    rejects_percent: int = 0

    @classmethod
    def of(cls, *, is_verified: bool, has_paid: bool, rejected: int, judged: int) -> "Known":
        """Return what is known by these figures."""
        share = -(-rejected * 100 // judged) if judged else 0
        step = next(step for step in REJECTS if share <= step)
        return cls(is_verified=is_verified, has_paid=has_paid, rejects_percent=step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that a client offers. `changed_at` is the last act on it; silence counts from there."""

    id: str
    client_id: str
    mode: str
    state: str
    title: str
    description: str
    category: str
    skills: tuple[str, ...]
    experience: str
    deadline_at: datetime | None
    project: Project
    created_at: datetime
    changed_at: datetime
    published_at: datetime | None = None
    contest: Contest | None = None
    task: Task | None = None
    # Where the money waits in one hold for the whole job; final from publishing on.
    hold_id: str | None = None
    client_known: Known = Known()
    # How its words are seen: operators may look before it opens, or have removed it.
    seen: Seen = SHOWN

    @property
    def most(self) -> Money | None:
        """Return what one person may earn at most."""
        if self.task is not None:
            return self.task.reward
        if self.contest is not None:
            return max(self.contest.prizes, default=None, key=lambda prize: prize.amount)
        return self.project.budget.max if self.project.budget else None

    @property
    def least(self) -> Money | None:
        """Return what whoever does the work (and wins) earns at least."""
        return self.project.budget.min if self.project.budget else self.most

    @property
    def ends_at(self) -> datetime | None:
        """Return until when one may hand in work."""
        return self.contest.closes_at if self.contest else self.deadline_at

    @property
    def texts(self) -> tuple[str, ...]:
        """Return all that its client has written in it."""
        of_form: list[str] = []
        if self.task is not None:
            of_form += (str(one["label"]) for one in self.task.form)
            of_form += (str(each) for one in self.task.form for each in one.get("options") or ())
            of_form += (str(one["text"]) for one in self.task.criteria)
        return (self.title, self.description, *self.skills, *of_form)

    def said(self) -> Text:
        """Return it as operators are told of it."""
        return Text(
            topic="posting",
            content_id=self.id,
            content_kind="job",
            where_id=self.id,
            author_id=self.client_id,
            other_id=None,
            words=f"{self.title}\n{self.description}",
        )


def waits_for(actor: str, action: str, *, by: datetime, otherwise: str) -> Next:
    """Return who must act, until when, and what happens if they do not."""
    return {"actor": actor, "action": action, "by": by, "otherwise": otherwise}


def said(job: Job, type_: str, **more: Any) -> Fact:
    """Return a fact about this job."""
    words = {"job_id": job.id, "client_id": job.client_id, "mode": job.mode, "title": job.title}
    return Fact(type_, {**words, **more})


def refuse_others(job: Job, by: str) -> None:
    """Pass when this is the job's client.

    :raises Forbidden: `not_the_client`
    """
    if by != job.client_id:
        raise Forbidden("not_the_client", "only the client of a job may do this")
