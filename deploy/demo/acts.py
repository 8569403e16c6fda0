"""One act for each mode of a marketplace: from the first word to the wallets that quotes foretold.

Each act has people of its own, so that its wallets hold nothing else. `./dev demo --profile NAME`
plays the acts of the modes that the profile has.
"""

import secrets
from collections.abc import Callable

from deploy.demo.story import Said, Story, expect, in_days, wait_for, yen
from ukeoi_client import Member

AMOUNT = 40_000
PRIZE = 60_000
REWARD = 2_000


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
    return _worked(story, client, worker, contract, "project", AMOUNT)


def storefront(story: Story) -> str:
    """A listing, ordered, funded, delivered, paid."""
    client, worker = _two(story)
    package = {"name": "一式", "price": yen(AMOUNT), "delivery_days": 7, "revisions": 1}
    words = {
        "title": "手書き風のロゴを描きます",
        "description": "小さなお店のロゴを、手書きの温かみで。",
        "category": _leaf(story),
        "packages": [package],
    }
    listing = worker.post("/v1/listings", words).body["id"]
    worker.post(f"/v1/listings/{listing}/publish")
    order = {"package": "一式", "requirements": "パン屋のロゴをお願いします。"}
    contract = client.post(f"/v1/listings/{listing}/orders", order).body["contract_id"]
    return _worked(story, client, worker, contract, "storefront", AMOUNT)


def competition(story: Story) -> str:
    """A funded prize, two entries, one winner."""
    client, winner = _two(story)
    other = _member(story, "高橋陽菜")
    words = {
        "mode": "competition",
        "title": "喫茶店のロゴコンペ",
        "description": "手書き風のロゴを募集します。",
        "category": _leaf(story),
        "prizes": [yen(PRIZE)],
        "closes_at": in_days(7),
    }
    job = _funded_job(story, client, words)
    entry = {"title": "湯気の案", "description": "湯気をかたどりました。"}
    won = winner.post(f"/v1/jobs/{job}/entries", entry).body["id"]
    other.post(f"/v1/jobs/{job}/entries", {**entry, "title": "豆の案"})
    client.post(f"/v1/jobs/{job}/close")
    client.post(f"/v1/jobs/{job}/award", {"awards": [{"rank": 1, "entry_id": won}]})
    wait_for(story, client, f"/v1/jobs/{job}", state="completed")
    quote = _quote(story, "competition", PRIZE)
    wait_for(story, other, "/v1/wallet", available=yen(0))
    return _as_quoted(story, client, winner, job, quote)


def task(story: Story) -> str:
    """Two funded slots; both handed in, both approved."""
    client, worker = _two(story)
    words = {
        "mode": "task",
        "title": "お店の名前を調べる",
        "description": "写真のお店の名前を入力してください。",
        "category": _leaf(story),
        "reward": yen(REWARD),
        "slots": 1,
        "deadline_at": in_days(7),
        "form": [{"id": "shop", "type": "text", "label": "店名", "required": True}],
        "criteria": [{"id": "complete", "text": "入力されている"}],
    }
    job = _funded_job(story, client, words)
    story.api.wait_until(
        "the slot can be taken",
        lambda: client.get(f"/v1/jobs/{job}")["slots_by_state"].get("free", 0),
        lambda free: free == 1,
    )
    taken = worker.post(f"/v1/jobs/{job}/assignments").body["id"]
    worker.post(f"/v1/assignments/{taken}/submit", {"answers": {"shop": "喫茶ひだまり"}})
    client.post(f"/v1/jobs/{job}/approvals", {"assignment_ids": [taken]})
    client.post(f"/v1/jobs/{job}/close")
    wait_for(story, client, f"/v1/jobs/{job}", state="completed")
    return _as_quoted(story, client, worker, job, _quote(story, "task", REWARD))


ACTS: dict[str, tuple[str, Callable[[Story], str]]] = {
    "project": ("A project, by a direct offer", project),
    "competition": ("A competition with one winner", competition),
    "task": ("A task, approved", task),
    "storefront": ("An order from a listing", storefront),
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


def _worked(
    story: Story, client: Member, worker: Member, contract: str, mode: str, amount: int
) -> str:
    at = f"/v1/contracts/{contract}"
    waiting = wait_for(story, client, at, state="awaiting_funding")
    hold = f"/v1/holds/{waiting['milestones'][0]['hold_id']}"
    client.get(hold, soon=True)
    client.post(f"{hold}/fund", {"method": "card"})
    wait_for(story, worker, at, state="active")
    worker.post(f"{at}/milestones/1/deliver", {"note": "できました。", "links": []})
    client.post(f"{at}/milestones/1/accept")
    wait_for(story, client, at, state="completed")
    return _as_quoted(story, client, worker, contract, _quote(story, mode, amount))


def _as_quoted(story: Story, client: Member, worker: Member, ref: str, quote: Said) -> str:
    """Pass when both sides have paid and got to the yen what the quote said."""
    gets, pays = quote["worker"]["gets"], quote["client"]["pays"]
    wait_for(story, worker, "/v1/wallet", available=gets)
    [hold] = client.items("/v1/holds", ref=ref)
    expect("what the client paid", hold["quote"]["client"]["pays"], pays)
    expect("the client's wallet", client.get("/v1/wallet")["available"], yen(0))
    return f"the client pays ¥{pays['amount']:,}, the worker gets ¥{gets['amount']:,}, as quoted"
