"""Who carries facts in place of the broker, and not well: losing, doubling, holding back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from shared.bus import Sent
from shared.events import Event
from shared.reactions import Reactions


@dataclass
class Courier:
    """What is on its way, by who is to hear it; `is_honest` at the end of a story.

    A fact that is lost is not confirmed: it stays where it was said, and is said again. One whose
    confirmation is lost arrives, and is said again as well.
    """

    hearers: Mapping[str, Reactions]
    random: Random
    is_honest: bool = False
    is_ready: bool = True
    bags: dict[str, list[Event]] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0

    def publish(self, events: Sequence[Event], timeout_s: float = 0.0) -> Sent:
        """Take facts on, as the broker's publisher does; return which are confirmed."""
        confirmed = set()
        for event in events:
            luck = 1.0 if self.is_honest else self.random.random()
            if luck < 0.15:
                self.lost += 1
                continue
            for name, reactions in self.hearers.items():
                if event.type in reactions:
                    twice = not self.is_honest and self.random.random() < 0.2
                    self.doubled += twice
                    self.bags.setdefault(name, []).extend([event] * (1 + twice))
            if luck < 0.25:
                self.doubled += 1
                continue
            confirmed.add(event.id)
        return Sent(confirmed=confirmed, unroutable=set())

    def hand_over(self, name: str, most: int) -> list[Event]:
        """Return some of what is on its way to a service, in no order."""
        bag = self.bags.get(name, [])
        self.random.shuffle(bag)
        taken, self.bags[name] = bag[:most], bag[most:]
        return taken

    def waiting(self) -> int:
        """Return how many are on their way."""
        return sum(len(bag) for bag in self.bags.values())
