"""What reaches people outside: every event that concerns them, also after their server was down."""

import urllib.parse
from collections.abc import Iterator

import pytest

from services.notify import config
from services.notify.config import Config
from tests.flows.marketplace import Marketplace, Member, eventually
from tests.flows.stories import formed, offered, two_people
from tests.notify.receivers import receiver


@pytest.fixture(autouse=True)
def this_machine(market: Marketplace) -> Iterator[None]:
    """The deployment allows webhooks to this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "here", lambda: Config(webhook_loopback=True))
        yield


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
