"""A pytest plugin that is loaded before the settings are: one Redis database for each process that runs tests."""

import os
from urllib.parse import urlsplit, urlunsplit

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# Database 0 is for a run without workers.
NUMBER = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0

if "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{NUMBER}"))

# A slow machine is no weak network: a tablet in a test shows what the server says, however late.
os.environ.setdefault("DESK_PATIENCE_SECONDS", "120")
