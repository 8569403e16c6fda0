"""Group commit: requests of one process that post at the same time share a transaction.

Whoever comes first leads: it posts what has gathered, up to a batch, and hands the lead on to the
first that came meanwhile. Nobody waits for a batch to fill; alone, one posts alone.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.escrow.plan import Posting, Verdict
from shared.errors import Unavailable
from shared.store import is_away

Post = Callable[[Sequence[Posting], datetime], list[Verdict]]


@dataclass(slots=True, eq=False)
class _Waiting:
    posting: Posting
    now: datetime
    woken: threading.Event = field(default_factory=threading.Event)
    verdict: Verdict | None = None
    failed: BaseException | None = None
    leads: bool = False


class Group:
    """The postings of one store that wait to be written."""

    def __init__(self, post: Post, most: int) -> None:
        self._post = post
        self._most = most
        self._lock = threading.Lock()
        self._queue: list[_Waiting] = []
        self._led = False

    def submit(self, posting: Posting, now: datetime) -> Verdict:
        """Post it, together with whatever else waits.

        :raises Exception: what its transaction raised
        """
        me = _Waiting(posting, now)
        with self._lock:
            self._queue.append(me)
            me.leads, self._led = not self._led, True
        if not me.leads:
            me.woken.wait()
        if me.leads:
            self._lead()
        if me.failed is not None:
            raise me.failed
        assert me.verdict is not None  # noqa: S101
        return me.verdict

    def _lead(self) -> None:
        batch = self._take()
        try:
            self._write(batch)
        finally:
            with self._lock:
                next_ = self._queue[0] if self._queue else None
                self._led = next_ is not None
                if next_ is not None:
                    next_.leads = True
            for one in batch[1:]:
                one.woken.set()
            if next_ is not None:
                next_.woken.set()

    def _take(self) -> list[_Waiting]:
        """Take what can be written together: of each thing only one change."""
        with self._lock:
            batch: list[_Waiting] = []
            things: set[str] = set()
            for one in self._queue:
                if one.posting.thing.id not in things and len(batch) < self._most:
                    things.add(one.posting.thing.id)
                    batch.append(one)
            taken = set(map(id, batch))
            self._queue = [one for one in self._queue if id(one) not in taken]
        return batch

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            verdicts = self._post([one.posting for one in batch], max(one.now for one in batch))
        except Exception as wrong:  # noqa: BLE001
            self._alone(batch, wrong)
            return
        except BaseException as wrong:
            for one in batch:
                one.failed = wrong
            raise
        for one, verdict in zip(batch, verdicts, strict=True):
            one.verdict = verdict

    def _alone(self, batch: Sequence[_Waiting], wrong: Exception) -> None:
        """Let nobody fail for somebody else's sake, unless the database is away for all."""
        if len(batch) == 1 or is_away(wrong) or isinstance(wrong, Unavailable):
            for one in batch:
                one.failed = wrong
            return
        for one in batch:
            self._write([one])
