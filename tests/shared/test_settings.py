"""The environment is read once, whole, and refused whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import clock, settings

pytestmark = pytest.mark.pure

GOOD = {
    "MONGO_URL": "mongodb://127.0.0.1/",
    "MONGO_DB": "jobs",
    "AMQP_URL": "amqp://127.0.0.1/",
    "JWT_PUBLIC_KEYS": "/keys",
}
OTHERS = (
    *("JWT_PRIVATE_KEYS", "JWT_ISSUER", "JWT_AUDIENCE", "PROFILE", "PROFILES_DIR", "WORKER_PORT"),
    *("LOG_LEVEL", "PUBLIC_URL", "PROXY_HOPS", "UKEOI_CLOCK_FILE", "UKEOI_CRASH_AT"),
    "UKEOI_TEST_DEPLOYMENT",
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*GOOD, *OTHERS):
        monkeypatch.delenv(name, raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clock, "_offset_file", None)
    settings.read.cache_clear()
    yield
    settings.read.cache_clear()


def test_what_is_not_said_has_a_default() -> None:
    found = settings.read()
    assert (found.mongo_db, found.jwt_public_keys) == ("jobs", Path("/keys"))
    assert (found.jwt_issuer, found.profile, found.log_level) == ("ukeoi", "default", "info")
    assert (found.jwt_private_keys, found.proxy_hops) == (None, 0)


def test_it_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = settings.read()
    monkeypatch.setenv("MONGO_DB", "other")
    assert settings.read() is first


def test_every_bad_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MONGO_URL")
    monkeypatch.setenv("WORKER_PORT", "a lot")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("PROFILE", "../../etc")
    with pytest.raises(SystemExit) as end:
        settings.read()
    words = str(end.value)
    assert all(n in words for n in ("MONGO_URL", "WORKER_PORT", "LOG_LEVEL", "PROFILE"))
    assert "MONGO_DB" not in words


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("mongodb://secret@db/\n")
    monkeypatch.delenv("MONGO_URL")
    monkeypatch.setenv("MONGO_URL_FILE", str(tmp_path / "url"))
    assert settings.read().mongo_url == "mongodb://secret@db/"


@pytest.mark.parametrize("name", ["UKEOI_CLOCK_FILE", "UKEOI_CRASH_AT"])
def test_only_a_test_deployment_may_move_the_clock_or_crash(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "before_write:1")
    with pytest.raises(SystemExit):
        settings.read()


def test_a_test_deployment_moves_the_clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "offset").write_text("86400")
    before = clock.now()
    monkeypatch.setenv("UKEOI_TEST_DEPLOYMENT", "1")
    monkeypatch.setenv("UKEOI_CLOCK_FILE", str(tmp_path / "offset"))
    settings.read()
    assert 86_400 <= (clock.now() - before).total_seconds() < 86_460
