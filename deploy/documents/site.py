"""The pages that the gateway serves: try-it-out, reading views, the codes, the documents.

Everything they need is copied beside them, so they work without the internet. Swagger UI comes with
the package flask-swagger-ui; Redoc is kept in assets/, as no package carries it alone.
"""

import gzip
import html
import importlib.resources
import json
import shutil
from collections import defaultdict
from pathlib import Path
from string import Template
from typing import Any

from deploy import gateway
from deploy.documents import written
from shared.web.document import PROBLEM, operations

Doc = dict[str, Any]

HERE = Path(__file__).parent
REDOC = HERE / "assets" / "redoc-3.0.1.standalone.js.gz"
SWAGGER = ("swagger-ui-bundle.js", "swagger-ui.css")


def build(folder: Path) -> None:
    """Write the whole site below a folder; what lies there already is replaced."""
    shutil.copytree(HERE / "pages", folder, dirs_exist_ok=True)
    assets = folder / "docs" / "assets"
    swagger = importlib.resources.files("flask_swagger_ui") / "dist"
    for name in SWAGGER:
        (assets / name).write_bytes((swagger / name).read_bytes())
    (assets / "redoc.standalone.js").write_bytes(gzip.decompress(REDOC.read_bytes()))
    for name in written.NAMES:
        shutil.copy(written.DOCS / name, folder / name)
    shutil.copytree(written.DOCS / "events", folder / "docs" / "schemas", dirs_exist_ok=True)
    spec = json.loads((written.DOCS / "openapi.json").read_text())
    page = folder / "docs" / "problems.html"
    page.write_text(Template(page.read_text()).substitute(ROWS=rows(spec)))


def codes(spec: Doc) -> dict[str, tuple[set[int], list[str]]]:
    """Return each code of a problem: its statuses, and the operations that name it as their own."""
    found: dict[str, tuple[set[int], list[str]]] = defaultdict(lambda: (set(), []))
    for code, status in gateway.codes().items():
        found[code][0].add(status)
    for status, shared in spec["components"]["responses"].items():
        for code in _shown(shared):
            found[code][0].add(int(status.removeprefix("Problem")))
    for path, method, operation in operations(spec):
        for status, answer in operation["responses"].items():
            for code in _shown(answer):
                found[code][0].add(int(status))
                found[code][1].append(f"{method.upper()} {path}")
    return dict(sorted(found.items()))


def _shown(answer: Doc) -> list[str]:
    return list(answer.get("content", {}).get(PROBLEM, {}).get("examples", ()))


def rows(spec: Doc) -> str:
    """Return the rows of the table of problems."""
    return "\n".join(_row(code, *about) for code, about in codes(spec).items())


def _row(code: str, statuses: set[int], where: list[str]) -> str:
    said = "<br>".join(f"<code>{html.escape(one)}</code>" for one in where) or "any call"
    numbers = ", ".join(map(str, sorted(statuses)))
    return f'<tr id="{code}"><td><code>{code}</code></td><td>{numbers}</td><td>{said}</td></tr>'
