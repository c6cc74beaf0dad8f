"""Collections and their pages, of whatever they hold: by cursor, never by number. (ActivityPub §5)"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fedimark.database import Row
from fedimark.errors import NotFound
from fedimark.vocab.terms import AS, Doc

PAGE = 20

_CURSOR = re.compile(r"(-?[0-9]{1,18})-([a-z2-7]{13})")


def collection(uri: str, total: int) -> Doc:
    """A collection of which only the number is told; with `first` its pages can be read."""
    return {"@context": AS, "id": uri, "type": "OrderedCollection", "totalItems": total}


def paged(uri: str, total: int) -> Doc:
    """A collection whose pages begin at `?page=first`."""
    return {**collection(uri, total), "first": f"{uri}?page=first"}


def page_of(uri: str, asked: str, rows: Sequence[Row], shape: Callable[[Row], Doc], context: object) -> Doc:
    """One page of a collection; `rows` are bookmarks, newest first, one more than a page where there is a next.

    `shape` makes an item of each; the page's own `context` stands for all of them.
    """
    shown = rows[:PAGE]
    items = [{key: value for key, value in shape(row).items() if key != "@context"} for row in shown]
    page: Doc = {
        "@context": context,
        "id": f"{uri}?page={asked}",
        "type": "OrderedCollectionPage",
        "partOf": uri,
        "orderedItems": items,
    }
    if len(rows) > PAGE:
        page["next"] = f"{uri}?page={shown[-1]['saved_at']}-{shown[-1]['public_id']}"
    return page


def read_cursor(asked: str) -> tuple[int, str] | None:
    """The place a page begins before, None for the first. Raises NotFound for what is no cursor of ours."""
    if asked == "first":
        return None
    found = _CURSOR.fullmatch(asked)
    if found is None:
        raise NotFound
    return int(found[1]), found[2]
