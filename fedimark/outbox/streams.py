"""Tags pass bookmarks on: who is told, inside the transaction that changes a bookmark.

Only new ones, published within a week, of people here who do not mind; once a second for each tag. What is beyond 300
waiting stays in the tag's outbox alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fedimark import addresses
from fedimark.database import Row, atomically, execute, fetch, fetch_one, marks
from fedimark.delivery.enqueue import say
from fedimark.delivery.pacing import moment_of_more
from fedimark.here import here, now
from fedimark.outbox import documents, hearers, ids, passed_on, tag_documents
from fedimark.outbox.consent import NEWS, SPEAKS, carried, gives, group_of
from fedimark.outbox.profiles import FEDIMARK, IN_GROUP, LINK, forms_of
from fedimark.outbox.proofs import sealed
from fedimark.outbox.publish import Speaker
from fedimark.outbox.turns import BATCH, MOST_WAITING, PAUSE, has_turn, stream_of
from fedimark.policy.blocks import inboxes_of_estranged
from fedimark.vocab.terms import Doc

_STREAMS = """
SELECT s.id, s.url, s.owner_id, g.key FROM tag g JOIN actor s ON s.tag_id = g.id
WHERE g.key IN ({keys}) AND s.owner_id IN (0, ?) AND s.gone_at IS NULL ORDER BY s.id
"""
_HEARD = """
SELECT f.id FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = 'accepted' AND a.uri IS NOT NULL LIMIT 1
"""
_AUTHOR = f"SELECT a.* FROM actor a WHERE a.id = ? AND {SPEAKS}"
_BOOKMARK = "SELECT * FROM bookmark WHERE public_id = ? AND is_local AND removed_at IS NULL"
_TURN_AT_ONCE = """
UPDATE actor SET spoke_at = ? WHERE id = ? AND spoke_at <= ?
AND NOT EXISTS (SELECT 1 FROM announcement w WHERE w.stream_id = actor.id) RETURNING id
"""
_WAIT = """
INSERT INTO announcement (stream_id, public_id, due_at) VALUES (?, ?, ?)
ON CONFLICT (stream_id, public_id) DO NOTHING
"""
_DROP_OLDEST = """
DELETE FROM announcement WHERE stream_id = ?
AND id <= (SELECT id FROM announcement WHERE stream_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
_DUE = """
SELECT DISTINCT w.stream_id FROM announcement w JOIN actor s ON s.id = w.stream_id
WHERE s.spoke_at <= ? AND w.due_at <= ? LIMIT ?
"""
_OLDEST = """
DELETE FROM announcement WHERE id = (SELECT min(id) FROM announcement WHERE stream_id = ? AND due_at <= ?)
RETURNING public_id
"""


async def bookmark_tagged(owner: Speaker, row: Row, keys: Sequence[str]) -> None:
    """Let tags of a bookmark pass it on that did not yet, by their keys."""
    if not keys or row["saved_at"] <= now() - NEWS:
        return
    streams = await _streams(owner, keys)
    heard = [stream for stream in streams if await fetch_one(_HEARD, stream["id"]) is not None]
    if not heard:
        return
    # Where its author is heard bit by bit, so are the tags: with the Create, not before it.
    paced = await moment_of_more(addresses.uri_hash(ids.note(owner.username, row["public_id"])))
    for stream in heard:
        if paced is None and await fetch(_TURN_AT_ONCE, now(), stream["id"], now() - PAUSE):
            await _say(stream, row)
        else:
            await execute(_WAIT, stream["id"], row["public_id"], paced or now())
            await execute(_DROP_OLDEST, stream["id"], stream["id"], MOST_WAITING)


async def bookmark_respelled(owner: Speaker, before: Row, row: Row) -> list[str]:
    """Let the tags that a bookmark lost take back that they passed it on; returns the ids of their Announces.

    Whoever heard of it through a tag hears of the change: to be called before its Update is said.
    """
    streams = await _streams(owner, carried(before))
    heard = await hearers.reached(*(_uri(stream, before) for stream in streams))
    await hearers.remember(ids.note(owner.username, row["public_id"]), heard)
    kept = carried(row)
    return await _take_back(owner, before, [stream for stream in streams if stream["key"] not in kept])


async def bookmark_ended(owner: Speaker, row: Row) -> list[str]:
    """Let all tags of a publication take it back; as `bookmark_respelled`, before its Delete is said."""
    return await bookmark_respelled(owner, row, {**row, "tags": ""})


async def announce_waiting() -> int:
    """Say what waits, one of each tag that has been silent for a second; returns how many.

    What people of this server saved goes before what a tag passes on of others.
    """
    due = await fetch(_DUE, now() - PAUSE, now(), BATCH)
    for row in due:
        await atomically(partial(_next, row["stream_id"]))
    said = len(due) + await passed_on.pass_on_waiting()
    if said:
        here().wake.set()
    return said


async def _next(stream_id: int) -> None:
    if not await has_turn(stream_id):
        return
    oldest = await fetch(_OLDEST, stream_id, now())
    row = await fetch_one(_BOOKMARK, oldest[0]["public_id"]) if oldest else None
    stream = await stream_of(stream_id)
    if row is not None and stream is not None and stream["key"] in carried(row):
        await _say(stream, row)


async def _say(stream: Row, row: Row) -> None:
    """Write down an Announce, for each server in the form it reads, unless its author would not have it."""
    author = await fetch_one(_AUTHOR, row["actor_id"])
    if author is None or not (stream["owner_id"] or gives(author)):
        return
    inboxes = await hearers.followers(stream["id"]) - await inboxes_of_estranged(author["id"])
    group, at = group_of(author, row), now()
    # A post of Lemmy is in one community: to those who follow another tag of it the Note's id must do.
    forms = {
        inbox: form
        for inbox, form in (await forms_of(inboxes)).items()
        if form == FEDIMARK or (form == IN_GROUP and stream["url"] == group)
    }
    said = {form: _whole(form, stream["url"], author, row, group, at) for form in set(forms.values())}
    note_uri = ids.note(author["local_name"], row["public_id"])
    plain = tag_documents.announce(stream["url"], row["public_id"], note_uri, at)
    # They know the author from now on, and must hear when the author leaves.
    await hearers.remember(ids.actor(author["local_name"]), inboxes)
    new_id = here().new_id()
    await say(stream["id"], "Announce", _uri(stream, row), plain, sorted(inboxes), new_id, said, forms)


def _whole(form: str, stream_uri: str, author: Row, row: Row, group: str, at: int) -> Doc:  # noqa: PLR0917
    """An Announce with the Create inside: with its author's proof for another fedimark, bare for a Group."""
    name = author["local_name"]
    if form == FEDIMARK:
        create = sealed(documents.create(name, row, FEDIMARK, group), author, at)
        return tag_documents.announce_whole(stream_uri, row["public_id"], create, at)
    create = documents.create(name, row, LINK, group)
    return tag_documents.announce_in_group(stream_uri, row["public_id"], create, at)


async def _take_back(owner: Speaker, row: Row, streams: Sequence[Row]) -> list[str]:
    taken_back = []
    for stream in streams:
        uri = _uri(stream, row)
        sql = "DELETE FROM announcement WHERE stream_id = ? AND public_id = ?"
        await execute(sql, stream["id"], row["public_id"])
        inboxes = await hearers.cancelled(uri)
        if inboxes:
            undo_id, note_uri = here().new_id(), ids.note(owner.username, row["public_id"])
            said = stream["url"], row["public_id"], note_uri, undo_id, await hearers.announced_at(uri)
            undo = tag_documents.undo_announce(*said)
            await say(stream["id"], "Undo", uri, undo, sorted(inboxes), undo_id)
            taken_back.append(uri)
    return taken_back


async def _streams(owner: Speaker, keys: Sequence[str]) -> list[Row]:
    """The rows of the tags with these keys that anybody ever followed, everybody's and the owner's own."""
    return await fetch(_STREAMS.format(keys=marks(len(keys))), *keys, owner.actor_id) if keys else []


def _uri(stream: Row, bookmark: Row) -> str:
    return addresses.announcement(stream["url"], bookmark["public_id"])
