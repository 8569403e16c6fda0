"""What reaches people outside: every event that concerns them, also after their server was down."""

import urllib.parse
from collections.abc import Iterator

import pytest

from services.notify import config
from services.notify.config import Config
from tests.flows.marketplace import Marketplace, Member, eventually
from tests.flows.stories import DAY, formed, offered, two_people
from tests.notify.post_offices import PostOffice, post_office, text_of
from tests.notify.receivers import receiver


@pytest.fixture(autouse=True, scope="module")
def office(market: Marketplace) -> Iterator[PostOffice]:
    """A deployment that sends mail, and may post to this machine."""
    with post_office() as office, pytest.MonkeyPatch.context() as patch:
        how = Config(smtp_url=office.url, webhook_loopback=True)
        patch.setattr(config, "here", lambda: how)
        yield office


def states(member: Member, webhook_id: str) -> list[str]:
    """Return the states of everything posted to a webhook."""
    found = member.sees(f"/v1/webhooks/{webhook_id}/deliveries?limit=100")["items"]
    return [one["state"] for one in found]


def test_a_receiver_that_was_down_for_an_hour_gets_and_verifies_all(market: Marketplace) -> None:
    hire = two_people(market)
    with receiver() as before:
        hook = hire.client.did("/v1/webhooks", {"url": before.url})
    port = urllib.parse.urlsplit(before.url).port or 0

    offered(hire)
    feed = hire.client.sees_at_last("/v1/events", lambda f: len(f["items"]) >= 3)["items"]
    formed(hire)
    eventually(lambda: len(states(hire.client, hook["id"])) >= 5, "there is something to post")
    for _ in range(6):
        market.move_clock(600)
    eventually(
        lambda: any(
            one["attempts"]
            for one in hire.client.sees(f"/v1/webhooks/{hook['id']}/deliveries")["items"]
        ),
        "it was tried in vain",
    )
    assert "delivered" not in states(hire.client, hook["id"])

    with receiver(port) as there:

        def all_there() -> bool:
            market.move_clock(300)
            return set(states(hire.client, hook["id"])) == {"delivered"}

        eventually(all_there, "everything is delivered after all")
        bodies = there.verified(hook["secret"])

    since = {event["id"] for event in feed if event["type"] != "member.registered"}
    assert len(since) >= 2
    assert since <= {body["id"] for body in bodies}
    assert set(states(hire.client, hook["id"])) == {"delivered"}


def test_a_real_mail_server_is_handed_what_both_sides_must_know(
    market: Marketplace, office: PostOffice
) -> None:
    hire = two_people(market)
    known = market.db("notify")["members"]
    client, worker = (
        eventually(lambda id_=who.id: known.find_one({"_id": id_}), "notify knows them")
        for who in (hire.client, hire.worker)
    )
    known.update_one({"_id": hire.worker.id}, {"$set": {"locale": "en"}})

    offered(hire)
    eventually(lambda: office.to(worker["email"]), "the worker has mail")
    market.move_clock(7 * DAY + 60)
    eventually(lambda: len(office.to(worker["email"])) == 2, "the worker is reminded")
    formed(hire)
    fund = "契約が成立しました。仮払いをお願いします"
    eventually(
        lambda: fund in [letter["Subject"] for letter in office.to(client["email"])],
        "the client has mail",
    )

    sent, reminder = office.to(worker["email"])[:2]
    assert sent["Subject"] == "佐藤美咲 sent you an offer"
    assert reminder["Subject"] == "Reminder: 佐藤美咲 sent you an offer"
    (made,) = [letter for letter in office.to(client["email"]) if letter["Subject"] == fund]
    for letter in (sent, reminder, made):
        assert letter.defects == []
        assert text_of(letter, "html")
    assert len({letter["Message-ID"] for letter in office.letters}) == len(office.letters)
