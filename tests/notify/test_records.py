"""What is kept comes back as it was, also what an older version of us has kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notify.domain import delivery, feed, mail, notice, webhook
from services.notify.domain.delivery import Attempt
from services.notify.domain.preferences import Preferences, Quiet
from services.notify.domain.webhook import Secret
from services.notify.records import (
    DELIVERIES,
    KINDS,
    MAILS,
    NOTICES,
    PREFERENCES,
    WEBHOOKS,
    entry_doc,
    entry_of,
)
from shared.documents import Kind
from shared.store import Store
from tests.notify.builders import CLIENT, NOW, WORKER, an_event

LATER = NOW + timedelta(days=1)
HOOK = webhook.Webhook(
    id="whk_1",
    member_id=CLIENT,
    url="https://example.com/",
    types=("job.opened",),
    state="active",
    secrets=(Secret(value="whsec_b25l"), Secret(value="whsec_dHdv", until=LATER)),
    created_at=NOW,
    failing_since=NOW,
)
ENTRY = feed.entry_of(an_event("offer.sent"), now=NOW)
TRIED = Attempt(at=NOW, status=None, error="timeout", ms=5000)
THINGS: list[tuple[Kind[Any], Any]] = [
    (NOTICES, notice.made_of(an_event("offer.sent"), now=NOW)[0]),
    (
        PREFERENCES,
        Preferences(
            id=WORKER,
            off={"inbox": (), "mail": ("message.sent",)},
            zone="Europe/Berlin",
            quiet=Quiet(start="22:00", end="07:00"),
            digest_at="08:00",
            digest_due=LATER,
            digest_from=NOW,
            bounced="taro@example.com",
        ),
    ),
    (WEBHOOKS, HOOK),
    (DELIVERIES, replace(delivery.of(HOOK, ENTRY, "{}", now=NOW), attempts=(TRIED,))),
    (
        MAILS,
        mail.of_digest(WORKER, since=NOW, until=LATER, event_id="evt_1", token="t", now=NOW),
    ),
]


@pytest.mark.parametrize(("kind", "thing"), THINGS, ids=lambda x: getattr(x, "name", ""))
def test_what_is_kept_comes_back_as_it_was(store: Store, kind: Kind[Any], thing: Any) -> None:
    store.create(kind, thing, [], now=NOW)

    assert store.get(kind, thing.id) == thing


def test_every_kind_is_tried_here() -> None:
    assert {kind.name for kind, _ in THINGS} == {kind.name for kind in KINDS}


def test_an_entry_of_the_feed_comes_back_as_it_was() -> None:
    assert entry_of(entry_doc(ENTRY)) == ENTRY


def test_preferences_and_notices_of_before_are_read_with_what_they_lack() -> None:
    old = {"_id": WORKER, "off": {"inbox": [], "mail": ["message.sent"]}, "version": 2}
    doc = NOTICES.to_doc(notice.made_of(an_event("offer.sent"), now=NOW)[0])
    for word in ("remind_at", "reminded_at"):
        del doc[word]

    assert PREFERENCES.from_doc(old).quiet is None
    assert NOTICES.from_doc(doc).remind_at is None


@pytest.mark.parametrize(
    ("kind", "thing"),
    [pair for pair in THINGS if pair[0].wake],
    ids=lambda x: getattr(x, "name", ""),
)
def test_what_waits_for_a_time_says_when(kind: Kind[Any], thing: Any) -> None:
    assert kind.wake is not None
    assert kind.wake(thing) is not None
