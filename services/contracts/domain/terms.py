"""The terms in writing, made when a contract is formed (Freelance Act, article 3).

Made once from what `contract.formed` said and the names the two had then; kept as bytes that never
change, in JSON and as a page in Japanese and in English. The JSON's hash is said in the contract's
own log. Later changes by agreement stand in that log, not here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from services.contracts.domain.times import timers
from shared import clock
from shared.languages import LANGUAGES
from shared.money import CURRENCIES

TOKYO = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The documents of one contract; `hash` is the SHA-256 of `json`, in hexadecimal.

    `is_redacted`: a side has been erased and is named no more; `hash` is that of the terms as they
    were made.
    """

    contract_id: str
    made_at: datetime
    hash: str
    json: str
    pages: Mapping[str, str]
    is_redacted: bool = False


def of(
    said: Mapping[str, Any], *, formed_at: datetime, names: Mapping[str, str], now: datetime
) -> Terms:
    """Return the documents of a contract from the words of its formation."""
    words = content(said, formed_at=formed_at, names=names)
    text = json.dumps(words, ensure_ascii=False, sort_keys=True, indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Terms(
        contract_id=said["contract_id"],
        made_at=now,
        hash=digest,
        json=text,
        pages={locale: _page(words, digest, locale) for locale in LANGUAGES},
    )


def without_name(words: dict[str, Any], digest: str, member_id: str) -> tuple[str, dict[str, str]]:
    """Return the JSON and the pages of these words, one of the two being named no more."""
    for side in ("client", "worker"):
        if words[side]["id"] == member_id:
            words = {**words, side: {**words[side], "name": ""}}
    text = json.dumps(words, ensure_ascii=False, sort_keys=True, indent=1)
    return text, {locale: _page(words, digest, locale) for locale in LANGUAGES}


def content(
    said: Mapping[str, Any], *, formed_at: datetime, names: Mapping[str, str]
) -> dict[str, Any]:
    """Return all that the law wants in writing, as data."""
    milestones = [
        {name: m[name] for name in ("n", "title", "amount", "deliver_by")}
        for m in said["milestones"]
    ]
    currency = milestones[0]["amount"]["currency"]
    total = sum(m["amount"]["amount"] for m in milestones)
    hourly = {"hourly": dict(said["hourly"])} if said.get("hourly") else {}
    if said.get("delivery_days"):
        hourly = {**hourly, "delivery_days": said["delivery_days"]}
    return {
        "contract_id": said["contract_id"],
        "client": {"id": said["client_id"], "name": names.get(said["client_id"], "")},
        "worker": {"id": said["worker_id"], "name": names.get(said["worker_id"], "")},
        "commissioned_at": clock.text(formed_at),
        "title": said["title"],
        "content": said["scope"],
        "milestones": milestones,
        "place": "online",
        "inspection_days": said["review_days"],
        "revisions": said["revisions"],
        "amount": {"amount": total, "currency": currency},
        "fund_by": said["fund_by"],
        "payment": {
            "due": "on_acceptance",
            "latest_days_from_delivery": pay_days(),
            "method": "escrow_to_wallet",
        },
        **hourly,
        "undecided": [],
    }


def pay_days() -> int:
    """Return within how many days of a delivery it is paid, the day of delivery being the first."""
    return timers().pay_within.days


def pay_by(delivered_at: datetime) -> datetime:
    """Return the last moment at which a delivery may be paid by law."""
    return delivered_at + timers().pay_within - timedelta(days=1)


_WORDS = {
    "ja": {
        "heading": "取引条件の明示書",
        "law": "特定受託事業者に係る取引の適正化等に関する法律 第3条に基づく書面",
        "contract_id": "契約番号",
        "client": "発注者",
        "worker": "受注者",
        "commissioned_at": "委託日",
        "title": "件名",
        "content": "給付の内容",
        "milestones": "報酬の額と納期",
        "from_funding": "納期は仮払いの日から{days}日以内(上記は遅くともの日)",
        "place": "給付を受領する場所",
        "online": "当サービス上(オンライン)",
        "inspection": "検査を完了する期日",
        "inspection_text": "各納品の日から{inspection_days}日以内(返答がなければ検収とみなす)",
        "revisions": "修正の回数",
        "revisions_text": "{revisions}回まで",
        "amount": "報酬の総額",
        "payment": "支払期日",
        "payment_text": "検収と同時。遅くとも納品の日から起算して{days}日以内",
        "method": "支払方法",
        "method_text": "仮払い金から受注者のウォレットへの振替",
        "hourly": "時間単価と稼働時間",
        "hourly_text": (
            "1時間あたり{rate}、週{cap}時間を上限とする。報酬の額は、週ごとの稼働時間(分)に"
            "時間単価を乗じて60で除した額(1円未満または補助単位未満は切り捨て)。週は月曜日から"
            "日曜日まで(日本時間)。稼働表は週の終わりに提出し、上記の検査期間内に返答がなければ"
            "承認とみなす。各週の上限額は、その週が始まる前に仮払いする。"
        ),
        "until": "稼働の最終日: {day}",
        "hourly_payment": "稼働表の承認と同時。遅くとも各週の初日から起算して{days}日以内",
        "undecided": "未定の事項",
        "none": "なし",
        "hash": "電子データ(JSON)のSHA-256",
    },
    "en": {
        "heading": "Terms in writing",
        "law": "Notice under article 3 of Japan's Freelance Act (Act No. 25 of 2023)",
        "contract_id": "Contract",
        "client": "Client",
        "worker": "Worker",
        "commissioned_at": "Date of commission",
        "title": "Subject",
        "content": "Content of the work",
        "milestones": "Amounts and dates of delivery",
        "from_funding": "Within {days} days of the funding (above: the latest)",
        "place": "Place of receipt",
        "online": "On this service (online)",
        "inspection": "End of inspection",
        "inspection_text": "Within {inspection_days} days of each delivery (silence is acceptance)",
        "revisions": "Rounds of changes",
        "revisions_text": "Up to {revisions}",
        "amount": "Total amount",
        "payment": "Date of payment",
        "payment_text": "On acceptance; at the latest {days} days from delivery, its day counted",
        "method": "Method of payment",
        "method_text": "Transfer of the money held in escrow to the worker's wallet",
        "hourly": "Rate and hours",
        "hourly_text": (
            "{rate} an hour, {cap} hours a week at most. Each week's pay is its minutes x the rate "
            "/ 60, rounded down to the smallest unit of the currency. A week is Monday to Sunday, "
            "Japan time. The time sheet is handed in at the end of the week, and silence during "
            "the inspection above approves it. What a week costs at most is held before it begins."
        ),
        "until": "Last day: {day}",
        "hourly_payment": (
            "On approval of the time sheet; at the latest {days} days from the first day of its "
            "week, that day counted"
        ),
        "undecided": "Undecided",
        "none": "Nothing",
        "hash": "SHA-256 of the electronic record (JSON)",
    },
}

_STYLE = (
    "body{font:16px/1.7 sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color:#111;"
    "background:#fff}th,td{text-align:left;vertical-align:top;padding:.4em .8em;border-bottom:1px "
    "solid #ccc}table{border-collapse:collapse;width:100%}th{width:12em;font-weight:600}"
    "pre{white-space:pre-wrap;font:inherit;margin:0}code{overflow-wrap:anywhere}"
)


def _page(words: Mapping[str, Any], digest: str, locale: str) -> str:
    said = _WORDS[locale]
    inspection = said["inspection_text"].format(**words)
    paid = "hourly_payment" if words.get("hourly") else "payment_text"
    payment = said[paid].format(days=words["payment"]["latest_days_from_delivery"])
    hourly = [("hourly", _hourly(words["hourly"], locale))] if words.get("hourly") else []
    rows = [
        ("contract_id", words["contract_id"]),
        ("client", f"{words['client']['name']} ({words['client']['id']})"),
        ("worker", f"{words['worker']['name']} ({words['worker']['id']})"),
        ("commissioned_at", _day(words["commissioned_at"], locale)),
        ("title", words["title"]),
        ("content", words["content"]),
        *hourly,
        ("milestones", "\n".join((*_milestones(words, locale), *_from_funding(words, locale)))),
        ("place", said["online"]),
        ("inspection", inspection),
        ("revisions", said["revisions_text"].format(**words)),
        ("amount", _money(words["amount"], locale)),
        ("payment", payment),
        ("method", said["method_text"]),
        ("undecided", said["none"]),
    ]
    body = "\n".join(
        f"<tr><th>{escape(said[name])}</th><td><pre>{escape(text)}</pre></td></tr>"
        for name, text in rows
    )
    return (
        f'<!doctype html>\n<html lang="{locale}"><head><meta charset="utf-8">'
        f"<title>{escape(said['heading'])}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(said['heading'])}</h1><p>{escape(said['law'])}</p>\n"
        f"<table>\n{body}\n</table>\n"
        f"<p>{escape(said['hash'])}: <code>{digest}</code></p></body></html>\n"
    )


def _milestones(words: Mapping[str, Any], locale: str) -> list[str]:
    return [_milestone(m, locale) for m in words["milestones"]]


def _from_funding(words: Mapping[str, Any], locale: str) -> list[str]:
    if not words.get("delivery_days"):
        return []
    return [_WORDS[locale]["from_funding"].format(days=words["delivery_days"])]


def _milestone(m: Mapping[str, Any], locale: str) -> str:
    day = _day(m["deliver_by"], locale)
    return f"{m['n']}. {m['title']}: {_money(m['amount'], locale)}, {day}"


def _hourly(terms: Mapping[str, Any], locale: str) -> str:
    said = _WORDS[locale]
    rate = _money(terms["rate"], locale)
    text = said["hourly_text"].format(rate=rate, cap=terms["weekly_cap_hours"])
    if not terms.get("until"):
        return text
    return f"{text}\n{said['until'].format(day=_day(terms['until'], locale))}"


def _day(words: str, locale: str) -> str:
    at = clock.parse(words).astimezone(TOKYO)
    if locale == "ja":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}(日本時間)"
    return f"{at:%Y-%m-%d %H:%M} (Japan time)"


def _money(words: Mapping[str, Any], locale: str) -> str:
    digits = CURRENCIES[words["currency"]]
    whole, rest = divmod(words["amount"], 10**digits)
    amount = f"{whole:,}.{rest:0{digits}}" if digits else f"{whole:,}"
    if words["currency"] == "JPY" and locale == "ja":
        return f"{amount}円"
    return f"{words['currency']} {amount}"
