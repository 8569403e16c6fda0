"""One hire from registration to payout, with a client that an outside generator made.

Runs in that generator's own environment, knowing only what it made: `python story.py URL PASSWORD`.
"""

import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from outside import AuthenticatedClient, Client
from outside.api.categories import list_categories
from outside.api.contracts import accept, deliver, get_contract
from outside.api.holds import fund_hold, get_hold, get_quote
from outside.api.jobs import draft_job, list_jobs, publish_job
from outside.api.ledger import get_proof
from outside.api.members import register
from outside.api.offers import accept_offer, get_offer
from outside.api.proposals import propose, select_proposal
from outside.api.sessions import log_in
from outside.api.wallets import get_payout, get_wallet, request_payout
from outside.models import (
    AcceptanceWords,
    BudgetWords,
    Category,
    ContractsMilestoneState,
    ContractState,
    DeliveryWords,
    FundWords,
    FundWordsMethod,
    HoldState,
    JobsProposalWords,
    JobWords,
    JobWordsMode,
    LoginWords,
    MoneyWords,
    MoneyWordsCurrency,
    PayoutState,
    PayoutWords,
    Problem,
    Registration,
    RegistrationKind,
    RegistrationLocale,
    SelectWords,
)

PATIENCE_S = 60
BID = 75_000


def key() -> str:
    """Return a new name for a request, under which it may be repeated."""
    return uuid.uuid4().hex


def yen(amount: int) -> MoneyWords:
    """Return an amount of yen."""
    return MoneyWords(amount=amount, currency=MoneyWordsCurrency.JPY)


def at_last(ask: Callable[[], Any], what: Callable[[Any], bool]) -> Any:
    """Ask until the answer is as it should be: services hear of each other a moment later."""
    until = time.monotonic() + PATIENCE_S
    while True:
        said = ask()
        if said is not None and not isinstance(said, Problem) and what(said):
            return said
        if time.monotonic() > until:
            raise SystemExit(f"not in {PATIENCE_S} s, but {said}")
        time.sleep(0.1)


def good(said: Any) -> Any:
    """Return what was said, unless it is a refusal or nothing that is documented."""
    if said is None or isinstance(said, Problem):
        raise SystemExit(f"refused: {said}")
    return said


class Marketplace:
    """The gateway, and somebody who is nobody yet."""

    def __init__(self, url: str, password: str) -> None:
        self.url, self.password = url, password
        self.nobody = Client(base_url=url, raise_on_unexpected_status=True)

    def member(self, name: str, kind: RegistrationKind) -> AuthenticatedClient:
        """Register somebody and log them in."""
        email = f"{uuid.uuid4().hex}@outside.example"
        words = Registration(
            email=email,
            password=self.password,
            display_name=name,
            locale=RegistrationLocale.JA,
            kind=kind,
        )
        good(register.sync(client=self.nobody, body=words))
        login = LoginWords(email=email, password=self.password)
        tokens = good(log_in.sync(client=self.nobody, body=login))
        return AuthenticatedClient(
            base_url=self.url, token=tokens.access_token, raise_on_unexpected_status=True
        )


def leaf(tree: list[Category]) -> str:
    """Return the id of the first category without parts."""
    first = tree[0]
    return leaf(first.children) if first.children else first.id


def published(market: Marketplace, client: AuthenticatedClient) -> str:
    """Draft a job, publish it, and find it."""
    category = leaf(good(list_categories.sync(client=market.nobody)).items)
    word = uuid.uuid4().hex
    words = JobWords(
        mode=JobWordsMode.PROJECT,
        title=f"ホームページの作り直し {word}",
        description="10年前のホームページを、スマートフォンでも見やすいように作り直します。" * 3,
        category=category,
        budget=BudgetWords(min_=yen(60_000), max_=yen(100_000)),
        proposals_close_at=datetime.now(UTC) + timedelta(days=14),
        deadline_at=datetime.now(UTC) + timedelta(days=45),
    )
    job = good(draft_job.sync(client=client, body=words, idempotency_key=key()))
    at_last(
        lambda: publish_job.sync(id=job.id, client=client, idempotency_key=key()), lambda _: True
    )
    at_last(
        lambda: list_jobs.sync(client=market.nobody, q=word),
        lambda found: [one.id for one in found.items] == [job.id],
    )
    return str(job.id)


def hired(job_id: str, client: AuthenticatedClient, worker: AuthenticatedClient) -> str:
    """Propose, select and accept; return the contract's id."""
    bid = JobsProposalWords(
        message="はじめまして。似た仕事を40件ほどしてきました。",
        amount=yen(BID),
        deliver_by=datetime.now(UTC) + timedelta(days=21),
    )
    proposal = at_last(
        lambda: propose.sync(id=job_id, client=worker, body=bid, idempotency_key=key()),
        lambda _: True,
    )
    chosen = good(
        select_proposal.sync(
            id=proposal.id, client=client, body=SelectWords(), idempotency_key=key()
        )
    )
    at_last(lambda: get_offer.sync(id=chosen.offer_id, client=worker), lambda _: True)
    formed = accept_offer.sync(id=chosen.offer_id, client=worker, idempotency_key=key())
    return str(good(formed).id)


def worked(contract_id: str, client: AuthenticatedClient, worker: AuthenticatedClient) -> None:
    """Fund, deliver and accept, until the worker is paid."""
    hold_id = good(get_contract.sync(id=contract_id, client=client)).milestones[0].hold_id
    at_last(lambda: get_hold.sync(id=hold_id, client=client), lambda _: True)
    card = FundWords(method=FundWordsMethod.CARD)
    good(fund_hold.sync(id=hold_id, client=client, body=card, idempotency_key=key()))
    at_last(
        lambda: get_contract.sync(id=contract_id, client=worker),
        lambda c: c.state == ContractState.ACTIVE,
    )
    work = DeliveryWords(note="できました。ご確認ください。", links=["https://x.example/"])
    good(deliver.sync(contract_id, 1, client=worker, body=work, idempotency_key=key()))
    whole = AcceptanceWords()
    good(accept.sync(contract_id, 1, client=client, body=whole, idempotency_key=key()))
    done = at_last(
        lambda: get_contract.sync(id=contract_id, client=client),
        lambda c: c.state == ContractState.COMPLETED,
    )
    if done.milestones[0].state != ContractsMilestoneState.PAID:
        raise SystemExit(f"not paid: {done}")
    hold = good(get_hold.sync(id=hold_id, client=client))
    if hold.state != HoldState.RELEASED:
        raise SystemExit(f"not released: {hold}")


def paid_out(market: Marketplace, worker: AuthenticatedClient) -> int:
    """Take everything out of the wallet, which is what was quoted; return how much it was."""
    quoted = good(get_quote.sync(client=market.nobody, amount=BID)).worker.gets.amount
    has = at_last(lambda: get_wallet.sync(client=worker), lambda w: w.available.amount > 0)
    if has.available.amount != quoted:
        raise SystemExit(f"{has} is not the {quoted} that were quoted")
    words = PayoutWords(amount=yen(quoted))
    asked = good(request_payout.sync(client=worker, body=words, idempotency_key=key()))
    at_last(
        lambda: get_payout.sync(id=asked.id, client=worker), lambda p: p.state == PayoutState.PAID
    )
    return int(quoted)


def play(url: str, password: str) -> None:
    """Play it."""
    market = Marketplace(url, password)
    client = market.member("喫茶ひだまり", RegistrationKind.COMPANY)
    worker = market.member("山田太郎", RegistrationKind.INDIVIDUAL)
    contract_id = hired(published(market, client), client, worker)
    worked(contract_id, client, worker)
    amount = paid_out(market, worker)
    proof = good(get_proof.sync(client=market.nobody))
    totals = {name: sums.total for name, sums in proof.currencies.additional_properties.items()}
    if any(totals.values()):
        raise SystemExit(f"the ledger does not sum to zero: {totals}")
    print(f"paid out {amount}")  # noqa: T201 - it is a program of its own


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2])
