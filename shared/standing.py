"""How members stand: who may begin something new, and with whom.

A service in which members begin things together keeps what accounts tells of them:

* `{_id: "mem_a", version, state, ...}`, a projection of its own making
* `{_id: "mem_a mem_b", version, member_id, other_id, is_on}`: a has blocked b

Both are in `members`: how somebody stands is one read, and every answer that lists actions asks it.

A block stands between the two, whichever of them made it, and both are refused with the same code:
who is blocked is not told by whom.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.documents import Doc
from shared.errors import Forbidden
from shared.events import Event
from shared.mongo import Db
from shared.reactions import Project, Reactions

MEMBERS = "members"
BARRED = {
    "suspended": ("member_suspended", "a suspended member begins nothing new"),
    "leaving": ("member_leaving", "who leaves begins nothing new: stay a member first"),
    "erased": ("member_suspended", "this member has left"),
}
"""The refusal of each state in which nothing new may be begun."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's state, as far as it is known here, and between whom and them a block stands."""

    state: str = "active"
    blocked: frozenset[str] = frozenset()

    def bar(self, other: str | None = None) -> Forbidden | None:
        """Return what keeps this member from beginning something (with another), or None."""
        if self.state in BARRED:
            return Forbidden(*BARRED[self.state])
        if other in self.blocked:
            return Forbidden("not_available_to_you", "this is not available to you")
        return None


NOBODYS = Standing()


def of(db: Db, member_id: str, others: Iterable[str] = ()) -> Standing:
    """Return how a member stands, to these others."""
    found = {doc["_id"]: doc for doc in _find(db, [member_id, *_pairs(member_id, others)])}
    state = found.pop(member_id, {}).get("state", "active")
    return Standing(state, _others(member_id, found.values()))


def blocked(db: Db, member_id: str, others: Iterable[str]) -> frozenset[str]:
    """Return those of these others between whom and this member a block stands, either way."""
    pairs = _pairs(member_id, others)
    return _others(member_id, _find(db, pairs)) if pairs else frozenset()


def _pairs(member_id: str, others: Iterable[str]) -> list[str]:
    wanted = set(others) - {member_id}
    return [pair for o in wanted for pair in (_id(member_id, o), _id(o, member_id))]


def _find(db: Db, ids_: list[str]) -> Iterable[Doc]:
    shown = {"state": 1, "member_id": 1, "other_id": 1, "is_on": 1}
    return db[MEMBERS].find({"_id": {"$in": ids_}}, shown)


def _others(member_id: str, blocks: Iterable[Doc]) -> frozenset[str]:
    on = (doc for doc in blocks if doc["is_on"])
    return frozenset(id_ for doc in on for id_ in (doc["member_id"], doc["other_id"])) - {member_id}


def _id(member_id: str, other_id: str) -> str:
    return f"{member_id} {other_id}"


def _block(event: Event) -> Doc:
    member_id, other_id = event.data["member_id"], event.data["other_id"]
    return {
        "_id": _id(member_id, other_id),
        "version": event.version,
        "member_id": member_id,
        "other_id": other_id,
        "is_on": event.type == "member.blocked",
    }


KNOW_BLOCKS: Reactions = dict.fromkeys(
    ("member.blocked", "member.unblocked"), (Project(MEMBERS, _block),)
)
"""What a service does that keeps blocks."""
