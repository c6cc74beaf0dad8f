"""Saving from elsewhere: somebody mentions their own account here, from one that is linked to it.

What they answered is fetched by a job, and its first link becomes a private bookmark to read. Said twice it is done
once: a page that they have already stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fedimark import addresses
from fedimark.accounts.links import linked_account
from fedimark.bookmarks.arrivals import software_of
from fedimark.bookmarks.copying import named
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.queries import same_page
from fedimark.bookmarks.recognise import recognise
from fedimark.bookmarks.save import save_bookmark
from fedimark.bookmarks.shares import bookmark_of
from fedimark.database import Row, fetch_one
from fedimark.errors import FedimarkError, Unreachable
from fedimark.here import MICROS, here, now
from fedimark.inbox.at_origin import note_at_origin
from fedimark.jobs import queue
from fedimark.policy.visibility import Visibility, may_be_passed_on
from fedimark.remote.budget import for_proven
from fedimark.vocab.objects import Note
from fedimark.vocab.reading import Unreadable

JOB = "save_mentioned"
MOST_A_DAY = 200
MOST_NAMED = 10  # of those a Note mentions

_DAY = 86_400 * MICROS
_ASKED = "SELECT count(*) AS amount FROM job WHERE owner_id = ? AND kind = ? AND created_at > ?"
_OWNER = """
SELECT a.id, a.local_name, c.default_visibility, c.privacy_lock
FROM account c JOIN actor a ON a.id = c.actor_id WHERE c.id = ? AND a.gone_at IS NULL AND a.suspended_at IS NULL
"""
_PERSON_HERE = "SELECT id FROM actor WHERE local_name = ? AND kind = 'Person'"
_PERSON = "SELECT * FROM actor WHERE id = ?"


def names_somebody_here(note: Note) -> bool:
    """Whether a Note mentions anybody with an address of this server."""
    return any(addresses.local_username(uri) for uri in note.mentions)


async def asks_to_save(author: Row, note: Note) -> bool:
    """Whether a new Note is somebody's wish to save what it answers, or links to; inside `write()`, a job is written.

    `author` is the row of the proven author. Of accounts that are nobody's here, or another's, nothing is done.
    """
    account = await _account_named(author, note)
    words = await _words(author, note) if account is not None else {}
    if account is None or not (note.in_reply_to or words):
        return False
    asked = await fetch_one(_ASKED, account["id"], JOB, now() - _DAY)
    if asked is not None and asked["amount"] >= MOST_A_DAY:
        return False
    await queue.add_errand(JOB, {"answered": note.in_reply_to or "", "own": words}, account["id"])
    return True


async def save_mentioned(job: Row) -> None:
    """Save what somebody's mention of themselves answers, and what it links to itself.

    Raises Unreachable, so that the job is tried again.
    """
    payload = json.loads(job["payload"])
    row = await fetch_one(_OWNER, job["owner_id"])
    if row is not None:
        name, chosen = row["local_name"], Visibility(row["default_visibility"])
        owner = Owner(row["id"], name, chosen, privacy_lock=bool(row["privacy_lock"]))
        for words in (payload["own"], await _answered(payload["answered"], job)):
            await _save(owner, words)
    await queue.finish(job["id"], {})


async def _account_named(author: Row, note: Note) -> Row | None:
    """The account here of whom it mentions, where an account elsewhere is that very person's."""
    names = dict.fromkeys(name for uri in note.mentions if (name := addresses.local_username(uri)))
    for name in list(names)[:MOST_NAMED]:
        person = await fetch_one(_PERSON_HERE, name)
        account = await linked_account(author, person["id"]) if person is not None else None
        if person is not None and account is not None and account["actor_id"] == person["id"]:
            return account
    return None


async def _save(owner: Owner, words: Mapping[str, Any]) -> None:
    if not words or await same_page(owner, words["url"]):
        return
    draft = Draft(words["url"], title=words["title"], visibility=Visibility.PRIVATE, to_read=True)
    await save_bookmark(owner, draft, words["source"])


async def _answered(uri: str, job: Row) -> Mapping[str, Any]:
    """What a Note links to that was answered; nothing where it cannot be had."""
    if not uri:
        return {}
    known = await bookmark_of(uri)
    if known is not None and may_be_passed_on(Visibility(known["visibility"])):
        author = await fetch_one(_PERSON, known["actor_id"])
        assert author is not None
        return {"url": known["url"], "title": known["title"], "source": _source(uri, author)}
    if addresses.local_path(uri) is not None:
        return {}
    try:
        origin = await note_at_origin(uri, for_proven)
    except Unreachable:
        if job["tries"] < queue.MOST_TRIES:
            raise
        return {}
    except (FedimarkError, Unreadable):
        return {}
    if origin.note is None or origin.author is None:
        return {}
    return await _words(origin.author, origin.note)


async def _words(author: Row, note: Note) -> Mapping[str, Any]:
    """The first link of a Note, whatever it answers; where the Note is not for everybody the address alone."""
    plain = replace(note, in_reply_to=None, quote=None)
    found = recognise(plain, (await software_of([author["uri"]]))[author["uri"]])
    if found is None:
        return {}
    if not note.is_public:
        return {"url": found.url, "title": "", "source": {}}
    return {"url": found.url, "title": found.title, "source": _source(note.id, author)}


def _source(uri: str, author: Row) -> dict[str, Any]:
    local = author["local_name"]
    author_uri = author["uri"] if local is None else addresses.absolute(addresses.person(local))
    return named(uri, author_uri, f"@{author['username']}@{author['host'] or here().settings.handles_at}")
