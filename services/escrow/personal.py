"""What escrow holds of its members: exported, and removed when they are erased.

What moved is kept: the law asks for books of seven years, and the ledger proves itself by its whole
chain. It names members by their ids alone.
"""

from collections.abc import Iterator

from services.escrow import queries
from services.escrow.domain.posting import wallet
from services.escrow.journal import BALANCES, ENTRIES, SEALS, balance_id, line_key
from services.escrow.queries import CHUNK, DESTINATIONS
from services.escrow.records import CHARGEBACKS, DEPOSITS, HOLDS, PAYOUTS
from shared.documents import Doc
from shared.money import CURRENCIES
from shared.mongo import Db
from shared.personal import SHARED, Part, Wipe, by


def _balances(_db: Db, member_id: str) -> list[Doc]:
    account = wallet(member_id)
    return [{"_id": {"$in": [balance_id(account, currency) for currency in sorted(CURRENCIES)]}}]


def _lines(db: Db, member_id: str) -> Iterator[Doc]:
    for where in _balances(db, member_id):
        for balance in db[BALANCES].find(where):
            for first in range(1, balance["n"] + 1, CHUNK):
                numbers = range(first, min(first + CHUNK, balance["n"] + 1))
                yield {"statement": {"$in": [line_key(balance["_id"], n) for n in numbers]}}


def _line(entry: Doc, member_id: str) -> Doc:
    own = next(one for one in entry["lines"] if one["account"] == wallet(member_id))
    said = queries.line_words({**entry, "_id": entry["id"]}, own)
    return {**said, "amount": said["amount"].words(), "balance": said["balance"].words()}


def _destinations(_db: Db, member_id: str) -> list[Doc]:
    # By their ids, whichever provider it is: a prefix of letters, then the member.
    return [{"_id": {"$in": [queries.destination_id(name, member_id) for name in PROVIDERS]}}]


PROVIDERS = ("sandbox", "stripe")
_HOLD = (
    *("ref", "milestone", "title", "amount", "state", "released", "refunded", "quote", "tip"),
    *("withheld", "opened_at", "fund_by", "client_id", "worker_id"),
)
PARTS = (
    *(
        Part(
            kind=f"hold_as_{role}",
            collection=HOLDS.collection,
            find=by(f"{role}_id"),
            fields=_HOLD,
        )
        for role in ("client", "worker")
    ),
    Part(
        kind="payout",
        collection=PAYOUTS.collection,
        find=by("member_id"),
        fields=("amount", "provider", "requested_at", "state", "sent_at", "ended_at", "reason"),
    ),
    Part(
        kind="deposit",
        collection=DEPOSITS.collection,
        find=by("member_id"),
        fields=("provider", "reference", "amount", "received_at", "state", "hold_id"),
    ),
    Part(
        kind="chargeback",
        collection=CHARGEBACKS.collection,
        find=by("member_id"),
        fields=("provider", "hold_id", "title", "amount", "reason", "received_at", "state"),
    ),
    Part(
        kind="wallet_line",
        collection=ENTRIES,
        find=_lines,
        fields=("at", "kind", "ref", "currency", "lines"),
        say=_line,
    ),
    Part(kind="wallet", collection=BALANCES, find=_balances, fields=("amount", "n")),
    Part(kind="destination", collection=DESTINATIONS, find=_destinations, fields=("ref",)),
)
EXEMPT = {**SHARED, SEALS: "the chain over the ledger: hashes alone"}
WIPES = (
    Wipe(collection=DESTINATIONS, find=_destinations, set={"ref": ""}),
    Wipe(kind=PAYOUTS, collection=PAYOUTS.collection, find=by("member_id"), set={"to": ""}),
    Wipe(
        kind=HOLDS,
        collection=HOLDS.collection,
        find=by("client_id"),
        set={"charges.$[].source": "", "charges.$[].secret": ""},
    ),
)
