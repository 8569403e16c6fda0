"""Hearing in batches: what has arrived is folded per aggregate and written together.

For each batch: one find per kind, every event's rule in memory, one unordered bulk write
conditional on version, one pipelined publish, then the verdicts. Whoever lost a race, was refused
or came too early goes the one-at-a-time way, which reads anew and has the last word. Both ways run
the same rules.

A verdict is None (done) or the exception that says why not; `shared.deliveries` keeps the latter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from shared import catalog
from shared.documents import Context, Doc, Folded, Kind, Loaded, Written, stamp
from shared.errors import Ignored, NotYet
from shared.events import Event
from shared.reactions import (
    IGNORE,
    Change,
    Handle,
    HandleMany,
    Keep,
    Make,
    Project,
    Reactions,
    Step,
)
from shared.store import Store, is_away

Verdicts = dict[str, BaseException | None]
"""Event id -> None when done, else why not."""


def read(event: Event) -> Event:
    """Return the event with the words that this service knows.

    :raises Invalid: unknown type or words
    """
    known = catalog.heard(event.type, event.data)
    if known is event.data:
        return event
    return Event(
        id=event.id,
        type=event.type,
        source=event.source,
        subject=event.subject,
        time=event.time,
        version=event.version,
        data=known,
        actor=event.actor,
        traceparent=event.traceparent,
        correlation=event.correlation,
        tries=event.tries,
    )


def context_of(event: Event) -> Context:
    """Return who a fact that follows from this event is put down to."""
    return Context(event.actor, event.correlation, event.traceparent)


# one at a time


def handle_one(store: Store, reactions: Reactions, event: Event, *, now: datetime) -> None:
    """Do everything that one event asks for, or raise.

    :raises NotYet: its cause has not been heard
    :raises Refused: a rule says no
    :raises PyMongoError: the database is away
    """
    event = read(event)
    with structlog.contextvars.bound_contextvars(
        actor=event.actor, correlation=event.correlation, traceparent=event.traceparent
    ):
        for step in reactions.get(event.type, ()):
            try:
                _do(store, step, event, now)
            except Ignored:
                continue


def _do(store: Store, step: Step, event: Event, now: datetime) -> None:
    match step:
        case Change():
            _change(store, step, event, now)
        case Make():
            if made := step.make(event, now):
                store.create(step.kind, *made, now=now)
        case Project():
            if (doc := step.doc(event)) is not None:
                store.project(step.collection, doc)
        case Keep():
            store.keep(step.collection, step.docs(event))
        case Handle():
            step.fn(store, event, now)
        case HandleMany():
            step.fn(store, [event], now)


def _change(store: Store, step: Change, event: Event, now: datetime) -> None:
    id_ = step.id(event)
    if id_ is None:
        return
    if store.find(step.kind, id_) is None:
        _absent(step, id_)
    store.change(step.kind, id_, step.rule, now=now, **step.words(event))


def _absent(step: Change, id_: str) -> None:
    if step.absent == IGNORE:
        raise Ignored("not_ours", f"no {step.kind.name} {id_} here")
    raise NotYet("not_here_yet", f"no {step.kind.name} {id_} yet")


# many at once


@dataclass(slots=True)
class _Group:
    """The events of one aggregate, in the order they came."""

    kind: Kind[Any]
    id: str
    steps: list[tuple[Change | Make, Event]] = field(default_factory=list)


@dataclass(slots=True)
class _Fold:
    """An aggregate while events are folded into it; `events` are those it has done or ignored."""

    thing: Any = None
    doc: Doc | None = None
    version: int = 0
    applied: int = 0
    entries: list[Doc] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def folded(self) -> Folded:
        return Folded(thing=self.thing, doc=self.doc, applied=self.applied, entries=self.entries)


def handle_many(
    store: Store, reactions: Reactions, events: Sequence[Event], *, now: datetime
) -> tuple[Verdicts, list[Written]]:
    """Do what a batch of events asks for; return the verdicts and the facts that now wait.

    :raises PyMongoError: the database is away; nothing may be acknowledged
    """
    verdicts: Verdicts = {}
    readable: list[Event] = []
    for event in events:
        try:
            readable.append(read(event))
            verdicts[event.id] = None
        except Exception as why:  # noqa: BLE001  (every reason is kept with the delivery)
            verdicts[event.id] = why
    again: dict[str, Event] = {}
    written: list[Written] = []
    for groups in _by_kind(_groups(reactions, readable, verdicts)):
        written += _write_groups(store, groups, again, now)
    unhurt = [e for e in readable if verdicts[e.id] is None and e.id not in again]
    _other_steps(store, reactions, unhurt, again, now)
    for event in again.values():
        verdicts[event.id] = _verdict(store, reactions, event, now)
    return verdicts, written


def _verdict(
    store: Store, reactions: Reactions, event: Event, now: datetime
) -> BaseException | None:
    try:
        handle_one(store, reactions, event, now=now)
    except Exception as why:
        if is_away(why):
            raise
        return why
    return None


def _groups(
    reactions: Reactions, events: Sequence[Event], verdicts: Verdicts
) -> dict[tuple[str, str], _Group]:
    groups: dict[tuple[str, str], _Group] = {}
    for event in events:
        for step in reactions.get(event.type, ()):
            if not isinstance(step, Change | Make):
                continue
            try:
                id_ = step.id(event) if isinstance(step, Change) else _made_id(step, event)
            except Exception as why:  # noqa: BLE001
                verdicts[event.id] = why
                continue
            if id_ is not None:
                group = groups.setdefault((step.kind.name, id_), _Group(step.kind, id_))
                group.steps.append((step, event))
    return groups


def _made_id(step: Make, event: Event) -> str | None:
    made = step.make(event, _BIRTH)
    return None if made is None else str(made[0].id)


_BIRTH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
"""Any time will do to learn the id of what an event makes; the thing itself is made in the fold."""


def _by_kind(groups: Mapping[tuple[str, str], _Group]) -> list[list[_Group]]:
    kinds: dict[str, list[_Group]] = {}
    for group in groups.values():
        kinds.setdefault(group.kind.name, []).append(group)
    return list(kinds.values())


def _write_groups(
    store: Store, groups: list[_Group], again: dict[str, Event], now: datetime
) -> list[Written]:
    kind = groups[0].kind
    try:
        there = store.load_many(kind, [g.id for g in groups])
    except Exception as why:
        if is_away(why):
            raise
        # One document cannot be read: whose it is comes out when each event is handled alone.
        again.update({e.id: e for g in groups for _, e in g.steps})
        return []
    folds = [_fold(g, there.get(g.id), again, now) for g in groups]
    changed = {f.thing.id: f for f in folds if f.applied}
    try:
        lost = store.write_many(kind, [f.folded() for f in changed.values()], now=now)
    except Exception as why:
        if is_away(why):
            raise
        lost = set(changed)
    for id_ in lost:
        again.update({e.id: e for e in changed.pop(id_).events})
    return [Written(kind.collection, id_, f.entries) for id_, f in changed.items() if f.entries]


def _fold(
    group: _Group, loaded: Loaded[Any] | None, again: dict[str, Event], now: datetime
) -> _Fold:
    fold = _Fold()
    if loaded is not None:
        fold.thing, fold.doc, fold.version = loaded.thing, loaded.doc, loaded.version
    for step, event in group.steps:
        try:
            _apply(fold, step, event, group.id, now)
        except Ignored:
            pass
        except Exception:  # noqa: BLE001  (the one-at-a-time way reads anew and judges)
            again[event.id] = event
            continue
        # Also what was ignored: should the write be lost, it was ignored in a state that never was.
        fold.events.append(event)
    return fold


def _apply(fold: _Fold, step: Change | Make, event: Event, id_: str, now: datetime) -> None:
    if isinstance(step, Make):
        if fold.thing is not None:
            return
        made = step.make(event, now)
        assert made is not None, "a group is only made of events that make something"  # noqa: S101
        thing, facts = made
    else:
        if fold.thing is None:
            _absent(step, id_)
        thing, facts = step.rule(fold.thing, now=now, **step.words(event))
        if thing == fold.thing and not facts:
            return
    entries = stamp(
        facts, version=fold.version + fold.applied + 1, now=now, context=context_of(event)
    )
    fold.thing = thing
    fold.applied += 1
    fold.entries.extend(entries)


def _other_steps(
    store: Store,
    reactions: Reactions,
    events: Sequence[Event],
    again: dict[str, Event],
    now: datetime,
) -> None:
    """Do the steps that are no changes of aggregates: the bulk ones together, the rest singly."""
    by_step: dict[int, tuple[Step, list[Event]]] = {}
    for event in events:
        for step in reactions.get(event.type, ()):
            if isinstance(step, Handle):
                again[event.id] = event
            elif isinstance(step, Project | Keep | HandleMany):
                by_step.setdefault(id(step), (step, []))[1].append(event)
    for step, heard in by_step.values():
        try:
            _together(store, step, heard, now)
        except Exception as why:
            if is_away(why):
                raise
            again.update({e.id: e for e in heard})


def _together(store: Store, step: Step, events: list[Event], now: datetime) -> None:
    match step:
        case Project():
            docs = [doc for e in events if (doc := step.doc(e)) is not None]
            store.project_many(step.collection, docs)
        case Keep():
            store.keep(step.collection, [doc for e in events for doc in step.docs(e)])
        case HandleMany():
            step.fn(store, events, now)
