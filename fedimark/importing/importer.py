"""Importing: look into a file, show what is in it, and bring it in, silently and as often as one likes.

A preview is a job that is held; started, the worker runs it in chunks of one transaction each. Progress and counts
are written with each chunk, so a killed server goes on where it was. Other servers are told nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.queries import owner_by_name
from fedimark.bookmarks.save import save_many
from fedimark.database import Row, atomically, execute, write
from fedimark.errors import FedimarkError, NotFound, Refused, Taken, Unavailable
from fedimark.here import here, now
from fedimark.importing import uploads
from fedimark.importing.chunks import Chunk, chunks
from fedimark.importing.compare import compare, settled
from fedimark.importing.queries import existing, unfinished_uploads
from fedimark.importing.report import Report, read_report
from fedimark.jobs import queue
from fedimark.policy.visibility import Viewer

KIND = "import"
_TRIES = 3  # of a chunk that another transaction got in the way of


async def take_upload(viewer: Viewer, filename: str, parts: AsyncIterable[bytes]) -> str:
    """Store an upload, look into it, and return the public id of a held job whose payload has the preview.

    Raises TooLarge, WrongType (a format nobody reads), Refused (empty) and Unavailable; nothing is kept then.
    """
    name = await uploads.keep(parts)
    try:
        preview = await look_into(Owner.of(viewer), uploads.path_of(name))
        payload = {
            "file": name,
            "filename": filename[:255],
            "username": viewer.username,
            "preview": preview.document(),
        }
        async with write():
            return await queue.add(KIND, payload, owner_id=viewer.account_id, state="held", total=preview.rows)
    except BaseException:
        await uploads.drop(name)
        raise


async def start(viewer: Viewer, public_id: str) -> None:
    """Let the worker run an import whose preview was seen; raises NotFound, and Taken when it was started before."""
    job = await queue.of_owner(viewer.account_id, public_id)
    if job is None or job["kind"] != KIND:
        raise NotFound
    if job["state"] != "held":
        raise Taken("This import was started already.")
    async with write():
        await queue.start(public_id)
    here().wake.set()


async def look_into(owner: Owner, path: Path) -> Report:
    """What importing a file would do, saving nothing."""
    report = Report()
    async for chunk in _chunks_of(path):
        have = await existing(owner, chunk.drafts)
        fates = [compare(owner, draft, have.get(draft.url), now()) for draft in chunk.drafts]
        report = report.saw(chunk.ends_at, chunk.broken).add(
            new=fates.count("new"), changed=fates.count("changed"), known=fates.count("known") + chunk.again
        )
    return report


async def run_import(job: Row) -> None:
    """Run a started import job to its end, going on where it stopped; the worker's handler of `import`.

    Raises Unavailable when the database takes nothing now: the job is tried again.
    """
    payload = json.loads(job["payload"])
    path = uploads.path_of(payload["file"])
    report = read_report(json.loads(job["report"] or "{}"))
    try:
        owner = await owner_by_name(payload["username"])
        if owner is None:
            raise NotFound("This account is gone.")
        async for reached in bring_in(owner, path, report, job_id=job["id"]):
            report = reached
        async with write():
            await queue.finish(job["id"], report.document())
    except Unavailable:
        raise
    except (FedimarkError, OSError) as error:
        words = error.message if isinstance(error, FedimarkError) else "The upload is gone. Please import it again."
        async with write():
            await queue.fail(job["id"], replace(report, failure=words).document())
    await uploads.drop(payload["file"])


async def bring_in(
    owner: Owner, path: Path, done: Report | None = None, *, job_id: int | None = None
) -> AsyncIterator[Report]:
    """Import a file, yielding the report after each chunk; rows up to `done.rows` were brought in before.

    With `job_id` the job's row is kept up to date in the transaction that saves the chunk.
    """
    report = done or Report()
    async for chunk in _chunks_of(path):
        if chunk.ends_at <= report.rows:
            continue
        report = await _save(owner, chunk, report, job_id)
        yield report
        # Others of this process get their turn between two chunks.
        await asyncio.sleep(0)


async def forget_old() -> int:
    """Throw away uploads that were looked into and never started; for the worker's pruning. Returns how many."""
    return await uploads.drop_old(await unfinished_uploads(KIND))


async def _save(owner: Owner, chunk: Chunk, report: Report, job_id: int | None) -> Report:
    async def work() -> Report:
        drafts = await _settled(owner, chunk.drafts)
        saved = await save_many(owner, drafts)
        after = report.saw(chunk.ends_at, chunk.broken)
        after = after.add(new=saved.new, known=saved.known + chunk.again, changed=saved.changed)
        if job_id is not None:
            await queue.progress(job_id, after.rows)
            await execute("UPDATE job SET report = ? WHERE id = ?", json.dumps(after.document()), job_id)
        return after

    for _ in range(_TRIES - 1):
        try:
            return await atomically(work)
        except Unavailable:
            # A deadlock on PostgreSQL: the inner transaction cannot begin again by itself.
            await asyncio.sleep(0.1)
    return await atomically(work)


async def _settled(owner: Owner, drafts: Sequence[Draft]) -> list[Draft]:
    have = await existing(owner, drafts)
    return [settled(draft, have.get(draft.url), now()) for draft in drafts]


async def _chunks_of(path: Path) -> AsyncIterator[Chunk]:
    """The chunks of a file, each read in a thread: half a thousand long rows take a while to parse."""
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except IsADirectoryError:
        raise Refused("This is a folder, not a file.", field="file") from None
    with file:
        reading = chunks(file)
        while (chunk := await asyncio.to_thread(next, reading, None)) is not None:
            yield chunk
