"""Members report and appeal, operators decide, and the keepers of content say what it is."""

from datetime import datetime
from typing import Any

from services.accounts import queries
from services.accounts.case_records import CASES
from services.accounts.domain import case as rules
from services.accounts.domain import case_seen, sanction
from services.accounts.domain.case import KINDS, MEMBER, OPEN_MAX, Case, Ordered, Report
from services.accounts.domain.member import Member
from services.accounts.records import MEMBERS
from services.accounts.usecases import sanctions
from shared import clock, ids
from shared.auth import Caller
from shared.documents import Done, Once, receipt_of
from shared.errors import Conflict, NotYet, Unavailable, Unknown
from shared.events import Event
from shared.moves import Outcome
from shared.store import Loaded, Store

WORDS_MAX = 500
TRIES = 5


def seen(store: Store, caller: Caller, case_id: str) -> Loaded[Case]:
    """Return a case to operators, unless it is about them, and to an author whom it has touched.

    :raises Unknown: `no_such_case`
    """
    loaded = store.load(CASES, case_id)
    case, me = loaded.thing, caller.id
    if not case_seen.is_whole_for(case, me, is_ops=caller.is_ops) and not case_seen.is_seen_by(
        case, me
    ):
        raise Unknown("no_such_case", "there is no such case")
    return loaded


# members


def report(
    store: Store,
    caller: Caller,
    *,
    about: str,
    reason: str,
    words: str | None,
    once: Once | None,
    report_id: str,
    now: datetime,
) -> Done[Case]:
    """Report a thing: the first report opens a case, those that follow join it.

    :raises Unknown: `no_such_member`
    :raises Conflict: `own_thing`, `already_reported`, `reported_enough`, `too_many_open_reports`
    """
    kind = KINDS[about[:3]]
    said = Report(id=report_id, reporter_id=caller.id, reason=reason, words=words, at=now)
    how: dict[str, Any] = {"by": caller.id, "said": said, "operators": queries.operators(store.db)}
    for _ in range(TRIES):
        latest = queries.latest_case(store.db, about, kind)
        if latest and once and (receipt := receipt_of(latest.doc, once)):
            return Done(latest.thing, latest.version, True, receipt.get("answer", {}))
        try:
            if latest and latest.thing.state == "open":
                _refuse_many(store, caller, latest.thing)
                return store.change(CASES, latest.thing.id, rules.report, once=once, now=now, **how)
            return _open(store, caller, about, kind, once=once, now=now, **how)
        except Conflict as lost:
            # It was closed, or another opened, at this moment.
            if lost.code not in ("wrong_state", "case_open"):
                raise
    raise Unavailable(f"{about} is contended")


def _open(
    store: Store,
    caller: Caller,
    about: str,
    kind: str,
    *,
    once: Once | None,
    now: datetime,
    **how: Any,
) -> Done[Case]:
    if once and (born := store.born(CASES, once)):
        return born
    fresh = Case(id=ids.new("cas"), about_id=about, about_kind=kind, opened_at=now)
    if kind == MEMBER:
        fresh = Case(
            id=fresh.id, about_id=about, about_kind=kind, opened_at=now, **_of_member(store, about)
        )
    case, facts = rules.report(fresh, now=now, **how)
    _refuse_many(store, caller, fresh)
    return store.create(CASES, case, facts, once=once, now=now)


def _of_member(store: Store, member_id: str) -> dict[str, Any]:
    member = store.get(MEMBERS, member_id)
    if member.state == "erased":
        raise Unknown("no_such_member", "there is no such member")
    words = "\n".join(filter(None, (member.display_name, member.profile.bio)))
    return {"author_id": member_id, "words": words[:WORDS_MAX]}


def _refuse_many(store: Store, caller: Caller, case: Case) -> None:
    """Pass when a member may open one more report; those counted at one moment may all pass."""
    if any(one.reporter_id == caller.id for one in case.reports):
        return  # which the rule refuses with a word of its own
    if queries.open_reports(store.db, caller.id, most=OPEN_MAX) >= OPEN_MAX:
        raise Conflict("too_many_open_reports", f"{OPEN_MAX} of your reports are being looked at")


def appeal(
    store: Store, caller: Caller, case_id: str, *, reason: str, once: Once | None, now: datetime
) -> Done[Case]:
    """Appeal the removal of one's own.

    :raises Unknown: `no_such_case`
    :raises Forbidden: `not_the_author`
    :raises Conflict: `wrong_state`
    """
    seen(store, caller, case_id)
    return store.change(
        CASES,
        case_id,
        rules.appeal,
        once=once,
        now=now,
        by=caller.id,
        reason=reason,
        operators=queries.operators(store.db),
    )


# operators


def decide(
    store: Store,
    caller: Caller,
    case_id: str,
    *,
    outcome: str,
    reason: str,
    sanction: dict[str, Any] | None,
    once: Once | None,
    now: datetime,
) -> Done[Case]:
    """Decide a case, and impose the sanction that goes with it.

    :raises Unknown: `no_such_case`
    :raises Forbidden: `ops_only`, `own_case`
    :raises Conflict: `wrong_state`, `not_held`, `held`, `author_unknown`, `erased`,
        `too_many_sanctions`
    :raises Invalid: `sanction_required`, `sanction_without_removal`, `bad_until`
    """
    case = seen(store, caller, case_id).thing
    sanctions.refuse_others(caller)
    ordered = Ordered(id=sanctions.new_id(), **sanction) if sanction else None
    if ordered and case.state == "open":
        # Before anything is kept: a decision is never kept whose sanction is refused.
        rules.refuse_deciding(case, by=caller.id, outcome=outcome)
        _imposed(store.get(MEMBERS, str(case.author_id)), now=now, by=caller.id, ordered=ordered)
    done = store.change(
        CASES,
        case_id,
        rules.decide,
        once=once,
        now=now,
        by=caller.id,
        outcome=outcome,
        reason=reason,
        sanction=ordered,
    )
    impose_ordered(store, done.thing, now=now)
    return done


def decide_appeal(
    store: Store,
    caller: Caller,
    case_id: str,
    *,
    outcome: str,
    reason: str,
    once: Once | None,
    now: datetime,
) -> Done[Case]:
    """Answer an appeal; another operator does, where there is one.

    :raises Unknown: `no_such_case`
    :raises Forbidden: `ops_only`, `own_case`, `decided_by_you`
    :raises Conflict: `wrong_state`
    """
    case = seen(store, caller, case_id).thing
    sanctions.refuse_others(caller)
    return store.change(
        CASES,
        case_id,
        rules.decide_appeal,
        once=once,
        now=now,
        by=caller.id,
        outcome=outcome,
        reason=reason,
        others=queries.are_others(store.db, case.decided_by),
    )


def impose_ordered(store: Store, case: Case, *, now: datetime) -> None:
    """Impose the sanction that a decision ordered, once."""
    if case.sanction is None or case.author_id is None:
        return
    by = str(case.decided_by)
    store.change(MEMBERS, case.author_id, _imposed, now=now, by=by, ordered=case.sanction)


def _imposed(member: Member, *, now: datetime, by: str, ordered: Ordered) -> Outcome[Member]:
    if any(one.id == ordered.id for one in member.sanctions):
        return member, []
    return sanction.impose(
        member,
        now=now,
        id=ordered.id,
        level=ordered.level,
        reason=ordered.reason,
        by=by,
        until=ordered.until,
    )


# what is heard


def hear_sanctioned(store: Store, event: Event, now: datetime) -> None:
    """Impose what was ordered, in case whoever decided was stopped in between."""
    impose_ordered(store, store.get(CASES, event.data["case_id"]), now=now)


def hear_held(store: Store, event: Event, now: datetime) -> None:
    """Open a case about what is held, or add to the open one; heard twice is once.

    :raises NotYet: the open case was closed at this moment
    """
    said = event.data
    until = clock.parse(said["release_at"])
    how = {
        "content": _content(event, "author_id", "where_id", "other_id", "words"),
        "findings": said["findings"],
        "until": until,
        "operators": queries.operators(store.db),
    }
    latest = queries.latest_case(store.db, said["content_id"], said["content_kind"])
    if latest and latest.thing.release_at == until:
        return
    if latest and latest.thing.state == "open":
        store.change(CASES, latest.thing.id, rules.hold, now=now, **how)
        return
    fresh = Case(
        # The event's own part: heard twice it is the same case, and it sorts by birth.
        id=f"cas{event.id[3:]}",
        about_id=said["content_id"],
        about_kind=said["content_kind"],
        opened_at=now,
    )
    try:
        store.create(CASES, *rules.hold(fresh, now=now, **how), now=now)
    except Conflict as lost:
        raise NotYet("case_open", "a case was opened at this moment") from lost


def hear_released(store: Store, event: Event, now: datetime) -> None:
    """Close the case about what is held no longer.

    :raises NotYet: that it was held has not been heard
    """
    said = event.data
    latest = queries.latest_case(store.db, said["content_id"], said["content_kind"])
    if latest is None:
        raise NotYet("no_case_yet", "that it was held has not been heard")
    if latest.thing.is_held:
        store.change(CASES, latest.thing.id, rules.released, now=now, by=said["by"])


def hear_reported(store: Store, event: Event, now: datetime) -> None:
    """Note what the keeper of a reported thing says of it; operators are asked from now on.

    :raises Ignored: the case is over
    """
    content = _content(event, "author_id", "where_id", "words")
    asked = queries.operators(store.db)
    case_id = event.data["case_id"]
    store.change(CASES, case_id, rules.learn, now=now, content=content, operators=asked)


def _content(event: Event, *names: str) -> dict[str, Any]:
    return {name: event.data[name] for name in names}
