"""What happened to a thing in all services, as they tell it, in the order of time."""

from typing import Any
from urllib.parse import quote

from deploy.console.asking import Asker

ALSO_MAX = 100


def tell(ask: Asker, id_: str) -> list[dict[str, Any]]:
    """Return the lines of a thing's story; a service that is away tells nothing.

    Asked twice: what the first answers are about (offer, hold, job) belongs to it as well.

    :raises Refused: 404: this is no id
    """
    path = f"/v1/ops/{{}}/story/{quote(id_, safe='').replace('{', '').replace('}', '')}"
    first = [it for it in ask.everywhere(path).values() if it]
    also = sorted({about for it in first for about in it["about"]} - {id_})[:ALSO_MAX]
    told = ask.everywhere(f"{path}?also={','.join(also)}").values() if also else first
    lines = [line for it in told if it for line in it["items"]]
    return sorted(lines, key=lambda line: (line["at"], line["id"]))
