"""The offline verifier: it passes a sound export, and finds every changed byte."""

import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from services.escrow import audit, proof, verify
from shared import clock
from shared.store import Store
from tests.escrow.builders import RICH, keep_funded, keep_released


def an_export(store: Store) -> list[bytes]:
    for n in range(3):
        keep_released(store, fees=RICH, amount=10_000 + n)
        keep_funded(store)
        assert proof.seal(store, clock.now()) == 1
    return list(audit.journal(store.db))


def wrong(lines: Iterable[bytes], head: str = "") -> list[str]:
    return verify.verify(lines, head=head).wrong


def test_a_sound_export_is_right_without_a_database(store: Store, tmp_path: Path) -> None:
    lines = an_export(store)
    keep_funded(store)
    lines = list(audit.journal(store.db))
    head = proof.last_seal(store.db)["hash"]
    found = verify.verify(lines, head=head)
    assert (found.wrong, found.entries, found.seals, len(found.unsealed)) == ([], 10, 3, 1)
    assert found.totals() == {"JPY": 0}
    (tmp_path / "journal").write_bytes(b"".join(lines))
    argv = [sys.executable, "-m", "services.escrow.verify", "journal", "--head", head]
    environment = {"PYTHONPATH": str(Path.cwd())}
    ran = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (ran.returncode, b"all is right" in ran.stdout) == (0, True), ran.stderr


def test_any_changed_byte_is_found(store: Store) -> None:
    whole = b"".join(an_export(store))
    chance = random.Random(11)
    for at in sorted(chance.sample(range(len(whole)), 400)):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << chance.randrange(8)
        head = proof.last_seal(store.db)["hash"]
        assert wrong(bytes(flipped).splitlines(keepends=True), head), (at, whole[at - 20 : at + 20])


@pytest.mark.parametrize("what", ["drop", "double", "swap", "cut"])
def test_lines_that_are_missing_or_moved_are_found(store: Store, what: str) -> None:
    lines = an_export(store)
    head = proof.last_seal(store.db)["hash"]
    match what:
        case "drop":
            del lines[2]
        case "double":
            lines.insert(2, lines[2])
        case "swap":
            lines[1], lines[2] = lines[2], lines[1]
        case "cut":
            lines = lines[:-5]
    assert wrong(lines, head)


@pytest.mark.pure
@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"{}", b'{"entry":{}}', b'{"other":{}}'])
def test_what_cannot_be_read_is_said(line: bytes) -> None:
    assert wrong([line + b"\n"])[0].startswith("line 1: ")
