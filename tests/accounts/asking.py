"""How the tests of accounts ask, and read what is answered."""

from typing import Any

import orjson
from werkzeug.test import TestResponse

from services.accounts.reactions import REACTIONS
from services.accounts.usecases import record
from shared import engine
from shared.store import Db, Store
from tests.accounts.builders import NOW, log_in, registration
from tests.callers import Caller


def words(response: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(response.data)
    return found


def refused(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    found = words(response)
    assert (response.status_code, found["code"]) == (status, code), found
    return found


def logged_in(nobody: Caller) -> dict[str, Any]:
    return words(log_in(nobody, words(nobody.post("/v1/members", registration()))["email"]))


def refresh(nobody: Caller, token: str) -> TestResponse:
    return nobody.post("/v1/sessions/refresh", {"refresh_token": token})


def hear(db: Db, *events: Any) -> None:
    store = Store(db, "accounts")
    verdicts, _ = engine.handle_many(store, REACTIONS, events, now=NOW)
    assert all(why is None for why in verdicts.values())
    record.count_due(store, NOW)
