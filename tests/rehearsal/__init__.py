"""Every alert provoked in a deployment, seen by a real Prometheus, and its runbook followed.

`./dev rehearse [SCENE...]` plays on a test deployment of its own (`.dev/rehearsal`). Its alerts are
those of deploy/observability with shorter waits; what is typed stands in docs/operations.
"""
