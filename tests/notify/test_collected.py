"""What is wanted once a day is collected, whether a member has a daily digest or not."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.notify import texts
from services.notify.domain import notice, preferences
from services.notify.domain.preferences import Preferences
from services.notify.records import KINDS, NOTICES, PREFERENCES
from services.notify.usecases import mails
from shared import clock, sweep
from shared.errors import Ignored
from shared.languages import LANGUAGES
from shared.store import Store
from tests.notify.builders import NOW, TITLE, WORKER, an_event
from tests.notify.post_offices import PostOffice
from tests.notify.test_mail import As, at, hear, members, office, planned, send_all, wishes_of

__all__ = ["members", "office"]

DAY = timedelta(days=1)


def matched(**words: Any) -> Any:
    return an_event("search.matched", **{"alert": "daily", "name": "ロゴの仕事", **words})


def due(store: Store) -> None:
    """Let a day go by."""
    store.mark("preferences", {}, {"digest_from": clock.now() - timedelta(hours=1)})
    sweep.timers(store, KINDS, clock.now() + DAY)
    hear(store)


@pytest.mark.pure
@pytest.mark.parametrize("wishes", [{}, {"digest_at": "08:00"}])
def test_what_is_wanted_once_a_day_is_never_mailed_by_itself(wishes: dict[str, Any]) -> None:
    (daily,) = notice.made_of(matched(), now=NOW)
    (instant,) = notice.made_of(matched(alert="instant"), now=NOW)

    assert planned(daily, wishes_of(**wishes)) is None
    assert (planned(instant, wishes_of(**wishes)) is None) == bool(wishes)


@pytest.mark.pure
def test_a_job_is_told_once_of_each_alert_however_many_searches_it_fits() -> None:
    told = [
        one.id
        for alert in ("instant", "daily")
        for name in ("a", "b")
        for one in notice.made_of(matched(alert=alert, name=name, search_id=name), now=NOW)
    ]

    assert len(set(told)) == 2


@pytest.mark.pure
def test_what_is_collected_is_due_the_next_morning_and_then_nothing_is() -> None:
    now = at("2026-11-30T12:00:00+09:00")
    collecting, _ = preferences.collect(Preferences(id=WORKER), since=now, now=now)
    assert preferences.wake(collecting) == at("2026-12-01T08:00:00+09:00")
    with pytest.raises(Ignored):
        preferences.collect(collecting, since=now + DAY, now=now)

    sent, (fact,) = preferences.send_digest(collecting, now=now + DAY)

    assert (fact.data["only"], fact.data["until"]) == ("search.matched", clock.text(now + DAY))
    assert preferences.wake(sent) is None


@pytest.mark.pure
def test_other_preferences_leave_what_is_collected_due() -> None:
    collecting, _ = preferences.collect(Preferences(id=WORKER), since=NOW, now=NOW)
    changed, _ = preferences.prefer(collecting, now=NOW, off={}, zone="Asia/Seoul")
    daily, _ = preferences.prefer(collecting, now=NOW, off={}, digest_at="09:00")
    ended, _ = preferences.prefer(daily, now=NOW, off={})

    assert preferences.wake(changed) == preferences.wake(collecting)
    assert preferences.send_digest(daily, now=NOW + DAY)[1][0].data["only"] is None
    assert preferences.wake(ended) is None


@pytest.mark.pure
@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_match_names_the_search_and_the_job(locale: str) -> None:
    (told,) = notice.made_of(matched(), now=NOW)

    said = texts.render(told, locale, {})

    assert "ロゴの仕事" in said.title
    assert TITLE in said.body
    assert "ロゴの仕事" in texts.why(told, locale)
    assert "client_id" not in matched().data


def test_matches_are_mailed_together_the_next_morning(
    store: Store, office: PostOffice, members: None
) -> None:
    hear(store, matched(job_id="job_1", title="A"), matched(job_id="job_2", title="B"))
    hear(store, an_event("proposal.declined"))
    assert send_all(store) == 1  # what is no match, at once

    due(store)
    send_all(store)

    first, together = office.letters
    assert "2" in together["Subject"]
    body = together.get_body(("plain",)).get_content()
    assert body.index("B") > 0
    assert "/v1/jobs/job_1" in body
    assert "/v1/jobs/job_2" in body
    assert first["Subject"] not in body
    due(store)
    assert send_all(store) == 0


def test_matches_stand_in_the_daily_digest_of_who_has_one(
    store: Store, office: PostOffice, members: None, http: FlaskClient, as_: As
) -> None:
    words = {"types": [], "digest": {"at": "08:00"}}
    headers = as_(WORKER) | {"If-Match": "*"}
    assert http.put("/v1/notification-preferences", headers=headers, json=words).status_code == 200
    hear(store, matched(), an_event("proposal.declined"))
    assert send_all(store) == 0

    due(store)
    send_all(store)

    (letter,) = office.letters
    assert "2 new" in letter["Subject"] or "2件" in letter["Subject"]


def test_a_match_is_over_when_its_job_is(store: Store, office: PostOffice, members: None) -> None:
    hear(store, matched(), an_event("job.closed"))
    due(store)
    send_all(store)

    assert store.db[NOTICES.collection].find_one({"type": "search.matched"})["withdrawn_at"]  # type: ignore[index]
    digest = store.db["mails"].find_one({"kind": "digest"})
    assert digest is not None
    assert (digest["state"], digest["reason"]) == ("dropped", "moot")


def test_who_wants_no_mail_of_matches_gets_none_and_can_say_so_in_the_mail(
    store: Store, office: PostOffice, members: None
) -> None:
    hear(store, matched(job_id="job_1"))
    due(store)
    send_all(store)
    token = store.db["mails"].find_one({"kind": "digest"})["token"]  # type: ignore[index]

    mails.unsubscribe(store, token, now=clock.now())
    hear(store, matched(job_id="job_2"))

    kept = store.get(PREFERENCES, WORKER)
    assert not kept.wants("search.matched", "mail")
    assert kept.digest_due is None
