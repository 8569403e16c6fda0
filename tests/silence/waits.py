"""Who is waited for by each thing with a life cycle: what its representation says as `next`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.accounts.case_records import CASES
from services.accounts.domain import case_silence
from services.contracts.domain import ask, cancelling, offer, waiting
from services.contracts.records import CONTRACTS, MESSAGES, OFFERS
from services.escrow.domain import hold
from services.escrow.records import HOLDS
from services.jobs.domain import assignment, proposal
from services.jobs.domain import silence as job
from services.jobs.records import ASSIGNMENTS, JOBS, PROPOSALS
from shared import moderation
from shared.documents import Kind

Doc = dict[str, Any]
NEXT: Mapping[str, tuple[Kind[Any], Callable[[Any], Any]]] = {
    "offers": (OFFERS, offer.next_of),
    "jobs": (JOBS, job.next_step),
    "proposals": (PROPOSALS, proposal.next_step),
    "assignments": (ASSIGNMENTS, assignment.next_step),
    "messages": (MESSAGES, lambda it: moderation.next_of(it.seen)),
    "holds": (HOLDS, hold.next_step),
    "cases": (CASES, case_silence.next_of),
}


def of(thing: Doc) -> Iterator[Doc]:
    """Yield all that a thing waits for; of a contract that of each of its parts."""
    if thing["kind"] == "contracts":
        yield from _of_contract(thing)
    elif thing["kind"] in NEXT:
        kind, rule = NEXT[thing["kind"]]
        if found := rule(kind.from_doc(thing)):
            yield found


def _of_contract(thing: Doc) -> Iterator[Doc]:
    it = CONTRACTS.from_doc(thing)
    if it.state == "active":
        parts = [waiting.next_of_milestone(m) for m in it.milestones]
        yield from (part for part in parts if part)
    elif found := waiting.next_of(it):
        yield found
    if it.state in ("awaiting_funding", "active"):
        yield from (waiting.next_of_ask(asked) for asked in ask.waiting(it.asks))
        if it.cancellation and it.cancellation.state == "asked":
            yield cancelling.next_of(it, it.cancellation)
