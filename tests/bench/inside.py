"""Saves without a browser: what the command line calls, in a process of its own with nothing around it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from fedimark.app import running
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_bookmark
from fedimark.here import entered
from fedimark.policy.visibility import Visibility
from fedimark.settings import Settings
from tests.bench import explained, people
from tests.bench.stores import Store

_EXPLAINED = 200  # saves


async def save_for(job: dict[str, Any]) -> dict[str, Any]:
    """Save for some seconds, each person one bookmark after the other; `first_actor`, `people`, `seconds`, `round`.

    With `explain`, of one person on PostgreSQL, some more are explained, in `explained`.
    """
    waited: list[float] = []
    store = Store("", Path(job["data_dir"]), job["database"])
    settings = Settings(base_url=people.BASE_URL, database_url=job["database"], data_dir=job["data_dir"])
    async with running(settings) as server, entered(server.here):
        until = time.perf_counter() + job["seconds"]
        before, of_database = time.process_time(), store.database_cpu_s()

        async def save_all(number: int) -> None:
            owner = Owner(job["first_actor"] + number, people.name_of(number), Visibility.PUBLIC, privacy_lock=False)
            count = 0
            while (started := time.perf_counter()) < until:
                fields = fields_of(job["round"], number, count)
                await save_bookmark(owner, read_draft(tag_text=fields.pop("tags"), **fields))  # type: ignore[arg-type]
                waited.append(time.perf_counter() - started)
                count += 1

        started = time.perf_counter()
        await asyncio.gather(*(save_all(number) for number in range(job["people"])))
        took, used = time.perf_counter() - started, time.process_time() - before
        # While its sessions are open: what ended is in no list of processes.
        of_database = store.database_cpu_s() - of_database
        parts = await _explained(job) if job["explain"] else {}
    return {"waited": sorted(waited), "took": took, "cpu": used, "database_cpu": of_database, "explained": parts}


async def _explained(job: dict[str, Any]) -> dict[str, float]:
    owner = Owner(job["first_actor"], people.name_of(0), Visibility.PUBLIC, privacy_lock=False)
    typed = [fields_of("explained", 0, count) for count in range(_EXPLAINED)]
    drafts = [read_draft(tag_text=fields.pop("tags"), **fields) for fields in typed]  # type: ignore[arg-type]
    return await explained.of_saves(owner, drafts)


def fields_of(series: str, person: int, count: int) -> dict[str, str]:
    """What somebody types to save a page that is new, with three tags."""
    return {
        "url": f"https://site{count % 97}.example/{series}/{person}/{count}",
        "title": f"Page {count} of {person}",
        "description": "Some words about a page that is worth keeping, as long as such words are.",
        "tags": f"tag{count % 7:04} tag{count % 101:04} tag{count % 1009:04}",
    }


def main() -> None:
    """Do one job, JSON in and out."""
    job = json.load(sys.stdin)
    json.dump(uvloop.run(save_for(job)), sys.stdout)


if __name__ == "__main__":
    main()
