"""A listing from the shop window to the wallet; and one whose seller wants to be asked first."""

from datetime import timedelta
from typing import Any

from shared import clock
from tests.flows.marketplace import Marketplace, Member
from tests.flows.stories import DAY, proof_is_zero, yen


def published(seller: Member, **over: Any) -> str:
    """Publish a listing."""
    words = {
        "title": "手書き風のロゴを描きます",
        "description": "小さなお店のロゴを、手書きの温かみで。",
        "category": "design-logo",
        "packages": [{"name": "フル", "price": yen(30_000), "delivery_days": 14, "revisions": 1}],
        "options": [{"name": "名刺", "price": yen(5_000), "extra_days": 2}],
        **over,
    }
    listing = seller.did("/v1/listings", words)["id"]
    seller.did(f"/v1/listings/{listing}/publish")
    return str(listing)


ORDER = {"package": "フル", "options": ["名刺"], "requirements": "パン屋のロゴです。"}


def test_an_order_is_funded_delivered_and_paid_by_silence(market: Marketplace) -> None:
    buyer, seller = market.member("佐藤"), market.member("山田")
    listing = published(seller)

    order = buyer.did(f"/v1/listings/{listing}/orders", ORDER)

    at = f"/v1/contracts/{order['contract_id']}"
    formed = buyer.sees_at_last(at, lambda c: c["state"] == "awaiting_funding")
    assert (formed["mode"], formed["listing_id"]) == ("storefront", listing)
    assert (formed["amount"], formed["delivery_days"]) == (yen(35_000), 16)
    todo = buyer.sees_at_last("/v1/todo", lambda t: t["items"])["items"]
    assert [one["action"] for one in todo] == ["fund"]
    quote = buyer.sees("/v1/quotes?mode=storefront&amount=35000&currency=JPY")
    [hold] = buyer.sees_at_last(f"/v1/holds?ref={order['contract_id']}", lambda h: h["items"])[
        "items"
    ]
    market.move_clock(3 * DAY)
    buyer.did(f"/v1/holds/{hold['id']}/fund", {"method": "card"})
    [funded] = seller.sees_at_last(at, lambda c: c["state"] == "active")["milestones"]
    due = clock.parse(funded["deliver_by"]) - clock.now()
    assert timedelta(days=15, hours=23) < due <= timedelta(days=16), "counted from the funding"
    seller.did(f"{at}/milestones/1/deliver", {"note": "できました", "links": []})
    market.move_clock(3 * DAY + 60)

    buyer.sees_at_last(at, lambda c: c["state"] == "completed")
    seller.sees_at_last("/v1/wallet", lambda w: w["available"] == quote["worker"]["gets"])
    seller.sees_at_last(f"/v1/listings/{listing}", lambda it: it["orders_free"] == 1)
    proof_is_zero(market, buyer)


def test_a_seller_who_is_asked_quotes_and_the_buyer_accepts(market: Marketplace) -> None:
    buyer, seller = market.member("佐藤"), market.member("山田")
    listing = published(seller, consult=True)

    offer = buyer.did(f"/v1/listings/{listing}/orders", ORDER)["offer_id"]

    asked = seller.sees_at_last(f"/v1/offers/{offer}", lambda o: o["state"] == "sent")
    assert (asked["next"]["actor"], asked["listing_id"]) == ("worker", listing)
    assert seller.sees(f"/v1/listings/{listing}")["orders_free"] == 0
    seller.did(f"/v1/offers/{offer}/counter", {"amount": yen(42_000)})
    contract = buyer.did(f"/v1/offers/{offer}/accept")
    assert (contract["amount"], contract["delivery_days"]) == (yen(42_000), 16)
    market.move_clock(8 * DAY)
    at = f"/v1/contracts/{contract['id']}"
    buyer.sees_at_last(at, lambda c: c["state"] == "cancelled")
    seller.sees_at_last(f"/v1/listings/{listing}", lambda it: it["orders_free"] == 1)


def test_a_seller_who_does_not_answer_frees_the_place(market: Marketplace) -> None:
    buyer, seller = market.member("佐藤"), market.member("山田")
    listing = published(seller, consult=True)
    offer = buyer.did(f"/v1/listings/{listing}/orders", ORDER)["offer_id"]
    buyer.sees_at_last(f"/v1/offers/{offer}", lambda o: o["state"] == "sent")
    market.move_clock(15 * DAY)
    buyer.sees_at_last(f"/v1/offers/{offer}", lambda o: o["state"] == "expired")
    seller.sees_at_last(f"/v1/listings/{listing}", lambda it: it["orders_free"] == 1)
