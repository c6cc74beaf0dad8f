"""Keys for programs: many a person, each with a name and with what it may do, shown when made and kept as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from fedimark.accounts.queries import VIEWER_COLUMNS, viewer_from
from fedimark.accounts.rows import insert
from fedimark.database import Row, execute, fetch, fetch_one, write
from fedimark.errors import Forbidden, NotFound, Refused, Unavailable
from fedimark.here import MICROS, now
from fedimark.language.said import _
from fedimark.logs import KEY_MADE, KEY_REVOKED, log
from fedimark.policy.visibility import Viewer
from fedimark.text.clean import one_line

MOST: Final = 50  # a person
NAME_LIMIT: Final = 100
FOR_FEEDS: Final = "user/secret"  # the name of the key that an app asked for by itself
FOR_APPS: Final = "user/api_token"
MOST_ASKED_FOR: Final = 5

_HEX = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)
_USED_EVERY: Final = 10 * 60 * MICROS

_BEARER = f"""
SELECT {VIEWER_COLUMNS}, token.id AS token_id, token.scopes, token.used_at
FROM token
JOIN account ON account.id = token.account_id
JOIN actor ON actor.id = account.actor_id
WHERE token.token_hash = ? AND actor.suspended_at IS NULL AND actor.gone_at IS NULL
"""
_USED = "UPDATE token SET used_at = ? WHERE id = ? AND (used_at IS NULL OR used_at < ?)"
# Of those that apps asked for, all but the ones used last.
_FORGET = """
DELETE FROM token WHERE account_id = ? AND name = ? AND id NOT IN (
    SELECT id FROM token WHERE account_id = ? AND name = ? ORDER BY COALESCE(used_at, created_at) DESC, id DESC LIMIT ?)
"""


class Scope(IntFlag):
    """What a key may do; the bits are what the database holds."""

    READ = 1
    WRITE = 2
    FEED = 4  # open feeds, of what is private too
    VISIBILITY = 8  # show to fewer what was shown, through apps that always say so without being asked
    SAVE = 16  # save a new bookmark, and read nothing

    @property
    def word(self) -> str:
        """The word of one scope, as forms and the command line use it; of several that go together, their words."""
        return (self.name or "").lower().replace("|", " ")


BY_WORD: Final = {scope.word: scope for scope in Scope}
USUAL: Final = Scope.READ | Scope.WRITE | Scope.FEED  # what the methods of apps need, all but hiding


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who brings a key, and what it lets them do. Who proved a password may do everything."""

    viewer: Viewer
    scopes: Scope
    token_id: int = 0

    def need(self, *any_of: Scope) -> None:
        """Make sure that the key has one of these scopes, or all of several that go together. Raises Forbidden."""
        if not any(scope in self.scopes for scope in any_of):
            raise Forbidden(_("This key may not do that: it needs “%(word)s”.", word=any_of[0].word))


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its owner sees it; moments are microseconds since 1970, UTC, `used_at` within ten minutes."""

    id: int
    name: str
    scopes: tuple[str, ...]
    made_at: int
    used_at: int | None


async def make_token(viewer: Viewer, name: str, scopes: Scope) -> str:
    """Make a key and return it as `NAME:HEX`, which cannot be shown again.

    Raises Refused for the field `name` or `scopes`, and for who has 50.
    """
    name = one_line(name, NAME_LIMIT + 1)
    if not name or len(name) > NAME_LIMIT:
        raise Refused(_("Give it a name of at most %(most)s characters.", most=NAME_LIMIT), field="name")
    if not scopes:
        raise Refused("Choose what it may do.", field="scopes")
    return await _made(viewer, name, scopes, _new())


async def bearer_of(text: str) -> Bearer | None:
    """Who brings a key, `HEX` or `NAME:HEX`; None for unknown and revoked ones, wrong names, and who is suspended.

    One look-up by the hash, so that how long it takes tells nothing. At most every ten minutes it writes down that the
    key is in use.
    """
    name, hexes = _split(text)
    row = await fetch_one(_BEARER, _hash(hexes)) if hexes else None
    if row is None or (name and name != row["local_name"]):
        return None
    await _note_use(row)
    return Bearer(viewer_from(row), Scope(row["scopes"]), row["token_id"])


async def viewer_of_key(key: str) -> Viewer:
    """Whose feeds a key opens. Raises NotFound, for one that may not too: nobody learns that it is there."""
    bearer = await bearer_of(key)
    if bearer is None or Scope.FEED not in bearer.scopes:
        raise NotFound
    return bearer.viewer


async def list_tokens(viewer: Viewer) -> tuple[Key, ...]:
    """A person's keys, the newest first."""
    rows = await fetch("SELECT * FROM token WHERE account_id = ? ORDER BY id DESC", viewer.account_id)
    return tuple(
        Key(row["id"], row["name"], words(Scope(row["scopes"])), row["created_at"], row["used_at"]) for row in rows
    )


async def revoke_token(viewer: Viewer, token_id: int) -> None:
    """End one of a person's own keys. Raises NotFound for any other."""
    if not await execute("DELETE FROM token WHERE id = ? AND account_id = ?", token_id, viewer.account_id):
        raise NotFound
    log.info(KEY_REVOKED, name=viewer.username, token=token_id)


async def feed_secret(viewer: Viewer) -> str:
    """The key that opens a person's feeds and nothing else, made when an app first asks; the same every time."""
    row = await fetch_one(
        "SELECT shown FROM token WHERE account_id = ? AND name = ? AND shown IS NOT NULL",
        viewer.account_id,
        FOR_FEEDS,
    )
    if row is not None:
        return str(row["shown"])
    secret = _new()
    await _made(viewer, FOR_FEEDS, Scope.FEED, secret, shown=secret)
    return secret


async def api_token(viewer: Viewer) -> str:
    """A new key as `NAME:HEX` for an app that knows the password; of such keys the five used last are kept."""
    made = await _made(viewer, FOR_APPS, USUAL, _new())
    ours = viewer.account_id, FOR_APPS
    await execute(_FORGET, *ours, *ours, MOST_ASKED_FOR)
    return made


def read_scopes(texts: tuple[str, ...]) -> Scope:
    """Scopes by their words. Raises Refused for the field `scopes`, for a word there isn't."""
    scopes = Scope(0)
    for text in texts:
        if text not in BY_WORD:
            raise Refused(_("Choose of %(by_word)s.", by_word=", ".join(BY_WORD)), field="scopes")
        scopes |= BY_WORD[text]
    return scopes


def words(scopes: Scope) -> tuple[str, ...]:
    """The words of several scopes."""
    return tuple(scope.word for scope in Scope if scope in scopes)


async def _made(viewer: Viewer, name: str, scopes: Scope, hexes: str, shown: str | None = None) -> str:
    async with write():
        found = await fetch_one("SELECT count(*) AS n FROM token WHERE account_id = ?", viewer.account_id)
        if found and found["n"] >= MOST:
            raise Refused(_("You have %(most)s keys; revoke one first.", most=MOST), field="name")
        await insert(
            "token",
            account_id=viewer.account_id,
            name=name,
            token_hash=_hash(hexes),
            shown=shown,
            scopes=int(scopes),
            created_at=now(),
        )
    log.info(KEY_MADE, name=viewer.username, scopes=" ".join(words(scopes)))
    return f"{viewer.username}:{hexes}"


async def _note_use(row: Row) -> None:
    if row["used_at"] is None or now() - row["used_at"] > _USED_EVERY:
        # A full or read-only disk must not keep anybody from reading.
        with suppress(Unavailable):
            await execute(_USED, now(), row["token_id"], now() - _USED_EVERY)


def _new() -> str:
    return secrets.token_hex(16).upper()


def _split(text: str) -> tuple[str, str]:
    """Name (may be empty) and hexadecimal part, empty where it cannot be a key."""
    name, _, hexes = text.strip().rpartition(":")
    return name.lower(), hexes if _HEX.fullmatch(hexes) else ""


def _hash(hexes: str) -> str:
    return hashlib.sha256(hexes.upper().encode("ascii")).hexdigest()
