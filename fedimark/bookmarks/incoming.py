"""From the Notes of others to bookmarks: what is kept of a Note whose author was proven. (PROTOCOL §2.5)

All of it runs inside `write()` and does nothing new when it is done twice; every function returns a short word for
what it did. Of two states of one Note the later `updated` wins, and its end wins over both, in whatever order they
come.
"""

from __future__ import annotations

import re
from typing import Any

from fedimark import addresses
from fedimark.bookmarks import rows
from fedimark.database import Row, fetch, fetch_one
from fedimark.policy.visibility import Visibility, is_listed
from fedimark.text import clean, html, tags, urls
from fedimark.vocab.objects import Note
from fedimark.vocab.terms import PUBLIC

IGNORED = "ignored"

_KNOWN = "SELECT * FROM bookmark WHERE uri_hash = ?"
_FOLLOWED = """
SELECT f.id FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = 'accepted' AND a.local_name IS NOT NULL LIMIT 1
"""
_BURIED = "SELECT id FROM tombstone WHERE uri_hash = ?"
_HASHTAG_LINE = re.compile(r"(?:#\S+[\s,]*)+")
_NOT_IN_TAGS = re.compile(r"[\s,]+")


async def store_note(author: Row, note: Note, received_at: int, *, author_consents: bool) -> str:
    """Keep a Note that is a bookmark of somebody followed here, or the newer words of one that is known.

    `author` is the row of the proven author, `received_at` and the note's moments microseconds since 1970 UTC.
    `author_consents` lets it onto public pages (PROTOCOL §0.10). Everything else is ignored: Notes without a title or
    a link, quotes, direct ones, addresses that nobody could save here or that look like a secret.
    """
    before = await fetch_one(_KNOWN, addresses.uri_hash(note.id))
    if before is not None and before["actor_id"] != author["id"]:
        return IGNORED
    if await fetch_one(_BURIED, _grave(author, note.id)):
        return IGNORED
    if before is None and not await fetch_one(_FOLLOWED, author["id"]):
        return IGNORED
    if before is not None and _stamp(note, received_at) <= before["updated_at"]:
        return "known"
    values = _read(author, note, received_at, author_consents=author_consents)
    if values is None:
        return await _no_longer(before)
    return await _written(before, values)


async def forget_note(author: Row, uri: str) -> str:
    """Drop a Note that its author deleted, and let no Create of theirs bring it back."""
    # The grave is the author's own: a neighbour on their server cannot dig it for a Note not yet seen.
    await rows.bury(uri, _grave(author, uri))
    row = await fetch_one(f"{_KNOWN} AND actor_id = ?", addresses.uri_hash(uri), author["id"])
    if row is None:
        return IGNORED
    await rows.drop(row)
    return "deleted"


async def forget_notes_of(author: Row, limit: int) -> int:
    """Drop some of the bookmarks of somebody who is gone; returns how many, so that less than `limit` is the end."""
    found = await fetch("SELECT * FROM bookmark WHERE actor_id = ? AND NOT is_local LIMIT ?", author["id"], limit)
    for row in found:
        await rows.drop(row)
    return len(found)


async def _written(before: Row | None, values: dict[str, Any]) -> str:
    if before is None:
        await rows.put({**values, "link_id": await rows.link_id_of(values["url"])})
        return "saved"
    if before["url"] != values["url"]:
        values["link_id"] = await rows.link_id_of(values["url"])
    await rows.change(before, values)
    return "changed"


async def _no_longer(before: Row | None) -> str:
    """A Note that is no bookmark for us: never was, or was until this edit."""
    if before is None:
        return IGNORED
    await rows.drop(before)
    return "dropped"


def _read(author: Row, note: Note, received_at: int, *, author_consents: bool) -> dict[str, Any] | None:
    """The row that a Note means, without its link; None when it is no bookmark that could be kept here."""
    visibility = _visibility(author, note)
    url = _url(note)
    if visibility is None or url is None:
        return None
    title = clean.one_line(note.title)
    return {
        "actor_id": author["id"],
        "uri": note.id,
        "uri_hash": addresses.uri_hash(note.id),
        "page_url": note.url or note.id,
        "is_local": False,
        "url": url,
        "url_md5": urls.md5(url),
        "title": title,
        "description": _description(note, title),
        "tags": " ".join(_tags(note)),
        "visibility": int(visibility),
        "listed": is_listed(visibility, author_consents=author_consents),
        "saved_at": min(note.published or received_at, received_at),
        "updated_at": _stamp(note, received_at),
    }


def _stamp(note: Note, received_at: int) -> int:
    return note.updated or note.published or received_at


def _visibility(author: Row, note: Note) -> Visibility | None:
    """How far the author let it reach; None for what is meant for single people."""
    if PUBLIC in note.to:
        return Visibility.PUBLIC
    if PUBLIC in note.cc:
        return Visibility.UNLISTED
    followers = author["followers_uri"]
    return Visibility.FOLLOWERS if followers and followers in (*note.to, *note.cc) else None


def _url(note: Note) -> str | None:
    """The address a Note is a bookmark of, None where it is none.

    Betula's rule: a title, a link, no quote. Mastodon attaches a Link to any post that mentions a page, and such a
    post is no bookmark; it has no title.
    """
    if not note.is_bookmark or note.href is None:
        return None
    try:
        url = urls.check(note.href)
    except urls.BadUrl:
        return None
    return url if urls.federable(url) and urls.is_secret_looking(url) is None else None


def _description(note: Note, title: str) -> str:
    """What was typed, where the Note tells; else the words of its content without title link and line of hashtags."""
    if note.source_text is not None:
        return clean.many_lines(note.source_text)
    parts = html.to_text(note.content_html).split("\n\n")
    if parts and clean.one_line(parts[0]) == title:
        parts = parts[1:]
    if parts and _HASHTAG_LINE.fullmatch(parts[-1]):
        parts = parts[:-1]
    return clean.many_lines("\n\n".join(parts))


def _tags(note: Note) -> tuple[str, ...]:
    """Tags as their author spells them. A private one has no business here, whoever let it slip."""
    words = (_NOT_IN_TAGS.sub("-", tag.strip()) for tag in note.tags)
    return tags.split(" ".join(word for word in words if not tags.is_private(word)))


def _grave(author: Row, uri: str) -> str:
    return addresses.uri_hash(f"{author['uri']} {uri}")
