"""Who is told of contracts and their milestones."""

from services.notify.domain.told.words import (
    AT_CONTRACT,
    CONTRACT,
    DELIVER,
    FUND_FIRST,
    FUND_STEP,
    IDLE,
    INSPECT,
    REMINDED,
    REVEAL,
    REVIEW_BY_CLIENT,
    REVIEW_BY_REVIEWER,
    REVIEW_BY_WORKER,
    Row,
    Tell,
    client,
    worker,
)

CONTRACTS = {
    "contract.formed": Row(
        once="{contract_id}",
        tells=(
            client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="cancelled",
                keys=(FUND_FIRST, CONTRACT),
            ),
            worker(href=AT_CONTRACT, by="fund_by", keys=(FUND_FIRST, CONTRACT)),
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
    "contract.ending": Row(
        tells=(
            client(href=AT_CONTRACT, by="ends_at", keys=(CONTRACT,)),
            worker(href=AT_CONTRACT, by="ends_at", keys=(CONTRACT,)),
        ),
    ),
    "contract.idle": Row(
        tells=(
            client(
                href=AT_CONTRACT,
                action="confirm",
                by="ends_at",
                otherwise="{otherwise}",
                keys=(IDLE, CONTRACT),
            ),
            worker(
                href=AT_CONTRACT,
                action="confirm",
                by="ends_at",
                otherwise="{otherwise}",
                keys=(IDLE, CONTRACT),
            ),
        ),
        ends_round=(IDLE,),
    ),
    "contract.confirmed": Row(
        tells=(
            client(href=AT_CONTRACT, only=("by", frozenset({"worker"}))),
            worker(href=AT_CONTRACT, only=("by", frozenset({"client"}))),
        ),
        ends_round=(IDLE,),
    ),
    "contract.resumed": Row(tells=(client(href=AT_CONTRACT), worker(href=AT_CONTRACT))),
    "week.resumed": Row(
        tells=(
            worker(
                href=AT_CONTRACT,
                action="submit",
                by="submit_by",
                otherwise="submitted",
                keys=(DELIVER, CONTRACT),
            ),
        ),
        ends_round=(DELIVER,),
    ),
    "contract.completed": Row(
        once="{contract_id}",
        tells=(
            client(
                href=AT_CONTRACT,
                action="review",
                by="review_by",
                otherwise="closed",
                keys=(REVIEW_BY_CLIENT,),
                ends=True,
            ),
            worker(
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
        tells=(client(href=AT_CONTRACT), worker(href=AT_CONTRACT)),
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
MILESTONES = {
    "milestone.funded": Row(
        once="{hold_id}",
        tells=(
            worker(
                href=AT_CONTRACT,
                action="deliver",
                by="deliver_by",
                otherwise="overdue",
                keys=(DELIVER, CONTRACT),
            ),
            client(href=AT_CONTRACT, by="deliver_by"),
        ),
    ),
    "milestone.due": Row(
        once="{hold_id}",
        tells=(
            client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="completed",
                keys=(FUND_STEP, CONTRACT),
            ),
            worker(href=AT_CONTRACT, by="fund_by", keys=(FUND_STEP, CONTRACT)),
        ),
    ),
    "milestone.overdue": Row(
        once="{hold_id}",
        tells=(
            worker(
                href=AT_CONTRACT,
                action="deliver",
                by="cancelled_at",
                otherwise="cancelled",
                keys=(DELIVER, CONTRACT),
            ),
            client(href=AT_CONTRACT, by="cancelled_at", keys=(DELIVER, CONTRACT)),
        ),
        ends_round=(DELIVER,),
    ),
    "delivery.submitted": Row(
        tells=(
            client(
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
            worker(
                href=AT_CONTRACT,
                action="deliver",
                by="deliver_by",
                otherwise="overdue",
                keys=(DELIVER, CONTRACT),
            ),
            client(href=AT_CONTRACT, keys=(DELIVER, CONTRACT)),
        ),
        ends_round=(INSPECT,),
    ),
    "changes.requested": Row(
        tells=(
            worker(
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
            worker(href=AT_CONTRACT, only=("by", frozenset({"client"}))),
            worker(href=AT_CONTRACT, only=_SILENT, text="worker.silence"),
            client(href=AT_CONTRACT, only=_SILENT),
        ),
        ends_round=(INSPECT, DELIVER),
    ),
    "milestone.added": Row(
        once="{hold_id}",
        tells=(
            client(
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
            client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="work_stops",
                keys=(FUND_STEP, CONTRACT),
            ),
            worker(href=AT_CONTRACT, by="fund_by", keys=(FUND_STEP, CONTRACT)),
        ),
    ),
    "week.funded": Row(
        once="{hold_id}",
        tells=(
            worker(
                href=AT_CONTRACT,
                action="submit",
                by="submit_by",
                otherwise="submitted",
                keys=(DELIVER, CONTRACT),
            ),
            client(href=AT_CONTRACT, by="submit_by"),
        ),
    ),
    "week.unfunded": Row(
        once="{hold_id}",
        tells=(
            client(
                href=AT_CONTRACT,
                action="fund",
                by="fund_by",
                otherwise="completed",
                keys=(FUND_STEP, CONTRACT),
            ),
            worker(href=AT_CONTRACT, by="fund_by", keys=(FUND_STEP, CONTRACT)),
        ),
        ends_round=(FUND_STEP,),
    ),
    "week.closed": Row(
        once="{hold_id}",
        tells=(worker(href=AT_CONTRACT), client(href=AT_CONTRACT)),
        closes=(DELIVER,),
    ),
    "time.noted": Row(nobody="it stands on the sheet, which the client gets with the week's end"),
    "time.removed": Row(nobody="as time.noted"),
    "sheet.submitted": Row(
        tells=(
            client(
                href=AT_CONTRACT,
                action="inspect",
                by="accepted_at",
                otherwise="accepted",
                keys=(INSPECT, CONTRACT),
            ),
            worker(href=AT_CONTRACT, only=_SILENT, keys=(INSPECT, CONTRACT)),
        ),
        ends_round=(DELIVER,),
    ),
    "sheet.recalled": Row(
        tells=(
            worker(
                href=AT_CONTRACT,
                action="submit",
                by="submit_by",
                otherwise="submitted",
                keys=(DELIVER, CONTRACT),
            ),
            client(href=AT_CONTRACT, keys=(DELIVER, CONTRACT)),
        ),
        ends_round=(INSPECT,),
    ),
    "sheet.returned": Row(
        tells=(
            worker(
                href=AT_CONTRACT,
                action="submit",
                by="submit_by",
                otherwise="submitted",
                keys=(DELIVER, CONTRACT),
            ),
        ),
        ends_round=(INSPECT,),
    ),
    "sheet.approved": Row(
        once="{hold_id}",
        tells=(
            worker(href=AT_CONTRACT, only=("by", frozenset({"client"}))),
            worker(href=AT_CONTRACT, only=_SILENT, text="worker.silence"),
            client(href=AT_CONTRACT, only=_SILENT),
        ),
        ends_round=(INSPECT, DELIVER),
    ),
    "tip.given": Row(nobody="the client did it; escrow.released tells the worker"),
    "dispute.settled": Row(
        once="{hold_id}", tells=(client(href=AT_CONTRACT), worker(href=AT_CONTRACT))
    ),
    "dispute.decided": Row(
        once="{hold_id}", tells=(client(href=AT_CONTRACT), worker(href=AT_CONTRACT))
    ),
    "milestone.paid": Row(nobody="escrow.released tells the worker what reached the wallet"),
    "message.held": Row(nobody="the operators have a case about it"),
    "message.released": Row(
        tells=(Tell(whom="author_id", text="member", href="{thread_at}/messages"),)
    ),
    "message.removed": Row(nobody="case.decided tells its author"),
    "message.reported": Row(nobody="the operators have a case about it"),
}
