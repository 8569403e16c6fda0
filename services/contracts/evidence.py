"""What a contract can prove: its terms in writing, its log, and all of it in one bundle."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from services.contracts import queries
from services.contracts.domain import chain, contract, terms
from services.contracts.domain.contract import Contract
from services.contracts.domain.terms import Terms
from services.contracts.records import CONTRACTS
from shared import clock, moderation
from shared.documents import Doc
from shared.errors import Conflict
from shared.events import Event
from shared.store import Store

README = """\
Evidence of a dispute / 異議の証拠一式

log.ndjson      every fact of the contract, each line with the hash of the one before it
terms.json      the terms in writing as of the formation (terms.ja.html, terms.en.html to read)
messages.ndjson what the two sides wrote to each other about the contract and its offer
manifest.json   the SHA-256 of each file, and the last hash of the log

To check that nothing was changed: python -m services.contracts.verify BUNDLE.zip
"""
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def on_formed(store: Store, event: Event, now: datetime) -> None:
    """Make the terms in writing as soon as a contract is formed (our own fact: it is there)."""
    if found := store.find(CONTRACTS, event.data["contract_id"]):
        terms_of(store, found.thing, now)


def terms_of(store: Store, it: Contract, now: datetime) -> Terms:
    """Return a contract's terms in writing; made once, from the words of its formation.

    The hash of what was kept first is said in the contract's log.
    """
    if (kept := queries.terms(store.db, it.id)) is None:
        facts = store.timeline(it.id, CONTRACTS.collection)
        formed = next((f for f in facts if f["type"] == "contract.formed"), None)
        if formed is None:
            raise Conflict("no_terms", "this contract's formation is not in its log")
        names = queries.names(store.db, [it.client_id, it.worker_id])
        made = terms.of(formed["data"], formed_at=it.formed_at, names=names, now=now)
        store.keep("terms", [_doc(made)])
        kept = queries.terms(store.db, it.id) or made
    if it.terms_hash is None:
        store.change(CONTRACTS, it.id, contract.make_terms, hash_=kept.hash, now=now)
    return kept


def hash_of(made: Terms) -> str:
    """Return the hash of the terms as they are now."""
    return hashlib.sha256(made.json.encode()).hexdigest() if made.is_redacted else made.hash


def _doc(made: Terms) -> Doc:
    return {
        "_id": made.contract_id,
        "made_at": made.made_at,
        "hash": made.hash,
        "json": made.json,
        "pages": dict(made.pages),
    }


def log(store: Store, contract_id: str) -> Iterator[str]:
    """Yield the lines of a contract's log, in the order of its versions."""
    facts = store.timeline(contract_id, CONTRACTS.collection)
    return chain.lines(contract_id, map(line, facts))


def line(fact: Doc) -> dict[str, Any]:
    """Return what the log says of a fact, before it is chained."""
    return {
        "id": fact["_id"],
        "type": fact["type"],
        "at": clock.text(fact["time"]),
        "by": fact["actor"],
        "version": int(fact["version"]),
        "data": _plain(fact["data"]),
    }


def _plain(value: Any) -> Any:
    """Return words as the JSON they were said in: MongoDB gives big integers a class of its own."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def bundle(store: Store, it: Contract, now: datetime) -> bytes:
    """Return the evidence of a dispute as a zip; the same contract gives the same bytes."""
    made = terms_of(store, it, now)
    found = "".join(log(store, it.id)).encode()
    files = {
        "log.ndjson": found,
        "terms.json": made.json.encode(),
        "messages.ndjson": messages(store, it).encode(),
        "README.txt": README.encode(),
        **{f"terms.{locale}.html": page.encode() for locale, page in made.pages.items()},
    }
    manifest = {
        "contract": it.id,
        "head": chain.verify(found).head,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    files["manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True).encode()
    return _zipped(files)


def messages(store: Store, it: Contract) -> str:
    """Return what the two sides wrote and both saw, a line each; of what was removed no text."""
    return "".join(map(_message, queries.thread(store.db, [it.offer_id, it.id])))


def _message(doc: Doc) -> str:
    words = {name: doc[name] for name in ("_id", "thread", "sender_id", "text")}
    words["at"] = clock.text(doc["at"])
    if not moderation.of_plain(doc.get("seen")).is_shown:
        words.update(text="", state="removed")
    return json.dumps(words, ensure_ascii=False, sort_keys=True) + "\n"


def _zipped(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(name, _EARLIEST), content, zipfile.ZIP_DEFLATED)
    return held.getvalue()
