#!/opt/venv/bin/python
"""Does what the official image's script does of what docker-compose.yml and the tests use.

The first start makes the user of MONGO_INITDB_ROOT_USERNAME, before anybody else can reach mongod.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure

DATA = Path("/data/db")
MADE = DATA / ".root-was-made"
USER_EXISTS = 51003


def main(words: list[str]) -> None:
    argv = ["mongod", *words] if not words or words[0].startswith("-") else words
    if argv[0] == "mongod" and os.geteuid() == 0:
        for path in (DATA, *DATA.rglob("*")):
            shutil.chown(path, "mongodb", "mongodb")
        drop = ["setpriv", "--reuid=mongodb", "--regid=mongodb", "--init-groups"]
        os.execvp(drop[0], [*drop, sys.argv[0], *argv])
    user, secret = (os.environ.get(f"MONGO_INITDB_ROOT_{n}") for n in ("USERNAME", "PASSWORD_FILE"))
    if argv[0] == "mongod" and user and secret and not MADE.exists():
        make_root(user, Path(secret).read_text())
    os.execvp(argv[0], argv)


def make_root(user: str, password: str) -> None:
    alone = ["mongod", "--dbpath", str(DATA), "--bind_ip", "127.0.0.1", "--quiet"]
    server = subprocess.Popen(alone, stdout=subprocess.DEVNULL)
    try:
        with MongoClient("127.0.0.1", directConnection=True, timeoutMS=60_000) as client:
            client.admin.command("createUser", user, pwd=password, roles=["root"])
    except OperationFailure as wrong:
        if wrong.code != USER_EXISTS:
            raise
    finally:
        server.terminate()
        server.wait()
    MADE.touch()


main(sys.argv[1:])
