"""Editing many bookmarks at once: those named, or all of a stream of one's own. A job, with a way back.

Each batch is a transaction with how far the job is and what each bookmark was before, so a job that is killed goes on
where it was and does nothing twice. Whoever follows hears of each as of any edit: of a change by an Update, of an end
by a Delete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fedimark.bookmarks.bundle_pages import HELD
from fedimark.bookmarks.bundles import ASKED, held_by, own_bundle
from fedimark.bookmarks.change import KEPT, MARKS, Change, read_document
from fedimark.bookmarks.columns import draft_of
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark_held
from fedimark.bookmarks.owners import hold_owner
from fedimark.bookmarks.queries import owner_by_name
from fedimark.bookmarks.remove import bring_back, hide
from fedimark.bookmarks.save import edit_held
from fedimark.bookmarks.tags import respell, spell
from fedimark.database import Row, among, atomically, execute, fetch, fetch_one, several, write
from fedimark.errors import FedimarkError, NotFound, Refused, Taken, Unavailable
from fedimark.here import MICROS, here, now
from fedimark.jobs import queue
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.search.matching import own_matches
from fedimark.text import urls
from fedimark.text.query import parse
from fedimark.timelines.found import Found, find
from fedimark.timelines.saved import saved
from fedimark.timelines.stream import PersonStream

JOB, UNDO = "bulk", "bulk_undo"
SHOWN = 10  # of the bookmarks that a preview names

_BATCH = 50  # others who save wait for one of these
_UNDO_FOR = 7 * 86_400 * MICROS
_NAMED = "bookmark b WHERE b.actor_id = ? AND b.is_local AND b.removed_at IS NULL AND b.id {among}"
_SOUGHT = "bookmark b WHERE b.actor_id = ? AND b.is_local AND b.removed_at IS NULL AND ({condition})"
_ANY = """
bookmark b WHERE b.actor_id = ? AND b.is_local AND b.removed_at IS NULL AND b.id IN (
    SELECT t.bookmark_id FROM bookmark_tag t JOIN tag g ON g.id = t.tag_id WHERE t.actor_id = ? AND g.key {among})
"""
_IDS = "SELECT id FROM bookmark WHERE actor_id = ? AND is_local AND removed_at IS NULL AND public_id {among}"
_STATE = "SELECT state, report FROM job WHERE id = ?"
_REPORT = "UPDATE job SET report = ? WHERE id = ?"
_KEEP = """
INSERT INTO edited (job_id, bookmark_id, before, after) VALUES (?, ?, ?, ?)
ON CONFLICT (job_id, bookmark_id) DO NOTHING
"""
_EDITED = """
SELECT e.id AS edited_id, e.before, e.after, b.* FROM edited e JOIN bookmark b ON b.id = e.bookmark_id
WHERE e.job_id = ? AND e.id > ? AND b.actor_id = ? ORDER BY e.id LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of one's bookmarks: those with these public ids, a stream of one's own, what a search of one's own finds,
    what a bundle holds, or those with any of some tags.

    Tags are named by their keys, a bundle by its number.
    """

    ids: tuple[str, ...] = ()
    stream: PersonStream | None = None
    search: str = ""
    bundle: int = 0
    any_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """How many bookmarks a selection holds, and the first of them by address and title."""

    count: int
    first: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """An edit of many, running or done: how far it is, what came of it, and whether it can be undone.

    `kept` counts what was left as it was: addresses that look like secrets are not shown to more people by hundreds.
    """

    public_id: str
    state: str
    done: int
    total: int
    changed: int
    kept: int
    words: str
    failure: str
    is_undo: bool
    may_undo: bool


async def preview(viewer: Viewer, selection: Selection) -> Preview:
    """What an edit would touch. Raises NotFound for a stream that is not the viewer's own."""
    where, parameters, _ = await _where(viewer, selection)
    row = await fetch_one(f"SELECT count(*) AS amount FROM {where}", *parameters)
    sql = f"SELECT b.url, b.title FROM {where} ORDER BY b.saved_at DESC, b.id DESC LIMIT ?"
    first = await fetch(sql, *parameters, SHOWN)
    return Preview(int(row["amount"]) if row else 0, tuple((each["url"], each["title"]) for each in first))


async def begin(viewer: Viewer, selection: Selection, change: Change, words: str) -> str:
    """Write down an edit of many for the worker, and return its public id; `words` say what it does.

    What is saved after this moment is not touched. Raises NotFound, and Refused when nothing is selected.
    """
    where, parameters, chosen = await _where(viewer, selection)
    row = await fetch_one(f"SELECT count(*) AS amount, max(b.id) AS last FROM {where}", *parameters)
    if row is None or not row["amount"]:
        raise Refused("Choose at least one bookmark.", field="id")
    payload = {
        "username": viewer.username,
        "change": change.document(),
        "words": words[:1_000],
        "until": row["last"],
        **chosen,
    }
    async with write():
        public_id = await queue.add(JOB, payload, owner_id=viewer.account_id, total=int(row["amount"]))
    here().wake.set()
    return public_id


async def begin_undo(viewer: Viewer, public_id: str) -> str:
    """Let the worker undo an edit of many; returns the undo's public id. Raises NotFound, and Taken when too late."""

    async def work() -> str:
        await hold_owner(Owner.of(viewer))
        job = await _own_job(viewer, public_id)
        report = json.loads(job["report"])
        if not _may_undo(job, report):
            raise Taken("This can’t be undone any more.")
        total = report.get("changed", 0)
        payload = {"username": viewer.username, "of": job["id"], "words": json.loads(job["payload"])["words"]}
        undo = await queue.add(UNDO, payload, owner_id=viewer.account_id, total=total)
        await execute(_REPORT, json.dumps(report | {"undone_by": undo}), job["id"])
        return undo

    undo = await atomically(work)
    here().wake.set()
    return undo


async def progress(viewer: Viewer, public_id: str) -> Progress:
    """How far one's own edit of many is. Raises NotFound."""
    job = await _own_job(viewer, public_id)
    report, payload = json.loads(job["report"]), json.loads(job["payload"])
    return Progress(
        public_id,
        job["state"],
        job["done"],
        job["total"],
        report.get("changed", 0),
        report.get("kept", 0),
        payload["words"],
        report.get("failure", ""),
        is_undo=job["kind"] == UNDO,
        may_undo=_may_undo(job, report),
    )


async def run(job: Row) -> None:
    """Do an edit of many to its end, going on where it stopped; the worker's handler of `bulk`."""
    await _run(job, _edit_some)


async def run_undo(job: Row) -> None:
    """The same for its undo; the worker's handler of `bulk_undo`."""
    await _run(job, _undo_some)


async def _run(job: Row, some: Any) -> None:
    payload = json.loads(job["payload"])
    try:
        owner = await owner_by_name(payload["username"])
        if owner is None:
            raise NotFound("This account is gone.")
        while (report := await atomically(partial(some, job["id"], owner, payload))) is None:
            here().wake.set()
        await queue.finish(job["id"], report)
    except Unavailable:
        raise
    except FedimarkError as error:
        row = await fetch_one(_STATE, job["id"])
        before = json.loads(row["report"]) if row else {}
        await queue.fail(job["id"], before | {"failure": error.message})


async def _edit_some(job_id: int, owner: Owner, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Edit a batch; returns the report when there is none left."""
    held, report = await _held(job_id, owner)
    change = read_document(payload["change"])
    where, parameters = _from(owner, payload)
    sql = f"SELECT b.* FROM {where} AND b.id > ? AND b.id <= ? ORDER BY b.id LIMIT ?"
    found = await fetch(sql, *parameters, report.get("last", 0), payload["until"], _BATCH)
    if not found:
        return report
    changed = kept = 0
    for row in found:
        after = await _edited(held, row, change)
        kept += after is None
        difference = (
            {} if after is None else {name: after[name] for name in (*KEPT, "removed_at") if _differ(row, after, name)}
        )
        if difference:
            before = {name: _plain(row[name]) for name in difference}
            after_text = json.dumps({name: _plain(value) for name, value in difference.items()})
            await execute(_KEEP, job_id, row["id"], json.dumps(before), after_text)
            changed += 1
    done = report | {
        "last": found[-1]["id"],
        "seen": report.get("seen", 0) + len(found),
        "changed": report.get("changed", 0) + changed,
        "kept": report.get("kept", 0) + kept,
    }
    await _reached(job_id, done)
    return None


async def _edited(owner: Owner, row: Row, change: Change) -> Row | None:
    """Edit one bookmark; None where it is left as it is, lest a secret be shown to more people."""
    if change.delete:
        await hide(row)
        return {**row, "removed_at": now()}
    if change.respell:
        return await respell(owner, row, {key: (word,) if word else () for key, word in change.respell})
    before, wanted = Visibility(row["visibility"]), change.visibility
    if wanted is not None and wanted > before and urls.is_secret_looking(row["url"]) is not None:
        return None
    words = change.words(row["tags"])
    after = row
    if words != row["tags"] or wanted not in (None, before):
        after = await edit_held(owner, row, draft_of(row, tags=words, visibility=before if wanted is None else wanted))
    for name, value in change.marks(row).items():
        await mark_held(after, name, value)
        after = {**after, name: value}
    return after


async def _undo_some(job_id: int, owner: Owner, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """Bring a batch back: of each bookmark what is still as the edit made it."""
    held, report = await _held(job_id, owner)
    found = await fetch(_EDITED, payload["of"], report.get("last", 0), owner.actor_id, _BATCH)
    if not found:
        return report
    changed = 0
    for row in found:
        before, after = json.loads(row["before"]), json.loads(row["after"])
        own = {name: value for name, value in row.items() if name not in ("edited_id", "before", "after")}
        changed += await _brought_back(held, own, before, after)
    done = report | {
        "last": found[-1]["edited_id"],
        "seen": report.get("seen", 0) + len(found),
        "changed": report.get("changed", 0) + changed,
    }
    await _reached(job_id, done)
    return None


async def _brought_back(owner: Owner, row: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if "removed_at" in before:
        if row["removed_at"] is not None:
            await bring_back(row)
        return row["removed_at"] is not None
    if row["removed_at"] is not None:
        return False
    still = {name: value for name, value in before.items() if _plain(row[name]) == after[name]}
    if "tags" in still:
        row = await spell(owner, row, still["tags"].split())
    if "visibility" in still:
        row = await edit_held(owner, row, draft_of(row, visibility=still["visibility"]))
    for name in MARKS:
        if name in still:
            await mark_held(row, name, bool(still[name]))
    return bool(still)


async def _where(viewer: Viewer, selection: Selection) -> tuple[str, tuple[object, ...], dict[str, Any]]:
    """FROM and WHERE for what is selected now, with its parameters, and how a job remembers it."""
    if selection.any_tags:
        chosen: dict[str, Any] = {"any_tags": list(selection.any_tags)}
    elif selection.search:
        chosen = {"search": selection.search}
    elif selection.bundle:
        row = await own_bundle(Owner.of(viewer), selection.bundle)
        chosen = {"bundle": {name: row[name] for name in ASKED}}
    elif selection.stream is None:
        ids = await fetch(_IDS.format(among=among("text")), viewer.actor_id, several(selection.ids))
        chosen = {"ids": [row["id"] for row in ids]}
    else:
        found = await find(selection.stream, viewer)
        if not found.is_owner:
            raise NotFound
        chosen = {"only": selection.stream.only, "tags": list(selection.stream.tags), "tag_ids": list(found.tag_ids)}
    return *_from(Owner.of(viewer), chosen), chosen


def _from(owner: Owner, chosen: Mapping[str, Any]) -> tuple[str, tuple[object, ...]]:
    if "ids" in chosen:
        return _NAMED.format(among=among()), (owner.actor_id, several(chosen["ids"]))
    if "any_tags" in chosen:
        return _ANY.format(among=among("text")), (owner.actor_id, owner.actor_id, several(chosen["any_tags"]))
    if "search" in chosen:
        sought = own_matches(parse(chosen["search"]), owner.actor_id)
        return _SOUGHT.format(condition=sought.text), (owner.actor_id, *sought.values)
    if "bundle" in chosen:  # as it was when the edit began
        condition, values = held_by({**chosen["bundle"], "owner_id": owner.actor_id})
        return HELD.format(condition=condition), (owner.actor_id, *values)
    stream = PersonStream(owner.username, tuple(chosen["tags"]), chosen["only"])
    own = {"id": owner.actor_id, "local_name": owner.username, "is_muted": None}
    # As its owner sees it: without what is archived, where that is a list of its own.
    seen_by = Viewer(
        0, owner.actor_id, owner.username, False, "UTC", owner.default_visibility, owner.privacy_lock, "auto"
    )
    return saved(Found(stream, seen_by, own, Visibility.PRIVATE, tuple(chosen["tag_ids"])))


async def _held(job_id: int, owner: Owner) -> tuple[Owner, dict[str, Any]]:
    """The owner, held, and how far the job is: asked then, for another worker may have gone on with it."""
    held = await hold_owner(owner)
    row = await fetch_one(_STATE, job_id)
    return held, json.loads(row["report"]) if row else {}


async def _reached(job_id: int, report: Mapping[str, Any]) -> None:
    await queue.progress(job_id, report["seen"])
    await execute(_REPORT, json.dumps(report), job_id)


async def _own_job(viewer: Viewer, public_id: str) -> Row:
    job = await queue.of_owner(viewer.account_id, public_id)
    if job is None or job["kind"] not in (JOB, UNDO):
        raise NotFound
    return job


def _may_undo(job: Row, report: Mapping[str, Any]) -> bool:
    """Whether an edit can be undone: it has ended, it changed something, and that is not long ago.

    What was deleted comes back only until the time for that has run out.
    """
    if job["kind"] != JOB or job["ended_at"] is None or not report.get("changed") or "undone_by" in report:
        return False
    is_delete = bool(json.loads(job["payload"])["change"]["delete"])
    return bool(now() - job["ended_at"] < (here().settings.undo_s * MICROS if is_delete else _UNDO_FOR))


def _differ(before: Row, after: Row, name: str) -> bool:
    return bool(_plain(before[name]) != _plain(after[name]))


def _plain(value: Any) -> Any:
    """A column as both databases give it: SQLite has numbers for truth."""
    return int(value) if isinstance(value, bool) else value
