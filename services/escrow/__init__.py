"""Escrow keeps other people's money.

Owns   holds (a client's money for one piece of work), payouts, deposits, chargebacks, the ledger
       and its proof.
Takes  quotes, funding, payouts, wallets over HTTP; a payment provider's signed webhooks.
Hears  contract.formed, milestone.added, week.planned, tip.given, job.submitted_for_funding
                               opens holds with their quotes, or says why not
       delivery.accepted, sheet.approved, week.closed, dispute.settled, dispute.decided,
       contract.cancelled
                               ends a contract's hold: released, refunded, divided
       assignment.approved, slot.closed, job.closed, competition.*, job.cancelled
                               parts of a job's hold leave it, each once
       member.*                who is a company, for the tax that is withheld
Tells  hold.opened hold.changed hold.refused hold.cancelled
       escrow.funded escrow.released escrow.refunded
       payout.requested payout.sent payout.paid payout.failed
       deposit.unmatched deposit.credited chargeback.received chargeback.resolved

Every movement of money is one journal entry that sums to zero, written in one transaction with the
hold or payout that it moves.
"""
