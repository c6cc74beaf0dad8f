"""What the viewer was told of others, as a page and as a feed; what they want to be told of."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.doorway.forms import read_form
from fedimark.here import now
from fedimark.language.said import _
from fedimark.notifications import reading
from fedimark.notifications.queries import told_to
from fedimark.notifications.tell import Kind
from fedimark.web import told
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form

_CHOICES = "/settings/notifications"
_NEVER_KEPT = {"cache-control": "private, no-store", "x-robots-tag": "noindex"}


async def get_notifications(request: Request) -> Response:
    """`GET /notifications`: newest first; looking marks nothing as read."""
    viewer = signed_in(request)
    found = await told_to(viewer.actor_id, _number(request.query_params.get("before", "")))
    return page(
        request,
        "notifications.html",
        notices=found.notices,
        up_to=found.notices[0].last if found.notices else 0,
        earlier=f"?before={found.earlier}" if found.earlier else None,
    )


async def post_read(request: Request) -> Response:
    """`POST /notifications/read` with `up_to`: what stood on the page, and what came before it, is read."""
    viewer, typed = signed_in(request), await read_form(request)
    await reading.mark_read(viewer.actor_id, _number(typed.text("up_to")) or 0)
    return onward("/notifications")


async def get_feed(request: Request) -> Response:
    """`GET /notifications/feed.atom?key=…`: whoever has the key reads it."""
    owner_id, name = await reading.owner_of_key(request.query_params.get("key", ""))
    body = told.feed(name, (await told_to(owner_id)).notices, now())
    return Response(body, media_type="application/atom+xml", headers=_NEVER_KEPT)


async def get_choices(request: Request) -> Response:
    """`GET /settings/notifications`: which kinds are told, and the feed's address."""
    viewer = signed_in(request)
    wanted, key = await reading.wanted_kinds(viewer.actor_id), await reading.feed_key(viewer.actor_id)
    answer = page(
        request,
        "settings_notifications.html",
        form=Form({kind.name.lower(): "yes" for kind in wanted}),
        kinds=tuple((kind.name.lower(), told.NAMES[kind]) for kind in Kind),
        feed=addresses.absolute(f"/notifications/feed.atom?key={key}") if key else "",
        notice=_("Saved.") if request.query_params.get("saved") else "",
    )
    answer.headers.update(_NEVER_KEPT)
    return answer


async def post_choices(request: Request) -> Response:
    """`POST /settings/notifications` with the names of the kinds that are wanted."""
    viewer, typed = signed_in(request), await read_form(request)
    await reading.want_kinds(viewer.actor_id, [kind for kind in Kind if typed.text(kind.name.lower())])
    return onward(f"{_CHOICES}?saved=yes")


async def post_feed(request: Request) -> Response:
    """`POST /settings/notifications/feed`: a new key, or with `end` none."""
    viewer, typed = signed_in(request), await read_form(request)
    if typed.text("end"):
        await reading.end_feed_key(viewer.actor_id)
    else:
        await reading.make_feed_key(viewer.actor_id)
    return onward(_CHOICES)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
