"""From rows to documents: people, activities, what is left of things that ended. Notes have a file of their own."""

from __future__ import annotations

import json

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.here import here
from fedimark.outbox import ids
from fedimark.outbox.notes import audience, note
from fedimark.outbox.profiles import APPLICATION, MICRO
from fedimark.policy.visibility import Visibility
from fedimark.remote.keyring import actor_of
from fedimark.remote.signing import key_id_of, proof_key_id_of
from fedimark.text import html
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import AS, PUBLIC, Doc, actor_context, note_context

DAY = 86_400_000_000
_SILENT = {"name": "", "summary": "", "icon": "", "fields": "[]", "indexable": False, "also_known_as": "[]"}
# What a peer cannot tell from anything else, so that it may sign that way at once. (FEP-844e)
_IMPLEMENTS = ({"href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421: HTTP Message Signatures"},)
_ICON_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}


def person(actor: Row) -> Doc:
    """The actor document of somebody here; `actor` is their whole row.

    Of somebody suspended it says so, as Mastodon does, and nothing of what they said of themselves.
    """
    username = actor["local_name"]
    uri = ids.actor(username)
    if actor["suspended_at"] is not None:
        actor = {**actor, **_SILENT}
    document: Doc = {
        "@context": actor_context(),
        "id": uri,
        "type": actor["kind"],
        "preferredUsername": username,
        "webfinger": f"{username}@{here().settings.handles_at}",
        "name": actor["name"] or username,
        "summary": html.paragraphs(actor["summary"]),
        "url": uri,
        "inbox": absolute(addresses.inbox(username)),
        "outbox": absolute(addresses.outbox(username)),
        "followers": ids.followers(username),
        "following": absolute(addresses.following(username)),
        "featured": absolute(addresses.featured(username)),
        "featuredTags": absolute(addresses.featured_tags(username)),
        "endpoints": {"sharedInbox": absolute(addresses.SHARED_INBOX)},
        "manuallyApprovesFollowers": bool(actor["approves_followers"]),
        "discoverable": True,
        "indexable": bool(actor["indexable"]),
        # The day is enough: the hour somebody signed up is nobody's business.
        "published": rfc3339(actor["created_at"] // DAY * DAY),
        "attachment": _fields(actor),
        "publicKey": _key(actor),
        **_assertion(actor),
        "generator": generator(),
    }
    others = json.loads(actor["also_known_as"])
    named: Doc = {"alsoKnownAs": others} if others else {}
    gone: Doc = {"movedTo": actor["moved_to"]} if actor["moved_to"] else {}
    silenced: Doc = {"suspended": True} if actor["suspended_at"] is not None else {}
    return document | _icon(actor["icon"]) | named | gone | silenced


def instance(actor: Row, kind: str = APPLICATION) -> Doc:
    """The actor document of the server itself, which signs its questions; served to everybody, signed or not.

    `kind` is what it is to whoever asks. (profiles.instance_kind)
    """
    uri = absolute(addresses.INSTANCE_ACTOR)
    return {
        "@context": actor_context(),
        "id": uri,
        "type": kind,
        "preferredUsername": actor["username"],
        "webfinger": f"{actor['username']}@{here().settings.handles_at}",
        "name": here().settings.host,
        "url": absolute("/"),
        "inbox": absolute(addresses.SHARED_INBOX),
        # Empty for ever, but Lemmy and Omnom read no actor without an outbox, GoToSocial asks for what is featured.
        "outbox": absolute(addresses.INSTANCE_OUTBOX),
        "featured": absolute(addresses.INSTANCE_FEATURED),
        "endpoints": {"sharedInbox": absolute(addresses.SHARED_INBOX)},
        "manuallyApprovesFollowers": True,
        "discoverable": False,
        "indexable": False,
        "publicKey": _key(actor),
        **_assertion(actor),
        "implements": [dict(each) for each in _IMPLEMENTS],
    }


def generator() -> Doc:
    """What an actor is made by: this server, and what it understands."""
    return {
        "type": "Application",
        "id": absolute(addresses.INSTANCE_ACTOR),
        "implements": [dict(each) for each in _IMPLEMENTS],
    }


def tombstone(uri: str, deleted_at: int, former_type: str = "Note") -> Doc:
    """What an address answers for ever once its object ended. (ActivityPub §6.4)"""
    return {
        "@context": AS,
        "id": uri,
        "type": "Tombstone",
        "formerType": former_type,
        "deleted": rfc3339(deleted_at),
    }


def create(username: str, bookmark: Row, profile: str = MICRO, group: str = "") -> Doc:
    """The Create of a bookmark, Note inside in the shape of `profile`. Raises ValueError for what never leaves."""
    said = note(username, bookmark, profile, group)
    return _about_note("Create", ids.create(username, bookmark["public_id"]), username, said)


def update(username: str, bookmark: Row, activity_id: str, profile: str = MICRO, group: str = "") -> Doc:
    """The Update of a bookmark, in the shape of `profile`.

    `updated` always stands in it: an edit a breath after the save is an edit too.
    """
    changed = rfc3339(bookmark["updated_at"])
    uri = ids.activity(username, bookmark["public_id"], activity_id)
    document = _about_note("Update", uri, username, note(username, bookmark, profile, group) | {"updated": changed})
    return document | {"published": changed}


def delete(username: str, public_id: str, activity_id: str, at: int) -> Doc:
    """The Delete of a bookmark; addressed to Public whatever the bookmark's reach, for it holds no word of it."""
    heard = audience(username, Visibility.PUBLIC)
    return {
        "@context": AS,
        "id": ids.activity(username, public_id, activity_id),
        "type": "Delete",
        "actor": ids.actor(username),
        "published": rfc3339(at),
        "to": heard.to,
        "cc": heard.cc,
        "object": {"id": ids.note(username, public_id), "type": "Tombstone"},
    }


def delete_person(username: str, at: int) -> Doc:
    """The Delete of a person by themselves."""
    uri = ids.actor(username)
    return {
        "@context": AS,
        "id": ids.end(username),
        "type": "Delete",
        "actor": uri,
        "published": rfc3339(at),
        "to": [PUBLIC],
        "cc": [],
        "object": uri,
    }


def update_person(actor: Row, activity_id: str, at: int) -> Doc:
    """The Update of a person: their whole document stands in it."""
    username = actor["local_name"]
    document = person(actor)
    return {
        "@context": document.pop("@context"),
        "id": ids.change(username, activity_id),
        "type": "Update",
        "actor": ids.actor(username),
        "published": rfc3339(at),
        "to": [PUBLIC],
        "cc": [ids.followers(username)],
        "object": document,
    }


def move_person(actor: Row, activity_id: str, at: int) -> Doc:
    """The Move of a person to the account that their row names. (FEP-7628)"""
    username = actor["local_name"]
    uri = ids.actor(username)
    return {
        "@context": AS,
        "id": ids.change(username, activity_id),
        "type": "Move",
        "actor": uri,
        "published": rfc3339(at),
        "to": [ids.followers(username)],
        "cc": [],
        "object": uri,
        "target": actor["moved_to"],
    }


def block(username: str, block_id: str, target_uri: str) -> Doc:
    """A Block by somebody here, addressed to the blocked person and nobody else."""
    return {"@context": AS, **_block(username, block_id, target_uri)}


def undo_block(username: str, block_id: str, target_uri: str) -> Doc:
    """Taking a Block back; the whole Block stands in it."""
    inner = _block(username, block_id, target_uri)
    return _answer("Undo", ids.undo_block(username, block_id), ids.actor(username), target_uri, inner)


def follow(actor: str, follow_id: str, target_uri: str) -> Doc:
    """A Follow asked by somebody here, or by the server itself; `actor` is their id."""
    return {"@context": AS, **_follow(addresses.follow(actor, follow_id), actor, target_uri)}


def undo_follow(actor: str, follow_id: str, target_uri: str) -> Doc:
    """Taking a Follow back; the whole Follow stands in it, for servers that do not keep its id.

    It happens once, for asking again is a new Follow.
    """
    uri = addresses.follow(actor, follow_id)
    return _answer("Undo", f"{uri}/undo", actor, target_uri, _follow(uri, actor, target_uri))


def answer_follow(kind: str, username: str, answer_id: str, follower_uri: str, follow_uri: str | None) -> Doc:
    """An Accept or Reject (`kind`) of a Follow received; `follow_uri` is None where the Follow had no id.

    The whole Follow stands in it: Postmarks looks at `object.type`.
    """
    uri = absolute(addresses.accept(username, answer_id))
    return answer_follow_as(kind, ids.actor(username), uri, follower_uri, follow_uri)


def answer_follow_as(kind: str, actor: str, uri: str, follower_uri: str, follow_uri: str | None) -> Doc:
    """The same by any actor of this server, under an id of its own."""
    return _answer(kind, uri, actor, follower_uri, _follow(follow_uri, follower_uri, actor))


def _about_note(kind: str, uri: str, username: str, inner: Doc) -> Doc:
    return {
        "@context": note_context(),
        "id": uri,
        "type": kind,
        "actor": ids.actor(username),
        "published": inner["published"],
        "to": inner["to"],
        "cc": inner["cc"],
        "object": inner,
    }


def _follow(uri: str | None, actor: str, target: str) -> Doc:
    named: Doc = {"id": uri} if uri else {}
    return {**named, "type": "Follow", "actor": actor, "object": target, "to": [target]}


def _block(username: str, block_id: str, target: str) -> Doc:
    inner = {"id": ids.block(username, block_id), "type": "Block", "actor": ids.actor(username), "object": target}
    return {**inner, "to": [target], "cc": []}


def _answer(kind: str, uri: str, actor: str, hearer: str, inner: Doc) -> Doc:
    return {"@context": AS, "id": uri, "type": kind, "actor": actor, "to": [hearer], "cc": [], "object": inner}


def _key(actor: Row) -> Doc:
    key_id = key_id_of(actor)
    return {"id": key_id, "owner": actor_of(key_id), "publicKeyPem": actor["public_key"]}


def _assertion(actor: Row) -> Doc:
    """The key for proofs inside documents. (FEP-521a)"""
    if not actor["proof_public_key"]:
        return {}
    key_id = proof_key_id_of(actor)
    named = {"id": key_id, "type": "Multikey", "controller": actor_of(key_id)}
    return {"assertionMethod": [{**named, "publicKeyMultibase": actor["proof_public_key"]}]}


def _fields(actor: Row) -> list[object]:
    return [
        {"type": "PropertyValue", "name": name, "value": html.own_link(value)}
        for name, value in json.loads(actor["fields"])
    ]


def _icon(file: str) -> Doc:
    media_type = _ICON_TYPES.get(file.rpartition(".")[2].lower())
    if not media_type:
        return {}
    return {"icon": {"type": "Image", "mediaType": media_type, "url": absolute(addresses.icon(file))}}
