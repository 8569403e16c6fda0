"""What money of a member is still to come or to go when they leave."""

from collections.abc import Iterator
from datetime import datetime

from services.escrow.domain import hold, payout
from services.escrow.domain.posting import wallet
from services.escrow.journal import BALANCES, balance_id
from services.escrow.records import CHARGEBACKS, HOLDS, PAYOUTS
from shared.documents import Doc
from shared.money import CURRENCIES
from shared.store import Db, Store

OPEN_HOLDS = [state for state in hold.STATES if state not in hold.FINAL]
SIDES = ("client_id", "worker_id")
OPEN_PAYOUTS = [state for state in payout.STATES if state not in payout.FINAL]


def wind_up(store: Store, member_id: str, now: datetime) -> None:
    """Do nothing: holds end with contracts and jobs, and a wallet is its member's to empty."""


def open_of(db: Db, member_id: str) -> Iterator[str]:
    """Yield the codes of what is still open of this member."""
    wallets = [balance_id(wallet(member_id), currency) for currency in sorted(CURRENCIES)]
    looked: tuple[tuple[str, str, list[Doc]], ...] = (
        (
            "holds_open",
            HOLDS.collection,
            [{side: member_id, "state": {"$in": OPEN_HOLDS}} for side in SIDES],
        ),
        ("wallet_not_empty", BALANCES, [{"_id": {"$in": wallets}, "amount": {"$gt": 0}}]),
        (
            "payouts_open",
            PAYOUTS.collection,
            [{"member_id": member_id, "state": {"$in": OPEN_PAYOUTS}}],
        ),
        ("owes_money", CHARGEBACKS.collection, [{"member_id": member_id, "state": "owed"}]),
    )
    for code, collection, filters in looked:
        if any(db[collection].find_one(where, {"_id": 1}) for where in filters):
            yield code
