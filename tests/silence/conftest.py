"""One world whose clock can be moved, and what becomes of it in silence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from shared import clock
from tests.callers import Signer
from tests.edge.world import World
from tests.silence.stories import STORIES
from tests.silence.walk import Walk


@pytest.fixture(scope="package")
def walk(
    mongo: MongoClient[dict[str, Any]],
    mongo_url: str,
    signer: Signer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Walk]:
    """All stories, begun, and then left alone until nothing waits any more."""
    file: Path = tmp_path_factory.mktemp("clock") / "offset"
    file.write_text("0")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "MONGO_URL": mongo_url,
            "MONGO_DB": "none",
            "AMQP_URL": "amqp://127.0.0.1:9/",
            "JWT_PUBLIC_KEYS": str(signer.public),
            "UKEOI_TEST_DEPLOYMENT": "1",
        }.items():
            patch.setenv(name, value)
        patch.setattr(clock, "_offset_file", None)
        clock.allow_offset(str(file))
        world = World(mongo_url, mongo, signer)
        walk = Walk(world, file)
        for name, story in STORIES.items():
            walk.begin(name, story.begins)
        walk.be_silent()
        yield walk
        world.close()
