"""Makes mongod a replica set, which transactions need: `python -m deploy.replica_set URL`.

Safe to run at every start: a set that exists is left as it is.
"""

import argparse
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

TRY_EVERY_S = 0.1


def initiate(url: str, *, member: str, name: str = "rs0", patience_s: float = 60) -> None:
    """Wait for the server, make it a member of a set, wait until it takes writes.

    `member` is the address by which clients reach the server. With several, by commas, the server
    is the first, and made the primary for as long as it can be; raises TimeoutError.
    """
    deadline = time.monotonic() + patience_s
    members: list[dict[str, object]] = [
        {"_id": n, "host": host, "priority": 1 if n else 2}
        for n, host in enumerate(member.split(","))
    ]
    config: dict[str, object] = {"_id": name, "members": members}
    with MongoClient[dict[str, Any]](url, directConnection=True, timeoutMS=2000) as client:
        while problem := _not_yet_primary(client, config):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} took no writes within {patience_s:.0f} s: {problem}")
            time.sleep(TRY_EVERY_S)


def _not_yet_primary(client: MongoClient[dict[str, Any]], config: dict[str, object]) -> str:
    """Ask, initiating on the way; say what is still missing, nothing when it takes writes."""
    try:
        hello = client.admin.command("hello")
        if not hello.get("setName"):
            client.admin.command("replSetInitiate", config)
    except PyMongoError as error:  # away, starting, or another process initiates it just now
        return str(error)
    # Of several members any may be the primary by now.
    several = len(hello.get("hosts", ())) > 1
    writable = hello.get("primary") if several else hello.get("isWritablePrimary")
    return "" if writable else "no primary yet"


def main() -> None:
    """Read the command line."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("url", help="for example mongodb://mongo:27017")
    words.add_argument("--member", default="", help="host:port for clients; else that of the URL")
    args = words.parse_args()
    initiate(args.url, member=args.member or args.url.removeprefix("mongodb://").split("/")[0])
    print("the replica set is ready")


if __name__ == "__main__":
    main()
