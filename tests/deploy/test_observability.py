"""What watches a deployment: promtool accepts and tries it, and it speaks of figures that exist."""

import importlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.dev import home
from tests import backends

ROOT = home.here().root
WATCH = ROOT / "deploy" / "observability"
NOT_OURS = {"up"}
WORDS = {"le", "service", "rate", "sum", "max", "min", "topk", "by", "histogram_quantile"}


def promtool(*words: str) -> str:
    if not shutil.which("promtool"):
        backends.give_up("no promtool: install the Debian package prometheus")
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, cwd=WATCH)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_accepts_rules_and_configuration_and_the_alerts_do_what_their_tests_say() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")


@pytest.mark.pure
def test_every_alert_is_seen_to_be_silent_and_seen_to_fire() -> None:
    tests = yaml.safe_load((WATCH / "alerts_test.yml").read_text())["tests"]
    tried = [one for test in tests for one in test["alert_rule_test"]]
    names = {alert["alert"] for alert in alerts()}
    assert names == {one["alertname"] for one in tried if one["exp_alerts"]}
    assert names == {one["alertname"] for one in tried if not one["exp_alerts"]}


@pytest.mark.pure
def test_every_alert_names_a_runbook_and_every_runbook_an_alert() -> None:
    named = {alert["annotations"]["runbook"]: alert["alert"] for alert in alerts()}
    for path, name in named.items():
        assert (ROOT / path).read_text().startswith(f"# {name}\n"), path
    books = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "operations").glob("*.md")}
    about_more = {f"docs/operations/{name}.md" for name in ("README", "backup", "console")}
    assert books - about_more == named.keys()


@pytest.mark.pure
def test_every_alert_is_provoked_in_a_rehearsal_and_seen_to_heal() -> None:
    scenes = (ROOT / "tests" / "rehearsal" / "scenes.py").read_text()
    for ends in ("True", "False"):
        seen = set(re.findall(rf'until\("(\w+)", fires={ends}', scenes))
        assert seen == {alert["alert"] for alert in alerts()}


@pytest.mark.pure
@pytest.mark.parametrize("asked", ["alerts", "dashboard"])
def test_what_is_asked_of_prometheus_exists_in_the_code(asked: str) -> None:
    queries = (
        [alert["expr"] for alert in alerts()]
        if asked == "alerts"
        else [target["expr"] for panel in panels() for target in panel["targets"]]
    )
    known = figures()
    for query in queries:
        names = set(re.findall(r"\b[a-z_]{2,}\b(?=\{|\[|\)| |$)", bare(query)))
        assert (names - WORDS - NOT_OURS) <= known, query
        assert names & (known | NOT_OURS), query


@pytest.mark.pure
def test_the_dashboard_is_whole() -> None:
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found) >= 12
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in found}
    assert len(places) == len(found)
    for panel in found:
        assert panel["title"]
        assert panel["type"] in ("timeseries", "stat")
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
        refs = [target["refId"] for target in panel["targets"]]
        assert refs == ["A", "B"][: len(refs)]


def alerts() -> list[dict[str, Any]]:
    said = yaml.safe_load((WATCH / "alerts.yml").read_text())
    return [rule for group in said["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    path: Path = WATCH / "dashboards" / "ukeoi.json"
    found: list[dict[str, Any]] = json.loads(path.read_text())["panels"]
    return found


def bare(query: str) -> str:
    """Leave out labels, and what they are grouped by."""
    return re.sub(r"\bby \([^)]*\)|\{[^}]*\}", "", query)


def figures() -> set[str]:
    """Return the names of all series that our processes show."""
    for module in ("shared.worker", "shared.web.metrics", "services.escrow.figures"):
        importlib.import_module(module)
    names = set()
    for metric in REGISTRY.collect():
        names.add(metric.name + ("_total" if metric.type == "counter" else ""))
        if metric.type == "histogram":
            names |= {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
    return names
