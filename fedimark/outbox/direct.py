"""Links that somebody here gives to one person elsewhere: a Note to them alone, as rows inside `write()`."""

from __future__ import annotations

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.delivery.enqueue import say
from fedimark.here import here, now
from fedimark.outbox import ids
from fedimark.outbox.publish import withdraw
from fedimark.text import html
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import AS, Doc, note_context

LONGEST = 2_000  # characters of the words that go with a link


async def say_link(giver: Row, given: Row, bookmark: Row, taker: Row) -> None:
    """Give a link of a bookmark; `given` is the row of it."""
    document = create(giver["local_name"], given, bookmark, taker)
    about = note_id(giver["local_name"], given["public_id"])
    await say(giver["id"], "Create", about, document, [taker["inbox"]], given["public_id"])


async def say_taken_back(giver: Row, given: Row, taker: Row) -> None:
    """Take it back from whoever may have it."""
    about = note_id(giver["local_name"], given["public_id"])
    inboxes, _ = await withdraw(addresses.uri_hash(about))
    activity_id = here().new_id()
    document = delete(giver["local_name"], given, taker, activity_id, now())
    await say(giver["id"], "Delete", about, document, sorted(inboxes), activity_id)


def note_id(username: str, public_id: str) -> str:
    """The id of the Note."""
    return absolute(addresses.given_link(username, public_id))


def create(username: str, given: Row, bookmark: Row, taker: Row) -> Doc:
    """The Create of the Note: its link, its title and its public words, for one person, who is mentioned."""
    note = _note(username, given, bookmark, taker)
    return {
        "@context": note_context(),
        "id": f"{note['id']}/activity",
        "type": "Create",
        "actor": ids.actor(username),
        "published": note["published"],
        "to": note["to"],
        "cc": note["cc"],
        "object": note,
    }


def delete(username: str, given: Row, taker: Row, activity_id: str, at: int) -> Doc:
    """The Delete of the Note, for the same person."""
    uri = note_id(username, given["public_id"])
    return {
        "@context": AS,
        "id": f"{uri}/activity/{activity_id}",
        "type": "Delete",
        "actor": ids.actor(username),
        "published": rfc3339(at),
        "to": [taker["uri"]],
        "cc": [],
        "object": {"id": uri, "type": "Tombstone"},
    }


def _note(username: str, given: Row, bookmark: Row, taker: Row) -> Doc:
    uri, title = note_id(username, given["public_id"]), bookmark["title"] or bookmark["url"][:255]
    words = bookmark["description"][:LONGEST]
    return {
        "id": uri,
        "type": "Note",
        "attributedTo": ids.actor(username),
        "url": uri,
        "nameMap": {"en": title},
        "content": _content(bookmark["url"], title, words, taker),
        "source": {"content": words, "mediaType": "text/plain"},
        "attachment": [{"type": "Link", "href": bookmark["url"], "mediaType": "text/html", "name": title}],
        # Without a Mention nobody on Mastodon would notice.
        "tag": [{"type": "Mention", "href": taker["uri"], "name": f"@{taker['username']}@{taker['host']}"}],
        "to": [taker["uri"]],
        "cc": [],
        "published": rfc3339(given["created_at"]),
        "sensitive": False,
    }


def _content(url: str, title: str, words: str, taker: Row) -> str:
    page = html.escape(taker["url"] or taker["uri"])
    mention = f'<a href="{page}" class="u-url mention">@<span>{html.escape(taker["username"])}</span></a>'
    link = f'<a href="{html.escape(url)}" class="u-bookmark-of" rel="nofollow noopener">{html.escape(title)}</a>'
    return f'<p><span class="h-card">{mention}</span></p><p><strong>{link}</strong></p>{html.paragraphs(words)}'
