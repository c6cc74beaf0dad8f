"""What people say of themselves, and how they want their server to be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from fedimark.accounts.links import keep_links
from fedimark.accounts.queries import count_shown
from fedimark.bookmarks import notes
from fedimark.database import execute, fetch_one, write
from fedimark.errors import NotFound, Refused
from fedimark.follows import digests
from fedimark.here import here
from fedimark.language.said import _, ngettext
from fedimark.outbox.publish import person_changed
from fedimark.policy.visibility import BY_WORD, Viewer, Visibility
from fedimark.text.clean import many_lines, one_line

FIELDS: Final = 4
_NAME_LIMIT: Final = 100
_BIO_LIMIT: Final = 2_000
_FIELD_LIMIT: Final = 255
_SPOKEN: Final = "SELECT name, summary, fields, approves_followers, indexable FROM actor WHERE id = ?"
_NOT_PLACES: Final = {"localtime", "posixrules", "Factory", "build/etc/localtime"}


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's profile and choices; `bio` and `fields` (names with values) are plain text.

    Of who `keeps_out` everybody's tags announce nothing to other servers; who `takes_links` takes links of everybody;
    who is `searchable` lets other servers search their public bookmarks, and is `indexable` to them (FEP-5feb);
    `no_replies` is under what they save from now on; `digest` is whether one can be followed.
    """

    name: str
    bio: str
    fields: tuple[tuple[str, str], ...]
    approves_followers: bool
    default_visibility: Visibility
    privacy_lock: bool
    time_zone: str
    keeps_out: bool = False
    takes_links: bool = False
    searchable: bool = False
    no_replies: bool = False
    digest: bool = False


async def profile_of(viewer: Viewer) -> Profile:
    """A signed-in person's own profile. Raises NotFound when they left a moment ago."""
    row = await fetch_one(
        """
        SELECT actor.name, actor.summary, actor.fields, actor.approves_followers, actor.keeps_out,
            account.default_visibility, account.privacy_lock, account.time_zone,
            account.takes_links, account.searchable, account.no_replies,
            (SELECT d.is_on FROM digest d WHERE d.owner_id = actor.id) AS digest
        FROM account JOIN actor ON actor.id = account.actor_id WHERE account.id = ?
        """,
        viewer.account_id,
    )
    if row is None:
        raise NotFound
    return Profile(
        name=row["name"],
        bio=row["summary"],
        fields=tuple((name, value) for name, value in json.loads(row["fields"])),
        approves_followers=bool(row["approves_followers"]),
        default_visibility=Visibility(row["default_visibility"]),
        privacy_lock=bool(row["privacy_lock"]),
        time_zone=row["time_zone"],
        keeps_out=bool(row["keeps_out"]),
        takes_links=bool(row["takes_links"]),
        searchable=bool(row["searchable"]),
        no_replies=bool(row["no_replies"]),
        digest=bool(row["digest"]),
    )


def read_profile(texts: Mapping[str, str]) -> Profile:
    """Read a profile as the settings form sends it; a box that is not sent is not ticked.

    Raises Refused with the first field that cannot be kept: what is too long is not cut here, its writer is present.
    """
    visibility = texts.get("visibility", "")
    if visibility not in BY_WORD:
        raise Refused("Choose public, unlisted, followers or private.", field="visibility")
    time_zone = texts.get("time_zone", "")
    if time_zone not in time_zones():
        raise Refused("Choose a time zone of the list.", field="time_zone")
    return Profile(
        name=_kept(texts, "name", _NAME_LIMIT, one_line),
        bio=_kept(texts, "bio", _BIO_LIMIT, many_lines).strip(),
        fields=_read_fields(texts),
        approves_followers=bool(texts.get("approve_followers")),
        default_visibility=BY_WORD[visibility],
        privacy_lock=bool(texts.get("privacy_lock")),
        time_zone=time_zone,
        keeps_out=bool(texts.get("keep_out")),
        takes_links=bool(texts.get("takes_links")),
        searchable=bool(texts.get("searchable")),
        no_replies=bool(texts.get("no_replies")),
        digest=bool(texts.get("digest")),
    )


async def change_profile(viewer: Viewer, profile: Profile) -> None:
    """Keep a profile, and tell followers elsewhere when it changed.

    Raises Refused for `privacy_lock` while others can see any of the person's bookmarks.
    """
    async with write():
        before = await fetch_one(_SPOKEN, viewer.actor_id)
        await execute(
            """
            UPDATE account SET default_visibility = ?, privacy_lock = ?, time_zone = ?, takes_links = ?,
                searchable = ?, no_replies = ? WHERE id = ?
            """,
            int(profile.default_visibility),
            profile.privacy_lock,
            profile.time_zone,
            profile.takes_links,
            profile.searchable,
            profile.no_replies,
            viewer.account_id,
        )
        await execute(
            """
            UPDATE actor SET name = ?, summary = ?, fields = ?, approves_followers = ?, keeps_out = ?, indexable = ?
            WHERE id = ?
            """,
            profile.name,
            profile.bio,
            json.dumps(profile.fields, ensure_ascii=False),
            profile.approves_followers,
            profile.keeps_out,
            profile.searchable,
            viewer.actor_id,
        )
        await digests.turn(viewer.actor_id, viewer.username, profile.time_zone, on=profile.digest)
        # Asked inside the transaction, so nothing that becomes public meanwhile is missed.
        if profile.privacy_lock and (shown := await count_shown(viewer.actor_id)):
            raise Refused(_still_shown(shown), field="privacy_lock")
        if profile.privacy_lock and await notes.count_shown(viewer.actor_id):
            raise Refused("A note of yours is not private. Make everything private first.", field="privacy_lock")
        await keep_links(viewer.actor_id, profile.fields)
        if await fetch_one(_SPOKEN, viewer.actor_id) != before:
            await say_changed(viewer)
    here().wake.set()


async def say_changed(viewer: Viewer) -> None:
    """Inside `write`: let followers elsewhere know what a person is like now."""
    actor = await fetch_one("SELECT * FROM actor WHERE id = ?", viewer.actor_id)
    if actor is not None:
        await person_changed(actor)


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """Every time zone's name, UTC first; read from the zone files once."""
    return ("UTC", *sorted(available_timezones() - _NOT_PLACES - {"UTC"}))


def _still_shown(count: int) -> str:
    return ngettext(
        "%(num)s bookmark of yours is not private. Make everything private first; then this can lock.",
        "%(num)s bookmarks of yours are not private. Make everything private first; then this can lock.",
        count,
    )


def _kept(texts: Mapping[str, str], field: str, limit: int, clean: Callable[[str, int], str]) -> str:
    text = clean(texts.get(field, ""), limit + 1)
    if len(text) > limit:
        raise Refused(_("At most %(most)s characters, please.", most=limit), field=field)
    return text


def _read_fields(texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The fields with something in them; a value without a name is asked about."""
    fields = []
    for number in range(1, FIELDS + 1):
        name = _kept(texts, f"field_name_{number}", _FIELD_LIMIT, one_line)
        value = _kept(texts, f"field_value_{number}", _FIELD_LIMIT, one_line)
        if value and not name:
            raise Refused("This needs a name.", field=f"field_name_{number}")
        if name and value:
            fields.append((name, value))
    return tuple(fields)
