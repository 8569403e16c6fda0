"""notify hears everything; what each event leads to is the table in `domain/told/`."""

from services.notify.domain.told import TOLD
from services.notify.personal import WIPES
from services.notify.records import MEMBERS, member_doc
from services.notify.usecases import hooks, mails, telling
from shared import leaving
from shared.reactions import HandleMany, Project, Reactions
from shared.revoked import REVOKED

TELL = HandleMany(telling.tell)
MAIL = HandleMany(mails.plan)
WHO = Project(MEMBERS, member_doc)

SWEEPS = (hooks.SENDERS.sweep, mails.SENDERS.sweep)

REACTIONS: Reactions = {
    **dict.fromkeys(TOLD, (TELL,)),
    "member.registered": (WHO, TELL),
    "member.changed": (WHO, TELL),
    "tokens.revoked": (REVOKED, TELL),
    "member.erased": (TELL, leaving.erasing(WIPES)),
    "notification.made": (TELL, MAIL),
    "notification.reminded": (TELL, MAIL),
    "digest.due": (TELL, HandleMany(mails.plan_digests)),
}
