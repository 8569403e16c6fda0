"""Escrow keeps other people's money.

Owns   holds (a client's money for one piece of work), payouts, the ledger and its proof.
Takes  quotes, funding, payouts, wallets over HTTP; a payment provider's signed webhooks.
Hears  contract.formed     opens a hold for each milestone, with its quote
       delivery.accepted   releases to the worker less the fee, refunds the rest
       contract.cancelled  cancels the hold, or refunds it
Tells  hold.opened hold.cancelled escrow.funded escrow.released escrow.refunded
       payout.requested payout.sent payout.paid payout.failed

Every movement of money is one journal entry that sums to zero, written in one transaction with the
hold or payout that it moves.
"""
