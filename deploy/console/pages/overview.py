"""Everything at a glance: services, queues, what waits; a thing's story; job reports."""

from typing import Any

from flask import Blueprint, g, render_template, request

from deploy.console import story
from deploy.console.asking import Away
from deploy.console.signing import PATH

blp = Blueprint("overview", __name__, url_prefix=PATH)

OUTBOX_LATE_S = 60
TIMERS_LATE_S = 300
QUEUED_MANY = 1_000
"""From here on a card is red or yellow: as deploy/observability/alerts.yml has it."""


@blp.get("")
def overview() -> str:
    """Show each service's card and what waits for an operator."""
    said = g.ask.everywhere("/v1/ops/{}/status")
    cards = [_card(name, it) for name, it in said.items()]
    waiting = {
        "parked": sum(it["parked"] for it in said.values() if it),
        "disputes": _count("contracts", "/v1/contracts/disputes"),
        "overdue": _count("contracts", "/v1/ops/contracts/overdue"),
        "cases": _count("accounts", "/v1/cases"),
        "appeals": _count("accounts", "/v1/members/appeals"),
    }
    return render_template("overview.html", cards=cards, waiting=waiting)


def _card(name: str, it: dict[str, Any] | None) -> dict[str, Any]:
    if it is None:
        return {"service": name, "level": "bad", "alerts": ["away"]}
    alerts = [
        name
        for name, wrong in (
            ("outbox", it["outbox_oldest_s"] > OUTBOX_LATE_S),
            ("timers", it["timers_oldest_s"] > TIMERS_LATE_S),
            ("broker", it["queued"] is None),
            ("queue", (it["queued"] or 0) > QUEUED_MANY),
            ("parked", it["parked"] > 0),
        )
        if wrong
    ]
    bad = {"outbox", "timers", "broker"} & set(alerts)
    return {**it, "alerts": alerts, "level": "bad" if bad else "warn" if alerts else "good"}


def _count(service: str, path: str) -> str:
    """Return how much is on the first page of a list: `100+` when there is more, `–` unknown."""
    try:
        said = g.ask.get(service, f"{path}?limit=100")
    except Away:
        return "–"
    return f"{len(said['items'])}{'+' if said['next_cursor'] else ''}"


@blp.get("/story")
def tell() -> str:
    """Tell what all services said of a thing."""
    id_ = request.args.get("id", "").strip()
    lines = story.tell(g.ask, id_) if id_ else []
    return render_template("story.html", id=id_, lines=lines)


@blp.get("/jobs")
def jobs() -> str:
    """Report on the jobs: how many of each mode in each state, how long until work is paid."""
    report = g.ask.get("jobs", "/v1/ops/jobs/report")["modes"]
    paid = g.ask.get("escrow", "/v1/ops/escrow/report")
    disputes = g.ask.get("contracts", "/v1/contracts/disputes/statistics")
    states = list(report[0]["states"])
    return render_template("jobs.html", report=report, states=states, paid=paid, disputes=disputes)
