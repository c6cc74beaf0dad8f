"""Bookmarks fetched from the API of another bookmarking service, laid into a file that is imported like any other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fedimark.errors import Refused
from fedimark.importing.rows_out import Told
from fedimark.language.said import _
from fedimark.remote.programs import Wait, linkding_bookmarks, pinboard_posts

KINDS: Final = ("pinboard", "linkding")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's bookmarks elsewhere: which API it is (see KINDS), where it begins, and a key for it."""

    kind: str
    base: str
    token: str


async def pull(account: Account, file: Path, wait: Wait, told: Told) -> None:
    """Fetch all of somebody's bookmarks into a file; `told` hears how many more have come.

    Waits as long as that server asks for. Raises Refused (a wrong address or token), Unreachable, Untrustworthy.
    """
    if account.kind == "pinboard":
        posts = await pinboard_posts(account.base, account.token, wait)
        file.write_bytes(posts)
        # Only to be told: it is read when it is imported.
        told(posts.count(b'"href":'))
    elif account.kind == "linkding":
        await _linkding(account, file, wait, told)
    else:
        raise Refused(_("Bookmarks are pulled from %(kinds)s.", kinds=" and ".join(KINDS)), field="kind")


async def _linkding(account: Account, file: Path, wait: Wait, told: Told) -> None:
    between = b"["
    with file.open("wb") as out:
        async for rows in linkding_bookmarks(account.base, account.token, wait):
            for row in rows:
                out.write(between + json.dumps(row).encode())
                between = b",\n"
            told(len(rows))
        out.write(b"]" if between != b"[" else b"[]")
