"""What the table of who is told is made of: its rows, and the keys that open and close them."""

from dataclasses import dataclass
from functools import partial

ANSWER = "answer:{offer_id}"
SELECT = "select:{proposal_id}"
ANSWER_QUESTION = "answer:{question_id}"
JOB = "job:{job_id}"
AT_ASSIGNMENT = "/v1/assignments/{assignment_id}"
APPEAL = "appeal:{assignment_id}"
ANSWER_APPEAL = "answer:{assignment_id}"
AWARD = "award:{job_id}"
CONTRACT = "contract:{contract_id}"
FUND_FIRST = "fund:{contract_id}:1"
FUND = "fund:{ref}:{milestone}"
FUND_JOB = "fund:{job_id}:0"
FUND_STEP = "fund:{contract_id}:{milestone}"
DELIVER = "deliver:{contract_id}:{milestone}"
IDLE = "confirm:{contract_id}"
IDLE_LISTING = "listing:{listing_id}"
INSPECT = "inspect:{contract_id}:{milestone}"
REMINDED = "{action}:{contract_id}:{milestone}"
ANSWER_EXTENSION = "answer:{extension_id}"
ANSWER_CHANGE = "answer:{change_id}"
ANSWER_CANCELLATION = "answer_cancellation:{contract_id}"
ANSWER_DISPUTE = "answer_dispute:{contract_id}:{answerer_id}"
DISPUTE_ANSWERED = "answer_dispute:{contract_id}:{asker_id}"
REVIEW_BY_CLIENT = "review:{contract_id}:{client_id}"
REVIEW_BY_WORKER = "review:{contract_id}:{worker_id}"
REVIEW_BY_REVIEWER = "review:{contract_id}:{reviewer_id}"
REVEAL = "reveal:{review_id}"
APPEAL_CASE = "appeal:{case_id}"
DECIDE_CASE = "case:{case_id}"

AT_CASE = "/v1/cases/{case_id}"
AT_OFFER = "/v1/offers/{offer_id}"
AT_CONTRACT = "/v1/contracts/{contract_id}"
AT_JOB = "/v1/jobs/{job_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """One person told of one event: to act when there is an `action`, else to know.

    `whom`, `other` (the person whose name is in the text) and `by` (the deadline) name words of the
    event; `ends`: moot once the deadline is over, because nothing is said then; `only`: a word and
    the values with which this person is told; `text`: its message, when not named by the role.
    """

    whom: str
    href: str
    other: str = ""
    action: str = ""
    by: str = ""
    otherwise: str = ""
    keys: tuple[str, ...] = ()
    ends: bool = False
    only: tuple[str, frozenset[str]] | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one event type leads to; without anybody to tell it says why."""

    tells: tuple[Tell, ...] = ()
    once: str = ""
    closes: tuple[str, ...] = ()
    ends_round: tuple[str, ...] = ()
    nobody: str = ""


client = partial(Tell, whom="client_id", other="worker_id")
worker = partial(Tell, whom="worker_id", other="client_id")
answerer = partial(Tell, whom="answerer_id", other="asker_id", href="/v1/contracts/{contract_id}")
asker = partial(Tell, whom="asker_id", other="answerer_id", href="/v1/contracts/{contract_id}")
seller = partial(Tell, whom="worker_id", href="/v1/listings/{listing_id}")
member = partial(Tell, whom="member_id")
author = partial(Tell, whom="author_id", href=AT_CASE)
reporter = partial(Tell, whom="reporter_id", href="/v1/reports")
