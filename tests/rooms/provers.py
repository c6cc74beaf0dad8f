"""People of other servers who prove what they say inside it."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedimark.here import now
from fedimark.signatures.multikey import multikey
from fedimark.signatures.proofs import CONTEXT, sign
from tests.rooms.strangers import Stranger

AS = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS}#Public"


@lru_cache
def proof_key_of(uri: str, version: int = 1) -> Ed25519PrivateKey:
    """A key for proofs."""
    return Ed25519PrivateKey.from_private_bytes(sha256(f"{version} {uri}".encode()).digest())


class Prover(Stranger):
    """A stranger whose actor names an Ed25519 key under `assertionMethod`."""

    def __init__(self, fleet: Any, uri: str, **said: Any) -> None:
        self.proof_key = proof_key_of(uri)
        self.proof_key_id = f"{uri}#ed25519-key"
        super().__init__(fleet, uri, **said)

    def document(self) -> dict[str, Any]:
        """The actor document."""
        named = {"id": self.proof_key_id, "type": "Multikey", "controller": self.uri}
        key = {**named, "publicKeyMultibase": multikey(self.proof_key)}
        return {**super().document(), "assertionMethod": [key], **self.said}

    def proves(self, document: Any, at: int | None = None, **changed: Any) -> dict[str, Any]:
        """A document with their proof; `changed` are parts of the proof said otherwise after it was made."""
        whole = {**document, "@context": [AS, CONTEXT]}
        proven = sign(whole, self.proof_key_id, self.proof_key, now() if at is None else at)
        proof: Any = proven["proof"]
        return proven | {"proof": {**proof, **changed}}

    def create(self, number: int = 1, **said: Any) -> dict[str, Any]:
        """A Create of a public bookmark, not proven yet."""
        note = {
            "id": f"{self.uri}/b/{number}",
            "type": "Note",
            "attributedTo": self.uri,
            "name": "A page",
            "content": "<p>Words.</p>",
            "attachment": [{"type": "Link", "href": f"https://example.org/{number}"}],
            "to": [PUBLIC],
            "cc": [],
            "published": "2026-02-28T09:15:00Z",
        }
        activity = {"id": f"{self.uri}/b/{number}/create", "type": "Create", "actor": self.uri, "to": [PUBLIC]}
        return {**activity, "cc": [], "object": note, **said}

    def delete(self, number: int = 1) -> dict[str, Any]:
        """A Delete of that bookmark, not proven yet."""
        activity = {"id": f"{self.uri}/b/{number}/delete", "type": "Delete", "actor": self.uri, "to": [PUBLIC]}
        return {**activity, "cc": [], "object": {"id": f"{self.uri}/b/{number}", "type": "Tombstone"}}
