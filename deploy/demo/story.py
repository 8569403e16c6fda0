"""What a story holds while it plays, and how it says what it expects."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ukeoi_client import Caller, Member, NoAnswer, Problem, TimeIsUp, Ukeoi

Said = dict[str, Any]


class Unexpected(Exception):
    """The story did not go on as it should: what was asked, what was expected, what came."""

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(f"{what}: expected {expected}, got {got}")
        self.what = what
        self.expected = expected
        self.got = got


TROUBLES = (Unexpected, Problem, NoAnswer, TimeIsUp)


@dataclass(slots=True)
class Story:
    """Who plays, and what has come of it so far."""

    api: Ukeoi
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    cast: dict[str, Member] = field(default_factory=dict)
    category: str = ""
    job_id: str = ""
    proposals: dict[str, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    offer_id: str = ""
    contract_id: str = ""
    hold_id: str = ""
    payout_id: str = ""
    quote: Said = field(default_factory=dict)
    forecast: list[Said] = field(default_factory=list)

    @property
    def client(self) -> Member:
        """The café that gives the work."""
        return self.cast["misaki"]

    @property
    def worker(self) -> Member:
        """The person who gets it."""
        return self.cast["taro"]

    @property
    def stranger(self) -> Member:
        """A member who has nothing to do with the contract."""
        return self.cast["emma"]

    @property
    def anybody(self) -> Caller:
        """A visitor without a token."""
        return self.api.anybody()

    def contract(self, as_: Caller | None = None) -> Said:
        """Return the contract, as one of its sides sees it."""
        return dict((as_ or self.client).get_contract(self.contract_id, soon=True).body)

    def milestone_path(self, move: str) -> str:
        """Return where the one milestone of the contract is moved."""
        return f"/v1/contracts/{self.contract_id}/milestones/1/{move}"


def expect(what: str, got: object, wanted: object) -> None:
    """Pass when the story went as it should.

    :raises Unexpected: it did not
    """
    if got != wanted:
        raise Unexpected(what, wanted, got)


def expect_todo(story: Story, who: Member, *actions: str) -> None:
    """Wait until somebody's to-do list asks for exactly this."""
    story.api.wait_until(
        f"the to-do list of {who.name} asks for {', '.join(actions) or 'nothing'}",
        lambda: sorted(one["action"] for one in who.items("/v1/todo")),
        lambda asked: asked == sorted(actions),
    )


def expect_refusal(
    who: Member, method: str, path: str, words: Said | None, wanted: tuple[int, str]
) -> None:
    """Pass when this is refused with this status and code; it is asked without a key."""
    try:
        got: object = who.send(method, path, words=words).status
    except Problem as refused:
        got = (refused.status, refused.code)
    expect(f"{method} {path} by {who.name}", got, wanted)


def wait_for(story: Story, who: Caller, path: str, **wanted: object) -> Said:
    """Wait until a thing has these values; another service may have to finish it first."""
    return story.api.wait_until(
        f"{path} becomes {wanted}",
        lambda: who.get(path, soon=True),
        lambda seen: all(seen.get(name) == value for name, value in wanted.items()),
    )


def yen(amount: int) -> Said:
    """Return money as the API says it."""
    return {"amount": amount, "currency": "JPY"}


def in_days(days: float) -> str:
    """Return the time so many days from now as the API says it."""
    at = datetime.now(UTC) + timedelta(days=days)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
