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

from services.notify.domain.told.accounts import ACCOUNTS
from services.notify.domain.told.asked import ASKED
from services.notify.domain.told.contracts import CONTRACTS, MILESTONES
from services.notify.domain.told.escrow import ESCROW
from services.notify.domain.told.jobs import JOBS
from services.notify.domain.told.notify import NOTIFY
from services.notify.domain.told.offers import OFFERS
from services.notify.domain.told.words import Row, Tell

__all__ = ["TOLD", "Row", "Tell"]

TOLD: Mapping[str, Row] = {
    **ACCOUNTS,
    **JOBS,
    **OFFERS,
    **CONTRACTS,
    **MILESTONES,
    **ASKED,
    **ESCROW,
    **NOTIFY,
}
