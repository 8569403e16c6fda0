"""Events over RabbitMQ. Only this package knows pika."""

from shared.bus.inbox import GONE, Delivery, Inbox
from shared.bus.publisher import Publisher, Sent
from shared.bus.wire import event_of, from_message, to_message

__all__ = [
    "GONE",
    "Delivery",
    "Inbox",
    "Publisher",
    "Sent",
    "event_of",
    "from_message",
    "to_message",
]
