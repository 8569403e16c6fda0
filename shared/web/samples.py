"""Examples for the documents: what a person would write, made of a schema and of its names."""

from collections.abc import Mapping
from typing import Any

from shared.web.problems import TITLES, TYPE_URL

Doc = dict[str, Any]
Path = tuple[str, ...]

_KINDS = {"string": str, "integer": int, "array": list}

PREFIXES = {
    "assignments": "asg",
    "changes": "chg",
    "chargebacks": "cbk",
    "contracts": "con",
    "deliveries": "dlv",
    "deposits": "dep",
    "entries": "ent",
    "extensions": "ext",
    "holds": "hld",
    "jobs": "job",
    "listings": "lst",
    "members": "mem",
    "messages": "msg",
    "notifications": "ntf",
    "offers": "off",
    "payouts": "pay",
    "proposals": "pro",
    "questions": "qst",
    "searches": "sea",
    "sessions": "ses",
    "webhooks": "whk",
}
# Whose id a schema's own `id` is; the names of other ids tell themselves.
PREFIX_OF_SCHEMA = {
    "Assignment": "asg",
    "Contract": "con",
    "Entry": "ent",
    "Event": "evt",
    "Hold": "hld",
    "Job": "job",
    "Listing": "lst",
    "Me": "mem",
    "Message": "msg",
    "Notice": "ntf",
    "Offer": "off",
    "Payout": "pay",
    "Person": "mem",
    "Proposal": "pro",
    "ProviderData": "chg",
    "Public": "mem",
    "Question": "qst",
    "SavedSearch": "sea",
    "Reviewer": "mem",
}
PREFIX_OF_NAME = {
    "about": "con",
    "client_id": "mem",
    "contract_id": "con",
    "entry_id": "ent",
    "event_id": "evt",
    "hold_id": "hld",
    "hold_ids": "hld",
    "job_id": "job",
    "listing_id": "lst",
    "member_id": "mem",
    "message_id": "msg",
    "notification_id": "ntf",
    "offer_id": "off",
    "payout_id": "pay",
    "proposal_id": "pro",
    "question_id": "qst",
    "recipient_id": "mem",
    "ref": "con",
    "review_id": "rev",
    "reviewee_id": "mem",
    "reviewer_id": "mem",
    "sender_id": "mem",
    "thread": "con",
    "worker_id": "mem",
}
DIGITS = "019a8f2c5d3b7c418b6a0d9e4f7a1c2e"
BY_NAME: Mapping[str, Any] = {
    "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJtZW1fLi4uIn0.c2lnbmF0dXJl",
    "action": "inspect",
    "at": "08:00",
    "after": "eyJhdCI6IjIwMjYtMTItMDEifQ",
    "amount": 75_000,
    "answer": "希望日時を送っていただくだけで十分です。",
    "answer_by": "2026-12-15T09:30:00.000Z",
    "base": 75_000,
    "bio": "Web制作を8年しています。飲食店のサイトが得意です。",
    "body": "「ホームページのリニューアル」が納品されました。",
    "by": "2026-12-21T09:30:00.000Z",
    "category": "web-design",
    "changes_note": "地図が古い駐車場の場所になっています。",
    "code": "wrong_state",
    "comment": "思いを丁寧に聞いてくださり、想像以上の仕上がりでした。",
    "deadline_at": "2027-01-15T14:59:59.000Z",
    "deliver_by": "2026-12-22T14:59:59.000Z",
    "description": "鎌倉の小さな喫茶店です。スマートフォンで見やすいホームページを作ってください。",
    "display_name": "山田太郎",
    "email": "taro@example.com",
    "expires_in": 900,
    "from": "22:00",
    "head": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "href": f"/v1/contracts/con_{DIGITS}",
    "if": "the client does not inspect",
    "kind": "individual",
    "links": ["https://hidamari-test.example.jp/"],
    "locale": "ja",
    "message": "はじめまして。Web制作をしております山田と申します。",
    "method": "POST",
    "mode": "project",
    "name": "accept",
    "next_cursor": "WyIyMDI2LTEyLTAxVDA5OjMwOjAwLjAwMFoiXQ",
    "note": "5ページのテスト公開が完了しました。ご確認ください。",
    "opened_at": "2026-12-01T09:30:00.000Z",
    "otherwise": "accepted",
    "password": "correct horse battery staple",
    "profile": "default",
    "proposals_close_at": "2026-12-14T14:59:59.000Z",
    "q": "古民家カフェ",
    "rate": "0.05",
    "reasons": ["wrong_state"],
    "reason": "イラストは使わないことになりました。",
    "refresh_token": f"ses_{DIGITS}.Zm9yLW9uZS11c2Utb25seQ",
    "request_id": f"req_{DIGITS}",
    "role": "client",
    "roles": [],
    "review_days": 14,
    "revisions": 2,
    "rounding": "floor",
    "scope": "5ページのホームページ、WordPressの設定、予約フォーム、操作の手引き。",
    "skills": ["WordPress", "HTML/CSS"],
    "subject": f"con_{DIGITS}",
    "text": "写真は、いつごろいただけますか。",
    "title": "古民家カフェのホームページのリニューアル",
    "to": "07:00",
    "token_type": "Bearer",
    "type": "delivery.submitted",
    "what": "delivery.submitted",
}
TIME = "2026-12-01T09:30:00.000Z"


def an_id(prefix: str) -> str:
    """Return an id that could be one: `con_` and 32 digits."""
    return f"{prefix}_{DIGITS}"


def a_problem(status: int, code: str) -> Doc:
    """Return a problem document (RFC 9457) as it is answered with this code."""
    said: Doc = {
        "type": f"{TYPE_URL}#{code}",
        "title": TITLES[status],
        "status": status,
        "code": code,
        "detail": code.replace("_", " "),
        "request_id": an_id("req"),
    }
    if status == 422:
        said["fields"] = {"title": ["Missing data for required field."]}
    return said


def of(schema: Doc, schemas: Mapping[str, Doc], name: str = "", within: Path = ()) -> Any:
    """Return an example of a schema.

    `name` is the word it stands for, `within` the schemas around it, outermost first.
    """
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        return of(schemas[target], schemas, name, (*within, target))
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return of(schema[several][0], schemas, name, within)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        usual = BY_NAME.get(name)
        return usual if usual in schema["enum"] else schema["enum"][0]
    if "properties" in schema:
        words = schema["properties"].items()
        return {word: of(about, schemas, word, within) for word, about in words}
    return _plain(schema, schemas, name, within)


def _plain(schema: Doc, schemas: Mapping[str, Doc], name: str, within: Path) -> Any:
    types = schema.get("type", "object")
    type_ = types if isinstance(types, str) else types[0]
    usual = _usual(schema, name, within)
    if isinstance(usual, _KINDS.get(type_, ())) and not isinstance(usual, bool):
        return usual
    if type_ == "array":
        item = schema.get("items", {})
        # A tree ends where it would begin again.
        is_again = item.get("$ref", "").rpartition("/")[2] in within
        return [] if is_again else [of(item, schemas, name, within)]
    if type_ == "object":
        inner = schema.get("additionalProperties")
        return {"JPY": of(inner, schemas)} if isinstance(inner, dict) and inner else {}
    return {"boolean": True, "integer": schema.get("minimum", 1), "number": 1.0}.get(type_, "text")


def _usual(schema: Doc, name: str, within: Path) -> Any:
    if schema.get("format") == "date-time" and not str(BY_NAME.get(name, "")).startswith("20"):
        return TIME
    if schema.get("format") == "date":
        return TIME[:10]
    if name == "id" and within and within[-1] in PREFIX_OF_SCHEMA:
        return an_id(PREFIX_OF_SCHEMA[within[-1]])
    if name in PREFIX_OF_NAME:
        return an_id(PREFIX_OF_NAME[name])
    return BY_NAME.get(name)
