"""Each line of the log is one JSON object, whatever is in it."""

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.pure

PROGRAM = """
import logging
import structlog
from shared import log
log.configure("jobs", "INFO")
lines = structlog.get_logger()
with log.bound(request_id="req_1", actor="mem_1"):
    lines.info("heard", what="a\\nb\\r\\n\\x1b[31m\\u2028", odd=object)
    try:
        password = "hunter2-local"
        raise ValueError("broken\\nline")
    except ValueError:
        lines.exception("failed")
lines.info("after")
lines.debug("unsaid")
logging.getLogger("elsewhere").warning("over %s", "there\\nand here")
logging.getLogger("pika").info("chatter")
logging.getLogger("pymongo").info("chatter")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stderr == ""
    return [json.loads(line) for line in ran.stdout.split("\n") if line]


def test_each_line_is_one_object(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines] == ["heard", "failed", "after", "over there\nand here"]
    assert {line["service"] for line in lines} == {"jobs"}
    assert all({"level", "timestamp"} <= set(line) for line in lines)


def test_what_is_bound_stands_in_the_lines_of_its_unit_only(lines: list[dict[str, Any]]) -> None:
    assert lines[0]["request_id"] == lines[1]["request_id"] == "req_1"
    assert "request_id" not in lines[2]


def test_values_come_through_unharmed(lines: list[dict[str, Any]]) -> None:
    assert lines[0]["what"] == "a\nb\r\n\x1b[31m\u2028"


def test_a_traceback_is_data_without_the_values_of_variables(lines: list[dict[str, Any]]) -> None:
    assert "broken" in json.dumps(lines[1])
    assert "hunter2-local" not in json.dumps(lines)
