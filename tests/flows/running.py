"""A marketplace as it runs while a test looks: its clock, its environment, its messages."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared import clock
from tests import messages
from tests.flows.marketplace import SERVICES, Marketplace


@contextmanager
def running(market: Marketplace) -> Iterator[Marketplace]:
    """Start a marketplace; afterwards see that what was said fits the documents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_offset_file", None)
        # Escrow's worker reads its profile from the environment, as in a process of its own.
        for name, value in market.environment("escrow").items():
            patch.setenv(name, value)
        clock.allow_offset(str(market.clock_file))
        market.start()
        try:
            yield market
            wrong = [one for name in SERVICES for one in messages.wrong(market.db(name))]
        finally:
            market.stop()
    assert not wrong, "what was said does not fit docs/events"
