"""Web processes under load: contracts' own and what stands beside it, served alike."""

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import InsertOne

from deploy.dev import home
from services.contracts.domain import contract, hearing
from services.contracts.records import CONTRACTS
from shared import clock, ids
from shared.documents import Doc, newborn
from shared.store import Db
from tests.bench.load import ours_s
from tests.bench.rig import PROGRAMS, ROOT, NotHere, Rig, until
from tests.callers import Signer

MEMBERS = 50
CONNECTIONS = 16
REFUSED_MOST = 0.005


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator saw."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float

    @property
    def done(self) -> int:
        """Requests that did what they asked for.

        On a busy machine a contract's recall may overtake its delivery, and is rightly refused;
        more than a few of those, or any broken one, make the figure worthless.
        """
        assert self.refused <= self.requests * REFUSED_MOST, f"{self.refused} refused"
        assert self.broken == 0, f"{self.broken} broken"
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        """Requests per second that did what they asked for."""
        return self.done / self.seconds


@dataclass(frozen=True, slots=True)
class Site:
    """Where an application answers, and the gunicorn that has started its processes."""

    url: str
    master: int

    def processes(self) -> list[int]:
        """Return the process ids that answer."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return [int(pid) for pid in children.split()]


@contextmanager
def served(rig: Rig, name: str, app: str, *, processes: int = 2, **env: object) -> Iterator[Site]:
    """Serve an application as every web process of the product is served."""
    (port,) = home.free_ports(1)
    argv = (sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", app)
    how = {"PORT": port, "WEB_CONCURRENCY": processes, "WEB_THREADS": 8, "AMQP_URL": rig.amqp_url}
    with rig.program(name, *argv, **how, **env) as master:
        site = Site(f"http://127.0.0.1:{port}", master.pid)
        until(lambda: answers(site.url), f"{app} answers")
        yield site


@contextmanager
def contracts(rig: Rig, db: Db, *, processes: int = 2) -> Iterator[tuple[Site, Signer]]:
    """Serve contracts, with its tokens' signer."""
    with TemporaryDirectory() as folder:
        signer = Signer(Path(folder))
        app = "services.contracts.app:create_app()"
        env = {"MONGO_DB": db.name, "JWT_PUBLIC_KEYS": signer.public}
        with served(rig, "contracts", app, processes=processes, **env) as site:
            yield site, signer


def answers(url: str) -> bool:
    """Say whether an application is there, whatever it says."""
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=2)  # noqa: S310
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def load(
    rig: Rig, url: str, lines: Sequence[str], seconds: float, connections: int = CONNECTIONS
) -> Load:
    """Deliver and recall the contracts in turn, by so many connections at once."""
    if not shutil.which("wrk"):
        raise NotHere("no wrk: install the Debian package wrk")
    with TemporaryDirectory() as folder:
        file = Path(folder, "lines")
        file.write_text("\n".join(lines) + "\n")
        argv = (
            "wrk",
            "-t",
            "1",
            "-c",
            str(connections),
            "-d",
            f"{seconds:g}s",
            "--latency",
            "--timeout",
            "10s",
        )
        argv += ("-s", str(PROGRAMS / "acts.lua"), url, "--", str(file))
        used_s = ours_s()
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
        used_s = ours_s() - used_s
    seen = Load(**json.loads(done.stdout.strip().splitlines()[-1]))
    rig.cpu_us_each = used_s / max(1, seen.requests) * 1e6
    return seen


def prepare(db: Db, count: int, signer: Signer) -> list[str]:
    """Keep so many active contracts; return the load generator's lines: id and worker's token."""
    workers = [ids.new("mem") for _ in range(MEMBERS)]
    tokens = {member: signer.token(member) for member in workers}
    docs = [a_funded_contract(workers[n % MEMBERS]) for n in range(count)]
    db[CONTRACTS.collection].bulk_write([InsertOne(doc) for doc in docs])
    return [f"{doc['_id']} {tokens[doc['worker_id']]}" for doc in docs]


def a_funded_contract(worker_id: str) -> Doc:
    """Return the document of a contract whose only milestone is funded."""
    now = clock.now()
    it, _ = contract.form(contract_words(worker_id, now + timedelta(days=30)), now)
    m = it.milestones[0]
    it, _ = hearing.hear_escrow(it, type_="escrow.funded", n=1, amount=m.amount, now=now)
    return newborn(CONTRACTS, it, [], once=None)


def contract_words(worker_id: str, by: Any) -> dict[str, Any]:
    """Return the words by which a contract is formed with this worker."""
    return {
        "contract_id": ids.new("con"),
        "offer_id": ids.new("off"),
        "client_id": ids.new("mem"),
        "worker_id": worker_id,
        "title": "A logo for a small bakery in Kamakura",
        "scope": "Three drafts, two rounds of changes, vector files at the end. " * 4,
        "mode": "project",
        "review_days": 7,
        "revisions": 2,
        "fund_by": clock.text(by),
        "job_id": None,
        "proposal_id": None,
        "listing_id": None,
        "milestones": [
            {
                "n": 1,
                "title": "All of it",
                "amount": {"amount": 75_000, "currency": "JPY"},
                "deliver_by": clock.text(by),
                "hold_id": ids.new("hld"),
            }
        ],
    }


def drained(db: Db, collection: str) -> None:
    """Wait until every fact of a collection is published."""
    left = {"outbox.0": {"$exists": True}}
    until(lambda: db[collection].count_documents(left, limit=1) == 0, "every outbox is cleared")
    time.sleep(0.1)
