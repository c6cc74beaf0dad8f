"""People of a data set: rows of actors, accounts and sessions, without the 100 ms that each real password costs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

BASE_URL = "http://127.0.0.1:8000"  # frozen in every data set; the servers listen elsewhere
COOKIE = "fedimark-8000"
PEOPLE = 200
MADE_AT = 1_700_000_000_000_000

# Nobody signs in by password and nothing is signed: one of each serves everybody.
_ACTOR = {
    "kind": "Person",
    "host": "",
    **dict.fromkeys(("name", "summary", "url", "icon", "inbox", "shared_inbox", "outbox", "followers_uri"), ""),
    **dict.fromkeys(("key_id", "public_key", "private_key"), ""),
    "fields": "[]",
    "approves_followers": False,
    "indexable": True,
    "created_at": MADE_AT,
    "fetched_at": 0,
}
_ACCOUNT = {
    "password_hash": "",
    "is_admin": False,
    "default_visibility": 3,
    "privacy_lock": False,
    "time_zone": "UTC",
    "theme": "auto",
    "created_at": MADE_AT,
}


def name_of(number: int) -> str:
    """The user name of a person, counted from 0."""
    return f"person{number:03}"


def token_of(number: int) -> str:
    """What a person's session cookie holds."""
    return f"bench-{number}"


def cookie_of(number: int) -> str:
    """A Cookie header that signs a person in."""
    return f"{COOKIE}={token_of(number)}"


def rows(first_id: int, amount: int, seen_at: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and row of everything `amount` people consist of; their actors are numbered from `first_id`."""
    for number in range(amount):
        actor_id, name = first_id + number, name_of(number)
        yield "actor", {"id": actor_id, "local_name": name, "username": name, **_ACTOR}
        yield "account", {"id": actor_id, "actor_id": actor_id, **_ACCOUNT}
        digest = hashlib.sha256(token_of(number).encode()).hexdigest()
        moments = {"created_at": seen_at, "seen_at": seen_at}
        yield "session", {"token_hash": digest, "account_id": actor_id, "browser": "", "address": "", **moments}
