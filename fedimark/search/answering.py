"""What other servers may find here: public bookmarks of people who let them, for servers that are known here."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one, marks
from fedimark.errors import Forbidden, Malformed, NotFound
from fedimark.language.said import _
from fedimark.outbox.consent import group_of
from fedimark.outbox.notes import note
from fedimark.outbox.profiles import profile_of
from fedimark.policy.blocks import no_block_between
from fedimark.policy.visibility import Visibility
from fedimark.remote.peers import host_of
from fedimark.search.matching import NOBODY, compiled, listed, newest, public_of
from fedimark.text.query import Query, parse
from fedimark.vocab.terms import Doc, note_context

VERSION = "v1"
MOST = 20  # bookmarks in one answer
LONGEST = 200  # characters of a question
LOOKED_AT = 5_000  # of what the index finds, the newest
FURTHEST = 500  # of what is found, how much can be asked for at all

# Which of them may be found; the asker twice.
_FINDABLE = f"""
FROM ({{newest}}) w JOIN search_place p ON p.place = w.place JOIN bookmark b ON b.id = p.bookmark_id
JOIN actor a ON a.id = b.actor_id JOIN account c ON c.actor_id = a.id
WHERE c.searchable AND a.gone_at IS NULL AND a.suspended_at IS NULL AND b.is_local
AND b.visibility = {Visibility.PUBLIC} AND b.listed AND b.removed_at IS NULL AND lower(b.url) LIKE 'http%'
AND NOT EXISTS (SELECT 1 FROM block k WHERE NOT k.is_mute
    AND ((k.blocker_id = a.id AND k.blocked_id = ?) OR (k.blocker_id = ? AND k.blocked_id = a.id)))
"""
_FOUND = f"SELECT b.id {_FINDABLE} AND {{rest}} ORDER BY p.place DESC LIMIT {FURTHEST + 1}"
_SHOWN = """
SELECT b.*, a.local_name, a.keeps_out, a.approves_followers, a.summary
FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.id IN ({ids})
"""
_PERSON = """
SELECT a.id, c.searchable FROM actor a JOIN account c ON c.actor_id = a.id
WHERE a.local_name = ? AND a.gone_at IS NULL AND a.suspended_at IS NULL
"""
_MUTUALS = f"""
SELECT f.id FROM follow f JOIN follow g ON g.follower_id = f.target_id AND g.target_id = f.follower_id
WHERE f.follower_id = ? AND f.target_id = ? AND f.state = 'accepted' AND g.state = 'accepted'
AND {no_block_between("f.follower_id", "f.target_id")}
"""
_PEER = "SELECT software, let_in_at FROM peer WHERE host = ?"


@dataclass(frozen=True, slots=True)
class Question:
    """What another server asks: who asks whom for what, as Betula asks it."""

    asker: str
    asked: str
    query: Query
    limit: int
    offset: int


def read_question(document: Doc) -> Question:
    """Read a question. Raises Malformed."""
    text, asker, asked = (document.get(name) for name in ("query", "from", "to"))
    if document.get("version") != VERSION:
        raise Malformed("Only questions of version v1 are understood.")
    if not (isinstance(text, str) and isinstance(asker, str) and isinstance(asked, str)) or len(text) > LONGEST:
        raise Malformed(
            _("A question has a query of at most %(most)s characters, and says from whom and to whom.", most=LONGEST)
        )
    limit, offset = _number(document, "limit", MOST), _number(document, "offset", 0)
    return Question(asker, asked, parse(text), min(limit, MOST), offset)


async def answer(question: Question, asker: Row) -> Doc:
    """The bookmarks that a proven asker may find, as Betula answers. Raises Forbidden, NotFound."""
    if question.asker != asker["uri"]:
        raise Forbidden("Somebody else signed this question.")
    person_id = await _person(question.asked, asker)
    peer = await fetch_one(_PEER, host_of(asker["uri"]))
    reach = public_of(person_id) if person_id else listed(NOBODY)
    matches = compiled(question.query, reach)
    newest_ones = newest(matches, None, LOOKED_AT)
    sql = _FOUND.format(newest=newest_ones.text, rest=matches.rest.text)
    # An empty question asks for nothing.
    values = (*newest_ones.values, asker["id"], asker["id"], *matches.rest.values)
    found = await fetch(sql, *values) if question.query else []
    ids = [row["id"] for row in found[question.offset : question.offset + question.limit]]
    rows = {row["id"]: row for row in await fetch(_SHOWN.format(ids=marks(len(ids))), *ids)}
    profile = profile_of(peer["software"] if peer else "")
    left = max(len(found) - question.offset - len(ids), 0)
    return {"bookmarks": [_note(rows[each], profile) for each in ids if each in rows], "more_available": left}


async def _person(asked: str, asker: Row) -> int:
    """Whom a question is about, 0 for everybody, if that asker may ask it: a person asks one they follow and who
    follows them, the server of another fedimark that is out of quarantine asks this one.
    """
    if asked == addresses.absolute(addresses.INSTANCE_ACTOR):
        peer = await fetch_one(_PEER, host_of(asker["uri"]))
        is_known = peer is not None and peer["let_in_at"] is not None and peer["software"].lower() == "fedimark"
        if not is_known or asker["kind"] not in ("Application", "Service"):
            raise Forbidden("Only servers that people here follow somebody on may search here.")
        return 0
    person = await fetch_one(_PERSON, addresses.local_username(asked) or "")
    if person is None or await fetch_one(_MUTUALS, asker["id"], person["id"]) is None:
        raise Forbidden("Only people who follow one another may search each other’s bookmarks.")
    if not person["searchable"]:
        raise NotFound
    return int(person["id"])


def _note(row: Row, profile: str) -> Doc:
    return {"@context": note_context(), **note(row["local_name"], row, profile, group_of(row, row))}


def _number(document: Doc, name: str, default: int) -> int:
    value = document.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1_000_000:
        raise Malformed(_("“%(name)s” must be a number.", name=name))
    return value
