"""One marketplace for all stories; each has members of its own."""

from collections.abc import Iterator

import pytest

from tests.callers import Signer
from tests.flows.marketplace import Marketplace, forget_queues
from tests.flows.running import running


@pytest.fixture(scope="package")
def market(
    mongo_url: str, amqp_url: str, signer: Signer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Marketplace]:
    """The five services, running; its clock is moved by the stories."""
    forget_queues(amqp_url)
    with running(Marketplace(mongo_url, amqp_url, signer, tmp_path_factory.mktemp("market"))) as it:
        yield it
    forget_queues(amqp_url)
