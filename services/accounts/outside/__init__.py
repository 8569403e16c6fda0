"""Adapters to the outside, one a file."""
