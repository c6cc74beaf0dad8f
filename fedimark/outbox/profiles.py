"""Which shape a Note takes for which peer. One Note, three shapes; none says less than another. (FEDERATION, shapes)

`micro` is for everybody we do not know: a Note without `name`, behind which GoToSocial would hide it and which snac2
takes for a vote. `link` has the title as `name`, for servers that make a link post of it. `bookmarks` has `name` and
the tags as typed, for servers of bookmarks; fedimark itself takes it longer than the others, and `small` is the same
for indielinks, whose inbox takes 4,096 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
    # Bytes of a Note; with the activity around it and its proof under 48 KB, 512 KB between ourselves. In a small one,
    # with 4 KB in all, there is no room for a proof.
    {MICRO: 45_000, LINK: 45_000, BOOKMARKS: 45_000, SMALL: 3_000, FEDIMARK: 500_000}
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
# The same as an expression of SQL over `p.software`; empty for `micro`, which stands with the activity itself.
PROFILE_SQL: Final = f"""CASE lower(p.software)
{" ".join(f"WHEN '{name}' THEN '{profile}'" for name, profile in _BY_SOFTWARE.items())} ELSE '' END"""
# A word of its own: a server at https://parties.example/ is no Ties.
_AGENT: Final = re.compile(
    rf"(?<![\w./-])(?:{'|'.join(name for name, profile in _BY_SOFTWARE.items() if profile != LINK)})(?![\w.])"
)


APPLICATION: Final = "Application"
SERVICE: Final = "Service"
# Lemmy and PieFed let no Application follow: to them the actor that follows for a whole server is a bot.
_NO_APPLICATIONS: Final = re.compile(r"(?<![\w./-])(?:lemmy|piefed)(?![\w.])")

# Where a tag speaks as a Group of FEP-1b12 does: they make a post of the Create that is announced.
IN_GROUP: Final = "group"
_GROUP_SOFTWARE: Final = frozenset({"lemmy", "piefed", "mbin", "kbin", "nodebb", "discourse"})


def form_of(software: str) -> str:
    """How a tag announces to a server of this software: FEDIMARK, IN_GROUP, or empty for a Note's id alone."""
    name = software.lower()
    return FEDIMARK if _BY_SOFTWARE.get(name) == FEDIMARK else IN_GROUP if name in _GROUP_SOFTWARE else ""


async def forms_of(inboxes: Iterable[str]) -> dict[str, str]:
    """Inbox → form of an Announce, by what is known of each server now; one statement."""
    return {inbox: form_of(software) for inbox, software in (await _software_at(inboxes)).items()}


def profile_of(software: str) -> str:
    """The shape for a server whose NodeInfo names this software; `micro` for every other and for none."""
    return _BY_SOFTWARE.get(software.lower(), MICRO)


def profile_for_agent(user_agent: str) -> str:
    """The shape for a reader known by its User-Agent alone: bookmark servers ask without a signature."""
    found = _AGENT.search(user_agent.lower())
    return _BY_SOFTWARE[found[0]] if found else MICRO


def instance_kind(user_agent: str) -> str:
    """The AS2 type of this server's own actor for a reader known by its User-Agent alone."""
    return SERVICE if _NO_APPLICATIONS.search(user_agent.lower()) else APPLICATION


async def profile_for(key_ids: Sequence[str], user_agent: str) -> str:
    """The shape for a reader who claims to sign with these keys, in their order; at most one statement.

    What a server's NodeInfo says of itself counts more than a User-Agent, which HTTP libraries and proxies write too.
    """
    hosts = {key_id: urlsplit(key_id).netloc.lower() for key_id in key_ids}
    software = await _software_of(hosts.values())
    known = (software[host] for host in hosts.values() if software.get(host))
    said = next(known, None)
    return profile_for_agent(user_agent) if said is None else profile_of(said)


async def profiles_of(inboxes: Iterable[str]) -> dict[str, str]:
    """Inbox → shape, by what is known of each server now; one statement."""
    return {inbox: profile_of(software) for inbox, software in (await _software_at(inboxes)).items()}


async def _software_at(inboxes: Iterable[str]) -> dict[str, str]:
    """Inbox → what its server runs, empty where that is unknown."""
    hosts = {inbox: urlsplit(inbox).netloc.lower() for inbox in inboxes}
    software = await _software_of(hosts.values())
    return {inbox: software.get(host, "") for inbox, host in hosts.items()}


async def _software_of(hosts: Iterable[str]) -> dict[str, str]:
    unique = sorted(set(hosts))
    if not unique:
        return {}
    rows = await fetch(f"SELECT host, software FROM peer WHERE host IN ({marks(len(unique))})", *unique)
    return {row["host"]: row["software"] for row in rows}
