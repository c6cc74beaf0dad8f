"""What the Notes of each server are here: a bookmark, the mention of a page, or nothing to keep."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.bookmarks.recognise import recognise
from fedimark.database import execute, fetch, fetch_one
from fedimark.inbox import authority
from fedimark.policy.visibility import Viewer
from fedimark.timelines.queries import find, page
from fedimark.timelines.stream import NetworkStream, RecentStream
from fedimark.vocab.activities import Announce, Create, Update
from fedimark.vocab.collections import COLLECTION_TYPES, read_collection
from fedimark.vocab.objects import read_note
from fedimark.vocab.parse import parse
from fedimark.vocab.reading import Unreadable, loads, one_type
from fedimark.vocab.terms import NOTE_TYPES
from tests.rooms.strangers import Stranger
from tests.rooms.test_incoming import followed
from tests.support.savers import assert_agreement
from tests.support.wire import wire as read_wire

HERE = {"marks.example": "a.example"}

# Each document, from the server its folder names, and its bookmark: address, title, description, tags.
BOOKMARKS = {
    "betula/create_note": ("https://clocks.example/escapement", "The escapement", "Tick.", "clock_making how-to"),
    "betula/update_note": ("https://clocks.example/escapement", "The anchor escapement", "", ""),
    "omnom/create_note": (
        "https://bells.example/ring?order=1&peal=2",
        "Change ringing",
        "With diagrams.",
        "bell-towers",
    ),
    "ties/create_note": ("https://knots.example/animated", "Knots, animated", "https://knots.example/animated", ""),
    "ties/create_note_2025": ("https://knots.example/splices", "Splices", "", ""),
    "postmarks/create_note": ("https://stamps.example/blue", "The blue one", "Worth a letter.", "stamps"),
    "indielinks/create_note": (
        "https://ferns.example/count",
        "Counting ferns",
        "slower than it sounds",
        "ferns how-to",
    ),
    "lemmy/page": ("https://lichens.example/guide", "A field guide to lichens", "Volume two is out.", "botany"),
    "fedimark/create_note": (
        "https://store.example/cache?page=2",
        "How the page cache works",
        "Read it twice.",
        "page-cache 2024 c++ 🐍",
    ),
    "fedimark/create_note_bare_tags": (
        "https://store.example/cache?page=2",
        "How the page cache works",
        "Read it twice.",
        "page-cache c++",
    ),
}
# The document, the address it mentions, its title, tags.
MENTIONS = [
    ("mastodon/create_with_link", "https://lichens.example/guide?from=feed", "lichens.example/guide", "Moss"),
    ("mastodon/create_with_card", "https://lichens.example/guide", "A field guide to lichens", ""),
    ("gotosocial/create_note", "https://kettles.example/altitude", "kettles.example/altitude", ""),
    ("misskey/create_note", "https://tides.example/score", "tides.example/score", "ocean"),
    ("pleroma/create_note", "https://stiles.example/map", "stiles.example/map", "walks"),
    ("snac2/create_note", "https://tiny.example/server", "tiny.example/server", "c"),
    ("postmarks/create_note", "https://stamps.example/blue", "The blue one", "stamps"),
    ("indielinks/create_note", "https://ferns.example/count", "Counting ferns", ""),
]
NEITHER = [
    "mastodon/create_note",
    "mastodon/create_plain",
    "mastodon/create_quote",
    "betula/create_remark",
    "bookwyrm/create_review",
    "bookwyrm/create_comment",
    "wordpress/create_article",
]


def note_in(name: str, **changed: Any) -> Any:
    """The Note inside a document of tests/wire, or the document itself."""
    document = read_wire(name)
    inner = document.get("object", document)
    return read_note({**inner, **changed})


@pytest.mark.parametrize(("name", "read"), BOOKMARKS.items())
def test_a_bookmark_is_known_by_its_shape(name, read):
    found = recognise(note_in(name), name.partition("/")[0])

    assert found is not None
    assert found.is_save
    assert (found.url, found.title, found.description, " ".join(found.tags)) == read


@pytest.mark.parametrize(("name", "url", "title", "tags"), MENTIONS)
def test_a_note_with_a_link_mentions_a_page(name, url, title, tags):
    found = recognise(note_in(name))

    assert found is not None
    assert not found.is_save
    assert (found.url, found.title, " ".join(found.tags)) == (url, title, tags)


@pytest.mark.parametrize("name", NEITHER)
def test_what_says_nothing_of_a_page_is_neither(name):
    assert recognise(note_in(name)) is None


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        ({"attachment": [{"type": "Link", "href": "https://p.example/a%20b", "name": "Link’s"}]}, "Link’s"),
        ({"attachment": [{"type": "Link", "href": "https://p.example/", "preview": {"name": "Seen"}}]}, "Seen"),
        ({"content": '<p>so <a href="https://p.example/">they say</a></p>', "attachment": []}, "they say"),
        ({"attachment": [{"type": "Link", "href": "https://www.p.example/a%20b"}]}, "p.example/a b"),
        ({"attachment": [{"type": "Link", "href": "https://p.example/"}]}, "p.example"),
    ],
)  # fmt: skip
def test_a_title_is_found_somewhere(changed, title):
    found = recognise(note_in("mastodon/create_plain", **changed))

    assert found is not None
    assert found.title == title


def test_links_home_to_people_to_tags_and_to_secrets_are_no_mentions():
    links = (
        "https://mastodon.example/@cleo/1",
        "https://files.mastodon.example/a.png",
        "https://store.example/?token=1",
        "http://192.168.0.1/",
        "https://sloth.example/users/ezra",
        "https://tagged.example/x",
    )
    content = "".join(f'<a href="{link}">see</a>' for link in links)
    tags = [
        {"type": "Mention", "href": "https://sloth.example/users/ezra", "name": "@ezra"},
        {"type": "Hashtag", "href": "https://tagged.example/x", "name": "#x"},
    ]

    assert recognise(note_in("mastodon/create_plain", content=content, tag=tags)) is None


def test_a_tags_address_counts_only_where_the_hashtag_is_made_of_it():
    tags = [{"type": "Hashtag", "name": "#Harmless", "href": "https://forum.example/t/1234"}]

    found = recognise(note_in("betula/create_note", tag=tags))

    assert found is not None
    assert found.tags == ("Harmless",)


def test_every_document_of_other_software_is_read_or_refused_in_our_own_words(shared_data):
    read = 0
    for path in sorted((shared_data / "wire").rglob("*.json")):
        try:
            document = loads(path.read_bytes())
        except Unreadable:
            continue
        for reading in (_activity, _note, _collection):
            try:
                read += reading(document)
            except (Unreadable, authority.NotTheirs):
                continue
    assert read > 100


def _activity(document: Any) -> bool:
    activity = parse(document)
    authority.check(activity)
    if isinstance(activity, Create | Update | Announce) and activity.note is not None:
        for software in ("", "postmarks", "indielinks"):
            recognise(activity.note, software)
    return True


def _note(document: Any) -> bool:
    if one_type(document, NOTE_TYPES) is None:
        return False
    recognise(read_note(document))
    return True


def _collection(document: Any) -> bool:
    return one_type(document, COLLECTION_TYPES) is not None and bool(read_collection(document))


# --- what becomes of them --------------------------------------------------------------------------------------------


async def bookmark() -> Any:
    """The only bookmark from elsewhere."""
    [row] = await fetch("SELECT * FROM bookmark WHERE NOT is_local")
    return row


async def seen(viewer: Viewer) -> list[Any]:
    """The entries of a reader's network."""
    return list((await page(await find(NetworkStream(), viewer), None, 20)).entries)


async def run(host: str, software: str) -> None:
    """Let a server be known to run something."""
    sql = """
    INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, '', 0, ?, 1, 1)
    ON CONFLICT (host) DO UPDATE SET software = excluded.software
    """
    await execute(sql, host, software)


async def test_a_mention_is_an_entry_for_followers_and_counts_as_nobodys_save(ana, fleet, wire):
    cleo = await followed(ana, Stranger(fleet, "https://mastodon.example/users/cleo", indexable=True))

    assert await cleo.do(wire("mastodon/create_with_link")) == "saved"

    row = await bookmark()
    link = await fetch_one("SELECT savers FROM link WHERE id = ?", row["link_id"])
    [entry] = await seen(ana.viewer)
    assert (bool(row["is_save"]), bool(row["listed"]), link) == (False, False, {"savers": 0})
    assert (entry.saver.username, entry.is_mention, entry.saver_count) == ("cleo", True, 0)
    assert list((await page(await find(RecentStream(), None), None, 20)).entries) == []
    assert await fetch("SELECT id FROM tally WHERE owner_id = 0 AND amount > 0") == []
    await assert_agreement()


async def test_a_save_of_the_page_stands_for_it_before_every_mention(ana, fleet, wire):
    cleo = await followed(ana, Stranger(fleet, "https://mastodon.example/users/cleo"))
    await cleo.do(wire("mastodon/create_with_card"))

    await ana.save("https://lichens.example/guide", title="Mine", tags="lichens")

    [entry] = await seen(ana.viewer)
    assert (entry.title, entry.is_mention, entry.saver_count, entry.others) == ("Mine", False, 1, ())
    assert entry.tags == ("lichens",)


async def test_a_bookmark_server_needs_no_other_consent(ana, fleet, wire):
    await run("postmarks.example", "postmarks")
    dot = await followed(ana, Stranger(fleet, "https://postmarks.example/u/bookmarks"))

    await dot.do(wire("postmarks/create_note"))

    row = await bookmark()
    assert (bool(row["is_save"]), bool(row["listed"])) == (True, True)


async def test_once_its_software_is_known_a_mention_becomes_the_bookmark_it_is(ana, fleet, wire):
    jo = await followed(ana, Stranger(fleet, "https://indielinks.example/users/jo"))
    create = wire("indielinks/create_note")
    await jo.do(create)
    assert not (await bookmark())["is_save"]

    await run("indielinks.example", "indielinks")
    jo.peer.document("/users/jo/posts/5", create["object"])
    await jo.do(create | {"id": "https://indielinks.example/again"})

    row = await bookmark()
    assert (bool(row["is_save"]), row["title"], row["tags"]) == (True, "Counting ferns", "ferns how-to")


async def test_postmarks_edits_by_address_and_is_asked_for_the_words(ana, fleet, wire, clock):
    await run("postmarks.example", "postmarks")
    dot = await followed(ana, Stranger(fleet, "https://postmarks.example/u/bookmarks"))
    create = wire("postmarks/create_note")
    await dot.do(create)
    edited = json.loads(json.dumps(create["object"]).replace("The blue one", "The bluer one"))
    dot.peer.document("/m/1a2b", edited)

    assert await dot.do(wire("postmarks/update_by_address")) == "changed"
    clock.forward(days=1)
    dot.peer.document("/m/1a2b", json.loads(json.dumps(edited).replace("bluer", "bluest")))
    await dot.do(wire("postmarks/update_by_address"))

    assert (await bookmark())["title"] == "The bluest one"


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        ("mastodon/add_featured", "https://mastodon.example/users/cleo"),
        ("pleroma/emoji_react", "https://pleroma.example/users/fay"),
        ("wordpress/create_article", "https://wordpress.example/?author=1"),
        ("bookwyrm/create_review", "https://bookwyrm.example/user/kim"),
    ],
)
async def test_what_means_nothing_here_is_taken_and_ignored(ana, fleet, wire, name, actor):
    somebody = Stranger(fleet, actor, preferredUsername="lee")
    somebody.peer.document("/", somebody.document())

    assert await somebody.do(wire(name, **HERE)) == "ignored"

    assert await fetch("SELECT id FROM bookmark") == []
