"""One mail to one member: planned first, then sent, tried again while the server is away.

It is kept before it is sent and carries its own id as `Message-ID`. Only a crash between the
server's yes and our note of it, or a connection lost in that moment, sends it twice.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notify.domain.notice import Notice
from services.notify.domain.preferences import ALWAYS, Preferences
from shared import ids
from shared.moves import Moves, Outcome, next_state

STATES = ("waiting", "sent", "failed", "dropped")
WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720))
"""How long to wait after each try in vain; then it has failed."""

MOVES: Moves = {
    "send": {"waiting": "sent"},
    "retry": {"waiting": "waiting"},
    "fail": {"waiting": "failed"},
    "drop": {"waiting": "dropped"},
}

NEVER_MAILED = frozenset({"mail.bounced"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is to be mailed: a notice, a reminder of it, or a digest of `since` to `until`.

    A digest is of everything, or (`type`) of what was collected of one type.

    The words and the address are read when it is sent. `token` lets whoever has the mail
    unsubscribe from its kind, and nothing else.
    """

    id: str
    member_id: str
    kind: str
    type: str
    state: str
    made_at: datetime
    due_at: datetime | None
    token: str
    notice_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    tries: int = 0
    reason: str = ""
    sent_at: datetime | None = None

    @property
    def only(self) -> str | None:
        """Return the type that a digest is of, or None when it is of everything."""
        return None if self.type == "digest" else self.type

    @property
    def can_be_unsubscribed(self) -> bool:
        """Say whether it is one that nobody needs: what asks to act is no subscription."""
        return self.type not in ALWAYS


def of_notice(
    notice: Notice,
    preferences: Preferences,
    *,
    address: str | None,
    is_reminder: bool,
    event_id: str,
    token: str,
    now: datetime,
) -> Mail | None:
    """Return the mail of a notice, or None: nobody to write to, not wanted, moot, or for a digest.

    `event_id` names the occasion: the same one makes the same mail.
    """
    if not address or address == preferences.bounced or notice.is_moot(now):
        return None
    if notice.type in NEVER_MAILED or not preferences.wants(notice.type, "mail"):
        return None
    if notice.is_collected or (preferences.digest_at and not notice.action):
        return None
    return Mail(
        id=ids.derived("mai", notice.id, event_id),
        member_id=notice.member_id,
        kind="reminder" if is_reminder else "notice",
        type=notice.type,
        state="waiting",
        made_at=now,
        due_at=preferences.mail_at(now, by=notice.by),
        token=token,
        notice_id=notice.id,
    )


def of_digest(
    member_id: str,
    *,
    since: datetime,
    until: datetime,
    event_id: str,
    token: str,
    now: datetime,
    only: str | None = None,
) -> Mail:
    """Return the mail of a digest, of everything or `only` of what was collected of one type."""
    return Mail(
        id=ids.derived("mai", member_id, event_id),
        member_id=member_id,
        kind="digest",
        type=only or "digest",
        state="waiting",
        made_at=now,
        due_at=now,
        token=token,
        since=since,
        until=until,
    )


def sent(mail: Mail, *, now: datetime) -> Outcome[Mail]:
    """Note that the server has taken it."""
    state = next_state(MOVES, mail.state, "send")
    return replace(mail, state=state, tries=mail.tries + 1, due_at=None, sent_at=now), []


def dropped(mail: Mail, *, reason: str, now: datetime) -> Outcome[Mail]:
    """Note that it is not needed any more."""
    state = next_state(MOVES, mail.state, "drop")
    return replace(mail, state=state, due_at=None, reason=reason), []


def refused(mail: Mail, *, reason: str, now: datetime) -> Outcome[Mail]:
    """Note that the server does not want it, now or later."""
    state = next_state(MOVES, mail.state, "fail")
    return replace(mail, state=state, tries=mail.tries + 1, due_at=None, reason=reason), []


def put_off(mail: Mail, *, reason: str, jitter: float, now: datetime) -> Outcome[Mail]:
    """Try again later, up to a fifth of the wait later than that (`jitter` of 1); then it fails."""
    if mail.tries >= len(WAITS):
        return refused(mail, reason=reason, now=now)
    due = now + WAITS[mail.tries] * (1 + 0.2 * jitter)
    state = next_state(MOVES, mail.state, "retry")
    return replace(mail, state=state, tries=mail.tries + 1, due_at=due, reason=reason), []
