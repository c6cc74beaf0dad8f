"""The pages of this server's own tags, as followers of streams elsewhere: an admin decides what a page shows beside."""

from __future__ import annotations

from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import Forbidden, NotFound, Refused
from fedimark.follows import tags
from fedimark.follows.queries import one_follow
from fedimark.follows.request import ask, followed, leave
from fedimark.follows.resolve import resolve
from fedimark.here import here
from fedimark.outbox.tag_actors import TagActor
from fedimark.policy.blocks import is_blocked_actor
from fedimark.text import slugs
from fedimark.text import tags as words

_MAKE_TAG = "INSERT INTO tag (key, slug) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"
_TAG = "SELECT * FROM tag WHERE key = ?"
_PAGE = "SELECT s.id FROM actor s JOIN tag g ON g.id = s.tag_id WHERE g.key = ? AND s.owner_id = 0"
# Of who reads a stream here only the number is told, to admins too.
_ALL = """
SELECT g.key AS tag, f.state, COALESCE(f.answered_at, f.created_at) AS at, a.id AS actor_id, a.tag_id, a.kind,
a.username, a.host, a.name, a.uri, a.url, a.attributed_to, (
    SELECT count(*) FROM follow r JOIN actor p ON p.id = r.follower_id
    WHERE r.target_id = a.id AND r.state <> 'rejected' AND p.local_name IS NOT NULL AND p.kind = 'Person') AS readers
FROM actor s JOIN tag g ON g.id = s.tag_id JOIN follow f ON f.follower_id = s.id JOIN actor a ON a.id = f.target_id
WHERE s.owner_id = 0 ORDER BY g.key, a.host, a.username, a.id LIMIT ?
"""
MOST = 1_000


async def subscribe(tag: str, who: str) -> Row:
    """Let the page of a tag follow a stream elsewhere, its own or any other; returns the follow (`queries.one_follow`).

    Asking again changes nothing, except after a rejection. Raises Refused for the fields `tag` and `who`, and as
    `request.follow`.
    """
    key = _key(tag)
    target = await resolve(who)
    if target["uri"] is None:
        raise Refused("That is of this server, whose tags have their own pages.", field="who")
    if await is_blocked_actor(target) or target["suspended_at"] is not None:
        raise Forbidden("This server has nothing to do with that one.")

    async def work() -> int:
        page = await _page(key)
        await ask(page["id"], target["id"])
        return int(page["id"])

    page_id = await atomically(work)
    here().wake.set()
    return await one_follow(page_id, target["id"])


async def unsubscribe(tag: str, who: str) -> None:
    """End that; asks no other server. Raises Refused, NotFound."""
    page = await fetch_one(_PAGE, _key(tag))
    target = await followed(page["id"], who) if page else None
    if page is None or target is None:
        raise NotFound("The page of that tag follows nothing of that name.")
    await atomically(lambda: leave(page["id"], target["id"]))
    here().wake.set()


async def subscriptions() -> list[Row]:
    """What the pages of tags follow, by tag; `state` tells how it stands, `readers` how many people here follow it."""
    return await fetch(_ALL, MOST)


async def _page(key: str) -> Row:
    """The row of a tag's page, made where nothing here ever had that tag."""
    await execute(_MAKE_TAG, key, slugs.slug(key))
    tag = await fetch_one(_TAG, key)
    assert tag is not None
    return await tags.row_of(TagActor(tag))


def _key(typed: str) -> str:
    read = words.split(typed.strip().removeprefix("#"))
    if len(read) != 1 or words.is_private(read[0]):
        raise Refused("Give one tag that is not private, like sql.", field="tag")
    return words.key(read[0])
