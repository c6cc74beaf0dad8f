"""Which shape a Note takes for which peer. One Note, three shapes; none says less than another. (FEDERATION, shapes)

`micro` is for everybody we do not know: a Note without `name`, behind which GoToSocial would hide it and which snac2
takes for a vote. `link` has the title as `name`, for servers that make a link post of it. `bookmarks` has `name` and
the tags as typed, for servers of bookmarks; fedimark itself takes it longer than the others, and `small` is the same
for indielinks, whose inbox takes 4,096 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from fedimark.database import fetch, marks

MICRO: Final = "micro"
LINK: Final = "link"
BOOKMARKS: Final = "bookmarks"
SMALL: Final = "small"
FEDIMARK: Final = "fedimark"

LARGEST: Final[Mapping[str, int]] = MappingProxyType(
    # Bytes of a Note; with the activity around it under 48 KB, for indielinks 4 KB, between ourselves 512 KB.
    {MICRO: 46_000, LINK: 46_000, BOOKMARKS: 46_000, SMALL: 3_000, FEDIMARK: 500_000}
)
_BY_SOFTWARE: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("lemmy", "piefed", "mbin", "kbin", "nodebb", "discourse", "wordpress", "friendica", "hubzilla", "streams"),
            LINK,
        ),
        **dict.fromkeys(("betula", "omnom", "ties", "linkblocks", "postmarks"), BOOKMARKS),
        "indielinks": SMALL,
        "fedimark": FEDIMARK,
    }
)


def profile_of(software: str) -> str:
    """The shape for a server whose NodeInfo names this software; `micro` for every other and for none."""
    return _BY_SOFTWARE.get(software.lower(), MICRO)


def profile_for_agent(user_agent: str) -> str:
    """The shape for a reader known by its User-Agent alone: bookmark servers ask without a signature."""
    said = user_agent.lower()
    found = (profile for software, profile in _BY_SOFTWARE.items() if profile != LINK and software in said)
    return next(found, MICRO)


async def profiles_of(inboxes: Iterable[str]) -> dict[str, str]:
    """Inbox → shape, by what is known of each server now; one statement."""
    hosts = {inbox: urlsplit(inbox).netloc.lower() for inbox in inboxes}
    unique = sorted(set(hosts.values()))
    if not unique:
        return {}
    rows = await fetch(f"SELECT host, software FROM peer WHERE host IN ({marks(len(unique))})", *unique)
    software = {row["host"]: row["software"] for row in rows}
    return {inbox: profile_of(software.get(host, "")) for inbox, host in hosts.items()}
