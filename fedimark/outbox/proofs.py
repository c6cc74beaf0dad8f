"""Proofs in what we say to everybody, so that whoever passes it on need not be believed. (FEP-8b32)"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedimark.database import Row
from fedimark.outbox.profiles import SMALL
from fedimark.remote.signing import private_key, proof_key_id_of
from fedimark.signatures.proofs import CONTEXT, sign
from fedimark.vocab.reading import is_public
from fedimark.vocab.terms import Doc


def sealed(document: Doc, actor: Row, at: int) -> Doc:
    """The activity with a proof of its actor, where Public stands in its `to`; any other as it is.

    `actor` is the whole row of somebody here, or of the server itself, `at` the moment in microseconds since 1970 UTC.
    What is unlisted or for followers bears none: a proof lets anybody show it to anybody, and still be believed. It
    costs a fifth of a millisecond for a Note of usual length, and belongs into the transaction that says the activity.
    """
    if not is_public(document["to"]) or not actor["proof_private_key"]:
        return document
    key = private_key(actor["proof_private_key"])
    assert isinstance(key, Ed25519PrivateKey)
    return sign(document | {"@context": with_proofs(document["@context"])}, proof_key_id_of(actor), key, at)


def sealed_shapes(shapes: Mapping[str, Doc], actor: Row, at: int) -> dict[str, Doc]:
    """The same activity in each of its shapes, each with a proof of its own; the small one has no room for one."""
    return {shape: document if shape == SMALL else sealed(document, actor, at) for shape, document in shapes.items()}


def with_proofs(context: object) -> list[object]:
    """A context that knows of proofs too."""
    # After the first, which is ActivityStreams: some readers look there alone.
    first, *others = context if isinstance(context, list) else [context]
    return [first, CONTEXT, *others]
