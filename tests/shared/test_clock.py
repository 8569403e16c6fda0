"""The one clock: whole milliseconds, UTC, moved only in a test deployment."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from shared import clock
from shared.store import Db


@pytest.fixture
def unmoved() -> Iterator[None]:
    yield
    clock._offset_file = None


@pytest.mark.pure
def test_now_is_utc_of_whole_milliseconds() -> None:
    at = clock.now()
    assert at.tzinfo is UTC
    assert at.microsecond % 1000 == 0


@pytest.mark.pure
def test_a_time_said_and_read_again_is_the_same() -> None:
    at = clock.now()
    assert clock.parse(clock.text(at)) == at


@pytest.mark.pure
def test_times_are_said_in_utc_with_milliseconds() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert clock.text(datetime(2026, 12, 7, 9, tzinfo=tokyo)) == "2026-12-07T00:00:00.000Z"


def test_a_time_comes_back_from_a_document_as_it_went_in(db: Db) -> None:
    at = clock.now()
    db["times"].insert_one({"_id": 1, "at": at})
    kept = db["times"].find_one({"_id": 1})
    assert kept is not None
    assert kept["at"] == at


@pytest.mark.pure
def test_the_clock_cannot_be_moved_outside_a_test_deployment(
    monkeypatch: pytest.MonkeyPatch, unmoved: None, tmp_path: Path
) -> None:
    monkeypatch.delenv("UKEOI_TEST_DEPLOYMENT", raising=False)
    with pytest.raises(SystemExit):
        clock.allow_offset(str(tmp_path / "clock"))


@pytest.mark.pure
def test_a_test_deployment_moves_its_clock_by_a_file(
    monkeypatch: pytest.MonkeyPatch, unmoved: None, tmp_path: Path
) -> None:
    monkeypatch.setenv("UKEOI_TEST_DEPLOYMENT", "1")
    clock.allow_offset(str(tmp_path / "clock"))
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)

    (tmp_path / "clock").write_text("86400")

    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=1)) < timedelta(seconds=5)


@pytest.mark.pure
@pytest.mark.parametrize("words", ["", "tomorrow", "nan"])
def test_a_clock_file_without_a_number_moves_nothing(
    monkeypatch: pytest.MonkeyPatch, unmoved: None, tmp_path: Path, words: str
) -> None:
    monkeypatch.setenv("UKEOI_TEST_DEPLOYMENT", "1")
    (tmp_path / "clock").write_text(words)
    clock.allow_offset(str(tmp_path / "clock"))
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
