"""The five applications on real databases in this process, with people and things on their way.

Facts are handed from outbox to hearers by the services' own relay and engine, without a broker: the
tests of this folder are about what strangers send, and each wants many worlds quickly.
"""

import importlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
from flask import Flask
from werkzeug.test import Client, TestResponse

from deploy import gateway
from deploy.documents import written
from services.accounts.records import FAILURES
from services.accounts.usecases import record
from services.contracts.domain import week
from shared import clock, engine, ids, relay
from shared.bus.publisher import Sent
from shared.documents import Kind, Written
from shared.events import Event
from shared.reactions import Reactions
from shared.store import Db, Store, ensure_indexes
from tests.callers import Signer

SERVICES = ("accounts", "jobs", "contracts", "escrow", "notify")
CATEGORY = "web-design"
PROVIDER_SECRET = "a secret of the sandbox"

Doc = dict[str, Any]


@cache
def spec() -> Doc:
    """Return the merged OpenAPI document, as it is committed."""
    found: Doc = json.loads((written.DOCS / "openapi.json").read_text())
    return found


def service_of(path: str) -> str:
    """Return the service that the gateway sends a path to, or nothing."""
    for pattern, name in _routes():
        if pattern.match(path):
            return name
    return ""


@cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    block = re.search(r"map \$uri \$service \{(.*?)\n    \}", gateway.TEMPLATE.read_text(), re.S)
    assert block is not None
    found = re.findall(r'"(~?)([^"]+)" (\w+);', block[1])
    return [
        (re.compile(pattern if is_regex else f"{re.escape(pattern)}$"), name)
        for is_regex, pattern, name in found
    ]


@dataclass
class Person:
    """Somebody who calls: a member, an operator, or nobody."""

    world: "World"
    id: str = ""
    token: str = ""

    def send(
        self, method: str, path: str, words: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> TestResponse:
        """Send a request; `words` as JSON, or `raw` as it is."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            said.setdefault("Authorization", f"Bearer {self.token}")
        body = raw if raw is not None else None if words is None else orjson.dumps(words)
        if body is not None:
            said.setdefault("Content-Type", "application/json")
        return self.world.http.open(path, method=method, data=body, headers=said)

    def did(self, path: str, words: Any = None, method: str = "POST", **headers: str) -> Any:
        """Do something that has to succeed, and let everybody hear of it; return the answer."""
        headers = {"Idempotency_Key": ids.new("key"), **headers}
        answer = self.send(method, path, words, **headers)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.json)
        self.world.pump()
        return answer.json if answer.data else None

    def sees(self, path: str) -> Any:
        """GET what is there."""
        answer = self.send("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.json)
        return answer.json if answer.data else None


@dataclass
class Service:
    """One service: its application, and what its worker would do."""

    name: str
    app: Flask
    store: Store
    kinds: Sequence[Kind[Any]]
    reactions: Reactions
    waiting: list[Written] = field(default_factory=list)


@dataclass
class _Wire:
    """Where the relay publishes to: everybody who hears, at once."""

    services: Iterable[Service]
    refused: list[str] = field(default_factory=list)

    def publish(self, events: Sequence[Event]) -> Sent:
        for service in self.services:
            heard = [event for event in events if event.type in service.reactions]
            if not heard:
                continue
            verdicts, said = engine.handle_many(
                service.store, service.reactions, heard, now=clock.now()
            )
            service.waiting += said
            by_id = {event.id: event.type for event in heard}
            self.refused += [
                f"{service.name} {by_id[id_]}: {why!r}"
                for id_, why in verdicts.items()
                if why is not None
            ]
        return Sent(confirmed={event.id for event in events}, unroutable=set())


class World:
    """Everything at one address, and the people in it."""

    def __init__(self, mongo_url: str, client: Any, signer: Signer) -> None:
        self.signer = signer
        self._mongo = client
        self.tag = ids.new("run")[-10:]
        self.services = {name: self._service(name, mongo_url) for name in SERVICES}
        self.http = Client(self.wsgi)
        self.nobody = Person(self)
        self.client, self.worker, self.bidder, self.stranger = (
            self.member(name) for name in ("喫茶ひだまり", "山田太郎", "高橋陽菜", "Emma")
        )
        self.operator = Person(self, *self._token(ids.new("mem"), "ops"))

    def _service(self, name: str, mongo_url: str) -> Service:
        db = self.database(name)
        settings = self.signer.settings(mongo_url, db, proxy_hops=1)
        module = importlib.import_module(f"services.{name}.app")
        more = ({"sandbox": [PROVIDER_SECRET]},) if name == "escrow" else ()
        app = module.create_app(settings, *more)
        records = importlib.import_module(f"services.{name}.records")
        reactions = importlib.import_module(f"services.{name}.reactions").REACTIONS
        store = app.extensions["ukeoi_store"]
        ensure_indexes(store.db, records.KINDS, getattr(module, "SHELVES", ()))
        made = Service(name, app, store, records.KINDS, reactions)
        # What was written waits here, as it would for a publisher of this process.
        store.on_written = made.waiting.extend
        return made

    def database(self, name: str) -> str:
        """Return the name of a service's database."""
        return f"edge_{self.tag}_{name}"

    def db(self, name: str) -> Db:
        """Return a service's database."""
        found: Db = self._mongo[self.database(name)]
        return found

    def close(self) -> None:
        """Delete everything."""
        for name, service in self.services.items():
            service.store.db.client.close()
            self._mongo.drop_database(self.database(name))

    def wsgi(self, environ: Doc, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as the gateway would: the first segment names the service."""
        path = environ.get("PATH_INFO", "")
        if name := service_of(path):
            return self.services[name].app.wsgi_app(environ, start_response)  # type: ignore[no-any-return]
        found = path == "/openapi.json"
        body = orjson.dumps(spec() if found else {"code": "no_such_path"})
        status = "200 OK" if found else "404 Not Found"
        start_response(status, [("Content-Type", "application/json")])
        return [body]

    def pump(self) -> None:
        """Let every fact be heard, and what follows from it, until all is quiet."""
        wire: Any = _Wire(self.services.values())
        for _ in range(20):
            record.sweep(self.services["accounts"].store, clock.now())
            if not any(self._publish(service, wire) for service in self.services.values()):
                assert not wire.refused, wire.refused
                return
        raise AssertionError("facts follow from facts without an end")

    def _publish(self, service: Service, wire: Any) -> bool:
        writes = list(service.waiting)
        service.waiting.clear()
        if writes:
            relay.publish(service.store.db, wire, service.name, writes)
        return bool(writes)

    def snapshot(self) -> dict[str, str]:
        """Return what tells whether anything at all was written; failed logins are counted."""
        return {
            f"{name}.{collection}": hashed
            for name in SERVICES
            for collection, hashed in self.db(name).command("dbHash")["collections"].items()
            if collection != FAILURES
        }

    def ids_of(self, who: Person) -> set[str]:
        """Return the ids of everything that somebody is a side of."""
        sides = ("client_id", "worker_id", "member_id")
        return {
            str(doc["_id"])
            for service in self.services.values()
            for kind in service.kinds
            for doc in service.store.db[kind.collection].find(
                {"$or": [{side: who.id} for side in sides]}, {"_id": 1}
            )
        }

    # people

    newcomer: Person
    """Who has just registered, with a password of their own: made by `newly`."""

    def newly(self, password: str) -> Doc:
        """Register a newcomer and log them in; return the session."""
        words = {
            "email": f"{ids.new('mem')}@example.com",
            "password": password,
            "display_name": "新しい人",
            "locale": "ja",
            "kind": "individual",
        }
        self.nobody.did("/v1/members", words)
        session: Doc = self.nobody.did("/v1/sessions", {k: words[k] for k in ("email", "password")})
        self.newcomer = Person(self, session["member"]["id"], session["access_token"])
        return session

    def _token(self, id_: str, *roles: str) -> tuple[str, str]:
        # Good for a long run; services refuse tokens of more than 15 minutes, so it is renewed.
        return id_, self.signer.token(id_, *roles)

    def renew(self) -> None:
        """Give everybody a fresh token."""
        for who in (self.client, self.worker, self.bidder, self.stranger):
            _, who.token = self._token(who.id)
        _, self.operator.token = self._token(self.operator.id, "ops")

    def member(self, name: str) -> Person:
        """Register somebody."""
        words = {
            "email": f"{ids.new('mem')}@example.com",
            "password": "correct horse battery staple",
            "display_name": name,
            "locale": "ja",
            "kind": "individual",
        }
        said = Person(self).did("/v1/members", words)
        return Person(self, *self._token(said["id"]))

    # things on their way

    def draft(self) -> str:
        """A job that only its client sees."""
        return str(self.client.did("/v1/jobs", a_job())["id"])

    def job(self) -> str:
        """An open job."""
        id_ = self.draft()
        self.client.did(f"/v1/jobs/{id_}/publish")
        return id_

    def proposal(self, job: str = "") -> str:
        """A proposal of the worker for an open job."""
        path = f"/v1/jobs/{job or self.job()}/proposals"
        return str(self.worker.did(path, a_proposal())["id"])

    def held_proposal(self) -> str:
        """A proposal of the worker that asks to be paid outside: held."""
        words = {**a_proposal(), "message": "報酬は銀行振込でお願いします。"}
        return str(self.worker.did(f"/v1/jobs/{self.job()}/proposals", words)["id"])

    def held_message(self) -> str:
        """A message of the client under an offer that asks to deal outside: held."""
        words = {"text": "手数料を避けたいので、直接取引にしませんか。"}
        return str(self.client.did(f"/v1/offers/{self.offer()}/messages", words)["id"])

    def search(self) -> str:
        """A search that the worker has saved."""
        for one in self.worker.sees("/v1/searches")["items"]:
            self.worker.did(f"/v1/searches/{one['id']}", method="DELETE")
        words = {"name": "ロゴ", "query": {"category": "design-logo"}, "alert": "instant"}
        return str(self.worker.did("/v1/searches", words)["id"])

    def question(self) -> str:
        """A question of the worker about an open job."""
        path = f"/v1/jobs/{self.job()}/questions"
        return str(self.worker.did(path, {"text": "写真はありますか。"})["id"])

    def listing(self, state: str = "published") -> str:
        """A listing of the worker, `draft` or `published`."""
        id_ = str(self.worker.did("/v1/listings", a_listing())["id"])
        if state != "draft":
            self.worker.did(f"/v1/listings/{id_}/publish")
        return id_

    def offer(self) -> str:
        """An offer of the client that waits for the worker."""
        return str(self.client.did("/v1/offers", an_offer(self.worker.id))["id"])

    def contract(self, state: str) -> str:
        """A contract `formed`, `funded`, `delivered` or `completed`."""
        id_ = str(self.worker.did(f"/v1/offers/{self.offer()}/accept")["id"])
        if state == "formed":
            return id_
        self.client.did(f"/v1/holds/{self.hold_of(id_)}/fund", {"method": "card"})
        if state == "funded":
            return id_
        self.worker.did(f"/v1/contracts/{id_}/milestones/1/deliver", {"note": "完成しました。"})
        if state == "completed":
            self.client.did(f"/v1/contracts/{id_}/milestones/1/accept", {})
        return id_

    def hourly(self, state: str) -> str:
        """A contract by the hour, its first week `funded`, with time `noted` or `submitted`."""
        words = an_hourly_offer(self.worker.id)
        offer = self.client.did("/v1/offers", words)["id"]
        id_ = str(self.worker.did(f"/v1/offers/{offer}/accept")["id"])
        self.client.did(f"/v1/holds/{self.hold_of(id_)}/fund", {"method": "card"})
        if state != "funded":
            self.worker.did(f"/v1/contracts/{id_}/weeks/1/times", some_time())
        if state == "submitted":
            self.worker.did(f"/v1/contracts/{id_}/weeks/1/submit")
        return id_

    def line(self) -> tuple[str, str]:
        """A contract by the hour, and the line of its time sheet."""
        id_ = self.hourly("noted")
        return id_, str(self.worker.sees(f"/v1/contracts/{id_}/weeks/1")["lines"][0]["id"])

    def extension(self) -> str:
        """A later deadline that the worker has asked for."""
        path = f"/v1/contracts/{self.contract('funded')}/extensions"
        words = {"milestone": 1, "deliver_by": in_days(30), "reason": "体調不良のため。"}
        return str(self.worker.did(path, words)["id"])

    def change(self) -> tuple[str, str]:
        """A further milestone that the client has proposed: the contract and the proposal."""
        contract = self.contract("funded")
        return contract, str(
            self.client.did(f"/v1/contracts/{contract}/milestones", a_milestone())["id"]
        )

    def cancellation(self) -> str:
        """A contract that its client has asked to end."""
        id_ = self.contract("funded")
        self.client.did(f"/v1/contracts/{id_}/cancellation", {"reason": "計画が変わりました。"})
        return id_

    def dispute(self) -> str:
        """A contract whose money its client disputes."""
        id_ = self.contract("delivered")
        words = {"claim": yen(30_000), "reason": "半分しか完成していません。"}
        self.client.did(f"/v1/contracts/{id_}/dispute", words)
        return id_

    def proposed_settlement(self) -> str:
        """A disputed contract for which the client has proposed a division."""
        id_ = self.dispute()
        words = {"worker_gets": yen(40_000)}
        self.client.did(f"/v1/contracts/{id_}/dispute/propose", words)
        return id_

    def competition(self, visibility: str = "open") -> str:
        """An open competition, its prizes paid in."""
        made = self.client.did("/v1/jobs", a_competition(visibility))
        asked = self.client.did(f"/v1/jobs/{made['id']}/publish")
        self.client.did(f"/v1/holds/{asked['hold_id']}/fund", {"method": "card"})
        return str(made["id"])

    def entry(self, visibility: str = "open", job: str = "") -> str:
        """The worker's entry in a competition."""
        job = job or self.competition(visibility)
        words = {"title": "ロゴ案", "description": "湯気をかたどりました。"}
        return str(self.worker.did(f"/v1/jobs/{job}/entries", words)["id"])

    def closed_competition(self) -> tuple[str, str]:
        """A competition that takes no more entries, and one that may win."""
        job = self.competition()
        entry = self.entry(job=job)
        self.client.did(f"/v1/jobs/{job}/close")
        return job, entry

    def task(self) -> str:
        """An open task with five slots, its rewards paid in."""
        made = self.client.did("/v1/jobs", a_task())
        asked = self.client.did(f"/v1/jobs/{made['id']}/publish")
        self.client.did(f"/v1/holds/{asked['hold_id']}/fund", {"method": "card"})
        return str(made["id"])

    def assignment(self, state: str, job: str = "") -> str:
        """The worker's slot of a task: `reserved`, `submitted` or `rejected`."""
        id_ = str(self.worker.did(f"/v1/jobs/{job or self.task()}/assignments")["id"])
        path = f"/v1/assignments/{id_}"
        if state != "reserved":
            self.worker.did(f"{path}/submit", {"answers": ANSWERS})
        if state == "rejected":
            self.client.did(f"{path}/reject", {"criterion_id": "complete", "note": "住所がない。"})
        return id_

    def sanction(self, level: str = "warn") -> tuple[str, str]:
        """A measure against a newcomer: their id and that of the measure."""
        self.newly("their own good password 1")
        words = {"level": level, "reason": "外部での支払いを求めました。"}
        path = f"/v1/members/{self.newcomer.id}/sanctions"
        return self.newcomer.id, str(self.operator.did(path, words)["id"])

    def case(self, state: str = "held", offer: str = "") -> str:
        """The operators' case about a message of the worker: `held`, `removed` or `appealed`."""
        path = f"/v1/offers/{offer or self.offer()}/messages"
        message = self.worker.did(path, {"text": "手数料を避けたいので、直接取引にしませんか。"})
        found = self.db("accounts")["cases"].find_one({"about_id": message["id"]})
        assert found is not None
        id_ = str(found["_id"])
        if state != "held":
            words = {"outcome": "remove", "reason": "外部での支払いを求めました。"}
            self.operator.did(f"/v1/cases/{id_}/decide", words)
        if state == "appealed":
            self.worker.did(f"/v1/cases/{id_}/appeal", {"reason": "誤解です。"})
        return id_

    def report(self) -> str:
        """The case about an open job of the client that a stranger has reported."""
        job = self.job()
        self.stranger.did("/v1/reports", {"about": job, "reason": "spam"})
        found = self.db("accounts")["cases"].find_one({"about_id": job})
        assert found is not None
        return str(found["_id"])

    def hold_of(self, contract: str) -> str:
        """The hold of a contract's first milestone."""
        return str(self.client.sees(f"/v1/contracts/{contract}")["milestones"][0]["hold_id"])

    def hold(self) -> str:
        """A hold that waits for its money."""
        return self.hold_of(self.contract("formed"))

    def payout(self) -> str:
        """A payout that the worker has asked for."""
        self.contract("completed")
        return str(self.worker.did("/v1/payouts", {"amount": yen(1000)})["id"])

    def notice(self) -> str:
        """Something that the worker was told."""
        self.offer()
        return str(self.worker.sees("/v1/notifications")["items"][0]["id"])

    def webhook(self) -> str:
        """An address of the worker."""
        for one in self.worker.sees("/v1/webhooks")["items"]:
            self.worker.did(f"/v1/webhooks/{one['id']}", method="DELETE")
        return str(self.worker.did("/v1/webhooks", {"url": "https://93.184.216.34/hear"})["id"])

    def delivery(self) -> tuple[str, str]:
        """An event that is to be posted to an address of the worker."""
        webhook = self.webhook()
        self.offer()
        found = self.worker.sees(f"/v1/webhooks/{webhook}/deliveries")["items"]
        return webhook, str(found[0]["id"])


def yen(amount: int) -> Doc:
    """Return money."""
    return {"amount": amount, "currency": "JPY"}


def in_days(days: float) -> str:
    """Return a time so many days from now."""
    return clock.text(clock.now() + timedelta(days=days))


def a_job() -> Doc:
    """Return the words of a draft."""
    return {
        "mode": "project",
        "title": "喫茶店のホームページ",
        "description": "町家を改装した喫茶店のホームページを作ってください。",
        "category": CATEGORY,
        "skills": ["WordPress"],
        "experience": "none",
        "budget": {"min": yen(50_000), "max": yen(100_000)},
        "proposals_close_at": in_days(10),
        "deadline_at": in_days(40),
        "openings": 3,
    }


def a_listing() -> Doc:
    """Return the words of a listing."""
    return {
        "title": "手書き風のロゴを描きます",
        "description": "小さなお店のロゴを、手書きの温かみで。",
        "category": CATEGORY,
        "packages": [{"name": "フル", "price": yen(30_000), "delivery_days": 14, "revisions": 1}],
        "options": [{"name": "名刺", "price": yen(5_000), "extra_days": 2}],
        "capacity": 5,
    }


def a_competition(visibility: str) -> Doc:
    """Return the words of a competition."""
    return {
        "mode": "competition",
        "title": "喫茶店のロゴ",
        "description": "温かみのあるロゴをお願いします。",
        "category": CATEGORY,
        "prizes": [yen(30_000), yen(10_000)],
        "closes_at": in_days(10),
        "visibility": visibility,
        "no_winner": "split",
    }


ANSWERS = {"shop": "珈琲店", "stars": 4}


def a_task() -> Doc:
    """Return the words of a task."""
    return {
        "mode": "task",
        "title": "店の名前と評価の入力",
        "description": "写真を見て、店の名前と評価を入力してください。",
        "category": CATEGORY,
        "deadline_at": in_days(20),
        "reward": yen(100),
        "slots": 5,
        "per_worker_limit": 2,
        "minutes_allowed": 60,
        "review_days": 7,
        "form": [
            {"id": "shop", "type": "text", "label": "店名", "required": True},
            {"id": "stars", "type": "rating", "label": "評価"},
        ],
        "criteria": [{"id": "complete", "text": "すべて入力されている"}],
    }


def a_milestone() -> Doc:
    """Return the words of a further milestone."""
    return {
        "title": "追加のページ",
        "amount": yen(20_000),
        "deliver_by": in_days(30),
        "reason": "ページが増えました。",
    }


def a_proposal() -> Doc:
    """Return the words of a proposal."""
    milestone = {"title": "全部", "amount": yen(75_000), "deliver_by": in_days(20)}
    return {
        "message": "お任せください。",
        "amount": yen(75_000),
        "deliver_by": in_days(20),
        "milestones": [milestone],
    }


def some_time() -> Doc:
    """Return the words of a line of a time sheet: today, in Japan."""
    return {"day": str(week.day_of(clock.now())), "minutes": 90, "note": "設計"}


def an_hourly_offer(worker_id: str) -> Doc:
    """Return the words of a direct offer by the hour."""
    return {
        "worker_id": worker_id,
        "title": "喫茶店のホームページの運用",
        "scope": "毎週の更新をお願いします。",
        "hourly": {"rate": yen(3_000), "weekly_cap_hours": 20},
        "review_days": 7,
    }


def an_offer(worker_id: str) -> Doc:
    """Return the words of a direct offer."""
    milestone = {"title": "全部", "amount": yen(75_000), "deliver_by": in_days(20)}
    return {
        "worker_id": worker_id,
        "title": "喫茶店のホームページ",
        "scope": "5ページのホームページを作ってください。",
        "amount": yen(75_000),
        "deliver_by": in_days(20),
        "milestones": [milestone],
        "review_days": 7,
        "revisions": 1,
    }
