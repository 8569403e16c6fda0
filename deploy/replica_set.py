"""Makes one mongod a replica set, which transactions need: `python -m deploy.replica_set URL`.

Safe to run at every start: a set that exists is left as it is.
"""

import argparse
import time

from pymongo import MongoClient
from pymongo.errors import PyMongoError

TRY_EVERY_S = 0.1


def initiate(url: str, *, member: str, name: str = "rs0", patience_s: float = 60) -> None:
    """Wait for the server, make it the only member of the set, wait until it takes writes.

    `member` is the address by which clients reach the server; raises TimeoutError.
    """
    deadline = time.monotonic() + patience_s
    config: dict[str, object] = {"_id": name, "members": [{"_id": 0, "host": member}]}
    with MongoClient[dict[str, object]](url, directConnection=True, timeoutMS=2000) as client:
        while problem := _not_yet_primary(client, config):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} took no writes within {patience_s:.0f} s: {problem}")
            time.sleep(TRY_EVERY_S)


def _not_yet_primary(client: MongoClient[dict[str, object]], config: dict[str, object]) -> str:
    """Ask, initiating on the way; say what is still missing, nothing when it takes writes."""
    try:
        hello = client.admin.command("hello")
        if not hello.get("setName"):
            client.admin.command("replSetInitiate", config)
    except PyMongoError as error:  # away, starting, or another process initiates it just now
        return str(error)
    return "" if hello.get("isWritablePrimary") else "no primary yet"


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
