"""One event on its way to one webhook: tried, and tried again 11 times within 24 hours.

Each wait is a random part of twice the wait before ("full jitter"): many that failed together do
not come back together. The longest waits sum up to 24 hours.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notify.domain.feed import Entry
from services.notify.domain.webhook import Webhook
from shared import ids
from shared.errors import Conflict, Unknown
from shared.moves import Moves, Outcome, next_state

STATES = ("waiting", "delivered", "failed")
RETRIES = 11
FIRST_WAIT_S = 42
"""42 s, doubled ten times, sums up to 23 h 53 min."""
ATTEMPTS_KEPT = 24
GONE = 410

MOVES: Moves = {
    "deliver": {"waiting": "delivered"},
    "retry": {"waiting": "waiting"},
    "give_up": {"waiting": "failed"},
    "redeliver": {"waiting": "waiting", "delivered": "waiting", "failed": "waiting"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try: the status that was answered, or why there was none; how long it took."""

    at: datetime
    status: int | None
    error: str
    ms: int

    @property
    def is_good(self) -> bool:
        """Say whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event for a webhook; `payload` is what is signed and posted, the same every time."""

    id: str
    webhook_id: str
    member_id: str
    event_id: str
    event_type: str
    payload: str
    state: str
    made_at: datetime
    due_at: datetime | None
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()

    @property
    def tried_since(self) -> datetime:
        """Return when the first of its present tries was."""
        return self.attempts[-self.tries :][0].at if self.tries else self.made_at


def of(webhook: Webhook, entry: Entry, payload: str, *, now: datetime) -> Delivery:
    """Return the delivery of an event: the same event makes the same one."""
    return Delivery(
        id=ids.derived("dlv", webhook.id, entry.id),
        webhook_id=webhook.id,
        member_id=webhook.member_id,
        event_id=entry.id,
        event_type=entry.type,
        payload=payload,
        state="waiting",
        made_at=now,
        due_at=now,
    )


def longest_wait(tries: int) -> timedelta:
    """Return the most to wait after so many tries."""
    return timedelta(seconds=FIRST_WAIT_S * 2 ** (tries - 1))


def attempted(
    delivery: Delivery, *, attempt: Attempt, jitter: float, is_over: bool = False, now: datetime
) -> Outcome[Delivery]:
    """Keep what a try led to; `jitter` is a random part of 1, `is_over`: it cannot be mended."""
    tried = replace(
        delivery,
        tries=delivery.tries + 1,
        attempts=(*delivery.attempts, attempt)[-ATTEMPTS_KEPT:],
    )
    if tried.state != "waiting":
        return tried, []  # it was posted twice at the same time: asked for again while it went
    if attempt.is_good:
        return replace(tried, state=next_state(MOVES, tried.state, "deliver"), due_at=None), []
    if is_over or attempt.status == GONE or tried.tries > RETRIES:
        return replace(tried, state=next_state(MOVES, tried.state, "give_up"), due_at=None), []
    due = now + longest_wait(tried.tries) * jitter
    return replace(tried, state=next_state(MOVES, tried.state, "retry"), due_at=due), []


def redeliver(delivery: Delivery, *, webhook: Webhook, now: datetime) -> Outcome[Delivery]:
    """Deliver it again at once, with all its tries; receivers know it by its `webhook-id`.

    :raises Unknown: `no_such_delivery`: it is another webhook's
    :raises Conflict: `webhook_disabled`
    """
    if delivery.webhook_id != webhook.id:
        raise Unknown("no_such_delivery", "there is no such delivery")
    if webhook.state != "active":
        raise Conflict("webhook_disabled", "enable the webhook first", state=webhook.state)
    state = next_state(MOVES, delivery.state, "redeliver")
    return replace(delivery, state=state, tries=0, due_at=now), []
