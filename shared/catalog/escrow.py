"""What escrow says: holds and the money in them, payouts, money that came without being asked for.

`ref` is the contract (`con_...`) or the job (`job_...`) that the hold is for; `milestone` is that
contract's milestone, 0 for a job's or a tip's. `worker_id` is null until it is known: a job's hold
has none, but each release out of it has.
"""

from marshmallow import fields

from shared.catalog.words import answers_about_leaving, maybe, money, number, text

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
DEPOSIT = {"deposit_id": text(), "provider": text(), "amount": money()}
CHARGEBACK = {
    "chargeback_id": text(),
    "hold_id": text(),
    "ref": text(),
    "member_id": text(),
    "title": text(),
    "amount": money(),
}
FACTS = {
    "hold.opened": {**HOLD, "client_pays": money()},
    # It cannot be opened or changed as asked: `reason` is a code (funded_already, no_such_mode,
    # over_the_limit). Nothing was kept; whoever asked has to say what happens now.
    "hold.refused": {
        "hold_id": text(),
        "ref": text(),
        "milestone": number(),
        "client_id": text(),
        "title": text(),
        "reason": text(),
    },
    # Quoted anew before it was funded: `amount` is the new one.
    "hold.changed": {**HOLD, "client_pays": money()},
    "hold.cancelled": {**HOLD, "reason": text()},
    "escrow.funded": {**HOLD, "client_pays": money(), "method": text()},
    # `amount` is what was released of the hold by this, `worker_gets` what reached the wallet.
    # `state` is the hold's after it: `funded` while a part is still in it, `split` when in the end
    # a part was released and the rest refunded (of a contract's hold both are said at once).
    # `cause` is the assignment or entry that was paid; of a contract's hold what ended it:
    # delivery.accepted, sheet.approved, week.closed, contract.cancelled, dispute.settled,
    # dispute.decided, tip.given.
    "escrow.released": {
        **HOLD,
        "worker_gets": money(),
        "fee": money(),
        "cause": text(),
        "state": text(),
    },
    # `amount` is what was refunded of the hold by this, `client_gets` what reached the client's
    # wallet with the fee that came back. `cause`: as above, or job.closed, job.cancelled,
    # competition.awarded, competition.split, competition.void, or the assignment of slot.closed.
    "escrow.refunded": {**HOLD, "client_gets": money(), "cause": text(), "state": text()},
    "payout.requested": PAYOUT,
    "payout.sent": PAYOUT,
    "payout.paid": PAYOUT,
    "payout.failed": {**PAYOUT, "reason": text()},
    # Money that nobody can be found for waits in suspense; an operator is to look.
    "deposit.unmatched": {**DEPOSIT, "reference": text()},
    # Money for a hold that wants none any more, or more than it wanted: it is in the wallet.
    "deposit.credited": {
        **DEPOSIT,
        "member_id": text(),
        "hold_id": maybe(fields.String),
        "reason": text(),
    },
    # The client's bank took a payment back: the client owes it. `resolved`: paid or given back.
    "chargeback.received": {**CHARGEBACK, "reason": text()},
    "chargeback.resolved": {**CHARGEBACK, "outcome": text()},
    **answers_about_leaving("escrow"),
}
