"""Who is told of what jobs says."""

from services.notify.domain.told.words import (
    ANSWER_APPEAL,
    ANSWER_QUESTION,
    APPEAL,
    AT_ASSIGNMENT,
    AT_JOB,
    AWARD,
    FUND_JOB,
    IDLE_LISTING,
    JOB,
    SELECT,
    Row,
    Tell,
    client,
    member,
    seller,
    worker,
)

ENDED_BY_ITSELF = frozenset({"silence", "hold_refused", "nothing_approved", "contracts_cancelled"})
JOBS = {
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
    # One of each alert a job, however many of one's searches it fits; over with the job.
    "search.matched": Row(once="{job_id} {alert}", tells=(member(href=AT_JOB, keys=(JOB,)),)),
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
    # What the client did is not told to them; who proposed hears of the proposal.
    "job.cancelled": Row(
        once="{job_id}",
        tells=(Tell(whom="client_id", href=AT_JOB, only=("reason", ENDED_BY_ITSELF)),),
        closes=(JOB,),
    ),
    "listing.published": Row(nobody="its seller did it", ends_round=(IDLE_LISTING,)),
    "listing.paused": Row(
        tells=(seller(only=("reason", frozenset({"silence"}))),), ends_round=(IDLE_LISTING,)
    ),
    "listing.withdrawn": Row(
        tells=(seller(only=("reason", frozenset({"silence"}))),), ends_round=(IDLE_LISTING,)
    ),
    "listing.idle": Row(
        once="{listing_id}:{by}",
        tells=(
            seller(
                action="{action}",
                by="by",
                otherwise="{otherwise}",
                keys=(IDLE_LISTING,),
                ends=True,
            ),
        ),
        ends_round=(IDLE_LISTING,),
    ),
    "listing.renewed": Row(nobody="its seller did it", ends_round=(IDLE_LISTING,)),
    "listing.ordered": Row(
        nobody="contract.formed tells both, offer.sent who is to answer",
        ends_round=(IDLE_LISTING,),
    ),
    "job.completed": Row(nobody="contract.completed tells both", closes=(JOB,)),
    "question.asked": Row(
        once="{question_id}",
        tells=(
            client(
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
        tells=(worker(href=AT_JOB + "/questions"),),
        closes=(ANSWER_QUESTION,),
    ),
    "proposal.submitted": Row(
        once="{proposal_id}",
        tells=(
            client(
                href=AT_JOB + "/proposals",
                action="select",
                by="select_by",
                otherwise="lapsed",
                keys=(SELECT, JOB),
            ),
        ),
    ),
    "proposal.withdrawn": Row(
        once="{proposal_id}", tells=(client(href=AT_JOB + "/proposals"),), closes=(SELECT,)
    ),
    "proposal.declined": Row(once="{proposal_id}", tells=(worker(href=AT_JOB),), closes=(SELECT,)),
    "proposal.lapsed": Row(
        once="{proposal_id}",
        tells=(
            worker(href=AT_JOB),
            client(href=AT_JOB + "/proposals", only=("reason", frozenset({"silence"}))),
        ),
        closes=(SELECT,),
    ),
    "opening.reserved": Row(nobody="jobs says it to itself; proposal.selected follows"),
    "proposal.selected": Row(nobody="offer.sent tells the worker", closes=(SELECT,)),
    "assignment.approved": Row(
        nobody="escrow.released tells the worker what reached the wallet",
        closes=(APPEAL, ANSWER_APPEAL),
    ),
    "slot.closed": Row(nobody="escrow.refunded tells the client"),
    "task.closing": Row(nobody="jobs says it to itself; job.closed follows"),
    "approvals.requested": Row(nobody="the client did it; escrow.released tells each worker"),
    # Who gave it back knows, and so does who was told that an appeal is refused.
    "slot.freed": Row(
        once="{assignment_id}",
        tells=(
            worker(
                href=AT_ASSIGNMENT, only=("reason", frozenset({"expired"})), text="worker.expired"
            ),
            worker(href=AT_ASSIGNMENT, only=("reason", frozenset({"not_appealed"}))),
        ),
    ),
    "assignment.submitted": Row(
        nobody="there may be thousands: the job counts them, and silence approves"
    ),
    "controls.missed": Row(nobody="jobs says it to itself; assignment.rejected follows"),
    "assignment.rejected": Row(
        tells=(
            worker(
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
            client(
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
        once="{assignment_id}", tells=(worker(href=AT_ASSIGNMENT),), closes=(APPEAL, ANSWER_APPEAL)
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
        once="{entry_id}", tells=(client(href="/v1/entries/{entry_id}", keys=(JOB,)),)
    ),
    "entry.withdrawn": Row(nobody="it is no longer in the client's list; nothing is to be done"),
    "entry.won": Row(nobody="escrow.released tells them what reached the wallet"),
    "entry.not_chosen": Row(once="{entry_id}", tells=(worker(href=AT_JOB),)),
    "competition.awarded": Row(nobody="escrow.released tells each winner", closes=(AWARD,)),
    # escrow.released tells each who has a share.
    "competition.split": Row(once="{job_id}", tells=(Tell(whom="client_id", href=AT_JOB),)),
    "competition.void": Row(nobody="escrow.refunded tells the client"),
    "proposal.held": Row(nobody="the operators have a case about it"),
    "proposal.released": Row(
        tells=(Tell(whom="author_id", text="member", href="/v1/proposals/{content_id}"),)
    ),
    "proposal.removed": Row(nobody="case.decided tells its author"),
    "proposal.reported": Row(nobody="the operators have a case about it"),
    "question.held": Row(nobody="the operators have a case about it"),
    "question.released": Row(nobody="the operators have a case about it"),
    "question.removed": Row(nobody="case.decided tells its author"),
    "question.reported": Row(nobody="the operators have a case about it"),
    "posting.held": Row(nobody="the operators have a case about it"),
    "posting.released": Row(tells=(Tell(whom="author_id", text="member", href="{thread_at}"),)),
    "posting.removed": Row(nobody="case.decided tells its author"),
    "posting.reported": Row(nobody="the operators have a case about it"),
    "entry.reported": Row(nobody="the operators have a case about it"),
}
