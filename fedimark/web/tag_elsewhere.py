"""What stands beside the page of a tag: where the same tag is elsewhere, and how to follow it there."""

from __future__ import annotations

from urllib.parse import quote

from fedimark import addresses
from fedimark.language.said import _
from fedimark.text import slugs
from fedimark.text.tag_pages import tag_page
from fedimark.timelines.elsewhere import TAGS_PUB, TagThere, tag_elsewhere
from fedimark.timelines.queries import Found
from fedimark.timelines.stream import PersonStream
from fedimark.timelines.tag_actors import Followable
from fedimark.web.values.tags import TagPlace


async def places_of(found: Found, tag: Followable | None) -> tuple[TagPlace, ...]:
    """Everybody's tag here, where the page is one person's; servers whose people use it; tags.pub, which has all.

    `tag` is what `timelines.tag_actors.followable` says of it: of what never was public nothing is said anywhere else.
    """
    if tag is None or found.is_elsewhere:
        return ()
    key = tag.actor.key
    known = await tag_elsewhere(found)
    lines = [TagPlace(_("everyone here"), addresses.tags((key,)), known.amount)]
    lines = lines if isinstance(found.stream, PersonStream) and known.amount else []
    lines += [line for each in known.servers if (line := _there(each, key))]
    bare = slugs.bare(key)
    if bare and known.has_service:
        lines.append(_followed(TAGS_PUB, f"https://{TAGS_PUB}/user/{bare}", f"@{bare}@{TAGS_PUB}"))
    return tuple(lines)


def _there(server: TagThere, key: str) -> TagPlace | None:
    shown = tag_page(server.software, key)
    if shown is None:
        return None
    handle = f"@{shown.name}@{server.at_host}" if shown.name else ""
    return _followed(server.host, f"{server.origin}{shown.path}", handle)


def _followed(word: str, href: str, handle: str) -> TagPlace:
    return TagPlace(word, href, None, handle, f"/authorize_interaction?uri={quote(handle)}" if handle else "")
