"""A webhook: an address of a member's own to which what concerns them is posted.

Everything is signed with each secret that is valid: two for a day after a rotation. An address that
has answered nothing well for as long as one delivery is tried is disabled, and its owner is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notify.domain.told import TOLD
from shared.errors import Conflict, Unknown
from shared.events import Fact
from shared.moves import Moves, Outcome, next_state

STATES = ("active", "disabled", "deleted")
ROTATION = timedelta(hours=24)
"""How long the secret before the present one still signs."""
WEBHOOKS_MAX = 10
URL_MAX = 500
TYPES = tuple(sorted(TOLD))

MOVES: Moves = {
    "rotate": {"active": "active", "disabled": "disabled"},
    "enable": {"disabled": "active"},
    "disable": {"active": "disabled"},
    "delete": {"active": "deleted", "disabled": "deleted"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret, `whsec_` and base64; without `until` it is the present one."""

    value: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A member's address; no `types` means all. `failing_since`: it has not answered well since."""

    id: str
    member_id: str
    url: str
    types: tuple[str, ...]
    state: str
    secrets: tuple[Secret, ...]
    created_at: datetime
    failing_since: datetime | None = None
    disabled_reason: str | None = None

    def wants(self, type_: str) -> bool:
        """Say whether events of this type are to be posted there."""
        return self.state == "active" and (not self.types or type_ in self.types)

    def signing(self, now: datetime) -> list[str]:
        """Return the secrets that sign at this time, the present one first."""
        return [s.value for s in self.secrets if s.until is None or now < s.until]


def register(
    *, id: str, by: str, url: str, types: Iterable[str], secret: str, now: datetime
) -> Outcome[Webhook]:
    """Return a new webhook."""
    made = Webhook(
        id=id,
        member_id=by,
        url=url,
        types=tuple(sorted(set(types))),
        state="active",
        secrets=(Secret(value=secret),),
        created_at=now,
    )
    return made, []


def owned(webhook: Webhook, by: str) -> Webhook:
    """Return it when it is this member's.

    :raises Unknown: `no_such_webhook`: it is another's, or was deleted
    """
    if webhook.member_id != by or webhook.state == "deleted":
        raise Unknown("no_such_webhook", "there is no such webhook")
    return webhook


def rotate(webhook: Webhook, *, by: str, secret: str, now: datetime) -> Outcome[Webhook]:
    """Sign with another secret; the one before signs as well for a day, older ones no more.

    :raises Unknown: `no_such_webhook`
    """
    state = next_state(MOVES, owned(webhook, by).state, "rotate")
    before = replace(webhook.secrets[0], until=now + ROTATION)
    return replace(webhook, state=state, secrets=(Secret(value=secret), before)), []


def enable(webhook: Webhook, *, by: str, now: datetime) -> Outcome[Webhook]:
    """Post there again from now on; what was missed can be delivered again one by one.

    :raises Unknown: `no_such_webhook`; Conflict: `wrong_state`
    """
    state = next_state(MOVES, owned(webhook, by).state, "enable")
    return replace(webhook, state=state, failing_since=None, disabled_reason=None), []


def remove(webhook: Webhook, *, by: str, now: datetime) -> Outcome[Webhook]:
    """Post there no more; the secrets are forgotten.

    :raises Unknown: `no_such_webhook`
    """
    state = next_state(MOVES, owned(webhook, by).state, "delete")
    return replace(webhook, state=state, secrets=()), []


def answered(webhook: Webhook, *, well: bool, at: datetime, now: datetime) -> Outcome[Webhook]:
    """Note that the address begins to fail, or works again."""
    if well:
        return replace(webhook, failing_since=None), []
    return replace(webhook, failing_since=webhook.failing_since or at), []


def give_up(webhook: Webhook, *, since: datetime, is_gone: bool, now: datetime) -> Outcome[Webhook]:
    """Disable an address that says it is gone, or has answered nothing well since `since`."""
    failing = webhook.failing_since
    if webhook.state != "active" or not (is_gone or (failing and failing <= since)):
        return webhook, []
    reason = "gone" if is_gone else "failing"
    state = next_state(MOVES, webhook.state, "disable")
    disabled = replace(webhook, state=state, disabled_reason=reason)
    words = {"webhook_id": webhook.id, "member_id": webhook.member_id, "url": webhook.url}
    return disabled, [Fact("webhook.disabled", {**words, "reason": reason})]


def refuse_too_many(count: int) -> None:
    """Pass when a member who has so many may have one more.

    :raises Conflict: `too_many_webhooks`
    """
    if count >= WEBHOOKS_MAX:
        raise Conflict("too_many_webhooks", f"a member has {WEBHOOKS_MAX} webhooks at most")
