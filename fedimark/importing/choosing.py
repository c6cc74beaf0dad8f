"""What somebody chose at another fedimark, brought in with their archive: looks, profile, picture, what they mute.

Nothing that they chose here already is changed, nothing is opened up that is closed here, and nobody is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fedimark.accounts.looks import Looks, change_looks, looks_of, read_looks
from fedimark.accounts.profile import FIELDS, time_zones
from fedimark.accounts.queries import viewer_by_name
from fedimark.accounts.threads import run_heavy
from fedimark.bookmarks.draft import Owner
from fedimark.database import execute
from fedimark.errors import FedimarkError, Refused
from fedimark.here import here
from fedimark.importing.members import number, text
from fedimark.media.files import keep_avatar
from fedimark.media.pictures import square_webp
from fedimark.moderation import muted_words
from fedimark.policy.visibility import BY_WORD, Visibility
from fedimark.text.clean import many_lines, one_line

_PLAIN: Final = Looks("auto", "some", "auto", "")
_FILL = """
UPDATE actor SET name = CASE WHEN name = '' THEN ? ELSE name END,
    summary = CASE WHEN summary = '' THEN ? ELSE summary END,
    fields = CASE WHEN fields = '[]' THEN ? ELSE fields END,
    approves_followers = (approves_followers OR ?), keeps_out = (keeps_out OR ?) WHERE id = ?
"""
_CHOOSE = """
UPDATE account SET time_zone = CASE WHEN time_zone = 'UTC' THEN ? ELSE time_zone END,
    default_visibility = CASE WHEN default_visibility > CAST(? AS SMALLINT) THEN CAST(? AS SMALLINT)
    ELSE default_visibility END, no_replies = (no_replies OR ?),
    unwanted_kinds = CASE WHEN unwanted_kinds = 0 THEN CAST(? AS INTEGER) ELSE unwanted_kinds END WHERE actor_id = ?
"""
_PICTURE = "UPDATE actor SET icon = ? WHERE id = ? AND icon = ''"


async def bring_in(owner: Owner, said: Mapping[str, Any]) -> None:
    """Bring in what a profile of an archive says."""
    fill = (one_line(text(said, "name"))[:100], many_lines(text(said, "bio"))[:2_000], _fields(said.get("fields")))
    closed = tuple(said.get(name) is True for name in ("approves_followers", "keeps_out", "no_replies"))
    await execute(_FILL, *fill, closed[0], closed[1], owner.actor_id)
    zone = text(said, "time_zone")
    reach = int(BY_WORD.get(text(said, "default_visibility"), Visibility.PUBLIC))
    kinds = min(number(said, "unwanted_kinds"), 2**31 - 1)
    zone = zone if zone in time_zones() else "UTC"
    await execute(_CHOOSE, zone, reach, reach, closed[2], kinds, owner.actor_id)
    viewer = await viewer_by_name(owner.username)
    if viewer is not None and await looks_of(viewer) == _PLAIN:
        try:
            wanted = {name: text(said, name) for name in ("theme", "descriptions", "language", "own_css")}
            await change_looks(viewer, read_looks({name: value for name, value in wanted.items() if value}))
        except Refused:
            return


async def bring_in_picture(owner: Owner, data: bytes) -> None:
    """Show the picture of an archive where somebody shows none; what is no picture is passed over."""
    if not data or len(data) > here().settings.avatar_limit_bytes:
        return
    try:
        name = await keep_avatar(owner.actor_id, await run_heavy(square_webp, data))
    except FedimarkError:
        return
    await execute(_PICTURE, name, owner.actor_id)


async def bring_in_mutes(owner: Owner, said: Iterable[Mapping[str, Any]]) -> None:
    """Mute the words, tags and servers of an archive; those that ended meanwhile are passed over."""
    for each in said:
        try:
            await muted_words.put(owner, text(each, "kind"), text(each, "value"), number(each, "until") or None)
        except Refused:
            continue


def _fields(value: object) -> str:
    pairs = value if isinstance(value, list) else []
    kept = [
        (one_line(pair[0])[:255], one_line(pair[1])[:255])
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
    ]
    said = json.dumps([pair for pair in kept if all(pair)][:FIELDS], ensure_ascii=False)
    return said.encode("utf-8", "replace").decode()
