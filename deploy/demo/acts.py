"""One act for each mode of a marketplace: from the first word to the wallets that quotes foretold.

Each act has people of its own, so that its wallets hold nothing else. `./dev demo --profile NAME`
plays the acts of the modes that the profile has.
"""

import secrets
from collections.abc import Callable

from deploy.demo.story import Said, Story, expect, in_days, wait_for, yen
from ukeoi_client import Member

AMOUNT = 40_000
QUOTED = 55_000
"""What a seller who is asked first wants for the same package."""
PRIZES = (60_000, 15_000)
REWARD = 2_000
SLOTS = 3


def runs_as(story: Story, profile: str) -> str:
    """The quotes are those of this marketplace."""
    quote = _quote(story, "project", AMOUNT)
    expect("the profile of a quote", quote["profile"], profile)
    return f"version {quote['schedule']['version']} of its fees"


def project(story: Story) -> str:
    """A direct offer, accepted, funded, delivered, paid."""
    client, worker = _two(story)
    words = {
        "worker_id": worker.id,
        "title": "商店街の紹介記事",
        "scope": "商店街の店を三軒取材し、記事にまとめてください。",
        "amount": yen(AMOUNT),
        "deliver_by": in_days(14),
    }
    offer = client.post("/v1/offers", words, soon=True).body["id"]
    contract = worker.post(f"/v1/offers/{offer}/accept", soon=True).body["id"]
    quote = _quote(story, "project", AMOUNT)
    _funded(story, client, contract, quote)
    _worked(story, client, worker, contract)
    _wallets(story, (client, 0), (worker, gets(quote)))
    return _told(quote)


def storefront(story: Story) -> str:
    """Three orders: one cancelled, one paid with what came back, one of a seller who was asked."""
    client, worker = _two(story)
    quote, asked = (_quote(story, "storefront", amount) for amount in (AMOUNT, QUOTED))
    order = {"package": "一式", "requirements": "パン屋のロゴをお願いします。"}
    at = f"/v1/listings/{_listed(story, worker, consult=False)}/orders"

    first = client.post(at, order).body["contract_id"]
    _funded(story, client, first, quote)
    client.post(f"/v1/contracts/{first}/cancellation", {"reason": "開店が延びました。"})
    worker.post(f"/v1/contracts/{first}/cancellation/agree")
    wait_for(story, client, f"/v1/contracts/{first}", state="cancelled")
    _wallets(story, (client, pays(quote)), (worker, 0))

    second = client.post(at, order).body["contract_id"]
    _funded(story, client, second, quote, method="wallet")
    _wallets(story, (client, 0), (worker, 0))
    _worked(story, client, worker, second)
    _wallets(story, (client, 0), (worker, gets(quote)))

    at = f"/v1/listings/{_listed(story, worker, consult=True)}/orders"
    offer = client.post(at, order).body["offer_id"]
    wait_for(story, worker, f"/v1/offers/{offer}", state="sent")
    worker.post(f"/v1/offers/{offer}/counter", {"amount": yen(QUOTED)})
    third = client.post(f"/v1/offers/{offer}/accept").body["id"]
    _funded(story, client, third, asked)
    _worked(story, client, worker, third)
    _wallets(story, (client, 0), (worker, gets(quote) + gets(asked)))
    return f"{_told(quote)}; after a cancellation all came back"


def _listed(story: Story, seller: Member, *, consult: bool) -> str:
    package = {"name": "一式", "price": yen(AMOUNT), "delivery_days": 7, "revisions": 1}
    words = {
        "title": "手書き風のロゴを描きます",
        "description": "小さなお店のロゴを、手書きの温かみで。",
        "category": _leaf(story),
        "packages": [package],
        "consult": consult,
    }
    listing = str(seller.post("/v1/listings", words).body["id"])
    seller.post(f"/v1/listings/{listing}/publish")
    return listing


def competition(story: Story) -> str:
    """Two funded prizes, two entries, one winner: the second prize goes back."""
    client, winner = _two(story)
    other = _member(story, "高橋陽菜")
    words = {
        "mode": "competition",
        "title": "喫茶店のロゴコンペ",
        "description": "手書き風のロゴを募集します。",
        "category": _leaf(story),
        "prizes": [yen(prize) for prize in PRIZES],
        "closes_at": in_days(7),
    }
    job = _funded_job(story, client, words)
    entry = {"title": "湯気の案", "description": "湯気をかたどりました。"}
    won = winner.post(f"/v1/jobs/{job}/entries", entry).body["id"]
    other.post(f"/v1/jobs/{job}/entries", {**entry, "title": "豆の案"})
    client.post(f"/v1/jobs/{job}/close")
    client.post(f"/v1/jobs/{job}/award", {"awards": [{"rank": 1, "entry_id": won}]})
    wait_for(story, client, f"/v1/jobs/{job}", state="completed")
    quote, unused = (_quote(story, "competition", prize) for prize in PRIZES)
    _wallets(story, (client, pays(unused)), (winner, gets(quote)), (other, 0))
    return f"{_told(quote)}; ¥{pays(unused):,} of the second prize came back"


def task(story: Story) -> str:
    """Three funded slots, two of them approved: the third goes back."""
    client, worker = _two(story)
    other = _member(story, "高橋陽菜")
    words = {
        "mode": "task",
        "title": "お店の名前を調べる",
        "description": "写真のお店の名前を入力してください。",
        "category": _leaf(story),
        "reward": yen(REWARD),
        "slots": SLOTS,
        "deadline_at": in_days(7),
        "form": [{"id": "shop", "type": "text", "label": "店名", "required": True}],
        "criteria": [{"id": "complete", "text": "入力されている"}],
    }
    job = _funded_job(story, client, words)
    story.api.wait_until(
        "the slots can be taken",
        lambda: client.get(f"/v1/jobs/{job}")["slots_by_state"].get("free", 0),
        lambda free: free == SLOTS,
    )
    for who in (worker, other):
        taken = who.post(f"/v1/jobs/{job}/assignments").body["id"]
        who.post(f"/v1/assignments/{taken}/submit", {"answers": {"shop": "喫茶ひだまり"}})
        client.post(f"/v1/assignments/{taken}/approve")
    client.post(f"/v1/jobs/{job}/close")
    wait_for(story, client, f"/v1/jobs/{job}", state="completed")
    quote = _quote(story, "task", REWARD)
    _wallets(story, (client, pays(quote)), (worker, gets(quote)), (other, gets(quote)))
    return f"for each slot {_told(quote)}; ¥{pays(quote):,} of the third came back"


ACTS: dict[str, tuple[str, Callable[[Story], str]]] = {
    "project": ("A project, by a direct offer", project),
    "competition": ("A competition with one winner", competition),
    "task": ("A task of three slots, two approved", task),
    "storefront": ("Orders from listings", storefront),
}


def _member(story: Story, name: str) -> Member:
    address = f"{secrets.token_hex(6)}@example.com"
    return story.api.register(
        address, secrets.token_urlsafe(16), display_name=name, locale="ja", kind="individual"
    )


def _two(story: Story) -> tuple[Member, Member]:
    return _member(story, "佐藤美咲"), _member(story, "山田太郎")


def _leaf(story: Story) -> str:
    tree = story.anybody.get("/v1/categories", locale="ja")["items"]
    return str(next(field for field in tree if field["children"])["children"][0]["id"])


def _quote(story: Story, mode: str, amount: int) -> Said:
    said = story.anybody.get("/v1/quotes", mode=mode, amount=amount, currency="JPY")
    return dict(said)


def _funded_job(story: Story, client: Member, words: Said) -> str:
    job = client.post("/v1/jobs", words).body["id"]
    hold = client.post(f"/v1/jobs/{job}/publish").body["hold_id"]
    client.get(f"/v1/holds/{hold}", soon=True)
    client.post(f"/v1/holds/{hold}/fund", {"method": "card"})
    wait_for(story, client, f"/v1/jobs/{job}", state="open")
    return str(job)


def _funded(story: Story, client: Member, contract: str, quote: Said, method: str = "card") -> None:
    """Pay for a contract what its quote said."""
    at = f"/v1/contracts/{contract}"
    waiting = wait_for(story, client, at, state="awaiting_funding")
    hold = f"/v1/holds/{waiting['milestones'][0]['hold_id']}"
    said = client.get(hold, soon=True)["quote"]
    for side in ("client", "worker"):
        expect(f"the quote of {hold} for the {side}", said[side], quote[side])
    client.post(f"{hold}/fund", {"method": method})
    wait_for(story, client, at, state="active")


def _worked(story: Story, client: Member, worker: Member, contract: str) -> None:
    at = f"/v1/contracts/{contract}"
    worker.post(f"{at}/milestones/1/deliver", {"note": "できました。", "links": []})
    client.post(f"{at}/milestones/1/accept")
    wait_for(story, client, at, state="completed")


def _wallets(story: Story, *foretold: tuple[Member, int]) -> None:
    """Wait until these wallets hold so many yen, and pass when their statements add up to it."""
    for who, amount in foretold:
        wait_for(story, who, "/v1/wallet", available=yen(amount), pending=yen(0))
        lines = who.items("/v1/wallet/entries")
        expect(f"{who.name}'s statement", sum(one["amount"]["amount"] for one in lines), amount)


def pays(quote: Said) -> int:
    """Return what the client pays, in yen."""
    return int(quote["client"]["pays"]["amount"])


def gets(quote: Said) -> int:
    """Return what the worker gets, in yen."""
    return int(quote["worker"]["gets"]["amount"])


def _told(quote: Said) -> str:
    return f"the client pays ¥{pays(quote):,}, the worker gets ¥{gets(quote):,}, as quoted"
