"""A store of toys."""

import pytest

from shared import store as stores
from shared.store import Db, Store
from tests.shared.toys import BOXES


@pytest.fixture
def store(db: Db) -> Store:
    """A store with the indexes of the toys; what it says waits in the outboxes."""
    stores.ensure_indexes(db, [BOXES])
    return Store(db, source="toys")
