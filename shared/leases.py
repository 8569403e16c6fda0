"""A lease: for a while, one process of a service does a job that several could do."""

import os
import socket
from datetime import datetime, timedelta

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.store import Db

ME = f"{socket.gethostname()}:{os.getpid()}"


def hold(db: Db, name: str, *, now: datetime, seconds: float = 10) -> bool:
    """Take or renew a lease; False while another process has it.

    Two holders at once (a clock, a pause) must only cost duplicates, never harm.
    """
    try:
        doc = db["leases"].find_one_and_update(
            {"_id": name, "$or": [{"owner": ME}, {"until": {"$lte": now}}]},
            {"$set": {"owner": ME, "until": now + timedelta(seconds=seconds)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        return False
    return doc is not None
