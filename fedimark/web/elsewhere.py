"""Somebody of another server as a page here shows them, and reading what they said further back."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts import links
from fedimark.database import Row
from fedimark.inbox import older
from fedimark.language.said import _
from fedimark.text import html
from fedimark.timelines.queries import Found, find
from fedimark.timelines.stream import PersonStream
from fedimark.web.respond import onward, signed_in
from fedimark.web.values.people import Older, Profile


async def post_older(request: Request) -> Response:
    """`POST /u/{user}/older`: read their outbox further back, for who follows them."""
    viewer, user = signed_in(request), request.path_params["user"]
    found = await find(PersonStream(user), viewer)
    await older.ask(found.owner, follows=_follows(found))
    return onward(addresses.person(user))


async def profile_elsewhere(found: Found) -> Profile:
    """What they say of themselves at home, as plain words with their links, and no picture."""
    owner = found.owner
    assert owner is not None
    since = await links.verified(owner["id"])
    said = json.loads(owner["fields"])
    fields = tuple((name, _words(value), since.get(links.page_in(value))) for name, value in said)
    name = owner["name"] or owner["username"]
    initials = "".join(word[0] for word in name.split()[:2] if word[0].isalnum()).upper() or "@"
    home = owner["url"] or owner["uri"]
    shown = await _older(owner, found) if found.viewer is not None and _follows(found) else None
    return Profile(owner["name"], html.to_text(owner["summary"]), "", fields, home, initials, shown)


def _words(value: str) -> str:
    """A field: the page it leads to, else what it says."""
    return links.page_in(value) or html.to_text(value)


def _follows(found: Found) -> bool:
    return found.owner is not None and found.owner["follow_state"] == "accepted"


async def _older(owner: Row, found: Found) -> Older:
    assert isinstance(found.stream, PersonStream)
    job = await older.last(owner["id"])
    action = f"{addresses.person(found.stream.username)}/older"
    if job is None:
        return Older(action)
    report = json.loads(job["report"])
    if job["state"] in ("waiting", "running"):
        return Older(action, is_running=True, told=_("Their outbox is being read: %(done)s so far.", done=job["done"]))
    if job["state"] == "failed":
        return Older(action, told=_("Their server did not answer."))
    more, among = int(report.get("bookmarks", 0)), int(report.get("read", 0))
    if report.get("next"):
        return Older(action, told=_("%(more)s more were found among %(among)s.", more=more, among=among))
    told = _("%(more)s more were found among %(among)s. That was the end.", more=more, among=among)
    return Older(action, told=told)
