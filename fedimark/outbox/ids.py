"""Ids that hang on an address of `addresses`, absolute: what only the wire knows."""

from __future__ import annotations

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.remote.signing import INSTANCE_NAME, is_kept


def actor(username: str) -> str:
    """A person's actor id."""
    return absolute(addresses.person(username))


def of(row: Row) -> str:
    """The id of an actor of this server, a person, a tag, a digest or the server itself, by their row."""
    if row["local_name"] == INSTANCE_NAME:
        return absolute(addresses.INSTANCE_ACTOR)
    return str(row["url"]) if is_kept(row) else actor(row["local_name"])


def followers(username: str) -> str:
    """The collection by which a person's followers are addressed."""
    return absolute(addresses.followers(username))


def note(username: str, public_id: str) -> str:
    """A bookmark's Note."""
    return absolute(addresses.bookmark(username, public_id))


def replies(username: str, public_id: str) -> str:
    """The collection of what others answered to a bookmark."""
    return note(username, public_id) + "/replies"


def likes(username: str, public_id: str) -> str:
    """How many like a bookmark."""
    return absolute(addresses.likes(username, public_id))


def shares(username: str, public_id: str) -> str:
    """How many shared a bookmark."""
    return absolute(addresses.shares(username, public_id))


def create(username: str, public_id: str) -> str:
    """The Create of a publication: there is one only, so it bears the publication's own id.

    Whoever gets it delivered and finds it in an outbox too sees the same activity.
    """
    return absolute(addresses.activity(username, public_id, public_id))


def activity(username: str, public_id: str, activity_id: str) -> str:
    """An Update or Delete of a bookmark."""
    return absolute(addresses.activity(username, public_id, activity_id))


def block(username: str, block_id: str) -> str:
    """A Block we said."""
    return absolute(addresses.block(username, block_id))


def undo_block(username: str, block_id: str) -> str:
    """The Undo of a Block: it happens once, for blocking again is a new Block."""
    return block(username, block_id) + "/undo"


def change(username: str, activity_id: str) -> str:
    """An Update of a person. No fragment of their document: what bears a proof is a document of its own. (FEP-8b32)"""
    return absolute(addresses.update(username, activity_id))


def end(username: str) -> str:
    """The Delete of a person: it happens once, for names are never given out again."""
    return absolute(addresses.end(username))
