"""What a member wants to hear of, by type of event and channel, and when; all is on unless said.

The inbox cannot be switched off for what asks a person to act: silence would cost them something.
In quiet hours no mail is sent, unless what it asks for must be done before they end. With a daily
digest, what one may only know waits for it; what one must do is mailed at once as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from services.notify.domain.told import TOLD
from shared import clock
from shared.errors import Ignored, Invalid
from shared.events import Fact
from shared.moves import Outcome

CHANNELS = ("inbox", "mail")
TYPES = tuple(sorted(type_ for type_, row in TOLD.items() if row.tells))
ALWAYS = frozenset(t for t in TYPES if any(tell.action for tell in TOLD[t].tells))
"""The types that ask somebody to act: always in the inbox."""
ZONES = frozenset(available_timezones())
DEFAULT_ZONE = "Asia/Tokyo"
COLLECTED = "search.matched"
"""The type that is mailed once a day where its member wants that, whoever has a digest or not."""
COLLECTED_AT = "08:00"
"""When, for who has no daily digest."""


_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """From when to when no mail is sent, in the member's zone: 22:00 to 07:00."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """One member's; `id` is the member's, `off` the types switched off on each channel.

    `digest_at` is a time of the member's day, `digest_due` when the next one is, `digest_from` what
    it begins with. Without `digest_at` one that is due is of what was collected. `bounced` is an
    address that mail does not reach.
    """

    id: str
    off: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: str | None = None
    quiet: Quiet | None = None
    digest_at: str | None = None
    digest_due: datetime | None = None
    digest_from: datetime | None = None
    bounced: str | None = None

    def wants(self, type_: str, channel: str) -> bool:
        """Say whether the member wants to hear of this type on this channel."""
        return type_ not in self.off.get(channel, ())

    @property
    def place(self) -> ZoneInfo:
        """Return the zone that the member lives by."""
        return ZoneInfo(self.zone or DEFAULT_ZONE)

    def mail_at(self, now: datetime, *, by: datetime | None = None) -> datetime:
        """Return when to mail: now, or after the quiet hours if it can wait until then."""
        over = self._quiet_over(now)
        return now if by is not None and by <= over else over

    def _quiet_over(self, now: datetime) -> datetime:
        if self.quiet is None:
            return now
        start, end = time.fromisoformat(self.quiet.start), time.fromisoformat(self.quiet.end)
        there = now.astimezone(self.place).time()
        is_quiet = start <= there < end if start < end else there >= start or there < end
        return self.next_at(self.quiet.end, now) if is_quiet and start != end else now

    def next_at(self, local: str, now: datetime) -> datetime:
        """Return when it is next this time of the member's day, after now."""
        there = now.astimezone(self.place)
        for days in (0, 1):
            day = there.date() + timedelta(days=days)
            at = datetime.combine(day, time.fromisoformat(local), self.place).astimezone(UTC)
            if at > now:
                return at
        return now + timedelta(days=1)  # only where the clock is put back over this very time


def prefer(
    preferences: Preferences,
    *,
    now: datetime,
    off: Mapping[str, Iterable[str]],
    zone: str | None = None,
    quiet: Quiet | None = None,
    digest_at: str | None = None,
) -> Outcome[Preferences]:
    """Replace what is switched off (channel -> types), the zone, quiet hours and digest.

    :raises Invalid: `cannot_be_switched_off`: the inbox for what asks to act; `no_such_zone`
    """
    if refused := sorted(ALWAYS.intersection(off.get("inbox", ()))):
        detail = "what asks you to act is always in the inbox"
        raise Invalid(
            "cannot_be_switched_off", detail, fields={type_: [detail] for type_ in refused}
        )
    if zone is not None and zone not in ZONES:
        raise Invalid("no_such_zone", "this is no time zone", fields={"zone": ["Not a time zone."]})
    kept = {channel: tuple(sorted(set(off.get(channel, ())))) for channel in CHANNELS}
    changed = replace(preferences, off=kept, zone=zone, quiet=quiet, digest_at=digest_at)
    if digest_at is None and preferences.digest_at is None:
        return changed, []  # what was collected stays due
    return _with_digest(changed, now), []


def collect(preferences: Preferences, *, since: datetime, now: datetime) -> Outcome[Preferences]:
    """See to it that a digest will tell of what was made at `since`.

    :raises Ignored: `digest_is_due`: one is due already
    """
    if preferences.digest_due is not None:
        raise Ignored("digest_is_due", "a digest is due already")
    due = preferences.next_at(COLLECTED_AT, now)
    return replace(preferences, digest_due=due, digest_from=since - _INSTANT), []


def _with_digest(preferences: Preferences, now: datetime) -> Preferences:
    if preferences.digest_at is None:
        return replace(preferences, digest_due=None, digest_from=None)
    due = preferences.next_at(preferences.digest_at, now)
    return replace(preferences, digest_due=due, digest_from=preferences.digest_from or now)


def wake(preferences: Preferences) -> datetime | None:
    """Return when the next digest is due."""
    return preferences.digest_due


def send_digest(preferences: Preferences, *, now: datetime) -> Outcome[Preferences]:
    """Say that a digest is due, and when the next one is; after a downtime one stands for all.

    :raises Ignored: `not_due`
    """
    due, since = preferences.digest_due, preferences.digest_from
    if due is None or since is None or now < due:
        raise Ignored("not_due", "no digest is due by now")
    daily = preferences.digest_at
    words = {
        "member_id": preferences.id,
        "since": clock.text(since),
        "until": clock.text(now),
        "only": None if daily else COLLECTED,
    }
    following = preferences.next_at(daily, now) if daily else None
    sent = replace(preferences, digest_due=following, digest_from=now if daily else None)
    return sent, [Fact("digest.due", words)]


def unsubscribe(
    preferences: Preferences, *, type_: str | None, now: datetime
) -> Outcome[Preferences]:
    """Mail no more of this type; None is the digest. Again changes nothing."""
    if type_ is None:
        # What is collected is mailed all the same: it has a link of its own.
        return _with_digest(replace(preferences, digest_at=None), now), []
    mail = tuple(sorted({*preferences.off.get("mail", ()), type_}))
    return replace(preferences, off={**preferences.off, "mail": mail}), []


def bounce(
    preferences: Preferences, *, address: str, reason: str, now: datetime
) -> Outcome[Preferences]:
    """Note that mail does not reach this address; mail begins again with another one."""
    if preferences.bounced == address:
        return preferences, []
    words = {"member_id": preferences.id, "reason": reason}
    return replace(preferences, bounced=address), [Fact("mail.bounced", words)]
