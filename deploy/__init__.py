"""How Ukeoi is run: on one machine (dev/), by Compose, behind its gateway."""
