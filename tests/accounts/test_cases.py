"""Reports, the operators' queue, decisions and appeals, by HTTP and by what is heard."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result
from flask import Flask

from services.accounts import __main__ as commands
from services.accounts import queries
from services.accounts.case_records import CASES
from services.accounts.domain import case as rules
from services.accounts.domain.case import OPEN_MAX, Ordered
from services.accounts.domain.member import make_operator
from services.accounts.personal import WIPES
from services.accounts.records import KINDS, MEMBERS, SHELVES
from shared import clock, ids, personal, settings, sweep
from shared.paging import Page
from shared.store import Db, Store, ensure_indexes
from tests.accounts import cases as said
from tests.accounts.asking import hear, refused, words
from tests.accounts.builders import NOW, a_member, an_event
from tests.accounts.cases import a_case, a_held_case, a_report, held, released, reported
from tests.callers import Caller, Signer, a_caller
from tests.racers import at_once
from tests.spying import scans, spied


@pytest.fixture
def ops(app: Flask, signer: Signer) -> Caller:
    return a_caller(app, signer, "ops")


@pytest.fixture
def author(app: Flask, signer: Signer) -> Caller:
    return a_caller(app, signer)


@pytest.fixture
def store(app: Flask) -> Store:
    found: Store = app.extensions["ukeoi_store"]
    return found


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, mongo_url: str, db: Db, signer: Signer) -> Iterator[Run]:
    """Run a command of accounts on this database."""
    monkeypatch.setattr(settings, "read", lambda: signer.settings(mongo_url, db.name))
    yield lambda *args: CliRunner().invoke(commands.main, list(args))
    structlog.contextvars.clear_contextvars()


def report(who: Caller, about: str, **change: Any) -> Any:
    key = change.pop("key", None)
    return who.post("/v1/reports", {"about": about, "reason": "spam", **change}, key=key)


def decide(ops: Caller, case_id: str, outcome: str, **more: Any) -> Any:
    body = {"outcome": outcome, "reason": "規約に反します。", **more}
    return ops.post(f"/v1/cases/{case_id}/decide", body, key=ids.new("key"))


def only_case(ops: Caller) -> dict[str, Any]:
    [case] = words(ops.get("/v1/cases"))["items"]
    return case  # type: ignore[no-any-return]


def a_removed(db: Db, ops: Caller, author: Caller) -> str:
    """A message of the author that was held and that an operator has removed."""
    hear(db, held(author.id))
    case_id = str(only_case(ops)["id"])
    assert words(decide(ops, case_id, "remove"))["state"] == "decided"
    return case_id


def facts(db: Db, type_: str) -> list[dict[str, Any]]:
    return [
        entry["data"]
        for doc in db["cases"].find().sort("_id", 1)
        for entry in doc["outbox"]
        if entry["type"] == type_
    ]


# reports


def test_many_reports_of_one_thing_are_one_case_and_each_reporter_sees_their_own(
    app: Flask, signer: Signer, me: Caller, ops: Caller, db: Db
) -> None:
    job, another = ids.new("job"), a_caller(app, signer)
    made = report(me, job, reason="fraud", words="前払いを求められました。")
    assert (made.status_code, made.headers["Location"]) == (201, "/v1/reports")
    assert words(made)["outcome"] is None
    assert report(another, job).status_code == 201
    case = only_case(ops)
    assert (case["about"], case["reports"], case["reasons"]) == (job, 2, ["fraud", "spam"])
    [mine] = words(me.get("/v1/reports"))["items"]
    assert mine == words(made)
    assert set(facts(db, "report.made")[0]) == {"case_id", "about_id", "about_kind"}

    hear(db, reported(case["id"], job, said.AUTHOR))
    assert decide(ops, case["id"], "remove").status_code == 200

    [mine] = words(me.get("/v1/reports"))["items"]
    assert (mine["state"], mine["outcome"]) == ("answered", "acted")
    told = facts(db, "report.answered")
    assert {one["reporter_id"] for one in told} == {me.id, another.id}
    assert words(a_caller(app, signer).get("/v1/reports"))["items"] == []


def test_the_same_request_reports_once(me: Caller, ops: Caller, db: Db) -> None:
    about = ids.new("lst")
    first, second = (report(me, about, key="k") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert words(first) == words(second)
    refused(report(me, about, key="k", reason="fraud"), 422, "idempotency_key_reused")
    refused(report(me, about), 409, "already_reported")
    assert only_case(ops)["reports"] == 1


def test_racing_reporters_share_one_case(app: Flask, signer: Signer, ops: Caller) -> None:
    about = ids.new("pro")
    answers = at_once(8, lambda _: report(a_caller(app, signer), about).status_code)
    assert answers == [201] * 8
    assert only_case(ops)["reports"] == 8


def test_a_member_has_twenty_open_reports_at_most(me: Caller, store: Store, db: Db) -> None:
    for _ in range(OPEN_MAX):
        store.create(CASES, a_case(reports=(a_report(me.id),)), [], now=NOW)
    about = ids.new("job")
    refused(report(me, about), 409, "too_many_open_reports")
    [first, *_] = db["cases"].find()
    store.change(CASES, first["_id"], rules.dismissed, now=NOW)
    assert report(me, about).status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"about": ids.new("con")},
        {"about": ids.new("asg")},
        {"about": "job_1"},
        {"about": ""},
        {"about": ["job_1"]},
        {"reason": "ugly"},
        {"reason": None},
        {"words": "x" * 1001},
        {"words": ""},
        {"reporter_id": "mem_x"},
        {"state": "closed"},
    ],
    ids=repr,
)
def test_a_wrong_report_is_422(me: Caller, db: Db, change: dict[str, Any]) -> None:
    refused(report(me, **{"about": ids.new("job"), **change}), 422, "invalid_words")
    assert db["cases"].find_one() is None


def test_nobody_reports_themselves_nor_who_is_not_there(me: Caller, store: Store) -> None:
    refused(report(me, me.id), 409, "own_thing")
    refused(report(me, ids.new("mem")), 404, "no_such_member")
    gone = a_member(state="erased")
    store.create(MEMBERS, gone, [], now=NOW)
    refused(report(me, gone.id), 404, "no_such_member")
    assert store.db["cases"].find_one() is None


# the queue


def test_operators_see_what_is_due_first_first_and_all_of_a_case(
    store: Store, me: Caller, ops: Caller
) -> None:
    author = a_member(display_name="花子")
    store.create(MEMBERS, author, [], now=NOW)
    later = a_case(author_id=author.id, opened_at=NOW, reports=(a_report(me.id),))
    soon = a_held_case(author_id=author.id)
    over = a_case("closed", author_id=author.id)
    removed = a_case("decided", author_id=author.id)
    for case in (over, later, removed, soon):
        store.create(CASES, case, [], now=NOW)

    def listed(query: str = "") -> list[str]:
        return [one["id"] for one in words(ops.get(f"/v1/cases{query}"))["items"]]

    assert listed() == [soon.id, later.id]
    assert listed("?state=closed") == [over.id]
    assert listed("?state=decided") == [removed.id]
    assert listed("?kind=job") == []
    assert listed(f"?author={author.id}&state=open&kind=message") == [soon.id, later.id]
    first = words(ops.get("/v1/cases?limit=1"))
    assert [one["id"] for one in first["items"]] == [soon.id]
    assert listed(f"?limit=1&cursor={first['next_cursor']}") == [later.id]

    seen = words(ops.get(f"/v1/cases/{later.id}"))
    assert seen["author"] == {"id": author.id, "display_name": "花子"}
    assert [one["reporter"]["id"] for one in seen["reports"]] == [me.id]
    assert {one["id"] for one in seen["earlier"]} == {soon.id, over.id, removed.id}
    assert seen["next"]["by"] == clock.text(NOW + timedelta(days=14))
    assert [a["name"] for a in seen["actions"] if a["allowed"]] == ["remove", "dismiss"]


def test_others_see_no_queue_and_no_case(
    app: Flask, signer: Signer, me: Caller, ops: Caller, store: Store
) -> None:
    case = a_case(reports=(a_report(me.id),))
    store.create(CASES, case, [], now=NOW)
    refused(me.get("/v1/cases"), 403, "ops_only")
    for who in (me, a_caller(app, signer, id_=said.AUTHOR)):
        refused(who.get(f"/v1/cases/{case.id}"), 404, "no_such_case")
        refused(decide(who, case.id, "dismiss"), 404, "no_such_case")
        refused(who.post(f"/v1/cases/{case.id}/appeal", {"reason": "x"}), 404, "no_such_case")
    # Whom it is about sees nothing of it as an operator, either.
    themselves = a_caller(app, signer, "ops", id_=said.AUTHOR)
    assert words(themselves.get("/v1/cases"))["items"] == []
    refused(themselves.get(f"/v1/cases/{case.id}"), 404, "no_such_case")
    refused(ops.get(f"/v1/cases/{ids.new('cas')}"), 404, "no_such_case")


def test_an_author_sees_their_case_without_who_reported_or_decided(
    store: Store, author: Caller, me: Caller
) -> None:
    case = a_case("decided", author_id=author.id, reports=(a_report(me.id),))
    store.create(CASES, case, [], now=NOW)
    answered = author.get(f"/v1/cases/{case.id}")
    seen = words(answered)
    assert (seen["outcome"], seen["reason"], seen["next"]["action"]) == (
        "removed",
        "spam",
        "appeal",
    )
    assert (seen["reports"], seen["decided_by"], seen["earlier"]) == (None, None, None)
    assert me.id not in answered.get_data(as_text=True)
    assert said.OPERATOR not in answered.get_data(as_text=True)


# decisions


def test_a_removal_imposes_the_sanction_that_goes_with_it_once(
    store: Store, ops: Caller, db: Db
) -> None:
    member = a_member()
    store.create(MEMBERS, member, [], now=NOW)
    hear(db, held(member.id))
    case_id = only_case(ops)["id"]
    ban = {"level": "ban", "reason": "繰り返しです。"}
    body = {"outcome": "remove", "reason": "規約に反します。", "sanction": ban}
    answers = [ops.post(f"/v1/cases/{case_id}/decide", body, key="k") for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    seen = words(answers[0])
    [sanction] = store.get(MEMBERS, member.id).sanctions
    assert (sanction.id, sanction.level, sanction.by) == (seen["sanction_id"], "ban", ops.id)
    [fact] = facts(db, "case.sanctioned")
    hear(db, an_event("case.sanctioned", case_id, fact))
    assert len(store.get(MEMBERS, member.id).sanctions) == 1


def test_a_sanction_that_was_not_imposed_in_time_is_imposed_when_it_is_heard(
    store: Store, ops: Caller, db: Db
) -> None:
    member = a_member()
    store.create(MEMBERS, member, [], now=NOW)
    ordered = Ordered(id=ids.new("snc"), level="warn", reason="spam", until=None)
    case = a_case("decided", author_id=member.id, sanction=ordered)
    store.create(CASES, case, [], now=NOW)
    fact = {"case_id": case.id, "member_id": member.id, "sanction_id": ordered.id}
    hear(db, an_event("case.sanctioned", case.id, fact), an_event("case.sanctioned", "x", fact))
    assert [one.id for one in store.get(MEMBERS, member.id).sanctions] == [ordered.id]


def test_a_decision_whose_sanction_cannot_be_is_not_taken(
    store: Store, ops: Caller, db: Db
) -> None:
    member = a_member()
    store.create(MEMBERS, member, [], now=NOW)
    hear(db, held(member.id))
    before = db["cases"].find_one()
    assert before is not None
    warn = {"level": "warn", "reason": "x"}
    for change, code in (
        ({"sanction": {"level": "suspend", "reason": "x"}}, "bad_until"),
        ({"sanction": {"level": "kill", "reason": "x"}}, "invalid_words"),
        ({"outcome": "release", "sanction": warn}, "sanction_without_removal"),
        ({"outcome": "delete"}, "invalid_words"),
        ({"reason": ""}, "invalid_words"),
    ):
        body = {"outcome": "remove", "reason": "x", **change}
        refused(ops.post(f"/v1/cases/{before['_id']}/decide", body), 422, code)
    refused(decide(ops, before["_id"], "dismiss"), 409, "held")
    assert db["cases"].find_one() == before
    assert store.get(MEMBERS, member.id) == member


def test_who_is_reported_themselves_is_sanctioned(
    store: Store, me: Caller, ops: Caller, db: Db
) -> None:
    member = a_member(display_name="太郎")
    store.create(MEMBERS, member, [], now=NOW)
    assert report(me, member.id, reason="harassment").status_code == 201
    case = only_case(ops)
    assert (case["about_kind"], case["author"]["display_name"]) == ("member", "太郎")
    refused(decide(ops, case["id"], "remove"), 422, "sanction_required")
    done = decide(ops, case["id"], "remove", sanction={"level": "warn", "reason": "失礼です。"})
    assert (words(done)["state"], words(done)["outcome"]) == ("closed", "removed")
    assert [one.level for one in store.get(MEMBERS, member.id).sanctions] == ["warn"]
    assert facts(db, "case.decided") == []


def test_an_appeal_is_answered_by_another_operator_where_there_is_one(
    app: Flask, signer: Signer, store: Store, author: Caller, ops: Caller, db: Db
) -> None:
    case_id = a_removed(db, ops, author)
    at = f"/v1/cases/{case_id}"
    refused(author.post(f"{at}/appeal", {}), 422, "invalid_words")
    refused(ops.post(f"{at}/appeal", {"reason": "x"}), 403, "not_the_author")
    refused(ops.post(f"{at}/decide-appeal", UPHELD), 409, "wrong_state")
    refused(author.post(f"{at}/decide-appeal", UPHELD), 403, "ops_only")
    assert words(author.post(f"{at}/appeal", {"reason": "誤解です。"}))["state"] == "appealed"
    refused(author.post(f"{at}/appeal", {"reason": "誤解です。"}), 409, "wrong_state")
    [fact] = facts(db, "case.appealed")
    assert fact["author_id"] == author.id

    colleague, _ = make_operator(a_member(), now=NOW)
    store.create(MEMBERS, colleague, [], now=NOW)
    refused(ops.post(f"{at}/decide-appeal", UPHELD), 403, "decided_by_you")
    another = a_caller(app, signer, "ops", id_=colleague.id)
    done = words(another.post(f"{at}/decide-appeal", UPHELD))
    assert (done["state"], done["outcome"], done["answered_by"]) == (
        "closed",
        "removed",
        colleague.id,
    )


UPHELD = {"outcome": "upheld", "reason": "内容は明らかです。"}


def test_an_only_operator_answers_the_appeal_alone(ops: Caller, author: Caller, db: Db) -> None:
    case_id = a_removed(db, ops, author)
    author.post(f"/v1/cases/{case_id}/appeal", {"reason": "誤解です。"})
    restored = {"outcome": "restored", "reason": "誤解でした。"}
    done = ops.post(f"/v1/cases/{case_id}/decide-appeal", restored)
    assert words(done)["outcome"] == "restored"
    assert [fact["outcome"] for fact in facts(db, "case.decided")] == ["removed", "restored"]


# what is heard


def test_what_is_held_is_a_case_however_often_it_is_heard(
    ops: Caller, author: Caller, db: Db
) -> None:
    event = held(author.id)
    hear(db, event)
    hear(db, event, event)
    case = only_case(ops)
    assert (case["held"], case["findings"], case["words"]) == (
        True,
        ["contact"],
        "LINEで話しましょう",
    )
    seen = words(author.get(f"/v1/cases/{case['id']}"))
    assert (seen["held"], seen["where"]) == (True, event.data["where_id"])

    hear(db, released(event), released(event))
    hear(db, event)

    [doc] = db["cases"].find()
    assert (doc["state"], doc["outcome"], doc["decided_by"]) == ("closed", "released", "silence")
    assert facts(db, "case.decided") == []


def test_what_was_reported_and_is_held_is_one_case(me: Caller, ops: Caller, db: Db) -> None:
    job = ids.new("job")
    report(me, job)
    event = held(said.AUTHOR, id=job, content_kind="job")
    hear(db, event, event)
    case = only_case(ops)
    assert (case["held"], case["reports"]) == (True, 1)
    hear(db, released(event))
    case = only_case(ops)
    assert (case["held"], case["reports"], case["state"]) == (False, 1, "open")


def test_what_is_held_again_after_its_case_is_over_is_another(
    ops: Caller, author: Caller, db: Db
) -> None:
    first = held(author.id)
    hear(db, first)
    decide(ops, only_case(ops)["id"], "release")
    hear(db, held(author.id, id=first.subject, until=said.UNTIL + timedelta(days=2)))
    assert [doc["state"] for doc in db["cases"].find().sort("_id", 1)] == ["closed", "open"]


def test_a_removal_beats_a_release_that_crossed_it(ops: Caller, author: Caller, db: Db) -> None:
    event = held(author.id)
    hear(db, event)
    decide(ops, only_case(ops)["id"], "remove")
    hear(db, released(event))
    [doc] = db["cases"].find()
    assert (doc["state"], doc["outcome"]) == ("decided", "removed")


def test_a_report_of_one_s_own_ends_when_its_keeper_says_whose_it_is(
    me: Caller, ops: Caller, db: Db
) -> None:
    job = ids.new("job")
    report(me, job)
    hear(db, reported(only_case(ops)["id"], job, me.id))
    assert words(ops.get("/v1/cases"))["items"] == []
    [mine] = words(me.get("/v1/reports"))["items"]
    assert mine["outcome"] == "not_acted"


def test_the_worker_ends_what_nobody_looked_at(store: Store, db: Db) -> None:
    waiting = [a_held_case(), a_case(), a_case("decided"), a_case("appealed")]
    for case in waiting:
        store.create(CASES, case, [], now=NOW)
    sweep.timers(store, [CASES], NOW + timedelta(days=15))
    ended = [store.get(CASES, case.id) for case in waiting]
    assert [case.outcome for case in ended] == ["released", "dismissed", "removed", "restored"]
    assert {case.state for case in ended} == {"closed"}


def test_of_who_is_erased_no_words_stay(store: Store, db: Db) -> None:
    gone, other = a_report("mem_gone", words="私の言葉"), a_report("mem_other", words="別の言葉")
    about_others = a_case(reports=(other, gone))
    own = a_case("appealed", author_id="mem_gone", words="投稿", reports=(other,))
    for case in (about_others, own):
        store.create(CASES, case, [], now=NOW)

    personal.wipe(store, WIPES, "mem_gone")

    [kept, emptied] = store.get(CASES, about_others.id).reports
    assert (kept, emptied.words) == (other, None)
    after = store.get(CASES, own.id)
    assert (after.words, after.appeal, after.reports) == ("", None, (other,))


# the command line


def test_cases_are_listed_and_decided_by_command(
    ops: Caller, author: Caller, store: Store, db: Db, run: Run
) -> None:
    assert run("cases").output == ""
    hear(db, held(author.id))
    case_id = only_case(ops)["id"]
    [line] = run("cases").output.splitlines()
    assert case_id in line
    assert "contact" in line
    operator = a_member(roles=("ops",))
    for member in (operator, other := a_member()):
        store.create(MEMBERS, member, [], now=NOW)
    words = ("decide-case", case_id, "release", "--reason", "問題ありません。", "--as")
    assert "is no operator" in run(*words, other.email).output
    done = run(*words, operator.email)
    assert (done.exit_code, done.output) == (0, f"{case_id} is released\n")
    assert "wrong_state" in run(*words, operator.email).output
    [entry] = db["cases"].find_one()["outbox"]  # type: ignore[index]
    assert (entry["type"], entry["actor"]) == ("case.decided", operator.id)


# queries


def test_cases_are_found_in_indexes_alone(
    store: Store, mongo_url: str, app: Flask, signer: Signer, db: Db
) -> None:
    ensure_indexes(db, KINDS, SHELVES)
    me, ops = a_caller(app, signer), a_caller(app, signer, "ops")
    for n in range(30):
        state = ("open", "decided", "appealed", "closed")[n % 4]
        store.create(CASES, a_case(state, reports=(a_report(me.id),)), [], now=NOW)
    with spied(mongo_url, db.name) as (seen, spy):
        page = Page(limit=20)
        for filters in product((None, "open", "closed"), (None, "message"), (None, said.AUTHOR)):
            how: dict[str, Any] = dict(zip(("state", "kind", "author"), filters, strict=True))
            queries.find_cases(seen, page, not_of=ops.id, **how)
        queries.reported_by(seen, me.id, page)
        queries.open_reports(seen, me.id, most=OPEN_MAX)
        queries.latest_case(seen, ids.new("msg"), "message")
        queries.earlier_cases(seen, a_case())
        queries.are_others(seen, ops.id)
        queries.operators(seen)
        assert len(spy.commands) == 18
        assert scans(seen, spy) == []
