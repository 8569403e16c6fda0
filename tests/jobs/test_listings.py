"""Listings: what a seller does, what may be ordered, and how a place comes back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.jobs.domain import listing, listing_silence
from services.jobs.domain.listing import Extra, Listing, Order, Package
from services.jobs.listing_records import LISTINGS, listing_doc, listing_of
from services.jobs.reactions import REACTIONS
from shared import clock, engine, ids
from shared.errors import Conflict, Forbidden, Ignored, Invalid, Refused
from shared.moderation import SHOWN, Seen
from shared.moves import Outcome
from shared.store import Store
from tests.callers import Caller, Signer, a_caller
from tests.jobs.builders import DAY, NOON, SUSPENDED, WORKER, an_event, keep, yen
from tests.jobs.test_races import race

SELLER, BUYER = WORKER, ids.derived("mem", "buyer")
PACKAGES = [
    {"name": "ライト", "price": yen(10_000).words(), "delivery_days": 5, "revisions": 1},
    {"name": "フル", "price": yen(30_000).words(), "delivery_days": 14, "revisions": 3},
]
OPTIONS = [{"name": "名刺データ", "price": yen(5_000).words(), "extra_days": 2}]
WORDS: dict[str, Any] = {
    "title": "手書き風のロゴを描きます",
    "description": "小さなお店のロゴを、手書きの温かみで。",
    "category": "design-logo",
    "packages": PACKAGES,
    "options": OPTIONS,
    "capacity": 2,
}
ORDER = {"package": "フル", "options": ["名刺データ"], "requirements": "パン屋です。"}


def a_listing(**over: Any) -> Listing:
    """Return a listing of SELLER, published at NOON."""
    words: dict[str, Any] = {
        "id": ids.new("lst"),
        "worker_id": SELLER,
        "state": "published",
        "title": WORDS["title"],
        "description": WORDS["description"],
        "category": "design-logo",
        "packages": (
            Package(name="ライト", price=yen(10_000), delivery_days=5, revisions=1),
            Package(name="フル", price=yen(30_000), delivery_days=14, revisions=3),
        ),
        "options": (Extra(name="名刺データ", price=yen(5_000), extra_days=2),),
        "capacity": 2,
        "consult": False,
        "created_at": NOON,
        "changed_at": NOON,
        "published_at": NOON,
        **over,
    }
    return Listing(**words)


def ordered(found: Listing, **over: Any) -> Outcome[Listing]:
    words: dict[str, Any] = {
        "by": BUYER,
        "bar": None,
        "offer_id": ids.new("off"),
        "contract_id": ids.new("con"),
        **ORDER,
        **over,
    }
    return listing.order(found, now=NOON, **words)


# the rules


@pytest.mark.pure
def test_an_order_takes_a_place_and_says_all_that_is_agreed() -> None:
    found, [fact] = ordered(a_listing(), offer_id="off_1", contract_id="con_1")

    assert found.free == 1
    assert fact.type == "listing.ordered"
    said = fact.data
    assert (said["amount"], said["delivery_days"]) == (yen(35_000).words(), 16)
    assert (said["offer_id"], said["contract_id"], said["revisions"]) == ("off_1", "con_1", 3)
    assert (said["client_id"], said["worker_id"]) == (BUYER, SELLER)
    for words in ("フル", "名刺データ", WORDS["description"], "パン屋です。"):
        assert words in said["scope"]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("found", "over", "why"),
    [
        (a_listing(), {"by": SELLER}, (Forbidden, "own_listing")),
        (a_listing(), {"bar": SUSPENDED}, (Forbidden, "member_suspended")),
        (a_listing(state="paused"), {}, (Conflict, "listing_not_open")),
        (a_listing(state="withdrawn"), {}, (Conflict, "listing_not_open")),
        (a_listing(state="draft"), {}, (Conflict, "listing_not_open")),
        (
            a_listing(capacity=1, orders=(Order(offer_id="off", until=NOON + DAY),)),
            {},
            (Conflict, "no_capacity_left"),
        ),
        (a_listing(), {"package": "?"}, (Invalid, "unknown_package")),
        (a_listing(), {"options": ["?"]}, (Invalid, "unknown_option")),
    ],
)
def test_an_order_is_refused(found: Listing, over: Any, why: tuple[type[Refused], str]) -> None:
    with pytest.raises(why[0]) as no:
        ordered(found, **over)
    assert no.value.code == why[1]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"category": "design"}, "category"),
        ({"packages": [a_listing().packages[0]] * 2}, "packages"),
        ({"options": [a_listing().options[0]] * 2}, "options"),
        (
            {"options": [Extra(name="x", price=replace(yen(1), currency="USD"))]},
            "packages",
        ),
    ],
)
def test_words_that_do_not_fit_are_refused(words: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as no:
        listing.edit(a_listing(), now=NOON, by=SELLER, words=words)
    assert set(no.value.details["fields"]) == {field}


@pytest.mark.pure
@pytest.mark.parametrize("rule", [listing.pause, listing.withdraw])
def test_only_its_seller_moves_a_listing(rule: Callable[..., Any]) -> None:
    with pytest.raises(Forbidden):
        rule(a_listing(), now=NOON, by=BUYER)


@pytest.mark.pure
@pytest.mark.parametrize("state", listing.STATES)
@pytest.mark.parametrize("move", ["edit", "publish", "pause", "withdraw"])
def test_a_move_goes_where_the_table_says_or_is_refused(state: str, move: str) -> None:
    more = {"edit": {"words": {}}, "publish": {"bar": None}}.get(move, {})
    rule = getattr(listing, move)
    to = listing.MOVES[move].get(state)
    if to is None:
        with pytest.raises(Conflict):
            rule(a_listing(state=state), now=NOON, by=SELLER, **more)
    else:
        assert rule(a_listing(state=state), now=NOON, by=SELLER, **more)[0].state == to


# silence


@pytest.mark.pure
@pytest.mark.parametrize("state", listing.STATES)
def test_every_state_ends_by_silence_alone(state: str) -> None:
    placed = (Order(offer_id="off", until=NOON + 9 * DAY),)
    how = Seen(state="held", release_at=NOON + 3 * DAY) if state == "held" else SHOWN
    found, seen = a_listing(state=state, orders=placed, seen=how), [state]
    while (at := listing_silence.wake(found)) is not None:
        with pytest.raises(Ignored):
            listing_silence.on_wake(found, now=at - timedelta(milliseconds=1))
        step = listing_silence.next_step(found)
        found, facts = listing_silence.on_wake(found, now=at)
        if found.state != seen[-1]:
            assert step is not None
            assert (step["otherwise"], step["by"]) == (found.state, at)
            released = ["posting.released"] if seen[-1] == "held" else []
            assert [fact.type for fact in facts] == [*released, f"listing.{found.state}"]
            seen.append(found.state)
    assert found.state == "withdrawn"
    assert found.orders == ()
    assert listing_silence.next_step(found) is None


@pytest.mark.pure
@pytest.mark.parametrize("state", ["published", "paused"])
def test_its_seller_is_told_once_before_silence_and_an_edit_renews_it(state: str) -> None:
    found = a_listing(state=state)
    at = listing_silence.wake(found)
    assert at
    step = listing_silence.next_step(found)
    assert step
    told, (fact,) = listing_silence.on_wake(found, now=at)
    assert (fact.type, fact.data["by"]) == ("listing.idle", clock.text(step["by"]))
    assert (fact.data["action"], fact.data["otherwise"]) == (step["action"], step["otherwise"])
    assert listing_silence.wake(told) == step["by"] == at + listing.TOLD_BEFORE

    edited, (fact,) = listing.edit(told, now=at, by=SELLER, words={})
    assert fact.type == "listing.renewed"
    assert listing.edit(edited, now=at, by=SELLER, words={})[1] == []
    assert listing_silence.wake(edited) == at + listing.RENEWED_WITHIN - listing.TOLD_BEFORE


@pytest.mark.pure
@pytest.mark.parametrize("what", sorted({*listing.OVER, "contract.formed"}))
def test_what_is_heard_of_an_order_frees_its_place_or_keeps_it(what: str) -> None:
    placed = (Order(offer_id="off_1", until=NOON + DAY), Order(offer_id="off_2", until=NOON + DAY))
    found, _ = listing.hear(a_listing(orders=placed), now=NOON, what=what, offer_id="off_1")
    assert found.free == (1 if what in listing.OVER else 0)
    again = {"now": NOON, "what": what, "offer_id": "off_1"}
    if what in listing.OVER:
        with pytest.raises(Ignored):
            listing.hear(found, **again)
    else:
        assert listing.hear(found, **again)[0] == found


@pytest.mark.pure
def test_a_listing_comes_back_as_it_was_kept() -> None:
    how = Seen(state="held", findings=("prohibited_mlm",), release_at=NOON, unseen=True)
    found = a_listing(orders=(Order(offer_id="off_1", until=NOON),), seen=how)
    assert listing_of(listing_doc(found)) == found


# over HTTP


def published(seller: Caller, **over: Any) -> str:
    made = seller.post("/v1/listings", {**WORDS, **over})
    assert made.status_code == 201, made.json
    id_: str = made.json["id"]
    assert made.headers["Location"] == f"/v1/listings/{id_}"
    assert seller.post(f"/v1/listings/{id_}/publish").json["state"] == "published"
    return id_


def test_a_draft_is_its_seller_s_alone_until_it_is_published(
    worker: Caller, client: Caller, nobody: Caller
) -> None:
    id_ = worker.post("/v1/listings", WORDS).json["id"]
    assert client.get(f"/v1/listings/{id_}").status_code == 404
    assert nobody.get("/v1/listings").json["items"] == []
    mine = worker.get("/v1/listings?mine=true").json["items"]
    assert [one["state"] for one in mine] == ["draft"]

    worker.post(f"/v1/listings/{id_}/publish")

    seen = nobody.get(f"/v1/listings/{id_}").json
    assert (seen["state"], seen["orders_free"], seen["actions"]) == ("published", 2, [])
    assert seen["packages"] == PACKAGES
    assert seen["options"] == OPTIONS
    assert [one["id"] for one in nobody.get("/v1/listings").json["items"]] == [id_]


def test_an_order_names_its_contract_and_the_same_request_names_the_same(
    worker: Caller, client: Caller
) -> None:
    id_ = published(worker)
    first = client.post(f"/v1/listings/{id_}/orders", ORDER, key="once")
    again = client.post(f"/v1/listings/{id_}/orders", ORDER, key="once")

    assert first.status_code == again.status_code == 202
    assert first.json == again.json
    assert first.json["contract_id"].startswith("con_")
    assert first.headers["Location"] == f"/v1/contracts/{first.json['contract_id']}"
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert client.get(f"/v1/listings/{id_}").json["orders_free"] == 1


def test_where_the_seller_wants_to_be_asked_an_order_names_an_offer(
    worker: Caller, client: Caller
) -> None:
    id_ = published(worker, consult=True)
    said = client.post(f"/v1/listings/{id_}/orders", ORDER)
    assert said.status_code == 202
    assert said.json["contract_id"] is None
    assert said.headers["Location"] == f"/v1/offers/{said.json['offer_id']}"


def test_actions_say_why_one_cannot_order(worker: Caller, client: Caller) -> None:
    id_ = published(worker, capacity=1)
    client.post(f"/v1/listings/{id_}/orders", ORDER)
    [action] = client.get(f"/v1/listings/{id_}").json["actions"]
    assert (action["name"], action["allowed"]) == ("order", False)
    assert action["reasons"] == ["no_capacity_left"]
    refused = client.post(f"/v1/listings/{id_}/orders", ORDER)
    assert (refused.status_code, refused.json["code"]) == (409, "no_capacity_left")


def test_an_edit_names_the_version_it_changes(worker: Caller, client: Caller) -> None:
    id_ = published(worker)
    path, change = f"/v1/listings/{id_}", {"title": "ロゴを描きます"}
    assert worker.send("PATCH", path, change).status_code == 428
    assert worker.send("PATCH", path, change, If_Match='"1"').status_code == 412
    assert client.send("PATCH", path, change, If_Match="*").status_code == 403
    tag = worker.get(path).headers["ETag"]
    assert worker.send("PATCH", path, change, If_Match=tag).json["title"] == "ロゴを描きます"


def test_listings_are_found_by_category_words_price_and_seller(
    worker: Caller, client: Caller, nobody: Caller
) -> None:
    logo = published(worker)
    site = published(
        client,
        title="喫茶店のホームページ",
        category="web-site",
        packages=[{**PACKAGES[0], "price": yen(90_000).words()}],
        options=[],
    )

    def found(query: str) -> list[str]:
        return [one["id"] for one in nobody.get(f"/v1/listings?{query}").json["items"]]

    assert found("sort=price") == [logo, site]
    assert found("sort=amount") == [site, logo]
    assert found("sort=new") == [site, logo]
    assert found("category=design") == [logo]
    assert found("q=喫茶店") == [site]
    assert found("q=手書き 描きます") == [logo]
    assert found("max_amount=20000") == [logo]
    assert found("min_amount=50000") == [site]
    assert found(f"worker_id={client.id}") == [site]
    assert found("state=paused") == []
    first = nobody.get("/v1/listings?limit=1&sort=price").json
    rest = nobody.get(f"/v1/listings?limit=1&sort=price&cursor={first['next_cursor']}").json
    assert [one["id"] for one in (*first["items"], *rest["items"])] == [logo, site]
    assert nobody.get(f"/v1/jobs?cursor={first['next_cursor']}").status_code == 422


def test_the_last_places_are_never_oversold(app: Any, store: Store, signer: Signer) -> None:
    keep(store.db, LISTINGS, a_listing(id="lst_" + "0" * 32, capacity=10))
    buyers = [a_caller(app, signer) for _ in range(64)]

    def buy(buyer: Caller) -> None:
        answer = buyer.post("/v1/listings/lst_" + "0" * 32 + "/orders", ORDER)
        while answer.status_code == 503:  # all write one document at once: asked again
            answer = buyer.post("/v1/listings/lst_" + "0" * 32 + "/orders", ORDER)
        if answer.status_code != 202:
            raise Conflict(answer.json["code"])

    ended = race([lambda buyer=buyer: buy(buyer) for buyer in buyers])  # type: ignore[misc]

    assert ended.count("ok") == 10
    assert set(ended) == {"ok", "no_capacity_left"}
    assert len(store.get(LISTINGS, "lst_" + "0" * 32).orders) == 10


# what is heard


def test_contracts_that_end_give_their_places_back(
    worker: Caller, client: Caller, store: Store
) -> None:
    id_ = published(worker, capacity=1)
    order = client.post(f"/v1/listings/{id_}/orders", ORDER).json
    words = {
        "contract_id": order["contract_id"],
        "offer_id": order["offer_id"],
        "client_id": client.id,
        "worker_id": worker.id,
        "title": "-",
        "job_id": None,
        "proposal_id": None,
        "listing_id": id_,
        "review_by": "2026-12-07T00:00:00.000Z",
        "hold_ids": [],
    }
    event = an_event("contract.completed", words)
    for _ in range(2):
        engine.handle_one(store, REACTIONS, event, now=NOON)
    assert store.get(LISTINGS, id_).free == 1
    assert client.post(f"/v1/listings/{id_}/orders", ORDER).status_code == 202
