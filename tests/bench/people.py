"""People of a data set: rows of actors, accounts and sessions, without the 100 ms that each real password costs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from tortoise.models import Model

from fedimark.models import Account, Actor, Session

BASE_URL = "http://127.0.0.1:8000"  # frozen in every data set; the servers listen elsewhere
COOKIE = "fedimark-8000"
PEOPLE = 200
MADE_AT = 1_700_000_000_000_000


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
    actors, accounts, sessions = (defaults(model) for model in (Actor, Account, Session))
    # Nobody signs in by password and nothing is signed.
    accounts["password_hash"] = ""
    for number in range(amount):
        actor_id, name = first_id + number, name_of(number)
        actor = {"id": actor_id, "local_name": name, "username": name, "created_at": MADE_AT}
        yield "actor", {**actors, **actor}
        yield "account", {**accounts, "id": actor_id, "actor_id": actor_id, "created_at": MADE_AT}
        digest = hashlib.sha256(token_of(number).encode()).hexdigest()
        session = {"token_hash": digest, "account_id": actor_id, "created_at": seen_at, "seen_at": seen_at}
        yield "session", {**sessions, **session}


def defaults(model: type[Model]) -> dict[str, Any]:
    """What a table's columns hold when nobody says otherwise; the tables themselves know none of it."""
    columns = model._meta.fields_map.items()
    return {name: column.default for name, column in columns if column.default is not None and not column.pk}
