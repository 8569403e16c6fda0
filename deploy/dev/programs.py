"""What runs in one checkout's deployment, what each program is told, and when it is ready."""

import hashlib
import http
import http.client
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from deploy import credentials, gateway, keys
from deploy.dev import servers
from deploy.dev.home import SERVICES, Home
from deploy.dev.servers import Command

ASK_TIMEOUT_S = 2
STOP_TIMEOUT_S = 25  # longer than gunicorn's graceful_timeout
PASSED_ON_TO_TESTS = ("PYTHONPATH", "UKEOI_SEEDED_BUG")
# Demos, tests and measurements all come from one address, some of them as one member.
GATEWAY_LIMITS = {
    "GATEWAY_RATE": "20000r/s",
    "GATEWAY_BURST": "20000",
    "GATEWAY_MEMBER_RATE": "20000r/s",
    "GATEWAY_MEMBER_BURST": "20000",
    "GATEWAY_COSTLY_RATE": "20000r/s",
    "GATEWAY_COSTLY_BURST": "20000",
    "GATEWAY_CONNECTIONS": "2000",
    "GATEWAY_STREAMS": "1000",
    "GATEWAY_CORS_ORIGINS": "",
}
PASSED_ON = (
    "PROFILE",
    "PROFILES_DIR",
    "LOG_LEVEL",
    "WEB_CONCURRENCY",
    "WEB_THREADS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
OUTSIDE = ("SMTP_URL", "MAIL_FROM", "MAIL_BOUNCE_SECRETS", "WEBHOOK_LOOPBACK")
"""What notify is told of the world outside; without `SMTP_URL` no mail is sent."""
LETTERS = ("SMTP_URL", "MAIL_FROM", "APP_URL")
"""What accounts is told, which sends the letters that confirm an address or set a password."""
PAYMENTS = (
    "PAYMENT_PROVIDER",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "STRIPE_COUNTRY",
    "STRIPE_API_BASE",
)
"""What escrow is told of payment providers; without any it is the sandbox."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process that supervisor keeps alive."""

    name: str
    argv: tuple[str, ...]
    port: int
    problem: Callable[[int], str]  # asks the port; says why it is not ready, nothing when it is
    env: Mapping[str, str] = field(default_factory=dict)


def all_of(home: Home, ports: Mapping[str, int], *, test: bool = False) -> list[Program]:
    """Return every program, backends first."""
    services = [program for name in SERVICES for program in _service(home, ports, name, test=test)]
    return [*_backends(home, ports), _gateway(home, ports), *services, _console(home, ports)]


def _backends(home: Home, ports: Mapping[str, int]) -> list[Program]:
    mongod = servers.mongod(
        home.data / "mongod",
        ports["mongod"],
        oplog_mb=512,
        keyfile=credentials.keyfile(home.keys),
    )
    epmd = servers.epmd(ports["epmd"])
    rabbitmq = servers.rabbitmq(
        home.data / "rabbitmq",
        node=f"ukeoi-{home.tag}",
        port=ports["rabbitmq"],
        dist_port=ports["rabbitmq-dist"],
        epmd_port=ports["epmd"],
        definitions=json.dumps(credentials.definitions(home.keys)),
    )
    return [
        Program("mongod", mongod.argv, ports["mongod"], _mongod_problem, mongod.env),
        Program("epmd", epmd.argv, ports["epmd"], _tcp_problem, epmd.env),
        Program("rabbitmq", rabbitmq.argv, ports["rabbitmq"], _amqp_problem, rabbitmq.env),
    ]


def gateway_command(home: Home) -> Command:
    """Return nginx as one process: a `kill -9` of a master would leave workers on its port."""
    one_process = "daemon off; master_process off;"
    conf = str(gateway_conf(home))
    return Command((nginx(), "-p", str(home.gateway), "-c", conf, "-g", one_process))


def _gateway(home: Home, ports: Mapping[str, int]) -> Program:
    """Add a checksum, so that supervisor restarts nginx when only its configuration changed."""
    conf = gateway_conf(home)
    text = conf.read_bytes() if conf.exists() else b""
    env = {"CONF_CHECKSUM": hashlib.sha256(text).hexdigest()}
    return Program("gateway", gateway_command(home).argv, ports["gateway"], _gateway_problem, env)


def _service(home: Home, ports: Mapping[str, int], name: str, *, test: bool) -> list[Program]:
    env = service_env(home, ports, name, test=test)
    python = sys.executable
    app = f"services.{name}.app:create_app()"
    web = (python, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", app)
    worker = (python, "-m", f"services.{name}")
    return [
        Program(f"{name}-web", web, ports[f"{name}-web"], http_problem, env),
        Program(f"{name}-worker", worker, ports[f"{name}-worker"], http_problem, env),
    ]


def _console(home: Home, ports: Mapping[str, int]) -> Program:
    """Return the operators' console, which is told where the services are, and no secret."""
    app = "deploy.console.app:create_app()"
    argv = (sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", app)
    env = {
        "BIND": "127.0.0.1",
        "PORT": str(ports["console"]),
        "PUBLIC_URL": url(ports),
        **_webs(ports, SERVICES),
    }
    return Program("console", argv, ports["console"], http_problem, env)


def _webs(ports: Mapping[str, int], names: Sequence[str]) -> dict[str, str]:
    return {f"{name.upper()}_WEB": f"127.0.0.1:{ports[f'{name}-web']}" for name in names}


def service_env(home: Home, ports: Mapping[str, int], name: str, *, test: bool) -> dict[str, str]:
    """Return all that the two processes of a service are told; the contract of deployments."""
    env = {
        "MONGO_URL": credentials.mongo_url(home.keys, name, f"127.0.0.1:{ports['mongod']}"),
        "MONGO_DB": credentials.database(name),
        "AMQP_URL": credentials.amqp_url(home.keys, name, f"127.0.0.1:{ports['rabbitmq']}"),
        "JWT_PUBLIC_KEYS": str(home.keys / "public"),
        "JWT_ISSUER": "ukeoi",
        "PROFILE": "default",
        "PROFILES_DIR": str(home.root / "deploy" / "profiles"),
        "BIND": "127.0.0.1",
        "PORT": str(ports[f"{name}-web"]),
        "WORKER_PORT": str(ports[f"{name}-worker"]),
        "WEB_CONCURRENCY": "1",
        "WEB_THREADS": "8",
        "LOG_LEVEL": "info",
        "PUBLIC_URL": url(ports),
        "PROXY_HOPS": "1",  # the gateway
        **{key: os.environ[key] for key in PASSED_ON if key in os.environ},
    }
    if name == "accounts":
        env |= {key: os.environ[key] for key in LETTERS if key in os.environ}
        env["JWT_PRIVATE_KEYS"] = str(home.keys / "private")
    if name == "notify":
        env |= {key: os.environ[key] for key in OUTSIDE if key in os.environ}
    if name == "escrow":
        env["SANDBOX_WEBHOOK_SECRETS"] = keys.secret(home.keys / "sandbox-webhook")
        env |= {key: os.environ[key] for key in PAYMENTS if key in os.environ}
    if test:
        env |= {
            "UKEOI_TEST_DEPLOYMENT": "1",
            "UKEOI_CLOCK_FILE": str(home.clock_file),
            "UKEOI_FAULTS_FILE": str(home.faults_file),
            **{key: os.environ[key] for key in PASSED_ON_TO_TESTS if key in os.environ},
            **_by_proxy(env, ports),
        }
    return env


def ops_env(home: Home, ports: Mapping[str, int]) -> dict[str, str]:
    """Return what operators' commands are told beside the services' own environments."""
    address = f"127.0.0.1:{ports['rabbitmq']}"
    return {"AMQP_URL": credentials.amqp_url(home.keys, credentials.OPS, address)}


def _by_proxy(env: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Return the servers' URLs with the ports of a test's proxies in place of their own."""
    told = dict(pair.split("=") for pair in os.environ.get("UKEOI_TEST_PROXIES", "").split())
    urls = {}
    for url, server in (("MONGO_URL", "mongod"), ("AMQP_URL", "rabbitmq")):
        if server in told:
            urls[url] = env[url].replace(f":{ports[server]}/", f":{told[server]}/")
    if "MONGO_URL" in urls:  # else the driver asks the set for its members, and goes there itself
        urls["MONGO_URL"] = urls["MONGO_URL"].replace("replicaSet=rs0", "directConnection=true")
    return urls


def url(ports: Mapping[str, int]) -> str:
    """Return the address that callers use."""
    return f"http://127.0.0.1:{ports['gateway']}"


def gateway_conf(home: Home) -> Path:
    """Return where nginx reads its configuration."""
    return home.gateway / "nginx.conf"


def write_gateway_conf(home: Home, ports: Mapping[str, int]) -> Path:
    """Fill the template in for this checkout."""
    values = {
        "GATEWAY_DIR": str(home.gateway),
        "GATEWAY_WWW": str(home.gateway / "www"),
        "GATEWAY_LISTEN": f"127.0.0.1:{ports['gateway']}",
        "GATEWAY_ACCESS_LOG": "/dev/stdout",
        "GATEWAY_RESOLVER": "127.0.0.1",  # not asked: no name is left to resolve
        "GATEWAY_INCLUDE": str(home.gateway / "include" / "*.conf"),
        **{name: os.environ.get(name, value) for name, value in GATEWAY_LIMITS.items()},
        **_webs(ports, SERVICES),
        "CONSOLE_WEB": f"127.0.0.1:{ports['console']}",
    }
    path = gateway_conf(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(gateway.render(values))
    return path


def nginx() -> str:
    """Return the path of nginx, which Debian keeps out of an ordinary user's PATH."""
    if found := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return found
    raise servers.Missing("no nginx: install the Debian package nginx-light")


def http_problem(port: int, path: str = "/readyz") -> str:
    """Ask a process by HTTP whether it is ready."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_TIMEOUT_S)
    try:
        wire.request("GET", path)
        status = wire.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{path}: {error or type(error).__name__}"
    finally:
        wire.close()
    return "" if status == http.HTTPStatus.OK else f"{path} answers {status}"


def _mongod_problem(port: int) -> str:
    with MongoClient[dict[str, object]](
        "127.0.0.1", port, directConnection=True, timeoutMS=ASK_TIMEOUT_S * 1000
    ) as client:
        try:
            hello = client.admin.command("hello")
        except PyMongoError:
            return "does not answer"
    return "" if hello.get("isWritablePrimary") else "takes no writes yet"


def _gateway_problem(port: int) -> str:
    return http_problem(port, "/healthz")


def _amqp_problem(port: int) -> str:
    return "" if servers.answers_amqp(port) else "does not answer"


def _tcp_problem(port: int) -> str:
    return "" if servers.answers_tcp(port) else "does not answer"
