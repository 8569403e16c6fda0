"""Check an exported log or evidence bundle, offline: `python -m services.contracts.verify FILE`.

FILE is what GET /v1/contracts/{id}/log or .../dispute/bundle answered. Exit code 0: every byte is
as it was written; 1: it is not, with the line or file that is wrong; 2: it cannot be read.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

from services.contracts.domain.chain import Broken, Verified, verify

MANIFEST = "manifest.json"


def check(path: Path) -> Verified:
    """Check a log, or a bundle with all its files.

    :raises Broken: something in it was changed
    :raises OSError: it cannot be read
    """
    if not path.read_bytes().startswith(b"PK"):
        return verify(path.read_bytes())
    try:
        with zipfile.ZipFile(path) as bundle:
            return _check_bundle({name: bundle.read(name) for name in bundle.namelist()})
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, EOFError) as wrong:
        raise Broken(0, f"the bundle cannot be read: {wrong}") from wrong


def _check_bundle(files: dict[str, bytes]) -> Verified:
    manifest = json.loads(files.pop(MANIFEST))
    log = verify(files["log.ndjson"])
    if manifest["head"] != log.head:
        raise Broken(0, "the manifest names another log")
    if set(manifest["files"]) != set(files):
        raise Broken(0, "a file was added or is missing")
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest["files"][name]:
            raise Broken(0, f"{name} was changed")
    return log


def main(arguments: list[str]) -> int:
    """Check a file and say what was found."""
    if len(arguments) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        found = check(Path(arguments[0]))
    except Broken as broken:
        sys.stdout.write(f"NOT as it was written: {broken}\n")
        return 1
    except OSError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    said = f"{found.contract_id}, {found.facts} facts, head {found.head}"
    sys.stdout.write(f"as it was written: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
