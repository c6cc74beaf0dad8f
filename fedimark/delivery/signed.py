"""What relays of Mastodon's style get: the plain shape of an activity, with a signature over what it means.

It is made when a letter goes, with the key of that moment: it takes milliseconds, which no transaction waits for.
"""

from __future__ import annotations

import json
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from fedimark.database import Row
from fedimark.here import now
from fedimark.remote.signing import key_id_of, private_key
from fedimark.signatures import linked_data
from fedimark.vocab.moments import rfc3339

RELAY: Final = "relay"  # the name of that shape; it has no body of its own


def as_sent(delivery: Row) -> bytes:
    """The bytes of a letter; its `sender` is whoever said it, with a key. What is installed no more is left out."""
    body = bytes(delivery["body"])
    if delivery["profile"] != RELAY or not linked_data.is_possible():
        return body
    author = delivery["sender"]
    key = private_key(author["private_key"])
    assert isinstance(key, RSAPrivateKey)
    signed = linked_data.sign(json.loads(body), key_id_of(author), key, rfc3339(now()))
    return json.dumps(signed, ensure_ascii=False, separators=(",", ":")).encode()
