"""The table in FEDERATION.md that the pack yields, and writing it anew."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.support.clock import Clock
from tests.support.fleet import Fleet
from tests.support.peers.quirks import PEERS, Quirks
from tests.support.peers.story import HEAD, both_ways, meet
from tests.support.storage import SqliteStorage, SqliteTemplate

PAGE = Path(__file__).parents[3] / "FEDERATION.md"
_HANG_S, _PATIENT_S = "0.5", "20"

_TABLE = re.compile(r"(?<=\n)\| server \| signatures taken \|.*?\n(?!\|)", re.DOTALL)


def patience_s(quirks: Quirks) -> str:
    """How long our server waits for one of these: not long where the answer never ends."""
    return _HANG_S if quirks.hangs else _PATIENT_S


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
                    lines.append(str(await both_ways(await meet(fleet, quirks, delivery_total_s=patience_s(quirks)))))
    finally:
        template.remove()
    page, table = PAGE.read_text("utf-8"), "\n".join(lines) + "\n"
    PAGE.write_text(_TABLE.sub(lambda _: table, page, count=1), "utf-8")
