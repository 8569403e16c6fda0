"""How every web process is served; only BIND, PORT and the two sizes differ."""

import ctypes
import os
import signal
from pathlib import Path
from typing import Any

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "deploy.serving.DrainingWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))

keepalive = 65  # longer than the gateway keeps an idle connection: it never writes to a closed one
timeout = 30
graceful_timeout = 20
max_requests = 0
preload_app = False  # MongoDB and RabbitMQ connections do not survive a fork
control_socket_disable = True  # its default path is shared by all services of one user
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
accesslog = None  # one line per request is the service's own affair

PR_SET_PDEATHSIG = 1


def post_fork(server: Any, worker: Any) -> None:
    """Let a worker die with its master.

    Otherwise, after a `kill -9` of the master, it keeps the port for as long as one connection
    lives (20 s with an open stream), and the restarted master cannot bind.
    """
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (AttributeError, OSError):  # not Linux
        return
    if os.getppid() != worker.ppid:
        os._exit(1)


def post_worker_init(worker: Any) -> None:
    """Let open streams end as soon as the worker is told to stop."""
    from shared import stopping

    stopping.watch()


def child_exit(server: Any, worker: Any) -> None:
    """Let a dead worker's gauges go, where several workers share their metrics by files."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
