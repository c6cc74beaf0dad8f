"""New bookmarks of several people, saved in one transaction: who comes while others are being written joins the next.

A transaction costs the same for one as for many. Where one of them fails, each is saved by itself, so that nobody's
mistake is another's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from fedimark.bookmarks import columns, one_trip, rows, untold
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.owners import moved_away
from fedimark.database import Row, Script, ask, cells, is_sqlite, performed, table
from fedimark.errors import Forbidden, Gone, Unavailable
from fedimark.here import here
from fedimark.logs import SAVED_APART, log
from fedimark.outbox.consent import is_spoken
from fedimark.text import tags, urls
from fedimark.timelines.merge import holding

_MOST = 64
_ENOUGH = 2  # one after the other for which there is no database
_NAME = "bookmarks.together"
_WANTED = {"place": "bigint", "actor_id": "bigint", "url_md5": "text", "page": "text"}
# Each owner as they are now, with a row they have of that URL, if any, or of that page.
_OWNERS = """
SELECT w.place, c.privacy_lock, c.no_replies, a.suspended_at, a.moved_to, COALESCE(b.id, (
    SELECT o.id FROM link l JOIN bookmark o ON o.link_id = COALESCE(l.root_id, l.id)
    WHERE l.hash = w.page AND o.actor_id = a.id AND o.removed_at IS NULL AND o.is_local LIMIT 1)) AS id
FROM {wanted} w JOIN actor a ON a.id = w.actor_id JOIN account c ON c.actor_id = a.id
LEFT JOIN bookmark b ON b.actor_id = a.id AND b.url_md5 = w.url_md5 AND b.is_local WHERE a.gone_at IS NULL
"""
_Result: TypeAlias = "Row | Exception | None"


@dataclass(slots=True)
class _Asked:
    owner: Owner
    draft: Draft
    page: str
    saved: asyncio.Future[Row | None]


@dataclass(slots=True)
class _Line:
    """Who waits, and the task that saves for them while there is anybody."""

    waiting: list[_Asked] = field(default_factory=list)
    working: asyncio.Task[None] | None = None


def is_plain(draft: Draft) -> bool:
    """Whether nobody else has to do with a draft: it is no copy, and given to nobody."""
    return not draft.source and not any(tags.for_whom(word) for word in draft.tags)


async def save_new(owner: Owner, draft: Draft, page: str = "") -> Row | None:
    """Save a plain draft in a transaction with those of others; None where the owner has that URL already.

    `page` is the hash of a page: where the owner has that, under whatever URL, nothing is saved either. Raises what
    `owners.hold_saver` raises.
    """
    line: _Line = here().caches.setdefault(_NAME, _Line())
    asked = _Asked(owner, draft, page, asyncio.get_running_loop().create_future())
    line.waiting.append(asked)
    if line.working is None or line.working.done():
        line.working = asyncio.create_task(_work(line))
    return await asked.saved


async def _work(line: _Line) -> None:
    while line.waiting:
        some, line.waiting = line.waiting[:_MOST], line.waiting[_MOST:]
        try:
            _answer(some, await _saved(some))
        except Exception as error:  # one of them: whose it is, is found out by saving each alone
            why = str(error).partition("\n")[0]  # further lines name what was saved
            log.warning(SAVED_APART, amount=len(some), error=f"{type(error).__name__}: {why}"[:200])
            await _save_each(some)


async def _save_each(asked: Sequence[_Asked]) -> None:
    troubles = 0
    for place, each in enumerate(asked):
        try:
            _answer([each], await performed(partial(_saving, [each])))
            troubles = 0
        except Exception as error:
            _answer([each], [error])
            troubles += isinstance(error, Unavailable)
            if troubles >= _ENOUGH:
                # The database itself is in trouble: each further try might take as long as it waits for its lock.
                rest = asked[place + 1 :]
                _answer(rest, [error] * len(rest))
                return


def _answer(asked: Sequence[_Asked], results: Sequence[_Result]) -> None:
    for each, result in zip(asked, results, strict=True):
        if each.saved.done():
            continue  # nobody waits for it any more
        if isinstance(result, Exception):
            each.saved.set_exception(result)
        else:
            each.saved.set_result(result)


async def _saved(asked: Sequence[_Asked]) -> Sequence[_Result]:
    """What becomes of each; whoever cannot be saved in one trip gets None, and is looked at by whoever asked."""
    if is_sqlite() or here().settings.database_pooled:
        return await performed(partial(_saving, asked))
    return await one_trip.saved([(each.owner, each.draft, each.page) for each in asked])


def _saving(asked: Sequence[_Asked]) -> Script[list[_Result]]:
    """What becomes of each, in their order."""
    names = [(each.owner.actor_id, urls.md5(each.draft.url)) for each in asked]
    yield from holding("actor", *sorted({actor_id for actor_id, _ in names}))
    pages = [each.page for each in asked]
    wanted = [dict(zip(_WANTED, (place, *names[place], page), strict=True)) for place, page in enumerate(pages)]
    found = yield from ask(_OWNERS.format(wanted=table(_WANTED)), *cells(_WANTED, wanted))
    owners = {row["place"]: row for row in found}
    results: list[_Result] = [_refusal(owners.get(place)) for place in range(len(asked))]
    fresh: dict[tuple[int, str], int] = {}
    for place, name in enumerate(names):
        if results[place] is None and owners[place]["id"] is None:
            fresh.setdefault(name, place)
    new = [columns.new(_as_now(asked[place].owner, owners[place]), asked[place].draft) for place in fresh.values()]
    saved = yield from rows.putting(new)
    yield from untold.publishing([row for row in saved if is_spoken(row)])
    for place, row in zip(fresh.values(), saved, strict=True):
        results[place] = row
    return results


def _refusal(owner: Row | None) -> Exception | None:
    if owner is None:
        return Gone("This account is gone.")
    if owner["moved_to"]:
        return moved_away(owner["moved_to"])
    return None if owner["suspended_at"] is None else Forbidden("This account is suspended.")


def _as_now(owner: Owner, row: Row) -> Owner:
    return replace(owner, privacy_lock=bool(row["privacy_lock"]), no_replies=bool(row["no_replies"]))
