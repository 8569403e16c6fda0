"""A backup that is taken under load restores to a state from which the services go on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy import backup, verify
from shared import clock, ops
from shared.bus import Publisher
from shared.store import Db
from tests.flows.marketplace import SERVICES, Marketplace, eventually, forget_queues
from tests.flows.stories import delivered, formed, funded, offered, two_people

BEGINNING = clock.parse("2020-01-01T00:00:00Z")


@pytest.mark.timeout(300)
def test_a_backup_taken_under_load_restores_and_the_services_catch_up(
    market: Marketplace, tmp_path: Path
) -> None:
    with telling_stories(market) as contracts:
        eventually(lambda: len(contracts) >= 2, "stories are under way")
        taken = {name: take(market, name, tmp_path) for name in SERVICES}
        eventually(lambda: len(contracts) >= 4, "they went on meanwhile")
    quiet(market)
    for name in SERVICES:
        market.stop_worker(name)
    old = market.tag
    market.tag = f"{old}r"
    try:
        for name, folder in taken.items():
            backup.restore(folder, market.db(name))
            assert verify.check({name: market.db(name)}, now=clock.now()) == []
        for name in SERVICES:
            market.start_worker(name)
        everybody_hears(market)
        say_everything_again(market, SERVICES)
        quiet(market)
        everything = {name: market.db(name) for name in SERVICES}
        assert everything["contracts"]["contracts"].count_documents({}) >= 2
        later = clock.now() + 2 * verify.SETTLE
        assert verify.check(everything, now=later) == []
        assert not [d for db in everything.values() for d in db["deliveries"].find({"type": ""})]
    finally:
        for name in list(market.workers):
            market.stop_worker(name)
        forget_queues(market.amqp_url)
        for name in SERVICES:
            market._client.drop_database(market.database(name))
        market.tag = old
        for name in SERVICES:
            market.start_worker(name)
        everybody_hears(market)


def test_a_dropped_database_of_notify_is_rebuilt_from_what_the_others_said(
    market: Marketplace,
) -> None:
    hire = delivered(funded(formed(offered(two_people(market)))))
    quiet(market)
    db = market.db("notify")
    whose = {"$in": [hire.client.id, hire.worker.id]}
    eventually(lambda: about(db, whose)["feed"], "notify has heard")
    before = about(db, whose)
    market.stop_worker("notify")
    market._client.drop_database(db.name)
    market.start_worker("notify")
    eventually(lambda: market.workers["notify"][0].hearing, "notify hears")
    say_everything_again(market, ["notify"])
    for name, was in before.items():
        assert was, name
        eventually(lambda n=name, w=was: about(db, whose)[n] >= w, f"{name} is whole again")


def test_a_backup_that_was_touched_or_not_finished_is_refused(db: Db, tmp_path: Path) -> None:
    db["things"].insert_many([{"_id": n, "text": "ä" * n} for n in range(10)])
    whole = backup_of(db, tmp_path / "whole")
    file = whole / "things.bson"
    file.write_bytes(file.read_bytes().replace("ää".encode(), "öö".encode(), 1))
    other = db.client[f"{db.name}_2"]
    with pytest.raises(backup.Broken, match="not as it was written"):
        backup.restore(whole, other)
    (whole / "manifest.json").unlink()
    with pytest.raises(backup.Broken, match="no backup"):
        backup.restore(whole, other)
    assert other.list_collection_names() == []


def test_a_restored_database_has_the_same_documents_guards_and_indexes(
    db: Db, tmp_path: Path
) -> None:
    db.create_collection("things", validator={"$jsonSchema": {"required": ["text"]}})
    db["things"].create_index([("text", 1)], name="by_text", unique=True)
    db["things"].insert_many([{"_id": n, "text": str(n), "at": clock.now()} for n in range(1200)])
    db["leases"].insert_one({"_id": "outbox", "owner": "somebody"})
    folder = backup_of(db, tmp_path / "it")
    assert (folder / "things.bson").stat().st_mode & 0o077 == 0
    other = db.client[f"{db.name}_2"]
    try:
        backup.restore(folder, other)
        assert list(other["things"].find()) == list(db["things"].find())
        assert other["things"].index_information() == db["things"].index_information()
        assert other["things"].options() == db["things"].options()
        assert other["leases"].count_documents({}) == 0
        with pytest.raises(backup.Broken, match="not empty"):
            backup.restore(folder, other)
    finally:
        db.client.drop_database(other.name)


def backup_of(db: Db, folder: Path) -> Path:
    backup.take(db, "toys", folder, now=clock.now())
    return folder


def take(market: Marketplace, name: str, folder: Path) -> Path:
    manifest = backup.take(market.db(name), name, folder / name, now=clock.now())
    assert manifest["collections"]["facts"]["count"] > 0
    return folder / name


@contextmanager
def telling_stories(market: Marketplace) -> Iterator[list[str]]:
    """Tell hires from beginning to end, one after the other, until the block is left."""
    contracts: list[str] = []
    wrong: list[Exception] = []
    enough = threading.Event()

    def tell() -> None:
        try:
            while not enough.is_set():
                hire = delivered(funded(formed(offered(two_people(market)))))
                hire.client.did(f"{hire.step}/accept")
                contracts.append(hire.contract)
        except Exception as why:  # noqa: BLE001  (told below)
            wrong.append(why)

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield contracts
    finally:
        enough.set()
        teller.join()
    assert not wrong, wrong


def everybody_hears(market: Marketplace) -> None:
    eventually(lambda: all(w.hearing for w, _ in market.workers.values()), "every worker hears")


def quiet(market: Marketplace) -> None:
    """Wait until nothing is on its way, neither in an outbox nor to be tried again."""
    eventually(lambda: not any(waits(market.db(name)) for name in SERVICES), "all is quiet", 90)


def waits(db: Db) -> bool:
    retry = db["deliveries"].count_documents({"state": "retry"}, limit=1)
    names = [name for name in db.list_collection_names() if not name.startswith("system.")]
    where = {"outbox.time": {"$exists": True}}
    return bool(retry) or any(db[name].count_documents(where, limit=1) for name in names)


def say_everything_again(market: Marketplace, hearers: Any) -> None:
    for hearer in hearers:
        publisher = Publisher(market.amqp_url, "ops", only_to=hearer)
        publisher.start()
        assert publisher.wait_ready(10)
        for name in SERVICES:
            ops.say_again(publisher, name, market.db(name), since=BEGINNING)
        publisher.stop()


def about(db: Db, whose: Any) -> dict[str, set[str]]:
    """Return the ids of what notify keeps of these members, but for what it said itself."""
    feed = {"concerns": whose, "type": {"$not": {"$regex": "^notification"}}}
    wheres = {
        "members": {"_id": whose},
        "notices": {"member_id": whose},
        "feed": feed,
    }
    return {name: {d["_id"] for d in db[name].find(where)} for name, where in wheres.items()}
