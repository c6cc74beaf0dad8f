"""`posts/…`: saving, removing, and everything one asks about one's bookmarks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from fedimark.accounts.tokens import Scope
from fedimark.api.pinboard import answers
from fedimark.api.pinboard.answers import post
from fedimark.api.pinboard.door import Call
from fedimark.bookmarks import catalogue
from fedimark.bookmarks.catalogue import DAY, Wanted
from fedimark.bookmarks.dialects import visibility_said
from fedimark.bookmarks.draft import Draft, Owner, checked_url, read_draft
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.bookmarks.save import Rewrite, rewrite_bookmark
from fedimark.bookmarks.tags import spellings
from fedimark.database import Row
from fedimark.errors import NotFound, Refused, Taken
from fedimark.here import MICROS, now
from fedimark.importing.formats.moments import iso_micros
from fedimark.policy.visibility import Visibility
from fedimark.text import tags
from fedimark.timelines.suggested import suggested

MOST_RECENT: Final = 100
_RECENT: Final = 15
_MOST_CHANGES: Final = 10_000
_CHANGES: Final = 1_000
_END: Final = 2**62


async def update(call: Call) -> str:
    """`posts/update`: when a bookmark was added, changed or removed last."""
    return answers.update(call.form, await catalogue.last_change(call.owner.actor_id))


async def add(call: Call) -> str:
    """`posts/add`: save a bookmark, in place of the one of that very URL unless `replace=no`."""
    asked = call.arguments
    if not asked.text("url").strip():
        return answers.code(call.form, "missing url")
    if not asked.text("description").strip():
        return answers.code(call.form, "must provide title")
    draft = read_draft(
        url=asked.text("url"),
        title=asked.text("description"),
        description=asked.text("extended"),
        tag_text=asked.words("tags", "tag"),
        to_read=asked.flag("toread") or False,
        saved_at=asked.moment("dt"),
    )
    only_new = asked.flag("replace") is False or Scope.WRITE not in call.bearer.scopes
    try:
        await _save(call.owner, draft, asked.flag("shared"), only_new=only_new)
    except Taken:
        return answers.code(call.form, "item already exists")
    return answers.code(call.form, "done")


async def delete(call: Call) -> str:
    """`posts/delete`: remove the bookmark of a very URL."""
    url = call.arguments.text("url").strip()
    if not url:
        return answers.code(call.form, "missing url")
    row = await _of_url(call, url)
    if row is None:
        return answers.code(call.form, "item not found")
    try:
        await remove_bookmark(call.owner, row["public_id"])
    except NotFound:  # another call was quicker
        return answers.code(call.form, "item not found")
    return answers.code(call.form, "done")


async def get(call: Call) -> str:
    """`posts/get`: the bookmarks of one day (the last one that has any), or the one of a very URL."""
    asked, actor_id = call.arguments, call.owner.actor_id
    wanted, day = Wanted(asked.keys()), asked.day("dt")
    if url := asked.text("url").strip():
        row = await _of_url(call, url)
        return _posts(call, [row] if row else [], day[0] if day else now())
    if day is None:
        newest = await catalogue.newest(actor_id, wanted, 1)
        day = _day_of(newest[0]["saved_at"] if newest else now())
    rows = catalogue.every(actor_id, replace(wanted, after=day[0] - 1, before=day[1]))
    return _posts(call, [row async for row in rows], day[0])


async def recent(call: Call) -> str:
    """`posts/recent`: the newest bookmarks, 15 where no `count` is given, at most 100."""
    asked = call.arguments
    rows = await catalogue.newest(
        call.owner.actor_id, Wanted(asked.keys()), asked.number("count", _RECENT, MOST_RECENT)
    )
    return _posts(call, rows, now())


async def dates(call: Call) -> str:
    """`posts/dates`: how many bookmarks on each day."""
    wanted = Wanted(call.arguments.keys())
    tag = " ".join(tags.split(call.arguments.words("tag", "tags")))
    return answers.dates(call.form, call.viewer.username, tag, await catalogue.days(call.owner.actor_id, wanted))


async def everything(call: Call) -> AsyncIterator[str]:
    """`posts/all`: all bookmarks, or some, said while they are read."""
    asked = call.arguments
    start, results = asked.number("start", 0, _END), asked.number("results", _END, _END)
    rows = catalogue.every(call.owner.actor_id, asked.wanted(), start, results)
    return _told(call, rows)


async def suggest(call: Call) -> str:
    """`posts/suggest`: tags that others gave to a page; and one's own of its like, with those of one's network."""
    if not (url := call.arguments.text("url").strip()):
        return answers.code(call.form, "missing url")
    found = await suggested(call.viewer, checked_url(url))
    words = await spellings(call.owner.actor_id, found.own) if found.own else {}
    own = (words.get(key, key) for key in found.own)
    return answers.suggested(call.form, found.popular, (*own, *found.network))


async def delta(call: Call) -> str:
    """`posts/delta`: what changed since a moment; not of Pinboard's."""
    asked = call.arguments
    since = asked.moment("since")
    if since is None:
        raise Refused("Say since when.", field="since")
    limit = max(1, asked.number("results", _CHANGES, _MOST_CHANGES))
    found = await catalogue.changes(call.owner.actor_id, since, limit)
    shown = [post(row) for row in found.rows]
    return answers.changes(
        call.form, iso_micros(found.until), shown, found.gone, more=found.more, complete=found.complete
    )


async def _told(call: Call, rows: AsyncIterator[Row]) -> AsyncIterator[str]:
    yield answers.opened(call.form, call.viewer.username)
    before = ""
    async for row in rows:
        yield before + answers.one(call.form, row)
        before = answers.BETWEEN[call.form]
    yield answers.CLOSED[call.form]


def _posts(call: Call, rows: list[Row], otherwise: int) -> str:
    at = rows[0]["saved_at"] if rows else otherwise
    return answers.posts(call.form, call.viewer.username, at, [post(row) for row in rows])


def _day_of(at: int) -> tuple[int, int]:
    return at - at % DAY, at - at % DAY + DAY


async def _of_url(call: Call, url: str) -> Row | None:
    """One's bookmark of a URL, as it was typed or as it was kept; None for what nobody can have saved."""
    try:
        return await catalogue.by_url(call.owner.actor_id, checked_url(url))
    except Refused:
        return None


async def _save(owner: Owner, draft: Draft, shared: bool | None, *, only_new: bool) -> None:
    """Save a draft over what stands there, keeping what this dialect has no word for. Raises Taken."""

    async def look() -> Row | None:
        return await catalogue.by_url(owner.actor_id, draft.url)

    def written(before: Row | None) -> Rewrite:
        if before is not None and only_new:
            raise Taken("You have this address already.", field="url")
        return Rewrite(_over(draft, before, shared, owner), is_patient=True)

    await rewrite_bookmark(owner, look, written)


def _over(draft: Draft, before: Row | None, shared: bool | None, owner: Owner) -> Draft:
    was = None if before is None else Visibility(before["visibility"])
    draft = replace(draft, visibility=visibility_said(shared, was, owner, draft.url))
    if before is None:
        return draft
    same_second = draft.saved_at is not None and draft.saved_at // MICROS == before["saved_at"] // MICROS
    return replace(
        draft,
        starred=bool(before["starred"]),
        archived=bool(before["archived"]),
        private_note=before["private_note"],
        # Clients send back the moment they read, which has no fraction of a second.
        saved_at=None if same_second else draft.saved_at,
    )
