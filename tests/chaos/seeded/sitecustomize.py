"""Python imports this at the start of each process of a chaos run with a seeded bug."""

import os

if os.environ.get("UKEOI_SEEDED_BUG") and os.environ.get("UKEOI_TEST_DEPLOYMENT") == "1":
    import sys

    sys.path.insert(0, os.getcwd())
    from tests.chaos.bugs import plant

    plant(os.environ["UKEOI_SEEDED_BUG"])
