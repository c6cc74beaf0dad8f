"""What tags say: that they pass a bookmark on, that they no longer do, who may follow, that they are gone."""

from __future__ import annotations

from fedimark import addresses
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import AS, PUBLIC, Doc, note_context


def announce(stream_uri: str, public_id: str, note_uri: str, at: int) -> Doc:
    """A tag passes on a bookmark, named by its Note's id: what everybody understands."""
    return {"@context": AS, **_announce(stream_uri, public_id, at), "object": note_uri}


def announce_whole(stream_uri: str, public_id: str, create: Doc, at: int) -> Doc:
    """The same with the whole Create inside, context and proof and all: its proof is over these very words."""
    return {"@context": note_context(), **_announce(stream_uri, public_id, at), "object": create}


def announce_in_group(stream_uri: str, public_id: str, create: Doc, at: int) -> Doc:
    """The same as a Group of FEP-1b12 says it: Lemmy makes a post of the Create, in the community named `audience`."""
    inner = {key: value for key, value in create.items() if key != "@context"}
    return announce_whole(stream_uri, public_id, inner, at) | {"audience": stream_uri}


def undo_announce(stream_uri: str, public_id: str, note_uri: str, undo_id: str, announced: str | None) -> Doc:
    """A tag passes a bookmark on no more; the Announce stands in it, for servers that do not keep its id.

    `announced` is its `published`, where that is known still: a tag may say it again under the same id, and whoever
    gets the Undo last must not take it for the end of that.
    """
    uri = addresses.announcement(stream_uri, public_id)
    dated: Doc = {"published": announced} if announced else {}
    inner: Doc = {"id": uri, "type": "Announce", "actor": stream_uri, **dated, "object": note_uri}
    return {
        "@context": AS,
        "id": f"{uri}#undo/{undo_id}",
        "type": "Undo",
        "actor": stream_uri,
        "to": [PUBLIC],
        "cc": [f"{stream_uri}/followers"],
        "object": inner,
    }


def delete_actor(stream_uri: str, at: int) -> Doc:
    """A person's tag ends with the person."""
    return {
        "@context": AS,
        "id": f"{stream_uri}#delete",
        "type": "Delete",
        "actor": stream_uri,
        "published": rfc3339(at),
        "to": [PUBLIC],
        "cc": [],
        "object": stream_uri,
    }


def _announce(stream_uri: str, public_id: str, at: int) -> Doc:
    return {
        "id": addresses.announcement(stream_uri, public_id),
        "type": "Announce",
        "actor": stream_uri,
        "published": rfc3339(at),
        "to": [PUBLIC],
        "cc": [f"{stream_uri}/followers"],
    }
