"""A running Ukeoi marketplace as pytest fixtures: members with money, contracts, a moved clock."""

from ukeoi_testing.market import Market

__all__ = ["Market"]
