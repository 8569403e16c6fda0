"""The stateful test: people act, facts go astray, time passes; in the end all must be well."""

from collections import Counter
from datetime import timedelta
from random import Random

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.together import truth
from tests.together.acts import ACTS
from tests.together.world import BATCH, Ground, World

NUMBERS = st.integers(0, 41)
STARTS = ("project", "competition", "task", "offer")
REACHED: Counter[str] = Counter()
"""The last states of everything in all stories that this process has played."""
HOURS = (1, 1, 2, 30, 24 * 4, 24 * 16)


class Together(RuleBasedStateMachine):
    """One story of the three services, on the ground that a subclass stands on."""

    ground: Ground
    world: World | None = None

    @initialize(seed=st.integers(0, 2**32), start=st.sampled_from(STARTS), number=NUMBERS)
    def begin(self, seed: int, start: str, number: int) -> None:
        self.world = World(self.ground, Random(seed))
        ACTS[start](self.world, number)
        self.world.carry()

    @rule(what=st.sampled_from(sorted(ACTS)), number=NUMBERS)
    def act(self, what: str, number: int) -> None:
        ACTS[what](self.world, number)

    @rule(number=NUMBERS, times=st.integers(2, 6))
    def go_on(self, number: int, times: int) -> None:
        """Do what is most likely next: stories are to get somewhere."""
        for step in range(times):
            ACTS[_likely(self.world, number + step)](self.world, number + step)
            self.world.carry()

    @rule(number=NUMBERS, start=st.sampled_from(STARTS))
    def hurry(self, number: int, start: str) -> None:
        """Begin something more, and bring it a good way."""
        ACTS[start](self.world, number)
        self.world.carry()
        for step in range(8):
            ACTS[_likely(self.world, number + step)](self.world, number + step)
            self.world.carry()

    @rule(most=st.integers(1, BATCH), times=st.integers(1, 4))
    def carry(self, most: int, times: int) -> None:
        for _ in range(times):
            self.world.carry(most)

    @rule(hours=st.sampled_from(HOURS))
    def wait(self, hours: int) -> None:
        self.world.wait(timedelta(hours=hours))

    def teardown(self) -> None:
        if self.world is None:
            return
        wrong = truth.of_money(self.world)
        if not wrong:
            self.world.silence()
            wrong = truth.of_the_end(self.world)
            REACHED.update(truth.reached(self.world))
        for line in self.world.done if wrong else ():
            note(line)
        assert not wrong, wrong


def machine(on: Ground) -> type[Together]:
    """Return the machine on this ground."""
    return type("Story", (Together,), {"ground": on})


_NEXT: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("jobs", "jobs"): {
        "awaiting_funding": ("fund",),
        "open": ("propose", "enter", "claim", "claim", "propose", "close"),
        "closed": ("award", "favour", "approve"),
    },
    ("jobs", "proposals"): {"submitted": ("select",)},
    ("jobs", "assignments"): {
        "reserved": ("submit",),
        "submitted": ("approve", "reject", "approve_all"),
        "rejected": ("appeal",),
    },
    ("contracts", "offers"): {"sent": ("accept_offer", "accept_offer", "counter_offer")},
    ("contracts", "contracts"): {
        "awaiting_funding": ("fund",),
        "active": ("deliver", "accept", "fund", "accept_a_part", "part", "dispute", "further"),
        "disputed": ("settle", "agree_to_settle", "decide"),
    },
}


def _likely(world: World, number: int) -> str:
    """Return an act for the newest thing that waits for somebody."""
    found: list[str] = []
    for (service, collection), states in _NEXT.items():
        for doc in world.docs(service, collection)[-3:]:
            found += states.get(doc.get("state", ""), ())
    return found[number % len(found)] if found else STARTS[number % len(STARTS)]
