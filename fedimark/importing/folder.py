"""A folder of plain pages with everything one saved, to be opened from a disk, with a search that asks nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from fedimark.bookmarks.draft import Owner
from fedimark.importing import pages_out
from fedimark.importing.rows_out import Told, pages, tell_nobody
from fedimark.importing.zipped import Zipped

NAME: Final = "html-folder"


async def make(owner: Owner, told: Told) -> AsyncIterator[bytes]:
    """Yield the zip of the folder: begin at its index.html."""
    folder, name = Zipped(), f"Bookmarks of {owner.username}"
    folder.add("style.css", pages_out.STYLE.encode())
    folder.add("search.js", pages_out.SEARCH.encode())
    index: list[str] = []
    total = 0
    async for rows in pages(owner, told):
        number, total = len(index) + 1, total + len(rows)
        days = f"{pages_out.day_of(rows[-1]['saved_at'])} to {pages_out.day_of(rows[0]['saved_at'])}"
        index.append(f'<li><a href="page-{number}.html">{days}</a> <span class="soft">{len(rows)}</span></li>\n')
        beside = '<nav><a href="index.html">All</a>'
        beside += f'<a href="page-{number - 1}.html">Later</a>' if number > 1 else ""
        beside += f'<a href="page-{number + 1}.html">Earlier</a></nav>\n' if len(rows) == _FULL else "</nav>\n"
        folder.add(f"page-{number}.html", pages_out.page(name, f"{name}, {days}", beside + pages_out.entries(rows)))
        yield folder.taken()
    if index and total % _FULL == 0:
        # The last full page leads to one more.
        folder.add(f"page-{len(index) + 1}.html", pages_out.page(name, name, '<nav><a href="index.html">All</a></nav>'))
    with folder.member("bookmarks.js") as file:
        file.write(pages_out.BEFORE_WORDS)
        async for rows in pages(owner, tell_nobody):
            file.write(b"".join(map(pages_out.words, rows)))
            yield folder.taken()
        file.write(pages_out.AFTER_WORDS)
    folder.add("index.html", pages_out.page(name, name, _SEARCH + _list(index, total), ("bookmarks.js", "search.js")))
    yield folder.close()


_FULL: Final = 500
_SEARCH: Final = (
    '<div id="search" hidden><label for="q">Search</label><input id="q" type="search" autocomplete="off">'
    '<p id="told" class="soft" role="status"></p><ul id="found"></ul></div>\n'
)


def _list(index: list[str], total: int) -> str:
    return f'<p class="soft">{total:,} bookmarks, the newest first.</p>\n<ul>\n{"".join(index)}</ul>'
