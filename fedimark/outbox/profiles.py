"""Which shape a Note takes for which peer. One Note, three shapes; none says less than another. (FEDERATION, shapes)

`micro` is for everybody we do not know: a Note without `name`, behind which GoToSocial would hide it and which snac2
takes for a vote. `link` has the title as `name`, for servers that make a link post of it. `bookmarks` has `name` and
the tags as typed, for servers of bookmarks; fedimark itself takes it longer than the others.
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
FEDIMARK: Final = "fedimark"

LARGEST: Final[Mapping[str, int]] = MappingProxyType(
    # Bytes of a Note; with the activity around it under 48 KB, and 512 KB between ourselves.
    {MICRO: 46_000, LINK: 46_000, BOOKMARKS: 46_000, FEDIMARK: 500_000}
)
_BY_SOFTWARE: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("lemmy", "piefed", "mbin", "kbin", "nodebb", "discourse", "wordpress", "friendica", "hubzilla", "streams"),
            LINK,
        ),
        **dict.fromkeys(("betula", "omnom", "ties", "linkblocks", "postmarks", "indielinks"), BOOKMARKS),
        "fedimark": FEDIMARK,
    }
)


# Where a tag speaks as a Group of FEP-1b12 does: they make a post of the Create that is announced.
IN_GROUP: Final = "group"
_GROUP_SOFTWARE: Final = frozenset({"lemmy", "piefed", "mbin", "kbin", "nodebb", "discourse"})


def form_of(software: str) -> str:
    """How a tag announces to a server of this software: FEDIMARK, IN_GROUP, or empty for a Note's id alone."""
    name = software.lower()
    return FEDIMARK if _BY_SOFTWARE.get(name) == FEDIMARK else IN_GROUP if name in _GROUP_SOFTWARE else ""


async def forms_of(inboxes: Iterable[str]) -> dict[str, str]:
    """Inbox → form of an Announce, by what is known of each server now; one statement."""
    return {inbox: form_of(software) for inbox, software in (await _software_of(inboxes)).items()}


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
    return {inbox: profile_of(software) for inbox, software in (await _software_of(inboxes)).items()}


async def _software_of(inboxes: Iterable[str]) -> dict[str, str]:
    hosts = {inbox: urlsplit(inbox).netloc.lower() for inbox in inboxes}
    unique = sorted(set(hosts.values()))
    if not unique:
        return {}
    rows = await fetch(f"SELECT host, software FROM peer WHERE host IN ({marks(len(unique))})", *unique)
    software = {row["host"]: row["software"] for row in rows}
    return {inbox: software.get(host, "") for inbox, host in hosts.items()}
