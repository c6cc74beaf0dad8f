"""Importing: look into a file, show what is in it, and bring it in, silently and as often as one likes.

A preview is a job that is held; started, the worker runs it in chunks of one transaction each. Progress and counts
are written with each chunk, so a killed server goes on where it was. Other servers are told nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from fedimark.accounts.queries import viewer_by_name
from fedimark.bookmarks.draft import Draft, Owner, visibility_of
from fedimark.bookmarks.queries import owner_by_name
from fedimark.bookmarks.rows import putting_to_wait
from fedimark.bookmarks.save import Batch, Imported, made_ready, save_each, saving_what_is_new
from fedimark.database import (
    Row,
    Script,
    ask_all,
    atomically,
    execute,
    fetch,
    inserts_of,
    perform,
    performed,
    unhurried,
    write,
)
from fedimark.errors import FedimarkError, NotFound, Refused, Taken, Unavailable
from fedimark.here import here, now
from fedimark.importing import uploads
from fedimark.importing.chunks import Chunk, chunks
from fedimark.importing.compare import compare, settled
from fedimark.importing.formats.making import Reading
from fedimark.importing.learning import Learning
from fedimark.importing.options import PLAIN, Options, read_options
from fedimark.importing.outcomes import prints_of, written
from fedimark.importing.queries import existing, unfinished_uploads
from fedimark.importing.report import SAMPLES, Report, Sample, read_report
from fedimark.importing.restoring import bring_in_rest
from fedimark.importing.rows_out import Told, tell_nobody
from fedimark.jobs import queue
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.search.indexing import index_what_waits
from fedimark.timelines.waiting import merge_what_waits

KIND = "import"
_TRIES = 3  # of a chunk that another transaction got in the way of
_STARTED = _("This import was started already.")
_CHUNK = {"job_id": "bigint", "ends_at": "integer", "outcomes": "text", "undone": "boolean"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A chunk with all made of it that can be while the one before it is written."""

    chunk: Chunk
    batch: Batch
    prints: Mapping[str, str] = field(default_factory=dict)


async def take_upload(viewer: Viewer, filename: str, parts: AsyncIterable[bytes], options: Options = PLAIN) -> str:
    """Store an upload, look into it, and return the public id of a held job whose payload has the preview.

    Raises TooLarge, WrongType (a format nobody reads), Refused (empty) and Unavailable; nothing is kept then.
    """
    name = await uploads.keep(parts)
    try:
        preview = await look_into(Owner.of(viewer), uploads.path_of(name), options)
        payload = {
            "file": name,
            "filename": filename[:255],
            "username": viewer.username,
            "options": options.document(),
            "preview": preview.document(),
        }
        async with write():
            return await queue.add(KIND, payload, owner_id=viewer.account_id, state="held", total=preview.rows)
    except BaseException:
        await uploads.drop(name)
        raise


async def look_again(viewer: Viewer, public_id: str, options: Options) -> None:
    """Look into a held import once more, as its owner wants it now; raises NotFound, Taken and what looking raises."""
    job = await _held(viewer, public_id)
    payload = json.loads(job["payload"])
    preview = await look_into(Owner.of(viewer), uploads.path_of(payload["file"]), options)
    payload |= {"options": options.document(), "preview": preview.document()}
    sql = "UPDATE job SET payload = ?, total = ? WHERE id = ? AND state = 'held'"
    if not await execute(sql, json.dumps(payload, ensure_ascii=False), preview.rows, job["id"]):
        raise Taken(_STARTED)


async def written_down(username: str, filename: str, options: Options) -> tuple[int, str]:
    """A job of the past for an import that is done at once by a command, so that it can be told of and taken back.

    Returns its row's number, for `bring_in`, and its public id. Raises NotFound.
    """
    viewer = await viewer_by_name(username)
    if viewer is None:
        raise NotFound(_("There is no account %(username)s here.", username=username))
    payload = {"file": "", "filename": filename[:255], "username": username, "options": options.document()}
    async with write():
        name = await queue.add(KIND, payload, owner_id=viewer.account_id, state="done")
        await execute("UPDATE job SET ended_at = ? WHERE public_id = ?", now(), name)
        job = await queue.of_owner(viewer.account_id, name)
    assert job is not None, "it was written a moment ago"
    return job["id"], name


async def start(viewer: Viewer, public_id: str) -> None:
    """Let the worker run an import whose preview was seen; raises NotFound, and Taken when it was started before."""
    await _held(viewer, public_id)
    async with write():
        await queue.start(public_id)
    here().wake.set()


async def look_into(owner: Owner, path: Path, options: Options = PLAIN, told: Told = tell_nobody) -> Report:
    """What importing a file would do, saving nothing; `told` hears how many more rows were read."""
    report = Report()
    async for chunk in _chunks_of(path, options.reading, lambda chunk: chunk):
        have = await existing(owner, chunk.drafts)
        fates = [compare(owner, draft, have.get(draft.url), now(), options) for draft in chunk.drafts]
        known = fates.count("known") + len(chunk.again)
        told(chunk.ends_at - report.rows)
        report = report.saw(chunk.ends_at, chunk.broken)
        report = report.add(new=fates.count("new"), changed=fates.count("changed"), known=known)
        if len(report.samples) < SAMPLES:
            report = report.showing(
                _sample(owner, number, options.applied(draft), fate, have.get(draft.url))
                for number, draft, fate in zip(chunk.numbers, chunk.drafts, fates, strict=True)
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
        options = read_options(payload.get("options", {}))
        async for reached in bring_in(owner, path, report, job_id=job["id"], options=options):
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
    owner: Owner, path: Path, done: Report | None = None, *, job_id: int | None = None, options: Options = PLAIN
) -> AsyncIterator[Report]:
    """Import a file, yielding the report after each chunk; rows up to `done.rows` were brought in before.

    With `job_id` the job's row is kept up to date in the transaction that saves the chunk, with what became of it. In
    the end comes what an archive of ours holds besides, and all that came in can be searched.
    """
    report = done or Report()
    from_row = report.rows
    had_new = True
    learning = Learning()

    def make_ready(chunk: Chunk) -> _Ready:
        batch = Batch(owner, chunk.drafts, partial(_settled, options), put=putting_to_wait)
        if not had_new or chunk.ends_at <= from_row:
            return _Ready(chunk, batch)
        batch = made_ready(batch)
        return _Ready(chunk, batch, prints_of(batch.lines))

    try:
        async for ready in _chunks_of(path, options.reading, make_ready):
            if ready.chunk.ends_at <= from_row:
                continue
            new = report.new
            report = await _save(ready, report, job_id)
            had_new = report.new > new
            await learning.after(report.new)
            yield report
            # Others of this process get their turn between two chunks.
            await asyncio.sleep(0)
    finally:
        await learning.ended()
    await merge_what_waits()
    if job_id is not None:
        if rest := await bring_in_rest(owner, path):
            await _keep_rest(job_id, rest)
        await index_what_waits()


async def forget_old() -> int:
    """Throw away uploads that were looked into and never started; for the worker's pruning. Returns how many."""
    return await uploads.drop_old(await unfinished_uploads(KIND))


async def _keep_rest(job_id: int, rest: Mapping[str, object]) -> None:
    async with write():
        [job] = await fetch("SELECT payload FROM job WHERE id = ?", job_id)
        payload = {**json.loads(job["payload"]), "rest": rest}
        await execute("UPDATE job SET payload = ? WHERE id = ?", json.dumps(payload, ensure_ascii=False), job_id)


async def _held(viewer: Viewer, public_id: str) -> Row:
    job = await queue.of_owner(viewer.account_id, public_id)
    if job is None or job["kind"] != KIND:
        raise NotFound
    if job["state"] != "held":
        raise Taken(_STARTED)
    return job


def _sample(owner: Owner, number: int, draft: Draft, fate: str, before: Row | None) -> Sample:
    reach = visibility_of(draft, owner, Visibility(before["visibility"]) if before else None)
    return Sample(number, fate, draft.url, draft.title or draft.url, " ".join(draft.tags), reach.word)


def _settled(options: Options, draft: Draft, before: Row | None) -> Draft:
    return settled(draft, before, now(), options)


async def _save(ready: _Ready, report: Report, job_id: int | None) -> Report:
    batch = ready.batch

    def saving() -> Script[Report | None]:
        # What is lost with the machine is brought in again: how far the file came is written in the same transaction.
        yield from unhurried()
        saved = yield from saving_what_is_new(batch)
        return None if saved is None else (yield from _remembering(job_id, report, ready, saved))

    async def slowly() -> Report:
        await perform(unhurried())
        return await perform(_remembering(job_id, report, ready, await save_each(batch)))

    for _try in range(_TRIES - 1):
        try:
            saved = await performed(saving)
            return saved if saved is not None else await atomically(slowly)
        except Unavailable:
            # A deadlock on PostgreSQL: an inner transaction cannot begin again by itself.
            await asyncio.sleep(0.1)
    return await atomically(slowly)


def _remembering(job_id: int | None, report: Report, ready: _Ready, saved: Imported) -> Script[Report]:
    """Write down what became of a chunk; returns the report with it."""
    chunk = ready.chunk
    after = report.saw(chunk.ends_at, chunk.broken)
    after = after.add(new=saved.new, known=saved.known + len(chunk.again), changed=saved.changed)
    if job_id is not None:
        so_far = queue.reached(job_id, after.rows, after.document())
        cells = (job_id, chunk.ends_at, written(chunk, saved.outcomes, ready.prints), False)
        yield from ask_all(so_far, *inserts_of("imported_chunk", _CHUNK, [cells]))
    return after


async def _chunks_of(path: Path, reading: Reading, then: Callable[[Chunk], T]) -> AsyncIterator[T]:
    """What is made of the chunks of a file, each read and made in a thread while the one before it is saved."""
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except IsADirectoryError:
        raise Refused("This is a folder, not a file.", field="file") from None
    with file:
        found = map(then, chunks(file, reading))
        reading_on = _read_on(found)
        try:
            while (made := await reading_on) is not None:
                reading_on = _read_on(found)
                yield made
        finally:
            # The file is not closed while a thread reads in it; what it would have said is of no use any more.
            await asyncio.wait([reading_on])
            if not reading_on.cancelled():
                reading_on.exception()


def _read_on(found: Iterator[T]) -> asyncio.Future[T | None]:
    return asyncio.ensure_future(asyncio.to_thread(next, found, None))
