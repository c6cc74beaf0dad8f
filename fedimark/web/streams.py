"""Pages of streams: a person, their tags and filters, everybody's tags, recent, the network."""

from __future__ import annotations

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.database import Row
from fedimark.errors import NotFound
from fedimark.follows import queries as follows
from fedimark.follows.kinds import FEED
from fedimark.follows.words import told
from fedimark.here import here
from fedimark.timelines import queries, stream
from fedimark.timelines.entries import Page
from fedimark.timelines.queries import Found
from fedimark.timelines.stream import NetworkStream, PersonStream, PopularStream, RecentStream, Stream, TagStream
from fedimark.timelines.tag_actors import followable
from fedimark.web.headings import STATES, heading_of
from fedimark.web.pages import Crumb, Empty, Form, Listing, Side, TagLine
from fedimark.web.respond import moved, page, signed_in, viewer_of
from fedimark.web.values import Followed, FollowedFeed, Profile

SAYS_WHAT_CAME = ("/network", "/people")  # pages that show what came of following
_IMPORT = Crumb("Import bookmarks", "/settings/import")


async def get_person(request: Request) -> Response:
    """`/u/{user}`"""
    return await _stream(request, PersonStream(request.path_params["user"]))


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


async def get_network(request: Request, *, form: Form | None = None, status: int = 200) -> Response:
    """`/network`: what the reader and the people they follow saved; with `form`, what was wrong with following."""
    viewer = signed_in(request)
    found = await queries.find(NetworkStream(), viewer)
    rows = await follows.following(viewer.actor_id)
    return page(
        request,
        "network.html",
        status=status,
        heading=heading_of(found, None),
        listing=Listing(await _page(request, found), savers_first=True),
        sides=(),
        profile=None,
        empty=_empty(found),
        form=form or Form(),
        notice=await what_came(request),
        followed=followed(rows),
        followed_tags=followed_tags(rows),
        followed_feeds=followed_feeds(rows),
    )


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
    shown = await _page(request, found)
    return page(
        request,
        "stream.html",
        heading=heading_of(found, await queries.amount(found), await followable(found)),
        listing=_listing(found, shown),
        sides=await _sides(found),
        empty=_empty(found),
        profile=_profile(found) if isinstance(which, PersonStream) and not which.tags and not which.only else None,
    )


async def _page(request: Request, found: Found) -> Page:
    asked = request.query_params
    cursor = stream.cursor(asked.get("before", ""), asked.get("after", ""))
    shown = await queries.page(found, cursor, here().settings.page_size)
    kept = "from=here&" if found.stream == RecentStream(here=True) else ""
    earlier = f"?{kept}before={shown.earlier}" if shown.earlier else None
    return Page(shown.entries, earlier, f"?{kept}after={shown.later}" if shown.later else None)


def _listing(found: Found, shown: Page) -> Listing:
    if isinstance(found.stream, PersonStream):
        name = found.stream.username
        return Listing(shown, tag_owner=name, here=found.stream.tags, months=True, marks=found.is_owner)
    return Listing(shown, here=found.stream.tags if isinstance(found.stream, TagStream | PopularStream) else ())


async def _sides(found: Found) -> tuple[Side, ...]:
    if found.tag_ids:
        return (Side("Related tags", _tag_lines(found, await queries.related(found))),)
    return (Side("Tags", _tag_lines(found, await queries.cloud(found))),)


def _tag_lines(found: Found, counted: Sequence[tuple[str, int]]) -> tuple[TagLine, ...]:
    which = found.stream
    here_now: tuple[str, ...] = which.tags if isinstance(which, PersonStream | TagStream) else ()

    def href(keys: tuple[str, ...]) -> str:
        if isinstance(which, PersonStream):
            return addresses.person_tags(which.username, keys)
        return addresses.tags(keys)

    return tuple(
        TagLine(key, href((key,)), count, href((*here_now, key)) if here_now else None) for key, count in counted
    )


def _profile(found: Found) -> Profile | None:
    owner = found.owner
    if owner is None or not (owner["name"] or owner["summary"] or owner["icon"] or owner["fields"] != "[]"):
        return None
    icon = addresses.icon(owner["icon"]) if owner["icon"] else ""
    fields = tuple((name, value) for name, value in json.loads(owner["fields"]))
    return Profile(owner["name"], owner["summary"], icon, fields)


def _empty(found: Found) -> Empty:
    if isinstance(found.stream, NetworkStream):
        text = "Follow somebody by their handle, on any server; what they save appears here, merged with your own."
        return Empty("Quiet so far", text)
    if isinstance(found.stream, PersonStream) and found.stream.only:
        return Empty("Nothing here", f"No bookmark is {found.stream.only} just now.")
    if found.is_owner:
        text = (
            "Save your first page with Add, or bring your bookmarks from Pinboard: "
            "they arrive with their dates, tags and words."
        )
        return Empty("Nothing saved yet", text, _IMPORT)
    if isinstance(found.stream, PersonStream) and found.is_hidden:
        title = "You muted them" if found.is_muted else "You blocked them"
        return Empty(title, f"What {found.stream.username} saves is not shown to you.")
    if isinstance(found.stream, PersonStream):
        return Empty("Nothing to see yet", f"{found.stream.username} has saved nothing you may see.")
    if isinstance(found.stream, PopularStream):
        return Empty("Nothing stands out", "A page stands here once two people saved it publicly within this time.")
    if isinstance(found.stream, TagStream):
        return Empty("Nothing just now", "No public bookmark has this tag at the moment.")
    return Empty("Nothing to see yet", "Nobody here has saved a public page yet.")
