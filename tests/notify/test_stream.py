"""The stream across processes: any replica goes on, and none is held up by it at its end."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.dev.home import free_ports
from services.notify.api import feed
from services.notify.app import create_app
from services.notify.reactions import REACTIONS
from shared import clock, engine
from shared.store import Store
from tests.callers import Signer
from tests.notify.builders import WORKER, an_event

ROOT = Path(__file__).parents[2]


@contextmanager
def web_process(mongo_url: str, database: str, signer: Signer) -> Iterator[tuple[int, int]]:
    """Run notify's web process as it is deployed; give its port and the id of its master."""
    (port,) = free_ports(1)
    env = {
        **os.environ,
        "MONGO_URL": mongo_url,
        "MONGO_DB": database,
        "AMQP_URL": "amqp://127.0.0.1:1",
        "JWT_PUBLIC_KEYS": str(signer.public),
        "PORT": str(port),
    }
    words = ["-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "services.notify.app:create_app()"]
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=env,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        _until_ready(port)
        yield port, process.pid
        process.wait(timeout=10)
    finally:
        process.kill()
        process.wait()


def _until_ready(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            wire.request("GET", "/healthz")
            if wire.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            wire.close()
    raise AssertionError("the web process did not come up")


def test_an_open_stream_ends_when_its_process_is_told_to_stop(
    store: Store, mongo_url: str, signer: Signer
) -> None:
    with web_process(mongo_url, store.db.name, signer) as (port, pid):
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        wire.request(
            "GET", "/v1/stream", headers={"Authorization": f"Bearer {signer.token(WORKER)}"}
        )
        answer = wire.getresponse()
        assert answer.readline().startswith(b"retry:")

        told = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        answer.read()  # to its end, without an error: it was not cut off

        assert time.monotonic() - told < 5
        wire.close()


def test_another_replica_goes_on_where_one_ended(
    store: Store, mongo_url: str, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "STREAM_S", 0.1)
    for ago_s in (9, 8, 7):
        event = an_event("message.sent")
        engine.handle_one(store, REACTIONS, event, now=clock.now())
        at = clock.now() - timedelta(seconds=ago_s)
        store.mark("feed", {"_id": event.id}, {"kept_at": at})
    headers = {"Authorization": f"Bearer {signer.token(WORKER)}"}
    replicas = [create_app(signer.settings(mongo_url, store.db.name)) for _ in range(2)]
    first = replicas[0].test_client().get("/v1/events?limit=1", headers=headers).json

    answer = (
        replicas[1]
        .test_client()
        .get("/v1/stream", headers=headers | {"Last-Event-ID": first["after"]})
    )

    seen = [line for line in answer.text.splitlines() if line.startswith("id: ")]
    assert len(seen) == 2
    for app in replicas:
        app.extensions["ukeoi_store"].db.client.close()
