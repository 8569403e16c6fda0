"""Jobs, contracts and escrow together, with a courier that loses, doubles and shuffles facts.

No broker and no processes: the services' own applications, engine, sweep and ledger on a real
MongoDB, and a clock that moves. `python -m tests.together` runs for longer, or with a planted bug.
"""
