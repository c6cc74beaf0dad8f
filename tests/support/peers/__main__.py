"""`python -m tests.support.peers` writes the table of FEDERATION.md anew."""

import asyncio

from fedimark import logs
from tests.support.peers.table import write

logs.configure("text")
asyncio.run(write())
