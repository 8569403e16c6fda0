"""Escrow's rules: pure functions on plain data.

A rule about money answers with a third thing, the journal entry that books what it decided.
"""
