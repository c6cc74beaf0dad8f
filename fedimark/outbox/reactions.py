"""What people here say of bookmarks of others: that they like one, that they share it, and that they do no more.

One like, one share is said once under an id of its own, and taken back once: doing it again is another. Rows written
inside `write()`; people of this server hear of nothing here, they are served by rows.
"""

from __future__ import annotations

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row, fetch
from fedimark.delivery.enqueue import say
from fedimark.here import here, now
from fedimark.outbox import hearers, ids
from fedimark.outbox.proofs import sealed
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import AS, PUBLIC, Doc

_SHARED_HERE = """
SELECT s.public_id AS share_id, s.shared_at, s.uri AS share_uri, a.* FROM share s JOIN actor a ON a.id = s.actor_id
WHERE s.object_hash = ? AND s.public_id IS NOT NULL AND a.suspended_at IS NULL
"""


def note_of(bookmark: Row, author: Row) -> str:
    """The id of a bookmark's Note, of somebody here or elsewhere."""
    return ids.note(author["local_name"], bookmark["public_id"]) if bookmark["is_local"] else str(bookmark["uri"])


def like_uri(fan: Row, like_id: str) -> str:
    """The id of a Like of somebody here."""
    return absolute(addresses.like(fan["local_name"], like_id))


def share_uri(sharer: Row, share_id: str) -> str:
    """The id of an Announce of somebody here."""
    return absolute(addresses.share(sharer["local_name"], share_id))


async def say_like(fan: Row, bookmark: Row, author: Row, like_id: str) -> None:
    """Tell the author, if they are elsewhere, that somebody here likes their bookmark; nobody else."""
    if author["local_name"] is not None:
        return
    await _know(fan, {author["inbox"]})
    document = like(fan["local_name"], like_id, bookmark["uri"], author["uri"])
    await say(fan["id"], "Like", like_uri(fan, like_id), document, [author["inbox"]], like_id)


async def say_unlike(fan: Row, bookmark: Row, author: Row, like_id: str) -> None:
    """Take it back, where it was heard or may have been."""
    uri = like_uri(fan, like_id)
    inboxes = await hearers.cancelled(uri)
    if inboxes:
        document = undo_like(fan["local_name"], like_id, bookmark["uri"], author["uri"])
        await say(fan["id"], "Undo", uri, document, sorted(inboxes), here().new_id())


async def say_share(sharer: Row, bookmark: Row, author: Row, share_id: str, at: int) -> None:
    """Tell the servers of a sharer's followers, and the author if they are elsewhere.

    Whoever heard of a bookmark of somebody here hears of its changes and its end from then on, and of the author's.
    """
    inboxes = await hearers.followers(sharer["id"])
    note_uri = note_of(bookmark, author)
    if author["local_name"] is None:
        inboxes |= {author["shared_inbox"] or author["inbox"]}
    else:
        await hearers.remember(note_uri, inboxes)
        await hearers.remember(ids.actor(author["local_name"]), inboxes)
    await _know(sharer, inboxes)
    document = sealed(announce(sharer["local_name"], share_id, note_uri, _id(author), at), sharer, now())
    await say(sharer["id"], "Announce", share_uri(sharer, share_id), document, sorted(inboxes), share_id)


async def say_unshare(sharer: Row, note_uri: str, author: Row, share_id: str, at: int) -> None:
    """Take it back, where it was heard or may have been; `at` is when it was said."""
    uri = share_uri(sharer, share_id)
    inboxes = await hearers.cancelled(uri)
    if inboxes:
        document = undo_announce(sharer["local_name"], share_id, note_uri, _id(author), at)
        await say(sharer["id"], "Undo", uri, sealed(document, sharer, now()), sorted(inboxes), here().new_id())


async def say_shares_ended(note_uri: str, author: Row) -> list[str]:
    """Take back every share of a Note by people here, for its author took it away; returns the ids of the Announces.

    Who has it through them alone hears of its end nowhere else: its author's server never knew that they got it.
    """
    found = await fetch(_SHARED_HERE, addresses.uri_hash(note_uri))
    for row in found:
        await say_unshare(row, note_uri, author, row["share_id"], row["shared_at"])
    return [row["share_uri"] for row in found]


def like(username: str, like_id: str, note_uri: str, author_uri: str) -> Doc:
    """A Like, for the author alone."""
    return {"@context": AS, **_like(username, like_id, note_uri, author_uri)}


def undo_like(username: str, like_id: str, note_uri: str, author_uri: str) -> Doc:
    """Taking it back; the whole Like stands in it, for servers that do not keep its id."""
    inner = _like(username, like_id, note_uri, author_uri)
    return {"@context": AS, **_undo(inner), "to": [author_uri]}


def announce(username: str, share_id: str, note_uri: str, author_uri: str, at: int) -> Doc:
    """An Announce: the Note's id alone, so that whoever hears it looks at the author's own server."""
    return {"@context": AS, **_announce(username, share_id, note_uri, author_uri, at)}


def standing(sharer: Row, shared: Row) -> Doc:
    """The Announce of somebody here as it stands; `shared` is its row of `share` with the bookmark and its author."""
    author = {"uri": shared["author_uri"], "local_name": shared["author_name"]}
    note_uri = note_of(shared, author)
    return announce(sharer["local_name"], shared["share_id"], note_uri, _id(author), shared["shared_at"])


def undo_announce(username: str, share_id: str, note_uri: str, author_uri: str, at: int) -> Doc:
    """Taking it back, with the whole Announce inside."""
    inner = _announce(username, share_id, note_uri, author_uri, at)
    return {"@context": AS, **_undo(inner), "to": inner["to"], "cc": inner["cc"]}


def _like(username: str, like_id: str, note_uri: str, author_uri: str) -> Doc:
    uri = absolute(addresses.like(username, like_id))
    return {"id": uri, "type": "Like", "actor": ids.actor(username), "object": note_uri, "to": [author_uri]}


def _announce(username: str, share_id: str, note_uri: str, author_uri: str, at: int) -> Doc:
    return {
        "id": absolute(addresses.share(username, share_id)),
        "type": "Announce",
        "actor": ids.actor(username),
        "published": rfc3339(at),
        "to": [PUBLIC],
        "cc": [ids.followers(username), author_uri],
        "object": note_uri,
    }


def _undo(inner: Doc) -> Doc:
    return {"id": f"{inner['id']}/undo", "type": "Undo", "actor": inner["actor"], "object": inner}


def _id(actor: Row) -> str:
    return str(actor["uri"] or ids.actor(actor["local_name"]))


async def _know(speaker: Row, inboxes: set[str]) -> None:
    """Who once dealt with somebody here hears of their end. (publish.person_ended)"""
    await hearers.remember(ids.actor(speaker["local_name"]), inboxes)
