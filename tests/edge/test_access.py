"""The access matrix: every operation of the merged document x every kind of caller."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from shared import ids
from shared.web.document import operations
from tests.edge.access import ACCESS, Row
from tests.edge.forged import authorizations
from tests.edge.world import Person, World, spec

OPERATIONS = {o["operationId"]: (path, method, o) for path, method, o in operations(spec())}
CELLS = [(id_, n) for id_, rows in ACCESS.items() for n in range(len(rows))]
# What only its sides may read; whoever else meets one of these ids has seen too much.
PRIVATE = re.compile(r"\b(?:con|off|hld|pay|pro|ntf|whk|dlv)_[0-9a-f]{32}\b")


@pytest.mark.pure
def test_every_operation_has_a_row() -> None:
    assert OPERATIONS.keys() - ACCESS.keys() == set(), "tests/edge/access.py says nothing of these"
    assert ACCESS.keys() - OPERATIONS.keys() == set(), "these are no operations any more"


@pytest.mark.parametrize(("operation", "n"), CELLS)
def test_an_operation_answers_each_caller_as_the_table_says(
    world: World, operation: str, n: int
) -> None:
    world.renew()
    row = ACCESS[operation][n]
    asking = Asking(world, operation, row)
    before = world.snapshot()
    for name, value in authorizations(world.signer, world.client.id).items():
        answer = asking.send(world.nobody, Authorization=value)
        assert answer.status_code == 401, f"{name}: {answer.status_code}"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    answer = asking.send(world.nobody, Authorization=asking.unscoped())
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")
    for who, wanted in refused(row):
        asking.expect(who, wanted)
    assert world.snapshot() == before, "a refusal has changed something"
    for who, wanted in allowed(row):
        asking.expect(who, wanted)
    world.pump()


def refused(row: Row) -> list[tuple[str, int]]:
    """Return who is refused, with the status."""
    return [(who, status) for who, status in _all(row) if status >= 400]


def allowed(row: Row) -> list[tuple[str, int]]:
    """Return who may, the one whose thing it is last: their act moves it on."""
    return [(who, status) for who, status in _all(row) if status < 400]


def _all(row: Row) -> list[tuple[str, int]]:
    cells = [("nobody", row.nobody), ("stranger", row.stranger), ("operator", row.ops)]
    cells += [row.other] if row.other else []
    return cells + ([(row.who, row.ok)] if row.who and row.who != "nobody" else [])


class Asking:
    """One operation about one thing, asked by many."""

    def __init__(self, world: World, operation: str, row: Row) -> None:
        self.world = world
        self.row = row
        self.template, self.method, self.about = OPERATIONS[operation]
        self.things = row.path(world)
        self.path = self.template.format(**self.things) + row.query

    def send(self, who: Person, **headers: str) -> TestResponse:
        """Ask, with the words and headers that a good request has."""
        if self.method == "post" and self.row.who:
            headers["Idempotency-Key"] = ids.new("key")
        if "428" in self.about["responses"]:
            headers["If-Match"] = "*"
        # Words are made only for those who get so far as to have them read.
        words: Any = {}
        if self.row.words and "Authorization" not in headers:
            words = self.row.words(self.world)
        takes = "requestBody" in self.about
        return who.send(self.method.upper(), self.path, words if takes else None, **headers)

    def unscoped(self) -> str:
        """Return the token of a program of somebody who may, without the scope for this."""
        who = self.row.who if self.row.who not in (None, "nobody") else "client"
        scope = "write money" if self.method == "get" else "read"
        member_id = getattr(self.world, str(who)).id
        return f"Bearer {self.world.signer.token(member_id, scope=scope)}"

    def expect(self, who: str, wanted: int) -> None:
        """Ask, and hold the answer against the table and the document."""
        answer = self.send(getattr(self.world, who))
        said = (who, answer.status_code, answer.json if answer.status_code >= 400 else "")
        assert answer.status_code == wanted, said
        assert str(wanted) in self.about["responses"], f"{wanted} is not documented"
        if wanted >= 400:
            assert answer.mimetype == "application/problem+json"
            assert (answer.json or {}).get("status") == wanted
        elif who in ("nobody", "stranger", "operator") and answer.mimetype != "text/event-stream":
            self._meets_nothing_private(who, answer)
        answer.close()

    def _meets_nothing_private(self, who: str, answer: TestResponse) -> None:
        """Fail when an answer has ids of things that this caller is no side of."""
        if who == "operator" or self.method != "get":
            return
        met = set(PRIVATE.findall(answer.get_data(as_text=True)))
        assert not met - self.world.ids_of(getattr(self.world, who)), (who, met)
