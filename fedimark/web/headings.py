"""A stream's address as a sentence: crumbs, filters, the Follow button."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from fedimark import addresses
from fedimark.follows.queries import followers_of_page
from fedimark.here import here
from fedimark.language.said import _
from fedimark.timelines.queries import Found
from fedimark.timelines.stream import (
    FILTERS,
    PERIODS,
    PersonStream,
    PopularStream,
    RecentStream,
    Stream,
    TagStream,
    without,
)
from fedimark.timelines.tag_actors import Followable
from fedimark.web.pages import word_of
from fedimark.web.values.page import Crumb, Filter, FollowBox, Heading

STATES = {"accepted": "following", "requested": "requested"}


async def heading_of(found: Found, count: int | None, tag: Followable | None = None) -> Heading:
    """The heading of a stream's page; `tag` is what `timelines.tag_actors.followable` says of it.

    How many follow what can be followed stands there: as everybody may read in its collection of followers.
    """
    heading = _heading_of(found, count, tag)
    if heading.follow is None or found.is_elsewhere:
        return heading
    actor_id = tag.actor_id if tag else found.owner["id"] if found.owner else 0
    return replace(heading, follow=replace(heading.follow, followers=await followers_of_page(actor_id)))


def editable(heading: Heading, which: Stream, asked: Mapping[str, str]) -> Heading:
    """The heading of a stream of one's own: many of it can be edited at once, and a tag becomes another.

    What is `asked` of the page, its place in the stream, is kept; where many are edited already, nothing leads there.
    """
    kept = {name: asked[name] for name in ("before", "after") if asked.get(name)}
    edit = "" if asked.get("edit") == "many" else f"?{urlencode(kept | {'edit': 'many'})}"
    tags = which.tags if isinstance(which, PersonStream) else ()
    rename = f"/settings/tags?{urlencode({'tag': tags[0]})}" if len(tags) == 1 else ""
    return replace(heading, edit_href=edit, rename_href=rename)


def _heading_of(found: Found, count: int | None, tag: Followable | None) -> Heading:
    stream = found.stream
    if isinstance(stream, PersonStream):
        follow = _follow_tag(found, tag) if tag else _follow(found, stream)
        return Heading(_person_crumbs(stream), count, _filters(found, stream), follow)
    if isinstance(stream, TagStream):
        return Heading(_tag_crumbs(stream), count, _tag_filters(stream), _follow_tag(found, tag) if tag else None)
    if isinstance(stream, PopularStream):
        return _popular(stream, count)
    if isinstance(stream, RecentStream):
        words = ((_("everything known"), "/recent", False), (_("this server"), "/recent?from=here", True))
        return Heading(
            (Crumb(_("Recent")),), count, tuple(Filter(word, to, stream.here is on) for word, to, on in words)
        )
    return Heading((Crumb(_("Your network")),), count)


def _popular(stream: PopularStream, count: int | None) -> Heading:
    crumbs = tuple(Crumb(tag, addresses.tags((tag,))) for tag in stream.tags)
    filters = [Filter(word_of(word), addresses.popular(word, stream.tags), stream.period == word) for word in PERIODS]
    return Heading((Crumb(_("Popular"), addresses.popular(stream.period)), *crumbs), count, tuple(filters))


def _person_crumbs(stream: PersonStream) -> tuple[Crumb, ...]:
    person = Crumb(stream.username, addresses.person(stream.username))
    if stream.only:
        return person, Crumb(word_of(stream.only))
    if not stream.tags:
        return (Crumb(stream.username),)
    if len(stream.tags) == 1:
        return person, Crumb(stream.tags[0])
    # Together: each word leads to what is left without it.
    narrowed = [Crumb(tag, addresses.person_tags(stream.username, without(stream.tags, tag))) for tag in stream.tags]
    return person, *narrowed


def _tag_crumbs(stream: TagStream) -> tuple[Crumb, ...]:
    if len(stream.tags) == 1:
        return (Crumb(stream.tags[0]),)
    return tuple(Crumb(tag, addresses.tags(without(stream.tags, tag))) for tag in stream.tags)


def _tag_filters(stream: TagStream) -> tuple[Filter, ...]:
    if len(stream.tags) > 1:
        return ()
    newest = Filter(_("newest"), addresses.tags(stream.tags), current=True)
    return newest, Filter(_("popular"), addresses.popular("month", stream.tags))


def _filters(found: Found, stream: PersonStream) -> tuple[Filter, ...]:
    """Filters only where they are true: a stranger's page has no private ones and no stars."""
    name = stream.username
    drawn = Filter(_("over time"), addresses.statistics(name))
    if stream.tags or found.is_elsewhere or found.is_hidden:
        return ()
    if not found.is_owner:
        return (Filter(_("all"), addresses.person(name), True), drawn)
    every = Filter(_("all"), addresses.person(name), not stream.only)
    words = (Filter(word_of(word), addresses.person_filter(name, word), stream.only == word) for word in FILTERS)
    return every, *words, drawn, Filter(_("look again"), "/again")


def _follow(found: Found, stream: PersonStream) -> FollowBox | None:
    if found.owner is None or stream.tags or stream.only:
        return None
    elsewhere = found.is_elsewhere
    handle = f"@{stream.username}" if elsewhere else f"@{stream.username}@{here().settings.handles_at}"
    state = STATES.get(found.owner["follow_state"] or "", "none")
    if found.viewer is None or found.is_owner:
        return FollowBox(_("Follow %(name)s", name=stream.username), handle)
    if found.is_hidden:
        action, word = ("/people/unmute", "muted") if found.is_muted else ("/people/unblock", "blocked")
        return FollowBox(_("Follow %(name)s", name=stream.username), handle, action, word)
    action = "/network/follow" if state == "none" else "/network/leave"
    return FollowBox(_("Follow %(name)s", name=stream.username), handle, action, state, keep_away=True)


def _follow_tag(found: Found, tag: Followable) -> FollowBox:
    label, handle = _("Follow %(name)s", name=tag.actor.name), f"@{tag.actor.username}@{here().settings.handles_at}"
    state = STATES.get(tag.state, "none")
    if found.viewer is None or tag.is_own:
        return FollowBox(label, handle)
    action = "/network/follow" if state == "none" else "/network/leave"
    return FollowBox(label, handle, action, state, who=tag.actor.uri)
