"""What a page calls itself, asked by the worker for somebody who saves it: for their form, or once they saved it so.

A page is asked for only because a person saves it by hand, without their cookies, and never one whose address looks
like a secret.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from fedimark.bookmarks import columns
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner
from fedimark.bookmarks.queries import owner_by_name
from fedimark.bookmarks.save import edit_held
from fedimark.database import Row, atomically, fetch_one, write
from fedimark.errors import FedimarkError, NotFound
from fedimark.here import here
from fedimark.jobs import queue
from fedimark.policy.visibility import Viewer
from fedimark.remote.budget import for_announced
from fedimark.remote.pages import PageRead, read_page
from fedimark.text import urls
from fedimark.text.works import page_of

JOB = "name_page"

_OWN = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"


def may_be_asked(url: str) -> bool:
    """Whether a page may be asked for what it calls itself."""
    return here().settings.read_pages and urls.federable(url) and urls.is_secret_looking(url) is None


async def ask(viewer: Viewer, url: str, public_id: str = "") -> str:
    """Let the worker ask a page, and return the job's public id; with `public_id` it names that bookmark.

    Empty where a page may not be asked.
    """
    if not may_be_asked(url):
        return ""
    payload = {"url": url, "username": viewer.username, "bookmark": public_id}
    async with write():
        job = await queue.add_errand(JOB, payload, owner_id=viewer.account_id)
    here().wake.set()
    return job


async def ask_all(viewer: Viewer, bookmarks: Collection[tuple[str, str]]) -> None:
    """Let the worker name bookmarks that were saved together, each by its URL and public id, as `ask` does for one."""
    asked = [(url, public_id) for url, public_id in bookmarks if may_be_asked(url)]
    if not asked:
        return
    async with write():
        for url, public_id in asked:
            payload = {"url": url, "username": viewer.username, "bookmark": public_id}
            await queue.add_errand(JOB, payload, owner_id=viewer.account_id)
    here().wake.set()


async def answer(viewer: Viewer, job_id: str) -> tuple[str, str] | None:
    """The title and the description that a page was asked for; None while it was not read. Raises NotFound."""
    job = await queue.of_owner(viewer.account_id, job_id)
    if job is None or job["kind"] != JOB:
        raise NotFound
    report = json.loads(job["report"])
    return (report.get("title", ""), report.get("description", "")) if job["ended_at"] is not None else None


async def name_page(job: Row) -> None:
    """Ask a page once what it calls itself; the worker's handler of `name_page`."""
    payload = json.loads(job["payload"])
    try:
        read: PageRead | None = await read_page(page_of(payload["url"]), for_announced)
    except FedimarkError:  # it does not answer, or is no page: then it keeps the name it has
        read = None
    owner = await owner_by_name(payload["username"])
    if read is not None and owner is not None and payload["bookmark"]:
        await atomically(lambda: _name(owner, payload["bookmark"], read))
        here().wake.set()
    report = {"title": read.title, "description": read.description} if read else {}
    await queue.finish(job["id"], report)


async def _name(owner: Owner, public_id: str, read: PageRead) -> None:
    """Give a bookmark the words that its owner left out, and no other."""
    held = await hold_owner(owner)
    row = await fetch_one(_OWN, owner.actor_id, public_id)
    if row is None or row["title"] != row["url"][:255] or not read.title:
        return
    description = row["description"] or read.description
    await edit_held(held, row, columns.draft_of(row, title=read.title, description=description))
