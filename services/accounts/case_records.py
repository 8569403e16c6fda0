"""Cases as documents."""

from dataclasses import asdict
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.accounts.domain import case_silence
from services.accounts.domain.case import Case, Ordered, Report
from shared.documents import Doc, Kind


def _case_doc(case: Case) -> Doc:
    words: dict[str, Any] = asdict(case)
    waits = case_silence.next_of(case)
    return {
        "_id": words.pop("id"),
        **words,
        "findings": list(case.findings),
        "reports": [asdict(one) for one in case.reports],
        # For the operators' queue, and so that a thing has one open case.
        "due_at": waits["by"] if waits else None,
        "is_open": case.state == "open",
    }


def _case(doc: Doc) -> Case:
    found = {name: doc[name] for name in Case.__slots__ if name != "id"}
    return Case(
        **{
            **found,
            "id": doc["_id"],
            "findings": tuple(doc["findings"]),
            "reports": tuple(Report(**one) for one in doc["reports"]),
            "sanction": Ordered(**doc["sanction"]) if doc["sanction"] else None,
        }
    )


CASES: Kind[Case] = Kind(
    name="case",
    prefix="cas",
    collection="cases",
    to_doc=_case_doc,
    from_doc=_case,
    wake=case_silence.wake_at,
    on_wake=case_silence.on_wake,
    indexes=(
        IndexModel(
            [("about_id", ASCENDING), ("about_kind", ASCENDING)],
            name="one_open_case",
            unique=True,
            partialFilterExpression={"is_open": True},
        ),
        IndexModel(
            [("about_id", ASCENDING), ("about_kind", ASCENDING), ("_id", DESCENDING)], name="latest"
        ),
        IndexModel([("state", ASCENDING), ("due_at", ASCENDING), ("_id", ASCENDING)], name="queue"),
        IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="newest"),
        IndexModel([("author_id", ASCENDING), ("_id", DESCENDING)], name="of_author"),
        IndexModel([("reports.reporter_id", ASCENDING), ("_id", DESCENDING)], name="of_reporter"),
        IndexModel(
            [("reports.reporter_id", ASCENDING)],
            name="open_of_reporter",
            partialFilterExpression={"is_open": True},
        ),
    ),
    uniques={"one_open_case": ("case_open", "there is an open case about this")},
)
