"""What the rest of the machine did meanwhile: figures are only as good as the quiet around them."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Others:
    """Measures, from its making on, how many cores were used by processes that are not ours."""

    began: float = field(default_factory=time.monotonic)
    busy_s: float = field(default_factory=lambda: _busy_s())
    ours_s: float = field(default_factory=lambda: ours_s())

    def cores(self) -> float:
        """Return the mean number of cores that others have used since."""
        others_s = (_busy_s() - self.busy_s) - (ours_s() - self.ours_s)
        return max(0.0, others_s / (time.monotonic() - self.began))


def wait_for_calm(cores: float, patience_s: float) -> float:
    """Wait until others use less than so many cores; return what they use."""
    deadline = time.monotonic() + patience_s
    while True:
        others = Others()
        time.sleep(1)
        used = others.cores()
        if used < cores or time.monotonic() > deadline:
            return used


def _busy_s() -> float:
    """Return the time that all cores together were not idle, since boot."""
    user, nice, system, _idle, _wait, irq, soft, steal = _first_line()[:8]
    return (user + nice + system + irq + soft + steal) / TICKS_PER_S


def _first_line() -> list[int]:
    return [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]


def ours_s() -> float:
    """Return the time that this process and all its descendants have used, the ended included."""
    used: dict[int, float] = {}
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            parents[int(folder.name)] = int(words[1])
            used[int(folder.name)] = sum(map(int, words[11:15])) / TICKS_PER_S
    return sum(seconds for pid, seconds in used.items() if _is_ours(pid, parents))


def _is_ours(pid: int, parents: dict[int, int]) -> bool:
    while pid:
        if pid == os.getpid():
            return True
        pid = parents.get(pid, 0)
    return False
