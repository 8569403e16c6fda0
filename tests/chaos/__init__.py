"""Chaos: stories run over HTTP while processes are killed; then everything is counted.

`./dev chaos --stories 2000 --kills 60 --seed 7`. It has a deployment of its own under `.dev/chaos`.
"""
