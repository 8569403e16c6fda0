"""Which payment providers there are here: the sandbox always, Stripe where its key is set.

New charges and payouts are asked of one, `PAYMENT_PROVIDER`. What another was asked for before is
still asked of it, and its webhooks are heard, so that a deployment can change.
"""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from services.escrow import config
from services.escrow.outside import Provider
from services.escrow.outside.sandbox import Sandbox
from shared.errors import Unknown

if TYPE_CHECKING:
    from services.escrow.outside.stripe import Stripe


@functools.cache
def stripe() -> "Stripe | None":
    """Return Stripe as this deployment knows it; its library is read only where it is used."""
    known = config.here()
    if not known.stripe_secret_key:
        return None
    from services.escrow.outside.stripe import Stripe

    return Stripe(
        known.stripe_secret_key, country=known.stripe_country, api_base=known.stripe_api_base
    )


@functools.cache
def _all() -> Mapping[str, Provider]:
    there: dict[str, Provider] = {Sandbox.name: Sandbox()}
    if (known := stripe()) is not None:
        there[known.name] = known
    return there


def default() -> Provider:
    """Return whom new charges and payouts are asked of."""
    return _all()[config.here().provider]


def named(name: str) -> Provider:
    """Return a provider that was asked for something.

    :raises Unknown: `no_such_provider`
    """
    if (found := _all().get(name)) is None:
        raise Unknown("no_such_provider", f"this deployment has no settings for {name}")
    return found


def forget() -> None:
    """Read the environment anew, for tests that change it."""
    for kept in (config.here, stripe, _all):
        kept.cache_clear()
