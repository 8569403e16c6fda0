"""One world whose clock can be moved, and what becomes of it in silence."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymongo import MongoClient

from tests.callers import Signer
from tests.silence.stories import STORIES
from tests.silence.walk import Walk, a_walk

NewWalk = Callable[[], AbstractContextManager[Walk]]


@pytest.fixture(scope="package")
def new_walk(
    mongo: MongoClient[dict[str, Any]],
    mongo_url: str,
    signer: Signer,
    tmp_path_factory: pytest.TempPathFactory,
) -> NewWalk:
    """What gives a new world in which nothing has begun, as a context."""
    return lambda: a_walk(mongo, mongo_url, signer, tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="package")
def walk(new_walk: NewWalk) -> Iterator[Walk]:
    """All stories, begun, and then left alone until nothing waits any more."""
    with new_walk() as walk:
        for name, story in STORIES.items():
            walk.begin(name, story.begins)
        walk.be_silent()
        yield walk
