"""Reports: somebody here or elsewhere says that something is wrong. Admins read it; nothing comes of it by itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, among, atomically, execute, fetch, fetch_one, several
from fedimark.errors import NotFound, Refused, TooMany
from fedimark.follows.resolve import known
from fedimark.here import MICROS, here, now
from fedimark.language.said import _
from fedimark.logs import REPORT_REFUSED, REPORTED, log
from fedimark.outbox.flags import say_flag
from fedimark.policy.quarantine import host_of
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.text.clean import many_lines
from fedimark.timelines.sources import seen
from fedimark.vocab.activities import Flag

IGNORED = "ignored"

LONGEST = 5_000  # characters of a comment
MOST_OBJECTS = 20  # bookmarks named by one
MOST_A_DAY = 20  # by one person here
MOST_A_DAY_OF_HOST = 50
SHOWN = 30

_DAY = 86_400 * MICROS
_BY_ONE = "SELECT count(*) AS amount FROM report WHERE reporter_id = ? AND host = '' AND created_at > ?"
_OF_HOST = "SELECT count(*) AS amount FROM report WHERE host = ? AND created_at > ?"
_PUT = """
INSERT INTO report (public_id, uri_hash, host, reporter_id, target_id, objects, comment, is_forwarded, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uri_hash) DO NOTHING RETURNING id
"""
_PERSON = "SELECT * FROM actor WHERE local_name = ? AND kind = 'Person' AND gone_at IS NULL"
_LIST = """
SELECT r.*, t.local_name, t.username, t.host AS at_host, t.name AS person_name, t.url AS person_url,
t.uri AS target_uri, t.suspended_at, s.local_name AS by_local, s.username AS by_username, s.host AS by_host
FROM report r JOIN actor t ON t.id = r.target_id JOIN actor s ON s.id = r.reporter_id
WHERE r.closed_at IS {state} AND r.id < ? ORDER BY r.id DESC LIMIT ?
"""
# An admin sees of what others saved what everybody may see, and no more.
_NAMED = f"""
SELECT b.public_id, b.uri, b.title, b.url, b.page_url, a.local_name FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE b.removed_at IS NULL AND b.visibility >= {Visibility.UNLISTED} AND b.id IN (
    SELECT id FROM bookmark WHERE public_id {{these}} UNION ALL SELECT id FROM bookmark WHERE uri_hash {{these}})
"""
_CLOSE = "UPDATE report SET closed_at = ? WHERE public_id = ? AND closed_at IS NULL"
_OPEN = "UPDATE report SET closed_at = NULL WHERE public_id = ?"


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as an admin reads it: its row with the names of both, the bookmarks it names that everybody may see as
    title and address, and how many it names that not everybody may.
    """

    row: Row
    bookmarks: tuple[tuple[str, str], ...]
    unseen: int


async def report(viewer: Viewer, who: str, named: Sequence[str], comment: str, *, forward: bool) -> None:
    """Report somebody known here, and some of their bookmarks that the viewer sees, to the admins.

    `named` are bookmarks as forms name them (`timelines.sources.seen`). With `forward` the server of somebody elsewhere
    hears of it too, and not from whom. Raises Refused for the fields `who` and `comment`, NotFound, TooMany.
    """
    words = _read(comment)
    target = await known(who)
    if target is None or target["kind"] in ("Application", "Feed") or target["tag_id"] is not None:
        raise NotFound("Nobody of that name is known here.")
    if target["id"] == viewer.actor_id:
        raise Refused("That is you.", field="who")
    rows = [await _seen(viewer, target, each) for each in named[:MOST_OBJECTS]]
    objects = [_target_uri(target), *(_note_uri(row) for row in rows)]
    is_told = forward and target["uri"] is not None

    async def work() -> None:
        made = await fetch_one(_BY_ONE, viewer.actor_id, now() - _DAY)
        if made is not None and made["amount"] >= MOST_A_DAY:
            raise TooMany(3_600, "You reported very much within a day. Please go on later.")
        public_id = here().new_id()
        given = (public_id, None, "", viewer.actor_id, target["id"], json.dumps(objects), words, is_told, now())
        await fetch(_PUT, *given)
        if is_told:
            await say_flag(target, objects[1:], words, public_id)

    await atomically(work)
    here().wake.set()
    log.info(REPORTED, target=target["uri"] or target["local_name"], forwarded=is_told)


async def received(actor: Row, flag: Flag, received_at: int) -> str:
    """Inside `write()`: another server reports somebody here. What it names is kept as it was said, seen or not.

    Returns a short word for what it did: the same whether what is named can be seen, or was ever there.
    """
    target = await _meant(flag)
    if target is None:
        return IGNORED
    host = host_of(actor["uri"])[:255]
    made = await fetch_one(_OF_HOST, host, now() - _DAY)
    if made is not None and made["amount"] >= MOST_A_DAY_OF_HOST:
        log.warning(REPORT_REFUSED, host=host)
        return "refused"
    objects = [uri for uri in flag.object_ids if _whose(uri) == target["local_name"]][: MOST_OBJECTS + 1]
    words = many_lines(flag.content, LONGEST).strip()
    uri_hash = addresses.uri_hash(f"{actor['uri']} {flag.id or json.dumps([words, objects])}")
    given = (here().new_id(), uri_hash, host, actor["id"], target["id"], json.dumps(objects), words, False, received_at)
    return "reported" if await fetch(_PUT, *given) else "known"


async def every(*, closed: bool, before: int | None) -> tuple[list[Reported], int | None]:
    """Reports that are open, or closed, newest first, and where those before them begin; two statements."""
    sql = _LIST.format(state="NOT NULL" if closed else "NULL")
    rows = await fetch(sql, before or 2**62, SHOWN + 1)
    shown = rows[:SHOWN]
    objects = {row["id"]: [str(uri) for uri in json.loads(row["objects"])] for row in shown}
    found = await _named(uri for each in objects.values() for uri in each)
    reports = [_reported(row, objects[row["id"]], found) for row in shown]
    return reports, shown[-1]["id"] if len(rows) > SHOWN else None


async def close(public_id: str) -> None:
    """Let a report be done with; closed twice is fine. Raises NotFound for none."""
    if not await execute(_CLOSE, now(), public_id) and not await _is_there(public_id):
        raise NotFound


async def reopen(public_id: str) -> None:
    """Take that back. Raises NotFound."""
    if not await execute(_OPEN, public_id):
        raise NotFound


async def _meant(flag: Flag) -> Row | None:
    """The first person here whom a Flag names, or whose bookmark it does."""
    for name in dict.fromkeys(_whose(uri) for uri in flag.object_ids):
        person = await fetch_one(_PERSON, name) if name else None
        if person is not None:
            return person
    return None


def _read(comment: str) -> str:
    words = many_lines(comment, LONGEST + 1).strip()
    if len(words) > LONGEST:
        raise Refused(_("At most %(most)s characters, please.", most=LONGEST), field="comment")
    return words


async def _seen(viewer: Viewer, target: Row, named: str) -> Row:
    row = await seen(viewer.actor_id, named)
    if row is None or row["actor_id"] != target["id"]:
        raise NotFound
    return row


def _note_uri(row: Row) -> str:
    local = row["local_name"]
    return addresses.absolute(addresses.bookmark(local, row["public_id"])) if local else str(row["uri"])


def _target_uri(target: Row) -> str:
    return str(target["uri"] or addresses.absolute(addresses.person(target["local_name"])))


def _whose(uri: str) -> str | None:
    """The name of the person here whom an id means, or whose bookmark it is."""
    bookmark = addresses.local_bookmark(uri)
    return bookmark[0] if bookmark else addresses.local_username(uri)


async def _named(uris: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Title and address of those bookmarks that everybody may see, by id."""
    wanted = list(uris)
    ours = {named[1] for uri in wanted if (named := addresses.local_bookmark(uri))}
    hashes = {addresses.uri_hash(uri) for uri in wanted}
    if not wanted:
        return {}
    found = {}
    for row in await fetch(_NAMED.format(these=among("text")), several(ours), several(hashes)):
        local = row["local_name"]
        href = addresses.bookmark(local, row["public_id"]) if local else row["page_url"]
        found[addresses.absolute(href) if local else row["uri"]] = (row["title"] or row["url"], href)
    return found


def _reported(row: Row, objects: Sequence[str], found: dict[str, tuple[str, str]]) -> Reported:
    named = [uri for uri in objects if uri != row["target_uri"] and addresses.local_username(uri) is None]
    seen_ones = tuple(found[uri] for uri in named if uri in found)
    return Reported(row, seen_ones, len(named) - len(seen_ones))


async def _is_there(public_id: str) -> bool:
    return await fetch_one("SELECT id FROM report WHERE public_id = ?", public_id) is not None
