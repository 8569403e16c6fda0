"""B8: search and list among many jobs."""

import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from services.jobs.domain.job import Budget
from services.jobs.records import JOBS, KINDS
from shared import ids
from shared import store as stores
from shared.documents import Doc, newborn
from shared.store import Db
from tests.bench import web
from tests.bench.measure import Contestant, Figures, Goal, Row
from tests.bench.rig import Rig
from tests.callers import Signer
from tests.jobs.builders import NOON, a_job, yen

FEW, MANY = 10_000, 1_000_000
TOGETHER = 1_000
ASKED, ASKED_QUICK = 2_000, 200

PLACES = ["鎌倉", "札幌", "神戸", "博多", "仙台", "那覇", "Kyoto", "Osaka", "横浜", "金沢"]
SHOPS = [
    "カフェ",
    "パン屋",
    "美容室",
    "歯科医院",
    "書店",
    "旅館",
    "startup",
    "花屋",
    "学習塾",
    "蕎麦屋",
]
THINGS = [
    "ロゴ",
    "ホームページ",
    "チラシ",
    "動画編集",
    "翻訳",
    "記事作成",
    "app",
    "名刺",
    "データ入力",
    "写真撮影",
]
WANTED = ["手書き風", "simple", "モダン", "和風", "短納期", "継続あり", "初心者歓迎", "高品質"]
CATEGORIES = ("design-logo", "web-site", "writing-article", "translation", "video-editing")
SKILLS = ("Illustrator", "WordPress", "Photoshop", "英語", "Premiere", "Excel")


def ukeoi(rig: Rig) -> Figures:
    """The same mix of lists and searches, 20 to a page, asked one after another."""
    figures: dict[str, float] = {}
    for name, count in (("few", rig.size(FEW, 1_000)), ("many", rig.size(MANY, 10_000))):
        with rig.database() as db, TemporaryDirectory() as folder:
            _prepare(db, count)
            signer = Signer(Path(folder))
            env = {"MONGO_DB": db.name, "JWT_PUBLIC_KEYS": signer.public}
            app = "services.jobs.app:create_app()"
            with web.served(rig, "jobs", app, processes=1, **env) as site:
                list(_asked(site.url, 50, Random(0)))
                took = sorted(_asked(site.url, rig.size(ASKED, ASKED_QUICK), Random(1)))
        figures[f"{name} p50"] = took[len(took) // 2]
        figures[f"{name} p99"] = took[int(len(took) * 0.99)]
    return figures


def _prepare(db: Db, count: int) -> None:
    """Keep open jobs as the store would; the indexes are made when all are there."""
    docs = _jobs(count, Random(2))
    while some := list(islice(docs, TOGETHER)):
        db[JOBS.collection].insert_many(some, ordered=False)
    stores.ensure_indexes(db, KINDS)


def _jobs(count: int, chance: Random) -> Iterator[Doc]:
    for n in range(count):
        place, shop, thing = chance.choice(PLACES), chance.choice(SHOPS), chance.choice(THINGS)
        least = chance.randrange(5, 300) * 1_000
        at = NOON - timedelta(seconds=count - n)
        job = a_job(
            client_id=ids.derived("mem", str(chance.randrange(count // 10))),
            title=f"{place}の{shop}の{thing}をお願いします",
            description=f"開店する{shop}です。{thing}は{chance.choice(WANTED)}で。 No. {n}",
            category=chance.choice(CATEGORIES),
            skills=(chance.choice(SKILLS),),
            deadline_at=NOON + timedelta(days=chance.randrange(5, 90)),
            created_at=at,
            changed_at=at,
            published_at=at,
            budget=Budget(min=yen(least), max=yen(least * 2)),
        )
        yield newborn(JOBS, job, [], once=None)


def _asked(url: str, count: int, chance: Random) -> Iterator[float]:
    """Ask, and yield how many ms each answer took."""
    for _ in range(count):
        words = urllib.parse.urlencode(_question(chance))
        began = time.perf_counter()
        with urllib.request.urlopen(f"{url}/v1/jobs?{words}", timeout=60) as answer:  # noqa: S310
            answer.read()
        yield (time.perf_counter() - began) * 1000


def _question(chance: Random) -> dict[str, str]:
    match chance.randrange(6):
        case 0:
            return {}
        case 1:
            return {"category": chance.choice(CATEGORIES), "sort": "deadline"}
        case 2:
            return {"skill": chance.choice(SKILLS), "sort": "amount"}
        case 3:
            return {"q": f"{chance.choice(SHOPS)} {chance.choice(THINGS)}"}
        case 4:
            return {"q": chance.choice(PLACES), "category": chance.choice(CATEGORIES)}
        case _:
            return {"min_amount": str(chance.randrange(5, 300) * 1_000)}


ROW = Row(
    id="B8",
    title="search and list: 10,000 jobs and 1,000,000",
    unit="ms",
    contestants=[Contestant("Ukeoi", ukeoi, "Japanese and English words, facets, three orders")],
    goals=[Goal("p99 with the few", lambda f: f["many p99"] / f["few p99"], most=1.5)],
    notes="One web process, one question at a time; includes HTTP, and making 20 representations.",
)
