"""Mail: who gets which, when, in what words; handed to a real SMTP server, and never twice."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook as Signer

from services.notify import config, letters, queries
from services.notify.config import Config
from services.notify.domain import mail, notice, preferences
from services.notify.domain.mail import Mail
from services.notify.domain.notice import Notice
from services.notify.domain.preferences import Preferences, Quiet
from services.notify.letters import House, Reader
from services.notify.reactions import REACTIONS
from services.notify.records import KINDS, MAILS
from services.notify.usecases import hooks, mails
from services.notify.usecases.senders import Senders
from shared import clock, engine, smtp, sweep
from shared.documents import Doc
from shared.errors import Ignored, Invalid
from shared.events import Event
from shared.store import Store
from tests.notify.builders import CLIENT, NOW, TITLE, WORKER, an_event
from tests.notify.conftest import As
from tests.notify.post_offices import PostOffice, post_office, text_of

pure = pytest.mark.pure
FAR = "2126-12-07T00:00:00.000Z"
ADDRESS = {CLIENT: "hanako@example.com", WORKER: "taro@example.com"}
SECRET = hooks.new_secret()


# which mail, and when: rules


def told_of(type_: str = "offer.sent", **words: Any) -> Notice:
    return notice.made_of(an_event(type_, **words), now=NOW)[0]


def planned(told: Notice, wishes: Preferences, **words: Any) -> Mail | None:
    said = {"address": "a@example.com", "is_reminder": False, "event_id": "evt_1", "token": "t"}
    return mail.of_notice(told, wishes, now=NOW, **said | words)


def wishes_of(**words: Any) -> Preferences:
    return replace(Preferences(id=WORKER), **words)


@pure
def test_a_notice_is_mailed_at_once_and_the_same_occasion_once() -> None:
    first, again = planned(told_of(), wishes_of()), planned(told_of(), wishes_of())
    other = planned(told_of(), wishes_of(), event_id="evt_2", is_reminder=True)

    assert first is not None
    assert first == again
    assert first.due_at == NOW
    assert other is not None
    assert (other.kind, other.id == first.id) == ("reminder", False)


@pure
@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"off": {"mail": ("offer.sent",)}}, {}),
        ({"bounced": "a@example.com"}, {}),
        ({}, {"address": None}),
    ],
)
def test_who_wants_none_or_cannot_be_reached_is_not_mailed(
    wishes: dict[str, Any], words: dict[str, Any]
) -> None:
    assert planned(told_of(), wishes_of(**wishes), **words) is None


@pure
def test_what_is_moot_is_not_mailed() -> None:
    assert planned(replace(told_of(), withdrawn_at=NOW), wishes_of()) is None


@pure
def test_a_digest_carries_what_one_may_know_and_not_what_one_must_do() -> None:
    daily = wishes_of(digest_at="08:00")

    assert planned(told_of("proposal.declined"), daily) is None
    assert planned(told_of("offer.sent"), daily) is not None


NIGHT = Quiet(start="22:00", end="07:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pure
@pytest.mark.parametrize(
    ("now", "mailed"),
    [
        ("2026-11-30T21:59:00+09:00", "2026-11-30T21:59:00+09:00"),
        ("2026-11-30T22:00:00+09:00", "2026-12-01T07:00:00+09:00"),
        ("2026-12-01T06:59:00+09:00", "2026-12-01T07:00:00+09:00"),
        ("2026-12-01T07:00:00+09:00", "2026-12-01T07:00:00+09:00"),
    ],
)
def test_mail_waits_for_the_end_of_the_quiet_hours_where_the_member_lives(
    now: str, mailed: str
) -> None:
    assert wishes_of(quiet=NIGHT).mail_at(at(now)) == at(mailed)


@pure
def test_quiet_hours_go_by_the_member_s_zone_through_a_change_of_the_clock() -> None:
    berlin = wishes_of(quiet=NIGHT, zone="Europe/Berlin")

    assert berlin.mail_at(at("2026-10-24T23:00:00+02:00")) == at("2026-10-25T07:00:00+01:00")
    assert berlin.mail_at(at("2026-11-30T23:00:00+09:00")) == at("2026-11-30T23:00:00+09:00")


@pure
def test_by_day_quiet_hours_are_quiet_as_well() -> None:
    noon = wishes_of(quiet=Quiet(start="12:00", end="13:00"))

    assert noon.mail_at(at("2026-11-30T12:30:00+09:00")) == at("2026-11-30T13:00:00+09:00")
    assert noon.mail_at(at("2026-11-30T13:30:00+09:00")) == at("2026-11-30T13:30:00+09:00")


@pure
def test_what_is_due_before_the_quiet_hours_end_is_mailed_at_once() -> None:
    now, soon = at("2026-11-30T23:00:00+09:00"), at("2026-12-01T06:00:00+09:00")

    assert wishes_of(quiet=NIGHT).mail_at(now, by=soon) == now
    assert wishes_of(quiet=NIGHT).mail_at(now, by=soon + timedelta(days=1)) > now


@pure
def test_a_digest_is_due_each_day_and_one_stands_for_all_that_were_missed() -> None:
    now = at("2026-11-30T12:00:00+09:00")
    wanted, _ = preferences.prefer(Preferences(id=WORKER), now=now, off={}, digest_at="08:00")
    assert preferences.wake(wanted) == at("2026-12-01T08:00:00+09:00")

    later = at("2026-12-03T09:00:00+09:00")
    sent, (fact,) = preferences.send_digest(wanted, now=later)

    assert preferences.wake(sent) == at("2026-12-04T08:00:00+09:00")
    assert (fact.data["since"], fact.data["until"]) == (clock.text(now), clock.text(later))
    with pytest.raises(Ignored):
        preferences.send_digest(sent, now=later)
    assert preferences.wake(preferences.unsubscribe(sent, type_=None, now=later)[0]) is None


@pure
def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        preferences.prefer(Preferences(id=WORKER), now=NOW, off={}, zone="Mars/Base")
    assert refused.value.code == "no_such_zone"


@pure
def test_an_address_bounces_once_and_another_one_works() -> None:
    bounced, (fact,) = preferences.bounce(wishes_of(), address="a@x.jp", reason="hard", now=NOW)

    assert fact.type == "mail.bounced"
    assert preferences.bounce(bounced, address="a@x.jp", reason="hard", now=NOW)[1] == []
    assert planned(told_of(), bounced, address="a@x.jp") is None
    assert planned(told_of(), bounced, address="b@x.jp") is not None


@pure
def test_a_mail_is_tried_again_for_a_day_and_then_has_failed() -> None:
    one, now = planned(told_of(), wishes_of()), NOW
    assert one is not None
    for _ in mail.WAITS:
        one, _ = mail.put_off(one, reason="away", jitter=0.5, now=now)
        assert one.due_at is not None
        now = one.due_at
    assert timedelta(hours=20) < now - NOW < timedelta(hours=30)
    one, _ = mail.put_off(one, reason="away", jitter=0.5, now=now)
    assert (one.state, one.due_at) == ("failed", None)


# in what words

HOUSE = House(sender="Ukeoi <no-reply@ukeoi.example>", url="https://ukeoi.example")


def a_letter(type_: str = "offer.sent", locale: str = "ja", name: str = "山田太郎", **words: Any):
    told = told_of(type_, **words)
    one = planned(told, wishes_of())
    assert one is not None
    to = Reader(
        name=name, address="taro@example.com", locale=locale, zone=None, names={CLIENT: "佐藤花子"}
    )
    return letters.of_notice(one, told, to, HOUSE, NOW)


@pure
@pytest.mark.parametrize(
    ("locale", "subject", "greeting"),
    [
        ("ja", "佐藤花子さんからオファーが届きました", "山田太郎 様"),
        ("en", "佐藤花子 sent you an offer", "Dear 山田太郎,"),
    ],
)
def test_a_mail_says_the_same_in_text_and_html(locale: str, subject: str, greeting: str) -> None:
    letter = a_letter(locale=locale)

    assert letter["Subject"] == subject
    assert letter["Content-Language"] == locale
    for kind in ("plain", "html"):
        said = text_of(letter, kind)
        assert greeting in said
        assert TITLE in said
        assert "https://ukeoi.example/v1/offers/off_" in said
    assert letter["Date"] == "Mon, 30 Nov 2026 03:00:00 +0000"
    assert re.fullmatch(r"<mai_[0-9a-f]{32}@ukeoi\.example>", letter["Message-ID"])


@pure
def test_only_what_nobody_needs_can_be_unsubscribed_at_one_click() -> None:
    need, news = a_letter("offer.sent"), a_letter("proposal.declined")

    assert need["List-Unsubscribe"] is None
    assert news["List-Unsubscribe"] == "<https://ukeoi.example/v1/unsubscribe/t>"
    assert news["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://ukeoi.example/v1/unsubscribe/t" in text_of(news)


@pure
def test_what_people_write_forges_no_header_and_no_html() -> None:
    evil = "x\r\nBcc: all@example.com <script>alert(1)</script>"

    letter = a_letter(title=evil, name=evil)

    assert letter["Bcc"] is None
    assert "\n" not in letter["Subject"]
    assert "<script>" not in text_of(letter, "html")


@pure
def test_a_digest_begins_with_what_is_to_be_done() -> None:
    one = mail.of_digest(WORKER, since=NOW, until=NOW, event_id="e", token="t", now=NOW)
    to = Reader(name="Taro", address="t@example.com", locale="en", zone=None, names={})

    letter = letters.of_digest(
        one, [told_of("offer.sent")], [told_of("proposal.declined")], to, HOUSE, NOW
    )

    said = text_of(letter)
    assert letter["Subject"] == "Today: 1 to do, 1 new"
    assert said.index("== To do ==") < said.index("an offer") < said.index("== New ==")
    assert letter["List-Unsubscribe"]


# handed over


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    """A post office that mail goes to."""
    with post_office() as office:
        how = Config(
            smtp_url=office.url,
            mail_from="Ukeoi <no-reply@ukeoi.example>",
            public_url="https://ukeoi.example",
            bounce_secrets=(SECRET,),
        )
        monkeypatch.setattr(config, "here", lambda: how)
        yield office


@pytest.fixture
def members(store: Store) -> None:
    """A client who reads Japanese and a worker who reads English."""
    for id_, locale in ((CLIENT, "ja"), (WORKER, "en")):
        words = {"member_id": id_, "email": ADDRESS[id_], "locale": locale, "state": "active"}
        hear(store, an_event("member.registered", display_name=f"名前{locale}", **words))


def hear(store: Store, *events: Event) -> None:
    """Hear events, and what notify says of them itself."""
    for event in events:
        engine.handle_one(store, REACTIONS, event, now=clock.now())
    for kind in KINDS:
        for doc in store.db[kind.collection].find({"outbox.0": {"$exists": True}}):
            for entry in doc["outbox"]:
                _hear_own(store, doc["_id"], entry)
            store.mark(kind.collection, {"_id": doc["_id"]}, {"outbox": []})


def _hear_own(store: Store, subject: str, entry: Doc) -> None:
    event = Event(
        id=entry["id"],
        type=entry["type"],
        source="notify",
        subject=subject,
        time=clock.text(entry["time"]),
        version=entry["version"],
        data=entry["data"],
    )
    engine.handle_one(store, REACTIONS, event, now=clock.now())


def send_all(store: Store) -> int:
    count = 0
    while mails.SENDERS._one(store):
        count += 1
    return count


def states(store: Store) -> list[tuple[str, str]]:
    return sorted((doc["state"], doc["reason"]) for doc in store.db["mails"].find())


def test_well_formed_mails_arrive_in_both_languages(
    store: Store, office: PostOffice, members: None
) -> None:
    hear(store, an_event("contract.formed", fund_by=FAR))

    assert send_all(store) == 2

    (ja,), (en,) = office.to(ADDRESS[CLIENT]), office.to(ADDRESS[WORKER])
    assert ja["Subject"] == "契約が成立しました。仮払いをお願いします"
    assert en["Subject"] == "The contract is made: please do not begin yet"
    for letter in (ja, en):
        assert letter.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in letter.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
        assert letter.defects == []
        assert TITLE in text_of(letter)
        assert letter["From"].addresses[0].addr_spec == "no-reply@ukeoi.example"
    raw = office.envelopes[0].content
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert states(store) == [("sent", "")] * 2


def test_without_a_server_no_mail_is_kept(store: Store, members: None) -> None:
    hear(store, an_event("contract.formed", fund_by=FAR))

    assert store.db["mails"].count_documents({}) == 0


def test_an_event_heard_again_is_mailed_once(
    store: Store, office: PostOffice, members: None
) -> None:
    event = an_event("offer.sent", answer_by=FAR)
    for _ in range(3):
        hear(store, event)
        send_all(store)

    assert len(office.letters) == 1


def test_what_became_moot_or_was_read_is_not_sent(
    store: Store, office: PostOffice, members: None, http: FlaskClient, as_: As
) -> None:
    hear(store, an_event("offer.sent", answer_by=FAR), an_event("proposal.declined"))
    hear(store, an_event("offer.accepted", version=2))
    (news,) = http.get("/v1/notifications?unread=true", headers=as_(WORKER)).json["items"]
    http.post(f"/v1/notifications/{news['id']}/read", headers=as_(WORKER))

    send_all(store)

    assert office.letters == []
    assert states(store) == [("dropped", "moot")] * 2


def test_a_reminder_is_a_mail_of_its_own(store: Store, office: PostOffice, members: None) -> None:
    by = clock.now() + timedelta(days=14)
    hear(store, an_event("offer.sent", answer_by=clock.text(by)))
    sweep.timers(store, KINDS, by - timedelta(days=7))
    hear(store)
    send_all(store)

    reminders = sorted(letter["Subject"].startswith("Reminder: ") for letter in office.letters)
    assert reminders == [False, True]


def test_a_digest_is_sent_when_there_is_something_to_say(
    store: Store, office: PostOffice, members: None, http: FlaskClient, as_: As
) -> None:
    words = {"types": [], "digest": {"at": "08:00"}}
    headers = as_(WORKER) | {"If-Match": "*"}
    assert http.put("/v1/notification-preferences", headers=headers, json=words).status_code == 200
    sweep.timers(store, KINDS, clock.now() + timedelta(days=1))
    hear(store)
    send_all(store)
    assert states(store) == [("dropped", "moot")]

    hear(store, an_event("proposal.declined"))
    assert send_all(store) == 0
    # What was made now is within the digest only if the digest is of a later time.
    store.mark("preferences", {}, {"digest_from": clock.now() - timedelta(hours=1)})
    sweep.timers(store, KINDS, clock.now() + timedelta(days=2))
    hear(store)
    send_all(store)

    (letter,) = office.letters
    assert letter["Subject"] == "Today: 0 to do, 1 new"


def test_a_server_that_is_away_gets_it_later_and_once(
    store: Store, office: PostOffice, members: None
) -> None:
    hear(store, an_event("offer.sent", answer_by=FAR))
    office.data = "451 try again later"
    assert send_all(store) == 1
    assert send_all(store) == 0
    ((state, reason),) = states(store)
    assert (state, reason[:3]) == ("waiting", "451")

    office.data = ""
    store.mark("mails", {}, {"wake_at": clock.now()})
    send_all(store)

    assert len(office.letters) == 1
    assert states(store)[0][0] == "sent"


def test_an_address_that_is_refused_gets_no_more_mail_and_its_member_is_told(
    store: Store, office: PostOffice, members: None, http: FlaskClient, as_: As
) -> None:
    office.rcpt = "550 no such user"
    hear(store, an_event("offer.sent", answer_by=FAR))
    send_all(store)
    hear(store, an_event("message.sent"))
    office.rcpt = ""
    send_all(store)

    assert office.letters == []
    inbox = http.get("/v1/notifications", headers=as_(WORKER)).json["items"]
    assert "mail.bounced" in [one["why"]["type"] for one in inbox]
    said = http.get("/v1/notification-preferences", headers=as_(WORKER)).json
    assert said["mail_bounces"] is True


def test_nobody_at_the_server_s_port_is_a_matter_of_patience(
    store: Store, office: PostOffice, members: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(config, "here", lambda: Config(smtp_url=f"smtp://127.0.0.1:{port}"))
    hear(store, an_event("offer.sent", answer_by=FAR))

    send_all(store)

    assert states(store)[0][0] == "waiting"


def test_a_password_is_not_told_to_a_server_that_does_not_ask(office: PostOffice) -> None:
    url = office.url.replace("smtp://", "smtp://user:password@")

    with pytest.raises(smtp.Later):
        smtp.send(url, a_letter())

    assert office.letters == []


def test_racing_senders_send_each_mail_once(
    store: Store, office: PostOffice, members: None
) -> None:
    hear(store, *[an_event("message.sent") for _ in range(20)])

    def send_some(_: int) -> None:
        own = Senders(MAILS, mails.send, threads=1, lane="member_id", per_lane=4)
        while own._one(store):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send_some, range(4)))

    assert len(office.letters) == len({letter["Message-ID"] for letter in office.letters}) == 20


# what comes back


def unsubscribe_path(letter: Any) -> str:
    return str(letter["List-Unsubscribe"]).strip("<>").removeprefix("https://ukeoi.example")


def test_one_click_ends_mail_of_a_kind_and_looking_at_the_page_does_not(
    store: Store, office: PostOffice, members: None, http: FlaskClient
) -> None:
    hear(store, an_event("message.sent"))
    send_all(store)
    path = unsubscribe_path(office.letters[0])

    page = http.get(path)
    assert queries.preferences(store, WORKER).thing.wants("message.sent", "mail")
    click = {"List-Unsubscribe": "One-Click"}
    done, again = http.post(path, data=click), http.post(path, data=click)

    assert (page.status_code, done.status_code, again.status_code) == (200, 200, 200)
    assert "<form" in page.text
    assert "<form" not in done.text
    wishes = queries.preferences(store, WORKER).thing
    assert not wishes.wants("message.sent", "mail")
    assert wishes.wants("message.sent", "inbox")
    hear(store, an_event("message.sent"))
    assert send_all(store) == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_nobody_s_is_not_there(http: FlaskClient, method: str) -> None:
    answer = http.open("/v1/unsubscribe/guess", method=method.upper())

    assert (answer.status_code, answer.json["code"]) == (404, "no_such_mail")


def test_what_asks_to_act_has_no_link_that_ends_it(
    store: Store, office: PostOffice, members: None, http: FlaskClient
) -> None:
    hear(store, an_event("offer.sent", answer_by=FAR))
    doc = store.db["mails"].find_one({}) or {}

    assert http.post(f"/v1/unsubscribe/{doc['token']}").status_code == 404
    assert queries.preferences(store, WORKER).thing.wants("offer.sent", "mail")


def reported(http: FlaskClient, body: str, secret: str = SECRET, ago_s: float = 0) -> Any:
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    headers = {
        "webhook-id": "bounce_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Signer(secret).sign("bounce_1", at, body),
    }
    return http.post("/v1/mail-bounces", data=body, headers=headers)


def test_a_bounce_ends_mail_to_an_address_until_it_changes(
    store: Store, office: PostOffice, members: None, http: FlaskClient
) -> None:
    soft = reported(http, '{"address": "taro@example.com", "kind": "soft"}')
    hard = reported(http, '{"address": "Taro@Example.com", "kind": "hard"}')
    unknown = reported(http, '{"address": "who@example.com", "kind": "complaint"}')
    hear(store, an_event("message.sent"))
    assert send_all(store) == 0

    words = {"member_id": WORKER, "locale": "en", "state": "active"}
    hear(store, an_event("member.changed", version=2, email="new@example.com", **words))
    hear(store, an_event("message.sent"))
    send_all(store)

    assert [a.json["noted"] for a in (soft, hard, unknown)] == [False, True, False]
    assert len(office.to("new@example.com")) == len(office.letters) == 1


@pytest.mark.parametrize(
    ("body", "how", "status"),
    [
        ('{"address": "taro@example.com", "kind": "hard"}', {"secret": hooks.new_secret()}, 401),
        ('{"address": "taro@example.com", "kind": "hard"}', {"ago_s": 400}, 401),
        ('{"address": "taro@example.com"}', {}, 422),
        ('{"address": "taro@example.com", "kind": "hard", "more": 1}', {}, 422),
        ("{", {}, 400),
    ],
)
def test_a_bad_report_changes_nothing(
    store: Store,
    office: PostOffice,
    members: None,
    http: FlaskClient,
    body: str,
    how: dict[str, Any],
    status: int,
) -> None:
    assert reported(http, body, **how).status_code == status
    assert store.db["preferences"].count_documents({}) == 0


def test_who_is_erased_has_no_address(store: Store, office: PostOffice, members: None) -> None:
    words = {"member_id": WORKER, "state": "erased", "email": "taro@example.com"}
    hear(store, an_event("member.changed", version=2, **words))
    hear(store, an_event("message.sent"))

    assert send_all(store) == 0
    assert (store.db["members"].find_one({"_id": WORKER}) or {})["email"] is None
