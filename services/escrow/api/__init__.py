"""The HTTP routes of escrow, by noun."""
