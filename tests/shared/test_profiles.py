"""The reader of profiles: what a file may say, and that every shipped file can be read."""

from dataclasses import fields
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from shared import profiles
from shared.settings import Settings

pytestmark = pytest.mark.pure
FOLDER = Path("deploy/profiles")
WORDS: dict[str, Any] = {"id": "x", "name": {"ja": "x", "en": "x"}, "currency": "JPY"}


def how(profile: str) -> Settings:
    return Settings(
        mongo_url="", mongo_db="", jwt_public_keys=Path(), profile=profile, profiles_dir=FOLDER
    )


def test_what_a_file_leaves_out_is_the_default() -> None:
    read = profiles.read(WORDS)

    assert (read.modes, read.timers, read.limits) == (
        profiles.MODES,
        profiles.Timers(),
        profiles.Limits(),
    )


def test_the_shipped_default_is_the_default() -> None:
    read = profiles.of(how("default"))

    assert (read.modes, read.timers, read.limits) == (
        profiles.MODES,
        profiles.Timers(),
        profiles.Limits(),
    )


@pytest.mark.parametrize("name", sorted(p.stem for p in FOLDER.glob("*.toml")))
def test_every_shipped_profile_can_be_read_and_is_named_as_its_file(name: str) -> None:
    read = profiles.of(how(name))

    assert read.id == name
    assert {"ja", "en"} <= set(read.name)
    assert all(getattr(read.timers, f.name) for f in fields(read.timers))


def test_spans_and_limits_are_read() -> None:
    read = profiles.read(
        {
            **WORDS,
            "modes": ["task"],
            "timers": {"review": "7 d", "fund_reminders": ["36 h", "5 min"]},
            "limits": {"revisions": 0, "rejections_share": "0.25"},
        }
    )

    assert read.timers.review == timedelta(days=7)
    assert read.timers.fund_reminders == (timedelta(hours=36), timedelta(minutes=5))
    assert (read.limits.revisions, read.limits.rejections_share) == (0, Fraction(1, 4))
    assert (read.has("task"), read.has("project")) == (True, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"modes": []},
        {"modes": ["auction"]},
        {"currency": "XXX"},
        {"timers": {"revieww": "7 d"}},
        {"timers": {"review": "7"}},
        {"timers": {"review": "0 d"}},
        {"limits": {"revisions": -1}},
        {"limits": {"revisions": True}},
    ],
)
def test_a_file_that_says_something_wrong_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"mode|currency|no such|span|limit"):
        profiles.read({**WORDS, **wrong})


def test_a_profile_that_is_not_there_stops_the_process() -> None:
    with pytest.raises(SystemExit, match="nowhere"):
        profiles.of(how("nowhere"))
