"""The gateway's configuration for one machine; Compose fills the same template by envsubst."""

import re
from collections.abc import Mapping
from pathlib import Path

TEMPLATE = Path(__file__).with_name("nginx.conf.template")
BLANK = re.compile(r"\$\{([A-Z_]+)\}")


def render(values: Mapping[str, str]) -> str:
    """Fill the template's blanks; raises KeyError when one has no value."""
    return BLANK.sub(lambda blank: values[blank[1]], TEMPLATE.read_text())


def blanks() -> set[str]:
    """Return the names that a deployment must fill in."""
    return set(BLANK.findall(TEMPLATE.read_text()))


def codes() -> dict[str, int]:
    """Return the codes of the problems that the gateway itself answers, each with its status."""
    table = re.search(r"map \$status \$problem_code \{(.*?)\}", TEMPLATE.read_text(), re.DOTALL)
    assert table is not None, "the template names its problems"  # noqa: S101
    return {code: int(status) for status, code in re.findall(r"(\d{3}) (\w+);", table[1])}
