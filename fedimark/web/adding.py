"""What stands beside the form that saves: who has the page, tags to offer, its name, one's own words of before."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark import addresses
from fedimark.bookmarks import naming
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import own_bookmark, same_page
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.doorway.throttle import take
from fedimark.errors import NotFound
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer
from fedimark.text import tags, urls
from fedimark.text.works import page_of
from fedimark.timelines import queries
from fedimark.timelines.savers import link_entry
from fedimark.timelines.stream import LinkStream, PersonStream
from fedimark.timelines.suggested import Suggested, beginning, suggested
from fedimark.web.respond import owner_of, page, signed_in
from fedimark.web.values.saving import About, AlsoSaved, Offer, OldWords

LOOKS = "120/hour"  # pages that one person lets us ask what they call themselves
_MOST_USED = 12


async def get_about(request: Request) -> Response:
    """`GET /add/about?url=&title=`: the part of the form that is about the page, for a script to put there."""
    viewer, asked = signed_in(request), request.query_params
    about = await about_page(viewer, asked.get("url", ""), asked.get("title", ""), knows=False)
    return page(request, "about_page.html", about=about)


async def post_look(request: Request) -> Response:
    """`POST /add/look`: ask the page at `url` what it calls itself; the answer is looked for again."""
    viewer, typed = signed_in(request), await read_form(request)
    await take("look", LOOKS, viewer.username)
    return page(request, "looked.html", job=await naming.ask(viewer, typed.text("url")), words=None)


async def get_look(request: Request) -> Response:
    """`GET /add/look/{id}`: what a page called itself, once it was read."""
    job = request.path_params["id"]
    return page(request, "looked.html", job=job, words=await naming.answer(signed_in(request), job))


async def get_tags(request: Request) -> Response:
    """`GET /add/tags?begins=`: own tags that begin so, as JSON: `[["sqlite", 12], …]`."""
    found = await beginning(signed_in(request), request.query_params.get("begins", "")[: tags.TAG_LIMIT])
    return JSONResponse(found)


async def get_saved(request: Request) -> Response:
    """`GET /add/saved?id=&then=`: what was saved, and back to the page (`same`) or the window closed (`close`)."""
    owner = owner_of(request)
    row = await own_bookmark(owner, request.query_params.get("id", ""))
    if row is None:
        raise NotFound
    path = addresses.bookmark(owner.username, row["public_id"])
    then = request.query_params.get("then", "")
    back = row["url"] if then == "same" and urls.federable(row["url"]) else ""
    return page(request, "saved.html", title=row["title"], href=path, url=back, closes=then == "close")


async def about_page(viewer: Viewer, url: str, title: str, *, knows: bool, has: str = "") -> About:
    """What is known of a page for whoever saves it; `has` are the tags it has already.

    Unless the form `knows` one's words of before, these are told.
    """
    if not url.strip():
        found = await queries.find(PersonStream(viewer.username), viewer)
        used = tuple(key for key, _ in await queries.cloud(found, _MOST_USED))
        return About(offers=_offers(Suggested(own=used), has))
    old = None if knows else await _old(viewer, url)
    offers = _offers(await suggested(viewer, url, title), has)
    return About(old, await _also(viewer, url), offers, url if naming.may_be_asked(url) else "")


def old_words(viewer: Viewer, row: Row) -> OldWords:
    """What somebody said of a page before."""
    href = addresses.bookmark(viewer.username, row["public_id"])
    return OldWords(href, row["saved_at"], row["title"], row["description"], tuple(row["tags"].split()))


async def _old(viewer: Viewer, url: str) -> OldWords | None:
    have = await same_page(Owner.of(viewer), url)
    return old_words(viewer, have[0]) if have else None


async def _also(viewer: Viewer, url: str) -> AlsoSaved | None:
    try:
        found = await queries.find(LinkStream(urls.link_hash(page_of(url))), viewer)
        entry, _ = await link_entry(found.link or {}, viewer.actor_id)
    except NotFound:
        return None
    own = addresses.person(viewer.username)
    people = tuple(each for each in (entry.saver, *entry.others) if each.href != own)
    count = entry.saver_count - (entry.own is not None)
    return AlsoSaved(people, count - len(people), addresses.link(entry.link_hash)) if count > 0 and people else None


def _offers(found: Suggested, has: str) -> tuple[Offer, ...]:
    had = {tags.key(word) for word in tags.split(has)}
    kinds = ((_("yours"), found.own), (_("your network"), found.network), (_("popular"), found.popular))
    offers = (Offer(kind, tuple(key for key in keys if key not in had)) for kind, keys in kinds)
    return tuple(offer for offer in offers if offer.tags)
