"""Many jobs as a marketplace has them, and what people ask of them; drawn from one seed.

A few categories and skills have most of the jobs, a few clients post often, texts are Japanese with
Latin words among them, budgets go from small to large, a tenth of the jobs is over.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import accumulate, islice
from random import Random
from typing import TypeVar

from pymongo import WriteConcern

from services.jobs.domain import category
from services.jobs.domain.job import EXPERIENCES, Budget, Job, Known
from services.jobs.records import JOBS, KINDS
from shared import clock, ids
from shared import store as stores
from shared.documents import Doc, newborn
from shared.store import Db
from tests.jobs.builders import NOON, a_job, yen

TOGETHER = 1_000
A_CLIENT_HAS = 10
"""So many jobs a client has posted, on average."""

PLACES = (
    *("東京", "横浜", "大阪", "名古屋", "札幌", "福岡", "神戸", "京都", "川崎", "広島", "仙台"),
    *("千葉", "鎌倉", "那覇", "金沢", "熊本", "新潟", "浜松", "Tokyo", "Osaka", "Kyoto", "奈良"),
)
SHOPS = (
    *("カフェ", "パン屋", "美容室", "歯科医院", "書店", "旅館", "startup", "花屋", "学習塾"),
    *("蕎麦屋", "整体院", "不動産会社", "保育園", "税理士事務所", "ネットショップ", "工務店"),
    *("アパレルブランド", "NPO", "動物病院", "和菓子店", "劇団", "酒蔵", "農園", "SaaS"),
)
THINGS = (
    *("ロゴ", "ホームページ", "チラシ", "動画編集", "翻訳", "記事作成", "app", "名刺", "バナー"),
    *("データ入力", "写真撮影", "パッケージ", "文字起こし", "イラスト", "4コマ漫画", "API連携"),
    *("ナレーション", "アンケート", "SEO記事", "スクレイピング", "Excelマクロ", "競合調査"),
    *("WordPress移行", "Instagram運用", "キャラクター", "シナリオ", "3Dモデル", "リスト作成"),
)
HOW = (
    *("手書き風", "simple", "モダン", "和風", "短納期", "継続あり", "初心者歓迎", "高品質"),
    *("温かみのある", "高級感", "ポップ", "ミニマル", "多言語対応", "スマホ対応", "在宅", "長期"),
)
MORE = (
    "詳細はメッセージでご相談させてください。",
    "過去の制作実績を添えてご応募ください。",
    "納品形式はご提案いただいたものから選びます。",
    "ご不明な点は質問欄からお気軽にどうぞ。",
    "予算は内容に応じて調整できます。",
    "原稿と素材はこちらで用意します。",
)
SKILLS = (
    *("Illustrator", "WordPress", "ライティング", "Photoshop", "Excel", "英語", "Python", "SEO"),
    *("JavaScript", "PHP", "Figma", "Premiere", "動画編集", "AfterEffects", "Java", "中国語"),
    *("CAD", "校正", "Unity", "Blender", "簿記", "Swift", "Kotlin", "Go", "Rust", "韓国語", "声優"),
    *("フランス語", "作曲", "Access", "SQL", "AWS", "Docker", "React", "Vue", "Shopify", "漫画"),
    *("統計", "薬機法", "TypeScript"),
)
CATEGORIES = tuple(category.PARTS)

T = TypeVar("T")


def _skewed(values: tuple[T, ...]) -> Callable[[Random], T]:
    """Return what draws the first often and the last seldom, as Zipf found it of words."""
    weights = list(accumulate(1 / n for n in range(1, len(values) + 1)))
    return lambda chance: chance.choices(values, cum_weights=weights)[0]


_category, _skill = _skewed(CATEGORIES), _skewed(SKILLS)


# the jobs


def prepare(db: Db, count: int) -> None:
    """Keep so many jobs as the store would; the indexes are made when all are there."""
    docs = _jobs(count, Random(2))
    soon = db[JOBS.collection].with_options(write_concern=WriteConcern(w=1))
    while some := list(islice(docs, TOGETHER)):
        soon.insert_many(some, ordered=False)
    stores.ensure_indexes(db, KINDS)


def _jobs(count: int, chance: Random) -> Iterator[Doc]:
    clients = [
        (ids.derived("mem", str(n)), _known(chance)) for n in range(count // A_CLIENT_HAS or 1)
    ]
    for n in range(count):
        client_id, known = clients[int(len(clients) * chance.random() ** 2)]
        job = _job(n, count, chance, client_id=client_id, client_known=known)
        yield newborn(JOBS, job, [], once=None)


def _known(chance: Random) -> Known:
    return Known(
        is_verified=chance.random() < 0.9,
        has_paid=chance.random() < 0.5,
        rejects_percent=chance.choices((0, 5, 10, 20, 50, 100), (70, 12, 8, 6, 3, 1))[0],
    )


def _job(n: int, count: int, chance: Random, **client: object) -> Job:
    shop, thing = chance.choice(SHOPS), chance.choice(THINGS)
    least = int(1_000 * chance.paretovariate(0.8)) % 1_000_000 // 500 * 500 + 500
    at = NOON - timedelta(seconds=count - n)
    more = "".join(chance.sample(MORE, 2))
    return a_job(
        **client,
        state="open" if chance.random() < 0.9 else "closed",
        title=f"{chance.choice(PLACES)}の{shop}の{thing}をお願いします",
        description=f"開店する{shop}です。{thing}は{chance.choice(HOW)}で。{more} No. {n}",
        category=_category(chance),
        skills=tuple(dict.fromkeys(_skill(chance) for _ in range(chance.randrange(1, 5)))),
        experience=EXPERIENCES[chance.random() < 0.4],
        deadline_at=NOON + timedelta(minutes=chance.randrange(3, 90 * 24 * 60)),
        created_at=at,
        changed_at=at,
        published_at=at,
        budget=Budget(min=yen(least), max=yen(least * chance.choice((1, 2, 3)))),
    )


# what is asked


def questions(count: int, chance: Random) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield so many queries of the list of jobs, each with the name of its kind."""
    for _ in range(count):
        name = chance.choice(tuple(_KINDS))
        yield name, _KINDS[name](chance)


def _sort(chance: Random) -> str:
    return chance.choice(("new", "deadline", "amount"))


def _day(chance: Random, least: int, most: int) -> str:
    return clock.text(NOON + timedelta(days=chance.randrange(least, most)))


_KINDS: Mapping[str, Callable[[Random], Mapping[str, object]]] = {
    "newest": lambda _: {},
    "category": lambda c: {"category": _category(c), "sort": _sort(c)},
    "skills": lambda c: {"skill": [_skill(c) for _ in range(2)], "sort": _sort(c)},
    "words": lambda c: {"q": f"{c.choice(SHOPS)} {c.choice(THINGS)}", "sort": _sort(c)},
    "words, category": lambda c: {"q": c.choice(PLACES), "category": _category(c)},
    "amount": lambda c: {"min_amount": c.randrange(5, 300) * 1_000, "sort": _sort(c)},
    "amounts, category": lambda c: {
        "min_amount": 5_000,
        "max_amount": 50_000,
        "category": _category(c),
        "sort": _sort(c),
    },
    "deadline": lambda c: {
        "deadline_after": _day(c, 1, 30),
        "deadline_before": _day(c, 31, 60),
        "skill": [_skill(c)],
        "sort": _sort(c),
    },
    "client": lambda c: {
        "client_paid": "true",
        "client_rejection_max": c.choice((0, 10, 20)),
        "category": _category(c),
        "sort": _sort(c),
    },
    "all of it": lambda c: {
        "q": c.choice(THINGS),
        "skill": [_skill(c)],
        "experience": c.choice(EXPERIENCES),
        "client_verified": "true",
        "min_amount": c.randrange(1, 20) * 1_000,
        "deadline_after": _day(c, 1, 20),
        "sort": _sort(c),
    },
}
