"""Webhooks: registered, handed what concerns their member, posted to, given up.

The event is kept as a delivery first; then it is posted, under its own id; a receiver that was
posted to twice, because we died before noting it, sees the same id.
"""

import base64
import random
import secrets
from collections.abc import Sequence
from datetime import datetime

import orjson

from services.notify import config, queries
from services.notify.domain import delivery as deliveries
from services.notify.domain import webhook as webhooks
from services.notify.domain.delivery import GONE, Attempt, Delivery
from services.notify.domain.feed import Entry, seen_by
from services.notify.domain.webhook import Webhook
from services.notify.outside import addresses, posting
from services.notify.records import DELIVERIES, WEBHOOKS
from services.notify.usecases.senders import Senders
from shared import clock, faults, ids
from shared.documents import Done, Folded, Once
from shared.errors import Invalid
from shared.store import Store


def new_secret() -> str:
    """Return a secret as the convention writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def register(
    store: Store, *, by: str, url: str, types: Sequence[str], now: datetime, once: Once | None
) -> Done[Webhook]:
    """Register an address.

    :raises Invalid: `webhook_url_refused`
    :raises Conflict: `too_many_webhooks`
    """
    if once and (done := store.born(WEBHOOKS, once)):
        return done
    refuse_address(url)
    webhooks.refuse_too_many(queries.count_webhooks(store.db, by))
    id_ = ids.new("whk")
    made, facts = webhooks.register(
        id=id_, by=by, url=url, types=types, secret=new_secret(), now=now
    )
    if once:
        answer = {**once.answer, "location": f"/v1/webhooks/{id_}"}
        once = Once(once.name, once.words_hash, answer)
    return store.create(WEBHOOKS, made, facts, now=now, once=once)


def refuse_address(url: str) -> None:
    """Pass when a webhook may go there.

    :raises Invalid: `webhook_url_refused`, with the reason
    """
    try:
        addresses.target(url, loopback=config.here().webhook_loopback)
    except addresses.NotThere as no:
        detail = str(no)
        raise Invalid(
            "webhook_url_refused", detail, reason=no.code, fields={"url": [detail]}
        ) from no


def hand_out(store: Store, entries: Sequence[Entry], now: datetime) -> None:
    """Keep a delivery of each event for each webhook that wants it; again changes nothing."""
    found = queries.webhooks_of(store.db, {m for entry in entries for m in entry.concerns})
    made = [
        deliveries.of(hook, entry, _payload(entry, hook.member_id), now=now)
        for entry in entries
        for hook in found
        if hook.member_id in entry.concerns and hook.wants(entry.type)
    ]
    folded = [Folded(thing=one, doc=None, applied=1, entries=()) for one in made]
    store.write_many(DELIVERIES, folded, now=now)


def _payload(entry: Entry, member_id: str) -> str:
    words = {
        "type": entry.type,
        "timestamp": entry.time,
        "id": entry.id,
        "subject": entry.subject,
        "data": seen_by(entry, member_id),
    }
    return orjson.dumps(words).decode()


def send(store: Store, due: Delivery) -> None:
    """Post a delivery that is due and keep what came of it."""
    hook = store.get(WEBHOOKS, due.webhook_id)
    if hook.state != "active":
        _keep(store, due, posting.Answer(None, f"webhook_{hook.state}", 0), is_over=True)
        return
    faults.point("before_outside")
    answer = posting.post(
        hook.url,
        hook.signing(clock.now()),
        due.event_id,
        due.payload,
        loopback=config.here().webhook_loopback,
    )
    faults.point("after_outside")
    tried = _keep(store, due, answer)
    _note(store, hook, tried, answer.status)


def _keep(
    store: Store, due: Delivery, answer: posting.Answer, *, is_over: bool = False
) -> Delivery:
    now = clock.now()
    attempt = Attempt(at=now, status=answer.status, error=answer.error, ms=answer.ms)
    return store.change(
        DELIVERIES,
        due.id,
        deliveries.attempted,
        now=now,
        attempt=attempt,
        jitter=random.random(),  # noqa: S311
        is_over=is_over,
    ).thing


def _note(store: Store, hook: Webhook, tried: Delivery, status: int | None) -> None:
    """Note what an answer says of the webhook itself; nothing is written while all is well."""
    now = clock.now()
    is_well = tried.state == "delivered"
    if is_well == (hook.failing_since is not None):
        at = tried.attempts[-1].at
        store.change(WEBHOOKS, hook.id, webhooks.answered, now=now, well=is_well, at=at)
    if tried.state == "failed":
        store.change(
            WEBHOOKS,
            hook.id,
            webhooks.give_up,
            now=now,
            since=tried.tried_since,
            is_gone=status == GONE,
        )


def redeliver(
    store: Store, webhook_id: str, delivery_id: str, *, by: str, now: datetime, once: Once | None
) -> Done[Delivery]:
    """Post an event once more, from now on.

    :raises Unknown: `no_such_webhook`, `no_such_delivery`
    :raises Conflict: `webhook_disabled`
    """
    hook = webhooks.owned(store.get(WEBHOOKS, webhook_id), by)
    return store.change(
        DELIVERIES, delivery_id, deliveries.redeliver, now=now, once=once, webhook=hook
    )


SENDERS = Senders(DELIVERIES, send, threads=8, lane="webhook_id", per_lane=2)
