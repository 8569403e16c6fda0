"""What the gateway sees of a token: the member, whoever signed in how often."""

import re

from deploy import gateway
from tests.edge.access import OLD
from tests.edge.world import World


def member_of(token: str) -> str:
    """Return what the gateway counts a token by."""
    pattern = re.search(r'"~\*(\^bearer .*?)" \$sub;', gateway.TEMPLATE.read_text())
    assert pattern is not None
    found = re.match(pattern[1].replace("(?<", "(?P<"), f"Bearer {token}", re.IGNORECASE)
    assert found is not None, "the gateway does not know the member of this token"
    return found["sub"]


def test_every_token_of_a_member_counts_as_that_member(world: World) -> None:
    email = world.newly(OLD)["member"]["email"]
    first = world.newcomer.token
    words = {"email": email, "password": OLD}
    second = world.nobody.did("/v1/sessions", words)
    refreshed = world.nobody.did("/v1/sessions/refresh", {"refresh_token": second["refresh_token"]})
    made = world.newcomer.did("/v1/me/tokens", {"name": "集計", "scopes": ["read"]})
    exchanged = world.nobody.did("/v1/sessions/exchange", {"token": made["token"]})
    tokens = [first, *(said["access_token"] for said in (second, refreshed, exchanged))]
    assert len(set(tokens)) == 4
    assert len({member_of(token) for token in tokens}) == 1
    world.newly(OLD)
    assert member_of(world.newcomer.token) != member_of(first)
