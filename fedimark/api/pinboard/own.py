"""`tags/…`, `user/…`, `notes/…` and `network/…`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from fedimark import addresses
from fedimark.accounts import tokens
from fedimark.api.pinboard import answers
from fedimark.api.pinboard.door import Call
from fedimark.api.pinboard.posts import MOST_RECENT
from fedimark.bookmarks import notes
from fedimark.bookmarks.tags import delete_tag, own_tags, rename_tag, spellings
from fedimark.database import Row
from fedimark.errors import NotFound, Refused
from fedimark.here import now
from fedimark.importing.formats.moments import iso
from fedimark.text import tags
from fedimark.timelines import queries
from fedimark.timelines.entries import Entry
from fedimark.timelines.stream import NetworkStream

_NETWORK: Final = 50


async def get_tags(call: Call) -> str:
    """`tags/get`: all tags with their counts, each as it was spelled last."""
    words, counted = await spellings(call.owner.actor_id), await own_tags(call.owner.actor_id)
    return answers.tag_counts(call.form, {words.get(one.key, one.key): one.count for one in counted})


async def delete(call: Call) -> str:
    """`tags/delete`: take a tag off all bookmarks; of one that nobody gave there is nothing to take off."""
    with suppress(NotFound):
        await delete_tag(call.owner, _named(call, "tag"))
    return answers.result(call.form, "done")


async def rename(call: Call) -> str:
    """`tags/rename`: another name for a tag, whatever the case of the old one; without a new name nothing happens."""
    old = _named(call, "old")
    if call.arguments.text("new").strip():
        with suppress(NotFound):
            await rename_tag(call.owner, old, call.arguments.text("new"))
    return answers.result(call.form, "done")


async def secret(call: Call) -> str:
    """`user/secret`: the key of one's feeds."""
    return answers.result(call.form, await tokens.feed_secret(call.viewer))


async def api_token(call: Call) -> str:
    """`user/api_token`: the hexadecimal part of the key that asks, or of a new one for who proved a password."""
    key = call.key or await tokens.api_token(call.viewer)
    return answers.result(call.form, key.strip().rpartition(":")[2])


async def network(call: Call) -> str:
    """`network/recent`: what the people one follows saved last; not of Pinboard's."""
    found = await queries.find(NetworkStream(), call.viewer)
    page = await queries.page(found, None, call.arguments.number("count", _NETWORK, MOST_RECENT) or 1)
    at = page.entries[0].at if page.entries else now()
    return answers.posts(call.form, call.viewer.username, at, [_shown(entry) for entry in page.entries])


async def list_notes(call: Call) -> str:
    """`notes/list`: all notes, without their text."""
    return answers.notes(call.form, [_note(row) for row in await notes.every(call.owner)])


async def get_note(call: Call) -> str:
    """`notes/ID`: one note, with its text."""
    row = await notes.own_note(call.owner, call.rest)
    return answers.note(call.form, {**_note(row), "text": row["text"]})


def _note(row: Row) -> dict[str, Any]:
    return {
        "id": row["public_id"],
        "hash": notes.text_hash(row["text"]),
        "title": row["title"],
        "length": len(row["text"]),
        "created_at": _moment(row["created_at"]),
        "updated_at": _moment(row["updated_at"]),
    }


def _moment(micros: int) -> str:
    """As Pinboard spells a moment of a note alone: `2020-09-06 05:59:47`."""
    return iso(micros).replace("T", " ").removesuffix("Z")


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "href": entry.url,
        "description": entry.title,
        "extended": entry.description,
        "time": iso(entry.saved_at),
        "tags": " ".join(entry.tags),
        "user": entry.saver.handle,
        "savers": entry.saver_count,
        "permalink": entry.permalink if "://" in entry.permalink else addresses.absolute(entry.permalink),
    }


def _named(call: Call, name: str) -> str:
    """A tag that a call is about. Raises Refused."""
    read = tags.split(call.arguments.text(name))
    if len(read) != 1:
        raise Refused("Name one tag.", field=name)
    return read[0]
