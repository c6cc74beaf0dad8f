"""Reading saved pages for what they say of themselves: their names, and which of them are one. A step of the worker.

Only pages that somebody shows everybody are read, a minute after they were saved, a few at once, and of one host one a
second and so many a day. What a page says joins it with another or parts it again, in the transaction that writes it.
"""

from __future__ import annotations

import asyncio

from fedimark.bookmarks import rows
from fedimark.bookmarks.links import is_settled, join, part
from fedimark.bookmarks.looking import ALIAS_AGAIN, LONGEST_PAUSE, SECOND, Pace, Try, asked, booked, may_ask, try_at
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import FedimarkError, Postponed, Unreachable
from fedimark.here import here, now, put_last
from fedimark.logs import PAGE_JOINED, PAGE_PARTED, log
from fedimark.policy import hosts
from fedimark.remote.aliases import CANONICAL
from fedimark.remote.pages import PageRead, read_page
from fedimark.text.urls import federable, is_secret_looking
from fedimark.text.works import page_of
from fedimark.timelines.merge import hold

AT_ONCE = 4
_BATCH = 100
_MOST_HOSTS = 10_000  # the one that was not asked for longest is forgotten

_DUE = f"SELECT * FROM link WHERE look_at IS NOT NULL AND look_at <= ? ORDER BY look_at, id LIMIT {_BATCH}"
_PUT_OFF = "UPDATE link SET look_at = ? WHERE id = ? AND look_at = ?"
_TRIED = "UPDATE link SET looked_at = ?, look_at = ? WHERE id = ? AND look_at = ?"
_LATER = "UPDATE link SET look_at = ? WHERE id = ?"
_DONE = "UPDATE link SET looked_at = ?, look_at = ? WHERE id = ?"
_NAMED = "UPDATE link SET title = ? WHERE id = ?"
# Who was read as the end of another's way need not be asked for itself.
_FOUND = "UPDATE link SET title = ?, looked_at = ?, look_at = NULL WHERE id = ? AND alias_id IS NULL"
_ONE = "SELECT * FROM link WHERE id = ?"
_SHOWN = f"""
SELECT id, url FROM bookmark WHERE link_id = ? AND listed AND removed_at IS NULL AND id > ? ORDER BY id LIMIT {_BATCH}
"""
_MOST_SHOWN = 10  # times a batch: beyond it nobody looks for who saved a page under its own address


class _Way:
    """What is asked on the way to one page: other hosts than its own count too, lest shorteners make us hammer one.

    `booked` is until when the page was put off because of that.
    """

    def __init__(self, host: str) -> None:
        self.booked = 0
        self._counted = {host}

    def spend(self, url: str) -> None:
        """Count one address. Raises Postponed."""
        host, moment = hosts.normal(url).removeprefix("www."), now()
        if host in self._counted:
            return
        self._counted.add(host)
        if not _take(host, moment):
            self.booked = _book(host, moment)
            raise Postponed((self.booked - moment) // SECOND + 1)


async def read_pages() -> int:
    """Read the pages that are due; returns how many were read or put off."""
    if not here().settings.read_pages:
        return 0
    due, moment = await fetch(_DUE, now()), now()
    chosen: list[Row] = []
    for number, link in enumerate(due):
        if len(chosen) == AT_ONCE:
            due = due[:number]
            break
        if _take(link["host"], moment):
            chosen.append(link)
        else:
            await execute(_PUT_OFF, _book(link["host"], moment), link["id"], link["look_at"])
    async with asyncio.TaskGroup() as group:
        for link in chosen:
            group.create_task(_look(link))
    return len(due)


async def _look(link: Row) -> None:
    """Read one page, and keep what it says."""
    attempt = try_at(now(), link["looked_at"], link["look_at"])
    # Written before asking: a page that kills the worker must not be asked for ever.
    if not await execute(_TRIED, attempt.since, attempt.next_at, link["id"], link["look_at"]):
        return
    way = _Way(link["host"])
    try:
        read = await read_page(link["canonical"], way.spend) if await _may_be_read(link) else None
    except Postponed as pause:
        if way.booked:  # nobody was asked too much, so it was no try
            await execute(_DONE, link["looked_at"], way.booked, link["id"])
            return
        at = now() + min(pause.retry_after_s * SECOND, LONGEST_PAUSE)
        await _fail(link, Try(attempt.since, attempt.next_at and max(at, attempt.next_at)))
    except Unreachable:
        await _fail(link, attempt)
    except FedimarkError:  # it is not there, or not to be believed
        await _fail(link, Try(attempt.since, None))
    else:
        await atomically(lambda: _keep(link["id"], read))


async def _may_be_read(link: Row) -> bool:
    """Whether somebody shows everybody that they saved this page, under an address that is nobody's secret."""
    page = link["canonical"]
    if not federable(page) or "#" in page or is_secret_looking(page) is not None:
        return False
    last = 0
    for _ in range(_MOST_SHOWN):
        shown = await fetch(_SHOWN, link["root_id"] or link["id"], last)
        for row in shown:
            is_own = link["alias_id"] is None or page_of(row["url"]) == page
            if is_own and is_secret_looking(row["url"]) is None:
                return True
        if len(shown) < _BATCH:
            return False
        last = shown[-1]["id"]
    return False


async def _keep(link_id: int, read: PageRead | None) -> None:
    """Write down what a page said, inside `write()`; None for one that is not to be read."""
    moment = now()
    await hold("link", link_id)
    link = await fetch_one(_ONE, link_id)
    if link is None:
        return
    if read is None:
        await execute(_DONE, moment, None, link_id)
        return
    if not is_settled(link):
        await _join_or_part(link, read)
    link = await fetch_one(_ONE, link_id) or link
    await execute(_DONE, moment, moment + ALIAS_AGAIN if link["alias_id"] else None, link_id)
    if not read.title or read.word.found is None:
        return
    if read.word.found == link["canonical"] or link["alias_why"] == CANONICAL:
        await execute(_NAMED, read.title, link_id)
    elif link["root_id"] is not None and read.word.alias is not None and read.word.found == read.word.alias.page:
        await execute(_FOUND, read.title, moment, link["root_id"])


async def _join_or_part(link: Row, read: PageRead) -> None:
    """Let a link be an alias of what its page says it is, or of nothing any more."""
    alias = read.word.alias
    if alias is not None:
        other = await rows.link_of(alias.page)
        if other["id"] == link["alias_id"]:
            return
        await part(link["id"])
        if await join(link["id"], other["id"], alias.why):
            log.info(PAGE_JOINED, link=link["hash"], why=alias.why)
    elif read.word.is_plain and link["alias_id"] is not None:
        await part(link["id"])
        log.info(PAGE_PARTED, link=link["hash"])


async def _fail(link: Row, attempt: Try) -> None:
    """A page was not read; one that is another stays so, and is asked again in its time."""
    again = now() + ALIAS_AGAIN if link["alias_id"] else None
    await execute(_LATER, attempt.next_at or again, link["id"])


def _take(host: str, moment: int) -> bool:
    """Whether a host may be asked now; if so, it is asked."""
    paces = _paces()
    pace = paces.get(host, Pace())
    may = may_ask(pace, moment)
    put_last(paces, host, asked(pace, moment) if may else pace, _MOST_HOSTS)
    return may


def _book(host: str, moment: int) -> int:
    """Put a page of a host off, and return until when."""
    paces = _paces()
    paces[host] = booked(paces.get(host, Pace()), moment)
    return paces[host].booked


def _paces() -> dict[str, Pace]:
    paces: dict[str, Pace] = here().caches.setdefault("bookmarks.paces", {})
    return paces
