"""What was found behind what somebody typed, in plain words for pages and the command line."""

from __future__ import annotations

from fedimark.database import Row
from fedimark.follows.kinds import COMMUNITIES, FEED, is_stream, software_at
from fedimark.here import here

_LATER = " as soon as its server answers"


async def what(actor: Row) -> str:
    """What somebody is to who follows them, as a noun; empty for a person. `actor` has the columns of `queries`."""
    if actor["tag_id"] is not None:
        return "a tag stream"
    if actor["kind"] == FEED:
        return "a feed, read every 15 minutes at most"
    if not await is_stream(actor):
        return ""
    if await software_at(actor) in COMMUNITIES:
        return "a community"
    return "a tag stream" if "#" in actor["name"] else "a group"


def handle(actor: Row) -> str:
    """`@ana@marks.example`."""
    return f"@{actor['username']}@{actor['host'] or here().settings.handles_at}"


async def told(follow: Row) -> str:
    """What came of asking to follow somebody; `follow` is a row of `queries`."""
    noun, stands = await what(follow), follow["state"] == "accepted"
    if not noun:
        return f"You follow {handle(follow)}." if stands else f"{handle(follow)} was asked."
    return f"{_named(follow)} is {noun}; you follow it{'' if stands else _LATER}."


async def told_of_page(follow: Row) -> str:
    """The same for the page of a tag."""
    stands = follow["state"] == "accepted"
    return f"{_named(follow)} is {await what(follow)}; the page shows it{'' if stands else _LATER}."


def _named(follow: Row) -> str:
    return f"{follow['name'] or follow['username']} at {follow['host'] or here().settings.handles_at}"
