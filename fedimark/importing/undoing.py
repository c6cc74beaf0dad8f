"""Taking back a whole import: what it made goes, what it changed is again what it was, what was edited since stays.

It is a job of its own, done from the end of the file, a chunk in each transaction: a killed server goes on where it
was. Other servers are told nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import owner_by_name
from fedimark.bookmarks.unsaving import Undone, unsave
from fedimark.database import Row, atomically, execute, fetch_one
from fedimark.errors import FedimarkError, NotFound, Taken, Unavailable
from fedimark.here import here
from fedimark.importing import importer, outcomes
from fedimark.jobs import queue
from fedimark.policy.visibility import Viewer

KIND = "undo-import"

_LAST = "SELECT * FROM imported_chunk WHERE job_id = ? AND NOT undone ORDER BY ends_at DESC LIMIT 1"
_SO_FAR = "SELECT count(*) AS amount FROM imported_chunk WHERE job_id = ? AND undone"
_AMOUNT = "SELECT count(*) AS amount FROM imported_chunk WHERE job_id = ?"


async def start(viewer: Viewer, public_id: str) -> str:
    """Let the worker take back one's import; returns the public id of the job that does.

    Raises NotFound, and Taken where it has not ended or is being taken back already.
    """
    name = await atomically(lambda: _start(viewer, public_id))
    here().wake.set()
    return name


async def at_once(viewer: Viewer, public_id: str) -> Undone:
    """Take back one's import without waiting for the worker; what is cut off, that goes on with.

    Raises what `start` raises.
    """
    name = await start(viewer, public_id)
    while (waiting := await queue.claim([KIND])) is not None:
        await run_undo(waiting)
    job = await queue.of_owner(viewer.account_id, name)
    return read_undone(json.loads(job["report"]) if job else {})


async def run_undo(job: Row) -> None:
    """Take back an import, going on where it stopped; the worker's handler. Raises Unavailable: it is tried again."""
    payload = json.loads(job["payload"])
    undone = read_undone(json.loads(job["report"] or "{}"))
    try:
        owner = await owner_by_name(payload["username"])
        if owner is None:
            raise NotFound("This account is gone.")
        async for reached in take_back(owner, payload["job_id"], undone, job["id"]):
            undone = reached
        await queue.finish(job["id"], document(undone))
    except Unavailable:
        raise
    except FedimarkError as error:
        await queue.fail(job["id"], {**document(undone), "failure": error.message})


async def take_back(owner: Owner, job_id: int, done: Undone, undo_id: int) -> AsyncIterator[Undone]:
    """Take back what an import did, chunk by chunk, yielding what was done so far; `undo_id` is the job that does."""
    undone = done
    while (chunk := await fetch_one(_LAST, job_id)) is not None:
        undone = await atomically(lambda chunk=chunk, so_far=undone: _undo(owner, chunk, so_far, undo_id))  # type: ignore[misc]
        yield undone
        await asyncio.sleep(0)


def document(undone: Undone) -> dict[str, int]:
    """As JSON, in a job's row."""
    return {"removed": undone.removed, "restored": undone.restored, "left": undone.left}


def read_undone(said: dict[str, object]) -> Undone:
    """As `document` wrote it; an empty one is nothing done yet."""
    return Undone(*(int(str(said.get(name, 0))) for name in ("removed", "restored", "left")))


async def _start(viewer: Viewer, public_id: str) -> str:
    job = await queue.of_owner(viewer.account_id, public_id)
    if job is None or job["kind"] != importer.KIND:
        raise NotFound
    if job["ended_at"] is None:
        raise Taken("This import has not ended. Wait for it, then take it back.")
    payload = json.loads(job["payload"])
    if payload.get("undo"):
        raise Taken("This import was taken back already.")
    amount = await fetch_one(_AMOUNT, job["id"])
    wanted = {"username": viewer.username, "job_id": job["id"], "import": public_id, "filename": payload["filename"]}
    total = int(amount["amount"]) if amount else 0
    name = await queue.add(KIND, wanted, owner_id=viewer.account_id, total=total)
    said = json.dumps({**payload, "undo": name}, ensure_ascii=False)
    if not await execute("UPDATE job SET payload = ? WHERE id = ? AND payload = ?", said, job["id"], job["payload"]):
        raise Taken("This import was taken back already.")
    return name


async def _undo(owner: Owner, chunk: Row, done: Undone, undo_id: int) -> Undone:
    prints, before = outcomes.to_undo(chunk["outcomes"])
    undone = done.and_also(await unsave(owner, prints, before) if prints else Undone())
    await execute("UPDATE imported_chunk SET undone = ? WHERE id = ?", True, chunk["id"])
    so_far = await fetch_one(_SO_FAR, chunk["job_id"])
    await queue.progress(undo_id, int(so_far["amount"]) if so_far else 0)
    await execute("UPDATE job SET report = ? WHERE id = ?", json.dumps(document(undone)), undo_id)
    return undone
