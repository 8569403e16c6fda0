"""The terms in writing and the log: made once, the same for both; a flipped bit is found."""

import io
import json
import secrets
import zipfile
from pathlib import Path
from typing import Any

import pytest

from services.contracts import evidence, verify
from services.contracts.domain import chain, terms
from services.contracts.domain.chain import Broken
from services.contracts.reactions import REACTIONS
from services.contracts.records import CONTRACTS
from shared import clock, engine
from shared.events import Event
from shared.store import Db, Store
from tests.callers import Caller
from tests.contracts.builders import DAY, NOON, a_contract
from tests.contracts.test_asking import money
from tests.contracts.test_offers import _sent

SAID: dict[str, Any] = {
    "contract_id": "con_1",
    "client_id": "mem_1",
    "worker_id": "mem_2",
    "title": "ロゴ <b>太字</b>",
    "scope": "三案\n<script>alert(1)</script>",
    "milestones": [
        {"n": 1, "title": "初稿", "amount": money(40_000), "deliver_by": clock.text(NOON + DAY)}
    ],
    "review_days": 14,
    "revisions": 2,
    "fund_by": clock.text(NOON + 7 * DAY),
}
NAMES = {"mem_1": "佐藤美咲", "mem_2": "山田太郎"}


def formed(client: Caller, worker: Caller) -> str:
    """Return the path of a contract that these two have just formed."""
    answer = worker.post(f"/v1/offers/{_sent(client, worker)}/accept")
    return f"/v1/contracts/{answer.json['id']}"


# terms


@pytest.mark.pure
def test_the_terms_say_what_the_law_wants_in_both_languages() -> None:
    made = terms.of(SAID, formed_at=NOON, names=NAMES, now=NOON)

    assert made == terms.of(SAID, formed_at=NOON, names=NAMES, now=NOON)
    for page in made.pages.values():
        assert "佐藤美咲" in page
        assert "40,000" in page
        assert made.hash in page
        assert "<script>" not in page
    assert "納品の日から起算して60日以内" in made.pages["ja"]
    assert "at the latest 60 days from delivery" in made.pages["en"]
    assert json.loads(made.json)["payment"]["latest_days_from_delivery"] == 60


@pytest.mark.pure
def test_the_law_s_sixty_days_count_the_day_of_delivery() -> None:
    from datetime import UTC, datetime

    delivered = datetime(2026, 11, 1, tzinfo=UTC)
    assert terms.pay_by(delivered) == datetime(2026, 12, 30, tzinfo=UTC)


def test_the_terms_are_the_same_bytes_for_ever_and_their_reading_is_kept(
    client: Caller, worker: Caller, stranger: Caller, db: Db
) -> None:
    path = formed(client, worker)

    first = client.get(f"{path}/terms")
    db["members"].update_many({}, {"$set": {"display_name": "別の名前"}})
    again = worker.get(f"{path}/terms")

    assert first.data == again.data
    assert first.json["client"]["name"] == "佐藤美咲"
    said = client.get(path).json["terms"]
    assert first.headers["ETag"] == f'"{said["hash"]}"'
    assert said["client_read_at"]
    assert said["worker_read_at"]
    page = client.get(f"{path}/terms?format=html&locale=en")
    assert page.mimetype == "text/html"
    assert said["hash"] in page.text
    assert client.get(f"{path}/terms?format=pdf").status_code == 422
    assert stranger.get(f"{path}/terms").status_code == 404
    told = [json.loads(line).get("type") for line in client.get(f"{path}/log").text.splitlines()]
    assert told.count("terms.made") == 1
    assert told.count("terms.read") == 2


def test_the_terms_are_made_when_the_contract_is_formed(
    client: Caller, worker: Caller, store: Store, db: Db
) -> None:
    path = formed(client, worker)
    doc = db["contracts"].find_one({}) or {}
    (entry,) = [e for e in doc["outbox"] if e["type"] == "contract.formed"]
    event = Event(
        id=entry["id"],
        type=entry["type"],
        source="contracts",
        subject=doc["_id"],
        time=clock.text(entry["time"]),
        version=1,
        data=entry["data"],
    )
    for _ in range(2):
        engine.handle_one(store, REACTIONS, event, now=NOON)

    assert db["terms"].count_documents({}) == 1
    made = client.get(path).json["terms"]
    assert made["hash"] == (db["terms"].find_one({}) or {})["hash"]
    assert made["client_read_at"] is None


def test_the_timeline_shows_by_when_the_law_wants_it_paid(
    client: Caller, worker: Caller, db: Db
) -> None:
    path = formed(client, worker)
    hour = clock.now()
    db["contracts"].update_one(
        {},
        {
            "$set": {
                "state": "active",
                "milestones.0.state": "delivered",
                "milestones.0.delivered_at": hour,
                "milestones.0.accept_at": hour + 14 * DAY,
            }
        },
    )
    due = clock.text(hour + 59 * DAY)
    future = client.get(f"{path}/timeline").json["future"]
    assert {"payment.due"} == {f["what"] for f in future if f["at"] == due}
    assert client.get(path).json["milestones"][0]["pay_by"] == due
    accepted = next(f["at"] for f in future if f["what"] == "delivery.accepted")
    assert accepted < due


@pytest.mark.parametrize("days", [2, 31, 59])
def test_a_time_to_inspect_that_is_not_allowed_is_refused(
    client: Caller, worker: Caller, days: int
) -> None:
    words = {
        "worker_id": worker.id,
        "title": "ロゴ",
        "scope": "三案",
        "amount": money(1_000),
        "deliver_by": clock.text(clock.now() + DAY),
        "review_days": days,
    }
    answer = client.post("/v1/offers", words)
    assert (answer.status_code, answer.json["code"]) == (422, "review_days")


# the log


def a_log() -> bytes:
    """Return the log of two facts."""
    facts = [
        {"id": f"evt_{n}", "type": "x", "at": "t", "by": "mem_1", "version": n, "data": {"あ": n}}
        for n in (1, 2)
    ]
    return "".join(chain.lines("con_1", facts)).encode()


@pytest.mark.pure
def test_every_flipped_bit_of_a_log_is_found() -> None:
    log = a_log()
    found = chain.verify(log)
    assert (found.contract_id, found.facts) == ("con_1", 2)
    for at in range(len(log)):
        for bit in (1, 4, 32, 128):
            broken = log[:at] + bytes([log[at] ^ bit]) + log[at + 1 :]
            with pytest.raises(Broken):
                chain.verify(broken)


@pytest.mark.pure
def test_lines_that_are_missing_doubled_moved_or_added_are_found() -> None:
    lines = a_log().splitlines(keepends=True)
    head, one, two, end = lines
    for wrong in (
        [head, one, two],
        [head, two, end],
        [head, one, one, two, end],
        [head, two, one, end],
        [one, two, end],
        [*lines, one],
        [*lines, b"\n"],
        [],
    ):
        with pytest.raises(Broken):
            chain.verify(b"".join(wrong))


def test_both_sides_export_the_same_log_and_the_verifier_reads_it(
    client: Caller,
    worker: Caller,
    stranger: Caller,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = formed(client, worker)
    log = client.get(f"{path}/log")
    assert log.mimetype == "application/x-ndjson"
    assert log.data == worker.get(f"{path}/log").data
    assert stranger.get(f"{path}/log").status_code == 404
    file = tmp_path / "log.ndjson"

    file.write_bytes(log.data)
    assert verify.main([str(file)]) == 0
    at = secrets.randbelow(len(log.data))
    file.write_bytes(log.data[:at] + bytes([log.data[at] ^ 1]) + log.data[at + 1 :])
    assert verify.main([str(file)]) == 1
    assert "NOT as it was written" in capsys.readouterr().out
    assert verify.main([str(tmp_path / "none")]) == 2
    assert verify.main([]) == 2


def test_the_evidence_of_a_dispute_is_one_file_that_can_be_checked(
    client: Caller, worker: Caller, ops: Caller, db: Db, tmp_path: Path
) -> None:
    path = formed(client, worker)
    it = a_contract(state="delivered", client_id=client.id, worker_id=worker.id)
    assert client.get(f"{path}/dispute/bundle").json["code"] == "not_disputed"
    doc = CONTRACTS.to_doc(it)
    kept = {name: doc[name] for name in ("state", "milestones")}
    db["contracts"].update_one({}, {"$set": kept})
    client.post(f"{path}/messages", {"text": "ご確認ください"})
    client.post(f"{path}/dispute", {"claim": money(75_000), "reason": "plagiarism"})

    bundle = ops.get(f"{path}/dispute/bundle")
    assert bundle.status_code == 200
    file = tmp_path / "bundle.zip"
    file.write_bytes(bundle.data)
    assert verify.main([str(file)]) == 0
    with zipfile.ZipFile(io.BytesIO(bundle.data)) as found:
        files = {name: found.read(name) for name in found.namelist()}
    assert "ご確認ください" in files["messages.ndjson"].decode()
    assert b"dispute.opened" in files["log.ndjson"]
    for name in files:
        with zipfile.ZipFile(file, "w") as broken:
            for other, content in files.items():
                broken.writestr(other, content + b" " if other == name else content)
        if name != verify.MANIFEST:
            assert verify.main([str(file)]) == 1


def test_a_log_has_big_amounts_as_numbers() -> None:
    from bson.int64 import Int64

    assert type(evidence._plain({"a": [Int64(2**40)]})["a"][0]) is int
