"""Every URL of the product in one table. What follows a tag's segment is a face or a collection, never another tag."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from fedimark import resources
from fedimark.accounts.tokens import Scope
from fedimark.activitypub import collections, digests, discovery, inbox, nodeinfo, objects, tag_actors
from fedimark.activitypub import links as link_saves
from fedimark.activitypub import reactions as told_reactions
from fedimark.activitypub import remarks as said
from fedimark.activitypub import search as search_here
from fedimark.activitypub.asker import unless_blocked
from fedimark.api import linkding as ld
from fedimark.api.described import calls_of, described
from fedimark.api.feeds import keyed, linkding, pinboard
from fedimark.api.feeds import lists as list_feeds
from fedimark.api.feeds import notes as note_feeds
from fedimark.api.feeds import public as feeds
from fedimark.api.feeds import search as own_search
from fedimark.api.linkding.door import anybody, known
from fedimark.api.mastodon import handlers as mastodon
from fedimark.api.pinboard import methods
from fedimark.doorway import paths
from fedimark.doorway.accept import wants_activity
from fedimark.web import (
    accounts,
    adding,
    bookmarklets,
    bookmarks,
    bulk,
    bundles,
    elsewhere,
    engine,
    follows,
    for_you,
    help,
    history,
    imports,
    keys,
    links,
    lists,
    looks,
    moderation,
    moving,
    mutes,
    network,
    notes,
    notifications,
    pressed,
    remarks,
    reports,
    search,
    set_aside,
    setup,
    shell,
    streams,
    tabs,
    tag_pages,
    tags,
    welcome,
)
from fedimark.web import settings as own
from fedimark.web.finished import finished
from fedimark.web.static_files import Fingerprinted

Handler = Callable[[Request], Awaitable[Response]]
Line = tuple[str, str, Handler]  # path, method, who answers


def routes() -> list[BaseRoute]:
    """The table; first match wins."""
    paths.register()
    return [
        *_joined(
            [
                *_pinboard_api(),
                *_servers(),
                *_accounts(),
                *_settings(),
                *_tags(),
                *_moving(),
                *_people(),
                *_moderation(),
                *_feeds(),
                *_mastodon(),
                *_linkding(),
                get("/api/openapi.json", described(calls_of("/v1", _linkding(), _mastodon()))),
                *_streams(),
                *_network(),
                *_saving(),
                *_one_bookmark(),
                *_talking(),
                *_about(),
                *_notes(),
                *_bundles(),
                *_parts_of_a_person(),
                *_pinboard(),
            ]
        ),
        Mount("/static", Fingerprinted(directory=resources.STATIC)),
    ]


def _streams() -> list[Line]:
    """What bookmarks are read in, as pages; a person, a tag and a page answer servers at the same address."""
    return [
        get("/", welcome.get_welcome),
        get("/recent", finished(streams.get_recent)),
        get("/popular", finished(streams.get_popular)),
        get("/t/{tags:segment}", one_tag_faced(finished(streams.get_tags), tag_actors.get_actor)),
        get("/url/", links.get_lookup),
        get("/url/{hash}", faced(finished(links.get_link), link_saves.get_link)),
        get("/search", search.get_search),
        post("/search", search.post_search),
        post("/search/keep", search.post_keep),
        get("/again", history.get_again),
        get("/random", history.get_random),
        get("/u/{user}", faced(finished(streams.get_person), objects.get_person)),
        get("/u/{user}/t/{tags:segment}", one_tag_faced(finished(streams.get_person_tags), tag_actors.get_actor)),
        get("/u/{user}/statistics", history.get_statistics),
        get("/u/{user}/day/{day}", history.get_day),
        post("/u/{user}/older", elsewhere.post_older),
    ]


def _network() -> list[Line]:
    """A reader's network, whom they follow, and what others do and give them."""
    return [
        get("/network", finished(network.get_network)),
        post("/network/show", network.post_show),
        post("/network/read", network.post_read),
        *_lists(),
        get("/authorize_interaction", follows.get_authorize),
        post("/network/follow", follows.post_follow),
        post("/network/leave", follows.post_leave),
        get("/notifications", notifications.get_notifications),
        post("/notifications/read", notifications.post_read),
        get("/notifications/feed.atom", notifications.get_feed),
        get("/for-you", for_you.get_for_you),
        post("/for-you/keep", for_you.post_keep),
        post("/for-you/dismiss", for_you.post_dismiss),
    ]


def _saving() -> list[Line]:
    """The form that saves, what helps to fill it in, saving a set of tabs, and editing many at once."""
    return [
        get("/add", bookmarks.get_add),
        post("/add", bookmarks.post_add),
        get("/add/about", adding.get_about),
        get("/add/tags", adding.get_tags),
        post("/add/look", adding.post_look),
        get("/add/look/{id}", adding.get_look),
        get("/add/saved", adding.get_saved),
        get("/add/shared", shell.get_shared),
        get("/bookmarks/new", shell.get_new),
        get("/tabs", tabs.get_tabs),
        post("/tabs", tabs.post_tabs),
        post("/bulk", bulk.post_bulk),
        get("/bulk/{id}", bulk.get_bulk),
        post("/bulk/{id}/undo", bulk.post_undo),
    ]


def _one_bookmark() -> list[Line]:
    """One bookmark: its page, which answers servers at the same address, and what its owner does with it."""
    own_bookmark = "/u/{user}/b/{id}"
    return [
        get(own_bookmark, faced(bookmarks.get_bookmark, objects.get_note)),
        get(f"{own_bookmark}/edit", bookmarks.get_edit),
        post(f"{own_bookmark}/edit", bookmarks.post_edit),
        get(f"{own_bookmark}/remove", bookmarks.get_remove),
        post(f"{own_bookmark}/remove", bookmarks.post_remove),
        get(f"{own_bookmark}/removed", bookmarks.get_removed),
        post(f"{own_bookmark}/undo", bookmarks.post_undo),
        post(f"{own_bookmark}/talk", remarks.post_talk),
        post(f"{own_bookmark}/hide", remarks.post_hide),
        post(f"{own_bookmark}/show", remarks.post_show),
        post(f"{own_bookmark}/unquote", remarks.post_unquote),
        get(f"{own_bookmark}/hidden", remarks.get_hidden),
    ]


def _talking() -> list[Line]:
    """Likes, shares, replies, remarks, and reports of what should not be said."""
    own_remark = "/u/{user}/r/{id}"
    return [
        post("/press", pressed.post_press),
        get("/say", remarks.get_say),
        post("/say", remarks.post_say),
        get(own_remark, faced(remarks.get_remark, said.get_note)),
        get(f"{own_remark}/edit", remarks.get_edit),
        post(f"{own_remark}/edit", remarks.post_edit),
        get(f"{own_remark}/remove", remarks.get_remove),
        post(f"{own_remark}/remove", remarks.post_remove),
        get("/report", reports.get_report),
        post("/report", reports.post_report),
    ]


def _about() -> list[Line]:
    """Help, and what browsers ask of a site."""
    return [
        get("/about", help.get_about),
        post("/language", looks.post_language),
        *(get(path, help.get_help) for path in help.TEMPLATES),
        get("/help/search", search.get_help),
        get("/manifest.webmanifest", shell.get_manifest),
        get("/opensearch.xml", shell.get_open_search),
    ]


def _parts_of_a_person() -> list[Line]:
    """What of a person has a name of its own: behind every other address below theirs."""
    return [get("/u/{user}/{only}", finished(streams.get_person_filter))]


def _feeds() -> list[Line]:
    """Streams for feed readers, at their addresses."""
    face = "feed.{format}"
    return [
        get(f"/recent/{face}", feeds.get_recent),
        get(f"/popular/{face}", feeds.get_popular),
        get(f"/search/{face}", feeds.get_search),
        get(f"/t/{{tags:segment}}/{face}", feeds.get_tags),
        get(f"/url/{{hash}}/{face}", feeds.get_link),
        get(f"/u/{{user}}/{face}", feeds.get_person),
        get(f"/u/{{user}}/t/{{tags:segment}}/{face}", feeds.get_person_tags),
        get(f"/u/{{user}}/notes/{face}", note_feeds.get_notes),
        get(f"/u/{{user}}/{{only}}/{face}", feeds.get_person_filter),
        get(f"/secret:{{key}}/{face}", keyed.get_all),
        get(f"/secret:{{key}}/t/{{tags:segment}}/{face}", keyed.get_tags),
        get(f"/secret:{{key}}/search/{face}", own_search.get_own),
        get(f"/secret:{{key}}/bundles/{{id}}/{face}", keyed.get_bundle),
        get(f"/secret:{{key}}/again/{face}", keyed.get_again),
        get(f"/secret:{{key}}/{{only}}/{face}", keyed.get_part),
        get("/feeds/shared", linkding.get_public),
        get("/feeds/{key}/all", linkding.get_all),
        get("/feeds/{key}/unread", linkding.get_unread),
        get("/feeds/{key}/shared", linkding.get_shared),
        get("/rss/{path:path}", pinboard.get_rss),
        get("/json/{path:path}", pinboard.get_json),
    ]


def _mastodon() -> list[Line]:
    """What programs that know Mastodon may read, from any page."""
    lines = [
        get("/api/v1/instance", mastodon.get_instance_v1),
        get("/api/v2/instance", mastodon.get_instance_v2),
        get("/api/v1/timelines/public", mastodon.get_public),
        get("/api/v1/timelines/tag/{tag:segment}", mastodon.get_tag),
        get("/api/v1/accounts/lookup", mastodon.get_lookup),
        get("/api/v1/statuses/{id}", mastodon.get_status),
    ]
    return [*lines, *((path, "OPTIONS", mastodon.options) for path, _, _ in lines)]


def _notes() -> list[Line]:
    """Texts of their own."""
    own_note = "/u/{user}/notes/{id}"
    return [
        get("/notes/add", notes.get_add),
        post("/notes/add", notes.post_add),
        get("/u/{user}/notes", notes.get_notes),
        get(own_note, notes.get_note),
        get(f"{own_note}/edit", notes.get_edit),
        post(f"{own_note}/edit", notes.post_edit),
        get(f"{own_note}/remove", notes.get_remove),
        post(f"{own_note}/remove", notes.post_remove),
    ]


def _bundles() -> list[Line]:
    """What people keep together under a name."""
    every = "/u/{user}/bundles"
    return [
        get(every, bundles.get_bundles),
        get(f"{every}/new", bundles.get_new),
        post(f"{every}/new", bundles.post_new),
        get(f"{every}/{{id}}", bundles.get_bundle),
        get(f"{every}/{{id}}/edit", bundles.get_edit),
        post(f"{every}/{{id}}/edit", bundles.post_edit),
        post(f"{every}/{{id}}/remove", bundles.post_remove),
        post(f"{every}/{{id}}/up", bundles.post_up),
    ]


def _lists() -> list[Line]:
    """Lists of people."""
    own_list = "/network/lists/{list}"
    return [
        get("/network/lists", lists.get_lists),
        post("/network/lists", lists.post_list),
        get(own_list, finished(network.get_list)),
        get(f"{own_list}/edit", lists.get_edit),
        post(f"{own_list}/edit", lists.post_edit),
        post(f"{own_list}/put", lists.post_put),
        post(f"{own_list}/drop", lists.post_drop),
        post(f"{own_list}/key", lists.post_key),
        post(f"{own_list}/remove", lists.post_remove),
        get("/feeds/lists/{list}/{key}.atom", list_feeds.get_feed),
    ]


def _servers() -> list[Line]:
    """What other servers ask for and send."""
    return [
        get("/.well-known/webfinger", discovery.get_webfinger),
        post("/.well-known/betula-federated-search", search_here.post_search),
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
        told("/u/{user}/b/{id}/likes", told_reactions.get_likes),
        told("/u/{user}/b/{id}/shares", told_reactions.get_shares),
        told("/u/{user}/shares/{id}", told_reactions.get_share),
        told("/u/{user}/r/{id}/replies", said.get_replies),
        told("/u/{user}/stamps/{id}", said.get_stamp),
        told("/u/{user}.json", objects.get_person),
        get("/u/{user}/digest", faced(streams.get_digest, digests.get_actor)),
        post("/u/{user}/digest/inbox", digests.post_inbox),
        told("/u/{user}/digest/outbox", digests.get_outbox),
        told("/u/{user}/digest/followers", digests.get_followers),
        get("/u/{user}/digest/{day}", faced(streams.get_digest, digests.get_day)),
        told("/u/{user}/digest/{day}/create", digests.get_create),
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


def _accounts() -> list[Line]:
    """Signing up and in, and a server's first account."""
    return [
        get("/avatars/{file}", own.get_avatar),
        get("/setup", setup.get_setup),
        post("/setup", setup.post_setup),
        get("/sign-in", accounts.get_sign_in),
        post("/sign-in", accounts.post_sign_in),
        post("/sign-out", accounts.post_sign_out),
        get("/sign-up", accounts.get_sign_up),
        post("/sign-up", accounts.post_sign_up),
    ]


def _settings() -> list[Line]:
    """What one decides about oneself."""
    return [
        get("/settings", own.get_settings),
        post("/settings", own.post_settings),
        post("/settings/avatar", own.post_avatar),
        get("/settings/password", own.get_password),
        post("/settings/password", own.post_password),
        get("/settings/sessions", own.get_sessions),
        post("/settings/sessions/{id}/revoke", own.post_revoke),
        get("/settings/keys", keys.get_keys),
        post("/settings/keys", keys.post_key),
        post("/settings/keys/{id}/revoke", keys.post_revoke),
        get("/settings/looks", looks.get_looks),
        post("/settings/looks", looks.post_looks),
        get("/settings/looks/{version}.css", looks.get_style),
        get("/settings/invites", own.get_invites),
        post("/settings/invites", own.post_invite),
        post("/settings/registration", own.post_registration),
        get("/settings/move", moving.get_move),
        post("/settings/move", moving.post_move),
        post("/settings/move/back", moving.post_back),
        post("/settings/move/alias", moving.post_alias),
        post("/settings/move/alias/remove", moving.post_drop),
        get("/settings/leave", own.get_leave),
        post("/settings/leave", own.post_leave),
        get("/settings/notifications", notifications.get_choices),
        post("/settings/notifications", notifications.post_choices),
        post("/settings/notifications/feed", notifications.post_feed),
        get("/settings/bookmarklets", bookmarklets.get_bookmarklets),
        post("/settings/bookmarklets/key", bookmarklets.post_key),
    ]


def _tags() -> list[Line]:
    """One's own tags, put in order."""
    return [
        get("/settings/tags", tags.get_tags),
        get("/settings/tags/garden", tags.get_garden),
        post("/settings/tags/rename", tags.post_rename),
        post("/settings/tags/merge", tags.post_merge),
        post("/settings/tags/delete", tags.post_delete),
    ]


def _moving() -> list[Line]:
    """Files of bookmarks, in and out."""
    return [
        get("/settings/import", imports.get_import),
        post("/settings/import", imports.post_import),
        get("/settings/import/{id}", imports.get_job),
        post("/settings/import/{id}", imports.post_look),
        post("/settings/import/{id}/start", imports.post_start),
        post("/settings/import/{id}/undo", imports.post_undo),
        post("/settings/import/{id}/follow", imports.post_follow),
        get("/settings/import/{id}/rows.csv", imports.get_rows),
        get("/settings/export", imports.get_export),
        get("/settings/export.json", imports.get_json),
    ]


def _people() -> list[Line]:
    """Who follows one, and whom one blocks and mutes."""
    return [
        get("/followers", follows.get_followers),
        post("/followers/answer", follows.post_answer),
        post("/followers/remove", follows.post_remove),
        get("/people", moderation.get_people),
        get("/people/blocked", moderation.get_blocked),
        post("/people/block", moderation.post_block),
        post("/people/unblock", moderation.post_unblock),
        get("/people/muted", mutes.get_muted),
        post("/people/mute", mutes.post_mute),
        post("/people/unmute", mutes.post_unmute),
        post("/people/muted/add", mutes.post_word),
        post("/people/muted/end", mutes.post_end_word),
    ]


def _moderation() -> list[Line]:
    """What admins see and decide."""
    return [
        get("/moderation", moderation.get_moderation),
        get("/moderation/reports", reports.get_reports),
        post("/moderation/reports/close", reports.post_close),
        post("/moderation/reports/open", reports.post_open),
        get("/moderation/engine", engine.get_engine),
        get("/moderation/engine/forget", engine.get_forget),
        post("/moderation/engine/forget", engine.post_forget),
        post("/moderation/engine/retry", engine.post_retry),
        post("/moderation/engine/pause", engine.post_pause),
        post("/moderation/engine/go-on", engine.post_go_on),
        get("/moderation/set-aside", set_aside.get_set_aside),
        post("/moderation/set-aside/again", set_aside.post_again),
        post("/moderation/set-aside/forget", set_aside.post_forget),
        get("/moderation/streams", tag_pages.get_streams),
        post("/moderation/streams/add", tag_pages.post_add),
        post("/moderation/streams/end", tag_pages.post_end),
        post("/moderation/streams/pass-on", tag_pages.post_pass_on),
        post("/moderation/domains/block", moderation.post_block_domain),
        post("/moderation/domains/unblock", moderation.post_unblock_domain),
        post("/moderation/domains/let-in", moderation.post_let_in),
        post("/moderation/accounts/suspend", moderation.post_suspend),
        post("/moderation/accounts/restore", moderation.post_restore),
        post("/moderation/relays/add", moderation.post_add_relay),
        post("/moderation/relays/leave", moderation.post_leave_relay),
    ]


def _pinboard_api() -> list[Line]:
    """Pinboard's API v1; what each method does stands in `api.pinboard.methods`."""
    below = "/{room}/{method}"
    return [
        get(f"/v1{below}", methods.get_method),
        post(f"/v1{below}", methods.get_method),
        get(f"/api/pinboard/v1{below}", methods.get_method),
        post(f"/api/pinboard/v1{below}", methods.get_method),
    ]


def _linkding() -> list[Line]:
    """linkding's REST API; before it any `/linkding` and behind it a missing slash are of no weight. (doorway.paths)"""
    every, one = "/api/bookmarks/", "/api/bookmarks/{id}/"
    tag, bundle, asset = "/api/tags/{id}/", "/api/bundles/{id}/", f"{one}assets/{{asset}}/"
    reads, writes = partial(known, Scope.READ), partial(known, Scope.WRITE)
    return [
        get("/health", ld.about.get_health),
        get("/api/", reads(ld.about.get_root)),
        get("/api/user/profile/", reads(ld.about.get_profile)),
        get(every, reads(ld.bookmarks.get_bookmarks)),
        post(every, writes(ld.bookmarks.post_bookmark)),
        get(f"{every}archived/", reads(ld.bookmarks.get_archived)),
        get(f"{every}shared/", anybody(Scope.READ, ld.bookmarks.get_shared)),
        get(f"{every}check/", reads(ld.bookmarks.get_check)),
        post(f"{every}singlefile/", writes(ld.assets.post_singlefile)),
        get(one, reads(ld.bookmarks.get_bookmark)),
        (one, "PUT", writes(ld.bookmarks.put_bookmark)),
        (one, "PATCH", writes(ld.bookmarks.patch_bookmark)),
        (one, "DELETE", writes(ld.bookmarks.delete_bookmark)),
        post(f"{one}archive/", writes(ld.bookmarks.post_archive)),
        post(f"{one}unarchive/", writes(ld.bookmarks.post_unarchive)),
        get(f"{one}assets/", reads(ld.assets.get_assets)),
        post(f"{one}assets/upload/", writes(ld.assets.post_file)),
        get(asset, reads(ld.assets.get_asset)),
        (asset, "DELETE", writes(ld.assets.delete_asset)),
        get(f"{asset}download/", reads(ld.assets.get_file)),
        get("/api/tags/", reads(ld.tags.get_tags)),
        post("/api/tags/", writes(ld.tags.post_tag)),
        get(tag, reads(ld.tags.get_tag)),
        (tag, "DELETE", writes(ld.tags.delete_tag_of)),
        get("/api/bundles/", reads(ld.bundles.get_bundles)),
        post("/api/bundles/", writes(ld.bundles.post_bundle)),
        get(bundle, reads(ld.bundles.get_bundle)),
        (bundle, "PUT", writes(ld.bundles.put_bundle)),
        (bundle, "PATCH", writes(ld.bundles.patch_bundle)),
        (bundle, "DELETE", writes(ld.bundles.delete_bundle)),
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
        *(get(f"/{page}/", welcome.get_pinboard_page) for page in ("popular", "recent", "network")),
        get("/search/", welcome.get_pinboard_search),
        get("/note/add", welcome.get_pinboard_note),
        get("/note/add/", welcome.get_pinboard_note),
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
