"""Pages of streams: a person, their tags and filters, everybody's tags, recent, popular."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.links import verified
from fedimark.bookmarks.bundles import bundles_of
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row
from fedimark.errors import NotFound
from fedimark.follows import queries as follows
from fedimark.follows.kinds import FEED
from fedimark.follows.words import told
from fedimark.here import here
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer
from fedimark.text.tags import is_private, key
from fedimark.timelines import queries, stream
from fedimark.timelines.amounts import counted
from fedimark.timelines.entries import Page
from fedimark.timelines.queries import Found
from fedimark.timelines.stream import PersonStream, PopularStream, RecentStream, Stream, TagStream
from fedimark.timelines.tag_actors import followable
from fedimark.web.elsewhere import profile_elsewhere
from fedimark.web.headings import STATES, editable, heading_of
from fedimark.web.pages import PRIVATE_FEEDS, feeds_of, word_of
from fedimark.web.respond import moved, onward, page, signed_in, viewer_of
from fedimark.web.tag_elsewhere import places_of
from fedimark.web.values.page import Crumb, Empty, Filter, Listing, Side, TagLine
from fedimark.web.values.people import Followed, FollowedFeed, Profile

MOST_USED, MOST_SHOWN = 30, 1_000  # tags at the side: those used most, and all of them
MOST_LISTED = 15  # tags of a list that is everybody's
MOST_BUNDLES = 15  # there too; a word beside the tags leads to all of them
SAYS_WHAT_CAME = ("/network", "/people")  # pages that show what came of following
_IMPORT = Crumb(_("Import bookmarks"), "/settings/import")
_BUTTON = Crumb(_("A button for the browser"), "/settings/bookmarklets")


async def get_person(request: Request) -> Response:
    """`/u/{user}`"""
    return await _stream(request, PersonStream(request.path_params["user"]))


async def get_digest(request: Request) -> Response:
    """`/u/{user}/digest`, and its days: a digest speaks to servers, people read the person's page."""
    return onward(addresses.person(request.path_params["user"]))


async def get_person_filter(request: Request) -> Response:
    """`/u/{user}/public` and its like"""
    only = request.path_params["only"]
    if only not in stream.FILTERS:
        raise NotFound
    return await _stream(request, PersonStream(request.path_params["user"], only=only))


async def get_person_tags(request: Request) -> Response:
    """`/u/{user}/t/{tag},{tag}`"""
    typed = request.path_params["tags"]
    keys = stream.tags_together(typed)
    user = request.path_params["user"]
    if ",".join(keys) != typed:
        return moved(addresses.person_tags(user, keys))
    return await _stream(request, PersonStream(user, tags=keys))


async def get_tags(request: Request) -> Response:
    """`/t/{tag},{tag}`"""
    typed = request.path_params["tags"]
    keys = stream.tags_together(typed)
    if ",".join(keys) != typed:
        return moved(addresses.tags(keys))
    return await _stream(request, TagStream(keys))


async def get_recent(request: Request) -> Response:
    """`/recent`: everything known; `?from=here` what people of this server saved."""
    return await _stream(request, RecentStream(here=request.query_params.get("from") == "here"))


async def get_popular(request: Request) -> Response:
    """`/popular?in=week&tag=sql`"""
    period = request.query_params.get("in", "week")
    if period not in stream.PERIODS:
        raise NotFound
    tag = request.query_params.get("tag", "")
    keys = stream.tags_together(tag) if tag else ()
    if len(keys) > 1:
        raise NotFound
    return await _stream(request, PopularStream(period, keys))


async def what_came(request: Request) -> str:
    """What came of following somebody just now, in words: `?followed=` says whom; empty otherwise."""
    row = await follows.one_at(signed_in(request).actor_id, request.query_params.get("followed", ""))
    return await told(row) if row else ""


def followed(rows: Sequence[Row]) -> tuple[Followed, ...]:
    """The people whom the viewer follows or asked to, as a page lists them; `rows` are `follows.queries.following`."""
    return tuple(_followed(row) for row in rows if not row["is_stream"])


def followed_tags(rows: Sequence[Row]) -> tuple[Followed, ...]:
    """The same for the streams among them: tags of this server and of others, communities."""
    return tuple(_followed(row) for row in rows if row["is_stream"] and row["kind"] != FEED)


def followed_feeds(rows: Sequence[Row]) -> tuple[FollowedFeed, ...]:
    """The feeds among them."""
    return tuple(
        FollowedFeed(row["name"], row["host"], row["url"], row["uri"], row["read_at"], row["last_error"])
        for row in rows
        if row["kind"] == FEED
    )


def _followed(row: Row) -> Followed:
    handle = f"{row['username']}@{row['host'] or here().settings.handles_at}"
    href = addresses.person(row["local_name"]) if row["local_name"] else row["url"] or row["uri"]
    who = (row["uri"] or row["url"]) if row["is_stream"] else handle
    return Followed(handle, row["name"] or row["username"], href, STATES[row["state"]], who, row["host"])


async def _stream(request: Request, which: Stream) -> Response:
    found = await queries.find(which, viewer_of(request))
    picking = found.is_owner and request.query_params.get("edit") == "many"
    shown = await _page(request, found, "edit=many&" if picking else "")
    amounts, tag = await counted(found), await followable(found)
    # A ranking stands on one page, whole.
    amount = len(shown.entries) if isinstance(which, PopularStream) else amounts.amount
    heading = await heading_of(found, amount, tag)
    return page(
        request,
        "stream.html",
        heading=editable(heading, which, request.query_params) if found.is_owner and shown.entries else heading,
        listing=_listing(found, shown, path_of(which) if picking and isinstance(which, PersonStream) else ""),
        sides=await _sides(found, shown, request.query_params),
        elsewhere=await places_of(found, tag),
        over_time=amounts.months,
        empty=_empty(found),
        feeds=(*feeds_of(which), PRIVATE_FEEDS) if found.is_owner else feeds_of(which),
        profile=await _profile(found)
        if isinstance(which, PersonStream) and not which.tags and not which.only
        else None,
    )


async def _page(request: Request, found: Found, kept: str) -> Page:
    asked = request.query_params
    cursor = stream.cursor(asked.get("before", ""), asked.get("after", ""))
    shown = await queries.page(found, cursor, here().settings.page_size)
    kept += "from=here&" if found.stream == RecentStream(here=True) else ""
    earlier = f"?{kept}before={shown.earlier}" if shown.earlier else None
    return Page(shown.entries, earlier, f"?{kept}after={shown.later}" if shown.later else None)


def path_of(which: PersonStream) -> str:
    """Where a stream of one person stands."""
    if which.tags:
        return addresses.person_tags(which.username, which.tags)
    return addresses.person_filter(which.username, which.only) if which.only else addresses.person(which.username)


def _listing(found: Found, shown: Page, pick: str) -> Listing:
    if isinstance(found.stream, PersonStream):
        name = "" if found.is_elsewhere else found.stream.username
        tags = found.stream.tags
        return Listing(shown, name, here=tags, of_one=True, months=True, marks=found.is_owner, pick=pick)
    return Listing(shown, here=found.stream.tags if isinstance(found.stream, TagStream | PopularStream) else ())


async def _sides(found: Found, shown: Page, asked: Mapping[str, str]) -> tuple[Side, ...]:
    if found.is_elsewhere:
        return ()
    if found.tag_ids:
        return (Side(_("Related tags"), (*_taken(found.stream), *_tag_lines(found, await queries.related(found)))),)
    if not isinstance(found.stream, PersonStream):
        return (Side(_("Tags in this list"), _tag_lines(found, _tags_in(shown))),)
    shows_all, is_cloud = asked.get("tags") == "all", asked.get("mode") == "cloud"
    lines = _tag_lines(found, await queries.cloud(found, MOST_SHOWN if shows_all else MOST_USED))
    if is_cloud:
        lines = tuple(sorted(_sized(lines), key=lambda line: line.name))
    ways = _ways(found, shows_all=shows_all, is_cloud=is_cloud)
    if not found.viewer or not found.is_owner:
        return (Side(_("Tags"), lines, ways, is_cloud),)
    bundles = await _bundles(found.viewer)
    # Where bundles stand above, the way to them stands with them.
    ways = ways if bundles.tags else (*ways, Filter(_("bundles"), addresses.bundles(found.viewer.username)))
    return (bundles, Side(_("Tags"), lines, ways, is_cloud))


def _tags_in(shown: Page) -> list[tuple[str, int]]:
    """The public tags of the entries on a page of everybody's, most used first, with how many entries have each."""
    public = [_public_keys(entry.tags) for entry in shown.entries]
    return sorted(Counter(chain.from_iterable(public)).items(), key=lambda one: (-one[1], one[0]))[:MOST_LISTED]


@lru_cache(maxsize=2_048)
def _public_keys(typed: tuple[str, ...]) -> frozenset[str]:
    return frozenset(key(tag) for tag in typed if not is_private(tag))


async def _bundles(viewer: Viewer) -> Side:
    """One's own bundles in their order; how much each holds would be a search of its own."""
    own = addresses.bundles(viewer.username)
    kept = (await bundles_of(Owner.of(viewer)))[:MOST_BUNDLES]
    lines = tuple(TagLine(row["name"], f"{own}/{row['id']}", None) for row in kept)
    return Side(_("Bundles"), lines, (Filter(_("change"), own),), of_tags=False)


def _sized(lines: Sequence[TagLine]) -> Iterator[TagLine]:
    """Tags with their sizes: each twice as large a count is a step, of five."""
    most = max((line.count or 1 for line in lines), default=1)
    top = min(5, most.bit_length() + 1)  # where each was used once, none is shouted
    for line in lines:
        yield replace(line, size=max(1, top - (most // (line.count or 1)).bit_length() + 1))


def _ways(found: Found, *, shows_all: bool, is_cloud: bool) -> tuple[Filter, ...]:
    """Other ways to show the tags at the side."""
    mode, more = ("&mode=cloud" if is_cloud else ""), ("all" if shows_all else "top")
    ways = (
        Filter(_("top"), f"?tags=top{mode}", not shows_all),
        Filter(_("all"), f"?tags=all{mode}", shows_all),
        Filter(_("list") if is_cloud else _("cloud"), f"?tags={more}" + ("" if is_cloud else "&mode=cloud")),
    )
    if found.viewer is None or not found.is_owner:
        return ways
    return (*ways, Filter(_("manage"), "/settings/tags"))


def _taken(which: Stream) -> Iterator[TagLine]:
    """The tags of a stream of several, each of which can be let go."""
    tags = which.tags if isinstance(which, PersonStream | TagStream) else ()
    for tag in tags if len(tags) > 1 else ():
        yield TagLine(tag, _tags_at(which, (tag,)), None, widen_href=_tags_at(which, stream.without(tags, tag)))


def _tags_at(which: Stream, keys: tuple[str, ...]) -> str:
    if isinstance(which, PersonStream):
        return addresses.person_tags(which.username, keys)
    return addresses.tags(keys)


def _tag_lines(found: Found, counted: Sequence[tuple[str, int]]) -> tuple[TagLine, ...]:
    return tuple(_tag_line(found.stream, key, count) for key, count in counted)


@lru_cache(maxsize=4_096)
def _tag_line(which: Stream, key: str, count: int) -> TagLine:
    here_now: tuple[str, ...] = which.tags if isinstance(which, PersonStream | TagStream) else ()
    return TagLine(key, _tags_at(which, (key,)), count, _tags_at(which, (*here_now, key)) if here_now else None)


async def _profile(found: Found) -> Profile | None:
    owner = found.owner
    if found.is_elsewhere:
        return await profile_elsewhere(found)
    said = ("name", "summary", "icon", "moved_to")
    if owner is None or not (any(owner[name] for name in said) or owner["fields"] != "[]"):
        return None
    icon = addresses.icon(owner["icon"]) if owner["icon"] else ""
    pairs = json.loads(owner["fields"])
    known = await verified(owner["id"]) if pairs else {}
    fields = tuple((name, value, known.get(value)) for name, value in pairs)
    return Profile(owner["name"], owner["summary"], icon, fields, moved_to=owner["moved_to"])


# How something comes into each of one's own lists.
_HOW: Mapping[str, str] = MappingProxyType(
    {
        "public": _("What you save as public stands here: everybody may see it, and it reaches your followers."),
        "private": _("Choose “private” when you save or edit: nobody but you sees that, here or elsewhere."),
        "unread": _("“mark to read”, behind the dots of a bookmark, puts it here until you have read it."),
        "untagged": _("Every bookmark of yours has a tag. What is saved without one waits here for words."),
        "starred": _("The star before a bookmark keeps it here. Nobody else sees your stars."),
        "archived": _(
            "“archive”, behind the dots of a bookmark, takes it out of your lists; it is found here and by searching."
        ),
    }
)


def _empty(found: Found) -> Empty:
    if isinstance(found.stream, PersonStream) and found.stream.only:
        return Empty(_("Nothing is %(such)s", such=word_of(found.stream.only)), _HOW[found.stream.only])
    if found.is_owner:
        text = _(
            "Save your first page with Add, or bring your bookmarks from Pinboard: "
            "they arrive with their dates, tags and words."
        )
        return Empty(_("Nothing saved yet"), text, _IMPORT, _BUTTON)
    if isinstance(found.stream, PersonStream) and found.is_hidden:
        title = _("You muted them") if found.is_muted else _("You blocked them")
        return Empty(title, _("What %(name)s saves is not shown to you.", name=found.stream.username))
    if isinstance(found.stream, PersonStream):
        return Empty(_("Nothing to see yet"), _("%(name)s has saved nothing you may see.", name=found.stream.username))
    if isinstance(found.stream, PopularStream):
        return Empty(
            _("Nothing stands out"), _("A page stands here once two people saved it publicly within this time.")
        )
    if isinstance(found.stream, TagStream):
        return Empty(_("Nothing just now"), _("No public bookmark has this tag at the moment."))
    return Empty(_("Nothing to see yet"), _("Nobody here has saved a public page yet."))
