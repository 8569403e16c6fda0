"""A service's users may do what the service does, and nothing with what is another's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ProbableAuthenticationError
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy import credentials
from deploy.dev import servers
from services.contracts.reactions import REACTIONS
from shared import clock, ids
from shared.bus import Inbox, Publisher, topology
from shared.events import Event
from tests import backends
from tests.shared.broker import until

REFUSED = 403


@dataclass(frozen=True, slots=True)
class Site:
    """A database and a broker as a deployment makes them."""

    folder: Path
    mongo: str
    rabbitmq: str

    def database(self, service: str) -> MongoClient[dict[str, Any]]:
        url = credentials.mongo_url(self.folder, service, self.mongo)
        return MongoClient(url, timeoutMS=5000)

    def refuses(self, user: str, act: Callable[[BlockingChannel], Any]) -> None:
        """Pass when the broker does not let this user do that."""
        url = credentials.amqp_url(self.folder, user, self.rabbitmq)
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            with pytest.raises(ChannelClosedByBroker) as closed:
                act(channel)
        assert closed.value.reply_code == REFUSED

    def publisher(self, user: str, **how: Any) -> Publisher:
        it = Publisher(credentials.amqp_url(self.folder, user, self.rabbitmq), user, **how)
        it.start()
        assert it.wait_ready(20)
        return it


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    try:
        with (
            backends.guarded_mongod(folder / "keys") as (_, mongo),
            backends.guarded_rabbitmq(folder / "keys") as (_, rabbitmq),
        ):
            yield Site(folder / "keys", mongo, rabbitmq)
    except servers.Missing as missing:
        backends.give_up(str(missing))


def an_event(type_: str) -> Event:
    return Event(
        id=ids.new("evt"),
        type=type_,
        source="contracts",
        subject="con_x",
        time=clock.text(clock.now()),
        version=1,
        data={},
    )


# the database


def test_a_service_reads_and_writes_its_own_database(site: Site) -> None:
    with site.database("contracts") as client:
        own = client["ukeoi_contracts"]
        own["contracts"].insert_one({"_id": "con_1"})
        own["contracts"].create_index("state")
        assert own["contracts"].count_documents({}) == 1


@pytest.mark.parametrize("service", credentials.SERVICES)
def test_a_service_sees_and_changes_nothing_of_any_other(site: Site, service: str) -> None:
    with site.database(service) as client:
        for other in {*credentials.SERVICES, "x"} - {service}:
            there = client[f"ukeoi_{other}"]["things"]
            for act in (
                there.find_one,
                lambda there=there: there.insert_one({"_id": 1}),
                lambda there=there: there.delete_many({}),
                there.drop,
                lambda there=there: there.database.command("createUser", "me", pwd="x", roles=[]),
            ):
                with pytest.raises(OperationFailure) as no:
                    act()
                assert no.value.code == 13, "not authorized"
        assert {d["name"] for d in client.list_databases()} <= {f"ukeoi_{service}"}


def test_without_a_password_nobody_gets_in(site: Site) -> None:
    with (
        MongoClient[dict[str, Any]](site.mongo, directConnection=True, timeoutMS=5000) as client,
        pytest.raises(OperationFailure),
    ):
        client["ukeoi_escrow"]["holds"].find_one()
    with pytest.raises(ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@{site.rabbitmq}/%2F"))


def test_users_may_be_made_again_and_get_the_password_of_the_file(site: Site) -> None:
    (site.folder / "mongo" / "notify").write_text("another")
    credentials.make_database_users(site.folder, site.mongo)
    with site.database("notify") as client:
        assert client["ukeoi_notify"]["things"].find_one() is None


# the broker


def test_a_service_says_its_own_events_and_hears_what_it_is_to_hear(site: Site) -> None:
    url = credentials.amqp_url(site.folder, "contracts", site.rabbitmq)
    inbox = Inbox(url, "contracts", REACTIONS)
    out = site.publisher("contracts")
    event = an_event("contract.formed")
    assert out.publish([event]).confirmed == {event.id}
    [heard] = until(lambda: inbox.take(10, 0.5))
    inbox.ack(heard)
    inbox.assert_bindings()
    out.stop()
    inbox.close()


def test_a_service_cannot_say_what_only_another_says(site: Site) -> None:
    out = site.publisher("contracts")
    forged = an_event("escrow.released")
    assert out.publish([forged], timeout_s=3).confirmed == set()
    out.stop()
    site.refuses("contracts", lambda c: c.basic_publish(topology.EXCHANGE, "escrow.released", b""))


def test_a_service_cannot_reach_another_s_queue(site: Site) -> None:
    escrow = Inbox(
        credentials.amqp_url(site.folder, "escrow", site.rabbitmq), "escrow", ["contract.formed"]
    )
    queue = topology.inbox("escrow")
    acts: list[Any] = [
        lambda c: c.basic_get(queue),
        lambda c: c.basic_consume(queue, print),
        lambda c: c.queue_purge(queue),
        lambda c: c.queue_delete(queue),
        lambda c: c.queue_bind(queue, topology.EXCHANGE, "contract.formed"),
        lambda c: c.queue_unbind(queue, topology.EXCHANGE, "contract.formed"),
        lambda c: c.basic_publish("", queue, b"{}"),
    ]
    for act in acts:
        site.refuses("contracts", act)
    escrow.close()


def test_a_service_hears_nothing_that_it_is_not_to_hear(site: Site) -> None:
    own = topology.inbox("accounts")

    def bind(channel: BlockingChannel, type_: str) -> None:
        channel.queue_declare(own, durable=True, arguments=topology.queue_arguments("3"))
        channel.queue_bind(own, topology.EXCHANGE, type_)

    for type_ in ("message.sent", "#", "password.*"):
        site.refuses("accounts", lambda c, type_=type_: bind(c, type_))  # type: ignore[misc]


def test_a_service_makes_and_deletes_nothing_else(site: Site) -> None:
    for act in (
        lambda c: c.queue_declare("mine", durable=True),
        lambda c: c.exchange_declare("mine"),
        lambda c: c.exchange_delete(topology.EXCHANGE),
        lambda c: c.exchange_declare(topology.EXCHANGE, exchange_type="topic", durable=True),
    ):
        site.refuses("jobs", act)


def test_an_operator_reaches_every_queue(site: Site) -> None:
    Inbox(credentials.amqp_url(site.folder, "jobs", site.rabbitmq), "jobs", ["job.closed"]).close()
    out = site.publisher("ops", only_to="jobs")
    event = an_event("job.closed")
    assert out.publish([event]).confirmed == {event.id}
    out.stop()


# the files


def test_passwords_are_files_for_the_owner_alone_and_stay_as_they_are(tmp_path: Path) -> None:
    credentials.write(tmp_path, mongo="mongo:27017", rabbitmq="rabbitmq:5672")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    credentials.write(tmp_path, mongo="mongo:27017", rabbitmq="rabbitmq:5672")
    assert {p: p.read_bytes() for p in before} == before
    secret = [p for p in before if p.parent.name in ("mongo", "rabbitmq") and not p.suffix]
    assert len(secret) == 2 * len(credentials.SERVICES) + 3
    assert all(p.stat().st_mode & 0o077 == 0 for p in secret)


def test_no_two_services_share_a_password(tmp_path: Path) -> None:
    credentials.write(tmp_path, mongo="mongo:27017", rabbitmq="rabbitmq:5672")
    urls = [
        (tmp_path / s / f"{u}-url").read_text()
        for s in credentials.SERVICES
        for u in ("mongo", "amqp")
    ]
    assert len({url.split("@")[0].split(":")[-1] for url in urls}) == len(urls)
