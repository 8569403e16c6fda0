"""What the rows start: a small service of ours, the floors, and the peers' own programs.

A peer's program runs in the peer's environment and imports nothing of Ukeoi.
"""
