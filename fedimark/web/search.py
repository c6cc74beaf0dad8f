"""Searching: one's own bookmarks, one's network, all that is public here, and other servers, asked only on a press."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks.bundles import bundles_of, make_bundle, read_bundle
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.found import Answers, Elsewhere, search_elsewhere
from fedimark.doorway.forms import read_form
from fedimark.doorway.ready import HELD
from fedimark.doorway.throttle import take
from fedimark.doorway.visitors import neighbourhood
from fedimark.errors import Refused, SignInFirst
from fedimark.here import here
from fedimark.policy.visibility import Viewer
from fedimark.search.answering import LONGEST as LONGEST_QUESTION
from fedimark.search.asking import servers_for
from fedimark.text import urls
from fedimark.text.query import LONGEST, Query, parse
from fedimark.timelines.entries import Page
from fedimark.timelines.searching import Order, Scope, Sought, search
from fedimark.timelines.stream import SearchStream, cursor
from fedimark.web.finished import finished
from fedimark.web.pages import feeds_of
from fedimark.web.respond import onward, owner_of, page, signed_in, viewer_of
from fedimark.web.values.page import Listing
from fedimark.web.values.search import FoundElsewhere, KeptSearch, SearchPage, TypedAddress

ELSEWHERE = "elsewhere"
SCOPES = (*Scope, ELSEWHERE)
RATE = "20/minute"
RATE_HERE = "120/minute"  # for each neighbourhood of strangers

# `@ana@marks.example`, `#sql@marks.example`; `https://…`, `marks.example/page`.
_ELSEWHERE = re.compile(r"[@#]?[^\s@/?#:%]{1,256}@[^\s@/?#\\:]{1,255}\.[^\s@/?#\\.]{2,64}")
_PAGE = re.compile(r"https?://\S{1,8000}|[\w-]{1,63}(\.[\w-]{1,63}){1,8}/\S{0,8000}", re.IGNORECASE)
_COPIED = 600  # characters of a description that go into an address


async def get_search(request: Request) -> Response:
    """`GET /search?q=&in=&by=`: the form, and what was found here; other servers are asked by a form sent alone."""
    if viewer_of(request) is not None or not parse(request.query_params.get("q", "")):
        return await _FINISHED(request)
    await take("search here", RATE_HERE, f"from {neighbourhood(request)}")
    found = await _FINISHED(request)
    request.scope.pop(HELD, None)  # not given again before it was counted
    return found


async def _searched(request: Request) -> Response:
    viewer, asked = viewer_of(request), request.query_params
    query, scope = parse(asked.get("q", "")), _scope(asked.get("in", ""), viewer)
    order = Order.BEST if asked.get("by") == Order.BEST else Order.NEWEST
    if not query or scope == ELSEWHERE:
        shown = Page(())
    else:
        before = cursor(asked.get("before", ""), "")
        shown = await search(viewer, Sought(query, Scope(scope), order), before, here().settings.page_size)
    if shown.earlier:
        by: dict[str, str] = {"by": order} if order is Order.BEST else {}
        by |= {"edit": "many"} if asked.get("edit") == "many" else {}
        shown = Page(shown.entries, "?" + urlencode({"q": query.text, "in": scope, **by, "before": shown.earlier}))
    said = SearchPage(query.text, scope, order, query.trouble, address=typed_address(query.text))
    return await _search_page(request, viewer, said, shown, query)


_FINISHED = finished(_searched)


async def post_search(request: Request) -> Response:
    """`POST /search` with `q`, `in` and `by`: asks other servers; what is found here is led to."""
    typed, viewer = await read_form(request), viewer_of(request)
    query, scope = parse(typed.text("q")), _scope(typed.text("in"), viewer)
    if scope != ELSEWHERE:
        by = {"by": Order.BEST} if typed.text("by") == Order.BEST else {}
        return onward("/search?" + urlencode({"q": query.text, "in": scope, **by}))
    person = signed_in(request)
    if not query:
        return await _search_page(request, person, SearchPage(query.text, scope), Page(()), query)
    await take("search", RATE, person.username)
    answers = await search_elsewhere(person, query.text[:LONGEST_QUESTION])
    return await _search_page(request, person, _answered(query.text, answers), Page(()), query)


async def post_keep(request: Request) -> Response:
    """`POST /search/keep` with `name` and `q`: a search of one's own becomes a bundle."""
    typed, owner = await read_form(request), owner_of(request)
    query = parse(typed.text("q"))
    try:
        await make_bundle(owner, read_bundle(name=typed.text("name"), search=query.text))
    except Refused as refused:
        search = SearchPage(query.text, Scope.MINE, name=typed.text("name"), wrong=refused.message)
        return await _search_page(request, signed_in(request), search, Page(()), query, status=refused.status)
    return onward("/search?" + urlencode({"q": query.text, "in": Scope.MINE}))


async def get_help(request: Request) -> Response:
    """`GET /help/search`: the language of the box."""
    return page(request, "help_search.html", longest=LONGEST)


def typed_address(text: str) -> TypedAddress | None:
    """What somebody typed into the search box, when it is an address of a page, of somebody or of a tag elsewhere.

    Nobody is asked: it is a page where it is written like one.
    """
    typed = text.strip()
    if _ELSEWHERE.fullmatch(typed):
        return TypedAddress(typed)
    if not _PAGE.fullmatch(typed):
        return None
    address = typed if "://" in typed else f"https://{typed}"
    try:
        urls.check(address)
    except urls.BadUrl:
        return None
    return TypedAddress(address, "/url/?" + urlencode({"url": address}))


def _scope(asked: str, viewer: Viewer | None) -> str:
    if viewer is None:
        if asked in (Scope.MINE, Scope.NETWORK, ELSEWHERE):
            raise SignInFirst
        return Scope.HERE
    return asked if asked in SCOPES else Scope.MINE


async def _search_page(
    request: Request, viewer: Viewer | None, search: SearchPage, shown: Page, query: Query, *, status: int = 200
) -> Response:
    would_ask = [each.host for each in await servers_for(viewer.actor_id)] if viewer else []
    is_own = search.scope == Scope.MINE
    own_path = "/search?" + urlencode({"q": query.text, "in": Scope.MINE}) if is_own else ""
    pick = own_path if request.query_params.get("edit") == "many" else ""
    listing = Listing(
        shown, tag_owner=_owner(viewer, search.scope), of_one=is_own, marks=is_own, pick=pick, sought=query.words
    )
    is_public = query and search.scope == Scope.HERE
    return page(
        request,
        "search.html",
        status=status,
        search=search,
        listing=listing,
        edit_href=f"{own_path}&edit=many" if is_own and shown.entries else "",
        would_ask=tuple(dict.fromkeys(would_ask)),
        kept=await _kept(viewer) if viewer else (),
        feeds=feeds_of(SearchStream(query.text)) if is_public else (),
    )


async def _kept(viewer: Viewer) -> tuple[KeptSearch, ...]:
    """The searches that somebody keeps: bundles that are nothing else."""
    rows = await bundles_of(Owner.of(viewer))
    narrowed = ("any_tags", "all_tags", "excluded_tags")
    return tuple(
        KeptSearch(row["name"], "/search?" + urlencode({"q": row["search"], "in": Scope.MINE}), row["id"])
        for row in rows
        if row["search"] and not any(row[name] for name in narrowed)
        if row["filter_unread"] == row["filter_shared"] == "off"
    )


def _owner(viewer: Viewer | None, scope: str) -> str:
    return viewer.username if viewer and scope == Scope.MINE else ""


def _answered(text: str, answers: Answers) -> SearchPage:
    found = tuple(_elsewhere(each) for each in answers.found)
    return SearchPage(
        text,
        ELSEWHERE,
        asked=True,
        found=found,
        answered=answers.answered,
        with_more=answers.with_more,
        silent=answers.silent,
    )


def _elsewhere(each: Elsewhere) -> FoundElsewhere:
    words = each.words
    copied = addresses.add(
        url=words.url, title=words.title, description=words.description[:_COPIED], tags=" ".join(words.tags)
    )
    return FoundElsewhere(
        words.url, words.title, words.description, words.tags, each.person, each.href, each.at, copied
    )
