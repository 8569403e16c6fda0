"""Contracts: from an offer between two people to work that is delivered, accepted and reviewed.

Owns   offers with their counter-offers; contracts with milestones, asks, cancellation, dispute,
       reviews; hourly work with its weeks and time sheets; messages; the terms in writing; keeps a
       projection of members
Takes  offers and their answers, deliveries and acceptances, extensions, changed milestones,
       cancellations, disputes and their decisions, time and sheets, messages, reviews (HTTP)
Hears  proposal.selected, listing.ordered (makes the offer or the contract),
       escrow.funded / released / refunded (moves milestones),
       offer.accepted, contract.formed and time.* (its own: the contract again, the terms in
       writing, the lines of time sheets),
       job.cancelled, member.*, case.decided and report.made (of messages)
Tells  offer.*, contract.*, milestone.*, delivery.*, changes.requested, extension.*, change.*,
       cancellation.*, dispute.*, week.*, time.*, sheet.*, terms.*, message.*, review.*
"""
