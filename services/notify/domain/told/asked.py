"""Who is told of what one party of a contract asks of the other."""

from services.notify.domain.told.words import (
    ANSWER_CANCELLATION,
    ANSWER_CHANGE,
    ANSWER_DISPUTE,
    ANSWER_EXTENSION,
    AT_CONTRACT,
    CONTRACT,
    DELIVER,
    DISPUTE_ANSWERED,
    Row,
    answerer,
    asker,
    client,
    worker,
)

ASKED = {
    "extension.requested": Row(
        once="{extension_id}",
        tells=(
            answerer(
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
            asker(only=("by", frozenset({"client"}))),
            worker(
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
    "extension.refused": Row(once="{extension_id}", tells=(asker(),), closes=(ANSWER_EXTENSION,)),
    "extension.withdrawn": Row(
        once="{extension_id}", tells=(asker(), answerer()), closes=(ANSWER_EXTENSION,)
    ),
    "change.proposed": Row(
        once="{change_id}",
        tells=(
            answerer(
                action="answer",
                by="answer_by",
                otherwise="lapsed",
                keys=(ANSWER_CHANGE, CONTRACT),
            ),
        ),
    ),
    "change.agreed": Row(once="{change_id}", tells=(asker(),), closes=(ANSWER_CHANGE,)),
    "change.refused": Row(once="{change_id}", tells=(asker(),), closes=(ANSWER_CHANGE,)),
    "change.lapsed": Row(once="{change_id}", tells=(asker(), answerer()), closes=(ANSWER_CHANGE,)),
    "cancellation.requested": Row(
        tells=(
            answerer(
                action="answer",
                by="answer_by",
                otherwise="{otherwise}",
                keys=(ANSWER_CANCELLATION, CONTRACT),
            ),
        ),
    ),
    "cancellation.refused": Row(tells=(asker(),), ends_round=(ANSWER_CANCELLATION,)),
    "cancellation.lapsed": Row(tells=(asker(), answerer()), ends_round=(ANSWER_CANCELLATION,)),
    "dispute.opened": Row(
        once="{dispute_id}",
        tells=(
            answerer(
                action="answer",
                by="answer_by",
                otherwise="claim_stands",
                keys=(ANSWER_DISPUTE, CONTRACT),
            ),
        ),
        closes=(ANSWER_CANCELLATION,),
    ),
    "dispute.evidence": Row(tells=(answerer(),)),
    "dispute.proposed": Row(tells=(answerer(keys=(CONTRACT,)),), closes=(DISPUTE_ANSWERED,)),
    "dispute.escalated": Row(
        once="{dispute_id}",
        tells=(
            client(href=AT_CONTRACT, by="decide_by"),
            worker(href=AT_CONTRACT, by="decide_by"),
        ),
    ),
}
