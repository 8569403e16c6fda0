"""A service's database as files, and back: `<collection>.bson` as mongodump writes them.

All collections are read at one point in time (a `snapshot` session), while the service goes on.
`manifest.json`, written last, has what was read: counts, SHA-256 of each file, options, indexes. A
folder without one is no backup. A server keeps its history for five minutes unless told otherwise
(`minSnapshotHistoryWindowInSeconds`): reading that takes longer fails and leaves no manifest.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import bson
import orjson
from bson import json_util
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel, MongoClient
from pymongo.collection import Collection
from pymongo.database import Database

from shared import clock
from shared.documents import Doc

FORMAT = 1
MANIFEST = "manifest.json"
NOT_KEPT = {"leases"}
"""Who does what at this moment is nothing to go back to."""
BATCH = 500
RAW = CodecOptions(document_class=RawBSONDocument, tz_aware=True)


class Broken(Exception):
    """A backup that cannot be used, and why."""


def connect(url: str, name: str) -> Database[Doc]:
    """Return a database whose reads may take their time."""
    return MongoClient[Doc](url, tz_aware=True, w="majority", serverSelectionTimeoutMS=4000)[name]


def take(db: Database[Doc], service: str, folder: Path, *, now: datetime) -> Doc:
    """Write a database into a new folder; return its manifest."""
    folder.mkdir(parents=True, mode=0o700)
    there = [c for c in db.list_collections() if _is_kept(c)]
    with db.client.start_session(snapshot=True) as session:
        kept = {c["name"]: _write(db, c, session, folder) for c in sorted(there, key=_name)}
    manifest = {
        "format": FORMAT,
        "service": service,
        "database": db.name,
        "taken_at": clock.text(now),
        "collections": kept,
    }
    _write_whole(folder / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return manifest


def _is_kept(collection: Any) -> bool:
    name = collection["name"]
    return collection["type"] == "collection" and name not in NOT_KEPT and "system." not in name


def _name(collection: Any) -> str:
    return str(collection["name"])


def _write(db: Database[Doc], there: Any, session: Any, folder: Path) -> Doc:
    name = there["name"]
    digest, count = hashlib.sha256(), 0
    raw: Collection[Any] = db.get_collection(name, codec_options=RAW)
    with _private(folder / f"{name}.bson") as file:
        for doc in raw.find(session=session, batch_size=BATCH):
            digest.update(doc.raw)
            file.write(doc.raw)
            count += 1
    indexes = [index for index in db[name].list_indexes() if index["name"] != "_id_"]
    return {
        "count": count,
        "sha256": digest.hexdigest(),
        "options": json_util.dumps(there.get("options", {})),
        "indexes": json_util.dumps([dict(index) for index in indexes]),
    }


def _private(path: Path) -> BinaryIO:
    """Open a file that nobody else may read: there are password hashes and addresses in it."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write_whole(path: Path, content: bytes) -> None:
    half = path.with_suffix(".half")
    with _private(half) as file:
        file.write(content)
        os.fsync(file.fileno())
    half.rename(path)


def check(folder: Path) -> Doc:
    """Return the manifest of a backup whose files are as they were written.

    :raises Broken: something is missing or different
    """
    try:
        manifest: Doc = orjson.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as wrong:
        raise Broken(f"{folder} is no backup, or one that was not finished: {wrong}") from wrong
    if manifest["format"] != FORMAT:
        raise Broken(f"{folder} is of format {manifest['format']}, this reads {FORMAT}")
    for name, kept in manifest["collections"].items():
        path = folder / f"{name}.bson"
        if not path.exists():
            raise Broken(f"{path} is missing")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != kept["sha256"]:
                raise Broken(f"{path} is not as it was written")
    return manifest


def restore(folder: Path, db: Database[Doc]) -> Doc:
    """Put a backup into an empty database; return its manifest.

    :raises Broken: the backup is not whole, or the database is not empty
    """
    manifest = check(folder)
    for name in db.list_collection_names():
        if (
            name not in NOT_KEPT
            and not name.startswith("system.")
            and db[name].find_one() is not None
        ):
            raise Broken(f"{db.name} is not empty: there is something in {name}")
    there = set(db.list_collection_names())
    for name, kept in manifest["collections"].items():
        if name not in there:
            db.create_collection(name, **json_util.loads(kept["options"]))
        _read_into(db, name, folder / f"{name}.bson", kept)
        if indexes := [_index(words) for words in json_util.loads(kept["indexes"])]:
            db[name].create_indexes(indexes)
    return manifest


def _index(words: Doc) -> IndexModel:
    return IndexModel(
        list(words["key"].items()),
        **{k: v for k, v in words.items() if k not in ("key", "v", "ns")},
    )


def _read_into(db: Database[Doc], name: str, path: Path, kept: Doc) -> None:
    count = 0
    for batch in _batches(path):
        db[name].insert_many(batch)
        count += len(batch)
    if count != kept["count"]:
        raise Broken(f"{path} has {count} documents, its manifest says {kept['count']}")


def _batches(path: Path) -> Iterator[list[Any]]:
    batch: list[Any] = []
    with path.open("rb") as file:
        for doc in bson.decode_file_iter(file, RAW):
            batch.append(doc)
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch
