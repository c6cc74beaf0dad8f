"""aiolinkding, spoken to in lines: each line of its input is a call, each of its output what came of it.

The Python of .venv-clients runs it, where nothing of ours is installed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from operator import attrgetter

from aiolinkding import async_get_client
from aiolinkding.errors import LinkDingError


async def main(url: str, token: str) -> None:
    """Connect as apps do, which asks `/health` for its version first, and make the calls one after the other."""
    client = await async_get_client(url, token)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            said = {"said": await attrgetter(name)(client)(**arguments)}
        except LinkDingError as error:
            said = {"error": type(error).__name__}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


asyncio.run(main(*sys.argv[1:]))
