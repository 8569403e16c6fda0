"""The HTTP routes of contracts, by noun."""
