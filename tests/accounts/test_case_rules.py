"""The rules of a case: every move from every state, what silence leads to, and who sees what."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import bson
import pytest

from services.accounts.case_records import CASES
from services.accounts.domain import case as rules
from services.accounts.domain import case_seen
from services.accounts.domain.case import Case, Ordered
from services.accounts.domain.case_silence import is_overdue, next_of, on_wake, wake_at
from shared.errors import Conflict, Forbidden, Ignored, Invalid, NotYet, Refused
from shared.moves import IGNORE, LATER, missing_pairs
from tests.accounts.builders import NOW
from tests.accounts.cases import AUTHOR, DAY, OPERATOR, UNTIL, a_case, a_held_case, a_report

pytestmark = pytest.mark.pure

OTHER = "mem_other_operator"
WARNING = Ordered(id="snc_1", level="warn", reason="spam", until=None)


def decide(case: Case, outcome: str, **more: Any) -> Any:
    said = {"by": OPERATOR, "reason": "we looked", **more}
    return rules.decide(case, now=NOW, outcome=outcome, **said)


def answer(case: Case, outcome: str, **more: Any) -> Any:
    said = {"by": OTHER, "reason": "we looked again", "others": True, **more}
    return rules.decide_appeal(case, now=NOW, outcome=outcome, **said)


def a_member_case(state: str) -> Case:
    return a_case(state, about_kind="member", about_id=AUTHOR)


MOVED: dict[str, tuple[Callable[[str], Case], Callable[[Case], Any]]] = {
    "report": (
        a_case,
        lambda c: rules.report(c, now=NOW, by="mem_x", said=a_report("mem_x")),
    ),
    "remove": (a_case, lambda c: decide(c, "remove")),
    "release": (lambda state: replace(a_held_case(), state=state), lambda c: decide(c, "release")),
    "dismiss": (a_case, lambda c: decide(c, "dismiss")),
    "sanction": (a_member_case, lambda c: decide(c, "remove", sanction=WARNING)),
    "appeal": (a_case, lambda c: rules.appeal(c, now=NOW, by=AUTHOR, reason="no")),
    "uphold": (a_case, lambda c: answer(c, "upheld")),
    "restore": (a_case, lambda c: answer(c, "restored")),
}


@pytest.mark.parametrize("move", MOVED)
@pytest.mark.parametrize("state", rules.STATES)
def test_every_move_from_every_state(move: str, state: str) -> None:
    a, act = MOVED[move]
    before = a(state)
    if (to := rules.MOVES[move].get(state)) is None:
        with pytest.raises(Conflict) as no:
            act(before)
        assert no.value.code == "wrong_state"
    else:
        after, facts = act(before)
        assert after.state == to
        assert facts


def test_the_tables_forget_nothing() -> None:
    assert missing_pairs(rules.HEARD, rules.STATES) == []
    assert set(rules.MOVES) == {*MOVED, "rest"}


CONTENT = {"author_id": AUTHOR, "where_id": "con_1", "words": "x"}
HEARD: dict[str, Callable[[Case], Any]] = {
    "held": lambda c: rules.hold(c, now=NOW, content=CONTENT, findings=["contact"], until=UNTIL),
    "released": lambda c: rules.released(c, now=NOW, by="silence"),
    "reported": lambda c: rules.learn(c, now=NOW, content=CONTENT),
}


@pytest.mark.parametrize("what", HEARD)
@pytest.mark.parametrize("state", rules.STATES)
def test_everything_heard_in_every_state(what: str, state: str) -> None:
    expected = rules.HEARD[what][state]
    if expected == IGNORE:
        with pytest.raises(Ignored):
            HEARD[what](a_case(state))
    elif expected == LATER:
        with pytest.raises(NotYet):
            HEARD[what](a_case(state))
    else:
        assert HEARD[what](a_case(state))[0].state == expected


# reports


def test_nobody_reports_their_own_nor_twice_nor_what_fifty_have_reported() -> None:
    def refusal(case: Case, by: str) -> str:
        with pytest.raises(Conflict) as no:
            rules.report(case, now=NOW, by=by, said=a_report(by))
        return no.value.code

    assert refusal(a_case(), AUTHOR) == "own_thing"
    assert refusal(a_case(), "mem_r") == "already_reported"
    many = tuple(a_report(f"mem_{n}") for n in range(rules.REPORTS_MAX))
    assert refusal(a_case(reports=many), "mem_x") == "reported_enough"


def test_a_report_of_one_s_own_counts_for_nothing_once_that_is_known() -> None:
    own, other = a_report(AUTHOR), a_report("mem_r")

    alone, facts = rules.learn(
        a_case(author_id=None, reports=(own,)), now=NOW, content={"author_id": AUTHOR}
    )
    both, _ = rules.learn(
        a_case(author_id=None, reports=(own, other)), now=NOW, content={"author_id": AUTHOR}
    )

    assert (alone.state, alone.outcome) == ("closed", "dismissed")
    assert [f.data["outcome"] for f in facts] == ["not_acted"]
    assert (both.state, both.reports) == ("open", (other,))


@pytest.mark.parametrize(
    ("outcome", "told"), [("remove", "acted"), ("dismiss", "not_acted")], ids=str
)
def test_every_reporter_is_answered_in_words_that_name_nobody_else(outcome: str, told: str) -> None:
    reports = (a_report("mem_1"), a_report("mem_2"))
    _, facts = decide(a_case(reports=reports), outcome)
    answered = [f.data for f in facts if f.type == "report.answered"]
    assert [(a["reporter_id"], a["outcome"]) for a in answered] == [
        ("mem_1", told),
        ("mem_2", told),
    ]
    assert {tuple(sorted(a)) for a in answered} == {
        ("case_id", "outcome", "report_id", "reporter_id")
    }
    others = [f for f in facts if f.type != "report.answered"]
    assert not any("mem_1" in str(f.data) or "mem_2" in str(f.data) for f in others)


# operators


def asked(facts: Any) -> list[tuple[Any, ...]]:
    said = [f.data for f in facts if f.type == "case.waiting"]
    return [(one["operator_id"], one["action"], one["by"][:10], one["otherwise"]) for one in said]


def test_operators_are_asked_once_it_is_known_whose_it_is_and_never_about_themselves() -> None:
    operators = ["mem_1", AUTHOR, "mem_2"]
    how: dict[str, Any] = {"by": "mem_x", "said": a_report("mem_x"), "operators": operators}
    content = {"author_id": AUTHOR}
    unknown = a_case(author_id=None)

    _, first = rules.report(a_member_case("open"), now=NOW, **how)
    _, of_member = rules.report(replace(a_member_case("open"), reports=()), now=NOW, **how)
    _, of_job = rules.report(replace(unknown, reports=()), now=NOW, **how)
    learnt, known = rules.learn(unknown, now=NOW, content=content, operators=operators)
    _, again = rules.learn(learnt, now=NOW, content=content, operators=operators)

    both = [(one, "decide", "2026-12-15", "dismissed") for one in ("mem_1", "mem_2")]
    assert (asked(first), asked(of_member), asked(of_job)) == ([], both, [])
    assert (asked(known), asked(again)) == (both, [])


def test_operators_are_asked_about_what_is_held_and_others_about_an_appeal() -> None:
    both = ["mem_1", OPERATOR]
    how: dict[str, Any] = {"content": CONTENT, "findings": ["contact"], "until": UNTIL}
    _, held = rules.hold(a_case(reports=()), now=NOW, operators=both, **how)
    decided, why = a_case("decided"), "no"
    _, appealed = rules.appeal(decided, now=NOW, by=AUTHOR, reason=why, operators=both)
    _, alone = rules.appeal(decided, now=NOW, by=AUTHOR, reason=why, operators=[OPERATOR])

    assert asked(held) == [(one, "decide", "2026-12-02", "released") for one in both]
    assert asked(appealed) == [("mem_1", "decide_appeal", "2026-12-15", "restored")]
    assert asked(alone) == [(OPERATOR, "decide_appeal", "2026-12-15", "restored")]


# decisions


@pytest.mark.parametrize(
    ("case", "outcome", "more", "error", "code"),
    [
        (a_case(), "release", {}, Conflict, "not_held"),
        (a_held_case(), "dismiss", {}, Conflict, "held"),
        (a_case(author_id=None), "remove", {}, Conflict, "author_unknown"),
        (a_case(), "remove", {"by": AUTHOR}, Forbidden, "own_case"),
        (a_case(), "dismiss", {"sanction": WARNING}, Invalid, "sanction_without_removal"),
        (a_member_case("open"), "remove", {}, Invalid, "sanction_required"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_decision_that_cannot_be_is_refused(
    case: Case, outcome: str, more: dict[str, Any], error: type[Refused], code: str
) -> None:
    with pytest.raises(error) as no:
        decide(case, outcome, **more)
    assert no.value.code == code


def test_a_removal_says_until_when_to_appeal_and_a_sanction_is_ordered_with_it() -> None:
    after, facts = decide(a_held_case(), "remove", sanction=WARNING)
    decided, ordered = facts
    assert (decided.type, decided.data["outcome"]) == ("case.decided", "removed")
    assert decided.data["reason"] == "we looked"
    assert decided.data["appeal_by"].startswith("2026-12-15")
    assert ordered.type == "case.sanctioned"
    assert (ordered.data["member_id"], ordered.data["sanction_id"]) == (AUTHOR, "snc_1")
    assert (after.is_held, after.outcome) == (False, "removed")


def test_a_member_is_sanctioned_and_appeals_the_sanction_itself() -> None:
    after, facts = decide(a_member_case("open"), "remove", sanction=WARNING)
    assert after.state == "closed"
    assert [f.type for f in facts] == ["case.sanctioned", "report.answered"]
    assert wake_at(after) is None


def test_another_operator_answers_an_appeal_where_there_is_one() -> None:
    appealed = a_case("appealed")
    with pytest.raises(Forbidden) as no:
        answer(appealed, "upheld", by=OPERATOR)
    assert no.value.code == "decided_by_you"
    assert answer(appealed, "upheld", by=OPERATOR, others=False)[0].state == "closed"
    with pytest.raises(Forbidden):
        answer(appealed, "upheld", by=AUTHOR)


def test_what_is_upheld_stays_removed_and_what_is_restored_is_said_to_its_keeper() -> None:
    upheld, [kept] = answer(a_case("appealed"), "upheld")
    restored, [back] = answer(a_case("appealed"), "restored")
    assert (upheld.outcome, kept.type, kept.data["reason"]) == (
        "removed",
        "case.upheld",
        "we looked again",
    )
    assert (restored.outcome, back.data["outcome"]) == ("restored", "restored")
    assert back.data["reason"] == "we looked again"


def test_only_its_author_appeals() -> None:
    with pytest.raises(Forbidden) as no:
        rules.appeal(a_case("decided"), now=NOW, by="mem_x", reason="no")
    assert no.value.code == "not_the_author"


# silence


@pytest.mark.parametrize(
    ("case", "after", "outcome", "said"),
    [
        (a_held_case(), DAY + timedelta(hours=1), "released", ["case.decided"]),
        (a_case(), 14 * DAY, "dismissed", ["report.answered"]),
        (a_case(author_id=None), 3 * DAY, "dismissed", ["report.answered"]),
        (a_case("decided"), 14 * DAY, "removed", []),
        (a_case("appealed"), 14 * DAY, "restored", ["case.decided"]),
    ],
    ids=["held", "reported", "nobody knows it", "removed", "appealed"],
)
def test_silence_ends_every_state_that_waits(
    case: Case, after: timedelta, outcome: str, said: list[str]
) -> None:
    due = NOW + after
    assert wake_at(case) == due
    assert on_wake(case, now=due - timedelta(seconds=1)) == (case, [])
    closed, facts = on_wake(case, now=due)
    assert (closed.state, closed.outcome, [f.type for f in facts]) == ("closed", outcome, said)
    assert (wake_at(closed), next_of(closed)) == (None, None)
    assert on_wake(closed, now=due) == (closed, [])


def test_what_is_held_no_longer_and_was_reported_still_waits() -> None:
    case = a_held_case(reports=(a_report(),))
    by_its_keeper, nothing = rules.released(case, now=UNTIL, by="silence")
    by_its_timer, [said] = on_wake(case, now=UNTIL + timedelta(hours=1))
    assert by_its_keeper == by_its_timer
    assert (by_its_keeper.state, by_its_keeper.is_held, nothing) == ("open", False, [])
    assert (said.type, said.data["outcome"]) == ("case.decided", "released")
    assert wake_at(by_its_keeper) == NOW + 14 * DAY


def test_next_names_who_acts_by_when_and_what_silence_leads_to() -> None:
    def said(case: Case) -> tuple[Any, ...]:
        return tuple((next_of(case) or {}).values())

    assert said(a_held_case()) == ("ops", "decide", UNTIL, "released")
    assert said(a_case()) == ("ops", "decide", NOW + 14 * DAY, "dismissed")
    assert said(a_case("decided")) == ("author", "appeal", NOW + 14 * DAY, "stays_removed")
    assert said(a_case("appealed")) == ("ops", "decide_appeal", NOW + 14 * DAY, "restored")


def test_after_three_days_operators_are_late() -> None:
    for state in ("open", "appealed"):
        assert not is_overdue(a_case(state), now=NOW + 3 * DAY - timedelta(seconds=1))
        assert is_overdue(a_case(state), now=NOW + 3 * DAY)
    assert not is_overdue(a_case("decided"), now=NOW + 9 * DAY)


# who sees it


def test_an_author_sees_what_was_done_and_never_that_something_was_only_reported() -> None:
    assert case_seen.is_seen_by(a_held_case(), AUTHOR)
    assert case_seen.is_seen_by(a_case("decided"), AUTHOR)
    assert not case_seen.is_seen_by(a_case(), AUTHOR)
    assert not case_seen.is_seen_by(a_case("closed", outcome="dismissed"), AUTHOR)
    assert not case_seen.is_seen_by(a_member_case("closed"), AUTHOR)
    assert not case_seen.is_seen_by(a_held_case(), "mem_r")
    assert not case_seen.is_whole_for(a_case(), AUTHOR, is_ops=True)


def test_actions_say_what_is_allowed_and_why_not() -> None:
    def said(case: Case, by: str, *, is_ops: bool) -> dict[str, list[str]]:
        found = case_seen.actions(case, by=by, is_ops=is_ops, others=True)
        assert all(a["allowed"] == (not a["reasons"]) for a in found)
        return {a["name"]: a["reasons"] for a in found}

    assert said(a_held_case(), OPERATOR, is_ops=True) == {
        "release": [],
        "remove": [],
        "dismiss": ["held"],
        "decide_appeal": ["wrong_state"],
    }
    assert said(a_case("appealed"), OPERATOR, is_ops=True)["decide_appeal"] == ["decided_by_you"]
    assert said(a_case("decided"), AUTHOR, is_ops=False) == {"appeal": []}
    assert said(a_held_case(), AUTHOR, is_ops=False) == {"appeal": ["wrong_state"]}


# documents


@pytest.mark.parametrize(
    "case",
    [a_case(), a_held_case(), a_case("appealed"), a_case("decided", sanction=WARNING)],
)
def test_a_case_comes_back_the_same(case: Case) -> None:
    assert CASES.from_doc(bson.decode(bson.encode(CASES.to_doc(case)), AWARE)) == case


AWARE: Any = bson.CodecOptions(tz_aware=True)


def test_the_largest_case_stays_small() -> None:
    wide = "𠮷" * 2000
    said = wide[: rules.SAID_MAX]
    reports = tuple(a_report(f"mem_{n:032}", words=said) for n in range(rules.REPORTS_MAX))
    texts = {"words": wide[:500], "reason": wide, "appeal": wide, "answer": wide}
    largest = a_case("appealed", reports=reports, findings=("contact",) * 20, **texts)
    assert len(bson.encode(CASES.to_doc(largest))) < 256 * 1024
