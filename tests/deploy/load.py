"""Members who hire each other without a pause while a test restarts or kills what serves them."""

import random
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from tests.chaos.stories import Teller, Told, register
from ukeoi_client import Ukeoi

PASSING = re.compile(r": (404|409) ")
"""What is no failure: another service has not heard yet."""
POOL = 3


class Load:
    """Stories told one after the other, from several threads at once."""

    def __init__(self, url: str, tellers: int, patience_s: float) -> None:
        self.url, self.tellers, self.patience_s = url, tellers, patience_s
        self.told = Told()
        self.failed_requests: list[str] = []
        self._stop = threading.Event()
        with Ukeoi(url, patience_s=patience_s) as api:
            self._people = [
                [register(api, f"{side} {n}") for n in range(POOL)] for side in ("client", "worker")
            ]
            self.stranger = register(api, "stranger")

    @property
    def ended(self) -> int:
        """How many stories have ended as they should."""
        return self.told.ended["hired_directly"]

    def wait_for_more(self, stories: int, patience_s: float = 120) -> None:
        """Wait until so many more have ended: what runs now does its work."""
        enough, deadline = self.ended + stories, time.monotonic() + patience_s
        while self.ended < enough:
            assert time.monotonic() < deadline, f"only {self.ended} of {enough}: {self.told.failed}"
            time.sleep(0.05)

    def _tell(self, n: int) -> None:
        it = _Watched(self)
        dice = random.Random(n)
        clients, workers = self._people
        while not self._stop.is_set():
            it.tell("hired_directly", dice.choice(clients), dice.choice(workers), dice)
        it.api.close()

    def noted(self, trouble: str) -> None:
        """Note a request that failed, though it was asked again."""
        if not PASSING.search(trouble):
            self.failed_requests.append(trouble)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Tell stories meanwhile; afterwards wait until each that was begun has ended."""
        threads = [threading.Thread(target=self._tell, args=(n,)) for n in range(self.tellers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def nothing_is_lost(self) -> None:
        """Pass when every story ended as it should and the ledger sums to zero."""
        assert not self.told.failed, self.told.failed[:5]
        with Ukeoi(self.url) as api:
            open_ones = [
                contract
                for client in self._people[0]
                for contract in client.through(api).items("/v1/contracts")
                if contract["state"] != "completed"
            ]
            proof = api.anybody().get("/v1/ledger/proof")
        assert not open_ones, open_ones[:5]
        assert [sums["total"] for sums in proof["currencies"].values()] == [0]


class _Watched(Teller):
    """Tells, and notes every request that had to be asked again."""

    def __init__(self, load: Load) -> None:
        self._load = load
        now = partial(datetime.now, UTC)
        super().__init__(load.url, load.told, now, load.stranger, load.patience_s)

    def _troubled(self, what: str) -> None:
        self._load.noted(what)
