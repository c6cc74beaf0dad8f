"""Letters as documents: those of fedimarks by our own outbox in each of its shapes, those of bo's server by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx

from fedimark.here import Here, entered
from fedimark.outbox import documents, tag_documents
from fedimark.outbox.notes import note
from fedimark.outbox.profiles import BOOKMARKS, FEDIMARK, LINK, MICRO, SMALL
from fedimark.policy.visibility import BY_WORD
from fedimark.settings import read
from fedimark.text import html, tags
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import AS, PUBLIC, Doc, note_context
from tests.convergence.histories import TAG, Letter, Note, Version
from tests.rooms.peers import NoRows
from tests.rooms.provers import Prover
from tests.support.fleet import HostRouting

HOSTS: Mapping[str, str] = {"ana": "x.example", "bo": "y.example", "cy": "z.example"}
URIS: Mapping[str, str] = {
    "ana": "https://x.example/u/ana",
    "bo": "https://y.example/users/bo",
    "cy": "https://z.example/u/cy",
    TAG: "https://z.example/t/sql",
}
SHAPES = (FEDIMARK, MICRO, LINK, BOOKMARKS, SMALL)


def uri_of(which: Note) -> str:
    """The id of a Note."""
    author, number = which
    return f"{URIS[author]}/statuses/{number}" if author == "bo" else f"{URIS[author]}/b/b{number}"


async def document(letter: Letter, shape: int, speaker: Prover) -> Doc:
    """A letter as its server sends it, in one of its shapes."""
    if letter.kind == "Announce":
        return await _announce(letter, shape, speaker)
    if letter.kind == "Undo":
        return _undo(letter, shape)
    if letter.who == "bo":
        return _of_bo(letter, shape)
    return await _of_fedimark(letter, shape, speaker)


async def present(which: Note, version: Version) -> Doc:
    """A Note as its own server shows it to a fedimark."""
    if version.note[0] == "bo":
        return {"@context": AS, **_bos_note(version)}
    async with entered(_server(which[0])):
        return {"@context": note_context(), **_with_via(_note(version, FEDIMARK), version)}


@lru_cache
def _server(who: str) -> Here:
    """A server that is nothing but its address."""
    http = httpx.AsyncClient(transport=HostRouting())  # which leads nowhere
    return Here(settings=read({}, base_url=f"https://{HOSTS[who]}"), database=NoRows(), http=http)


async def _of_fedimark(letter: Letter, shape: int, speaker: Prover) -> Doc:
    who, public_id, number = letter.who, f"b{letter.note[1]}", f"n{letter.number}"
    async with entered(_server(who)):
        if letter.kind == "Delete":
            said = documents.delete(who, public_id, number, letter.at)
        else:
            assert letter.version is not None
            row, profile, group = _row(letter.version), SHAPES[shape % len(SHAPES)], _group(letter.version)
            said = (
                documents.create(who, row, profile, group)
                if letter.kind == "Create"
                else documents.update(who, row, number, profile, group)
            )
            said["object"] = _with_via(said["object"], letter.version)
    is_open = PUBLIC in said["to"]
    return speaker.proves(said, letter.at) if is_open and speaker.proof_key else said


def _note(version: Version, profile: str) -> Doc:
    return note(version.note[0], _row(version), profile, _group(version))


def _row(version: Version) -> dict[str, Any]:
    return {
        "public_id": f"b{version.note[1]}",
        "url": version.url,
        "title": version.title,
        "description": version.description,
        "tags": " ".join(version.tags),
        "visibility": int(BY_WORD[version.reach]),
        "saved_at": version.published,
        "updated_at": version.updated or version.published,
        "via": "",
    }


def _group(version: Version) -> str:
    keys = [tags.key(word) for word in version.tags]
    return f"https://{HOSTS[version.note[0]]}/t/{keys[0]}" if keys and version.reach == "public" else ""


def _with_via(said: Doc, version: Version) -> Doc:
    if version.via is None:
        return said
    media_type = f'application/ld+json; profile="{AS}"'
    via = {"type": "Link", "rel": "via", "href": uri_of(version.via), "mediaType": media_type, "name": "via"}
    listed: Any = said["tag"]
    return said | {"tag": [*listed, via]}


def _of_bo(letter: Letter, shape: int) -> Doc:
    uri, actor = uri_of(letter.note), URIS["bo"]
    said: Doc = {"@context": AS, "id": f"{uri}/activity", "type": letter.kind, "actor": actor}
    if letter.kind != "Create":
        said["id"] = f"{uri}#{letter.kind.lower()}s/{letter.number}"
    if letter.version is None:
        return said | {"to": [PUBLIC], "cc": [], "object": {"id": uri, "type": "Tombstone"}}
    inner = _bos_note(letter.version)
    # GoToSocial's outboxes and Postmarks name a Note by its id alone.
    is_bare = shape % len(SHAPES) == 1 and letter.version.reach != "followers"
    dated = {"published": rfc3339(letter.at)} if letter.version.is_dated else {}
    return said | dated | {"to": inner["to"], "cc": inner["cc"], "object": uri if is_bare else inner}


def _bos_note(version: Version) -> Doc:
    uri, followers = uri_of(version.note), f"{URIS['bo']}/followers"
    to, cc = {
        "public": ([PUBLIC], [followers]),
        "unlisted": ([followers], [PUBLIC]),
        "followers": ([followers], []),
    }[version.reach]
    said: Doc = {
        "id": uri,
        "type": "Note",
        "attributedTo": URIS["bo"],
        "url": f"https://y.example/@bo/{version.note[1]}",
    }
    words = f"<p>{html.escape(version.description)}</p>"
    if version.kind == "bookmark":
        said |= {"name": version.title or "A page", "attachment": [{"type": "Link", "href": version.url}]}
    elif version.kind == "mention":
        words += f'<p><a href="{html.escape(version.url)}">{html.escape(version.title or version.url)}</a></p>'
    # Mastodon has no tag that begins with a digit, and writes no sign.
    safe = [(tags.hashtag(tag), tag) for tag in version.tags]
    said |= {
        "content": words,
        "tag": [
            {"type": "Hashtag", "name": f"#{name.lower()}", "href": f"https://y.example/tags/{name.lower()}"}
            for name, _ in safe
            if name is not None
        ],
        "to": to,
        "cc": cc,
    }
    if version.is_dated:
        said["published"] = rfc3339(version.published)
    if version.updated is not None:
        said["updated"] = rfc3339(version.updated)
    return said


async def _announce(letter: Letter, shape: int, speaker: Prover) -> Doc:
    note_uri, public_id = uri_of(letter.note), f"b{letter.note[1]}"
    if letter.who == "bo":
        return _bos_announce(letter.note, letter.number, letter.at)
    async with entered(_server("cy")):
        if shape % 2:
            return tag_documents.announce(URIS[TAG], public_id, note_uri, letter.at)
        assert letter.version is not None
        create = documents.create("cy", _row(letter.version), FEDIMARK, _group(letter.version))
        create["object"] = _with_via(create["object"], letter.version)
        return tag_documents.announce_whole(URIS[TAG], public_id, speaker.proves(create, letter.at), letter.at)


def _bos_announce(which: Note, number: int, at: int) -> Doc:
    return {
        "@context": AS,
        "id": f"{URIS['bo']}/statuses/{number}/activity",
        "type": "Announce",
        "actor": URIS["bo"],
        "published": rfc3339(at),
        "to": [PUBLIC],
        "cc": [URIS[which[0]], f"{URIS['bo']}/followers"],
        "object": uri_of(which),
    }


def _undo(letter: Letter, shape: int) -> Doc:
    if letter.who == TAG:
        said = f"b{letter.note[1]}", uri_of(letter.note), f"u{letter.number}", rfc3339(letter.since)
        return tag_documents.undo_announce(URIS[TAG], *said)
    taken_back = _bos_announce(letter.note, letter.number, letter.since)
    del taken_back["@context"]
    uri = taken_back["id"]
    said = {"@context": AS, "id": f"{uri}#undo", "type": "Undo", "actor": URIS["bo"], "to": [PUBLIC], "cc": []}
    return said | {"object": uri if shape % 2 else taken_back}
