"""One reply or remark of a person here, for everybody: none reaches less far than what is unlisted."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.errors import Gone, NotFound
from fedimark.outbox.quotes import Quote
from fedimark.policy.interactions import Act, Who, who_may
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.timelines.entries import Person
from fedimark.timelines.found import find
from fedimark.timelines.stream import PersonStream

_ONE = "SELECT * FROM remark WHERE actor_id = ? AND public_id = ?"
_ENDED = "SELECT id FROM tombstone WHERE uri_hash = ?"
# What it is about, as long as everybody may see that: the bookmark, or what was said about one.
_BOOKMARK = f"""
SELECT b.is_local, b.actor_id AS owner_id, b.allows, b.public_id, b.page_url, b.title, b.url,
o.local_name AS local, o.username, o.host, o.name, o.url AS person_url, p.page_url AS parent_url,
q.local_name AS parent_local, q.username AS parent_username, q.host AS parent_host, q.name AS parent_name,
q.url AS parent_person_url,
EXISTS (SELECT 1 FROM stamp s WHERE s.instrument_hash = ? AND s.owner_id = b.actor_id AND s.revoked_at IS NULL)
    AS has_stamp
FROM bookmark b JOIN actor o ON o.id = b.actor_id
LEFT JOIN remark p ON p.id = ? AND p.hidden_at IS NULL AND p.visibility >= {int(Visibility.UNLISTED)}
LEFT JOIN actor q ON q.id = p.actor_id AND q.suspended_at IS NULL AND q.gone_at IS NULL
WHERE b.id = ? AND b.removed_at IS NULL AND b.visibility >= {int(Visibility.UNLISTED)}
AND o.suspended_at IS NULL AND o.gone_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class About:
    """What something was said about: `title` of a bookmark of `owner`; or what `person` said about that.

    `is_quoting` says that it has the leave of `owner_id` to quote the bookmark.
    """

    person: Person
    href: str
    owner: Person
    title: str
    bookmark_href: str
    owner_id: int
    is_quoting: bool
    takes_replies: bool

    @property
    def is_here(self) -> bool:
        """Whether the bookmark stands on a page of this server."""
        return self.bookmark_href.startswith("/")


@dataclass(frozen=True, slots=True)
class ShownRemark:
    """A reply or remark with its row; `about` is None where that is gone, or is no longer for everybody."""

    row: Row
    author: Person
    about: About | None
    is_mine: bool
    viewer_id: int

    @property
    def is_owners(self) -> bool:
        """Whether the viewer saved the bookmark that it is about, and so decides about it."""
        return self.about is not None and self.about.owner_id == self.viewer_id and self.row["hidden_at"] is None

    @property
    def may_be_answered(self) -> bool:
        """Whether it is shown how to answer."""
        return self.about is not None and (self.about.takes_replies or self.about.owner_id == self.viewer_id)

    @property
    def was_edited(self) -> bool:
        """Whether its words changed after they were written, as far as that is known."""
        return was_edited(self.row)

    @property
    def is_asked(self) -> bool:
        """Whether whoever it quotes has not answered yet."""
        return bool(self.row["quote_state"] == Quote.ASKED)

    @property
    def is_refused(self) -> bool:
        """Whether whoever it quoted does not let it."""
        return bool(self.row["quote_state"] == Quote.REFUSED)


def was_edited(row: Row) -> bool:
    """Whether the words of something written here changed; an answer of whom it quotes changes its Note as well."""
    return bool(row["updated_at"] > row["said_at"]) and row["quote_state"] in (Quote.UNASKED, Quote.ASKED)


async def one_remark(username: str, public_id: str, viewer: Viewer | None) -> ShownRemark:
    """Find one. Raises Gone for what its author took back, NotFound for what never was."""
    found = await find(PersonStream(username), viewer)
    assert found.owner is not None
    row = await fetch_one(_ONE, found.owner["id"], public_id)
    if row is None:
        uri = addresses.absolute(addresses.remark(username, public_id))
        if await fetch_one(_ENDED, addresses.uri_hash(uri)):
            raise Gone("Its author took this back.")
        raise NotFound
    author = Person(username, "", found.owner["name"] or username, addresses.person(username))
    return ShownRemark(row, author, await _about(row), found.is_owner, found.viewer_id)


async def _about(row: Row) -> About | None:
    found = await fetch_one(_BOOKMARK, row["uri_hash"], row["parent_id"], row["bookmark_id"])
    if found is None or (not row["is_reply"] and row["quote_state"] == Quote.REFUSED):
        return None
    owner = _person(found, "", found["person_url"])
    href = addresses.bookmark(found["local"], found["public_id"]) if found["is_local"] else found["page_url"]
    title = found["title"] or found["url"]
    takes_replies = who_may(found["allows"], Act.REPLY) is not Who.NOBODY
    if found["parent_username"] is None:
        return About(owner, href, owner, title, href, found["owner_id"], bool(found["has_stamp"]), takes_replies)
    person = _person(found, "parent_", found["parent_person_url"])
    return About(person, found["parent_url"], owner, title, href, found["owner_id"], False, takes_replies)


def _person(row: Row, which: str, url: str) -> Person:
    local, username = row[f"{which}local"], row[f"{which}username"]
    name = row[f"{which}name"] or username
    return Person(username, row[f"{which}host"], name, addresses.person(local) if local else url)
