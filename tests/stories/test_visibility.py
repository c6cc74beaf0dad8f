"""Who finds what: every route, asked by everybody, over bookmarks of every visibility.

Each bookmark carries words of its own in every field; an answer that holds a word its reader may not see fails. A route
without a row in the table fails too, so nothing is ever served that nobody thought about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from starlette.routing import Mount, Route

from fedimark.accounts.tokens import USUAL, make_token
from fedimark.addresses import uri_hash
from fedimark.database import execute, fetch, write
from fedimark.doorway.cookieless import is_for_programs
from fedimark.follows import digests
from fedimark.here import here, now
from fedimark.policy.visibility import Visibility
from fedimark.routes import routes
from fedimark.search.indexing import index_some
from fedimark.text import urls
from fedimark.web.help import TEMPLATES
from tests.rooms.peers import Says, stand
from tests.stories.reading import Reading
from tests.support.invariants import disagreements
from tests.support.people import Person
from tests.support.savers import remote_actor

ACTIVITY = "application/activity+json"
# What each reader finds is tried on both databases; what is asked again, to the byte, on one.
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
OWNER, FOLLOWER, STRANGER, NOBODY, SERVER = "owner", "follower", "stranger", "nobody signed in", "a server"
SIGNED_IN = (OWNER, FOLLOWER, STRANGER)
P, U, F, X = Visibility.PUBLIC, Visibility.UNLISTED, Visibility.FOLLOWERS, Visibility.PRIVATE
EVERY = (P, U, F, X)

Seen = Mapping[str, tuple[Visibility, ...]]
NOTHING: Seen = {}
OWNERS: Seen = {OWNER: EVERY}
OWN_PAGE: Seen = {OWNER: EVERY, FOLLOWER: (P, U, F), STRANGER: (P, U), NOBODY: (P, U), SERVER: (P, U)}
PERSON_PAGE: Seen = {**OWN_PAGE, SERVER: ()}  # a server gets the actor there
LISTED: Seen = dict.fromkeys((OWNER, FOLLOWER, STRANGER, NOBODY, SERVER), (P,))
OPEN: Seen = dict.fromkeys((OWNER, FOLLOWER, STRANGER, NOBODY, SERVER), (P, U))
TAG_PAGE: Seen = {**LISTED, SERVER: ()}  # and the tag's actor there
LINK: Seen = {**LISTED, OWNER: EVERY, FOLLOWER: (P, U, F)}
BY_MD5: Seen = {**LISTED, OWNER: EVERY}
NETWORK: Seen = {OWNER: EVERY, FOLLOWER: (P, U, F)}
SECRET_FILE: Seen = {OWNER: (X,)}  # the file that was uploaded is named as the private bookmark is


@dataclass(frozen=True)
class Ask:
    """How a route is asked, and of which bookmarks each reader finds the title: exactly these.

    With `{id}`, `{hash}`, `{md5}`, `{url}`, `{tag}` or `{dot}` in it, it is asked once for each bookmark. `leads` are
    those whose address or tags the answer may name though it shows none of them. `not_by`: what they ask would change
    what the others find.
    """

    path: str
    shows: Seen = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    leads: Seen = field(default_factory=dict)
    not_by: tuple[str, ...] = ()


def _outboxes(tags: str) -> tuple[Ask, ...]:
    """Pages of the outboxes of tags: of public bookmarks everybody may read the id."""
    pages = (f"{tags}/shared", f"{tags}/{{tag}}", f"{tags}/{{dot}}", f"{tags}/shared,{{tag}}")
    return tuple(Ask(f"{page}/outbox?page=first", leads=LISTED) for page in pages)


ONE = "/u/ana/b/{id}"
REPLY = "/u/sam/r/{id}"  # the stranger's answer to it, from when everybody saw it
ABOUT = "https://a.example/u/ana/b/{id}"
TO_SAY: Seen = dict.fromkeys(SIGNED_IN, (P, U))
LIST = "/network/lists/floslist11111"
LISTED_PEOPLE: Seen = {FOLLOWER: (P, U, F)}
SOUGHT = "qprivate*+or+qfollowers*+or+qunlisted*+or+qpublic*"
API = (
    ("GET", ""),
    ("GET", "user/profile/"),
    ("GET POST", "bookmarks/"),
    ("GET", "bookmarks/archived/"),
    ("GET", "bookmarks/check/"),
    ("POST", "bookmarks/singlefile/"),
    ("GET PUT PATCH DELETE", "bookmarks/{id}/"),
    ("POST", "bookmarks/{id}/archive/"),
    ("POST", "bookmarks/{id}/unarchive/"),
    ("GET", "bookmarks/{id}/assets/"),
    ("POST", "bookmarks/{id}/assets/upload/"),
    ("GET DELETE", "bookmarks/{id}/assets/{asset}/"),
    ("GET", "bookmarks/{id}/assets/{asset}/download/"),
    *(("GET POST", f"{what}/") for what in ("tags", "bundles")),
    ("GET DELETE", "tags/{id}/"),
    ("GET PUT PATCH DELETE", "bundles/{id}/"),
)
TABLE: dict[str, tuple[Ask, ...]] = {
    # Notes: who sees which is tried in tests/rooms/test_notes.py
    "GET /notes/add": (Ask("/notes/add"),),
    "POST /notes/add": (Ask("/notes/add", form={"title": "x", "text": ""}),),
    "GET /u/{user}/notes": (Ask("/u/ana/notes"), Ask("/u/ana/notes?after={id}")),
    "GET /u/{user}/notes/feed.{format}": (Ask("/u/ana/notes/feed.json"), Ask("/u/ana/notes/feed.atom?after={id}")),
    "GET /u/{user}/notes/{id}": (Ask("/u/ana/notes/{id}"),),
    "GET /u/{user}/notes/{id}/edit": (Ask("/u/ana/notes/{id}/edit"),),
    "POST /u/{user}/notes/{id}/edit": (Ask("/u/ana/notes/{id}/edit", form={"text": "x"}),),
    "GET /u/{user}/notes/{id}/remove": (Ask("/u/ana/notes/{id}/remove"),),
    "POST /u/{user}/notes/{id}/remove": (Ask("/u/ana/notes/{id}/remove"),),
    # Streams and bookmarks
    "GET /": (Ask("/", {NOBODY: (P,), SERVER: (P,)}),),
    "GET /recent": (
        Ask("/recent", LISTED),
        Ask("/recent?from=here", LISTED),
        Ask("/recent?before=9-x"),
        Ask("/recent?after=1-x", LISTED),
    ),
    "GET /popular": (Ask("/popular"), Ask("/popular?in=day&tag={tag}"), Ask("/popular?in=month&tag={dot}")),
    "GET /network": (
        Ask("/network", NETWORK),
        Ask("/network?from=ana", {FOLLOWER: (P, U, F)}),
        Ask("/network?tag=shared", NETWORK),
        Ask("/network?tag={tag}", NETWORK),
        Ask("/network?tag={dot}", OWNERS),
        Ask("/network?narrowed=yes&no_shares=yes&no_notes=yes", NETWORK),
        Ask("/network?narrowed=yes&unread=yes", {FOLLOWER: (P, U, F)}),
    ),
    "POST /network/show": (Ask("/network/show", form={"unread": "yes"}, not_by=SIGNED_IN),),
    "POST /network/read": (Ask("/network/read", form={"until": "1"}),),
    # Flo's list, with ana on it, and its feed, which shows no more than a stranger may see
    "GET /network/lists": (Ask("/network/lists"),),
    "POST /network/lists": (Ask("/network/lists", form={"name": ""}),),
    "GET /network/lists/{list}": (Ask(LIST, LISTED_PEOPLE), Ask(f"{LIST}?narrowed=yes&unread=yes", LISTED_PEOPLE)),
    "GET /network/lists/{list}/edit": (Ask(f"{LIST}/edit"),),
    "POST /network/lists/{list}/edit": (Ask(f"{LIST}/edit", form={"name": ""}),),
    "POST /network/lists/{list}/put": (Ask(f"{LIST}/put", form={"who": "nobody_of_this_name"}),),
    "POST /network/lists/{list}/drop": (Ask(f"{LIST}/drop", form={"who": "nobody_of_this_name"}),),
    "POST /network/lists/{list}/key": (Ask("/network/lists/nobodyslist11/key"),),
    "POST /network/lists/{list}/remove": (Ask("/network/lists/nobodyslist11/remove"),),
    "GET /feeds/lists/{list}/{key}.atom": (
        Ask("/feeds/lists/floslist11111/floskeyfloskeyfloskeyflosk.atom", OPEN),
        Ask("/feeds/lists/floslist11111/another.atom"),
    ),
    # Feeds at the address of their stream: the same for everybody, its owner too
    "GET /recent/feed.{format}": (
        Ask("/recent/feed.rss", LISTED),
        Ask("/recent/feed.atom?from=here", LISTED),
        Ask("/recent/feed.json", LISTED),
        Ask("/recent/feed.bib"),
    ),
    "GET /popular/feed.{format}": (Ask("/popular/feed.rss"), Ask("/popular/feed.json?in=day&tag={dot}")),
    "GET /t/{tags}/feed.{format}": (
        Ask("/t/shared/feed.rss", LISTED),
        Ask("/t/{tag}/feed.atom", LISTED),
        Ask("/t/shared,{tag}/feed.json", LISTED),
        Ask("/t/{dot}/feed.rss"),
    ),
    "GET /url/{hash}/feed.{format}": (Ask("/url/{hash}/feed.rss", LISTED), Ask("/url/{hash}/feed.json", LISTED)),
    "GET /u/{user}/feed.{format}": (
        Ask("/u/ana/feed.rss", OPEN),
        Ask("/u/ana/feed.atom", OPEN),
        Ask("/u/ana/feed.json", OPEN),
        Ask("/u/ana/feed.bib"),
    ),
    "GET /u/{user}/{only}/feed.{format}": (
        Ask("/u/ana/public/feed.rss", LISTED),
        Ask("/u/ana/private/feed.rss"),
        Ask("/u/ana/unread/feed.json"),
    ),
    "GET /u/{user}/t/{tags}/feed.{format}": (
        Ask("/u/ana/t/shared/feed.rss", OPEN),
        Ask("/u/ana/t/{tag}/feed.json", OPEN),
        Ask("/u/ana/t/{dot}/feed.rss"),
    ),
    # Nobody's key; what one opens is for whoever has it (tests/rooms/test_keyed_feeds.py)
    "GET /secret:{key}/feed.{format}": (Ask(f"/secret:{'5' * 32}/feed.json"),),
    "GET /secret:{key}/t/{tags}/feed.{format}": (Ask(f"/secret:{'5' * 32}/t/{{dot}}/feed.atom"),),
    "GET /secret:{key}/search/feed.{format}": (Ask(f"/secret:{'5' * 32}/search/feed.rss?q=title"),),
    "GET /secret:{key}/again/feed.{format}": (Ask(f"/secret:{'5' * 32}/again/feed.rss"),),
    "GET /secret:{key}/bundles/{id}/feed.{format}": (Ask(f"/secret:{'5' * 32}/bundles/1/feed.rss"),),
    "GET /secret:{key}/{only}/feed.{format}": (Ask(f"/secret:{'5' * 32}/network/feed.rss"),),
    "GET /rss/{path}": (
        Ask("/rss/u:ana/", OPEN),
        Ask("/rss/u:ana/t:{dot}/"),
        Ask("/rss/t:shared/", LISTED),
        Ask("/rss/recent/", LISTED),
        Ask("/rss/popular/"),
        Ask("/rss/u:ana/private/"),
        Ask(f"/rss/secret:{'5' * 32}/u:ana/private/"),
    ),
    "GET /json/{path}": (
        Ask("/json/u:ana/", OPEN),
        Ask("/json/u:ana/t:{dot}/"),
        Ask("/json/v1/u:ana/t:shared/?cb=shown", OPEN),
        Ask("/json/t:{tag}/", LISTED),
        Ask(f"/json/secret:{'5' * 32}/u:ana/unread/"),
    ),
    "GET /feeds/shared": (
        Ask("/feeds/shared", LISTED),
        Ask("/feeds/shared?q={tag}", LISTED),
        Ask("/feeds/shared?q={dot}"),
    ),
    "GET /feeds/{key}/all": (Ask(f"/feeds/{'5' * 32}/all"),),
    "GET /feeds/{key}/unread": (Ask(f"/feeds/{'5' * 32}/unread"),),
    "GET /feeds/{key}/shared": (Ask(f"/feeds/{'5' * 32}/shared"),),
    # Mastodon's door tells strangers of people here
    "GET /api/openapi.json": (Ask("/api/openapi.json"),),
    "GET /api/v1/instance": (Ask("/api/v1/instance"),),
    "GET /api/v2/instance": (Ask("/api/v2/instance"),),
    "GET /api/v1/timelines/public": (
        Ask("/api/v1/timelines/public", LISTED),
        Ask("/api/v1/timelines/public?max_id={id}"),
        Ask("/api/v1/timelines/public?since_id=a{id}"),
    ),
    "GET /api/v1/timelines/tag/{tag}": (
        Ask("/api/v1/timelines/tag/shared", LISTED),
        Ask("/api/v1/timelines/tag/{tag}", LISTED),
        Ask("/api/v1/timelines/tag/{dot}"),
    ),
    "GET /api/v1/accounts/lookup": (Ask("/api/v1/accounts/lookup?acct=ana"),),
    "GET /api/v1/statuses/{id}": (Ask("/api/v1/statuses/{id}", LISTED),),
    # What a browser asks first: the same for everything
    "OPTIONS /api/v1/instance": (),
    "OPTIONS /api/v2/instance": (),
    "OPTIONS /api/v1/timelines/public": (),
    "OPTIONS /api/v1/timelines/tag/{tag}": (),
    "OPTIONS /api/v1/accounts/lookup": (),
    "OPTIONS /api/v1/statuses/{id}": (),
    "GET /authorize_interaction": (Ask("/authorize_interaction?uri=acct:ana@a.example", NETWORK),),
    "POST /network/follow": (Ask("/network/follow", NETWORK, {"who": "nobody_of_this_name"}),),
    "POST /network/leave": (Ask("/network/leave", NOTHING, {"who": "nobody_of_this_name"}),),
    "POST /press": (
        Ask("/press", NOTHING, {"liked": ONE, "back": "/settings"}),
        Ask("/press", NOTHING, {"shared": "nothing"}),
        Ask("/press", NOTHING, {"starred": "{id}"}),
        Ask("/press", NOTHING, {"to_read": "{id}"}),
        Ask("/press", NOTHING, {"archived": "-{id}"}),
    ),
    "GET /t/{tags}": (
        Ask("/t/shared", TAG_PAGE),
        Ask("/t/{tag}", TAG_PAGE),
        Ask("/t/shared,{tag}", LISTED),
        Ask("/t/{dot}", NOTHING),
        Ask("/t/shared,{dot}", NOTHING),
    ),
    "GET /url/": (Ask("/url/?url={url}"), Ask("/url/")),
    "GET /url/{hash}": (
        Ask("/url/{hash}", {**LINK, SERVER: ()}),  # a server gets a number there
        Ask("/url/{hash}?page=first", LINK),
        Ask("/url/{md5}", leads=BY_MD5),
    ),
    **{f"GET {path}": (Ask(path),) for path in ("/about", *TEMPLATES)},
    "GET /u/{user}/statistics": (Ask("/u/ana/statistics", leads=OWN_PAGE),),
    "GET /u/{user}/day/{day}": (Ask("/u/ana/day/2026-01-01"),),
    "GET /again": (Ask("/again"),),
    "GET /random": (Ask("/random", leads=OWNERS),),  # one of one's own
    "GET /manifest.webmanifest": (Ask("/manifest.webmanifest"),),
    "GET /opensearch.xml": (Ask("/opensearch.xml"),),
    "GET /add/shared": (Ask("/add/shared?text=words"),),
    "GET /bookmarks/new": (Ask("/bookmarks/new?url=https://a.example/&notes=words&auto_close"),),
    "GET /add": (
        Ask("/add", leads=OWNERS),
        Ask("/add?url={url}", OWNERS, leads=LINK),
        Ask("/add?later=yes&key=nothing&url={url}", OWNERS, leads=LINK),
        # Of what is for followers the address alone; and one's own is no source.
        Ask(f"/add?from={ONE}", {FOLLOWER: (P, U), STRANGER: (P, U)}, leads={OWNER: EVERY, FOLLOWER: (P, U, F)}),
    ),
    # Of a page that somebody may not see nothing is suggested and nobody named; the owner meets their own words.
    "GET /add/about": (
        Ask("/add/about?url={url}", OWNERS, leads=LINK),
        Ask("/add/about?url=https://other.example/&title={tag}+{dot}"),
    ),
    "GET /add/tags": (Ask("/add/tags?begins=q", leads=OWNERS), Ask("/add/tags?begins=.", leads=OWNERS)),
    "POST /add/look": (Ask("/add/look", form={"url": "{url}"}),),
    "GET /add/look/{id}": (Ask("/add/look/aaaaaaaaaaaaa"),),
    "GET /add/saved": (Ask("/add/saved?id={id}&then=same", OWNERS), Ask("/add/saved")),
    "GET /settings/bookmarklets": (Ask("/settings/bookmarklets"),),
    "POST /settings/bookmarklets/key": (Ask("/settings/bookmarklets/key"),),
    # A word that stands in every title; people find their own, and what is public.
    "GET /search": (
        Ask("/search"),
        Ask(f"/search?q={SOUGHT}&in=mine", OWNERS),
        Ask(f"/search?q={SOUGHT}&in=network", NETWORK),
        Ask(f"/search?q={SOUGHT}&in=here", LISTED),
        Ask(f"/search?q={SOUGHT}&in=here&by=best", LISTED),
        Ask(f"/search?q=in:notes+({SOUGHT})&in=here"),
        Ask("/search?q=is:private+or+is:unread&in=here", {OWNER: (P,)}),
        Ask("/search?q={dot}&in=here"),
        Ask("/search?q=%23{dot}&in=here"),
        Ask("/search?q=title&in=elsewhere"),
    ),
    "GET /help/search": (Ask("/help/search"),),
    "GET /search/feed.{format}": (
        Ask(f"/search/feed.atom?q={SOUGHT}", LISTED),
        Ask(f"/search/feed.json?q=in:notes+({SOUGHT})"),
        Ask("/search/feed.rss?q=%23{dot}"),
    ),
    "POST /search/keep": (Ask("/search/keep", form={"q": "sql", "name": "x"}),),
    "POST /search": (Ask("/search", form={"q": "title", "in": "elsewhere"}),),
    "POST /.well-known/betula-federated-search": (Ask("/.well-known/betula-federated-search"),),
    # Of what was said about bookmarks of ana's the stranger was told too
    "GET /notifications": (Ask("/notifications", {OWNER: EVERY, STRANGER: (P, U)}), Ask("/notifications?before=1")),
    "POST /notifications/read": (Ask("/notifications/read", form={"up_to": "0"}),),
    "GET /notifications/feed.atom": (
        Ask("/notifications/feed.atom"),
        Ask(f"/notifications/feed.atom?key={'0' * 32}"),
        Ask(f"/notifications/feed.atom?key={'5' * 32}", OPEN),  # the stranger's own key
    ),
    "GET /for-you": (Ask("/for-you"),),
    "POST /for-you/keep": (Ask("/for-you/keep", form={"id": "nothing"}),),
    "POST /for-you/dismiss": (Ask("/for-you/dismiss", form={"id": "nothing"}),),
    "POST /add": (Ask("/add", NOTHING, {"url": ""}, leads=OWNERS),),
    "GET /u/{user}": (
        Ask("/u/ana", PERSON_PAGE),
        Ask("/u/ana?edit=many", PERSON_PAGE),
        Ask("/u/zed@far.example"),
        Ask("/u/ana@a.example"),
    ),
    "POST /u/{user}/older": (Ask("/u/ana/older"), Ask("/u/zed@far.example/older")),
    "GET /u/{user}/t/{tags}": (
        Ask("/u/ana/t/shared", PERSON_PAGE),
        Ask("/u/ana/t/{tag}", PERSON_PAGE),
        Ask("/u/ana/t/shared,{tag}", OWN_PAGE),
        Ask("/u/ana/t/{dot}", OWNERS),
        Ask("/u/ana/t/shared,{dot}", OWNERS),
    ),
    "GET /u/{user}/b/{id}": (Ask(ONE, OWN_PAGE),),
    "GET /u/{user}/b/{id}/edit": (Ask(f"{ONE}/edit", OWNERS),),
    "POST /u/{user}/b/{id}/edit": (Ask(f"{ONE}/edit", NOTHING, {"url": "https://other.example/"}, not_by=(OWNER,)),),
    "GET /u/{user}/b/{id}/remove": (Ask(f"{ONE}/remove", OWNERS),),
    "POST /u/{user}/b/{id}/remove": (Ask(f"{ONE}/remove", not_by=(OWNER,)),),
    "GET /u/{user}/b/{id}/removed": (Ask(f"{ONE}/removed"),),
    "POST /u/{user}/b/{id}/undo": (Ask(f"{ONE}/undo"),),
    # Bundles are their owner's alone
    "GET /u/{user}/bundles": (Ask("/u/ana/bundles", leads=OWNERS), Ask("/u/ana/bundles?name=mine", leads=OWNERS)),
    "GET /u/{user}/bundles/new": (Ask("/u/ana/bundles/new"),),
    "POST /u/{user}/bundles/new": (Ask("/u/ana/bundles/new", form={"name": ""}),),
    "GET /u/{user}/bundles/{id}": (Ask("/u/ana/bundles/1", OWNERS), Ask("/u/ana/bundles/x"), Ask("/u/sam/bundles/1")),
    "GET /u/{user}/bundles/{id}/edit": (Ask("/u/ana/bundles/1/edit"),),
    "POST /u/{user}/bundles/{id}/edit": (Ask("/u/ana/bundles/1/edit", form={"name": ""}),),
    "POST /u/{user}/bundles/{id}/remove": (Ask("/u/ana/bundles/999999/remove"),),
    "POST /u/{user}/bundles/{id}/up": (Ask("/u/ana/bundles/1/up"),),
    # A set is a private tag: who sees that is tried above
    "GET /tabs": (Ask("/tabs"),),
    "POST /tabs": (Ask("/tabs", form={"tabs": ""}),),
    "POST /bulk": (
        # Of what the owner chose the titles are named before it is done; whoever else names it chose nothing.
        Ask("/bulk", OWNERS, {"id": "{id}", "delete": "yes"}),
        Ask("/bulk", OWNERS, {"whole": "yes", "stream": "/u/ana/t/{tag}", "starred": "yes"}),
    ),
    "GET /bulk/{id}": (Ask("/bulk/aaaaaaaaaaaaa"),),
    "POST /bulk/{id}/undo": (Ask("/bulk/aaaaaaaaaaaaa/undo"),),
    "GET /u/{user}/{only}": (
        # The tags at the side are those of the whole page.
        Ask("/u/ana/public", LISTED, leads=OWN_PAGE),
        Ask("/u/ana/private", {OWNER: (X,)}, leads=OWNERS),
        Ask("/u/ana/unread", OWNERS),
        Ask("/u/ana/starred", OWNERS),
        Ask("/u/ana/archived", leads=OWNERS),
        Ask("/u/ana/untagged", leads=OWNERS),
    ),
    # linkding's API, asked with the key of each; changes name a bookmark that nobody has
    **{
        f"{method} /api/{path}": tuple(
            Ask(f"{base}/api/{path.format(id=999999, asset=1)}") for base in ("", "/linkding")
        )
        for methods, path in API
        for method in methods.split()
    },
    "GET /api/bookmarks/": (
        Ask("/api/bookmarks/", OWNERS),
        Ask("/linkding/api/bookmarks?limit=10000&sort=title_asc&unread=yes", OWNERS),
        Ask(f"/api/bookmarks/?q={SOUGHT}", OWNERS),
        Ask(f"/api/bookmarks/?q={SOUGHT}&shared=no", {OWNER: (F, X)}),
    ),
    "GET /api/bookmarks/check/": (Ask("/api/bookmarks/check?url={url}", OWNERS),),
    "GET /api/tags/": (Ask("/api/tags/?limit=5000", leads=OWNERS),),
    "GET /api/bookmarks/shared/": (
        Ask("/api/bookmarks/shared/", LISTED),
        Ask("/api/bookmarks/shared?user=ana&sort=title_asc", OPEN),
        Ask(f"/linkding/api/bookmarks/shared/?user=ana&q={SOUGHT}&unread=no", LISTED),
        Ask("/api/bookmarks/shared/?user=ana&q=note*"),
        Ask("/api/bookmarks/shared/?user=ana&q=%23{dot}"),
    ),
    "GET /health": (Ask("/health"), Ask("/linkding/health")),
    "POST /u/{user}/b/{id}/talk": (Ask(f"{ONE}/talk", form={"replies": ""}),),
    "POST /u/{user}/b/{id}/hide": (Ask(f"{ONE}/hide", form={"what": "0"}),),
    "POST /u/{user}/b/{id}/show": (Ask(f"{ONE}/show", form={"what": "0"}),),
    "POST /u/{user}/b/{id}/unquote": (Ask(f"{ONE}/unquote", form={"what": "0"}),),
    "GET /u/{user}/b/{id}/hidden": (Ask(f"{ONE}/hidden", OWNERS),),
    # What people here wrote about it stays theirs, and says no more of it than everybody may know
    "GET /say": (Ask(f"/say?about={ABOUT}", TO_SAY), Ask(f"/say?about=https://a.example{REPLY}", TO_SAY)),
    "POST /say": (Ask("/say", TO_SAY, {"about": ABOUT, "words": ""}),),
    "GET /u/{user}/r/{id}": (Ask(REPLY, {**OPEN, SERVER: ()}, leads={SERVER: EVERY}),),
    "GET /u/{user}/r/{id}/edit": (Ask(f"{REPLY}/edit"),),
    "POST /u/{user}/r/{id}/edit": (Ask(f"{REPLY}/edit", form={"words": ""}),),
    "GET /u/{user}/r/{id}/remove": (Ask(f"{REPLY}/remove"),),
    "POST /u/{user}/r/{id}/remove": (Ask(f"{REPLY}/remove", not_by=(STRANGER,)),),
    "GET /u/{user}/r/{id}/replies": (Ask(f"{REPLY}/replies", leads=dict.fromkeys(OPEN, EVERY)),),
    "GET /u/{user}/stamps/{id}": (Ask("/u/ana/stamps/{id}"),),
    # Programs: one's own, and what one's network saved
    "GET /v1/{room}/{method}": (
        *(Ask(f"/v1/posts/{method}", OWNERS) for method in ("all", "recent?count=100", "get", "get?url={url}")),
        *(Ask(f"/v1/posts/{method}&format=json", OWNERS) for method in ("all?tag={tag}", "all?tag={dot}")),
        Ask("/v1/posts/delta?since=1970-01-01T00:00:01Z", OWNERS),
        Ask("/v1/posts/suggest?url={url}", leads={**OWNERS, FOLLOWER: (P, U, F), STRANGER: (P,)}),
        Ask("/v1/posts/dates?tag={dot}"),
        Ask("/v1/tags/get", leads=OWNERS),
        Ask("/v1/notes/list"),
        Ask("/v1/notes/{id}"),
        Ask("/v1/network/recent", {OWNER: EVERY, FOLLOWER: (P, U, F)}),
        Ask("/v1/posts/nothing"),
    ),
    "POST /v1/{room}/{method}": (
        Ask("/v1/posts/all", OWNERS),
        Ask("/v1/posts/add", form={"url": "", "description": "x"}),
        Ask("/v1/posts/delete", form={"url": "{url}"}, not_by=(OWNER,)),
    ),
    "GET /api/pinboard/v1/{room}/{method}": (Ask("/api/pinboard/v1/posts/all?format=json", OWNERS),),
    "POST /api/pinboard/v1/{room}/{method}": (Ask("/api/pinboard/v1/posts/all", OWNERS),),
    # Pinboard's grammar: only ever another spelling of what was asked
    "GET /u:{user}": (Ask("/u:ana"),),
    "GET /u:{user}/": (Ask("/u:ana/"),),
    "GET /u:{user}/{rest}": (
        Ask("/u:ana/t:{tag}/"),
        Ask("/u:ana/t:{dot}/"),
        Ask("/u:ana/b:{id}"),
        Ask("/u:ana/unread/"),
        Ask("/u:ana/bundle:mine/"),
        Ask("/u:ana/notes/"),
    ),
    "GET /t:{rest}": (Ask("/t:{tag}/"), Ask("/t:{dot}/")),
    "GET /url:{hash}": (Ask("/url:{hash}"), Ask("/url:{md5}")),
    "GET /url:{hash}/": (Ask("/url:{hash}/"),),
    "GET /popular/": (Ask("/popular/"),),
    "GET /recent/": (Ask("/recent/"),),
    "GET /network/": (Ask("/network/"),),
    "GET /search/": (Ask("/search/?query={tag}"),),
    "GET /note/add": (Ask("/note/add"),),
    "GET /note/add/": (Ask("/note/add/"),),
    # What servers ask
    "GET /.well-known/webfinger": (Ask("/.well-known/webfinger?resource=acct:ana@a.example"),),
    "GET /.well-known/nodeinfo": (Ask("/.well-known/nodeinfo"),),
    "GET /.well-known/host-meta": (Ask("/.well-known/host-meta"),),
    "GET /nodeinfo/{version}": (Ask("/nodeinfo/2.1"), Ask("/nodeinfo/2.0")),
    "GET /actor": (Ask("/actor"),),
    "GET /actor/outbox": (Ask("/actor/outbox"),),
    "GET /actor/featured": (Ask("/actor/featured"),),
    "POST /inbox": (Ask("/inbox"),),
    "POST /actor/inbox": (Ask("/actor/inbox"),),
    "POST /u/{user}/inbox": (Ask("/u/ana/inbox"),),
    "GET /u/{user}/outbox": (Ask("/u/ana/outbox"), Ask("/u/ana/outbox?page=first", LISTED)),
    "GET /u/{user}/featured": (Ask("/u/ana/featured", LISTED),),
    "GET /u/{user}/tags": (Ask("/u/ana/tags", leads=LISTED),),
    "GET /u/{user}/followers": (Ask("/u/ana/followers"),),
    "GET /u/{user}/following": (Ask("/u/ana/following"),),
    "GET /u/{user}/b/{id}/replies": (
        Ask(f"{ONE}/replies", leads=OPEN),
        Ask(f"{ONE}/replies?page=first", leads=OPEN),
    ),
    "GET /u/{user}/b/{id}/likes": (Ask(f"{ONE}/likes", leads=OPEN),),
    "GET /u/{user}/b/{id}/shares": (Ask(f"{ONE}/shares", leads=OPEN),),
    "GET /u/{user}/shares/{id}": (Ask("/u/ana/shares/{id}"), Ask("/u/ana/shares/aaaaaaaaaaaaa")),
    "GET /u/{user}.json": (Ask("/u/ana.json"),),
    # A digest tells servers of what is public, with its title and address
    "GET /u/{user}/digest": (Ask("/u/ana/digest"),),
    "POST /u/{user}/digest/inbox": (Ask("/u/ana/digest/inbox"),),
    "GET /u/{user}/digest/outbox": (Ask("/u/ana/digest/outbox"), Ask("/u/ana/digest/outbox?page=first", LISTED)),
    "GET /u/{user}/digest/followers": (Ask("/u/ana/digest/followers"),),
    "GET /u/{user}/digest/{day}": (Ask("/u/ana/digest/2026-02-28", {SERVER: (P,)}),),
    "GET /u/{user}/digest/{day}/create": (Ask("/u/ana/digest/2026-02-28/create", LISTED),),
    # What servers ask tags: addresses of bookmarks and nothing they say
    "POST /t/{tags}/inbox": (Ask("/t/shared/inbox"),),
    "GET /t/{tags}/outbox": (Ask("/t/shared/outbox"), *_outboxes("/t")),
    "GET /t/{tags}/followers": (Ask("/t/shared/followers"), Ask("/t/{tag}/followers"), Ask("/t/{dot}/followers")),
    "GET /t/{tags}/announce/{id}": (Ask("/t/shared/announce/{id}"), Ask("/t/{dot}/announce/{id}")),
    "POST /u/{user}/t/{tags}/inbox": (Ask("/u/ana/t/shared/inbox"),),
    "GET /u/{user}/t/{tags}/outbox": (Ask("/u/ana/t/shared/outbox"), *_outboxes("/u/ana/t")),
    "GET /u/{user}/t/{tags}/followers": (Ask("/u/ana/t/shared/followers"), Ask("/u/ana/t/{tag}/followers")),
    "GET /u/{user}/t/{tags}/announce/{id}": (Ask("/u/ana/t/shared/announce/{id}"),),
    # One's own
    "GET /avatars/{file}": (Ask("/avatars/" + "0" * 40 + ".webp"),),
    "GET /setup": (Ask("/setup"),),
    "POST /setup": (Ask("/setup", form={"visibility": "public"}),),
    "GET /sign-in": (Ask("/sign-in"), Ask("/sign-in?next=/u/ana/private")),
    "POST /sign-in": (Ask("/sign-in", form={"username": "ana"}),),
    "POST /sign-out": (Ask("/sign-out"),),
    "POST /language": (Ask("/language", form={"language": "en", "back": "/u/ana/private"}),),
    "GET /sign-up": (Ask("/sign-up"),),
    "POST /sign-up": (Ask("/sign-up", form={"username": "ana"}),),
    "GET /settings": (Ask("/settings"),),
    "POST /settings": (Ask("/settings"),),
    "POST /settings/avatar": (Ask("/settings/avatar"),),
    "GET /settings/password": (Ask("/settings/password"),),
    "POST /settings/password": (Ask("/settings/password"),),
    "GET /settings/sessions": (Ask("/settings/sessions"),),
    "POST /settings/sessions/{id}/revoke": (Ask("/settings/sessions/999999/revoke"),),
    "GET /settings/keys": (Ask("/settings/keys"),),
    "POST /settings/keys": (Ask("/settings/keys", form={"name": "", "read": "yes"}),),
    "POST /settings/keys/{id}/revoke": (Ask("/settings/keys/999999/revoke"),),
    "GET /settings/looks": (Ask("/settings/looks"),),
    "POST /settings/looks": (Ask("/settings/looks", form={"theme": "none"}),),
    "GET /settings/looks/{version}.css": (Ask("/settings/looks/0123456789.css"),),
    "GET /settings/invites": (Ask("/settings/invites"),),
    "POST /settings/invites": (Ask("/settings/invites"),),
    "POST /settings/registration": (Ask("/settings/registration"),),
    "GET /settings/move": (Ask("/settings/move"),),
    "POST /settings/move": (Ask("/settings/move", form={"who": "bo"}),),
    "POST /settings/move/back": (Ask("/settings/move/back", form={}),),
    "POST /settings/move/alias": (Ask("/settings/move/alias", form={"alias": "bo"}),),
    "POST /settings/move/alias/remove": (Ask("/settings/move/alias/remove", form={"alias": "https://b.example/u/bo"}),),
    "GET /settings/leave": (Ask("/settings/leave"),),
    "POST /settings/leave": (Ask("/settings/leave", form={"username": "ana"}),),
    "GET /settings/notifications": (Ask("/settings/notifications"),),
    "POST /settings/notifications": (Ask("/settings/notifications", form={"like": "yes"}),),
    "POST /settings/notifications/feed": (Ask("/settings/notifications/feed", not_by=(STRANGER,)),),
    "GET /settings/tags": (Ask("/settings/tags", leads=OWNERS),),
    "GET /settings/tags/garden": (Ask("/settings/tags/garden", leads=OWNERS),),
    "POST /settings/tags/rename": (
        Ask("/settings/tags/rename", form={"old": "{tag}", "new": ""}, leads=OWNERS),
        Ask("/settings/tags/rename", OWNERS, {"old": "{tag}", "new": "x", "look": "yes"}),
    ),
    "POST /settings/tags/merge": (Ask("/settings/tags/merge", form={"tags": "{tag}", "into": ""}, leads=OWNERS),),
    "POST /settings/tags/delete": (
        Ask("/settings/tags/delete", form={"tag": "{tag}"}, leads=OWNERS, not_by=(OWNER,)),
        Ask("/settings/tags/delete", OWNERS, {"tag": "{dot}", "look": "yes"}),
    ),
    "GET /settings/import": (Ask("/settings/import", SECRET_FILE),),
    "POST /settings/import": (Ask("/settings/import", SECRET_FILE),),
    "GET /settings/import/{id}": (Ask("/settings/import/{job}", SECRET_FILE),),
    "POST /settings/import/{id}/start": (Ask("/settings/import/{job}/start", not_by=(OWNER,)),),
    "POST /settings/import/{id}": (Ask("/settings/import/{job}", form={"visibility": "private"}),),
    "POST /settings/import/{id}/undo": (Ask("/settings/import/{job}/undo"),),
    "POST /settings/import/{id}/follow": (Ask("/settings/import/{job}/follow"),),
    "GET /settings/import/{id}/rows.csv": (Ask("/settings/import/{job}/rows.csv"),),
    "GET /settings/export": (Ask("/settings/export?format=netscape-html", OWNERS), Ask("/settings/export")),
    "GET /settings/export.json": (Ask("/settings/export.json", OWNERS),),
    "GET /followers": (Ask("/followers"),),
    "POST /followers/answer": (Ask("/followers/answer", form={"id": "1", "answer": "accept"}),),
    "POST /followers/remove": (Ask("/followers/remove", form={"id": "999999"}),),
    "GET /people": (Ask("/people"),),
    "GET /people/blocked": (Ask("/people/blocked"),),
    "POST /people/block": (Ask("/people/block", form={"who": "nobody_of_this_name"}),),
    "POST /people/unblock": (Ask("/people/unblock", form={"who": "nobody_of_this_name"}),),
    "GET /people/muted": (Ask("/people/muted"),),
    "POST /people/mute": (Ask("/people/mute", form={"who": "nobody_of_this_name"}),),
    "POST /people/unmute": (Ask("/people/unmute", form={"who": "nobody_of_this_name"}),),
    "POST /people/muted/add": (Ask("/people/muted/add", form={"kind": "word", "value": ""}),),
    "POST /people/muted/end": (Ask("/people/muted/end", form={"kind": "word", "value": "nothing"}),),
    # The server's
    "GET /moderation": (Ask("/moderation"),),
    "POST /moderation/domains/block": (Ask("/moderation/domains/block", form={"host": ""}),),
    "POST /moderation/domains/unblock": (Ask("/moderation/domains/unblock", form={"host": "nowhere.example"}),),
    "POST /moderation/domains/let-in": (Ask("/moderation/domains/let-in", form={"host": "nowhere.example"}),),
    "POST /moderation/accounts/suspend": (Ask("/moderation/accounts/suspend", form={"name": "nobody"}),),
    "POST /moderation/accounts/restore": (Ask("/moderation/accounts/restore", form={"name": "nobody"}),),
    # Of what is reported an admin sees no more than everybody; ana is one
    "GET /report": (
        Ask(f"/report?bookmark={ONE}", leads={FOLLOWER: (P, U, F), STRANGER: (P, U)}),
        Ask("/report?who=@ana@a.example"),
    ),
    "POST /report": (
        Ask("/report", form={"bookmark": ONE, "comment": "m" * 5_001}, leads={FOLLOWER: (P, U, F), STRANGER: (P, U)}),
    ),
    "GET /moderation/reports": (Ask("/moderation/reports", {OWNER: (P, U)}), Ask("/moderation/reports?state=closed")),
    "POST /moderation/reports/close": (Ask("/moderation/reports/close", form={"id": "nothing"}),),
    "POST /moderation/reports/open": (Ask("/moderation/reports/open", form={"id": "nothing"}),),
    "GET /moderation/engine": (Ask("/moderation/engine"), Ask("/moderation/engine?host=b.example&span=week")),
    "GET /moderation/engine/forget": (Ask("/moderation/engine/forget?host=nowhere.example"),),
    "POST /moderation/engine/forget": (Ask("/moderation/engine/forget", form={"host": "nowhere.example"}),),
    "POST /moderation/engine/retry": (Ask("/moderation/engine/retry", form={"host": "nowhere.example"}),),
    "POST /moderation/engine/pause": (Ask("/moderation/engine/pause", form={"host": "nowhere.example"}),),
    "POST /moderation/engine/go-on": (Ask("/moderation/engine/go-on", form={"host": "nowhere.example"}),),
    "GET /moderation/set-aside": (Ask("/moderation/set-aside"),),
    "POST /moderation/set-aside/again": (Ask("/moderation/set-aside/again", form={"id": "0"}),),
    "POST /moderation/set-aside/forget": (Ask("/moderation/set-aside/forget", form={"id": "0"}),),
    "GET /moderation/streams": (Ask("/moderation/streams"),),
    "POST /moderation/streams/add": (Ask("/moderation/streams/add", form={"tag": "", "who": ""}),),
    "POST /moderation/streams/end": (Ask("/moderation/streams/end", form={"tag": "no", "who": "nobody"}),),
    "POST /moderation/streams/pass-on": (Ask("/moderation/streams/pass-on", form={"of": "nobodys"}),),
    "POST /moderation/relays/add": (Ask("/moderation/relays/add", form={"address": ""}),),
    "POST /moderation/relays/leave": (
        Ask("/moderation/relays/leave", form={"address": "https://nowhere.example/inbox"}),
    ),
    "MOUNT /static": (Ask("/static/fedimark.css"), Ask("/static/../{tag}"), Ask("/static/%2e%2e/{tag}")),
}


NEVER = "zq0z"  # a word for what never was: no id made by chance has a 0 in it


@dataclass(frozen=True)
class Kept:
    """One of ana's bookmarks, and the words that give it away."""

    visibility: Visibility
    public_id: str = ""
    name: str = ""

    @property
    def word(self) -> str:
        """What stands in all of its words and in nothing else."""
        return self.name or f"q{self.visibility.word}q"

    @property
    def url(self) -> str:
        """The address saved."""
        return f"https://{self.word}url.example/{self.word}path"

    def places(self) -> dict[str, str]:
        """What an ask may name of it."""
        link = urls.link_hash(urls.canonical(self.url))
        names = {"id": self.public_id, "hash": link, "md5": urls.md5(self.url), "url": quote(self.url, safe="")}
        return {**names, "tag": f"{self.word}tag", "dot": f".{self.word}dot"}

    def texts(self) -> dict[str, Any]:
        """What a form says of it."""
        return {
            "title": f"{self.word}title",
            "description": f"{self.word}description at https://{self.word}said.example/",
            "tags": f"shared {self.word}tag .{self.word}dot",
            "private_note": f"{self.word}note",
            "visibility": self.visibility.word,
            "to_read": True,
            "starred": True,
        }

    def words(self) -> dict[str, str]:
        """What nobody finds who may not see it, by what it is."""
        places = self.places()
        return {
            "url": f"{self.word}url",
            "path": f"{self.word}path",
            "title": f"{self.word}title",
            "description": f"{self.word}description",
            "said": f"{self.word}said",
            "tag": places["tag"],
            "id": places["id"],
            "hash": places["hash"],
            "md5": places["md5"],
            "answer": f"{self.word}answer",
        }

    def owners_words(self) -> dict[str, str]:
        """What nobody finds but its owner, whoever may see it."""
        return {"dot": f"{self.word}dot", "note": f"{self.word}note", "whisper": f"{self.word}whisper"}


class World:
    """Ana with a bookmark of each visibility, who follows her, who doesn't, and who isn't signed in."""

    def __init__(self, server: Any, ana: Person, flo: Person, sam: Person) -> None:
        self.server, self.ana = server, ana
        plain, machine = server.browser(), server.browser()
        machine.headers = httpx.Headers({"Accept": ACTIVITY})
        self.browsers = {
            OWNER: ana.browser,
            FOLLOWER: flo.browser,
            STRANGER: sam.browser,
            NOBODY: plain,
            SERVER: machine,
        }
        self.kept: dict[Visibility, Kept] = {}
        self.job = ""
        self.keys: dict[str, str] = {}  # of the programs of each who has an account

    def asks(self, method: str) -> list[tuple[str, Ask, Kept | None]]:
        """Every ask of the table by one method, filled in: with the bookmark it names, where it names one."""
        found = []
        for key in sorted(TABLE, key=lambda key: key.endswith("/sign-out")):  # that ends everything
            if key.startswith(method):
                found += [(key, *filled) for ask in TABLE[key] for filled in self.filled(ask)]
        return found

    def filled(self, ask: Ask, kept: Iterable[Kept] = ()) -> list[tuple[Ask, Kept | None]]:
        """One ask, or one for each bookmark if it names one."""
        texts = " ".join((ask.path, *ask.form.values()))
        if not re.search(r"{(id|hash|md5|url|tag|dot)}", texts):
            return [(_filled(ask, {"job": self.job}), None)]
        each = list(kept) or list(self.kept.values())
        return [(_filled(ask, {**one.places(), "job": self.job}), one) for one in each]

    async def ask(self, viewer: str, method: str, ask: Ask) -> httpx.Response:
        """Ask as somebody."""
        browser = self.browsers[viewer]
        by_key = viewer in self.keys and is_for_programs(ask.path)
        headers = {"Authorization": f"Token {self.keys[viewer]}"} if by_key else {}
        if method == "POST":
            return await browser.post(ask.path, data=dict(ask.form), headers=headers)
        return await browser.request("GET" if method == "MOUNT" else method, ask.path, headers=headers)


def _filled(ask: Ask, places: Mapping[str, str]) -> Ask:
    form = {name: value.format_map(places) for name, value in ask.form.items()}
    return Ask(ask.path.format_map(places), ask.shows, form, ask.leads, ask.not_by)


async def world_of(server: Any) -> World:
    """The world of most of these tests."""
    ana, flo, sam = [await server.sign_up(name) for name in ("ana", "flo", "sam")]
    await flo.follow(ana)
    await listed(flo, ana)
    await digested(ana)
    world = World(server, ana, flo, sam)
    for who, person in ((OWNER, ana), (FOLLOWER, flo), (STRANGER, sam)):
        world.keys[who] = await make_token(person.viewer, "app", USUAL)
    key = "5" * 32
    sql = "UPDATE account SET feed_key = ?, feed_key_hash = ? WHERE actor_id = ?"
    await execute(sql, key, uri_hash(key), sam.viewer.actor_id)
    for visibility in EVERY:
        saved = await ana.save(Kept(visibility).url, **Kept(visibility).texts())
        world.kept[visibility] = Kept(visibility, saved.public_id)
        await answered(world.kept[visibility])
        await replied(sam, world.kept[visibility])
        sql = "INSERT INTO report (public_id, host, reporter_id, target_id, objects, comment, is_forwarded, created_at)"
        sql += " VALUES (?, '', ?, ?, ?, '', FALSE, 1)"
        about = f'["https://a.example/u/ana/b/{saved.public_id}"]'
        await execute(sql, f"r{saved.public_id}"[:13], sam.viewer.actor_id, ana.viewer.actor_id, about)
    made = await ana.browser.post("/u/ana/bundles/new", data={"name": "mine", "any_tags": "shared"})
    assert made.status_code == 303, made.text
    await execute("UPDATE bundle SET id = 1")  # PostgreSQL leaves a number out where it was tried twice
    secret = f"{world.kept[X].word}title"
    file = (f"{secret}.json", f'[{{"href": "nowhere", "description": "{secret}"}}]', "application/json")
    sent = await ana.browser.post("/settings/import", files={"file": file})
    world.job = sent.headers["location"].rpartition("/")[2]
    while await index_some():
        pass
    return world


async def digested(ana: Person) -> None:
    """Ana has a digest, which told of a day that holds everything."""
    async with write():
        await digests.turn(ana.viewer.actor_id, "ana", "UTC", on=True)
        sql = """
        INSERT INTO digest_day (stream_id, day, from_at, until_at, said_at)
        SELECT stream_id, '2026-02-28', 0, told_until + 5000000000, told_until FROM digest
        """
        await execute(sql)
        await execute("UPDATE digest SET next_at = ?", 2**60)  # and tells nothing more


async def listed(flo: Person, ana: Person) -> None:
    """Flo has a list with ana on it, and its feed."""
    sql = """
    INSERT INTO people_list (owner_id, public_id, name, feed_key, hides_shares, only_saves, only_unread, tag, read_at,
    created_at) VALUES (?, 'floslist11111', 'mine', 'floskeyfloskeyfloskeyflosk', FALSE, FALSE, FALSE, '', 0, 1)
    """
    await execute(sql, flo.viewer.actor_id)
    await execute("INSERT INTO list_member (list_id, actor_id) SELECT id, ? FROM people_list", ana.viewer.actor_id)


async def answered(kept: Kept) -> None:
    """Somebody elsewhere answers a bookmark for all who see it, and whispers to its owner."""
    for word, reach in (("answer", P), ("whisper", X)):
        said = f"{kept.word}{word}"
        uri = f"https://far.example/{said}"
        whose = await fetch("SELECT id FROM actor WHERE username = 'zed'")
        actor_id = whose[0]["id"] if whose else await remote_actor("zed", "far.example")
        sql = """
        INSERT INTO remark (actor_id, uri, uri_hash, page_url, object_hash, bookmark_id, is_reply, description,
        visibility, listed, said_at, updated_at) SELECT ?, ?, ?, ?, '', id, TRUE, ?, ?, ?, 1, 1
        FROM bookmark WHERE public_id = ?
        """
        given = (actor_id, uri, uri_hash(uri), uri, said, int(reach), reach is P, kept.public_id)
        await execute(sql, *given)
        for name in ("ana", "sam"):
            sql = """
            INSERT INTO notification (owner_id, kind, actor_id, subject, bookmark_id, bundle, day, at)
            SELECT o.id, 3, CAST(? AS BIGINT), CAST(? AS VARCHAR(40)), b.id, CAST(? AS VARCHAR(40)), 0,
            CAST(? AS BIGINT) FROM actor o, bookmark b WHERE o.local_name = ? AND b.public_id = ?
            """
            await execute(sql, actor_id, uri_hash(uri), uri_hash(uri), now(), name, kept.public_id)


async def replied(sam: Person, kept: Kept) -> None:
    """Somebody here answered a bookmark when everybody could see it."""
    about, own = f"https://a.example/u/ana/b/{kept.public_id}", f"/u/sam/r/{kept.public_id}"
    uri = f"https://a.example{own}"
    sql = """
    INSERT INTO remark (actor_id, public_id, uri, uri_hash, page_url, object_hash, bookmark_id, about_uri,
    about_actor_id, is_reply, description, visibility, listed, said_at, updated_at)
    SELECT ?, public_id, ?, ?, ?, ?, id, ?, actor_id, TRUE, 'Well said.', 3, TRUE, 1, 1
    FROM bookmark WHERE public_id = ?
    """
    await execute(sql, sam.viewer.actor_id, uri, uri_hash(uri), own, uri_hash(about), about, kept.public_id)


def heads_of(answer: httpx.Response) -> list[tuple[str, str]]:
    """The headers of an answer, but for its number: no two requests have the same."""
    return [(name, value) for name, value in answer.headers.items() if name != "x-request-id"]


def whole(answer: httpx.Response) -> str:
    """Everything an answer says, headers too, also as it reads once its escapes are undone."""
    heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie")
    text = f"{heads}\n{answer.text}"
    return f"{text}\n{unquote(text)}"


def leaks(answer: httpx.Response, viewer: str, ask: Ask, about: Kept | None, kept: Iterable[Kept]) -> list[str]:
    """The words this reader may not see in this answer; what they asked for themselves is theirs to know."""
    said = whole(answer)
    asked = unquote(" ".join((ask.path, *ask.form.values())))
    visible = {*ask.shows.get(viewer, ()), *ask.leads.get(viewer, ())}
    found = []
    for one in kept:
        words = {} if one.visibility in visible else one.words()
        if viewer != OWNER:
            words |= one.owners_words()
        if one == about and one.url in asked:
            words = {name: word for name, word in words.items() if name not in ("url", "path", "hash")}
        found += [f"{name} of the {one.word}" for name, word in words.items() if word not in asked and word in said]
    if viewer != OWNER and "html" in answer.headers.get("content-type", ""):
        found += [f"a mark: {mark}" for mark in ('chip">to read', 'chip">archived', "starry", "toread") if mark in said]
    return found


async def test_every_route_shows_everybody_what_they_may_see_and_nothing_else(server):
    world = await world_of(server)
    before = await fetch("SELECT * FROM bookmark ORDER BY id")

    failures = []
    for key, ask, about in [*world.asks("GET"), *world.asks("MOUNT"), *world.asks("POST"), *_changing(world)]:
        method = key.partition(" ")[0]
        for viewer in world.browsers:
            if viewer in ask.not_by:
                continue
            answer = await world.ask(viewer, method, ask)
            who = f"{key} as {viewer}: {ask.path} → {answer.status_code}"
            failures += [f"{who} tells the {leak}" for leak in leaks(answer, viewer, ask, about, world.kept.values())]
            failures += [f"{who}: {wrong}" for wrong in _unlike_the_table(answer, viewer, ask, about)]
            failures += [f"{who}: {wrong}" for wrong in _badly_kept(answer, viewer, ask)]

    assert not failures, "\n".join(failures)
    marks = {"starred", "to_read"}
    assert [_without(row, marks) for row in await fetch("SELECT * FROM bookmark ORDER BY id")] == [
        _without(row, marks) for row in before
    ]
    assert await disagreements() == []


def _changing(world: World) -> list[Any]:
    return [each for method in ("PUT", "PATCH", "DELETE") for each in world.asks(method)]


def _without(row: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _unlike_the_table(answer: httpx.Response, viewer: str, ask: Ask, about: Kept | None) -> list[str]:
    """Titles shown that the table does not name, or not shown though it does; and crashes."""
    if answer.status_code >= 500:
        return ["it fails"]
    due = {v for v in ask.shows.get(viewer, ()) if about is None or v == about.visibility}
    shown = {v for v in EVERY if f"{Kept(v).word}title" in answer.text}
    return [] if due == shown else [f"the titles of {shown or 'none'} and not of {due or 'none'}"]


def _badly_kept(answer: httpx.Response, viewer: str, ask: Ask) -> list[str]:
    """What a cache between us and a person could give to somebody else."""
    keep, is_page = (
        answer.headers.get("cache-control", ""),
        answer.headers.get("content-type", "").startswith("text/html"),
    )
    same_for_all = ask.path.startswith(("/static/", "/avatars/", "/manifest.webmanifest", "/opensearch.xml"))
    is_somebodys = viewer in SIGNED_IN and not is_for_programs(ask.path)  # there no cookie says who asks
    if is_somebodys and is_page and not same_for_all and keep != "private, no-store":
        return [f"a page of somebody's is kept: {keep}"]
    if "public" in keep and not same_for_all:
        return [f"everybody may keep it: {keep}"]
    if is_page and not {"accept", "cookie"} <= {word.strip().lower() for word in answer.headers["vary"].split(",")}:
        return [f"it varies by {answer.headers['vary']} only"]
    return []


async def test_answers_stand_with_the_bookmark_for_who_sees_it_and_whispers_for_its_owner(server):
    world = await world_of(server)

    for kept in world.kept.values():
        for path, shows in ((f"/u/ana/b/{kept.public_id}", OWN_PAGE), (f"/url/{kept.places()['hash']}", LINK)):
            for viewer in (OWNER, FOLLOWER, STRANGER, NOBODY):
                page = (await world.browsers[viewer].get(path)).text
                assert (f">{kept.word}answer<" in page) == (kept.visibility in shows[viewer]), (viewer, path)
                assert (f">{kept.word}whisper<" in page) == (viewer == OWNER), (viewer, path)
    for kept in world.kept.values():
        said = (await world.browsers[SERVER].get(f"/u/ana/b/{kept.public_id}/replies")).text
        assert (f"{kept.word}answer" in said) == (kept.visibility in (P, U)), kept
        assert "whisper" not in said


@ONCE
async def test_a_head_request_tells_no_more_than_its_page(server):
    world = await world_of(server)

    failures = []
    for key, ask, about in world.asks("GET"):
        for viewer in world.browsers:
            page, head = await world.ask(viewer, "GET", ask), await world.ask(viewer, "HEAD", ask)
            if (head.status_code, head.content) != (page.status_code, b""):
                failures.append(f"{key} as {viewer}: {ask.path} → {page.status_code} and {head.status_code}")
            failures += leaks(head, viewer, ask, about, world.kept.values())

    assert not failures, "\n".join(failures)


def test_every_route_stands_in_the_table():
    asked = set()
    for route in routes():
        if isinstance(route, Mount):
            asked.add(f"MOUNT {route.path}")
            continue
        assert isinstance(route, Route)
        path = re.sub(r":[a-z]+}", "}", route.path)
        asked |= {f"{method} {path}" for method in route.methods or () if method != "HEAD"}

    assert asked - set(TABLE) == set(), "give each new route a row: how it is asked, and who finds what"
    assert set(TABLE) - asked == set(), "these routes are gone"


async def everything(
    world: World, viewers: Iterable[str], new: Kept, moment: int, but: str | tuple[str, ...]
) -> dict[str, Any]:
    """All that some readers get from every page, asked about a bookmark of some moment; to the byte."""
    answers = {}
    for key, asks in TABLE.items():
        if not key.startswith("GET") or key.split()[1].startswith(but):
            continue
        for ask in asks:
            for filled, about in world.filled(ask, [new]):
                paths = [filled.path]
                if about is not None and "?" not in filled.path:
                    places = about.places()
                    paths += [f"{filled.path}?{word}={moment}-{places['hash']}" for word in ("before", "after")]
                for path in paths:
                    for viewer in viewers:
                        answer = await world.browsers[viewer].get(path)
                        answers[f"{viewer}: {path}"] = (answer.status_code, sorted(heads_of(answer)), answer.text)
    return answers


@ONCE
async def test_what_one_may_not_see_changes_not_one_byte_of_what_one_sees(server, clock):
    # Given pages with savers, and people who look at everything, also at what nobody has saved yet
    world = await world_of(server)
    bo = await server.sign_up("bo")
    await bo.save("https://bos.example/page", title="bo's", tags="shared other")
    clock.forward(days=1)

    for visibility, viewers, but in (
        (X, (FOLLOWER, STRANGER, NOBODY, SERVER), "\0"),
        (F, (STRANGER, NOBODY, SERVER), "\0"),
        (
            U,
            (STRANGER, NOBODY, SERVER),
            ("/u/{user}", "/feeds/lists/{list}", "/rss/", "/json/", "/api/bookmarks/shared/"),
        ),
    ):
        new = Kept(visibility, "a" * 13, f"n{visibility.word}n")
        moment = clock()
        before = await everything(world, viewers, new, moment, but)

        # When ana saves a new page, and one that others saved, with old tags and new ones
        for url in (new.url, "https://bos.example/page", "https://BOS.example/page#again"):
            await world.ana.save(url, **new.texts(), saved_at=moment)

        # Then they find what they found
        after = await everything(world, viewers, new, moment, but)
        changed = [where for where in before if before[where] != after[where]]
        assert not changed, "\n".join(changed)
        assert len(before) > 100


def _feed(kept: Kept) -> Says:
    """A feed with one entry, which says all the words of a bookmark."""
    texts, links = kept.texts(), (kept.url, "https://bos.example/page")
    said = f"<description>{texts['description']}</description><category>{kept.word}tag</category>"
    said = f"<title>{texts['title']}</title><category>shared</category>{said}"
    items = "".join(f"<item><link>{link}</link><guid>{kept.word}{link}</guid>{said}</item>" for link in links)
    head = f"<title>{kept.word}feed</title><link>https://{kept.word}home.example/</link>"
    return Says(200, f"<rss><channel>{head}{items}</channel></rss>".encode(), {"content-type": "application/rss+xml"})


@ONCE
async def test_a_feed_is_seen_by_its_readers_alone(server, fleet, clock):
    # Given people who look at everything, and two feeds they know nothing of: a page names one, a key is in the other
    world = await world_of(server)
    bo, rea = await server.sign_up("bo"), await server.sign_up("rea")
    await bo.save("https://bos.example/page", title="bo's", tags="shared other")
    clock.forward(days=1)
    new = Kept(F, "a" * 13, "nfeedn")
    host, secret = f"{new.word}blog.example", f"/rss/secret:{new.word}key/"
    link = b'<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    page = Says(200, link, {"content-type": "text/html"})
    stand(fleet, host).answers |= {"/": page, "/feed.xml": _feed(new), secret: _feed(new)}
    moment = clock()
    viewers = (OWNER, FOLLOWER, STRANGER, NOBODY, SERVER)
    before = await everything(world, viewers, new, moment, "\0")

    # When somebody follows both, and they are read
    await rea.follow(f"https://{host}")
    await rea.follow(f"https://{host}{secret}")
    await server.settle()

    # Then nobody else finds a byte more, whatever they ask for
    after = await everything(world, viewers, new, moment, "\0")
    # but for the admin, who sees how much was done
    told = [where for where in before if not where.startswith(f"{OWNER}: /moderation/engine")]
    changed = [where for where in told if before[where] != after[where]]
    assert not changed, "\n".join(changed)
    assert len(before) > 100

    # And their reader finds it all; beside bo only the one that everybody may know of counts as a saver
    hers = (await rea.browser.get("/network")).text
    assert all(new.words()[word] in hers for word in ("url", "title", "description", "tag"))
    savers = (await rea.browser.get(f"/url/{urls.link_hash('https://bos.example/page')}")).text
    assert "2 savers" in savers
    assert await disagreements() == []


async def test_what_is_not_for_you_answers_like_what_never_was(server):
    world = await world_of(server)
    never = Kept(X, "a" * 13, NEVER)

    failures = []
    for key, asks in TABLE.items():
        method = key.partition(" ")[0]
        for ask in asks:
            if "{" not in ask.path + "".join(ask.form.values()) or "{job}" in ask.path:
                continue
            [(unknown, _)] = world.filled(ask, [never])
            for visibility, viewers in (
                (X, (FOLLOWER, STRANGER, NOBODY, SERVER)),
                (F, (STRANGER, NOBODY, SERVER)),
                (U, (STRANGER, NOBODY, SERVER)),
            ):
                texts = " ".join((ask.path, *ask.form.values()))
                if (visibility is U and "/u/" in texts) or "/u/sam/" in texts:
                    continue
                [(known, _)] = world.filled(ask, [world.kept[visibility]])
                for viewer in viewers:
                    one = masked(await world.ask(viewer, method, known), world.kept[visibility])
                    other = masked(await world.ask(viewer, method, unknown), never)
                    if one != other:
                        failures.append(f"{key} as {viewer}: {known.path} is not as {unknown.path}")

    assert not failures, "\n".join(failures)


def masked(answer: httpx.Response, kept: Kept) -> tuple[int, list[tuple[str, str]], str]:
    """An answer without the words the asker brought."""

    def mask(text: str) -> str:
        for name, word in (*kept.places().items(), ("said", kept.url), ("word", kept.word)):
            text = text.replace(word, f"[{name}]")
        return text

    text = mask(answer.text)
    # Both are made of the words too.
    differ = {"content-length", "etag"} if text != answer.text else {"content-length"}
    heads = [(name, mask(value)) for name, value in heads_of(answer) if name not in differ]
    return answer.status_code, heads, text


async def test_a_cursor_tells_nothing_about_what_it_names(server):
    # Given a public and a private bookmark of one moment
    world = await world_of(server)
    at, page = world.ana.server.clock.micros, "https://public.example/then"
    await world.ana.save(page, title="then", tags="shared", saved_at=at)
    secret = Kept(X, "", "secret")
    saved = await world.ana.save(secret.url, **secret.texts(), saved_at=at)
    secret = Kept(X, saved.public_id, "secret")
    never = Kept(X, "a" * 13, NEVER)

    # When strangers ask for a page that begins at the private one, and at one that never was
    failures = []
    for path in ("/u/ana", "/u/ana/t/shared", "/t/shared", "/recent", f"/url/{urls.link_hash(urls.canonical(page))}"):
        for word in ("before", "after"):
            for name in ("id", "hash"):
                for viewer in (FOLLOWER, STRANGER, NOBODY):
                    asked = [f"{path}?{word}={at}-{one.places()[name]}" for one in (secret, never)]
                    answers = [await world.browsers[viewer].get(one) for one in asked]
                    if masked(answers[0], secret) != masked(answers[1], never):
                        failures.append(f"{asked[0]} as {viewer}")
    answers = [await world.browsers[SERVER].get(f"/u/ana/outbox?page={at}-{one.public_id}") for one in (secret, never)]
    pages = [answer.json()["orderedItems"] for answer in answers]

    # Then they cannot tell the two apart
    assert not failures, "\n".join(failures)
    assert pages[0] == pages[1]


def counts_of(page: Reading) -> dict[str, int]:
    """The numbers beside the tags at the side."""
    counted = [row for row in page.one("aside").all("li") if row.all(kind="n")]  # one's bundles are not
    return {row.all("a")[-1].text: int(row.one(kind="n").text) for row in counted}


async def test_numbers_count_what_their_reader_may_see(server):
    # Given ana's four bookmarks, and bo who saved the same four pages for everybody to see
    world = await world_of(server)
    bo = await server.sign_up("bo")
    for kept in world.kept.values():
        await bo.save(kept.url, title=f"bo on {kept.visibility.word}", tags="shared")

    for viewer, own, beside in (
        (OWNER, 4, {"public": 2, "unlisted": 2, "followers": 2, "private": 2}),
        (FOLLOWER, 3, {"public": 2, "unlisted": 2, "followers": 2, "private": 1}),
        (STRANGER, 2, {"public": 2, "unlisted": 1, "followers": 1, "private": 1}),
        (NOBODY, 2, {"public": 2, "unlisted": 1, "followers": 1, "private": 1}),
    ):
        browser = world.browsers[viewer]

        # When somebody looks at ana's page, at her tag and at everybody's
        hers, tagged = [Reading((await browser.get(path)).text) for path in ("/u/ana", "/u/ana/t/shared")]
        everybodys = Reading((await browser.get("/t/shared")).text)

        # Then the headings and the tags at the side count what they see
        assert hers.one(kind="count").text == str(own), viewer
        assert tagged.one(kind="count").text == str(own), viewer
        assert counts_of(hers)["shared"] == own, viewer
        dots = {".qpublicqdot"} if viewer == OWNER else set()
        assert dots == {name for name in counts_of(hers) if name == ".qpublicqdot"}, viewer
        assert everybodys.one(kind="count").text == "5", viewer

        # And each page's savers are those they may know of
        bos = Reading((await browser.get("/u/bo")).text)
        for entry in bos.all("li", "h-entry"):
            which = entry.one(kind="p-name").text.removeprefix("bo on ")
            number = [a for a in entry.all("a") if a.within is entry.one(kind="title")]
            assert (int(number[0].get("title").split()[0]) if number else 1) == beside[which], (viewer, which)
            assert ("/u/ana" in {a.get("href") for a in entry.all("a")}) == (beside[which] == 2), (viewer, which)
        for kept in world.kept.values():
            link = Reading((await browser.get(f"/url/{kept.places()['hash']}")).text)
            number = beside[kept.visibility.word]
            assert f"{number} saver" in link.one(kind="under").text, (viewer, kept)
            assert len(link.all("li", "h-entry")) == number, (viewer, kept)

    # And the front page and the outbox count public ones
    assert "5 public bookmarks" in (await world.browsers[NOBODY].get("/")).text
    assert (await world.browsers[SERVER].get("/u/ana/outbox")).json()["totalItems"] == 1


async def test_saving_what_somebody_else_keeps_to_themselves_shows_nobody_but_you(server):
    world = await world_of(server)
    secret = world.kept[X]

    for url in (secret.url, secret.url.replace("https:", "http:")):
        sent = await world.browsers[STRANGER].post("/add", data={"url": url, "title": "mine", "visibility": "public"})

        assert sent.status_code in (303, 409)
        assert "ana" not in re.sub(r"\b[a-z2-7]{13}\b", "", sent.text)  # names are of any letters
    link = await world.browsers[STRANGER].get(f"/url/{secret.places()['hash']}")

    assert "1 saver" in link.text
    assert "/u/ana" not in link.text
    assert "qprivateqtitle" not in link.text


async def test_who_follows_whom_is_for_the_two_of_them(server):
    world = await world_of(server)

    for viewer in (STRANGER, NOBODY, SERVER):
        for path in ("/u/ana", "/u/ana/followers", "/followers", "/network", "/u/flo/following", "/u/ana.json"):
            answer = await world.browsers[viewer].get(path)

            named = "flo" if "ana" in path or path in ("/followers", "/network") else "ana"
            assert not re.search(rf"/u/{named}\b|@{named}\b|>{named}<", answer.text), (viewer, path)
    assert "flo" in (await world.browsers[OWNER].get("/followers")).text


async def test_privacy_lock_keeps_everything_from_everybody(server):
    # Given somebody whose lock is on
    world = await world_of(server)
    for kept in world.kept.values():
        await world.ana.edit(kept.url, visibility="private")
    form = {"visibility": "public", "time_zone": "UTC", "theme": "auto", "privacy_lock": "yes"}
    locked = await world.ana.browser.post("/settings", data=form)
    assert locked.status_code == 303

    # When the form says public all the same
    again = {"url": Kept(P).url, "title": "qpublicqtitle", "visibility": "public"}
    sent = await world.ana.browser.post("/add", data=again)
    path = sent.headers["location"]

    # Then it is private
    for viewer in (FOLLOWER, STRANGER, NOBODY, SERVER):
        for where in (path, "/u/ana", "/recent", "/network", "/u/ana/outbox?page=first"):
            assert "qpublicq" not in whole(await world.browsers[viewer].get(where)), (viewer, where)
    assert "qpublicqtitle" in (await world.ana.browser.get("/u/ana")).text
    assert here().settings.base_url == "https://a.example"
