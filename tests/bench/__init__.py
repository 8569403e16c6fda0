"""Speed, as ratios: floor, peers and Ukeoi in turn, on the same mongod and RabbitMQ.

`python -m tests.bench [B1 B2 ...] [--runs 5] [--quick] [--json FILE]`; how to read what it prints
is in docs/benchmarks.md. The rows are in `rows/`, the programs they start in `programs/`.
"""
