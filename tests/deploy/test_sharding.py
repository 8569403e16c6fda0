"""`./dev ops shard`: what it would do to a cluster, and what it refuses.

No mongos can be had to test with (docs/scaling.md). A config server and two shards can: the plan is
carried out on them by the commands that a mongos would send them.
"""

import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pymongo.database import Database
from pymongo.errors import OperationFailure

from deploy import sharding
from deploy.dev import home
from deploy.ops import ops
from deploy.sharding import Found, Refused
from services.escrow import journal
from shared import migration
from shared.ops import SERVICES
from shared.store import ensure_indexes
from tests import backends
from tests.shared.toys import boxes

Db = Database[dict[str, Any]]
NEW = Found(is_router=True, shards=2, is_enabled=False, keys={}, indexes={})
BY_ID = {"feed": "_id"}


def _found(**more: Any) -> Found:
    said = {"is_router": True, "shards": 2, "is_enabled": True, "keys": {}, "indexes": {}}
    return Found(**{**said, **more})


def _prepare(db: Db, service: str) -> None:
    """Make a service's indexes, as its processes do."""
    records = importlib.import_module(f"services.{service}.records")
    ensure_indexes(db, records.KINDS, getattr(records, "SHELVES", ()))


@pytest.mark.pure
def test_a_new_cluster_gets_the_database_an_index_and_the_key() -> None:
    steps = sharding.plan("ukeoi_notify", BY_ID, NEW)
    index = {"key": {"_id": "hashed"}, "name": "_id_hashed"}
    assert [(step.command, step.on_admin) for step in steps] == [
        ({"enableSharding": "ukeoi_notify"}, True),
        ({"createIndexes": "feed", "indexes": [index]}, False),
        ({"shardCollection": "ukeoi_notify.feed", "key": {"_id": "hashed"}}, True),
    ]


@pytest.mark.pure
def test_what_is_sharded_already_is_left_as_it_is_and_said() -> None:
    steps = sharding.plan("ukeoi_notify", BY_ID, _found(keys={"feed": {"_id": "hashed"}}))
    assert [step.command for step in steps] == [None, None]
    assert steps[1].words == "feed is sharded by {'_id': 'hashed'}"


@pytest.mark.pure
@pytest.mark.parametrize(
    ("found", "why"),
    [
        (_found(is_router=False), "no sharded cluster"),
        (_found(shards=0), "no shard yet"),
        (_found(keys={"feed": {"_id": 1}}), "is sharded by {'_id': 1}, not by"),
        (_found(indexes={"feed": {"born": {"unique": True}}}), "unique index .* born"),
    ],
)
def test_a_cluster_that_is_otherwise_is_refused(found: Found, why: str) -> None:
    with pytest.raises(Refused, match=why):
        sharding.plan("ukeoi_notify", BY_ID, found)


@pytest.fixture(scope="module")
def cluster() -> Iterator[backends.Cluster]:
    with backends.cluster_without_router() as cluster:
        yield cluster


@pytest.mark.parametrize("service", SERVICES)
def test_a_cluster_takes_every_key_beside_the_service_s_own_indexes(
    cluster: backends.Cluster, service: str
) -> None:
    collections = sharding.wanted(service)
    db = cluster.database(f"ukeoi_{service}")
    _prepare(db, service)
    found = sharding.read(cluster.config, db, collections)
    assert found.indexes.keys() == collections.keys()
    for step in sharding.plan(db.name, collections, found):
        if step.command is not None:
            cluster.take(db, step.command)
    keys = {name: {field: "hashed"} for name, field in collections.items()}
    again = sharding.read(cluster.config, db, collections)
    assert again.keys == keys
    assert not any(step.command for step in sharding.plan(db.name, collections, again))
    for name in collections:
        assert cluster.shards_of(db, name) == {"shard0", "shard1"}, name


def test_a_cluster_refuses_what_the_plan_refuses(cluster: backends.Cluster) -> None:
    db = cluster.database("refusing")
    ensure_indexes(db, [boxes()])
    with pytest.raises(Refused, match="born, one_box"):
        sharding.plan(db.name, {"boxes": "_id"}, sharding.read(cluster.config, db, ["boxes"]))
    with pytest.raises(OperationFailure, match="Uniqueness can't be maintained"):
        cluster.take(db, {"shardCollection": "refusing.boxes", "key": {"_id": "hashed"}})


def test_the_index_of_the_key_counts_as_used_and_that_of_requests_no_longer(db: Db) -> None:
    ensure_indexes(db, [boxes()])
    spread = boxes(sharded_by="_id")
    ensure_indexes(db, [spread])
    (_, index, _) = sharding.plan(db.name, {spread.collection: "_id"}, _found())
    db.command(index.command)
    assert migration.unused_indexes(db, spread) == ["born"]


def test_the_entries_of_the_journal_stay_whole(db: Db) -> None:
    journal.prepare(db)
    found = _found(indexes={"entries": db["entries"].index_information()})
    with pytest.raises(Refused, match=r"entries: a unique index .* statement"):
        sharding.plan(db.name, {"entries": "_id"}, found)


@pytest.mark.parametrize("how", [[], ["--url"]])
def test_a_server_that_is_no_mongos_is_refused_and_nothing_is_changed(
    db: Db, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: list[str]
) -> None:
    own = "mongodb://127.0.0.1:1" if how else mongo_url
    (tmp_path / "notify.env").write_text(f"MONGO_URL={own}\nMONGO_DB={db.name}\n")
    monkeypatch.setenv("UKEOI_ENV_DIR", str(tmp_path))
    asked = ["shard", "--service", "notify", *(word for one in how for word in (one, mongo_url))]
    said = CliRunner().invoke(ops, asked)
    assert said.exit_code == 1
    assert "notify: this is no sharded cluster: MONGO_URL has to lead to a mongos" in said.output
    assert db.list_collection_names() == []


def test_the_page_names_what_is_sharded_and_by_what() -> None:
    page = (home.here().root / "docs" / "scaling.md").read_text()
    rows = re.findall(r"^\| (\w+|each) \| `(\w+)` \| `\{(\w+): \"hashed\"\}` \|", page, re.M)
    assert sorted(rows) == sorted(_rows(SERVICES))


def _rows(services: Iterable[str]) -> set[tuple[str, str, str]]:
    every = ((name, *row) for name in services for row in sharding.wanted(name).items())
    return {("each" if row == "facts" else name, row, key) for name, row, key in every}
