"""What somebody elsewhere is to who follows them: a person, or a stream that passes on what others say."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fedimark.database import Row, fetch_one

GROUP: Final = "Group"
SERVICE: Final = "Service"
APPLICATION: Final = "Application"
FEED: Final = "Feed"

TAGS_PUB: Final = "tags.pub"
FEDI_BUZZ: Final = "relay.fedi.buzz"
BOTS: Final = "activitypub-dot-bot"  # what tags.pub calls its software, and other servers of bots theirs
BUZZRELAY: Final = "buzzrelay"

COMMUNITIES: Final = frozenset({"lemmy", "piefed", "mbin", "kbin", "nodebb", "discourse"})

NOT_PEOPLE: Final = """
(a.tag_id IS NOT NULL OR a.kind IN ('Group', 'Application', 'Feed') OR a.attributed_to <> ''
OR (a.uri IS NOT NULL AND f.public_id IS NULL))
"""
"""A condition of SQL on a follow `f` and whom it is of, `a`: a tag, a stream or a feed, nobody's business."""

_SOFTWARE = "SELECT software FROM peer WHERE host = ?"


def is_one_persons_tag(actor: Row) -> bool:
    """Whether somebody elsewhere is a tag of one person, as `/u/ana/t/sql` is."""
    return actor["kind"] == SERVICE and bool(actor["attributed_to"])


def is_digest(actor: Row) -> bool:
    """Whether somebody elsewhere tells once a day what a person there saved, as `/u/ana/digest` does."""
    return is_one_persons_tag(actor) and actor["uri"] == f"{actor['attributed_to']}/digest"


def is_tag_service(host: str, software: str) -> bool:
    """Whether every Service of a server is a tag that announces what is published with it anywhere."""
    return host in (TAGS_PUB, FEDI_BUZZ) or software == BUZZRELAY


async def software_at(actor: Row) -> str:
    """What the server of somebody elsewhere runs, as far as it is known; empty where it is not."""
    row = await fetch_one(_SOFTWARE, host_of(actor))
    return str(row["software"]) if row else ""


def host_of(actor: Row) -> str:
    """Host and port of the id of somebody elsewhere."""
    return urlsplit(actor["uri"]).netloc.lower()


async def is_stream(actor: Row) -> bool:
    """Whether somebody elsewhere passes on what others say, so that it is nothing to them who of us reads it."""
    if actor["uri"] is None:
        return False
    if actor["kind"] in (GROUP, APPLICATION) or is_one_persons_tag(actor):
        return True
    if actor["kind"] != SERVICE:
        return False
    software = await software_at(actor)
    return is_tag_service(host_of(actor), software) or (software == BOTS and actor["name"].startswith("#"))


async def is_shared(actor: Row) -> bool:
    """Whether this server follows somebody elsewhere once for all of its people: a stream that asks nobody."""
    return not actor["approves_followers"] and await is_stream(actor)
