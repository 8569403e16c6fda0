"""Contracts: from an offer between two people to work that is delivered, accepted and reviewed.

Owns   offers, contracts with their milestones and reviews, messages; keeps a projection of members
Takes  offers and their answers, deliveries and acceptances, messages, reviews (HTTP)
Hears  proposal.selected (makes the offer), escrow.funded / released / refunded (moves milestones),
       offer.accepted (its own: forms the contract again), job.cancelled, member.*
Tells  offer.*, contract.*, milestone.*, delivery.*, changes.requested, message.sent, review.*
"""
