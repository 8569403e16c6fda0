"""A member who is banned is out everywhere, within seconds, with the token they hold."""

from shared import clock, ids
from tests.callers import Caller
from tests.flows.marketplace import SERVICES, Marketplace, eventually

ASKS = {
    "accounts": "/v1/me",
    "contracts": "/v1/contracts",
    "escrow": "/v1/wallet",
    "jobs": "/v1/jobs/" + ids.new("job") + "/proposals",
    "notify": "/v1/todo",
}


def test_a_banned_member_is_out_everywhere(market: Marketplace) -> None:
    words = {"email": f"{ids.new('x')}@example.com", "password": "correct horse battery staple"}
    nobody = Caller(market.apps["accounts"])
    more = {"display_name": "Mallory", "locale": "en", "kind": "individual"}
    assert nobody.post("/v1/members", {**words, **more}).status_code == 201
    login = nobody.post("/v1/sessions", words).json
    member_id = login["member"]["id"]
    them = {name: Caller(market.apps[name], login["access_token"]) for name in SERVICES}
    assert all(them[name].get(ASKS[name]).status_code != 401 for name in SERVICES)

    now = int(clock.now().timestamp())
    token = market.signer.token(ids.new("mem"), "ops", iat=now, exp=now + 600)
    ops = Caller(market.apps["accounts"], token)
    said = {"level": "ban", "reason": "fraud"}
    assert ops.post(f"/v1/members/{member_id}/sanctions", said).status_code == 201

    for name in SERVICES:
        eventually(
            lambda name=name: them[name].get(ASKS[name]).json.get("code") == "token_revoked",
            f"{name} refuses the token",
        )
    there = market.db("contracts")["members"]
    known = eventually(
        lambda: there.find_one({"_id": member_id, "state": "suspended"}), "contracts knows"
    )
    assert known
