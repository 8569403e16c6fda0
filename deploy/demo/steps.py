"""The story of one hire, from registration to payout: steps in a list, each with what it expects.

Everything here is what an outside caller sees: paths, fields and codes of the API, nothing else.
"""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deploy.demo import people
from deploy.demo.people import Person
from deploy.demo.story import (
    Said,
    Story,
    Unexpected,
    expect,
    expect_refusal,
    expect_todo,
    in_days,
    wait_for,
    yen,
)
from ukeoi_client import Caller, Member

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is called, and what it does; it returns a word on how it went."""

    title: str
    play: Callable[[Story], str]


# the people


def register(story: Story) -> str:
    """A café and three people who take work become members."""
    for person in (people.MISAKI, people.TARO, people.HARUNA, people.EMMA):
        story.cast[person.mail] = _registered(story, person)
    return ", ".join(who.name for who in story.cast.values())


def _registered(story: Story, person: Person) -> Member:
    who = story.api.register(
        f"{person.mail}.{story.run}@example.com",
        secrets.token_urlsafe(16),
        display_name=person.display_name,
        locale=person.locale,
        kind=person.kind,
    )
    expect("the name of a new member", who.see_me().body["display_name"], person.display_name)
    return who


# the job


def draft(story: Story) -> str:
    """The café describes what it wants."""
    story.category = _leaf(story.anybody.get("/v1/categories", locale="ja")["items"])
    low, high = people.BUDGET
    words = {
        "mode": "project",
        "title": people.TITLE,
        "description": people.DESCRIPTION,
        "category": story.category,
        "skills": people.SKILLS,
        "deadline_at": in_days(45),
        "proposals_close_at": in_days(14),
        "budget": {"min": yen(low), "max": yen(high)},
        "openings": 1,
    }
    made = story.client.post("/v1/jobs", words)
    story.job_id = made.body["id"]
    expect("the state of a new job", made.body["state"], "draft")
    path = f"/v1/jobs/{story.job_id}"
    expect_refusal(story.stranger, "GET", path, None, (404, "no_such_job"))
    return f"{story.job_id}, seen by nobody else yet"


def _leaf(tree: list[Said]) -> str:
    """Return the id of a category without parts, one about websites where there is one."""
    leaves: list[Said] = []
    while tree:
        here = tree.pop(0)
        tree = [*(here.get("children") or []), *tree]
        if not here.get("children"):
            leaves.append(here)
    if not leaves:
        raise Unexpected("the categories", "a tree with leaves", leaves)
    about = [leaf for leaf in leaves if "ホームページ" in leaf["name"]["ja"]]
    return str((about or leaves)[0]["id"])


def publish(story: Story) -> str:
    """It opens, and a search in Japanese finds it."""
    opened = story.client.post(f"/v1/jobs/{story.job_id}/publish")
    expect("the state of a published job", opened.body["state"], "open")
    story.api.wait_until(
        f"a search for {people.SEARCH} finds the job",
        lambda: story.anybody.get("/v1/jobs", q=people.SEARCH, category=story.category)["items"],
        lambda found: story.job_id in [job["id"] for job in found],
    )
    return f"found by searching for 「{people.SEARCH}」, without a token"


def ask_and_answer(story: Story) -> str:
    """Two people ask, the café answers, and its to-do list empties itself."""
    path = f"/v1/jobs/{story.job_id}/questions"
    for who, text in (("taro", people.QUESTION_TARO), ("emma", people.QUESTION_EMMA)):
        asked = story.cast[who].post(path, {"text": text})
        story.questions[who] = asked.body["id"]
    expect_todo(story, story.client, "answer", "answer")
    for who, text in (("taro", people.ANSWER_TARO), ("emma", people.ANSWER_EMMA)):
        story.client.post(f"/v1/questions/{story.questions[who]}/answer", {"text": text})
    expect_todo(story, story.client)
    return "2 questions, 2 answers"


def propose(story: Story) -> str:
    """Three people propose; each sees their own proposal, the café all."""
    path = f"/v1/jobs/{story.job_id}/proposals"
    for who, bid in people.BIDS.items():
        words = {
            "message": bid.message,
            "amount": yen(bid.amount),
            "deliver_by": in_days(bid.days),
        }
        made = story.cast[who].post(path, words)
        story.proposals[who] = made.body["id"]
    expect("the proposals one worker sees", len(list(story.worker.items(path))), 1)
    expect("the proposals the client sees", len(list(story.client.items(path))), len(people.BIDS))
    expect_todo(story, story.client, *["select"] * len(people.BIDS))
    return ", ".join(f"{story.cast[w].name} ¥{b.amount:,}" for w, b in people.BIDS.items())


def decline(story: Story) -> str:
    """One is declined, with thanks."""
    declined = story.client.post(f"/v1/proposals/{story.proposals['emma']}/decline")
    expect("the state of the declined proposal", declined.body["state"], "declined")
    expect_todo(story, story.client, "select", "select")
    return f"{story.cast['emma'].name} is told kindly, in English"


# the offer


def select(story: Story) -> str:
    """The café chooses; an offer goes to the person."""
    path = f"/v1/proposals/{story.proposals['taro']}/select"
    selected = story.client.post(path, {"scope": people.OFFER_SCOPE})
    story.offer_id = selected.body["offer_id"]
    offer = story.worker.get(f"/v1/offers/{story.offer_id}", soon=True)
    expect("the state of the offer", offer["state"], "sent")
    expect("whose turn it is", offer["next"]["actor"], "worker")
    expect_todo(story, story.worker, "answer")
    return f"an offer to {story.worker.name}, to be answered by {offer['next']['by']}"


def talk(story: Story) -> str:
    """They talk about the offer before it is accepted; nobody else can read it."""
    path = f"/v1/offers/{story.offer_id}/messages"
    story.worker.post(path, {"text": people.OFFER_ASK})
    story.client.post(path, {"text": people.OFFER_REPLY})
    texts = {message["text"] for message in story.worker.items(path)}
    expect("the conversation", texts, {people.OFFER_ASK, people.OFFER_REPLY})
    expect_refusal(story.stranger, "GET", path, None, (404, "no_such_offer"))
    return f"{len(texts)} messages; a stranger gets 404"


def accept(story: Story) -> str:
    """Acceptance makes the contract; it waits for the money."""
    made = story.worker.post(f"/v1/offers/{story.offer_id}/accept")
    story.contract_id = made.body["id"]
    contract = story.contract()
    expect("the state of the contract", contract["state"], "awaiting_funding")
    expect("who is to act", contract["next"]["actor"], "client")
    expect_todo(story, story.client, "fund")
    expect_todo(story, story.worker)
    return f"{story.contract_id}; unfunded by {contract['next']['by']} it is cancelled"


def too_early(story: Story) -> str:
    """Work before funding is refused, and a stranger finds no contract."""
    words = {"note": people.DELIVERY_ONE, "links": people.LINKS_ONE}
    path = story.milestone_path("deliver")
    expect_refusal(story.worker, "POST", path, words, (409, "not_funded"))
    path = f"/v1/contracts/{story.contract_id}"
    expect_refusal(story.stranger, "GET", path, None, (404, "no_such_contract"))
    return "409 not_funded, 404 no_such_contract"


# the money and the work


def quote(story: Story) -> str:
    """What the café pays and the person gets, with every step."""
    amount = people.BIDS["taro"].amount
    story.quote = story.anybody.get("/v1/quotes", mode="project", amount=amount, currency="JPY")
    pays, gets = story.quote["client"]["pays"], story.quote["worker"]["gets"]
    return f"the client pays ¥{pays['amount']:,}, the worker gets ¥{gets['amount']:,}"


def fund(story: Story) -> str:
    """The café funds by card: the same request 8 times at once, with one key, funds once."""
    story.hold_id = story.contract()["milestones"][0]["hold_id"]
    path = f"/v1/holds/{story.hold_id}"
    story.client.get(path, soon=True)
    key = f"fund-{story.run}"

    def once(_: int) -> bool:
        return story.client.post(f"{path}/fund", {"method": "card"}, key=key).is_replayed

    with ThreadPoolExecutor(AT_ONCE) as pool:
        replayed = sum(pool.map(once, range(AT_ONCE)))
    # One of them did it; its own answer may have been lost, and then it was repeated as well.
    expect("all but one of the requests were repetitions", replayed >= AT_ONCE - 1, True)
    wait_for(story, story.client, path, state="funded")
    contract = wait_for(story, story.client, f"/v1/contracts/{story.contract_id}", state="active")
    expect("the state of the milestone", contract["milestones"][0]["state"], "funded")
    expect_todo(story, story.client)
    expect_todo(story, story.worker, "deliver")
    return f"held in {story.hold_id}; {replayed} of {AT_ONCE} requests were repetitions"


def deliver(story: Story) -> str:
    """The person delivers; from now on silence would accept it."""
    words = {"note": people.DELIVERY_ONE, "links": people.LINKS_ONE}
    contract = story.worker.post(story.milestone_path("deliver"), words).body
    expect("what the client is to do", contract["next"]["action"], "inspect")
    expect("what silence leads to", contract["next"]["otherwise"], "accepted")
    expect_todo(story, story.client, "inspect")
    expect_todo(story, story.worker)
    path = f"/v1/contracts/{story.contract_id}/timeline"
    story.forecast = story.client.get(path)["future"]
    return f"accepted by silence at {contract['next']['by']}"


def request_changes(story: Story) -> str:
    """The café sends it back, kindly and precisely."""
    path = story.milestone_path("request-changes")
    contract = story.client.post(path, {"note": people.CHANGES}).body
    expect("the state of the milestone", contract["milestones"][0]["state"], "changes_requested")
    expect_todo(story, story.client)
    expect_todo(story, story.worker, "deliver")
    return "round 1: the map and the photographs"


def deliver_again(story: Story) -> str:
    """The person delivers again."""
    words = {"note": people.DELIVERY_TWO, "links": people.LINKS_TWO}
    contract = story.worker.post(story.milestone_path("deliver"), words).body
    expect("the state of the milestone", contract["milestones"][0]["state"], "delivered")
    expect_todo(story, story.client, "inspect")
    expect_todo(story, story.worker)
    return "both points mended, with a manual"


def accept_delivery(story: Story) -> str:
    """The café accepts; the reward is released, and the contract completes."""
    story.client.post(story.milestone_path("accept"))
    contract = wait_for(
        story, story.client, f"/v1/contracts/{story.contract_id}", state="completed"
    )
    expect("the state of the milestone", contract["milestones"][0]["state"], "paid")
    hold = story.client.get(f"/v1/holds/{story.hold_id}")
    expect("the state of the hold", hold["state"], "released")
    wait_for(story, story.client, f"/v1/jobs/{story.job_id}", state="completed")
    expect_todo(story, story.client, "review")
    expect_todo(story, story.worker, "review")
    return "the milestone is paid, the contract and the job are completed"


def wallet(story: Story) -> str:
    """The reward is in the person's wallet, exactly as quoted."""
    gets = story.quote["worker"]["gets"]
    seen = story.worker.get("/v1/wallet")
    expect("the worker's wallet", seen["available"], gets)
    expect("the client's wallet", story.client.get("/v1/wallet")["available"], yen(0))
    entries = story.worker.items("/v1/wallet/entries")
    expect("the sum of the statement", sum(e["amount"]["amount"] for e in entries), gets["amount"])
    return f"¥{gets['amount']:,}, and the statement adds up"


def payout(story: Story) -> str:
    """The person asks for the money, and it arrives."""
    amount = story.quote["worker"]["gets"]
    asked = story.worker.post("/v1/payouts", {"amount": amount})
    story.payout_id = asked.body["id"]
    wait_for(story, story.worker, f"/v1/payouts/{story.payout_id}", state="paid")
    seen = wait_for(story, story.worker, "/v1/wallet", available=yen(0), pending=yen(0))
    expect("what is left", seen["available"], yen(0))
    without_key = (400, "idempotency_key_required")
    expect_refusal(story.worker, "POST", "/v1/payouts", {"amount": amount}, without_key)
    return f"¥{amount['amount']:,} paid out"


# the end


def review(story: Story) -> str:
    """Each reviews the other; nobody sees anything before both have written."""
    path = f"/v1/contracts/{story.contract_id}/reviews"
    words = {"satisfied": True, "comment": people.REVIEW_BY_CLIENT}
    story.client.post(path, words)
    expect_todo(story, story.client)
    expect_todo(story, story.worker, "review")
    expect("the worker sees the client's review early", _sees(story.worker, story), False)
    words = {"satisfied": True, "comment": people.REVIEW_BY_WORKER}
    story.worker.post(path, words)
    expect(
        "both see the review", [_sees(w, story) for w in (story.worker, story.client)], [True] * 2
    )
    expect_todo(story, story.worker)
    return "shown when both had written"


def _sees(who: Caller, story: Story) -> bool:
    return people.REVIEW_BY_CLIENT in json.dumps(story.contract(who), ensure_ascii=False)


def profile(story: Story) -> str:
    """The review is on the person's public profile."""
    story.api.wait_until(
        "the review is on the worker's profile",
        lambda: json.dumps(story.anybody.get(f"/v1/members/{story.worker.id}"), ensure_ascii=False),
        lambda page: people.REVIEW_BY_CLIENT in page,
    )
    return f"for everybody who looks at {story.worker.name}"


def losers(story: Story) -> str:
    """Who was not chosen was told, each in their language."""
    for who, type_ in (("haruna", "proposal.lapsed"), ("emma", "proposal.declined")):
        story.api.wait_until(
            f"{who} is told of {type_}",
            lambda who=who: [  # type: ignore[misc]
                notice["why"]["type"] for notice in story.cast[who].items("/v1/notifications")
            ],
            lambda told, type_=type_: type_ in told,  # type: ignore[misc]
        )
        expect_todo(story, story.cast[who])
    return "the others know, and have nothing left to do"


def proof(story: Story) -> str:
    """Everybody may check that the ledger sums to zero."""
    sums = story.anybody.get("/v1/ledger/proof")["currencies"]
    expect(
        "the totals of the ledger", {c: s["total"] for c, s in sums.items()}, dict.fromkeys(sums, 0)
    )
    return "every currency sums to zero"


STEPS = (
    Step("A café and three people register", register),
    Step("The café drafts a job", draft),
    Step("It is published and found", publish),
    Step("Questions are asked and answered", ask_and_answer),
    Step("Three people propose", propose),
    Step("One proposal is declined", decline),
    Step("One is selected: an offer is sent", select),
    Step("They talk about the offer", talk),
    Step("The offer is accepted: a contract", accept),
    Step("Work before funding is refused", too_early),
    Step("A quote explains the money", quote),
    Step("The contract is funded by card", fund),
    Step("The work is delivered", deliver),
    Step("Changes are requested", request_changes),
    Step("The work is delivered again", deliver_again),
    Step("It is accepted and released", accept_delivery),
    Step("The reward is in the wallet", wallet),
    Step("It is paid out", payout),
    Step("Both review each other", review),
    Step("The review is on the profile", profile),
    Step("The others were told", losers),
    Step("The ledger proves itself", proof),
)
