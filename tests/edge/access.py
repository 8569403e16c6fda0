"""Who may do what: a row for each operation of the merged document. A missing row fails the build.

Who is who: `client` and `worker` are the sides of everything that the world holds, `stranger` is a
member who has nothing to do with it, `ops` an operator, `nobody` has no token.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from shared import clock, ids
from tests.edge.world import (
    ANSWERS,
    SERVICES,
    World,
    a_job,
    a_listing,
    a_milestone,
    a_proposal,
    an_offer,
    in_days,
    some_time,
    yen,
)

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


def for_operators(service: str) -> dict[str, tuple[Row]]:
    """What each service answers to operators about what waits in it."""

    def parked(world: World) -> Doc:
        doc = {
            "type": "payout.sent",
            "reason": "",
            "stack": "",
            "tries": 8,
            "at": clock.now(),
            "due": None,
        }
        event = {"subject": ids.new("pay"), "data": "{}"}
        kept = {**doc, "_id": ids.new("evt"), "state": "parked", "event": event}
        world.db(service)["deliveries"].insert_one(kept)
        return {"id": kept["_id"]}

    def own(**more: Any) -> tuple[Row]:
        return (Row(who=None, ok=200, stranger=403, ops=200, **more),)

    return {
        "get_status": own(),
        "list_parked": own(),
        "get_parked": own(path=parked),
        "replay_parked": own(path=parked),
        "drop_parked": own(path=parked, words=lambda _: {"reason": "a test"}),
        "get_story": own(path=lambda _: {"id": ids.new("con")}),
    }


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


def week(state: str) -> Callable[[World], Doc]:
    """The path names the first week of a new contract by the hour."""
    return lambda world: {"id": world.hourly(state), "n": 1}


def line(world: World) -> Doc:
    """A line of a time sheet."""
    contract, time_id = world.line()
    return {"id": contract, "n": 1, "time_id": time_id}


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


OLD, NEW = "their own good password 1", "another good password 2"


def newcomer(world: World) -> Doc:
    """Somebody registers, with a password of their own."""
    world.newly(OLD)
    return {}


def session(world: World) -> Doc:
    """A login of a newcomer."""
    return {"id": world.newly(OLD)["refresh_token"].partition(".")[0]}


def change(world: World) -> Doc:
    """A further milestone that the client has proposed."""
    contract, chg_id = world.change()
    return {"id": contract, "chg_id": chg_id}


def undecided(world: World) -> Doc:
    """A competition that waits for its client's choice."""
    return {"id": world.closed_competition()[0]}


def extension(_world: World) -> Doc:
    """The words of a request for a later deadline."""
    return {"milestone": 1, "deliver_by": in_days(30), "reason": "体調不良のため。"}


def awards(world: World) -> Doc:
    """One winner: the entry that the client can see."""
    entry = world.db("jobs")["entries"].find_one(sort=[("_id", -1)])
    assert entry is not None
    return {"awards": [{"rank": 1, "entry_id": entry["_id"]}]}


def of_task(world: World) -> Doc:
    """A task of which the worker has handed something in."""
    job = world.task()
    world.assignment("submitted", job)
    return {"id": job}


def sanctioned(world: World) -> Doc:
    """A measure against a newcomer."""
    id_, sanction_id = world.sanction()
    return {"id": id_, "sanction_id": sanction_id}


def appealed(world: World) -> Doc:
    """A measure that the newcomer has appealed."""
    named = sanctioned(world)
    path = f"/v1/me/sanctions/{named['sanction_id']}/appeal"
    world.newcomer.did(path, {"text": "誤解です。"})
    return named


def suspended(world: World) -> Doc:
    """The words of somebody who cannot log in any more."""
    said = world.newly(OLD)
    until = in_days(7)
    words = {"level": "suspend", "reason": "外部での支払いを求めました。", "until": until}
    world.operator.did(f"/v1/members/{world.newcomer.id}/sanctions", words)
    return {"email": said["member"]["email"], "password": OLD, "text": "誤解です。"}


def somebody(world: World) -> Doc:
    """A member who has to do with nobody."""
    return {"member_id": world.member("新しい人").id}


def a_newcomer(world: World) -> Doc:
    """Somebody who has just registered."""
    world.newly(OLD)
    return {}


def leaving(world: World) -> Doc:
    """Somebody who is leaving."""
    world.newly(OLD)
    world.newcomer.did("/v1/me/leave", {"current_password": OLD})
    return {}


def an_api_token(world: World) -> Doc:
    """A personal API token of a newcomer."""
    world.newly(OLD)
    made = world.newcomer.did("/v1/me/tokens", {"name": "集計", "scopes": ["read"]})
    return {"id": made["id"], "token": made["token"]}


def with_totp(world: World) -> Doc:
    """A newcomer has taken a secret for a second factor."""
    world.newly(OLD)
    world.newcomer.did("/v1/me/totp", {"current_password": OLD})
    return {}


def unknown_token(_world: World) -> Doc:
    """A code that no letter ever had."""
    return {"token": "x" * 43}


NOTE = words(note="完成しました。")
TEXT = words(text="よろしくお願いします。")
REASON = words(reason="計画が変わりました。")
BY_CLIENT, BY_WORKER = ("client", 403), ("worker", 403)
BOTH_CLIENT, BOTH_WORKER = ("client", 200), ("worker", 200)
OPS_ONLY = Row(who=None, ops=200, stranger=403)
# No letter of this world is read; what a good code does is tested with accounts and notify.
NO_CODE = Row(who=None, path=unknown_token, nobody=404)

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
    "list_sessions": (own(),),
    "end_session": (Row(who="newcomer", path=session, ok=204, other=("worker", 404)),),
    "change_password": (
        Row(
            who="newcomer",
            path=newcomer,
            words=words(current_password=OLD, password=NEW),
            ok=204,
            stranger=403,
            other=BY_WORKER,
        ),
    ),
    "ask_verification": (own(ok=202, ops=404),),
    "begin_totp": (
        Row(
            who="newcomer",
            path=newcomer,
            words=words(current_password=OLD),
            ok=201,
            stranger=403,
        ),
    ),
    # Codes are made by a program that nobody here has; with accounts the good ones are tested.
    "confirm_totp": (
        Row(
            who=None,
            path=with_totp,
            words=words(code="123456"),
            stranger=409,
            other=("newcomer", 403),
        ),
    ),
    "end_totp": (
        Row(
            who=None,
            path=with_totp,
            words=words(current_password=OLD, code="123456"),
            stranger=403,
            other=("newcomer", 409),
        ),
    ),
    "make_token": (own(words=words(name="集計", scopes=["read"]), ok=201),),
    "list_tokens": (own(),),
    "revoke_token": (Row(who="newcomer", path=an_api_token, ok=204, other=("worker", 404)),),
    "exchange_token": (
        public(words=lambda world: {"token": an_api_token(world)["token"]}, ok=201),
    ),
    "impose_sanction": (
        Row(
            who=None,
            path=lambda world: {"id": world.bidder.id},
            words=words(level="warn", reason="外部での支払いを求めました。"),
            stranger=403,
            ops=201,
        ),
    ),
    "see_sanctions": (Row(who=None, path=sanctioned, stranger=403, ops=200),),
    "see_appeals": (OPS_ONLY,),
    "uphold_sanction": (
        Row(who=None, path=appealed, words=REASON, stranger=403, ops=200, other=("newcomer", 403)),
    ),
    "lift_sanction": (
        Row(who=None, path=appealed, words=REASON, stranger=403, ops=200, other=("newcomer", 403)),
    ),
    "see_my_sanctions": (own(ops=404),),
    "appeal_sanction": (Row(who="newcomer", path=sanctioned, words=TEXT, other=("worker", 404)),),
    "appeal_suspension": (public(words=suspended),),
    "make_report": (own(words=words(about=ids.new("job"), reason="spam"), ok=201),),
    "list_reports": (own(),),
    "list_cases": (OPS_ONLY,),
    "see_case": (
        Row(who="worker", path=of("case"), ops=200, other=("client", 404)),
        # Whom it is about does not learn that it was reported.
        Row(who=None, path=of("report"), ops=200, other=("client", 404)),
    ),
    "decide_case": (
        Row(
            who=None,
            path=of("case"),
            words=words(outcome="release", reason="問題ありません。"),
            ops=200,
            other=BY_WORKER,
        ),
        Row(
            who=None,
            path=of("report"),
            words=words(outcome="dismiss", reason="問題ありません。"),
            ops=200,
            other=("client", 404),
        ),
    ),
    "appeal_case": (
        Row(
            who="worker",
            path=of("case", "removed"),
            words=REASON,
            ops=403,
            other=("client", 404),
        ),
    ),
    "decide_case_appeal": (
        Row(
            who=None,
            path=of("case", "appealed"),
            words=words(outcome="restored", reason="誤解でした。"),
            ops=200,
            other=BY_WORKER,
        ),
    ),
    "verify": (NO_CODE,),
    "ask_reset": (public(words=words(email="nobody@example.com"), ok=202),),
    "reset": (replace(NO_CODE, words=words(password=NEW)),),
    # jobs
    "list_categories": (public(),),
    "list_jobs": (public(),),
    "draft_job": (own(words=lambda _: a_job(), ok=201),),
    "get_jobs_report": (OPS_ONLY,),
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
    "get_proposal": (
        Row(who="worker", path=of("proposal"), other=("client", 200)),
        # What is held its author sees alone.
        Row(who="worker", path=of("held_proposal"), other=("client", 404)),
    ),
    "get_proposal_timeline": (
        Row(who="worker", path=of("proposal"), other=("client", 200)),
        Row(who="worker", path=of("held_proposal"), other=("client", 404)),
    ),
    "shortlist_proposal": (Row(who="client", path=of("proposal"), other=BY_WORKER),),
    "withdraw_proposal": (Row(who="worker", path=of("proposal"), other=BY_CLIENT),),
    "decline_proposal": (Row(who="client", path=of("proposal"), other=BY_WORKER),),
    "select_proposal": (
        Row(who="client", path=of("proposal"), words=words(), ok=202, other=BY_WORKER),
        Row(who=None, path=of("held_proposal"), words=words(), other=("client", 404)),
    ),
    # storefront
    "list_listings": (public(),),
    "draft_listing": (own(words=lambda _: a_listing(), ok=201),),
    "get_listing": (
        Row(who="worker", path=of("listing", "draft"), nobody=404, other=("client", 404)),
        public(path=of("listing")),
    ),
    "edit_listing": (
        Row(
            who="worker",
            path=of("listing", "draft"),
            words=words(title="新しい題"),
            other=("client", 404),
        ),
        Row(
            who="worker",
            path=of("listing"),
            words=words(title="新しい題"),
            stranger=403,
            ops=403,
            other=BY_CLIENT,
        ),
    ),
    "publish_listing": (Row(who="worker", path=of("listing", "draft"), other=("client", 404)),),
    "pause_listing": (
        Row(who="worker", path=of("listing"), stranger=403, ops=403, other=BY_CLIENT),
    ),
    "withdraw_listing": (
        Row(who="worker", path=of("listing"), stranger=403, ops=403, other=BY_CLIENT),
    ),
    "order_from_listing": (
        Row(
            who="client",
            path=of("listing"),
            words=words(package="フル", requirements="パン屋です。"),
            ok=202,
            stranger=202,
            ops=202,
            other=BY_WORKER,
        ),
        Row(
            who=None,
            path=of("listing", "draft"),
            words=words(package="フル", requirements="パン屋です。"),
            other=("client", 404),
        ),
    ),
    "list_exports": (own(),),
    "leave": (
        Row(
            who="newcomer",
            path=a_newcomer,
            words=words(current_password=OLD),
            ok=202,
            stranger=403,
            ops=404,
        ),
    ),
    "stay": (Row(who="newcomer", path=leaving, stranger=409, ops=404),),
    **{f"export_{service}": (own(),) for service in SERVICES},
    "block_member": (own(path=somebody),),
    "unblock_member": (own(path=somebody, ok=204),),
    "list_blocks": (own(),),
    "put_bookmark": (own(path=of("job")),),
    "delete_bookmark": (own(path=of("job")),),
    "list_bookmarks": (own(),),
    "list_searches": (own(),),
    "save_search": (own(words=words(name="ロゴ", query={"q": "ロゴ"}, alert="daily"), ok=201),),
    "get_search": (Row(who="worker", path=of("search"), other=("client", 404)),),
    "edit_search": (
        Row(who="worker", path=of("search"), words=words(alert="none"), other=("client", 404)),
    ),
    "delete_search": (Row(who="worker", path=of("search"), ok=204, other=("client", 404)),),
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
    "enter": (
        Row(
            who="worker",
            path=of("competition"),
            words=words(title="ロゴ案", description="湯気をかたどりました。"),
            ok=201,
            stranger=201,
            ops=201,
            other=BY_CLIENT,
        ),
    ),
    "list_entries_of_job": (public(path=of("competition")),),
    "get_entry": (
        public(path=of("entry")),
        Row(who="worker", path=of("entry", "sealed"), nobody=404, other=BOTH_CLIENT),
    ),
    "withdraw_entry": (
        Row(who="worker", path=of("entry"), stranger=403, ops=403, other=BY_CLIENT),
        Row(who="worker", path=of("entry", "sealed"), other=BY_CLIENT),
    ),
    "favour_entry": (
        Row(
            who="client",
            path=of("entry"),
            words=words(favourite=True),
            stranger=403,
            ops=403,
            other=BY_WORKER,
        ),
        Row(
            who="client",
            path=of("entry", "sealed"),
            words=words(favourite=True),
            other=BY_WORKER,
        ),
    ),
    "award": (
        Row(who="client", path=undecided, words=awards, stranger=403, ops=403, other=BY_WORKER),
    ),
    "extend_selection": (
        Row(who="client", path=undecided, stranger=403, ops=403, other=BY_WORKER),
    ),
    "claim_slot": (
        Row(who="worker", path=of("task"), ok=201, stranger=201, ops=201, other=BY_CLIENT),
    ),
    # Of somebody's task everybody sees their own.
    "list_assignments": (
        Row(who="worker", path=of_task, stranger=200, ops=200, other=BOTH_CLIENT),
    ),
    "get_assignment": (Row(who="worker", path=of("assignment", "reserved"), other=BOTH_CLIENT),),
    "keep_draft": (
        Row(
            who="worker",
            path=of("assignment", "reserved"),
            words=words(answers=ANSWERS),
            other=BY_CLIENT,
        ),
    ),
    "submit_assignment": (
        Row(
            who="worker",
            path=of("assignment", "reserved"),
            words=words(answers=ANSWERS),
            other=BY_CLIENT,
        ),
    ),
    "return_assignment": (Row(who="worker", path=of("assignment", "reserved"), other=BY_CLIENT),),
    "approve_assignment": (Row(who="client", path=of("assignment", "submitted"), other=BY_WORKER),),
    "reject_assignment": (
        Row(
            who="client",
            path=of("assignment", "submitted"),
            words=words(criterion_id="complete", note="住所がありません。"),
            other=BY_WORKER,
        ),
    ),
    "appeal_rejection": (
        Row(who="worker", path=of("assignment", "rejected"), words=NOTE, other=BY_CLIENT),
    ),
    "approve_many": (
        Row(
            who="client",
            path=of_task,
            words=words(assignment_ids="all"),
            ok=202,
            stranger=403,
            ops=403,
            other=BY_WORKER,
        ),
    ),
    "get_results": (Row(who="client", path=of_task, stranger=403, ops=403, other=BY_WORKER),),
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
    "rehire_worker": (
        Row(who="client", path=of("contract", "completed"), words=words(), ok=201, other=BY_WORKER),
    ),
    "list_weeks": (Row(who="client", path=of("hourly", "funded"), other=BOTH_WORKER),),
    "get_week": (Row(who="client", path=week("noted"), other=BOTH_WORKER),),
    "note_time": (
        Row(
            who="worker",
            path=week("funded"),
            words=lambda _: some_time(),
            ok=201,
            other=BY_CLIENT,
        ),
    ),
    "remove_time": (Row(who="worker", path=line, other=BY_CLIENT),),
    "submit_sheet": (Row(who="worker", path=week("noted"), other=BY_CLIENT),),
    "recall_sheet": (Row(who="worker", path=week("submitted"), other=BY_CLIENT),),
    "approve_sheet": (Row(who="client", path=week("submitted"), other=BY_WORKER),),
    "return_sheet": (Row(who="client", path=week("submitted"), words=NOTE, other=BY_WORKER),),
    "propose_rate": tuple(
        Row(
            who=who,
            path=of("hourly", "funded"),
            words=words(rate=yen(3_500), reason="範囲が広がりました。"),
            ok=201,
        )
        for who in ("client", "worker")
    ),
    "end_contract": tuple(
        Row(who=who, path=of("hourly", "funded"), words=REASON) for who in ("client", "worker")
    ),
    "confirm": (Row(who="client", path=of("contract", "funded"), other=BOTH_WORKER),),
    "get_contract": (
        Row(who="client", path=of("contract", "funded"), other=BOTH_WORKER),
        # Who may have to decide may look.
        Row(who="client", path=of("dispute"), other=BOTH_WORKER, ops=200),
    ),
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
    "ask_extension": (
        Row(
            who="worker",
            path=of("contract", "funded"),
            words=extension,
            ok=201,
            other=BY_CLIENT,
        ),
    ),
    "grant_extension": (Row(who="client", path=of("extension"), other=BY_WORKER),),
    "refuse_extension": (Row(who="client", path=of("extension"), other=BY_WORKER),),
    "propose_milestone": (
        Row(
            who="client",
            path=of("contract", "funded"),
            words=lambda _: a_milestone(),
            ok=201,
            other=("worker", 201),
        ),
    ),
    "propose_change": tuple(
        Row(
            who=who,
            path=milestone("formed"),
            words=words(amount=yen(80_000), reason="ページが増えました。"),
            ok=201,
        )
        for who in ("client", "worker")
    ),
    "agree_to_change": (Row(who="worker", path=change, other=BY_CLIENT),),
    "refuse_change": (Row(who="worker", path=change, other=BY_CLIENT),),
    "request_cancellation": tuple(
        Row(who=who, path=of("contract", "funded"), words=REASON, ok=201)
        for who in ("client", "worker")
    ),
    "agree_to_cancellation": (Row(who="worker", path=of("cancellation"), other=BY_CLIENT),),
    "refuse_cancellation": (Row(who="worker", path=of("cancellation"), other=BY_CLIENT),),
    "open_dispute": tuple(
        Row(
            who=who,
            path=of("contract", "delivered"),
            words=words(claim=yen(10_000), reason="late", note="三日遅れました。"),
            ok=201,
        )
        for who in ("client", "worker")
    ),
    "propose_settlement": (
        Row(
            who="client",
            path=of("dispute"),
            words=words(worker_gets=yen(50_000), note="これでお願いします。"),
            other=BOTH_WORKER,
        ),
    ),
    "give_evidence": (
        Row(who="client", path=of("dispute"), words=NOTE, ok=201, other=("worker", 201)),
    ),
    "accept_settlement": (
        Row(
            who="worker",
            path=of("proposed_settlement"),
            words=words(),
            other=("client", 409),
        ),
    ),
    "decide_dispute": (
        Row(
            who=None,
            path=of("dispute"),
            words=words(worker_gets=yen(50_000), reason="納品物の八割が完成しています。"),
            ops=200,
            other=BY_CLIENT,
        ),
        Row(
            who=None,
            path=of("dispute"),
            words=words(worker_gets=yen(50_000), reason="納品物の八割が完成しています。"),
            ops=200,
            other=BY_WORKER,
        ),
    ),
    "list_disputes": (OPS_ONLY,),
    "list_overdue": (OPS_ONLY,),
    "list_decisions": (OPS_ONLY,),
    "statistics": (public(),),
    "get_terms": (Row(who="client", path=of("contract", "formed"), other=BOTH_WORKER),),
    "get_log": (Row(who="client", path=of("contract", "formed"), other=BOTH_WORKER),),
    "get_bundle": (Row(who="client", path=of("dispute"), other=BOTH_WORKER, ops=200),),
    "timeline": (Row(who="client", path=of("contract", "funded"), other=("worker", 200)),),
    # escrow
    "get_quote": (public(query="?amount=1000"),),
    "list_holds": (own(),),
    "get_hold": (Row(who="client", path=of("hold"), other=("worker", 200), ops=200),),
    "fund_hold": (
        Row(who="client", path=of("hold"), words=words(method="card"), other=BY_WORKER, ops=403),
    ),
    # The default profile offers none: who might is told so, who might not learns no more.
    "withhold_tax": (
        Row(who=None, path=of("hold"), words=words(applies=True), ops=403, other=("client", 409)),
        Row(who=None, path=of("hold"), words=words(applies=True), ops=403, other=BY_WORKER),
    ),
    "list_deposits": (OPS_ONLY,),
    "match_deposit": (
        Row(
            who=None,
            path=lambda _: {"id": ids.new("dep")},
            words=lambda world: {"member_id": world.worker.id},
            stranger=403,
        ),
    ),
    "list_chargebacks": (OPS_ONLY,),
    "write_off": (Row(who=None, path=lambda _: {"id": ids.new("cbk")}, stranger=403),),
    "get_wallet": (own(),),
    "get_month": (own(path=lambda _: {"month": f"{clock.now():%Y-%m}"}),),
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
    "get_paid_report": (OPS_ONLY,),
    "get_proof": (
        public(),
        Row(who=None, query="?format=ndjson", stranger=403, ops=200),
    ),
    "get_destination": (own(),),
    "open_destination": (own(words=words()),),
    # This deployment has no Stripe: whoever comes is told so before anything else.
    "hear_stripe": (Row(who=None, words=words(), nobody=404, stranger=404, ops=404),),
    # Signed, not authorised: without a signature nobody is heard.
    "hear_provider": (
        Row(who=None, path=lambda _: {"provider": "sandbox"}, words=words(), stranger=401, ops=401),
    ),
    # notify
    "report_bounce": (Row(who=None, stranger=401, ops=401),),
    "ask_to_unsubscribe": (NO_CODE,),
    "unsubscribe": (NO_CODE,),
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
    **{
        f"{name}_of_{service}": row
        for service in SERVICES
        for name, row in for_operators(service).items()
    },
}
