"""A world for each module."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from tests.callers import Signer
from tests.edge.world import World


@pytest.fixture(scope="module")
def world(mongo: MongoClient[dict[str, Any]], mongo_url: str, signer: Signer) -> Iterator[World]:
    """The five applications, four members and an operator."""
    with pytest.MonkeyPatch.context() as patch:
        # Escrow's reactions read the profile from the environment, as in a process of its own.
        for name, value in {
            "MONGO_URL": mongo_url,
            "MONGO_DB": "none",
            "AMQP_URL": "amqp://127.0.0.1:9/",
            "JWT_PUBLIC_KEYS": str(signer.public),
        }.items():
            patch.setenv(name, value)
        made = World(mongo_url, mongo, signer)
        yield made
        made.close()
