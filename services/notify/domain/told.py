"""Who is told of what, and how: a row for every event type of the catalog.

A row tells people, and closes what became moot. Words in braces are words of the event.

* once     what the event happens to only once: publishers say a fact again when its hearer is
           silent, and nobody is told twice; without it each event is told
* keys     a notice is moot as soon as one of its keys is closed: `select:pro_...` by the client's
           choice, `job:job_...` when the whole job ends
* closes   these keys, for good: what the key names happens only once
* ends_round   these keys, for notices born of an earlier version of the same aggregate: delivered,
           sent back, delivered again are rounds of one key
"""

from collections.abc import Mapping
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


_client = partial(Tell, whom="client_id", other="worker_id")
_worker = partial(Tell, whom="worker_id", other="client_id")
_answerer = partial(Tell, whom="answerer_id", other="asker_id", href="/v1/contracts/{contract_id}")
_asker = partial(Tell, whom="asker_id", other="answerer_id", href="/v1/contracts/{contract_id}")
_member = partial(Tell, whom="member_id")

_ACCOUNTS = {
    "member.registered": Row(nobody="they did it a moment ago; it is kept as who they are"),
    "member.changed": Row(nobody="it is kept as who they are"),
    "member.verified": Row(nobody="they did it a moment ago"),
    "factor.changed": Row(tells=(_member(href="/v1/me"),)),
    "tokens.revoked": Row(nobody="what revoked them is told by itself"),
    "sanction.imposed": Row(once="{sanction_id}", tells=(_member(href="/v1/me/sanctions"),)),
    "sanction.appealed": Row(nobody="they did it a moment ago"),
    "sanction.upheld": Row(once="{sanction_id}", tells=(_member(href="/v1/me/sanctions"),)),
    "sanction.lifted": Row(once="{sanction_id}", tells=(_member(href="/v1/me/sanctions"),)),
    "sanction.ended": Row(once="{sanction_id}", tells=(_member(href="/v1/me/sanctions"),)),
    "password.changed": Row(tells=(_member(href="/v1/sessions"),)),
    "record.changed": Row(nobody="it is on their profile; what caused it has been told"),
}

_JOBS = {
    "job.submitted_for_funding": Row(
        once="{hold_id}",
        tells=(
            Tell(
                whom="client_id",
                href="/v1/holds?ref={job_id}",
                action="fund",
                by="fund_by",
                otherwise="job_cancelled",
                keys=(FUND_JOB, JOB),
            ),
        ),
    ),
    "job.opened": Row(
        once="{job_id}",
        tells=(
            Tell(
                whom="client_id",
                href=AT_JOB,
                only=("mode", frozenset({"competition", "task"})),
            ),
        ),
    ),
    "job.closed": Row(once="{job_id}", tells=(Tell(whom="client_id", href=AT_JOB),), closes=(JOB,)),
    "job.proposals_closed": Row(
        once="{job_id}",
        tells=(
            Tell(
                whom="client_id",
                href=AT_JOB + "/proposals",
                action="select",
                by="select_by",
                otherwise="closed",
                keys=(JOB,),
            ),
        ),
    ),
    "job.cancelled": Row(
        nobody="the client did it; who proposed hears of the proposal", closes=(JOB,)
    ),
    "job.completed": Row(nobody="contract.completed tells both", closes=(JOB,)),
    "question.asked": Row(
        once="{question_id}",
        tells=(
            _client(
                href=AT_JOB + "/questions",
                action="answer",
                by="answer_by",
                otherwise="unanswered",
                keys=(ANSWER_QUESTION, JOB),
            ),
        ),
    ),
    "question.answered": Row(
        once="{question_id}",
        tells=(_worker(href=AT_JOB + "/questions"),),
        closes=(ANSWER_QUESTION,),
    ),
    "proposal.submitted": Row(
        once="{proposal_id}",
        tells=(
            _client(
                href=AT_JOB + "/proposals",
                action="select",
                by="select_by",
                otherwise="lapsed",
                keys=(SELECT, JOB),
            ),
        ),
    ),
    "proposal.withdrawn": Row(
        once="{proposal_id}", tells=(_client(href=AT_JOB + "/proposals"),), closes=(SELECT,)
    ),
    "proposal.declined": Row(once="{proposal_id}", tells=(_worker(href=AT_JOB),), closes=(SELECT,)),
    "proposal.lapsed": Row(once="{proposal_id}", tells=(_worker(href=AT_JOB),), closes=(SELECT,)),
    "opening.reserved": Row(nobody="jobs says it to itself; proposal.selected follows"),
    "proposal.selected": Row(nobody="offer.sent tells the worker", closes=(SELECT,)),
    "assignment.approved": Row(
        nobody="escrow.released tells the worker what reached the wallet",
        closes=(APPEAL, ANSWER_APPEAL),
    ),
    "slot.closed": Row(nobody="escrow.refunded tells the client"),
    "task.closing": Row(nobody="jobs says it to itself; job.closed follows"),
    "approvals.requested": Row(nobody="the client did it; escrow.released tells each worker"),
    "slot.freed": Row(nobody="jobs says it to itself; somebody else may take the slot"),
    "assignment.submitted": Row(
        nobody="there may be thousands: the job counts them, and silence approves"
    ),
    "assignment.rejected": Row(
        tells=(
            _worker(
                href=AT_ASSIGNMENT,
                action="appeal",
                by="appeal_by",
                otherwise="rejected",
                keys=(APPEAL,),
                ends=True,
            ),
        ),
    ),
    "assignment.appealed": Row(
        once="{assignment_id}",
        tells=(
            _client(
                href=AT_ASSIGNMENT,
                action="answer",
                by="answer_by",
                otherwise="approved",
                keys=(ANSWER_APPEAL,),
            ),
        ),
        ends_round=(APPEAL,),
    ),
    "appeal.refused": Row(
        once="{assignment_id}", tells=(_worker(href=AT_ASSIGNMENT),), closes=(APPEAL, ANSWER_APPEAL)
    ),
    "competition.closed": Row(
        tells=(
            Tell(
                whom="client_id",
                href=AT_JOB + "/entries",
                action="award",
                by="award_by",
                otherwise="undecided",
                keys=(AWARD, JOB),
            ),
        ),
    ),
    "competition.extended": Row(
        tells=(
            Tell(
                whom="client_id",
                href=AT_JOB + "/entries",
                action="award",
                by="award_by",
                otherwise="undecided",
                keys=(AWARD, JOB),
            ),
        ),
        ends_round=(AWARD,),
    ),
    "competition.undecided": Row(
        nobody="jobs says it to itself; escrow's word on the money follows", closes=(AWARD,)
    ),
    "entry.submitted": Row(
        once="{entry_id}", tells=(_client(href="/v1/entries/{entry_id}", keys=(JOB,)),)
    ),
    "entry.withdrawn": Row(nobody="it is no longer in the client's list; nothing is to be done"),
    "entry.won": Row(nobody="escrow.released tells them what reached the wallet"),
    "entry.not_chosen": Row(once="{entry_id}", tells=(_worker(href=AT_JOB),)),
    "competition.awarded": Row(nobody="escrow.released tells each winner", closes=(AWARD,)),
    "competition.split": Row(nobody="escrow.released tells each who has a share"),
    "competition.void": Row(nobody="escrow.refunded tells the client"),
}

_BY_CLIENT = ("by", frozenset({"client"}))
_BY_WORKER = ("by", frozenset({"worker"}))
_OFFERS = {
    "offer.sent": Row(
        once="{offer_id}",
        tells=(
            _worker(
                href=AT_OFFER, action="answer", by="answer_by", otherwise="expired", keys=(ANSWER,)
            ),
        ),
    ),
    "offer.accepted": Row(nobody="contract.formed tells both", closes=(ANSWER,)),
    "offer.countered": Row(
        tells=(
            Tell(
                whom="answerer_id",
                other="asker_id",
                href=AT_OFFER,
                action="answer",
                by="answer_by",
                otherwise="expired",
                keys=(ANSWER,),
            ),
        ),
        ends_round=(ANSWER,),
    ),
    "offer.declined": Row(
        once="{offer_id}",
        tells=(
            _client(href=AT_OFFER, only=_BY_WORKER),
            _worker(href=AT_OFFER, only=_BY_CLIENT),
        ),
        closes=(ANSWER,),
    ),
    "offer.withdrawn": Row(
        once="{offer_id}",
        tells=(
            _worker(href=AT_OFFER, only=("by", frozenset({"client", "system"}))),
            _client(href=AT_OFFER, only=_BY_WORKER),
        ),
        closes=(ANSWER,),
    ),
    "offer.expired": Row(
        once="{offer_id}", tells=(_client(href=AT_OFFER), _worker(href=AT_OFFER)), closes=(ANSWER,)
    ),
    "message.sent": Row(
        once="{message_id}",
        tells=(Tell(whom="recipient_id", other="sender_id", href="{thread_at}/messages"),),
    ),
}

_CONTRACTS = {
    "contract.formed": Row(
        once="{contract_id}",
        tells=(
            _client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="cancelled",
                keys=(FUND_FIRST, CONTRACT),
            ),
            _worker(href=AT_CONTRACT, by="fund_by", keys=(FUND_FIRST, CONTRACT)),
        ),
    ),
    "contract.reminded": Row(
        tells=(
            Tell(
                whom="{actor}_id",
                text="actor",
                href=AT_CONTRACT,
                action="{action}",
                by="by",
                otherwise="{otherwise}",
                keys=(REMINDED, CONTRACT),
            ),
        ),
        ends_round=(REMINDED,),
    ),
    "terms.made": Row(nobody="contract.formed tells both, and leads to them"),
    "terms.read": Row(nobody="it is kept as proof; nobody has to know"),
    "contract.started": Row(nobody="milestone.funded tells both"),
    "contract.completed": Row(
        once="{contract_id}",
        tells=(
            _client(
                href=AT_CONTRACT,
                action="review",
                by="review_by",
                otherwise="closed",
                keys=(REVIEW_BY_CLIENT,),
                ends=True,
            ),
            _worker(
                href=AT_CONTRACT,
                action="review",
                by="review_by",
                otherwise="closed",
                keys=(REVIEW_BY_WORKER,),
                ends=True,
            ),
        ),
        closes=(CONTRACT,),
    ),
    "contract.cancelled": Row(
        once="{contract_id}",
        tells=(_client(href=AT_CONTRACT), _worker(href=AT_CONTRACT)),
        closes=(CONTRACT,),
    ),
    "review.written": Row(
        once="{review_id}",
        tells=(Tell(whom="reviewee_id", other="reviewer_id", href=AT_CONTRACT, keys=(REVEAL,)),),
        closes=(REVIEW_BY_REVIEWER,),
    ),
    "review.revealed": Row(
        once="{review_id}",
        tells=(Tell(whom="reviewee_id", other="reviewer_id", href=AT_CONTRACT),),
        closes=(REVEAL, REVIEW_BY_CLIENT, REVIEW_BY_WORKER),
    ),
}

_SILENT = ("by", frozenset({"silence"}))
_MILESTONES = {
    "milestone.funded": Row(
        once="{hold_id}",
        tells=(
            _worker(
                href=AT_CONTRACT,
                action="deliver",
                by="deliver_by",
                otherwise="overdue",
                keys=(DELIVER, CONTRACT),
            ),
            _client(href=AT_CONTRACT, by="deliver_by"),
        ),
    ),
    "milestone.due": Row(
        once="{hold_id}",
        tells=(
            _client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="completed",
                keys=(FUND_STEP, CONTRACT),
            ),
            _worker(href=AT_CONTRACT, by="fund_by", keys=(FUND_STEP, CONTRACT)),
        ),
    ),
    "milestone.overdue": Row(
        once="{hold_id}",
        tells=(
            _worker(
                href=AT_CONTRACT,
                action="deliver",
                by="cancelled_at",
                otherwise="cancelled",
                keys=(DELIVER, CONTRACT),
            ),
            _client(href=AT_CONTRACT, by="cancelled_at", keys=(DELIVER, CONTRACT)),
        ),
        ends_round=(DELIVER,),
    ),
    "delivery.submitted": Row(
        tells=(
            _client(
                href=AT_CONTRACT,
                action="inspect",
                by="accepted_at",
                otherwise="accepted",
                keys=(INSPECT, CONTRACT),
            ),
        ),
        ends_round=(DELIVER,),
    ),
    "delivery.recalled": Row(
        tells=(
            _worker(
                href=AT_CONTRACT,
                action="deliver",
                by="deliver_by",
                otherwise="overdue",
                keys=(DELIVER, CONTRACT),
            ),
            _client(href=AT_CONTRACT, keys=(DELIVER, CONTRACT)),
        ),
        ends_round=(INSPECT,),
    ),
    "changes.requested": Row(
        tells=(
            _worker(
                href=AT_CONTRACT,
                action="deliver",
                by="deliver_by",
                otherwise="overdue",
                keys=(DELIVER, CONTRACT),
            ),
        ),
        ends_round=(INSPECT,),
    ),
    "delivery.accepted": Row(
        once="{hold_id}",
        tells=(
            _worker(href=AT_CONTRACT, only=("by", frozenset({"client"}))),
            _worker(href=AT_CONTRACT, only=_SILENT, text="worker.silence"),
            _client(href=AT_CONTRACT, only=_SILENT),
        ),
        ends_round=(INSPECT, DELIVER),
    ),
    "milestone.added": Row(
        once="{hold_id}",
        tells=(
            _client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="unfunded",
                keys=(FUND_STEP, CONTRACT),
            ),
        ),
    ),
    "milestone.changed": Row(nobody="both agreed to it; hold.changed says the new price"),
    "week.planned": Row(
        once="{hold_id}",
        tells=(
            _client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="unfunded",
                keys=(FUND_STEP, CONTRACT),
            ),
        ),
    ),
    "tip.given": Row(nobody="the client did it; escrow.released tells the worker"),
    "dispute.settled": Row(
        once="{hold_id}", tells=(_client(href=AT_CONTRACT), _worker(href=AT_CONTRACT))
    ),
    "dispute.decided": Row(
        once="{hold_id}", tells=(_client(href=AT_CONTRACT), _worker(href=AT_CONTRACT))
    ),
    "milestone.paid": Row(nobody="escrow.released tells the worker what reached the wallet"),
}

_ASKED = {
    "extension.requested": Row(
        once="{extension_id}",
        tells=(
            _answerer(
                action="answer",
                by="answer_by",
                otherwise="withdrawn",
                keys=(ANSWER_EXTENSION, CONTRACT),
            ),
        ),
    ),
    "extension.granted": Row(
        once="{extension_id}",
        tells=(
            _asker(only=("by", frozenset({"client"}))),
            _worker(
                href=AT_CONTRACT,
                action="deliver",
                by="deliver_by",
                otherwise="overdue",
                keys=(DELIVER, CONTRACT),
            ),
        ),
        closes=(ANSWER_EXTENSION,),
        ends_round=(DELIVER,),
    ),
    "extension.refused": Row(once="{extension_id}", tells=(_asker(),), closes=(ANSWER_EXTENSION,)),
    "extension.withdrawn": Row(
        once="{extension_id}", tells=(_asker(), _answerer()), closes=(ANSWER_EXTENSION,)
    ),
    "change.proposed": Row(
        once="{change_id}",
        tells=(
            _answerer(
                action="answer",
                by="answer_by",
                otherwise="lapsed",
                keys=(ANSWER_CHANGE, CONTRACT),
            ),
        ),
    ),
    "change.agreed": Row(once="{change_id}", tells=(_asker(),), closes=(ANSWER_CHANGE,)),
    "change.refused": Row(once="{change_id}", tells=(_asker(),), closes=(ANSWER_CHANGE,)),
    "change.lapsed": Row(
        once="{change_id}", tells=(_asker(), _answerer()), closes=(ANSWER_CHANGE,)
    ),
    "cancellation.requested": Row(
        tells=(
            _answerer(
                action="answer",
                by="answer_by",
                otherwise="{otherwise}",
                keys=(ANSWER_CANCELLATION, CONTRACT),
            ),
        ),
    ),
    "cancellation.refused": Row(tells=(_asker(),), ends_round=(ANSWER_CANCELLATION,)),
    "cancellation.lapsed": Row(tells=(_asker(), _answerer()), ends_round=(ANSWER_CANCELLATION,)),
    "dispute.opened": Row(
        once="{dispute_id}",
        tells=(
            _answerer(
                action="answer",
                by="answer_by",
                otherwise="claim_stands",
                keys=(ANSWER_DISPUTE, CONTRACT),
            ),
        ),
        closes=(ANSWER_CANCELLATION,),
    ),
    "dispute.evidence": Row(tells=(_answerer(),)),
    "dispute.proposed": Row(tells=(_answerer(keys=(CONTRACT,)),), closes=(DISPUTE_ANSWERED,)),
    "dispute.escalated": Row(
        once="{dispute_id}",
        tells=(
            _client(href=AT_CONTRACT, by="decide_by"),
            _worker(href=AT_CONTRACT, by="decide_by"),
        ),
    ),
}

_ESCROW = {
    "hold.opened": Row(nobody="contract.formed asks the client to fund"),
    "hold.changed": Row(nobody="both agreed to it; the hold shows the new price"),
    "hold.refused": Row(
        once="{hold_id}", tells=(Tell(whom="client_id", href="/v1/holds?ref={ref}"),)
    ),
    "hold.cancelled": Row(nobody="contract.cancelled tells both", closes=(FUND,)),
    "escrow.funded": Row(nobody="milestone.funded tells both", closes=(FUND,)),
    "escrow.released": Row(
        once="{hold_id}:{cause}",
        tells=(Tell(whom="worker_id", other="client_id", href="/v1/wallet/entries"),),
    ),
    "escrow.refunded": Row(
        once="{hold_id}:{cause}", tells=(Tell(whom="client_id", href="/v1/wallet/entries"),)
    ),
    "payout.requested": Row(once="{payout_id}", tells=(_member(href="/v1/payouts/{payout_id}"),)),
    "payout.sent": Row(nobody="payout.paid tells them when it has arrived"),
    "payout.paid": Row(once="{payout_id}", tells=(_member(href="/v1/payouts/{payout_id}"),)),
    "payout.failed": Row(once="{payout_id}", tells=(_member(href="/v1/payouts/{payout_id}"),)),
    "deposit.unmatched": Row(nobody="nobody is known to tell; operators see it in reconcile"),
    "deposit.credited": Row(once="{deposit_id}", tells=(_member(href="/v1/wallet/entries"),)),
    "chargeback.received": Row(once="{chargeback_id}", tells=(_member(href="/v1/wallet"),)),
    "chargeback.resolved": Row(once="{chargeback_id}", tells=(_member(href="/v1/wallet"),)),
}

_NOTIFY = {
    "notification.made": Row(nobody="it is our own word: telling of telling would never end"),
    "digest.due": Row(nobody="it is the digest itself that tells them"),
    "mail.bounced": Row(tells=(_member(href="/v1/me"),)),
    "webhook.disabled": Row(tells=(_member(href="/v1/webhooks/{webhook_id}/deliveries"),)),
    "notification.reminded": Row(nobody="the notice itself is unread again"),
}

TOLD: Mapping[str, Row] = {
    **_ACCOUNTS,
    **_JOBS,
    **_OFFERS,
    **_CONTRACTS,
    **_MILESTONES,
    **_ASKED,
    **_ESCROW,
    **_NOTIFY,
}
