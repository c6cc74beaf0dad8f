"""Following and being followed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import FedimarkError
from fedimark.follows import answer, queries
from fedimark.follows import request as requests
from fedimark.here import here
from fedimark.timelines.entries import Page, Person
from fedimark.web.network import get_network
from fedimark.web.respond import onward, owner_of, page
from fedimark.web.streams import SAYS_WHAT_CAME
from fedimark.web.values.page import Form
from fedimark.web.values.people import Follower


async def get_authorize(request: Request) -> Response:
    """`GET /authorize_interaction?uri=…`: somebody comes from another server to follow; the form asks first."""
    uri = request.query_params.get("uri", "").strip()
    return await get_network(request, form=Form({"who": uri[:2_000]}))


async def post_follow(request: Request) -> Response:
    """`POST /network/follow` with `who`: a handle or a tag of any server, or an address."""
    owner, typed = owner_of(request), await read_form(request)
    try:
        row = await requests.follow(owner, typed.text("who"))
    except FedimarkError as error:
        form = Form({"who": typed.text("who")}, {"who": error.message})
        return await get_network(request, form=form, status=error.status)
    back = own_path(typed.text("back"), "/network")
    return onward(f"{back}?followed={row['actor_id']}" if back in SAYS_WHAT_CAME else back)


async def post_leave(request: Request) -> Response:
    """`POST /network/leave` with `who`"""
    owner, typed = owner_of(request), await read_form(request)
    await requests.unfollow(owner, typed.text("who"))
    return onward(own_path(typed.text("back"), "/network"))


async def post_answer(request: Request) -> Response:
    """`POST /followers/answer` with `id` and `answer`"""
    owner, typed = owner_of(request), await read_form(request)
    say = answer.accept if typed.text("answer") == "accept" else answer.reject
    await say(owner, typed.text("id"))
    return onward("/followers")


async def post_remove(request: Request) -> Response:
    """`POST /followers/remove` with `id`"""
    owner, typed = owner_of(request), await read_form(request)
    await answer.remove_follower(owner, typed.text("id"))
    return onward("/followers")


async def get_followers(request: Request) -> Response:
    """`GET /followers`: who follows, and who asks to."""
    owner = owner_of(request)
    before = request.query_params.get("before", "")
    rows = await queries.followers(owner.actor_id, int(before) if before.isdecimal() and len(before) < 19 else None)
    earlier = f"?before={rows[-1]['id']}" if len(rows) == queries.PAGE else None
    return page(
        request,
        "followers.html",
        requests=tuple(_follower(row) for row in await queries.requests(owner.actor_id)),
        followers=tuple(_follower(row) for row in rows),
        count=await queries.follower_count(owner.actor_id),
        page=Page((), earlier),
        handle=f"@{owner.username}@{here().settings.handles_at}",
    )


def _follower(row: Row) -> Follower:
    href = addresses.person(row["local_name"]) if row["local_name"] else row["url"] or row["uri"]
    person = Person(row["username"], row["host"], row["name"], href)
    return Follower(str(row["id"]), person, row["at"], row.get("tag", ""))
