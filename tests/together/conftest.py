"""The ground that the stories of this run stand on."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from tests.callers import Signer
from tests.together.world import Ground


@pytest.fixture(scope="package")
def ground(
    mongo: MongoClient[dict[str, Any]],
    mongo_url: str,
    signer: Signer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ground]:
    """Three services on databases of their own, and a clock that moves."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "MONGO_URL": mongo_url,
            "MONGO_DB": "none",
            "AMQP_URL": "amqp://127.0.0.1:9/",
            "JWT_PUBLIC_KEYS": str(signer.public),
            "UKEOI_TEST_DEPLOYMENT": "1",
        }.items():
            patch.setenv(name, value)
        made = Ground.made(mongo, mongo_url, signer, tmp_path_factory.mktemp("clock") / "clock")
        yield made
        made.close()
