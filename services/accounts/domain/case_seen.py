"""Who sees a case, and what they may do with it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from services.accounts.domain import case as rules
from services.accounts.domain.case import MEMBER, Case
from shared.errors import Refused


def is_seen_by(case: Case, member_id: str) -> bool:
    """Say whether a member sees the case: its author, and only when something was done to it."""
    was_touched = case.is_held or case.outcome in ("removed", "released", "restored")
    return member_id == case.author_id and was_touched and case.about_kind != MEMBER


def is_whole_for(case: Case, member_id: str, *, is_ops: bool) -> bool:
    """Say whether a caller sees all of a case: an operator, when it is not about themselves."""
    return is_ops and member_id != case.author_id


def actions(case: Case, *, by: str, is_ops: bool, others: bool) -> list[dict[str, Any]]:
    """Return what this caller may do now; where it is not allowed, the codes of why not."""
    at = f"/v1/cases/{case.id}"
    if not is_ops:
        return [
            _action(
                "appeal",
                f"{at}/appeal",
                lambda: rules.appeal(case, now=case.opened_at, by=by, reason="-"),
            )
        ]
    return [
        *(
            _action(move, f"{at}/decide", partial(rules.refuse_deciding, case, by=by, outcome=move))
            for move in ("release", "remove", "dismiss")
        ),
        _action(
            "decide_appeal",
            f"{at}/decide-appeal",
            lambda: rules.refuse_answering(case, by=by, others=others),
        ),
    ]


def _action(name: str, href: str, rule: Callable[[], object]) -> dict[str, Any]:
    reasons = []
    try:
        rule()
    except Refused as no:
        reasons = [no.code]
    return {
        "name": name,
        "href": href,
        "method": "POST",
        "allowed": not reasons,
        "reasons": reasons,
    }
