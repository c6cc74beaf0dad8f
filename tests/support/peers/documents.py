"""What a fake peer writes and serves: its person, what they publish (tests/wire), how that is edited and taken away."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.support.peers.quirks import Quirks
from tests.support.peers.reading import AS, PUBLIC
from tests.support.peers.signing import pem_of
from tests.support.peers.strict import Doc
from tests.support.wire import wire

AS2, JRD, JSON = "application/activity+json", "application/jrd+json", "application/json"
_NODEINFO = "http://nodeinfo.diaspora.software/ns/schema/2.0"
_EDITED = "2026-08-22T13:00:00Z"


class Documents:
    """`note` is what the person publishes, `author` whose it is: the person's own unless a group announces it."""

    def __init__(self, quirks: Quirks) -> None:
        self.quirks = quirks
        self.created = wire(quirks.wire, **quirks.renamed)
        self.actor_id: str = self.created["actor"]
        self.host = urlsplit(self.actor_id).netloc
        inner = self.created["object"]
        # tags.pub announces by address what stands elsewhere.
        self.note: Doc = {"id": inner, "attributedTo": ""} if isinstance(inner, str) else inner.get("object", inner)
        self.author: str = self.note["attributedTo"]
        self.gone: set[str] = set()
        self.key_version = 1
        self._follows = self._accepts = 0

    @property
    def key_id(self) -> str:
        """The id of its person's key."""
        return f"{self.actor_id}{self.quirks.key}{'' if self.key_version == 1 else self.key_version}"

    def is_for_all(self, target: str) -> bool:
        """What even those who ask for signatures give to everybody: discovery and keys."""
        return target.startswith(("/.well-known/", "/nodeinfo/")) or self.key_id.endswith(target)

    def at(self, target: str, key: RSAPrivateKey) -> tuple[Doc | None, str]:
        """What stands at an address, and its media type; None where nothing does."""
        own = {
            "/.well-known/nodeinfo": {"links": [{"rel": _NODEINFO, "href": f"https://{self.host}/nodeinfo/2.0"}]},
            "/nodeinfo/2.0": {"version": "2.0", "software": {"name": self.quirks.software, "version": "1"}},
        }
        if target.startswith("/.well-known/webfinger"):
            links = [{"rel": "self", "type": AS2, "href": self.actor_id}]
            return {"subject": f"acct:{self.quirks.person}@{self.host}", "links": links}, JRD
        if target in own:
            return own[target], JSON
        if target in self.gone:
            return None, AS2
        return self._published(key).get(target), AS2

    def _published(self, key: RSAPrivateKey) -> dict[str, Doc]:
        person = self.person(key)
        authors = {uri: self.person(key, uri, "Person") for uri in {self.author} - {self.actor_id, ""}}
        stub = {"id": self.actor_id, "type": person["type"], "publicKey": person["publicKey"]}
        outbox = {"id": person["outbox"], "type": "OrderedCollection", "totalItems": 0, "orderedItems": []}
        # Where the key has no address of its own, the actor stands there.
        found = {person["publicKey"]["id"]: stub, self.actor_id: person, person["outbox"]: outbox, **authors}
        found[self.note["id"]] = {"@context": AS, **self.note}
        return {_target(uri): document for uri, document in found.items()}

    def person(self, key: RSAPrivateKey, uri: str = "", kind: str = "") -> Doc:
        """Its actor, or the author of what its group announces."""
        uri = uri or self.actor_id
        paths = f"https://{self.host}/people/{self.quirks.person if uri == self.actor_id else 'author'}"
        name = self.quirks.person if uri == self.actor_id else uri.rpartition("/")[2]
        shared = {"endpoints": {"sharedInbox": f"https://{self.host}/inbox"}} if self.quirks.has_shared_inbox else {}
        key_id = self.key_id if uri == self.actor_id else f"{uri}#main-key"
        return {
            "@context": [AS, "https://w3id.org/security/v1"],
            "id": uri,
            "type": kind or self.quirks.kind,
            "preferredUsername": name,
            "name": f"#{name}" if self.quirks.kind == "Service" else name,
            "inbox": f"{paths}/inbox",
            "outbox": f"{paths}/outbox",
            "followers": f"{paths}/followers",
            **shared,
            "publicKey": {"id": key_id, "owner": uri, "publicKeyPem": pem_of(key)},
        }

    # What its person says

    def follow(self, uri: str) -> Doc:
        """A Follow with an id of its own."""
        self._follows += 1
        return {"@context": AS, **self._follow(uri)}

    def unfollow(self, uri: str) -> Doc:
        """The last Follow taken back, whole."""
        inner = self._follow(uri)
        return {"@context": AS, "id": f"{inner['id']}/undo", "type": "Undo", "actor": self.actor_id, "object": inner}

    def accept(self, follow: Doc) -> Doc:
        """The answer to a Follow: the whole of it stands inside, or its id alone."""
        inner = follow["id"] if self.quirks.accepts == "id" else {k: v for k, v in follow.items() if k != "@context"}
        self._accepts += 1
        uri = f"https://{self.host}/accepts/{self._accepts}"
        named = {} if "without" in self.quirks.accepts else {"id": uri}
        return {"@context": AS, **named, "type": "Accept", "actor": self.actor_id, "object": inner}

    def edited(self) -> list[Doc]:
        """What an edit says; afterwards the Note stands there with other words."""
        old, new = self.quirks.words
        self.note = json.loads(json.dumps(self.note, ensure_ascii=False).replace(old, new)) | {"updated": _EDITED}
        about = {"type": "Update", "actor": self.author, "to": [PUBLIC], "object": self.note}
        update = {"@context": AS, "id": f"{self.note['id']}#update", **about}
        if self.quirks.edits == "address":
            del self.note["updated"]
            return [
                {"@context": AS, "type": "Create", "actor": self.actor_id, "object": self.note["id"], "to": [PUBLIC]}
            ]
        return [self._announced("update", update)] if self.quirks.edits == "announced" else [update]

    def removed(self) -> list[Doc]:
        """What its end says; afterwards nothing stands there any more."""
        note_id = self.note["id"]
        if self.quirks.removes == "undo":
            inner = {key: value for key, value in self.created.items() if key != "@context"}
            undo = {"id": f"{inner['id']}/undo", "type": "Undo", "actor": self.actor_id, "to": [PUBLIC]}
            return [{"@context": AS, **undo, "object": inner}]
        self.gone.add(_target(note_id))
        inner = note_id if self.quirks.removes != "tombstone" else {"id": note_id, "type": "Tombstone"}
        about = {"type": "Delete", "actor": self.author, "to": [PUBLIC], "object": inner}
        delete = {"@context": AS, "id": f"{note_id}#delete", **about}
        return [self._announced("delete", delete)] if self.quirks.removes == "announced" else [delete]

    def _follow(self, uri: str) -> Doc:
        return {
            "id": f"https://{self.host}/follows/{self._follows}",
            "type": "Follow",
            "actor": self.actor_id,
            "object": uri,
        }

    def _announced(self, what: str, inner: Doc) -> Doc:
        uri = f"https://{self.host}/activities/announce/{what}"
        to = {"to": [PUBLIC], "cc": [f"https://{self.host}/people/{self.quirks.person}/followers"]}
        return {"@context": AS, "id": uri, "type": "Announce", "actor": self.actor_id, "object": inner, **to}


def _target(uri: str) -> str:
    """Path and query of an address, without its fragment."""
    return "/" + uri.partition("#")[0].split("/", 3)[3]
