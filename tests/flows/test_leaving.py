"""Somebody works, is paid, takes their data along and leaves: nothing personal is left anywhere."""

import json
from contextlib import suppress
from typing import Any

from bson import json_util

from services.contracts.domain.chain import verify
from shared import ids
from tests.callers import Caller
from tests.flows.marketplace import SERVICES, Marketplace, Member, eventually
from tests.flows.stories import DAY, Hire, delivered, formed, funded, in_days, offered, yen

NAME = "退会予定 花子"
PASSWORD = "correct horse battery staple"


def registered(market: Marketplace, email: str) -> Member:
    """Register the one who will leave; she has a profile as well."""
    words = {"email": email, "password": PASSWORD, "display_name": NAME}
    nobody = Caller(market.apps["accounts"])
    made = nobody.post("/v1/members", {**words, "locale": "ja", "kind": "individual"})
    assert made.status_code == 201, made.json
    her = Member(market, made.json["id"])
    for service in ("jobs", "contracts"):
        there = market.db(service)["members"]
        eventually(lambda there=there: there.find_one({"_id": her.id}), "she is known")
    said = {"bio": f"{NAME}です。ロゴを描きます。", "links": ["https://hanako.example"]}
    assert her.send("PATCH", "/v1/me", said, If_Match="*").status_code == 200
    return her


def worked(market: Marketplace, her: Member) -> Hire:
    """A whole hire, with messages and both reviews; and things that never led to anything."""
    hire = delivered(funded(formed(offered(Hire(market, market.member("佐藤美咲"), her)))))
    her.did(f"{hire.contract_path}/messages", {"text": "よろしくお願いします。"})
    hire.client.did(f"{hire.step}/accept")
    her.sees_at_last(hire.contract_path, lambda c: c["state"] == "completed")
    her.did(f"{hire.contract_path}/reviews", {"satisfied": True, "comment": "とても丁寧でした。"})
    hire.client.did(f"{hire.contract_path}/reviews", {"satisfied": True, "comment": "上手です。"})
    her.did("/v1/webhooks", {"url": "https://93.184.216.34/hanako"})
    offer = {
        "worker_id": hire.client.id,
        "title": "看板",
        "scope": f"{NAME}の看板を作ってください。",
        "amount": yen(5_000),
        "deliver_by": in_days(20),
    }
    her.did("/v1/offers", offer)
    return hire


def export(market: Marketplace, her: Member, service: str) -> list[dict[str, Any]]:
    """Return her export of a service."""
    caller = Caller(market.apps[service], market.token(her.id))
    answer = caller.get(f"/v1/exports/{service}")
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]


def left_of(market: Marketplace, *words: str) -> list[str]:
    """Return where in the five databases one of these words still stands."""
    return [
        f"{service}.{name} {doc['_id']}"
        for service in SERVICES
        for name in market.db(service).list_collection_names()
        for doc in market.db(service)[name].find()
        if any(word in json_util.dumps(doc, ensure_ascii=False) for word in words)
    ]


def leave(her: Member) -> Any:
    """Ask to leave, or ask again what is in the way."""
    return her.did("/v1/me/leave", {"current_password": PASSWORD})


def unmet(me: Any) -> dict[str, list[str]]:
    """Return what each service says is in the way."""
    return {one["service"]: one["reasons"] for one in me["leaving"]["unmet"]}


def test_who_leaves_is_gone_everywhere_and_what_is_others_stays(market: Marketplace) -> None:
    email = f"{ids.new('x')}@hanako.example"
    her = registered(market, email)
    hire = worked(market, her)
    assert len(left_of(market, email)) >= 3
    lines = export(market, her, "accounts")
    [member] = [line["data"] for line in lines if line["kind"] == "member"]
    assert (member["email"], member["display_name"]) == (email, NAME)
    kinds = {line["kind"] for service in SERVICES for line in export(market, her, service)}
    assert {"contract_as_worker", "wallet_line", "proposal", "message", "webhook"} <= kinds

    assert leave(her)["state"] == "leaving"
    me = her.sees_at_last("/v1/me", lambda me: "escrow" in unmet(me) and me["leaving"]["cleared"])
    assert unmet(me)["escrow"] == ["wallet_not_empty"]
    nothing_new_begins(market, hire, her)

    empty_the_wallet(her)
    leave(her)
    me = her.sees_at_last("/v1/me", lambda me: len(me["leaving"]["cleared"]) == 3)
    assert (unmet(me), me["state"]) == ({}, "leaving")
    assert me["leaving"]["next"]["otherwise"] == "erased"
    market.move_clock(7 * DAY + 60)

    there = market.db("accounts")["members"]
    eventually(lambda: there.find_one({"_id": her.id, "state": "erased"}), "she is erased")
    hers = (email, "花子", "hanako")
    with suppress(AssertionError):
        eventually(lambda: not left_of(market, *hers), "nothing of her is left")
    assert left_of(market, *hers) == []
    what_is_others_stays(market, hire, her, email)


def nothing_new_begins(market: Marketplace, hire: Hire, her: Member) -> None:
    """She can neither propose nor be offered work any more."""
    there = market.db("contracts")["members"]
    eventually(lambda: there.find_one({"_id": her.id, "state": "leaving"}), "contracts knows")
    words = {"worker_id": her.id, "title": "t", "scope": "s", "amount": yen(1_000)}
    offered_ = hire.client.post("/v1/offers", {**words, "deliver_by": in_days(9)})
    assert (offered_.status_code, offered_.json["code"]) == (409, "member_leaving")
    own = her.post("/v1/offers", {**words, "worker_id": hire.client.id, "deliver_by": in_days(9)})
    assert (own.status_code, own.json["code"]) == (403, "member_leaving")


def empty_the_wallet(her: Member) -> None:
    """Have it paid out in two parts, of which the second is below the usual least."""
    whole = her.sees("/v1/wallet")["available"]["amount"]
    for amount in (whole - 7, 7):
        payout = her.did("/v1/payouts", {"amount": yen(amount)})
        her.sees_at_last(f"/v1/payouts/{payout['id']}", lambda p: p["state"] == "paid")
    assert her.sees("/v1/wallet")["available"]["amount"] == 0


def what_is_others_stays(market: Marketplace, hire: Hire, her: Member, email: str) -> None:
    """The contract, its log and the review are there, the name is not; the address is free."""
    client = hire.client
    assert client.get(f"/v1/members/{her.id}").status_code == 404
    [review] = client.sees(f"/v1/members/{client.id}")["reviews"]
    assert review["comment"] == "とても丁寧でした。"
    assert review["reviewer"]["display_name"] == "退会した会員 / former member"
    log = client.get(f"{hire.contract_path}/log").get_data()
    assert verify(log).contract_id == hire.contract
    terms = client.sees(f"{hire.contract_path}/terms")
    assert (terms["worker"], terms["client"]["name"]) == ({"id": her.id, "name": ""}, "佐藤美咲")
    texts = [m["text"] for m in client.sees(f"{hire.contract_path}/messages")["items"]]
    assert texts == ["よろしくお願いします。"]
    sums = client.sees("/v1/ledger/proof")["currencies"]["JPY"]
    assert sums["total"] == 0
    nobody = Caller(market.apps["accounts"])
    login = nobody.post("/v1/sessions", {"email": email, "password": PASSWORD})
    assert (login.status_code, login.json["code"]) == (401, "bad_credentials")
    again = {"email": email, "password": PASSWORD, "display_name": "別人", "locale": "ja"}
    assert nobody.post("/v1/members", {**again, "kind": "individual"}).status_code == 201
