"""A thin, typed client of Ukeoi: one method for each operation, and the habits a caller needs.

with Ukeoi("http://127.0.0.1:8080") as ukeoi:
    me = ukeoi.log_in("taro@example.com", "...")
    for contract in me.list_contracts(state="active"): ...
"""

from ukeoi_client.client import Caller, Member, Ukeoi
from ukeoi_client.problems import (
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NoAnswer,
    NotFound,
    Problem,
    Stale,
    TimeIsUp,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from ukeoi_client.sending import Answer

__all__ = [
    "Answer",
    "Caller",
    "Conflict",
    "Forbidden",
    "Invalid",
    "Malformed",
    "Member",
    "NoAnswer",
    "NotFound",
    "Problem",
    "Stale",
    "TimeIsUp",
    "TooMany",
    "Ukeoi",
    "Unauthenticated",
    "Unavailable",
]
