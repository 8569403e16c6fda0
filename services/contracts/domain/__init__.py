"""Pure rules on plain data: offers, contracts, milestones, reviews, messages."""
