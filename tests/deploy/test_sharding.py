"""What may be sharded, held against the indexes that the services really make."""

import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.ops import ops
from deploy.sharding import KEY, SHARDED, Collection, look, refusal
from shared import store as stores
from shared.ops import SERVICES
from shared.store import Db


@pytest.mark.parametrize(
    ("collection", "why"),
    [
        (Collection("facts", None, {}), None),
        (Collection("facts", KEY, {}), None),
        (Collection("facts", None, {"by_id": ["_id", "at"]}), None),
        (Collection("facts", {"at": 1}, {}), "facts is sharded by {'at': 1}"),
        (Collection("members", None, {"one_email": ["email"]}), "the unique index one_email"),
    ],
)
def test_what_shards_cannot_keep_is_refused(collection: Collection, why: str | None) -> None:
    found = refusal(collection)
    assert (found is None) if why is None else (found is not None and why in found)


@pytest.mark.parametrize("service", SERVICES)
def test_no_unique_index_stands_in_the_way_of_what_is_sharded(db: Db, service: str) -> None:
    records = importlib.import_module(f"services.{service}.records")
    stores.ensure_indexes(db, records.KINDS, getattr(records, "SHELVES", ()))
    for name in SHARDED[service]:
        there = look(db.client, db.name, name)
        assert there.key is None
        assert refusal(there) is None
        assert db[name].index_information().keys() > {"_id_"}, "its indexes are there"


def test_escrows_entries_stay_whole(db: Db) -> None:
    importlib.import_module("services.escrow.journal").prepare(db)
    assert refusal(look(db.client, db.name, "entries")) is not None


def test_a_replica_set_is_told_that_it_has_no_shards(
    db: Db, mongo_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UKEOI_ENV_DIR", str(tmp_path))
    said = CliRunner().invoke(ops, ["shard", "--url", mongo_url])
    assert said.exit_code == 1
    assert "this is no mongos" in said.output
