"""A web process that is told to stop answers everybody whom its port has let in."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deploy.dev import home, servers

ROOT = home.here().root
APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""
CALLERS = 8
GATEWAY_KEEPS_S = 5
"""`keepalive_timeout` of its upstreams."""

pytestmark = pytest.mark.pure


def test_who_was_let_in_is_answered_and_who_comes_later_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(APP)
    (port,) = home.free_ports(1)
    env = {**os.environ, "PORT": str(port), "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    argv = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "plain:app"]
    reset: list[str] = []
    answered: list[int] = []

    def call() -> None:
        while True:
            wire = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                wire.connect()
            except OSError:
                return  # refused: a gateway asks another process
            try:
                wire.request("POST", "/", b"x")
                answered.append(wire.getresponse().status)
            except (OSError, http.client.HTTPException) as wrong:
                reset.append(repr(wrong))
            finally:
                wire.close()

    with subprocess.Popen(argv, cwd=ROOT, env=env) as gunicorn:
        servers.until(servers.answers_tcp, port)
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        idle.request("POST", "/", b"x")
        idle.getresponse().read()
        threads = [threading.Thread(target=call) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        while len(answered) < 100:
            time.sleep(0.01)
        gunicorn.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        time.sleep(GATEWAY_KEEPS_S)
        idle.request("POST", "/", b"x")  # on the connection from before
        last = idle.getresponse()
        assert (last.status, last.getheader("Connection")) == (200, "close")
        assert gunicorn.wait(timeout=30) == 0
    assert reset == []
    assert set(answered) == {200}
