"""The table is complete, and what it says can be read in both languages."""

import re
from dataclasses import replace
from datetime import timedelta
from string import Formatter

import pytest

from services.notify import texts
from services.notify.domain import feed, ladder, notice, preferences
from services.notify.domain.notice import FOR_GOOD
from services.notify.domain.preferences import ALWAYS, Preferences
from services.notify.domain.told import TOLD, Row, Tell
from shared import catalog, clock
from shared.errors import Ignored, Invalid, Unknown
from shared.languages import LANGUAGES
from tests.notify.builders import (
    CLIENT,
    CONTRACT,
    NOW,
    STRANGER,
    TITLE,
    WORKER,
    an_event,
    data_of,
)

pytestmark = pytest.mark.pure

TYPES = sorted(catalog.PUBLISHER_OF)
TELLS = [(type_, tell) for type_, row in TOLD.items() for tell in row.tells]


def an_event_for(type_: str, tell: Tell) -> notice.Event:
    """Return an event with which this person is told."""
    only = {tell.only[0]: min(tell.only[1])} if tell.only else {}
    return an_event(type_, **only)


def a_notice(type_: str, tell: Tell) -> notice.Notice:
    """Return what this person is told of such an event."""
    event = an_event_for(type_, tell)
    whom = event.data[tell.whom.format_map(event.data)]
    return next(n for n in notice.made_of(event, now=NOW) if n.member_id == whom)


# the table


def test_every_event_type_of_the_catalog_has_a_row_and_every_row_a_type() -> None:
    assert sorted(TOLD) == TYPES


@pytest.mark.parametrize("type_", TYPES)
def test_a_row_tells_somebody_or_says_why_nobody(type_: str) -> None:
    assert bool(TOLD[type_].tells) != bool(TOLD[type_].nobody)


@pytest.mark.parametrize(("type_", "tell"), TELLS)
def test_a_row_uses_only_words_that_its_event_always_carries(type_: str, tell: Tell) -> None:
    words = catalog.PUBLISHERS[catalog.PUBLISHER_OF[type_]][type_]
    used = {tell.whom, tell.other} - {"", "{actor}_id"}
    assert tell.by in {"", *words}, f"{type_} has no word {tell.by}"
    for template in (tell.href, tell.action, tell.otherwise, *tell.keys):
        used |= {name for _, name, _, _ in Formatter().parse(template) if name}
    maybe_nobody = {"worker_id"} if type_.startswith("escrow.") else set()
    for word in used - {"thread_at"} - maybe_nobody:
        assert words[word].required, f"{type_} may lack {word}"


@pytest.mark.parametrize("type_", TYPES)
def test_what_an_event_closes_can_be_named_from_its_words(type_: str) -> None:
    assert all("{" not in key for key in notice.closed_by(an_event(type_)))


@pytest.mark.parametrize(("type_", "tell"), TELLS)
def test_who_is_to_act_knows_what_where_and_what_happens_otherwise(type_: str, tell: Tell) -> None:
    if tell.action:
        assert tell.href.startswith("/v1/")
        assert tell.keys, "what asks to act must become moot by something"
        assert bool(tell.by) <= bool(tell.otherwise)


def test_every_key_of_a_notice_is_closed_by_some_event() -> None:
    opened = {key for _, tell in TELLS for key in tell.keys if "{action}" not in key}
    closed = {key for row in TOLD.values() for key in (*row.closes, *row.ends_round)}
    fund = "fund:{ref}:{milestone}"
    same = {
        "fund:{contract_id}:1": fund,
        "fund:{contract_id}:{milestone}": fund,
        "fund:{job_id}:0": fund,
        "answer_dispute:{contract_id}:{answerer_id}": "answer_dispute:{contract_id}:{asker_id}",
    }

    assert {same.get(key, key) for key in opened} <= closed


def test_no_event_closes_for_good_what_it_opens() -> None:
    for row in TOLD.values():
        assert not set(row.closes) & {key for tell in row.tells for key in tell.keys}


def test_nobody_is_told_of_being_told() -> None:
    assert notice.made_of(an_event("notification.made"), now=NOW) == []
    assert TOLD["notification.made"] == Row(nobody=TOLD["notification.made"].nobody)


# who is told what


def test_a_proposal_asks_the_client_to_choose() -> None:
    event = an_event("proposal.submitted")

    (told,) = notice.made_of(event, now=NOW)

    assert told.member_id == CLIENT
    assert told.action == "select"
    assert told.href == f"/v1/jobs/{event.data['job_id']}/proposals"
    assert told.event_id == event.id


def test_an_offer_asks_the_worker_to_answer_in_time() -> None:
    event = an_event("offer.sent", answer_by="2026-12-14T03:00:00.000Z")

    (told,) = notice.made_of(event, now=NOW)

    assert (told.member_id, told.action, told.otherwise) == (WORKER, "answer", "expired")
    assert told.by == NOW + timedelta(days=14)


def test_a_contract_asks_the_client_to_fund_and_the_worker_to_wait() -> None:
    client, worker = notice.made_of(an_event("contract.formed"), now=NOW)

    assert (client.member_id, client.action, client.otherwise) == (CLIENT, "fund", "cancelled")
    assert (worker.member_id, worker.action) == (WORKER, None)


def test_both_are_asked_for_a_review_until_the_window_ends() -> None:
    told = notice.made_of(an_event("contract.completed"), now=NOW)

    assert [(n.member_id, n.action) for n in told] == [(CLIENT, "review"), (WORKER, "review")]
    assert all(n.ends_at == n.by for n in told)


@pytest.mark.parametrize("actor", ["client", "worker"])
def test_a_reminder_goes_to_whom_it_names(actor: str) -> None:
    (told,) = notice.made_of(an_event("contract.reminded", actor=actor), now=NOW)

    assert told.member_id == {"client": CLIENT, "worker": WORKER}[actor]
    assert told.action == "fund"


def test_silence_is_told_to_both_and_an_acceptance_to_the_worker() -> None:
    by_client = notice.made_of(an_event("delivery.accepted", by="client"), now=NOW)
    by_silence = notice.made_of(an_event("delivery.accepted", by="silence"), now=NOW)

    assert [n.member_id for n in by_client] == [WORKER]
    assert {n.member_id: n.text for n in by_silence} == {
        WORKER: "delivery.accepted.worker.silence",
        CLIENT: "delivery.accepted.client",
    }


@pytest.mark.parametrize(("mode", "count"), [("project", 0), ("competition", 1), ("task", 1)])
def test_a_job_that_opens_itself_is_told_to_its_client(mode: str, count: int) -> None:
    assert len(notice.made_of(an_event("job.opened", mode=mode), now=NOW)) == count


def test_a_hold_of_a_job_without_a_worker_tells_no_worker() -> None:
    assert notice.made_of(an_event("escrow.released", worker_id=None), now=NOW) == []


@pytest.mark.parametrize(
    ("thread", "path"), [("off_1", "/v1/offers/off_1"), ("con_1", "/v1/contracts/con_1")]
)
def test_a_message_is_told_with_its_thread(thread: str, path: str) -> None:
    (told,) = notice.made_of(an_event("message.sent", thread=thread), now=NOW)

    assert (told.member_id, told.href) == (WORKER, f"{path}/messages")


def test_the_same_event_makes_the_same_notices() -> None:
    event = an_event("contract.formed")

    assert notice.made_of(event, now=NOW) == notice.made_of(event, now=NOW)


@pytest.mark.parametrize("type_", sorted(t for t, row in TOLD.items() if row.once))
def test_a_fact_said_again_makes_the_same_notice(type_: str) -> None:
    """Publishers say a fact again when its hearer is silent: the event is another one."""
    words = data_of(type_)
    first, again = an_event(type_, **words), an_event(type_, version=5, **words)

    assert [n.id for n in notice.made_of(first, now=NOW)] == [
        n.id for n in notice.made_of(again, now=NOW)
    ]


def test_rounds_are_told_each() -> None:
    rounds = [notice.made_of(an_event("changes.requested", version=n), now=NOW) for n in (1, 2)]

    assert rounds[0][0].id != rounds[1][0].id


# moot


def test_a_round_ends_only_what_was_born_before_it() -> None:
    first = notice.made_of(an_event("delivery.submitted", version=4), now=NOW)[0]
    second = notice.made_of(an_event("delivery.submitted", version=6), now=NOW)[0]
    sent_back = notice.closed_by(an_event("changes.requested", version=5))

    assert notice.is_closed(first, sent_back)
    assert not notice.is_closed(second, sent_back)


def test_what_happens_only_once_is_closed_whatever_the_version() -> None:
    fund = notice.made_of(an_event("contract.formed", version=9), now=NOW)[0]
    funded = notice.closed_by(an_event("escrow.funded", version=2))

    assert funded == {f"fund:{CONTRACT}:1": FOR_GOOD}
    assert notice.is_closed(fund, funded)


def test_another_thing_s_end_closes_nothing_here() -> None:
    fund = notice.made_of(an_event("contract.formed"), now=NOW)[0]

    assert not notice.is_closed(fund, notice.closed_by(an_event("escrow.funded", ref="con_other")))


def test_the_end_of_a_contract_leaves_the_review_to_write() -> None:
    completed = an_event("contract.completed")
    reviews = notice.made_of(completed, now=NOW)

    assert not any(notice.is_closed(n, notice.closed_by(completed)) for n in reviews)


def test_only_its_member_reads_a_notice_and_only_once() -> None:
    told = notice.made_of(an_event("offer.sent"), now=NOW)[0]

    read, facts = notice.read(told, now=NOW, by=WORKER)
    again, _ = notice.read(read, now=NOW + timedelta(hours=1), by=WORKER)

    assert (read.read_at, facts) == (NOW, [])
    assert again == read
    with pytest.raises(Unknown, match="no such notice"):
        notice.read(told, now=NOW, by=CLIENT)


def test_what_is_moot_before_it_is_born_is_never_said_nor_read() -> None:
    told = notice.made_of(an_event("offer.sent"), now=NOW)[0]

    moot = notice.born_moot(told, now=NOW)

    assert moot == replace(told, said=False, withdrawn_at=NOW, remind_at=None)
    with pytest.raises(Unknown, match="no such notice"):
        notice.read(moot, now=NOW, by=WORKER)


# texts


def messages_used() -> set[str]:
    """Return the names of all messages that notices need."""
    texts_of = {a_notice(type_, tell).text for type_, tell in TELLS}
    return {f"{text}.{part}" for text in texts_of for part in ("title", "body")}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_every_notice_has_a_text_and_every_text_a_notice(locale: str) -> None:
    shared = {"somebody", "called", "no_deadline"}
    families = ("do.", "otherwise.", "why.", "letter.")
    have = {name for name in texts.names(locale) if not name.startswith(families)} - shared

    assert have == messages_used()


def test_both_languages_have_the_same_messages_and_none_is_empty() -> None:
    assert set(texts.names("ja")) == set(texts.names("en"))
    assert {"do.other", "otherwise.other", "somebody", "called"} <= set(texts.names("ja"))
    assert all(texts.message(locale, n) for locale in LANGUAGES for n in texts.names(locale))


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize(("type_", "tell"), TELLS)
def test_every_text_can_be_filled_in_and_names_the_work(
    type_: str, tell: Tell, locale: str
) -> None:
    told = a_notice(type_, tell)

    said = texts.render(told, locale, {CLIENT: "佐藤花子", WORKER: "山田太郎"})

    assert "%" not in said.title + said.body
    if not type_.startswith(
        (
            "payout.",
            "deposit.",
            "webhook.",
            "mail.",
            "password.",
            "factor.",
            "member.",
            "sanction.",
            "report.",
            "case.",
            "message.released",
            "posting.released",
            "proposal.released",
            "question.released",
        )
    ):
        assert TITLE in said.title + said.body
    if tell.by:
        assert re.search("12月7日|Dec 7", said.body)


def test_a_text_speaks_as_its_language_does() -> None:
    told = notice.made_of(an_event("offer.sent"), now=NOW)[0]
    names = {CLIENT: "佐藤花子"}

    ja, en = texts.render(told, "ja", names), texts.render(told, "en", names)

    assert ja.title == "佐藤花子さんからオファーが届きました"
    assert ja.body == (
        f"「{TITLE}」を75,000円でお願いしたいとのことです。2026年12月7日(月) 9:00までにお返事を"
        "お願いします。期限を過ぎると、オファーは自動的に失効します。"
    )
    assert en.title == "佐藤花子 sent you an offer"
    assert "for ¥75,000. Please answer by Dec 7, 2026, 12:00 AM UTC;" in en.body


def test_a_person_not_heard_of_yet_is_spoken_of_politely() -> None:
    told = notice.made_of(an_event("offer.sent"), now=NOW)[0]

    assert texts.render(told, "ja", {}).title == "お相手の方からオファーが届きました"


def test_a_title_with_percent_signs_is_only_a_title() -> None:
    told = notice.made_of(an_event("offer.sent", title="100%(by)s %s 増"), now=NOW)[0]

    assert "100%(by)s %s 増" in texts.render(told, "ja", {}).body


def test_a_reminder_of_something_without_a_word_of_its_own_still_reads() -> None:
    (told,) = notice.made_of(an_event("contract.reminded", action="hum", otherwise="x"), now=NOW)

    assert texts.render(told, "ja", {}).title == f"「{TITLE}」のご対応をお待ちしています"


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize(("type_", "tell"), TELLS)
def test_every_notice_says_why_it_came(type_: str, tell: Tell, locale: str) -> None:
    told = a_notice(type_, tell)

    why = texts.why(told, locale)

    assert "%" not in why
    assert not why.startswith("why.")
    assert TITLE in why or told.role == "member"


# reminders


def a_to_do(**words: str) -> notice.Notice:
    """Return an offer to be answered by NOW + 14 days."""
    by = clock.text(NOW + timedelta(days=14))
    return notice.made_of(an_event("offer.sent", answer_by=by, **words), now=NOW)[0]


def days(*many: float) -> list[timedelta]:
    return [timedelta(days=n) for n in many]


@pytest.mark.parametrize(("type_", "tell"), TELLS)
def test_every_to_do_with_a_deadline_has_a_ladder_or_says_who_reminds(
    type_: str, tell: Tell
) -> None:
    rungs = ladder.rungs(type_, tell.action or None)

    assert list(rungs) == sorted(rungs, reverse=True)
    if tell.action and tell.by:
        assert rungs or ladder.REMINDED_ELSEWHERE[type_]
    else:
        assert not rungs or not tell.by


def climbed(told: notice.Notice) -> list[timedelta]:
    """Return when a notice reminded, as days after NOW, when nobody acts."""
    times = []
    while at := notice.wake(told):
        told, facts = notice.remind(told, now=at)
        assert [f.type for f in facts] == ["notification.reminded"]
        times.append(at - NOW)
    return times


def test_an_offer_reminds_a_week_and_a_day_before_it_lapses() -> None:
    assert climbed(a_to_do()) == days(7, 13)


def test_a_rung_that_is_past_at_birth_is_passed_over() -> None:
    by = clock.text(NOW + timedelta(days=2))

    (told,) = notice.made_of(an_event("offer.sent", answer_by=by), now=NOW)

    assert climbed(told) == days(1)


def test_a_reminder_makes_the_notice_unread_and_says_until_when() -> None:
    read, _ = notice.read(a_to_do(), now=NOW, by=WORKER)
    at = NOW + timedelta(days=7)

    reminded, (fact,) = notice.remind(read, now=at)

    assert (reminded.read_at, reminded.reminded_at) == (None, at)
    assert fact.data["by"] == clock.text(NOW + timedelta(days=14))


def test_after_a_downtime_one_reminder_stands_for_all_that_were_missed() -> None:
    late, facts = notice.remind(a_to_do(), now=NOW + timedelta(days=13, hours=5))

    assert len(facts) == 1
    assert notice.wake(late) is None


@pytest.mark.parametrize("after", days(14, 15))
def test_nobody_is_reminded_when_the_deadline_is_over(after: timedelta) -> None:
    late, facts = notice.remind(a_to_do(), now=NOW + after)

    assert (facts, notice.wake(late)) == ([], None)


def test_what_is_moot_reminds_of_nothing() -> None:
    moot = replace(a_to_do(), withdrawn_at=NOW)

    assert notice.wake(moot) is None
    assert notice.remind(moot, now=NOW + timedelta(days=7))[1] == []


def test_a_reminder_is_not_said_before_its_time() -> None:
    with pytest.raises(Ignored, match="by now"):
        notice.remind(a_to_do(), now=NOW + timedelta(days=6))


# the feed


def test_an_event_concerns_the_members_it_names() -> None:
    assert feed.concerned(data_of("proposal.submitted")) == tuple(sorted([CLIENT, WORKER]))
    assert feed.concerned(data_of("job.opened")) == (CLIENT,)
    assert feed.concerned({"title": CLIENT, "job_id": "job_1", "worker_id": None}) == ()


SEEN_BY_BOTH = {
    "appeal_by",
    *("state", "delivery_days", "options", "package", "consult", "amount"),
    *("client_id", "worker_id", "title", "job_id", "proposal_id", "listing_id", "offer_id"),
    *(
        "contract_id",
        "entry_id",
        "mode",
        "scope",
        "milestones",
        "review_days",
        "revisions",
        "fund_by",
    ),
    *("amount", "deliver_by", "answer_by", "milestone", "actor", "action", "by", "otherwise"),
    *("hold_id", "hold_ids", "cancelled_at", "accepted_at", "round", "review_by", "reason"),
    *("message_id", "thread", "sender_id", "recipient_id", "review_id", "reviewer_id"),
    *("reviewee_id", "reviewer_role", "satisfied", "comment", "written_at", "ref", "cause"),
    *("question_id", "note", "links", "state", "assignment_id", "parts", "tip_id"),
    *("week_starts_at", "select_by", "turn", "asker_id", "answerer_id", "pay"),
    *("terms_hash", "extension_id", "change_id", "dispute_id", "kind", "new_title", "fault"),
    *("claim", "proposal", "decide_by"),
    *("hourly", "week_ends_at", "submit_by", "time_id", "day", "minutes", "ends_at"),
    "weekly_cap_hours",
}


def test_every_word_that_two_members_see_was_thought_about() -> None:
    """A new word fails here until it stands above or in `feed.ONE_SIDE_ONLY`."""
    for type_ in TYPES:
        data = data_of(type_)
        if len(feed.concerned(data)) > 1:
            assert set(data) <= SEEN_BY_BOTH | set(feed.ONE_SIDE_ONLY), type_


def test_a_review_that_is_not_revealed_says_nothing_of_its_content() -> None:
    assert not {"comment", "satisfied"} & set(data_of("review.written"))


def test_each_side_sees_its_own_money_only() -> None:
    funded = feed.entry_of(an_event("escrow.funded"), now=NOW)
    released = feed.entry_of(an_event("escrow.released"), now=NOW)

    assert {"method", "client_pays"} <= set(feed.seen_by(funded, CLIENT))
    assert not {"method", "client_pays"} & set(feed.seen_by(funded, WORKER))
    assert {"worker_gets", "fee"} <= set(feed.seen_by(released, WORKER))
    assert not {"worker_gets", "fee"} & set(feed.seen_by(released, CLIENT))
    assert STRANGER not in funded.concerns


# preferences


def test_what_is_switched_off_is_kept_by_channel() -> None:
    off = {"inbox": ["message.sent"], "mail": ["message.sent", "offer.sent", "offer.sent"]}

    kept, facts = preferences.prefer(Preferences(id=CLIENT), now=NOW, off=off)

    assert facts == []
    assert kept.off == {"inbox": ("message.sent",), "mail": ("message.sent", "offer.sent")}
    assert not kept.wants("message.sent", "inbox")
    assert kept.wants("offer.sent", "inbox")


@pytest.mark.parametrize("type_", sorted(ALWAYS))
def test_what_asks_to_act_is_always_in_the_inbox(type_: str) -> None:
    with pytest.raises(Invalid) as refused:
        preferences.prefer(Preferences(id=CLIENT), now=NOW, off={"inbox": [type_]})

    assert refused.value.code == "cannot_be_switched_off"
    assert type_ in refused.value.details["fields"]
