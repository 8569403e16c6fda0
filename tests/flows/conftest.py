"""One marketplace for all stories; each has members of its own."""

from collections.abc import Iterator

import pytest

from shared import clock
from tests import messages
from tests.callers import Signer
from tests.flows.marketplace import SERVICES, Marketplace, forget_queues


@pytest.fixture(scope="package")
def market(
    mongo_url: str, amqp_url: str, signer: Signer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Marketplace]:
    """The five services, running; its clock is moved by the stories."""
    forget_queues(amqp_url)
    market = Marketplace(mongo_url, amqp_url, signer, tmp_path_factory.mktemp("market"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_offset_file", None)
        # Escrow's worker reads its profile from the environment, as in a process of its own.
        for name, value in market.environment("escrow").items():
            patch.setenv(name, value)
        clock.allow_offset(str(market.clock_file))
        market.start()
        yield market
        wrong = [one for name in SERVICES for one in messages.wrong(market.db(name))]
        market.stop()
    forget_queues(amqp_url)
    assert not wrong, "what was said does not fit docs/events"
