"""The network page: all that one follows, or one list of people, narrowed as its reader wants to see it.

What the address says counts for this once (`?tag=`, `?from=`, or with `narrowed=yes` everything); what a reader let us
remember counts where it says nothing. Looking never changes what is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.errors import Refused
from fedimark.follows import lists
from fedimark.follows import queries as follows
from fedimark.here import here, now
from fedimark.timelines import queries, stream
from fedimark.timelines.entries import Page
from fedimark.web.narrowing import FIELDS, chosen, sent
from fedimark.web.pages import PRIVATE_FEEDS
from fedimark.web.respond import onward, owner_of, page, signed_in
from fedimark.web.streams import followed, followed_feeds, followed_tags, what_came
from fedimark.web.values.page import FeedFace, Filter, Form, Listing

BESIDE: Final = 15  # of the people whom the reader follows, who stand beside what they saved


async def get_network(request: Request, *, form: Form | None = None, status: int = 200) -> Response:
    """`/network`: what the reader and the people they follow saved; with `form`, what was wrong with following."""
    return await _network(request, lists.WHOLE, form=form, status=status)


async def get_list(request: Request) -> Response:
    """`/network/lists/{list}`: the same through one list of people."""
    await lists.one(signed_in(request), request.path_params["list"])
    return await _network(request, request.path_params["list"])


async def post_show(request: Request) -> Response:
    """`POST /network/show`: remember what to see of a list (`list`, empty: the whole network)."""
    owner, typed = owner_of(request), await read_form(request)
    public_id = typed.text("list")
    try:
        await lists.choose(owner, public_id, sent(typed))
    except Refused as error:
        form = Form({name: typed.text(name) for name in ("tag", "from")}, {"narrow": error.message})
        return await _network(request, public_id, form=form, status=error.status)
    return onward(addresses.network_list(public_id))


async def post_read(request: Request) -> Response:
    """`POST /network/read` with `list` and `until`: nothing that came before is unread any more."""
    owner, typed = owner_of(request), await read_form(request)
    until = typed.text("until")
    known = until.isascii() and until.isdigit() and len(until) <= 18
    await lists.mark_read(owner, typed.text("list"), int(until) if known else now())
    return onward(addresses.network_list(typed.text("list")))


async def _network(request: Request, public_id: str, *, form: Form | None = None, status: int = 200) -> Response:
    viewer = signed_in(request)
    rows, known = await queries.at_once(partial(lists.every, viewer), partial(follows.following, viewer.actor_id))
    shown = await chosen(request, viewer, public_id, rows)
    found = await queries.find(shown.stream, viewer)
    people = followed(known)
    return page(
        request,
        "network.html",
        status=status,
        heading=shown.heading(await lists.length(shown.stream.list_id) if public_id else _through(known)),
        listing=Listing(await _page(request, found), savers_first=True),
        sides=(),
        profile=None,
        empty=shown.empty(),
        form=form or Form(),
        notice=await what_came(request),
        lists=_places(rows, public_id),
        narrowing=shown.narrowing(),
        feeds=(_feed(public_id),),
        followed=people[:BESIDE],
        follows_more=len(people) > BESIDE,
        followed_tags=followed_tags(known),
        followed_feeds=followed_feeds(known),
    )


def _through(known: Sequence[Row]) -> int:
    """Through how many a whole network is seen: who was asked to be followed and did not answer yet is none of them."""
    return sum(row["state"] == "accepted" for row in known)


def _feed(public_id: str) -> FeedFace:
    """Where a reader gets the feed of this: a list has one of its own, the whole network one under a key."""
    return replace(PRIVATE_FEEDS, href=f"{addresses.network_list(public_id)}/edit") if public_id else PRIVATE_FEEDS


def _places(rows: Sequence[Row], public_id: str) -> tuple[Filter, ...]:
    named = [row for row in rows if row["public_id"]]
    return tuple(
        Filter(row["name"], addresses.network_list(row["public_id"]), row["public_id"] == public_id) for row in named
    )


async def _page(request: Request, found: queries.Found) -> Page:
    asked = request.query_params
    cursor = stream.cursor(asked.get("before", ""), asked.get("after", ""))
    shown = await queries.page(found, cursor, here().settings.page_size)
    kept = {name: asked[name] for name in FIELDS if name in asked}
    earlier = f"?{urlencode(kept | {'before': shown.earlier})}" if shown.earlier else None
    return Page(shown.entries, earlier, f"?{urlencode(kept | {'after': shown.later})}" if shown.later else None)
