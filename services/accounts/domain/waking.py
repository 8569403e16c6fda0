"""What silence does to a member: sanctions end, leaving goes on."""

from datetime import datetime

from services.accounts.domain import leaving, sanction
from services.accounts.domain.member import Member
from shared.moves import Outcome


def wake_at(member: Member) -> datetime | None:
    """Return when silence has a consequence next."""
    times = (sanction.wake_at(member), leaving.wake_at(member))
    return min((at for at in times if at is not None), default=None)


def on_wake(member: Member, *, now: datetime) -> Outcome[Member]:
    """Do what is due of either."""
    member, facts = sanction.on_wake(member, now=now)
    member, more = leaving.on_wake(member, now=now)
    return member, [*facts, *more]
