"""What escrow says: holds and the money in them, payouts.

`ref` is the contract (`con_...`) or the job (`job_...`) that the hold is for; `milestone` is that
contract's milestone, 0 for a job's.
"""

from marshmallow import fields

from shared.catalog.words import maybe, money, number, text

HOLD = {
    "hold_id": text(),
    "ref": text(),
    "milestone": number(),
    "client_id": text(),
    "worker_id": maybe(fields.String),
    "title": text(),
    "amount": money(),
}
PAYOUT = {"payout_id": text(), "member_id": text(), "amount": money()}
FACTS = {
    "hold.opened": {**HOLD, "client_pays": money()},
    "hold.cancelled": {**HOLD, "reason": text()},
    "escrow.funded": {**HOLD, "client_pays": money(), "method": text()},
    # `amount` is what was released of the hold, `worker_gets` what reached the wallet. `state` is
    # the hold's: `split` when a part was released and the rest refunded; then both are said.
    "escrow.released": {
        **HOLD,
        "worker_gets": money(),
        "fee": money(),
        "cause": text(),
        "state": text(),
    },
    # `amount` is what was refunded of the hold, `client_gets` what reached the client's wallet.
    "escrow.refunded": {**HOLD, "client_gets": money(), "cause": text(), "state": text()},
    "payout.requested": PAYOUT,
    "payout.sent": PAYOUT,
    "payout.paid": PAYOUT,
    "payout.failed": {**PAYOUT, "reason": text()},
}
