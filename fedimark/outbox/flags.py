"""Telling another server that something is wrong with one of its people, as rows inside `write()`.

The server itself says it, to their shared inbox and addressed to nobody: who reported it is named nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.delivery.enqueue import say
from fedimark.remote.signing import instance_actor
from fedimark.vocab.terms import AS, Doc


async def say_flag(target: Row, note_uris: Sequence[str], comment: str, flag_id: str) -> None:
    """Report somebody elsewhere, and some Notes of theirs, to their server."""
    keeper = await instance_actor()
    document = flag(flag_id, target["uri"], note_uris, comment)
    inbox = target["shared_inbox"] or target["inbox"]
    await say(keeper["id"], "Flag", str(document["id"]), document, [inbox], flag_id)


def flag(flag_id: str, target_uri: str, note_uris: Sequence[str], comment: str) -> Doc:
    """The Flag as Mastodon reads it: first whom, then what of theirs."""
    actor = absolute(addresses.INSTANCE_ACTOR)
    return {
        "@context": AS,
        "id": f"{actor}#flags/{flag_id}",
        "type": "Flag",
        "actor": actor,
        "content": comment,
        "object": [target_uri, *note_uris],
    }
