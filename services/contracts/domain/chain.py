"""The log of a contract as a chain: each line carries the hash of the line before it.

    {"at":"...","by":"...","data":{...},"hash":"...","id":"...","n":1,"prev":"...",...}

Canonical JSON, one object a line: keys sorted, no spaces, UTF-8. `hash` is the SHA-256 of the line
without `hash`. The first line (`n` 0) names the contract, the last says how many there are, so that
a cut-off log is found, too. Only the standard library: the verifier runs anywhere.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = "ukeoi-contract-log/1"
START = "0" * 64


@dataclass(frozen=True, slots=True)
class Verified:
    """A log in which every byte is as it was written; `head` is its last hash."""

    contract_id: str
    facts: int
    head: str


class Broken(Exception):
    """The log is not what was written; `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


def lines(contract_id: str, facts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a log; a fact has id, type, at, by, version, data (plain JSON)."""
    prev = START
    for n, words in enumerate(_all(contract_id, facts)):
        line = {**words, "n": n, "prev": prev}
        prev = _hash(line)
        yield _canonical({**line, "hash": prev}) + "\n"


def _all(contract_id: str, facts: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    count = 0
    yield {"contract": contract_id, "format": FORMAT}
    for fact in facts:
        count += 1
        yield {name: fact[name] for name in ("id", "type", "at", "by", "version", "data")}
    yield {"end": True, "facts": count}


def verify(text: bytes) -> Verified:
    """Check a log to its last byte.

    :raises Broken: with the first line that is wrong
    """
    prev, contract_id, n = START, "", 0
    found = text.split(b"\n")
    for n, line in enumerate(found[:-1]):
        words = _read(line, n)
        if words["n"] != n:
            raise Broken(n + 1, "a line is missing, doubled or out of its place")
        if words["prev"] != prev:
            raise Broken(n + 1, "it does not follow the line before it")
        prev = words["hash"]
        if n == 0:
            if words.get("format") != FORMAT:
                raise Broken(1, f"it is not a {FORMAT}")
            contract_id = words["contract"]
        elif words.get("end"):
            return _ended(found, words, Verified(contract_id, n - 1, prev))
    raise Broken(n + 1, "the log is cut off: its end is missing")


def _ended(found: list[bytes], words: Mapping[str, Any], verified: Verified) -> Verified:
    if words["facts"] != verified.facts:
        raise Broken(words["n"] + 1, "it counts other facts than there are")
    if found[words["n"] + 1 :] != [b""]:
        raise Broken(words["n"] + 2, "there is something after the end")
    return verified


def _read(line: bytes, n: int) -> dict[str, Any]:
    try:
        words = json.loads(line)
        if not isinstance(words, dict) or not {"n", "prev", "hash"} <= set(words):
            raise ValueError
        same = _canonical(words).encode() == line
    except ValueError as wrong:
        raise Broken(n + 1, "it cannot be read") from wrong
    if not same:
        raise Broken(n + 1, "its bytes are not as they are written")
    said = {name: value for name, value in words.items() if name != "hash"}
    if _hash(said) != words["hash"]:
        raise Broken(n + 1, "its hash is another: it was changed")
    return words


def _hash(words: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(words).encode()).hexdigest()


def _canonical(words: Mapping[str, Any]) -> str:
    return json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
