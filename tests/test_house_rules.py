"""The habits of the house that a machine can see, held by every file."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from shared.languages import LANGUAGES

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[1]
PRODUCT = ("shared", "services", "deploy")
SERVICES = sorted(p.parent for p in (ROOT / "services").glob("*/__init__.py"))
FUNCTION_MAX = 50
FILE_MAX = 400

WRITERS = {
    *("shared/store.py", "shared/mongo.py", "shared/relay.py", "shared/sweep.py"),
    *("shared/deliveries.py", "shared/leases.py", "shared/migration.py"),
    "services/escrow/ledger.py",
}
WRITES = re.compile(
    r"(insert|update|replace|delete)_(one|many)|bulk_write|find_one_and_\w+|drop_(collection|database)"
)
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
MACHINERY = re.compile(
    r"(flask|marshmallow|webargs|pymongo|bson|pika|structlog)\b"
    r"|shared\.(store|mongo|documents|web|bus|worker|engine|relay|reactions|auth|settings)\b"
)
Tree = ast.Module
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[tuple[str, Tree]]:
    """Return every Python file below these folders: its path and its tree."""
    found = sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py"))
    return [(p.relative_to(ROOT).as_posix(), parsed(p)) for p in found]


@cache
def parsed(path: Path) -> Tree:
    return ast.parse(path.read_text())


@cache
def nodes(tree: Tree) -> list[ast.AST]:
    return list(ast.walk(tree))


def complaints(
    trees: list[tuple[str, Tree]], rule: Callable[[Tree], Iterator[ast.AST]]
) -> list[str]:
    """Return where a rule is broken: `file:line`."""
    return [f"{path}:{getattr(n, 'lineno', 1)}" for path, tree in trees for n in rule(tree)]


def functions(tree: Tree) -> Iterator[Function]:
    return (n for n in nodes(tree) if isinstance(n, Function))


def imported(tree: Tree) -> Iterator[tuple[str, ast.stmt]]:
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def calls(tree: Tree) -> Iterator[tuple[str, str, ast.Call]]:
    """Return calls of attributes: the last name before the dot, the attribute, the call."""
    for node in nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            yield name, node.func.attr, node


# who may do what


def test_only_the_store_and_its_like_and_the_ledger_write() -> None:
    def writes(tree: Tree) -> Iterator[ast.AST]:
        return (call for _, name, call in calls(tree) if WRITES.fullmatch(name))

    others = [(p, t) for p, t in sources("shared", "services") if p not in WRITERS]
    assert complaints(others, writes) == []


def test_only_the_bus_knows_pika() -> None:
    def knows(tree: Tree) -> Iterator[ast.AST]:
        return (node for name, node in imported(tree) if re.match(r"pika\b", name))

    others = [(p, t) for p, t in sources("shared", "services") if not p.startswith("shared/bus/")]
    assert complaints(others, knows) == []


def test_a_domain_imports_no_machinery() -> None:
    def knows(tree: Tree) -> Iterator[ast.AST]:
        return (node for name, node in imported(tree) if MACHINERY.match(name))

    domains = [(p, t) for p, t in sources("services") if re.search(r"/domain[/.]", p)]
    assert domains
    assert complaints(domains, knows) == []


def test_only_the_clock_knows_what_time_it_is() -> None:
    """Measuring how long something takes is another matter: monotonic, perf_counter."""

    def asks(tree: Tree) -> Iterator[ast.AST]:
        for owner, name, call in calls(tree):
            if (owner, name) in CLOCKS or (owner, name) in {("time", "time"), ("time", "time_ns")}:
                yield call

    # A signature of a webhook carries the time of its receiver, whatever a test has done to ours.
    may = {"shared/clock.py", "services/notify/outside/posting.py"}
    others = [(p, t) for p, t in sources("shared", "services") if p not in may]
    assert complaints(others, asks) == []


def test_money_is_never_a_float() -> None:
    def is_float(node: ast.AST) -> bool:
        match node:
            case ast.Constant():
                return isinstance(node.value, float)
            case ast.Name():
                return node.id == "float"
            case ast.BinOp():
                return isinstance(node.op, ast.Div)
        return False

    def floats(tree: Tree) -> Iterator[ast.AST]:
        return (node for node in nodes(tree) if is_float(node))

    counting = re.compile(r"shared/money\.py|services/(escrow|contracts)/domain.*")
    money = [(p, t) for p, t in sources("shared", "services") if counting.fullmatch(p)]
    assert complaints(money, floats) == []


# how it reads


def test_the_languages_are_named_in_one_place_alone() -> None:
    def lists(tree: Tree) -> Iterator[ast.AST]:
        for node in nodes(tree):
            words: list[ast.expr] = []
            if isinstance(node, ast.Call):
                words = node.args
            elif isinstance(node, ast.Tuple | ast.List | ast.Set):
                words = node.elts
            if {w.value for w in words if isinstance(w, ast.Constant)} == set(LANGUAGES):
                yield node

    (place,) = complaints(sources(*PRODUCT), lists)
    assert place.startswith("shared/languages.py:")


def test_functions_are_short() -> None:
    def long(tree: Tree) -> Iterator[ast.AST]:
        for f in functions(tree):
            if (f.end_lineno or 0) - f.lineno >= FUNCTION_MAX:
                yield f

    assert complaints(sources(*PRODUCT, "tests"), long) == []


def test_files_are_short() -> None:
    lengths = {p: len((ROOT / p).read_text().splitlines()) for p, _ in sources(*PRODUCT)}
    assert {p: n for p, n in lengths.items() if n > FILE_MAX} == {}


def test_nothing_is_called_utils_helpers_manager_or_base() -> None:
    names = [
        f"{path}: {name}"
        for path, tree in sources(*PRODUCT, "tests")
        for name in (
            *Path(path).with_suffix("").parts,
            *(n.name for n in nodes(tree) if isinstance(n, ast.ClassDef)),
        )
    ]
    forbidden = re.compile(
        r".*: (utils?|helpers?|\w*(Manager|Helper|Util|Utils|Impl)|Base\w*|\w+Base)"
    )
    assert [name for name in names if forbidden.fullmatch(name)] == []


def test_every_module_says_what_it_is_for() -> None:
    files = sources(*PRODUCT, "tests")
    silent = [p for p, tree in files if tree.body and ast.get_docstring(tree) is None]
    assert silent == []


def test_every_public_function_and_class_says_what_it_does() -> None:
    def silent(tree: Tree) -> Iterator[ast.AST]:
        for node in _public(tree):
            if ast.get_docstring(node) is None:
                yield node

    assert complaints(sources("shared", "services", "deploy"), silent) == []


def _public(node: Tree | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for inner in node.body:
        if not isinstance(inner, Function | ast.ClassDef) or inner.name.startswith("_"):
            continue
        if not any(getattr(d, "id", "") == "overload" for d in inner.decorator_list):
            yield inner
        if isinstance(inner, ast.ClassDef) and inner.name not in ("Meta",):
            yield from (m for m in _public(inner) if m.name not in _OWN_WORDS)


# A protocol's one word, marshmallow's options, http.server's and the framework's own names.
_OWN_WORDS = {
    "Meta",
    "id",
    "do_GET",
    "log_message",
    "load_json",
    "handle_error",
    "write_data",
    "read_data",
}


def test_nothing_is_left_to_do_later() -> None:
    later = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    files = [p for p, _ in sources(*PRODUCT, "tests") if p != "tests/test_house_rules.py"]
    assert [p for p in files if later.search((ROOT / p).read_text())] == []


# services


@pytest.mark.parametrize("service", SERVICES, ids=lambda p: p.name)
def test_every_service_is_made_of_the_same_parts(service: Path) -> None:
    parts = {p.stem for p in service.iterdir()}
    assert parts >= {
        *("__init__", "__main__", "app", "api", "domain", "queries", "reactions", "records"),
        *("schemas", "usecases"),
    }


@pytest.mark.parametrize("service", SERVICES, ids=lambda p: p.name)
def test_every_service_says_what_it_owns_takes_hears_and_tells(service: Path) -> None:
    said = ast.get_docstring(ast.parse((service / "__init__.py").read_text())) or ""
    order = re.findall(r"^(owns|takes|hears|tells)\b", said, re.IGNORECASE | re.MULTILINE)
    assert [word.lower() for word in order] == ["owns", "takes", "hears", "tells"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda p: p.name)
def test_every_service_has_tests_of_its_rules_its_routes_and_its_hearing(service: Path) -> None:
    names = {p.stem for p in (ROOT / "tests" / service.name).glob("test_*.py")}
    assert names >= {"test_domain", "test_api", "test_reactions", "test_records"}


def test_every_route_that_changes_something_names_its_statuses() -> None:

    def silent(tree: Tree) -> Iterator[ast.AST]:
        for f in functions(tree):
            verbs = [getattr(getattr(d, "func", None), "attr", "") for d in f.decorator_list]
            changes = {"post", "put", "patch", "delete"} & set(verbs)
            if changes and not re.search(r"\b[2-5]\d\d\b", ast.get_docstring(f) or ""):
                yield f

    apis = [(p, t) for p, t in sources("services") if re.search(r"/api[/.]", p)]
    assert complaints(apis, silent) == []


# tests


def test_every_test_is_a_sentence() -> None:
    def short(tree: Tree) -> Iterator[ast.AST]:
        for f in functions(tree):
            if f.name.startswith("test_") and len(f.name.split("_")) < 4:
                yield f

    assert complaints(sources("tests"), short) == []


def test_nothing_is_mocked() -> None:
    def mocks(tree: Tree) -> Iterator[ast.AST]:
        return (n for name, n in imported(tree) if re.match(r"(unittest\.mock|mock)\b", name))

    assert complaints(sources("tests"), mocks) == []


def test_no_two_tests_of_a_file_have_one_name() -> None:
    """Python would run only the last of them."""
    for path, tree in sources("tests"):
        names = [n.name for n in tree.body if isinstance(n, Function)]
        assert sorted(names) == sorted(set(names)), path


# documents


def test_nothing_names_a_place_on_somebodys_machine() -> None:
    place = re.compile(r"(?<![\w.])/(home|root|Users|work)/[\w.-]+")
    kinds = {".md", ".py", ".toml", ".yml", ".yaml", ".json", ".conf", ".cfg", ".txt", ".sh", ""}
    found = []
    tops = [top for top in ROOT.iterdir() if not top.name.startswith(".")]  # .dev holds whole disks
    for p in sorted(path for top in tops for path in (top, *top.rglob("*"))):
        parts = p.relative_to(ROOT).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if p.is_file() and p.suffix in kinds and not hidden:
            places = place.finditer(p.read_text(errors="replace"))
            found += [f"{'/'.join(parts)}: {m[0]}" for m in places]
    assert found == []
