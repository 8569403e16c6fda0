"""What the environment says of payment providers; nothing of it must be said.

* `PAYMENT_PROVIDER`   whom new charges and payouts are asked of: `sandbox` (the default), `stripe`
* `<PROVIDER>_WEBHOOK_SECRETS`   what that provider signs its webhooks with, separated by commas
* `STRIPE_SECRET_KEY`   `sk_...` or, better, a restricted key `rk_...`
* `STRIPE_COUNTRY`   where the people live whom Stripe pays out to
* `STRIPE_API_BASE`   another address of its API, for tests
"""

import functools
from dataclasses import dataclass, field

from environs import FileAwareEnv

PROVIDERS = ("sandbox", "stripe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Which payment provider this deployment uses; secrets are not for logs, so not shown."""

    provider: str = "sandbox"
    stripe_secret_key: str = field(default="", repr=False)
    stripe_country: str = "JP"
    stripe_api_base: str = "https://api.stripe.com"
    webhook_secrets: dict[str, list[str]] = field(default_factory=dict, repr=False)


@functools.cache
def here() -> Config:
    """Return what this process's environment says.

    :raises SystemExit: it says what cannot be
    """
    env = FileAwareEnv(strip_whitespace=True)
    known = Config(
        provider=env.str("PAYMENT_PROVIDER", "sandbox"),
        stripe_secret_key=env.str("STRIPE_SECRET_KEY", ""),
        stripe_country=env.str("STRIPE_COUNTRY", "JP"),
        stripe_api_base=env.str("STRIPE_API_BASE", "https://api.stripe.com"),
        webhook_secrets={
            name: env.list(f"{name.upper()}_WEBHOOK_SECRETS", []) for name in PROVIDERS
        },
    )
    if known.provider not in PROVIDERS:
        raise SystemExit(f"PAYMENT_PROVIDER is to be one of {', '.join(PROVIDERS)}")
    if known.provider == "stripe" and not (
        known.stripe_secret_key and known.webhook_secrets["stripe"]
    ):
        raise SystemExit("Stripe needs STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS")
    return known
