"""The table in FEDERATION.md that the pack yields, and writing it anew."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.support.clock import Clock
from tests.support.fleet import Fleet
from tests.support.peers.quirks import PEERS
from tests.support.peers.story import HEAD, both_ways, meet
from tests.support.storage import SqliteStorage, SqliteTemplate

PAGE = Path(__file__).parents[3] / "FEDERATION.md"
HANG_S = "0.3"  # how long our server waits for one that never ends its answer

_TABLE = re.compile(r"(?<=\n)\| server \| signatures taken \|.*?\n(?!\|)", re.DOTALL)


def printed() -> list[str]:
    """The lines of the table as FEDERATION.md has it, its head first."""
    found = _TABLE.search(PAGE.read_text("utf-8"))
    return found[0].splitlines() if found else []


def head() -> list[str]:
    """Its first two lines."""
    return [f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]


async def write() -> None:
    """Play all of it on SQLite and put what comes of it into FEDERATION.md."""
    template = SqliteTemplate()
    lines = head()
    try:
        for quirks in PEERS.values():
            storage = SqliteStorage(template)
            with tempfile.TemporaryDirectory() as folder:
                async with Fleet(storage, Clock(), Path(folder)) as fleet:
                    lines.append(str(await both_ways(await meet(fleet, quirks, delivery_total_s=HANG_S))))
    finally:
        template.remove()
    page, table = PAGE.read_text("utf-8"), "\n".join(lines) + "\n"
    PAGE.write_text(_TABLE.sub(lambda _: table, page, count=1), "utf-8")
