"""Who is told of what accounts says."""

from services.notify.domain.told.words import (
    APPEAL_CASE,
    AT_CASE,
    DECIDE_CASE,
    Row,
    Tell,
    author,
    member,
    reporter,
)

ACCOUNTS = {
    "member.registered": Row(nobody="they did it a moment ago; it is kept as who they are"),
    "member.changed": Row(nobody="it is kept as who they are"),
    "member.verified": Row(nobody="they did it a moment ago"),
    "factor.changed": Row(tells=(member(href="/v1/me"),)),
    "factor.reset": Row(tells=(member(href="/v1/me"),)),
    "tokens.revoked": Row(nobody="what revoked them is told by itself"),
    "sanction.imposed": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "sanction.appealed": Row(nobody="they did it a moment ago"),
    "sanction.upheld": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "sanction.lifted": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "sanction.ended": Row(once="{sanction_id}", tells=(member(href="/v1/me/sanctions"),)),
    "password.changed": Row(tells=(member(href="/v1/sessions"),)),
    "member.leaving": Row(
        once="{member_id}:{asked_at}", tells=(member(href="/v1/me", by="until"),)
    ),
    "member.stayed": Row(tells=(member(href="/v1/me"),)),
    "member.erased": Row(nobody="nobody is there any more"),
    # Said by who keeps something that may be open: `shared/leaving.py`.
    **{
        f"member.cleared_by_{service}": Row(nobody="it is for accounts; /v1/me shows it")
        for service in ("jobs", "contracts", "escrow")
    },
    **{
        f"member.kept_by_{service}": Row(
            once="{member_id}:{asked_at}", tells=(member(href="/v1/me"),)
        )
        for service in ("jobs", "contracts", "escrow")
    },
    "member.blocked": Row(nobody="they did it a moment ago; the other is never told"),
    "member.unblocked": Row(nobody="they did it a moment ago; the other is never told"),
    "record.changed": Row(nobody="it is on their profile; what caused it has been told"),
    "report.made": Row(nobody="they did it a moment ago, and whom it is about never learns of it"),
    "report.answered": Row(
        once="{report_id}",
        tells=(
            reporter(only=("outcome", frozenset({"acted"})), text="member.acted"),
            reporter(only=("outcome", frozenset({"not_acted"})), text="member.not_acted"),
        ),
        ends_round=(DECIDE_CASE,),
    ),
    "case.waiting": Row(
        once="{case_id}:{action}:{by}",
        tells=(
            Tell(
                whom="operator_id",
                href=AT_CASE,
                text="member",
                action="{action}",
                by="by",
                otherwise="{otherwise}",
                keys=(DECIDE_CASE,),
                ends=True,
            ),
        ),
        ends_round=(DECIDE_CASE,),
    ),
    # That something held is released is told by whoever holds it.
    "case.decided": Row(
        once="{case_id}:{outcome}",
        tells=(
            author(
                only=("outcome", frozenset({"removed"})),
                text="member.removed",
                action="appeal",
                by="appeal_by",
                otherwise="stays_removed",
                keys=(APPEAL_CASE,),
                ends=True,
            ),
            author(only=("outcome", frozenset({"restored"})), text="member.restored"),
        ),
        ends_round=(DECIDE_CASE,),
    ),
    "case.appealed": Row(nobody="they did it a moment ago", closes=(APPEAL_CASE,)),
    "case.upheld": Row(once="{case_id}", tells=(author(text="member"),), ends_round=(DECIDE_CASE,)),
    "case.sanctioned": Row(nobody="sanction.imposed tells them", ends_round=(DECIDE_CASE,)),
}
