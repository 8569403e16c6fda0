"""Who is told of offers."""

from services.notify.domain.told.words import ANSWER, AT_OFFER, Row, Tell, client, worker

_BY_CLIENT = ("by", frozenset({"client"}))
_BY_WORKER = ("by", frozenset({"worker"}))
OFFERS = {
    "offer.sent": Row(
        once="{offer_id}",
        tells=(
            worker(
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
            client(href=AT_OFFER, only=_BY_WORKER),
            worker(href=AT_OFFER, only=_BY_CLIENT),
        ),
        closes=(ANSWER,),
    ),
    "offer.withdrawn": Row(
        once="{offer_id}",
        tells=(
            worker(href=AT_OFFER, only=("by", frozenset({"client", "system"}))),
            client(href=AT_OFFER, only=_BY_WORKER),
        ),
        closes=(ANSWER,),
    ),
    "offer.expired": Row(
        once="{offer_id}", tells=(client(href=AT_OFFER), worker(href=AT_OFFER)), closes=(ANSWER,)
    ),
    "message.sent": Row(
        once="{message_id}",
        tells=(Tell(whom="recipient_id", other="sender_id", href="{thread_at}/messages"),),
    ),
}
