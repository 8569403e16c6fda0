"""Who is told of what escrow says."""

from services.notify.domain.told.words import FUND, Row, Tell, member

ESCROW = {
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
    "payout.requested": Row(once="{payout_id}", tells=(member(href="/v1/payouts/{payout_id}"),)),
    "payout.sent": Row(nobody="payout.paid tells them when it has arrived"),
    "payout.paid": Row(once="{payout_id}", tells=(member(href="/v1/payouts/{payout_id}"),)),
    "payout.failed": Row(once="{payout_id}", tells=(member(href="/v1/payouts/{payout_id}"),)),
    "deposit.unmatched": Row(nobody="nobody is known to tell; operators see it in reconcile"),
    "deposit.credited": Row(once="{deposit_id}", tells=(member(href="/v1/wallet/entries"),)),
    "chargeback.received": Row(once="{chargeback_id}", tells=(member(href="/v1/wallet"),)),
    "chargeback.resolved": Row(once="{chargeback_id}", tells=(member(href="/v1/wallet"),)),
}
