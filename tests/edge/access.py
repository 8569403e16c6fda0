"""Who may do what: a row for each operation of the merged document. A missing row fails the build.

Who is who: `client` and `worker` are the sides of everything that the world holds, `stranger` is a
member who has nothing to do with it, `ops` an operator, `nobody` has no token.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared import ids
from tests.edge.world import World, a_job, a_proposal, an_offer, yen

Doc = dict[str, Any]


def nothing(_world: World) -> Doc:
    """The path names nothing."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What an operation answers to whom; `path` makes the thing that it is about.

    `who` is the one who succeeds with `ok`, None when nobody here can; `other` and its status are
    the other side of the thing.
    """

    who: str | None
    ok: int = 200
    nobody: int = 401
    stranger: int = 404
    ops: int = 404
    other: tuple[str, int] | None = None
    path: Callable[[World], Doc] = nothing
    words: Callable[[World], Doc] | None = None
    query: str = ""


def public(**more: Any) -> Row:
    """Everybody may, without a token too."""
    ok = more.get("ok", 200)
    return Row(who="nobody", nobody=ok, stranger=ok, ops=ok, **more)


def own(**more: Any) -> Row:
    """Every member may, and meets only what is their own."""
    ok = more.get("ok", 200)
    who = more.pop("who", "worker")
    return Row(who=who, stranger=ok, ops=more.pop("ops", ok), **more)


def of(thing: str, *more: Any) -> Callable[[World], Doc]:
    """The path names a new thing of the world."""
    return lambda world: {"id": getattr(world, thing)(*more)}


def milestone(state: str) -> Callable[[World], Doc]:
    """The path names the first milestone of a new contract."""
    return lambda world: {"id": world.contract(state), "n": 1}


def words(**said: Any) -> Callable[[World], Doc]:
    """These words, always."""
    return lambda _world: said


def a_member(_world: World) -> Doc:
    """Somebody new."""
    return {
        "email": f"{ids.new('mem')}@example.com",
        "password": "correct horse battery staple",
        "display_name": "新しい人",
        "locale": "ja",
        "kind": "individual",
    }


def credentials(world: World) -> Doc:
    """Address and password of a new member."""
    said = a_member(world)
    world.nobody.did("/v1/members", said)
    return {"email": said["email"], "password": said["password"]}


def a_refresh_token(world: World) -> Doc:
    """A fresh token for one refresh."""
    session = world.nobody.did("/v1/sessions", credentials(world))
    return {"refresh_token": session["refresh_token"]}


def an_opponent(world: World) -> Doc:
    """A direct offer to the bidder, who is no caller of this table."""
    return an_offer(world.bidder.id)


def delivery(world: World) -> Doc:
    """A delivery to a webhook of the worker."""
    webhook, id_ = world.delivery()
    return {"id": webhook, "delivery_id": id_}


def proposed(world: World) -> Doc:
    """A job for which the worker has proposed."""
    job = world.job()
    world.proposal(job)
    return {"id": job}


def paid(world: World) -> Doc:
    """The worker has earned something."""
    world.contract("completed")
    return {}


NOTE = words(note="完成しました。")
TEXT = words(text="よろしくお願いします。")
BY_CLIENT, BY_WORKER = ("client", 403), ("worker", 403)

ACCESS: dict[str, tuple[Row, ...]] = {
    # accounts
    "register": (public(words=a_member, ok=201),),
    "find_people": (public(),),
    "see_member": (public(path=lambda world: {"id": world.worker.id}),),
    "see_me": (own(ops=404),),
    "change_me": (own(words=words(bio="こんにちは。"), ops=404),),
    "log_in": (public(words=credentials, ok=201),),
    "refresh": (public(words=a_refresh_token),),
    "log_out": (own(ok=204),),
    "public_keys": (public(),),
    # jobs
    "list_categories": (public(),),
    "list_jobs": (public(),),
    "draft_job": (own(words=lambda _: a_job(), ok=201),),
    "get_job": (
        Row(who="client", path=of("draft"), nobody=404, other=("worker", 404)),
        public(path=of("job")),
    ),
    "edit_job": (
        Row(who="client", path=of("draft"), words=words(title="新しい題"), other=("worker", 404)),
        Row(
            who="client",
            path=of("job"),
            words=words(openings=5),
            stranger=403,
            ops=403,
            other=BY_WORKER,
        ),
    ),
    "publish_job": (Row(who="client", path=of("draft"), other=("worker", 404)),),
    "close_job": (Row(who="client", path=proposed, stranger=403, ops=403, other=BY_WORKER),),
    "cancel_job": (Row(who="client", path=proposed, stranger=403, ops=403, other=BY_WORKER),),
    "get_job_timeline": (
        Row(who="client", path=of("draft"), nobody=404, other=("worker", 404)),
        public(path=of("job")),
    ),
    "propose": (
        # A member without a history is not a stranger to an open job.
        Row(
            who="worker",
            path=of("job"),
            words=lambda _: a_proposal(),
            ok=201,
            stranger=201,
            ops=201,
            other=BY_CLIENT,
        ),
        Row(
            who=None,
            path=of("draft"),
            words=lambda _: a_proposal(),
            other=("worker", 404),
        ),
    ),
    "list_proposals": (Row(who="worker", path=proposed, other=("client", 200)),),
    "list_own_proposals": (own(),),
    "get_proposal": (Row(who="worker", path=of("proposal"), other=("client", 200)),),
    "get_proposal_timeline": (Row(who="worker", path=of("proposal"), other=("client", 200)),),
    "shortlist_proposal": (Row(who="client", path=of("proposal"), other=BY_WORKER),),
    "withdraw_proposal": (Row(who="worker", path=of("proposal"), other=BY_CLIENT),),
    "decline_proposal": (Row(who="client", path=of("proposal"), other=BY_WORKER),),
    "select_proposal": (
        Row(who="client", path=of("proposal"), words=words(), ok=202, other=BY_WORKER),
    ),
    "list_questions": (
        public(path=of("job")),
        Row(who="client", path=of("draft"), nobody=404, other=("worker", 404)),
    ),
    "ask": (
        Row(
            who="worker",
            path=of("job"),
            words=TEXT,
            ok=201,
            stranger=201,
            ops=201,
            other=BY_CLIENT,
        ),
    ),
    "get_question": (public(path=of("question")),),
    "answer_question": (
        Row(
            who="client",
            path=of("question"),
            words=TEXT,
            stranger=403,
            ops=403,
            other=BY_WORKER,
        ),
    ),
    # contracts
    "send_offer": (own(words=an_opponent, ok=201),),
    "list_offers": (own(),),
    "get_offer": (Row(who="client", path=of("offer"), other=("worker", 200)),),
    "accept_offer": (Row(who="worker", path=of("offer"), ok=201, other=BY_CLIENT),),
    "counter_offer": (
        Row(who="worker", path=of("offer"), words=words(amount=yen(80_000)), other=BY_CLIENT),
    ),
    "decline_offer": (Row(who="worker", path=of("offer"), other=BY_CLIENT),),
    "withdraw_offer": (Row(who="client", path=of("offer"), other=BY_WORKER),),
    "read_about_offer": (Row(who="client", path=of("offer"), other=("worker", 200)),),
    "write_about_offer": (
        Row(who="client", path=of("offer"), words=TEXT, ok=201, other=("worker", 201)),
    ),
    "list_contracts": (own(),),
    "get_contract": (Row(who="client", path=of("contract", "funded"), other=("worker", 200)),),
    "deliver": (Row(who="worker", path=milestone("funded"), words=NOTE, other=BY_CLIENT),),
    "recall": (Row(who="worker", path=milestone("delivered"), other=BY_CLIENT),),
    "accept": (Row(who="client", path=milestone("delivered"), words=words(), other=BY_WORKER),),
    "request_changes": (
        Row(who="client", path=milestone("delivered"), words=NOTE, other=BY_WORKER),
    ),
    "review": (
        Row(
            who="client",
            path=of("contract", "completed"),
            words=words(satisfied=True, comment="丁寧でした。"),
            ok=201,
            other=("worker", 201),
        ),
    ),
    "read_about_contract": (
        Row(who="client", path=of("contract", "formed"), other=("worker", 200)),
    ),
    "write_about_contract": (
        Row(
            who="client",
            path=of("contract", "formed"),
            words=TEXT,
            ok=201,
            other=("worker", 201),
        ),
    ),
    "timeline": (Row(who="client", path=of("contract", "funded"), other=("worker", 200)),),
    # escrow
    "get_quote": (public(query="?amount=1000"),),
    "list_holds": (own(),),
    "get_hold": (Row(who="client", path=of("hold"), other=("worker", 200), ops=200),),
    "fund_hold": (
        Row(who="client", path=of("hold"), words=words(method="card"), other=BY_WORKER, ops=403),
    ),
    "get_wallet": (own(),),
    "list_entries": (own(), own(query="?format=csv")),
    "list_payouts": (own(),),
    "request_payout": (
        Row(
            who="worker",
            path=paid,
            words=words(amount=yen(1000)),
            ok=201,
            # They have nothing in their wallets.
            stranger=409,
            ops=409,
        ),
    ),
    "get_payout": (Row(who="worker", path=of("payout"), other=("client", 404), ops=200),),
    "get_proof": (
        public(),
        Row(who=None, query="?format=ndjson", stranger=403, ops=200),
    ),
    # Signed, not authorised: without a signature nobody is heard.
    "hear_provider": (
        Row(who=None, path=lambda _: {"provider": "sandbox"}, words=words(), stranger=401, ops=401),
    ),
    # notify
    "list_notifications": (own(),),
    "read_notification": (Row(who="worker", path=of("notice"), other=("client", 404)),),
    "list_todo": (own(),),
    "get_preferences": (own(),),
    "put_preferences": (own(words=words(types=[])),),
    "list_events": (own(),),
    "stream_events": (own(),),
    "list_webhooks": (own(),),
    "register_webhook": (own(words=words(url="https://93.184.216.34/hear"), ok=201),),
    "get_webhook": (Row(who="worker", path=of("webhook"), other=("client", 404)),),
    "delete_webhook": (Row(who="worker", path=of("webhook"), ok=204, other=("client", 404)),),
    "rotate_webhook": (Row(who="worker", path=of("webhook"), other=("client", 404)),),
    "enable_webhook": (Row(who=None, path=of("webhook"), other=("client", 404)),),
    "list_deliveries": (Row(who="worker", path=of("webhook"), other=("client", 404)),),
    "redeliver": (Row(who="worker", path=delivery, ok=202, other=("client", 404)),),
}
