"""A tag that can be followed: whose it is, what it is called, and its document.

`/t/sql` is a Group: Mastodon shows it as one, Lemmy can subscribe. A person's tag, `/u/ana/t/sql`, is a Service.
"""

from __future__ import annotations

from dataclasses import dataclass

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.here import here
from fedimark.outbox import ids
from fedimark.outbox.documents import DAY, generator
from fedimark.text import html
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import Doc, tag_actor_context

GROUP = "Group"
SERVICE = "Service"


@dataclass(frozen=True, slots=True)
class TagActor:
    """A tag that was public here once; `tag` is its row, `owner` the row of the person whose tag it is.

    It needs no row of `actor` until somebody follows it. (follows.streams)
    """

    tag: Row
    owner: Row | None = None

    @property
    def key(self) -> str:
        """What stands in the address."""
        return str(self.tag["key"])

    @property
    def owner_id(self) -> int:
        """The person's row of `actor`, 0 where the tag is everybody's."""
        return int(self.owner["id"]) if self.owner else 0

    @property
    def path(self) -> str:
        """The page, and the actor."""
        return addresses.stream(self.owner["local_name"] if self.owner else "", self.key)

    @property
    def uri(self) -> str:
        """The actor's id."""
        return absolute(self.path)

    @property
    def kind(self) -> str:
        """The AS2 type."""
        return SERVICE if self.owner else GROUP

    @property
    def username(self) -> str:
        """What stands before the host in its handle: `tag.sql`, `ana.sql`."""
        return f"{self.owner['local_name'] if self.owner else 'tag'}.{self.tag['slug']}"

    @property
    def name(self) -> str:
        """What it is called where names are shown."""
        return f"{self.owner['name'] or self.owner['local_name']}: #{self.key}" if self.owner else f"#{self.key}"


def document(actor: TagActor, keeper: Row) -> Doc:
    """The actor document of a tag; `keeper` is the row of the server's own actor, whose key it speaks with."""
    uri = actor.uri
    # Of somebody suspended nothing is shown that they said of themselves.
    is_shut = actor.owner is not None and actor.owner["suspended_at"] is not None
    said: Doc = {
        "@context": tag_actor_context(),
        "id": uri,
        "type": actor.kind,
        "preferredUsername": actor.username,
        "webfinger": f"{actor.username}@{here().settings.handles_at}",
        "name": f"#{actor.key}" if is_shut else actor.name,
        "summary": html.paragraphs(_summary(actor)),
        "url": uri,
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "endpoints": {"sharedInbox": absolute(addresses.SHARED_INBOX)},
        "manuallyApprovesFollowers": bool(actor.owner and actor.owner["approves_followers"]),
        "discoverable": True,
        "indexable": True,
        # Lemmy would let its people write into the Group.
        "postingRestrictedToMods": True,
        "published": rfc3339(actor.tag["public_at"] // DAY * DAY),
        "icon": {"type": "Image", "mediaType": "image/png", "url": absolute(addresses.STREAM_ICON)},
        "publicKey": {
            "id": addresses.key_id_at(uri),
            "owner": uri,
            "publicKeyPem": keeper["public_key"],
        },
        "generator": generator(),
    }
    owned: Doc = {"attributedTo": ids.actor(actor.owner["local_name"])} if actor.owner else {}
    return said | owned | ({"suspended": True} if is_shut else {})


def of_others_too(actor: TagActor) -> Doc:
    """What the document of everybody's tag says instead where it passes on what others save. (outbox.passed_on)"""
    said = f"Public bookmarks that people of {here().settings.host} tag {actor.key}, and people elsewhere who are open"
    return {"summary": html.paragraphs(f"{said} to being found, announced as they are saved.")}


def _summary(actor: TagActor) -> str:
    host = here().settings.host
    if actor.owner is not None:
        name = f"{actor.owner['local_name']}@{here().settings.handles_at}"
        return f"The public bookmarks of {name} tagged {actor.key}, announced as they are saved."
    return f"Public bookmarks that people of {host} tag {actor.key}, announced as they are saved."
