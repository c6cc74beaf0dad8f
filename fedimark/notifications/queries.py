"""Reading what somebody was told: lines, each of one thing or of many alike, newest first; two statements a page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch, marks
from fedimark.notifications.standing import JOINED, STANDS
from fedimark.notifications.tell import Kind
from fedimark.timelines.entries import Person
from fedimark.timelines.savers import person_of

SHOWN = 30
NAMED = 3

_LINES = f"""
SELECT n.kind, n.bundle, max(n.id) AS last, max(n.at) AS at, count(DISTINCT n.actor_id) AS amount,
max(CASE WHEN n.read_at IS NULL THEN 1 ELSE 0 END) AS is_unread
FROM notification n {JOINED} WHERE n.owner_id = ? AND {STANDS}
GROUP BY n.kind, n.bundle HAVING max(n.id) < ? ORDER BY max(n.id) DESC LIMIT ?
"""
# The newest of each line, with all that a page says of it. A few more than are named: one person may stand there twice.
_PARTS = f"""
SELECT * FROM (
    SELECT n.id, n.kind, n.bundle, a.local_name, a.username, a.host AS at_host, a.name AS person_name,
    a.url AS person_url, b.title, b.url, b.public_id, b.page_url, o.local_name AS owner_local,
    r.description, r.page_url AS said_url, l.title AS link_title, l.url AS link_url,
    m.username AS new_username, m.host AS new_host, m.url AS new_url, m.name AS new_name, m.local_name AS new_local,
    row_number() OVER (PARTITION BY n.kind, n.bundle ORDER BY n.id DESC) AS place
    FROM notification n {JOINED} LEFT JOIN actor o ON o.id = b.actor_id
    LEFT JOIN remark r ON n.kind IN ({Kind.REPLY:d}, {Kind.REMARK:d}) AND r.uri_hash = n.subject
    LEFT JOIN link_for_you l ON n.kind = {Kind.LINK:d} AND l.uri_hash = n.subject AND l.owner_id = n.owner_id
    LEFT JOIN actor m ON n.kind = {Kind.MOVE:d} AND m.uri_hash = n.subject
    WHERE n.owner_id = ? AND n.bundle IN ({{bundles}}) AND {STANDS}) newest
WHERE place <= {NAMED + 2} ORDER BY id DESC
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A line of what somebody was told: `people` are the last who did it, `more` how many are not named.

    `title` and `href` are what it is about, empty where that is the reader; `text` is what was said. `key` names the
    line for ever, `last` is its place.
    """

    kind: Kind
    key: str
    last: int
    at: int
    is_unread: bool
    people: tuple[Person, ...]
    more: int
    title: str = ""
    href: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A page of lines; `earlier` is where the next one begins, None at the end."""

    notices: tuple[Notice, ...]
    earlier: int | None


async def told_to(owner_id: int, before: int | None = None, limit: int = SHOWN) -> Told:
    """What somebody was told and still stands; `before` is the `earlier` of the page before."""
    lines = await fetch(_LINES, owner_id, before or 2**62, limit + 1)
    shown = lines[:limit]
    parts: dict[tuple[int, str], list[Row]] = defaultdict(list)
    if shown:
        bundles = [line["bundle"] for line in shown]
        for row in await fetch(_PARTS.format(bundles=marks(len(bundles))), owner_id, *bundles):
            parts[row["kind"], row["bundle"]].append(row)
    notices = tuple(
        _notice(owner_id, line, found) for line in shown if (found := parts.get((line["kind"], line["bundle"])))
    )
    return Told(notices, shown[-1]["last"] if len(lines) > limit else None)


def _notice(owner_id: int, line: Row, parts: list[Row]) -> Notice:
    people = tuple({person.handle: person for person in map(person_of, parts)}.values())[:NAMED]
    kind = Kind(line["kind"])
    title, href = _about(kind, parts[0])
    return Notice(
        kind,
        addresses.uri_hash(f"{owner_id} {line['kind']} {line['bundle']}"),
        line["last"],
        line["at"],
        bool(line["is_unread"]),
        people,
        max(int(line["amount"]) - len(people), 0),
        title,
        href,
        parts[0]["description"] or "",
    )


def _about(kind: Kind, row: Row) -> tuple[str, str]:
    """What a line is about, in a word and as an address."""
    if kind is Kind.LINK:
        return row["link_title"] or row["link_url"] or "", "/for-you"
    if kind is Kind.MOVE:
        new = {"username": row["new_username"] or "", "at_host": row["new_host"] or "", "person_name": row["new_name"]}
        person = person_of({**new, "local_name": row["new_local"], "person_url": row["new_url"] or ""})
        return person.handle, person.href
    if kind is Kind.FOLLOW_REQUEST:
        return "", "/followers"
    if row["url"] is None:
        return "", ""
    own = addresses.bookmark(row["owner_local"], row["public_id"]) if row["owner_local"] else row["page_url"]
    return row["title"] or row["url"], own
