"""Brings documents and indexes to the present shape while old and new processes run.

A new version reads what the old one wrote (`from_doc` gives what is missing its meaning), and
writes only what it changes, so that an old version finds its own fields and keeps the new ones.
This is for what nobody happens to touch, and for indexes whose definition has changed.
"""

from collections.abc import Iterator
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import OperationFailure

from shared.documents import Doc, Kind, own_indexes
from shared.store import Db

BATCH = 500
OTHER_DEFINITION = (85, 86)
"""MongoDB's codes for an index of this name, or of these keys, that is defined otherwise."""


def complete(
    db: Db, kind: Kind[Any], *, after: str = "", most: int = 0
) -> Iterator[tuple[str, int]]:
    """Write old documents in the present shape; yield each batch's last id and how many changed.

    `after` goes on behind an id; `most` (0: no bound) ends after so many documents were looked at.
    It is the same thing in another shape: the version stays, and a document that somebody changes
    meanwhile is left to them.
    """
    looked = 0
    while not most or looked < most:
        size = min(BATCH, most - looked) if most else BATCH
        docs = list(db[kind.collection].find({"_id": {"$gt": after}}).sort("_id", 1).limit(size))
        if not docs:
            return
        updates = [update for doc in docs if (update := _completing(kind, doc))]
        done = db[kind.collection].bulk_write(updates, ordered=False) if updates else None
        looked, after = looked + len(docs), docs[-1]["_id"]
        yield after, done.modified_count if done else 0


def _completing(kind: Kind[Any], doc: Doc) -> UpdateOne | None:
    new = kind.to_doc(kind.from_doc(doc))
    words = {name: value for name, value in new.items() if name not in doc or doc[name] != value}
    if not words:
        return None
    return UpdateOne({"_id": doc["_id"], "version": doc["version"]}, {"$set": words})


def rebuild_indexes(db: Db, kind: Kind[Any]) -> list[str]:
    """Build anew those whose definition has changed under the same name; return their names.

    Between the two a unique index guards nothing: give a unique one that changes a new name.
    """
    rebuilt = []
    for model in (*own_indexes(kind), *kind.indexes):
        try:
            db[kind.collection].create_indexes([model])
        except OperationFailure as other:
            if other.code not in OTHER_DEFINITION:
                raise
            db[kind.collection].drop_index(_in_its_place(db, kind, model.document))
            db[kind.collection].create_indexes([model])
            rebuilt.append(str(model.document["name"]))
    return rebuilt


def _in_its_place(db: Db, kind: Kind[Any], wanted: Any) -> str:
    """Return the name of the index that has this one's name, or else its keys."""
    there = db[kind.collection].index_information()
    if wanted["name"] in there:
        return str(wanted["name"])
    keys = list(wanted["key"].items())
    return next(name for name, said in there.items() if list(said["key"]) == keys)


def unused_indexes(db: Db, kind: Kind[Any]) -> list[str]:
    """Return the names of indexes that nothing defines any more."""
    wanted = {model.document["name"] for model in (*own_indexes(kind), *kind.indexes)}
    wanted |= {"_id_", f"{kind.sharded_by}_hashed"}
    return sorted(db[kind.collection].index_information().keys() - wanted)
