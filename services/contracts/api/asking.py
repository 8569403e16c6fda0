"""Asking the other side: extensions, further or changed milestones, cancellation."""

from typing import Any

from flask import Response

from services.contracts import queries
from services.contracts.api.contracts import change
from services.contracts.domain import asking, cancelling
from services.contracts.records import CONTRACTS
from services.contracts.saying import say_ask
from services.contracts.schemas import CancellationWords, ChangeWords, ExtensionWords, FurtherWords
from services.contracts.shapes import AskShape, ContractShape
from shared import ids, web

blp = web.blueprint("asking", __name__)


@blp.post("/contracts/<id_>/extensions")
@blp.arguments(ExtensionWords())
@blp.response(201, AskShape())
def ask_extension(words: dict[str, Any], id_: str) -> Response:
    """Ask for a later deadline; the client's silence withdraws it.

    403 not_the_worker, 404, 409 wrong_state or already_asked, 422 not_later.
    """
    words["n"] = words.pop("milestone")
    return ask(id_, "ext", asking.ask_extension, "/v1/extensions", **words)


@blp.post("/extensions/<ext_id>/grant")
@blp.response(200, AskShape())
def grant_extension(ext_id: str) -> Response:
    """Grant an extension: the deadline is the later one now. 403, 404, 409 wrong_state."""
    return _answer_extension(ext_id, "agree")


@blp.post("/extensions/<ext_id>/refuse")
@blp.response(200, AskShape())
def refuse_extension(ext_id: str) -> Response:
    """Refuse an extension: the deadline stays. 403, 404, 409 wrong_state."""
    return _answer_extension(ext_id, "refuse")


@blp.post("/contracts/<id_>/milestones")
@blp.arguments(FurtherWords())
@blp.response(201, AskShape())
def propose_milestone(words: dict[str, Any], id_: str) -> Response:
    """Propose a further milestone; it is there, to be funded, when the other side agrees.

    404, 409 wrong_state, too_many_milestones or too_many_waiting, 422 currency_mismatch.
    """
    return ask(id_, "chg", asking.propose, f"/v1/contracts/{id_}/changes", **words)


@blp.post("/contracts/<id_>/milestones/<int:n>/change")
@blp.arguments(ChangeWords())
@blp.response(201, AskShape())
def propose_change(words: dict[str, Any], id_: str, n: int) -> Response:
    """Propose to change a milestone; nothing changes before the other side agrees.

    404, 409 wrong_state, funded_already or already_asked, 422 nothing_changed, fault_required.
    """
    return ask(id_, "chg", asking.propose, f"/v1/contracts/{id_}/changes", n=n, **words)


@blp.post("/contracts/<id_>/changes/<chg_id>/agree")
@blp.response(200, AskShape())
def agree_to_change(id_: str, chg_id: str) -> Response:
    """Agree to a further milestone or a change. 403, 404, 409 wrong_state or funded_already."""
    return _answer(id_, chg_id, "agree")


@blp.post("/contracts/<id_>/changes/<chg_id>/refuse")
@blp.response(200, AskShape())
def refuse_change(id_: str, chg_id: str) -> Response:
    """Leave the milestones as they are. 403, 404, 409 wrong_state."""
    return _answer(id_, chg_id, "refuse")


@blp.post("/contracts/<id_>/cancellation")
@blp.arguments(CancellationWords())
@blp.response(201, ContractShape())
def request_cancellation(words: dict[str, Any], id_: str) -> Response:
    """Ask to end the contract; with `pay` for the worker, if there is something to pay for.

    A client may end it alone seven days after the notice that a delivery is overdue: then it is
    cancelled in the answer. 404, 409 wrong_state or already_asked, 422 above_amount.
    """
    return change(id_, cancelling.request, status=201, **words)


@blp.post("/contracts/<id_>/cancellation/agree")
@blp.response(200, ContractShape())
def agree_to_cancellation(id_: str) -> Response:
    """Agree: the contract is cancelled. 403, 404, 409 nothing_asked or wrong_state."""
    return change(id_, cancelling.agree)


@blp.post("/contracts/<id_>/cancellation/refuse")
@blp.response(200, ContractShape())
def refuse_cancellation(id_: str) -> Response:
    """Go on with the contract. 403, 404, 409 nothing_asked or wrong_state."""
    return change(id_, cancelling.refuse)


def ask(id_: str, prefix: str, rule: Any, at: str, **words: Any) -> Response:
    """Ask the other side for something, and answer what was asked."""
    me, ask_id = web.caller().id, ids.new(prefix)
    once = web.once(status=201, location=f"{at}/{ask_id}", id=ask_id)
    done = web.store().change(
        CONTRACTS, id_, rule, once=once, now=web.now(), by=me, ask_id=ask_id, **words
    )
    asked = asking.find(done.thing, done.answer.get("id", ask_id))
    said = say_ask(done.thing, asked, me)
    return web.answer(said, 201, done=done, location=f"{at}/{asked.id}")


def _answer_extension(ext_id: str, move: str) -> Response:
    return _answer(queries.contract_of_ask(web.store().db, ext_id), ext_id, move)


def _answer(id_: str, ask_id: str, move: str) -> Response:
    me, once = web.caller().id, web.once(status=200)
    done = web.store().change(
        CONTRACTS, id_, asking.answer, once=once, now=web.now(), by=me, ask_id=ask_id, move=move
    )
    return web.answer(say_ask(done.thing, asking.find(done.thing, ask_id), me), done=done)
