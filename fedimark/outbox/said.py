"""Who is told of replies and remarks written here: rows inside the transaction that changes them."""

from __future__ import annotations

from collections.abc import Mapping

from fedimark.database import Row, fetch_one
from fedimark.delivery.enqueue import say
from fedimark.here import here, now
from fedimark.outbox import hearers, ids
from fedimark.outbox import remark_documents as documents
from fedimark.outbox.profiles import MICRO, SMALL, profiles_of
from fedimark.outbox.proofs import sealed
from fedimark.outbox.remark_documents import Answered, Heard
from fedimark.policy.blocks import inboxes_of_estranged
from fedimark.vocab.terms import Doc

_ACTOR = "SELECT * FROM actor WHERE id = ?"
# Whose bookmark it hangs on.
_OWNER = "SELECT a.* FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.id = ?"


async def remark_created(author: Row, remark: Row) -> None:
    """Tell followers, whom it answers or quotes, and whose bookmark it hangs on."""
    heard, inboxes = await _concerned(author, remark)
    document = documents.create(author["local_name"], remark, heard)
    inboxes |= await hearers.followers(author["id"])
    await _say("Create", author, remark, document, inboxes)


async def remark_updated(author: Row, remark: Row) -> None:
    """Tell them, and whoever else got it, that it changed; but nobody on the other side of a block."""
    heard, inboxes = await _concerned(author, remark)
    inboxes |= await hearers.followers(author["id"])
    got = await hearers.reached(documents.remark_uri(author["local_name"], remark))
    inboxes |= got - await inboxes_of_estranged(author["id"])
    document = documents.update(author["local_name"], remark, heard, here().new_id())
    await _say("Update", author, remark, document, inboxes)


async def remark_ended(author: Row, remark: Row) -> None:
    """Tell whoever got it that it is gone; who did not get it yet hears neither."""
    inboxes = await hearers.cancelled(documents.remark_uri(author["local_name"], remark))
    document = documents.delete(author["local_name"], remark, here().new_id(), now())
    await _say("Delete", author, remark, document, inboxes)


async def heard_of(author: Row, remark: Row) -> Heard:
    """Who is addressed in its Note."""
    return (await _concerned(author, remark))[0]


async def _concerned(author: Row, remark: Row) -> tuple[Heard, set[str]]:
    """Whom it answers and whose bookmark it hangs on, as its Note addresses them, and their inboxes elsewhere."""
    answered = await fetch_one(_ACTOR, remark["about_actor_id"]) if remark["about_actor_id"] else None
    owner = await fetch_one(_OWNER, remark["bookmark_id"]) if remark["bookmark_id"] else None
    others = {row["id"]: row for row in (answered, owner) if row is not None and row["id"] != author["id"]}
    inboxes = {row["shared_inbox"] or row["inbox"] for row in others.values() if row["local_name"] is None}
    first = others.pop(remark["about_actor_id"], None)
    heard = Heard(_answered(first) if first else None, tuple(_uri(row) for row in others.values()))
    return heard, {inbox for inbox in inboxes if inbox}


def _answered(row: Row) -> Answered:
    name = row["local_name"]
    if name is None:
        return Answered(row["uri"], row["url"] or row["uri"], f"{row['username']}@{row['host']}")
    return Answered(ids.actor(name), ids.actor(name), f"{name}@{here().settings.handles_at}")


def _uri(row: Row) -> str:
    return ids.actor(row["local_name"]) if row["local_name"] else str(row["uri"])


async def _say(kind: str, author: Row, remark: Row, document: Doc, inboxes: set[str]) -> None:
    """`document` to these inboxes, under the id that it bears."""
    proven = sealed(document, author, now())
    shapes: Mapping[str, Doc] = {MICRO: proven, SMALL: document}  # a small inbox has no room for a proof
    profiles = {inbox: SMALL for inbox, shape in (await profiles_of(inboxes)).items() if shape == SMALL}
    uri, name = documents.remark_uri(author["local_name"], remark), str(document["id"]).rpartition("/")[2]
    await say(author["id"], kind, uri, proven, sorted(inboxes), name, shapes, profiles)
