"""A member: who they are, what they say of themselves, and the record of what they did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.accounts.domain.levels import Level, level
from services.accounts.domain.measures import Measures, Median, Rate
from shared import clock
from shared.errors import Conflict
from shared.events import Fact
from shared.moves import Outcome

STATES = ("active", "suspended", "leaving", "erased")
MAY_ENTER = ("active", "leaving")
"""Who may log in: also who is leaving, to meet what is asked of them, or to stay."""
ERASED_NAME = "退会した会員 / former member"
"""What stands for the name of somebody who has been erased."""
OPERATOR = "ops"
NOT_MEASURED = Measures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a member did, counted from the facts that were heard. Counts only grow."""

    contracts_completed: int = 0
    contracts_cancelled: int = 0
    reviews_satisfied: int = 0
    reviews_unsatisfied: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a member says of themselves."""

    bio: str = ""
    skills: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanction:
    """One measure of the operators against a member; its rules are in `sanction`."""

    id: str
    level: str
    reason: str
    by: str
    at: datetime
    until: datetime | None = None
    state: str = "in_force"
    appeal: str | None = None
    appealed_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totp:
    """A second factor; its rules are in `totp`. `last_step`: codes up to it are spent."""

    secret: str
    is_on: bool = False
    last_step: int = 0
    recovery: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How far leaving is; its rules are in `leaving`.

    `cleared` are the services that have nothing open any more, of those asked in this `round`;
    `unmet` what the others say is in the way.
    """

    asked_at: datetime
    until: datetime
    ask_at: datetime
    round: int = 0
    cleared: tuple[str, ...] = ()
    unmet: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One account, which may both give and take work."""

    id: str
    email: str
    password_hash: str
    display_name: str
    kind: str
    locale: str
    joined_at: datetime
    state: str = "active"
    roles: tuple[str, ...] = ()
    profile: Profile = Profile()
    record: Record = Record()
    measures: Measures = NOT_MEASURED
    email_verified_at: datetime | None = None
    # Whatever session began before is worth nothing: the password was changed.
    sessions_since: datetime | None = None
    sanctions: tuple[Sanction, ...] = ()
    totp: Totp | None = None
    leaving: Leaving | None = None


def register(
    *,
    id: str,
    email: str,
    password_hash: str,
    display_name: str,
    kind: str,
    locale: str,
    now: datetime,
) -> Outcome[Member]:
    """Make a member; `email` is normalised."""
    member = Member(
        id=id,
        email=email,
        password_hash=password_hash,
        display_name=display_name,
        kind=kind,
        locale=locale,
        joined_at=now,
    )
    return member, [Fact("member.registered", _words(member))]


def change_profile(member: Member, *, now: datetime, words: dict[str, Any]) -> Outcome[Member]:
    """Take over what a member says of themselves; the others are told only what concerns them."""
    own = {name: words[name] for name in ("display_name", "locale") if name in words}
    said = {name: words[name] for name in ("bio",) if name in words}
    for name in ("skills", "categories", "links"):
        if name in words:
            said[name] = distinct(words[name])
    changed = replace(member, **own, profile=replace(member.profile, **said))
    told = _words(changed) != _words(member)
    return changed, [Fact("member.changed", _words(changed))] if told else []


def verify_email(member: Member, *, now: datetime, email: str) -> Outcome[Member]:
    """Note that a letter reached this address; another address proves nothing.

    :raises Conflict: `another_address`
    """
    if member.email != email or member.state == "erased":
        raise Conflict("another_address", "this letter went to another address")
    if member.email_verified_at is not None:
        return member, []
    fact = Fact("member.verified", {"member_id": member.id})
    return replace(member, email_verified_at=now), [fact]


def set_password(member: Member, *, now: datetime, password_hash: str) -> Outcome[Member]:
    """Take another password; every session that began before ends."""
    facts = [Fact("password.changed", {"member_id": member.id}), revoked(member, now=now)]
    return replace(member, password_hash=password_hash, sessions_since=now), facts


def rehash(member: Member, *, now: datetime, old: str, password_hash: str) -> Outcome[Member]:
    """Keep the same password under today's cost, unless it was changed meanwhile."""
    if member.password_hash != old:
        return member, []
    return replace(member, password_hash=password_hash), []


def make_operator(member: Member, *, now: datetime) -> Outcome[Member]:
    """Give the role of an operator; once is enough."""
    if OPERATOR in member.roles:
        return member, []
    return replace(member, roles=(*member.roles, OPERATOR)), []


def note_record(
    member: Member, *, now: datetime, counted: Record, measured: Measures | None = None
) -> Outcome[Member]:
    """Take over what was counted and measured.

    Two workers may have counted at different moments: as counts only grow, the larger is the later;
    of figures that may fall, those of more facts are.
    """
    old = member.record
    record = Record(
        contracts_completed=max(old.contracts_completed, counted.contracts_completed),
        contracts_cancelled=max(old.contracts_cancelled, counted.contracts_cancelled),
        reviews_satisfied=max(old.reviews_satisfied, counted.reviews_satisfied),
        reviews_unsatisfied=max(old.reviews_unsatisfied, counted.reviews_unsatisfied),
    )
    measures = member.measures
    if measured is not None and measured.facts >= measures.facts:
        measures = measured
    noted = replace(member, record=record, measures=measures)
    if _record_words(noted) == _record_words(member):
        return (noted, []) if noted != member else (member, [])
    return noted, [Fact("record.changed", _record_words(noted))]


def level_of(record: Record, measures: Measures) -> Level:
    """Return the level that this record comes to."""
    given = record.reviews_satisfied + record.reviews_unsatisfied
    return level(measures, Rate(record.reviews_satisfied, given))


def changed(member: Member) -> Fact:
    """Say who the member is now."""
    return Fact("member.changed", _words(member))


def revoked(member: Member, *, now: datetime) -> Fact:
    """Say that all tokens issued so far are worth nothing."""
    return tokens_revoked(member.id, session_id=None, now=now)


def tokens_revoked(member_id: str, *, session_id: str | None, now: datetime) -> Fact:
    """Say that the tokens of a member, or of one session alone, are worth nothing."""
    words = {"member_id": member_id, "session_id": session_id, "before": clock.text(now)}
    return Fact("tokens.revoked", words)


def distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the texts in order, without those that differ from an earlier one by case alone."""
    seen: dict[str, str] = {}
    for text in texts:
        seen.setdefault(text.casefold(), text)
    return tuple(seen.values())


def _words(member: Member) -> dict[str, Any]:
    return {
        "member_id": member.id,
        "display_name": member.display_name,
        "kind": member.kind,
        "locale": member.locale,
        "email": "" if member.state == "erased" else member.email,
        "state": member.state,
    }


def figures_of(measures: Measures) -> dict[str, dict[str, Any]]:
    """Return the figures by the names under which they are told and shown."""
    client, worker = measures.as_client, measures.as_worker
    return {
        "as_client": {
            "time_to_answer": _median_words(client.time_to_answer),
            "time_to_award": _median_words(client.time_to_award),
            "time_to_fund": _median_words(client.time_to_fund),
            "time_to_accept": _median_words(client.time_to_accept),
            "rejection_rate": _rate_words(client.rejection),
            "dispute_rate": _rate_words(client.dispute),
        },
        "as_worker": {
            "time_to_answer": _median_words(worker.time_to_answer),
            "on_time_rate": _rate_words(worker.on_time),
            "completion_rate": _rate_words(worker.completion),
            "task_approval_rate": _rate_words(worker.task_approval),
            "repeat_client_rate": _rate_words(worker.repeat_clients),
            "dispute_rate": _rate_words(worker.dispute),
        },
    }


def _record_words(member: Member) -> dict[str, Any]:
    record = member.record
    return {
        "member_id": member.id,
        "contracts_completed": record.contracts_completed,
        "contracts_cancelled": record.contracts_cancelled,
        "reviews_satisfied": record.reviews_satisfied,
        "reviews_unsatisfied": record.reviews_unsatisfied,
        "level": level_of(record, member.measures).level,
        **figures_of(member.measures),
    }


def _median_words(time: Median) -> dict[str, Any]:
    return {"median_s": time.seconds, "sample": time.sample}


def _rate_words(rate: Rate) -> dict[str, Any]:
    return {"hits": rate.hits, "sample": rate.sample}
