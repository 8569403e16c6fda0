"""A proposal: what a person would do for a job, for how much and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.jobs.domain import market
from services.jobs.domain.job import Job, Next, waits_for
from shared import clock, moderation, wording
from shared.errors import Conflict, Forbidden, Ignored, Invalid, Refused
from shared.events import Fact
from shared.moderation import SHOWN, Seen, Text
from shared.money import AMOUNT_MAX, Money
from shared.moves import IGNORE, LATER, Moves, Outcome, heard, next_state

STATES = ("submitted", "shortlisted", "selected", "declined", "withdrawn", "lapsed")
LIVE = frozenset({"submitted", "shortlisted", "selected"})
WAITING = frozenset({"submitted", "shortlisted"})

MESSAGE_MAX = 5_000
MILESTONES_MAX = 50
SILENCE = timedelta(days=30)
"""A proposal binds for so long after the last act on it."""
DELIVER_MAX = timedelta(days=730)

MOVES: Moves = {
    "shortlist": {"submitted": "shortlisted"},
    "withdraw": {"submitted": "withdrawn", "shortlisted": "withdrawn"},
    "decline": {"submitted": "declined", "shortlisted": "declined"},
    # Said by the job, which has reserved an opening.
    "select": {"submitted": "selected", "shortlisted": "selected"},
    # By silence, or because the job ended without it.
    "lapse": {"submitted": "lapsed", "shortlisted": "lapsed", "selected": "lapsed"},
}

_OVER = {"declined": IGNORE, "withdrawn": IGNORE, "lapsed": IGNORE}
HEARD: Moves = {
    # The worker does not want it any more; the client takes it back; the worker was silent.
    "offer.declined": {"submitted": LATER, "shortlisted": LATER, "selected": "withdrawn", **_OVER},
    "offer.withdrawn": {"submitted": LATER, "shortlisted": LATER, "selected": "declined", **_OVER},
    "offer.expired": {"submitted": LATER, "shortlisted": LATER, "selected": "lapsed", **_OVER},
    # lapsed: given up after long silence, and the offer was accepted after all.
    "contract.formed": {
        "submitted": LATER,
        "shortlisted": LATER,
        "selected": "selected",
        "declined": IGNORE,
        "withdrawn": IGNORE,
        "lapsed": "selected",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A part of the work with its own amount and time."""

    title: str
    amount: Money
    deliver_by: datetime

    def words(self) -> dict[str, Any]:
        """Return it as it is said in events."""
        return {
            "title": self.title,
            "amount": self.amount.words(),
            "deliver_by": clock.text(self.deliver_by),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a person offers to do. `offer_id` and `contract_id` tell what came of it."""

    id: str
    job_id: str
    client_id: str
    worker_id: str
    title: str
    message: str
    amount: Money
    deliver_by: datetime
    milestones: tuple[Milestone, ...]
    state: str
    created_at: datetime
    changed_at: datetime
    offer_id: str | None = None
    contract_id: str | None = None
    seen: Seen = SHOWN

    @property
    def is_live(self) -> bool:
        """Say whether this is the one proposal that its author may have for the job."""
        return self.state in LIVE

    def said(self) -> Text:
        """Return it as operators are told of it."""
        return Text(
            topic="proposal",
            content_id=self.id,
            content_kind="proposal",
            where_id=self.job_id,
            author_id=self.worker_id,
            other_id=self.client_id,
            words=self.message,
        )

    def is_seen_by(self, member_id: str) -> bool:
        """Say whether this member sees it: its author, or its client once it was shown."""
        return member_id == self.worker_id or (member_id == self.client_id and not self.seen.unseen)

    def names(self) -> dict[str, Any]:
        """Return the words by which events name it."""
        return {
            "job_id": self.job_id,
            "proposal_id": self.id,
            "client_id": self.client_id,
            "worker_id": self.worker_id,
            "title": self.title,
        }

    def terms_by_milestone(
        self, title: str, amount: Money, deliver_by: datetime
    ) -> tuple[Milestone, ...]:
        """Return its milestones; the whole as the only one where it is not divided."""
        if len(self.milestones) > 1:
            return self.milestones
        name = self.milestones[0].title if self.milestones else title
        return (Milestone(title=name, amount=amount, deliver_by=deliver_by),)


def submit(
    job: Job,
    *,
    id: str,
    by: str,
    now: datetime,
    bar: Refused | None,
    message: str,
    amount: Money,
    deliver_by: datetime,
    milestones: Sequence[Mapping[str, Any]] = (),
) -> Outcome[Proposal]:
    """Return a new proposal for an open job; what asks to deal outside is held, and told later.

    :raises Forbidden: `own_job`; or `bar`
    :raises Conflict: `job_not_open`
    :raises Invalid: `invalid_words`, `milestones_sum` with the fields
    """
    refuse_proposing(job, by=by, bar=bar)
    parts = tuple(Milestone(**m) for m in milestones)
    _refuse_wrong(job, amount=amount, deliver_by=deliver_by, milestones=parts, now=now)
    proposal = Proposal(
        id=id,
        job_id=job.id,
        client_id=job.client_id,
        worker_id=by,
        title=job.title,
        message=message,
        amount=amount,
        deliver_by=deliver_by,
        milestones=parts,
        state="submitted",
        created_at=now,
        changed_at=now,
        seen=moderation.first(
            wording.find(message, *(m.title for m in parts), situation="before"),
            now=now,
            release_at=now + market.timers().held_release,
        ),
    )
    if proposal.seen.is_shown:
        return proposal, [_submitted(proposal)]
    return proposal, [moderation.held(proposal.said(), proposal.seen)]


def _submitted(proposal: Proposal) -> Fact:
    by = clock.text(proposal.changed_at + SILENCE)
    words = {"amount": proposal.amount.words(), "select_by": by}
    return Fact("proposal.submitted", {**proposal.names(), **words})


def decide(proposal: Proposal, *, now: datetime, outcome: str, reason: str) -> Outcome[Proposal]:
    """Do what was decided of it: what its client never saw is submitted when it is released.

    :raises Ignored: it is so already
    """
    step = moderation.decided(proposal.said(), proposal.seen, outcome, reason)
    return _after(proposal, step, now=now)


def _after(
    proposal: Proposal, step: tuple[Seen, list[Fact]], *, now: datetime
) -> Outcome[Proposal]:
    seen, facts = step
    if not (proposal.seen.unseen and seen.is_shown):
        return replace(proposal, seen=seen), facts
    if proposal.state not in WAITING:  # it ended meanwhile, and its client never hears of it
        return replace(proposal, seen=replace(seen, unseen=True)), facts
    proposal = replace(proposal, seen=seen, changed_at=now)
    return proposal, [*facts, _submitted(proposal)]


def report(proposal: Proposal, *, now: datetime, case_id: str) -> Outcome[Proposal]:
    """Tell accounts what was reported; nothing changes."""
    return proposal, [moderation.reported(proposal.said(), case_id)]


def refuse_proposing(job: Job, *, by: str, bar: Refused | None) -> None:
    """Pass when this person may propose for this job.

    :raises Forbidden: `own_job`; or `bar`
    :raises Conflict: `wrong_mode`, `job_not_open`
    """
    for why in unmet(job, by=by, bar=bar):
        raise why


def unmet(job: Job, *, by: str, bar: Refused | None) -> list[Refused]:
    """Return every reason for which this person cannot propose; none: they may."""
    reasons: list[Refused] = []
    if job.mode != "project":
        reasons.append(Conflict("wrong_mode", f"this is a {job.mode}", mode=job.mode))
    if by == job.client_id:
        reasons.append(Forbidden("own_job", "this is your own job"))
    if bar:
        reasons.append(bar)
    if job.state != "open":
        detail = f"it takes no proposals: it is {job.state}"
        reasons.append(Conflict("job_not_open", detail, state=job.state))
    return reasons


def _refuse_wrong(
    job: Job,
    *,
    amount: Money,
    deliver_by: datetime,
    milestones: tuple[Milestone, ...],
    now: datetime,
) -> None:
    wrong: dict[str, list[str]] = {}
    if job.most and amount.currency != job.most.currency:
        wrong["amount.currency"] = [f"The job pays in {job.most.currency}."]
    if not now < deliver_by <= now + DELIVER_MAX:
        wrong["deliver_by"] = [f"Not within the coming {DELIVER_MAX.days} days."]
    if (cap := job.project.weekly_cap_hours) and milestones:
        wrong["milestones"] = ["Work by the hour has weeks."]
    if cap and amount.amount * cap > AMOUNT_MAX:
        wrong["amount"] = [f"A week of it is more than {AMOUNT_MAX}."]
    for at, part in enumerate(milestones):
        if part.amount.currency != amount.currency:
            wrong[f"milestones.{at}.amount.currency"] = ["Another currency than the whole."]
        before = milestones[at - 1].deliver_by if at else now
        if not (now < part.deliver_by <= deliver_by and before <= part.deliver_by):
            wrong[f"milestones.{at}.deliver_by"] = ["Past, out of order, or after the whole."]
    if wrong:
        raise Invalid("invalid_words", "some of the words are not right", fields=wrong)
    total = sum(part.amount.amount for part in milestones)
    if milestones and total != amount.amount:
        where = {"milestones": [f"They sum to {total}, the whole is {amount.amount}."]}
        raise Invalid("milestones_sum", "the milestones are not the whole", fields=where)


def shortlist(proposal: Proposal, *, now: datetime, by: str) -> Outcome[Proposal]:
    """Mark a proposal as one to choose from; it binds for another 30 days.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    _refuse_others(proposal, by, "client")
    return _moved(proposal, "shortlist", now=now), []


def withdraw(proposal: Proposal, *, now: datetime, by: str) -> Outcome[Proposal]:
    """Take one's own proposal back; a selected one is ended by declining the offer.

    :raises Forbidden: `not_the_worker`
    :raises Conflict: `wrong_state`
    """
    _refuse_others(proposal, by, "worker")
    proposal = _moved(proposal, "withdraw", now=now)
    if proposal.seen.unseen:
        return proposal, []
    return proposal, [Fact("proposal.withdrawn", proposal.names())]


def decline(proposal: Proposal, *, now: datetime, by: str) -> Outcome[Proposal]:
    """Say no to a proposal.

    :raises Forbidden: `not_the_client`
    :raises Conflict: `wrong_state`
    """
    _refuse_others(proposal, by, "client")
    proposal = _moved(proposal, "decline", now=now)
    return proposal, [Fact("proposal.declined", proposal.names())]


def refuse_selecting(proposal: Proposal, bar: Refused | None) -> None:
    """Pass when this proposal waits to be chosen.

    :raises Forbidden: `bar`
    :raises Conflict: `wrong_state`; `not_shown`: it is held or removed
    """
    next_state(MOVES, proposal.state, "select")
    _refuse_not_shown(proposal)
    if bar:
        raise bar


def _refuse_not_shown(proposal: Proposal) -> None:
    if not proposal.seen.is_shown:
        raise Conflict("not_shown", f"this proposal is {proposal.seen.state}")


def select(proposal: Proposal, *, now: datetime, offer: Mapping[str, Any]) -> Outcome[Proposal]:
    """Take the opening that the job has reserved; from this fact contracts makes the offer.

    :raises Ignored: it has taken it
    :raises Conflict: `wrong_state`, `not_shown`: the opening is to be freed
    """
    if proposal.offer_id == offer["offer_id"]:
        raise Ignored("crossed", "it has taken this opening")
    _refuse_not_shown(proposal)
    proposal = replace(_moved(proposal, "select", now=now), offer_id=offer["offer_id"])
    return proposal, [Fact("proposal.selected", dict(offer))]


def lapse(proposal: Proposal, *, now: datetime) -> Outcome[Proposal]:
    """End a proposal that nobody answered, because its job ended or its time is over.

    :raises Ignored: it waits for its offer, or has ended
    """
    if proposal.state not in WAITING:
        raise Ignored("crossed", f"it is {proposal.state}")
    return _lapsed(proposal, "job", now=now)


def _lapsed(proposal: Proposal, reason: str, *, now: datetime) -> Outcome[Proposal]:
    proposal = _moved(proposal, "lapse", now=now)
    return proposal, [Fact("proposal.lapsed", {**proposal.names(), "reason": reason})]


def hear(
    proposal: Proposal, *, now: datetime, what: str, offer_id: str, contract_id: str | None = None
) -> Outcome[Proposal]:
    """Note what came of the offer that was made of it.

    :raises Ignored, NotYet: by the table, and when it is heard again
    """
    state = heard(HEARD, proposal.state, what)
    if proposal.offer_id != offer_id:
        raise Ignored("crossed", f"{what} is about another offer than {proposal.offer_id}")
    if proposal.contract_id is not None:
        raise Ignored("crossed", "it has become a contract")
    # The offer's own fact has told everybody: nothing is said again.
    return replace(proposal, state=state, contract_id=contract_id, changed_at=now), []


def _moved(proposal: Proposal, move: str, *, now: datetime) -> Proposal:
    return replace(proposal, state=next_state(MOVES, proposal.state, move), changed_at=now)


def _refuse_others(proposal: Proposal, by: str, role: str) -> None:
    if by != (proposal.client_id if role == "client" else proposal.worker_id):
        raise Forbidden(f"not_the_{role}", f"only the {role} may do this")


def wake(proposal: Proposal) -> datetime | None:
    """Return when silence releases or ends the proposal, or the wait for its offer's answer."""
    if proposal.seen.release_at:
        return proposal.seen.release_at
    is_waiting = proposal.is_live and proposal.contract_id is None
    return proposal.changed_at + SILENCE if is_waiting else None


def on_wake(proposal: Proposal, *, now: datetime) -> Outcome[Proposal]:
    """Release what no operator decided about; let lapse what nobody acted on for 30 days.

    :raises Ignored: its time has not come
    """
    if (at := wake(proposal)) is None or at > now:
        raise Ignored("not_due", "its time has not come")
    if proposal.seen.release_at:
        step = moderation.by_silence(proposal.said(), proposal.seen, now=now)
        return _after(proposal, step, now=now)
    return _lapsed(proposal, "silence", now=now)


def next_step(proposal: Proposal) -> Next | None:
    """Return what this proposal waits for; None when it waits for nothing any more."""
    if held := moderation.next_of(proposal.seen):
        return held
    if (by := wake(proposal)) is None:
        return None
    if proposal.state in WAITING:
        return waits_for("client", "select", by=by, otherwise="lapsed")
    return waits_for("worker", "answer_offer", by=by, otherwise="lapsed")
