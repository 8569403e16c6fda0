"""What exists in the broker: one topic exchange, one quorum queue per service. No more.

No dead-letter exchange, no TTL, no delivery limit: a delivery that cannot be done now is kept by
the service itself (`shared.deliveries`), so that a bad message never takes its neighbours with it.
"""

import secrets
from collections.abc import Iterable
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker

EXCHANGE = "ukeoi.events"
NOT_FOUND = 404
HEARTBEAT_S = 15
BLOCKED_TIMEOUT_S = 10
SOCKET_TIMEOUT_S = 5


def parameters(url: str, name: str) -> pika.URLParameters:
    """Return how to connect; `name` is what the broker's console shows.

    Of several nodes (`amqp://user:password@a:5672,b:5672/%2F`) any is taken, anew at each call.
    """
    how = pika.URLParameters(_of_one_node(url))
    how.heartbeat = HEARTBEAT_S
    how.blocked_connection_timeout = BLOCKED_TIMEOUT_S
    how.socket_timeout = SOCKET_TIMEOUT_S
    how.stack_timeout = SOCKET_TIMEOUT_S * 2
    how.connection_attempts = 1
    how.client_properties = {"connection_name": name}
    return how


def _of_one_node(url: str) -> str:
    scheme, _, rest = url.partition("://")
    address, slash, path = rest.partition("/")
    user, at, hosts = address.rpartition("@")
    return f"{scheme}://{user}{at}{secrets.choice(hosts.split(','))}{slash}{path}"


def inbox(service: str) -> str:
    """Return the name of a service's queue."""
    return f"{service}.inbox"


def queue_arguments(server_version: str) -> dict[str, Any]:
    """Return a quorum queue's arguments; from 4.0 on the broker's own limit is put off."""
    major = int(server_version.split(".")[0] or 0)
    return {"x-queue-type": "quorum", **({"x-delivery-limit": -1} if major >= 4 else {})}


def ensure_exchange(connection: Any) -> None:
    """Make the exchange when it is not there: a service may only do so where nobody has done it.

    A deployment with a user for each service makes it itself, and lets none of them change it.
    """
    channel = connection.channel()
    try:
        channel.exchange_declare(EXCHANGE, passive=True)
    except ChannelClosedByBroker as closed:
        if closed.reply_code != NOT_FOUND:
            raise
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
    channel.close()


def declare(channel: Any, service: str, hears: Iterable[str], server_version: str) -> None:
    """Assert queue and bindings; said again every 10 s, harmless when they are there."""
    ensure_exchange(channel.connection)
    arguments = queue_arguments(server_version)
    channel.queue_declare(inbox(service), durable=True, arguments=arguments)
    for type_ in hears:
        channel.queue_bind(inbox(service), EXCHANGE, routing_key=type_)
