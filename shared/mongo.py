"""The connection to a service's database, and what its errors mean."""

from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from shared.documents import Doc

MONGO_TIMEOUT_MS = 5000
SELECT_TIMEOUT_MS = 4000
POOL_MAX = 32
DUPLICATE_KEY = 11000
AUTHENTICATION_FAILED = 18

Db = Database[Doc]


class _Database(Database[Doc]):
    """Keeps its collections: pymongo makes one anew at each look, five of them a command."""

    def __init__(self, client: MongoClient[Doc], name: str) -> None:
        super().__init__(client, name)
        self._kept: dict[str, Collection[Doc]] = {}

    def __getitem__(self, name: str) -> Collection[Doc]:
        found = self._kept.get(name)
        if found is None:
            found = self._kept[name] = super().__getitem__(name)
        return found


def connect(url: str, name: str) -> Db:
    """Return the service's database; opens nothing until first used, and never hangs."""
    client: MongoClient[Doc] = MongoClient(
        url,
        tz_aware=True,
        timeoutMS=MONGO_TIMEOUT_MS,
        serverSelectionTimeoutMS=SELECT_TIMEOUT_MS,
        maxPoolSize=POOL_MAX,
        w="majority",
        retryWrites=True,
    )
    return _Database(client, name)


def is_away(wrong: BaseException) -> bool:
    """Say whether this means that the database cannot be reached now (and not: a wrong write)."""
    if isinstance(wrong, ConnectionFailure):
        return True
    if isinstance(wrong, OperationFailure) and wrong.code == AUTHENTICATION_FAILED:
        return True  # a deployment that is just being set up, or changes its passwords
    return isinstance(wrong, PyMongoError) and wrong.timeout


def only_duplicates(wrong: BulkWriteError) -> bool:
    """Say whether a bulk write failed by nothing but documents that are there already.

    A write that the majority has not taken comes as such an error too, and is none of these.
    """
    errors = wrong.details["writeErrors"]
    unsure = wrong.details.get("writeConcernErrors")
    return bool(errors) and not unsure and all(e["code"] == DUPLICATE_KEY for e in errors)


def insert_new(collection: Collection[Doc], docs: Sequence[Doc]) -> None:
    """Insert documents; those that are there already stay as they are."""
    try:
        collection.insert_many(docs, ordered=False)
    except BulkWriteError as wrong:
        if not only_duplicates(wrong):
            raise


def write_bulk(collection: Collection[Doc], operations: list[Any]) -> int:
    """Do these unordered; return how many of them found what they look for."""
    try:
        result = collection.bulk_write(operations, ordered=False)
    except BulkWriteError as wrong:
        if not only_duplicates(wrong):
            raise
        return int(wrong.details["nMatched"] + wrong.details["nInserted"])
    return result.matched_count + result.inserted_count
