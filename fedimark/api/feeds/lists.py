"""The feed of a list of people, for whoever has its key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.queries import viewer_by_actor
from fedimark.api.feeds.answer import FORMATS, KEYED, answer
from fedimark.api.feeds.parts import part_of
from fedimark.api.feeds.words import Place, feed_of
from fedimark.errors import NotFound
from fedimark.follows import lists
from fedimark.timelines.stream import NetworkStream


async def get_feed(request: Request) -> Response:
    """`GET /feeds/lists/{list}/{key}.atom`: what the list shows, without what is private or meant for followers."""
    row = await lists.of_key(request.path_params["list"], request.path_params["key"])
    owner = await viewer_by_actor(row["owner_id"])
    if owner is None:
        raise NotFound
    shown = NetworkStream(
        list_id=row["id"],
        from_id=row["from_id"] or 0,
        tag=row["tag"],
        hides_shares=bool(row["hides_shares"]),
        only_saves=bool(row["only_saves"]),
        leaves=True,
    )
    part = await part_of(request, shown, owner)
    place = Place(addresses.network_list(row["public_id"]), title=row["name"])
    return answer(request, feed_of(part, place), FORMATS["atom"], KEYED)
