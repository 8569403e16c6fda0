"""Contracts: read them, deliver, answer deliveries, write, review."""

from typing import Any

from flask import Response

from services.contracts import queries
from services.contracts.api import messages, seeing
from services.contracts.domain import acts, contract, hearing, silence, waiting
from services.contracts.domain.contract import Contract
from services.contracts.records import CONTRACTS
from services.contracts.saying import pay_by
from services.contracts.schemas import (
    AcceptanceWords,
    ChangesWords,
    ContractListArgs,
    DeliveryWords,
    MessageWords,
    ReviewWords,
)
from services.contracts.shapes import (
    ContractListShape,
    ContractShape,
    MessageListShape,
    MessageShape,
)
from shared import clock, futures, ids, web
from shared.documents import Loaded

LAW = "in any case: by law it is paid by then"
blp = web.blueprint("contracts", __name__)


@blp.get("/contracts")
@blp.arguments(ContractListArgs(), location="query")
@blp.response(200, ContractListShape())
def list_contracts(words: dict[str, Any]) -> Response:
    """List one's contracts, newest first; `role` and `state` narrow it."""
    me, page = web.caller().id, web.page(words)
    docs, cursor = queries.of_party(web.store().db, "contracts", me, page=page, **words)
    return web.listing(seeing.contracts([CONTRACTS.from_doc(doc) for doc in docs]), cursor)


@blp.get("/contracts/<id_>")
@blp.response(200, ContractShape())
def get_contract(id_: str) -> Response:
    """Return a contract to its two parties, and to operators when it is disputed. 404."""
    loaded = seen(id_)
    [said] = seeing.contracts([loaded.thing])
    return web.answer(said, version=loaded.version)


@blp.post("/contracts/<id_>/milestones/<int:n>/deliver")
@blp.arguments(DeliveryWords())
@blp.response(200, ContractShape())
def deliver(words: dict[str, Any], id_: str, n: int) -> Response:
    """Hand in the work. 403 not_the_worker, 404, 409 not_funded or wrong_state."""
    return change(id_, acts.deliver, n=n, note=words["note"], links=tuple(words["links"]))


@blp.post("/contracts/<id_>/milestones/<int:n>/recall")
@blp.response(200, ContractShape())
def recall(id_: str, n: int) -> Response:
    """Take a delivery back. 403 not_the_worker, 404, 409 wrong_state."""
    return change(id_, acts.recall, n=n)


@blp.post("/contracts/<id_>/milestones/<int:n>/accept")
@blp.arguments(AcceptanceWords())
@blp.response(200, ContractShape())
def accept(words: dict[str, Any], id_: str, n: int) -> Response:
    """Accept a delivery, whole or in part. 403 not_the_client, 404, 409 wrong_state, 422."""
    return change(id_, acts.accept, n=n, **words)


@blp.post("/contracts/<id_>/milestones/<int:n>/request-changes")
@blp.arguments(ChangesWords())
@blp.response(200, ContractShape())
def request_changes(words: dict[str, Any], id_: str, n: int) -> Response:
    """Send a delivery back. 403 not_the_client, 404, 409 wrong_state or no_rounds_left."""
    return change(id_, acts.request_changes, n=n, note=words["note"])


@blp.post("/contracts/<id_>/reviews")
@blp.arguments(ReviewWords())
@blp.response(201, ContractShape())
def review(words: dict[str, Any], id_: str) -> Response:
    """Review the other side. 404, 409 not_completed, review_closed or already_reviewed."""
    return change(id_, acts.write_review, status=201, review_id=ids.new("rev"), **words)


@blp.post("/contracts/<id_>/messages")
@blp.arguments(MessageWords())
@blp.response(201, MessageShape())
def write_about_contract(words: dict[str, Any], id_: str) -> Response:
    """Write to the other party. 404."""
    return messages.write(web.store().get(CONTRACTS, id_), words["text"])


@blp.get("/contracts/<id_>/messages")
@blp.arguments(web.PageArgs(), location="query")
@blp.response(200, MessageListShape())
def read_about_contract(words: dict[str, Any], id_: str) -> Response:
    """List the messages of a contract, oldest first. 404."""
    seen(id_)
    return messages.read(id_, web.page(words))


@blp.get("/contracts/<id_>/timeline")
@blp.response(200, web.TimelineShape())
def timeline(id_: str) -> Response:
    """Return what happened, and what will happen by itself if everybody is silent. 404."""
    it = seen(id_).thing
    past = [
        {"at": clock.text(f["time"]), "what": f["type"], "by": _role(it, f["actor"])}
        for f in web.store().timeline(it.id, CONTRACTS.collection)
    ]
    future = futures.dry_run(
        it,
        wake=silence.wake,
        on_wake=silence.resolve,
        next_of=waiting.next_of,
        answered=hearing.answered,
    )
    future += [
        {"at": clock.text(by), "what": "payment.due", "if": LAW}
        for m in it.milestones
        if (by := pay_by(m))
    ]
    return web.answer({"past": past, "future": sorted(future, key=lambda f: f["at"])})


def _role(it: Contract, actor: str) -> str:
    return {it.client_id: "client", it.worker_id: "worker"}.get(actor, "system")


def seen(id_: str) -> Loaded[Contract]:
    """Return a contract to a party, or to an operator who may have to decide about it."""
    loaded = web.store().load(CONTRACTS, id_)
    if not (web.caller().is_ops and loaded.thing.dispute):
        contract.role_of(loaded.thing, web.caller().id)
    return loaded


def change(id_: str, rule: Any, *, status: int = 200, then: Any = None, **words: Any) -> Response:
    """Apply a rule as this caller, `then` what follows from it, and answer the contract."""
    me, now = web.caller().id, web.now()
    done = web.store().change(
        CONTRACTS, id_, rule, once=web.once(status=status), now=now, by=me, **words
    )
    if then:
        then(web.store(), now, **words)
    [said] = seeing.contracts([done.thing])
    return web.answer(said, status, done=done)
