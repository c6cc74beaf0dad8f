"""Every URL of the product in one table. What follows a tag's segment is a face or a collection, never another tag."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from fedimark import resources
from fedimark.activitypub import collections, discovery, inbox, nodeinfo, objects, tag_actors
from fedimark.activitypub import links as link_saves
from fedimark.activitypub.asker import unless_blocked
from fedimark.doorway import paths
from fedimark.doorway.accept import wants_activity
from fedimark.web import (
    accounts,
    bookmarks,
    follows,
    imports,
    links,
    moderation,
    setup,
    streams,
    tag_pages,
    tags,
    welcome,
)
from fedimark.web import settings as own

Handler = Callable[[Request], Awaitable[Response]]
Line = tuple[str, str, Handler]  # path, method, who answers


def routes() -> list[BaseRoute]:
    """The table; first match wins."""
    paths.register()
    return [
        *_joined([*_servers(), *_account(), *_people()]),
        Mount("/static", StaticFiles(directory=resources.STATIC)),
    ]


def _people() -> list[Line]:
    """Streams and bookmarks, as pages; a person and a bookmark answer servers at the same address."""
    own_bookmark = "/u/{user}/b/{id}"
    return [
        get("/", welcome.get_welcome),
        get("/recent", streams.get_recent),
        get("/popular", streams.get_popular),
        get("/network", streams.get_network),
        get("/authorize_interaction", follows.get_authorize),
        post("/network/follow", follows.post_follow),
        post("/network/leave", follows.post_leave),
        get("/t/{tags:segment}", one_tag_faced(streams.get_tags, tag_actors.get_actor)),
        get("/url/", links.get_lookup),
        get("/url/{hash}", faced(links.get_link, link_saves.get_link)),
        get("/add", bookmarks.get_add),
        post("/add", bookmarks.post_add),
        get("/u/{user}", faced(streams.get_person, objects.get_person)),
        get("/u/{user}/t/{tags:segment}", one_tag_faced(streams.get_person_tags, tag_actors.get_actor)),
        get(own_bookmark, faced(bookmarks.get_bookmark, objects.get_note)),
        get(f"{own_bookmark}/edit", bookmarks.get_edit),
        post(f"{own_bookmark}/edit", bookmarks.post_edit),
        get(f"{own_bookmark}/remove", bookmarks.get_remove),
        post(f"{own_bookmark}/remove", bookmarks.post_remove),
        get(f"{own_bookmark}/removed", bookmarks.get_removed),
        post(f"{own_bookmark}/undo", bookmarks.post_undo),
        post(f"{own_bookmark}/star", bookmarks.post_star),
        post(f"{own_bookmark}/read", bookmarks.post_read),
        get("/u/{user}/{only}", streams.get_person_filter),
        *_pinboard(),
    ]


def _servers() -> list[Line]:
    """What other servers ask for and send."""
    return [
        get("/.well-known/webfinger", discovery.get_webfinger),
        get("/.well-known/nodeinfo", nodeinfo.get_links),
        get("/.well-known/host-meta", nodeinfo.get_host_meta),
        get("/nodeinfo/{version}", nodeinfo.get_nodeinfo),
        get("/actor", objects.get_instance),
        get("/actor/outbox", collections.get_instance_outbox),
        get("/actor/featured", collections.get_instance_featured),
        post("/inbox", inbox.post_shared_inbox),
        post("/actor/inbox", inbox.post_shared_inbox),
        post("/u/{user}/inbox", inbox.post_inbox),
        told("/u/{user}/outbox", collections.get_outbox),
        told("/u/{user}/followers", collections.get_followers),
        told("/u/{user}/following", collections.get_following),
        told("/u/{user}/featured", collections.get_featured),
        told("/u/{user}/tags", collections.get_featured_tags),
        told("/u/{user}/b/{id}/replies", objects.get_replies),
        told("/u/{user}.json", objects.get_person),
        *_tag("/t/{tags:segment}"),
        *_tag("/u/{user}/t/{tags:segment}"),
    ]


def _tag(path: str) -> list[Line]:
    """What other servers ask a tag for and send to it, beside its own address."""
    return [
        post(f"{path}/inbox", tag_actors.post_inbox),
        told(f"{path}/outbox", tag_actors.get_outbox),
        told(f"{path}/followers", tag_actors.get_followers),
        told(f"{path}/announce/{{id}}", tag_actors.get_announce),
    ]


def _account() -> list[Line]:
    """Signing up and in, and what one decides about oneself."""
    return [
        get("/avatars/{file}", own.get_avatar),
        get("/setup", setup.get_setup),
        post("/setup", setup.post_setup),
        get("/sign-in", accounts.get_sign_in),
        post("/sign-in", accounts.post_sign_in),
        post("/sign-out", accounts.post_sign_out),
        get("/sign-up", accounts.get_sign_up),
        post("/sign-up", accounts.post_sign_up),
        get("/settings", own.get_settings),
        post("/settings", own.post_settings),
        post("/settings/avatar", own.post_avatar),
        get("/settings/password", own.get_password),
        post("/settings/password", own.post_password),
        get("/settings/sessions", own.get_sessions),
        post("/settings/sessions/{id}/revoke", own.post_revoke),
        get("/settings/invites", own.get_invites),
        post("/settings/invites", own.post_invite),
        post("/settings/registration", own.post_registration),
        get("/settings/leave", own.get_leave),
        post("/settings/leave", own.post_leave),
        get("/settings/tags", tags.get_tags),
        post("/settings/tags/rename", tags.post_rename),
        post("/settings/tags/merge", tags.post_merge),
        post("/settings/tags/delete", tags.post_delete),
        get("/settings/import", imports.get_import),
        post("/settings/import", imports.post_import),
        get("/settings/import/{id}", imports.get_job),
        post("/settings/import/{id}/start", imports.post_start),
        get("/settings/export.json", imports.get_export),
        get("/followers", follows.get_followers),
        post("/followers/answer", follows.post_answer),
        post("/followers/remove", follows.post_remove),
        get("/people", moderation.get_people),
        get("/people/blocked", moderation.get_blocked),
        post("/people/block", moderation.post_block),
        post("/people/unblock", moderation.post_unblock),
        get("/people/muted", moderation.get_muted),
        post("/people/mute", moderation.post_mute),
        post("/people/unmute", moderation.post_unmute),
        get("/moderation", moderation.get_moderation),
        get("/moderation/streams", tag_pages.get_streams),
        post("/moderation/streams/add", tag_pages.post_add),
        post("/moderation/streams/end", tag_pages.post_end),
        post("/moderation/domains/block", moderation.post_block_domain),
        post("/moderation/domains/unblock", moderation.post_unblock_domain),
        post("/moderation/domains/let-in", moderation.post_let_in),
        post("/moderation/accounts/suspend", moderation.post_suspend),
        post("/moderation/accounts/restore", moderation.post_restore),
        post("/moderation/relays/add", moderation.post_add_relay),
        post("/moderation/relays/leave", moderation.post_leave_relay),
    ]


def _pinboard() -> list[Line]:
    """Pinboard's own grammar, answered with the address that means the same here."""
    return [
        get("/u:{user}", welcome.get_pinboard_person),
        get("/u:{user}/", welcome.get_pinboard_person),
        get("/u:{user}/{rest:path}", welcome.get_pinboard_person),
        get("/t:{rest:path}", welcome.get_pinboard_tags),
        get("/url:{hash}", welcome.get_pinboard_link),
        get("/url:{hash}/", welcome.get_pinboard_link),
    ]


def get(path: str, handler: Handler) -> Line:
    """A page to look at."""
    return path, "GET", handler


def told(path: str, handler: Handler) -> Line:
    """A document of somebody here, for servers that are not blocked."""
    return path, "GET", unless_blocked(handler)


def post(path: str, handler: Handler) -> Line:
    """A form to send."""
    return path, "POST", handler


def _joined(lines: Iterable[Line]) -> list[Route]:
    """One route an address, at its first place: so a 405 names every method taken there. (RFC 9110 §15.5.6)"""
    handlers: dict[str, dict[str, Handler]] = {}
    for path, method, handler in lines:
        handlers.setdefault(path, {})[method] = handler
    return [Route(path, _by_method(taken), methods=list(taken)) for path, taken in handlers.items()]


def _by_method(taken: Mapping[str, Handler]) -> Handler:
    async def answer(request: Request) -> Response:
        return await taken["GET" if request.method == "HEAD" else request.method](request)

    return answer


def faced(page: Handler, document: Handler) -> Handler:
    """One address with two faces: a page for people, a document for servers that are not blocked."""
    documented = unless_blocked(document)

    async def answer(request: Request) -> Response:
        return await (documented if wants_activity(request) else page)(request)

    return answer


def one_tag_faced(page: Handler, document: Handler) -> Handler:
    """The same for tags: several together have a page only, for nobody can follow them."""

    documented = unless_blocked(document)

    async def answer(request: Request) -> Response:
        is_one = "," not in request.path_params["tags"]
        return await (documented if is_one and wants_activity(request) else page)(request)

    return answer
