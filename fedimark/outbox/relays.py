"""What we say to relays, and what of ours they hear: they pass it on to whoever asks, as tags do, so the same holds.

A relay of Mastodon's style passes on the very bytes, and old Mastodons believe those only with a signature over what
they mean: it stands in what such a relay gets, where the extra for it is installed.
"""

from __future__ import annotations

from collections.abc import Iterable

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row, fetch
from fedimark.delivery.enqueue import say
from fedimark.delivery.signed import RELAY
from fedimark.here import here, now
from fedimark.outbox import documents, hearers, ids
from fedimark.outbox.consent import NEWS, may_be_relayed
from fedimark.remote.signing import instance_actor
from fedimark.signatures import linked_data
from fedimark.vocab.reading import is_public
from fedimark.vocab.terms import AS, PUBLIC, Doc

MASTODON = "mastodon"
LITEPUB = "litepub"

_SUBSCRIBED = """
SELECT r.inbox, a.local_name, a.summary, a.keeps_out, a.approves_followers FROM relay r JOIN actor a ON a.id = ?
WHERE r.state = 'accepted' AND r.inbox <> ''
"""
_OF_MASTODON = f"SELECT inbox FROM relay WHERE style = '{MASTODON}' AND state = 'accepted'"


async def inboxes_for(author_id: int, bookmark: Row) -> set[str]:
    """The relays that hear of a bookmark because it is new, or was new this week; mostly none.

    They know its author from then on, and will hear when the author leaves.
    """
    found = await fetch(_SUBSCRIBED, author_id) if bookmark["saved_at"] > now() - NEWS else []
    if not found or not may_be_relayed(found[0], bookmark):
        return set()
    inboxes = {row["inbox"] for row in found}
    await hearers.remember(ids.actor(found[0]["local_name"]), inboxes)
    return inboxes


async def shapes_for(document: Doc, inboxes: Iterable[str]) -> dict[str, str]:
    """Which of these inboxes are relays of Mastodon's style, each with the name of the shape that they get.

    Empty where there is none, where the extra is missing, and of what is not for everybody: what bears a signature can
    be shown to anybody, and still be believed.
    """
    if not inboxes or not is_public(document["to"]) or not linked_data.is_possible():
        return {}
    theirs = {row["inbox"] for row in await fetch(_OF_MASTODON)}.intersection(inboxes)
    return dict.fromkeys(sorted(theirs), RELAY)


async def say_follow(relay: Row, target_uri: str, letter_id: str) -> None:
    """Ask a relay for what it passes on; `target_uri` is its actor's, empty for one of Mastodon's style."""
    document = follow(relay["public_id"], target_uri)
    await _say("Follow", str(document["id"]), document, relay["inbox"], letter_id)


async def say_undo(relay: Row, target_uri: str) -> None:
    """Take that back."""
    document = undo(relay["public_id"], target_uri)
    await _say("Undo", _follow_uri(relay["public_id"]), document, relay["inbox"], here().new_id())


async def say_accept(relay_actor: Row, follow_uri: str | None) -> None:
    """Let a relay follow this server: those of LitePub's style ask back."""
    answer_id = here().new_id()
    uri = f"{_instance()}#accepts/{answer_id}"
    document = documents.answer_follow_as("Accept", _instance(), uri, relay_actor["uri"], follow_uri)
    await _say("Accept", follow_uri or relay_actor["uri"], document, relay_actor["inbox"], answer_id)


def follow(public_id: str, target_uri: str) -> Doc:
    """A Follow of a relay by this server: of its actor, or of everybody where `target_uri` is empty."""
    return {"@context": AS, **_follow(public_id, target_uri)}


def undo(public_id: str, target_uri: str) -> Doc:
    """Taking it back; the whole Follow stands in it, for Activity-Relay looks nowhere else."""
    inner = _follow(public_id, target_uri)
    return {"@context": AS, "id": f"{inner['id']}/undo", "type": "Undo", "actor": _instance(), "object": inner}


async def _say(kind: str, object_uri: str, document: Doc, inbox: str, public_id: str) -> None:
    actor = await instance_actor()
    await say(actor["id"], kind, object_uri, document, [inbox], public_id)


def _instance() -> str:
    return absolute(addresses.INSTANCE_ACTOR)


def _follow_uri(public_id: str) -> str:
    return addresses.follow(_instance(), public_id)


def _follow(public_id: str, target_uri: str) -> Doc:
    asked: Doc = {"id": _follow_uri(public_id), "type": "Follow", "actor": _instance(), "object": target_uri or PUBLIC}
    # Mastodon's own has no `to`, and relays are written for that.
    return asked | ({"to": [target_uri]} if target_uri else {})
