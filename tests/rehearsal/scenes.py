"""One scene for each alert: provoked, seen to fire, its runbook followed, seen to heal."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.dev.home import SERVICES
from shared import clock, ids
from shared.bus import Publisher
from shared.deliveries import TRIES_MAX
from shared.events import Event
from shared.ops import broker_url
from tests.rehearsal.stage import Doc, Stage, eventually

WEBS = [f"{name}-web" for name in SERVICES]
WORKERS = [f"{name}-worker" for name in SERVICES]


def deliveries_parked(stage: Stage) -> None:
    """A message whose words are missing: parked, read, replayed in vain, dropped."""
    contract = stage.hire()
    publisher = Publisher(broker_url(), "ops", only_to="escrow")
    publisher.start()
    assert publisher.wait_ready(10)
    data = {"contract_id": contract, "hold_id": ids.new("hld"), "milestone": 1}
    event = Event(
        id=ids.new("evt"),
        type="delivery.accepted",
        source="contracts",
        subject=contract,
        time=clock.text(clock.now()),
        version=99,
        data=data,
    )
    assert publisher.publish([event]).confirmed
    publisher.stop()
    stage.watch.until("DeliveriesParked", fires=True, service="escrow")
    book = "deliveries-parked"
    assert event.id in stage.type(book, "./dev ops parked list")
    assert "Missing data" in stage.type(book, "./dev ops parked show ID", ID=event.id)
    assert "contract.formed" in stage.type(book, "./dev ops story SUBJECT", SUBJECT=contract)
    again = "./dev ops replay --to SERVICE --since 24h --type TYPE"
    stage.type(book, again, SERVICE="escrow", TYPE="delivery.accepted")
    stage.type(book, "./dev ops parked replay ID", ID=event.id)
    db = stage.root("escrow")["deliveries"]
    parked = {"_id": event.id, "state": "parked"}
    eventually(lambda: db.find_one(parked), "it still has no words, and is parked again")
    stage.type(book, "./dev ops parked drop ID", ID=event.id)
    assert stage.type(book, "./dev ops parked list") == ""
    stage.watch.until("DeliveriesParked", fires=False, service="escrow")


def process_down(stage: Stage) -> None:
    """A worker that runs and does not answer: found by its state, ended, started again."""
    pid = stage.pause("notify-worker")
    stage.watch.until("ProcessDown", fires=True, service="notify")
    book = "process-down"
    assert str(pid) in stage.type(book, "./dev status", fails=True)
    stage.type(book, "./dev logs SERVICE-worker", SERVICE="notify")
    stage.type(book, "kill -9 PID", PID=str(pid))
    stage.watch.until("ProcessDown", fires=False)
    stage.type(book, "./dev status")


def events_late(stage: Stage) -> None:
    """A worker stands still for a minute; what was said meanwhile is heard late."""
    offer, _, worker = stage.offer()
    pid = stage.pause("contracts-worker")
    stage.done("POST", f"/v1/offers/{offer}/accept", {}, worker)
    stage.move_clock(timedelta(seconds=60))
    os.kill(pid, signal.SIGCONT)
    stage.watch.until("EventsLate", fires=True)
    stage.type("events-late", "./dev status")
    stage.watch.until("EventsLate", fires=False)


def broker_away(stage: Stage) -> None:
    """RabbitMQ is stopped: nobody hears, facts wait; started again, everything is told."""
    offer, _, worker = stage.offer()
    stage.ask_dev("stop", "rabbitmq")
    stage.watch.until("NotHearing", fires=True, service="jobs")
    port = stage.home.ports()["jobs-worker"]
    said = stage.type(
        "not-hearing", "curl -s WORKER:PORT/readyz", WORKER="127.0.0.1", PORT=str(port)
    )
    assert '"hearing":false' in said.replace(" ", "")
    assert "broker_lost" in stage.type("not-hearing", "./dev logs SERVICE-worker", SERVICE="jobs")
    stage.done("POST", f"/v1/offers/{offer}/accept", {}, worker)
    stage.move_clock(timedelta(seconds=90))
    stage.watch.until("OutboxStuck", fires=True, service="contracts")
    told = stage.type("outbox-stuck", "./dev ops story ID", ID=offer)
    assert "WAITS" in told, told
    stage.type("outbox-stuck", "./dev start rabbitmq")
    stage.watch.until("NotHearing", fires=False)
    stage.watch.until("OutboxStuck", fires=False)
    stage.hire()


def requests_fail(stage: Stage) -> None:
    """MongoDB is stopped: 503; started again, requests are answered."""
    stage.ask_dev("stop", "mongod")
    with asking(stage):
        stage.watch.until("RequestsFail", fires=True, service="jobs")
    port = stage.home.ports()["jobs-web"]
    stage.type("requests-fail", "curl -s WEB:PORT/readyz", WEB="127.0.0.1", PORT=str(port))
    assert "not_ready" in stage.type("requests-fail", "./dev logs SERVICE-web", SERVICE="jobs")
    stage.type("requests-fail", "./dev start mongod")
    stage.watch.until("RequestsFail", fires=False)
    stage.hire()


def requests_slow(stage: Stage) -> None:
    """MongoDB hangs for seconds at a time: requests wait; it goes on, and they do not."""
    with asking(stage):
        for _ in range(3):
            pid = stage.pause("mongod")
            time.sleep(2.5)  # this is how slow it is
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.5)
        stage.watch.until("RequestsSlow", fires=True)
    stage.type("requests-slow", "./dev status")
    stage.watch.until("RequestsSlow", fires=False)


class asking:  # noqa: N801  (read as a word of its own)
    """Somebody goes on asking for jobs."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def _ask(self) -> None:
        while not self._enough.wait(0.05):
            self._stage.call("GET", "/v1/jobs?limit=1")

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()


def timers_late(stage: Stage) -> None:
    """An offer that cannot be read: its timer fails; mended and let go, silence has its say."""
    offer, *_ = stage.offer()
    db = stage.root("contracts")["offers"]
    kept = db.find_one({"_id": offer}) or {}
    past = now_of(stage) - timedelta(minutes=10)
    tried = {"wake_at": past, "answer_by": past, "wake_tries": TRIES_MAX - 1}
    spoiled: Doc = {"$set": tried, "$unset": {"sent_at": 1}}
    db.update_one({"_id": offer}, spoiled)
    stage.watch.until("TimersLate", fires=True, service="contracts")
    book = "timers-late"
    eventually(
        lambda: f"{offer} wake" in stage.type(book, "./dev ops parked list"),
        "it was tried too often, and is held for a day",
    )
    said = stage.type(book, "./dev logs SERVICE-worker", SERVICE="contracts")
    assert "timer_parked" in said
    assert offer in said
    assert offer in stage.type(book, "./dev ops timers list")
    db.update_one({"_id": offer}, {"$set": {"sent_at": kept["sent_at"]}})
    stage.type(book, "./dev ops timers free ID", ID=offer)
    stage.watch.until("TimersLate", fires=False)
    assert (db.find_one({"_id": offer}) or {})["state"] == "expired"


def now_of(stage: Stage) -> datetime:
    """Return the time that the services believe in."""
    return clock.now() + timedelta(seconds=float(stage.home.clock_file.read_text()))


def ledger_unsealed(stage: Stage) -> None:
    """A process whose clock is wrong holds the lease of sealing: it is taken away."""
    held = {"owner": "elsewhere:1", "until": now_of(stage) + timedelta(hours=1)}
    stage.root("escrow")["leases"].update_one({"_id": "seals"}, {"$set": held}, upsert=True)
    stage.hire()
    stage.move_clock(timedelta(seconds=150))
    stage.watch.until("LedgerUnsealed", fires=True)
    book = "ledger-unsealed"
    assert "elsewhere:1" in stage.type(book, "./dev ops leases list")
    stage.type(book, "./dev ops leases free escrow seals")
    stage.watch.until("LedgerUnsealed", fires=False)


def all_is_lost(stage: Stage) -> None:
    """A backup is taken, every database dropped, everything restored, told again and verified."""
    book, folder = "backup", str(stage.folder("backup"))
    contract = stage.hire()
    quiet(stage)
    stage.type(book, "./dev ops backup --into FOLDER", FOLDER=folder)
    stage.type(book, "./dev ops verify --backup FOLDER", FOLDER=folder)
    stage.ask_dev("stop", *WEBS, *WORKERS)
    for name in SERVICES:
        stage.root(name).client.drop_database(f"ukeoi_{name}")
    stage.type(book, "./dev ops restore --from FOLDER", FOLDER=folder)
    stage.ask_dev("start", *WEBS, *WORKERS)
    stage.ask_dev("up", "--test")
    for name in SERVICES:
        again = "./dev ops replay --to SERVICE --since TIME"
        stage.type(book, again, SERVICE=name, TIME="1h")
    quiet(stage)
    assert "all is right" in stage.type(book, "./dev ops verify")
    assert "contract.completed" in stage.type("outbox-stuck", "./dev ops story ID", ID=contract)
    stage.hire()


def notify_is_lost(stage: Stage) -> None:
    """Notify's database is dropped and made anew from what the others say."""
    book = "backup"
    before = stage.root("notify")["notices"].count_documents({})
    assert before
    stage.type(book, "./dev stop notify-web notify-worker")
    stage.root("notify").client.drop_database("ukeoi_notify")
    stage.type(book, "./dev start notify-web notify-worker")
    stage.ask_dev("up", "--test")
    stage.type(book, "./dev ops replay --to notify --since 2020-01-01T00:00:00Z")
    notices = stage.root("notify")["notices"]
    eventually(lambda: notices.count_documents({}) >= before, f"{before} notices are there again")
    quiet(stage)
    assert "all is right" in stage.type(book, "./dev ops verify")


def quiet(stage: Stage) -> None:
    """Wait until nothing is on its way."""
    eventually(lambda: not any(waits(stage, name) for name in SERVICES), "all is quiet")


def waits(stage: Stage, name: str) -> bool:
    db = stage.root(name)
    if db["deliveries"].count_documents({"state": "retry"}, limit=1):
        return True
    names = [n for n in db.list_collection_names() if not n.startswith("system.")]
    return any(db[n].find_one({"outbox.time": {"$exists": True}}) for n in names)


def ledger_out_of_balance(stage: Stage) -> None:
    """Half an entry is written past the ledger and MongoDB's guard; it is found and made whole.

    The last scene: that entry is named by every verification from now on.
    """
    stage.hire()
    entries = stage.root("escrow")["entries"]
    whole = entries.find_one({"lines.1": {"$exists": True}}) or {}
    forged = {**whole, "_id": "forged:1", "at": now_of(stage), "lines": whole["lines"][:1]}
    entries.insert_one(forged, bypass_document_validation=True)
    stage.watch.until("LedgerOutOfBalance", fires=True)
    book, folder = "ledger-out-of-balance", str(stage.folder("evidence"))
    found = stage.type(book, "./dev ops verify --service escrow", fails=True)
    assert "forged:1" in found
    stage.type(book, "./dev stop escrow-web escrow-worker")
    stage.type(book, "./dev ops backup --service escrow --into FOLDER", FOLDER=folder)
    line = whole["lines"][0]
    missing = {**forged, "_id": "forged:1:correction"}
    missing["lines"] = [{**line, "amount": -line["amount"]}]
    entries.insert_one(missing, bypass_document_validation=True)
    stage.type(book, "./dev start escrow-web escrow-worker")
    stage.ask_dev("up", "--test")
    stage.watch.until("LedgerOutOfBalance", fires=False)
    _, proof = stage.call("GET", "/v1/ledger/proof")
    assert all(parts["total"] == 0 for parts in proof["currencies"].values())


SCENES: dict[str, Callable[[Stage], None]] = {
    scene.__name__: scene
    for scene in (
        *(deliveries_parked, process_down, events_late, broker_away, requests_fail),
        *(requests_slow, ledger_unsealed, all_is_lost, notify_is_lost, timers_late),
        ledger_out_of_balance,
    )
}
