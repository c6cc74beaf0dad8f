"""What we say, and to whom; and what strangers may read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fedimark import addresses
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.marks import mark
from fedimark.bookmarks.remove import finish_removals, remove_bookmark, undo_remove
from fedimark.bookmarks.save import edit_bookmark, save_bookmark, save_many
from fedimark.database import Row, execute, fetch, fetch_one, write
from fedimark.delivery import settle
from fedimark.delivery.claim import claim
from fedimark.outbox import documents, publish
from fedimark.outbox.notes import note
from fedimark.outbox.profiles import BOOKMARKS, FEDIMARK, LARGEST, LINK, MICRO, SMALL
from fedimark.policy.visibility import Visibility
from fedimark.vocab.actors import read_actor
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.objects import read_note
from fedimark.vocab.parse import parse
from fedimark.vocab.reading import loads
from fedimark.vocab.terms import PUBLIC
from tests.rooms.strangers import Stranger, letters, told
from tests.support.waiting import somebody_waits

URL = "https://store.example/cache?page=2&x=1"
FOLLOWERS = "https://a.example/u/ana/followers"
AS2 = {"Accept": "application/activity+json"}


async def save(person: Any, url: str = URL, **said: Any) -> Row:
    """Save a bookmark and return its row."""
    saved = await save_bookmark(Owner.of(person.viewer), read_draft(url=url, **said))
    await told()
    return await row_of(saved.public_id)


async def edit(person: Any, row: Row, **said: Any) -> Row:
    """Edit a bookmark and return its row."""
    draft = read_draft(url=row["url"], **said)
    saved = await edit_bookmark(Owner.of(person.viewer), row["public_id"], draft)
    return await row_of(saved.public_id)


async def row_of(public_id: str) -> Row:
    """A bookmark's row."""
    row = await fetch_one("SELECT * FROM bookmark WHERE public_id = ?", public_id)
    assert row is not None
    return row


async def remove(person: Any, row: Row, clock: Any) -> None:
    """Remove a bookmark for good."""
    await remove_bookmark(Owner.of(person.viewer), row["public_id"])
    clock.forward(seconds=31)
    await finish_removals()


async def follower(fleet: Any, person: Any, uri: str) -> Stranger:
    """Somebody elsewhere who follows `person`; the Accept is not left waiting."""
    stranger = Stranger(fleet, uri)
    asked = {"id": f"{uri}#follow", "type": "Follow", "actor": uri, "object": person.uri}
    assert await stranger.do(asked) == "accepted"
    await arrive()
    return stranger


async def arrive() -> None:
    """Let everything that waits arrive."""
    await told()
    for row in await fetch("SELECT d.*, a.kind FROM delivery d JOIN activity a ON a.id = d.activity_id ORDER BY d.id"):
        await settle.arrived([row], [row["host"]])


def everything(document: object) -> str:
    """A document as text, to look for what must not be in it."""
    return json.dumps(document, ensure_ascii=False)


@pytest.fixture
async def cleo(server, fleet, ana) -> Stranger:
    """A follower elsewhere."""
    return await follower(fleet, ana, "https://mastodon.example/users/cleo")


# --- private never leaves -------------------------------------------------------------------------------------------


async def test_a_private_bookmark_never_leaves(ana, cleo, clock):
    row = await save(ana, visibility="private", title="mine")
    row = await edit(ana, row, visibility="private", title="still mine")
    await remove(ana, row, clock)

    assert await letters() == []
    with pytest.raises(ValueError, match="never leaves"):
        note("ana", row)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "mailto:ana@a.example"])
async def test_what_is_no_web_address_never_leaves(ana, cleo, url):
    row = await save(ana, url, visibility="public")

    assert await letters() == []
    with pytest.raises(ValueError, match="never leaves"):
        note("ana", row)


async def test_private_words_tags_and_marks_stand_in_no_document(ana, cleo, server):
    row = await save(ana, tag_text="sql .hidden", private_note="whisper", to_read=True, starred=True, archived=True)
    await edit(ana, row, title="new", tag_text="sql .hidden", private_note="whisper", to_read=True)
    page = await server.client.get("/u/ana/outbox?page=first")

    said = everything([document for _, _, document in await letters()]) + page.text
    assert said.count("Create") == 2
    for word in ("hidden", "whisper", "to_read", "toRead", "starred", "archived"):
        assert word not in said


async def test_marks_alone_are_not_spoken_of(ana, cleo):
    row = await save(ana)
    await arrive()

    await mark(Owner.of(ana.viewer), row["public_id"], "starred", True)
    await edit(ana, row, private_note="whisper", starred=True)

    assert await letters() == []


# --- the Note -------------------------------------------------------------------------------------------------------


async def test_a_note_has_the_shape_every_server_reads(ana):
    row = await save(
        ana, title="A <b> & C", description="One.\n\nSee https://x.example/", tag_text="neural-net c++ 2024"
    )

    said = note("ana", row)

    uri = f"https://a.example/u/ana/b/{row['public_id']}"
    assert (said["id"], said["url"], said["attributedTo"]) == (uri, uri, "https://a.example/u/ana")
    assert "name" not in said
    assert "summary" not in said
    assert "updated" not in said
    assert said["nameMap"] == {"en": "A <b> & C"}
    content = said["content"]
    assert isinstance(content, str)
    assert content.startswith(f'<p><strong><a href="{URL.replace("&", "&amp;")}" class="u-bookmark-of"')
    assert "A &lt;b&gt; &amp; C</a></strong></p><p>One.</p><p>See <a " in content
    assert content.endswith(
        '<p><a href="https://a.example/t/neural-net" class="mention hashtag" rel="tag">#<span>NeuralNet</span></a> '
        '<a href="https://a.example/t/c++" class="mention hashtag" rel="tag">#<span>CPlusPlus</span></a></p>'
    )
    [attachment] = said["attachment"]  # type: ignore[misc]
    assert (attachment["type"], attachment["href"], attachment["mediaType"]) == ("Link", URL, "text/html")
    assert [tag["name"] for tag in said["tag"]] == ["#NeuralNet", "#CPlusPlus"]  # type: ignore[attr-defined]
    assert said["fedimark:tags"] == ["neural-net", "c++", "2024"]
    assert all(value is not None for value in said.values())


async def test_what_we_say_is_read_back_to_the_letter(ana):
    row = await save(ana, title=" Title ", description="*Words*\n\nand  spaces\n", tag_text="a/b 日本 100% 🐍 SQL")

    read = parse(loads(json.dumps(documents.create("ana", row)).encode()))

    assert read.note is not None  # type: ignore[attr-defined]
    told = read.note  # type: ignore[attr-defined]
    assert (told.title, told.source_text, told.href) == (row["title"], row["description"], row["url"])
    assert " ".join(told.tags) == row["tags"]
    assert told.published == row["saved_at"]


@pytest.mark.parametrize("profile", [MICRO, LINK, BOOKMARKS, SMALL, FEDIMARK])
async def test_a_copy_says_where_it_came_from_in_every_shape_however_long_it_is(ana, profile):
    source = "https://cleo.example/u/cleo/b/c3v7q2mzt5xha"
    row = await save(ana, title="T", description="word " * 10_000, tag_text="sql") | {"via": source}

    told = parse(loads(json.dumps(documents.create("ana", row, profile)).encode())).note  # type: ignore[attr-defined]

    assert (told.via, told.tags, told.quote) == (source, ("sql",), None)


@pytest.mark.parametrize(
    ("visibility", "to", "cc"),
    [("public", [PUBLIC], [FOLLOWERS]), ("unlisted", [FOLLOWERS], [PUBLIC]), ("followers", [FOLLOWERS], [])],
)
async def test_each_visibility_has_its_addressees(ana, cleo, visibility, to, cc):
    await save(ana, visibility=visibility)

    [(_, _, document)] = await letters()
    assert (document["to"], document["cc"]) == (to, cc)
    assert (document["object"]["to"], document["object"]["cc"]) == (to, cc)
    assert visibility != "followers" or PUBLIC not in everything(document)


@pytest.mark.parametrize(
    "long",
    [
        {"description": "A paragraph of some words.\n\n" * 2_300},
        {"description": "one endless line & more " * 2_700},
        {"description": "short", "tag_text": " ".join(f"tag-{'x' * 80}-{n}" for n in range(100))},
        {"description": "日本語。\n\n" * 8_000, "tag_text": "日本"},
    ],
    ids=["paragraphs", "one line", "tags", "japanese"],
)
async def test_a_long_bookmark_ends_early_with_a_link_to_read_on(ana, long):
    row = await save(ana, **long)

    said = note("ana", row)

    assert len(json.dumps(said, ensure_ascii=False).encode()) < LARGEST[MICRO] + 1_000
    assert "source" not in said
    assert f'href="{said["id"]}"' in str(said["content"])
    assert read_note(said).is_bookmark


# --- who hears ------------------------------------------------------------------------------------------------------


async def test_one_letter_goes_to_each_server(ana, cleo, fleet):
    await follower(fleet, ana, "https://mastodon.example/users/dora")
    lone = Stranger(fleet, "https://small.example/bo", endpoints={})
    await lone.do({"id": f"{lone.uri}#f", "type": "Follow", "actor": lone.uri, "object": ana.uri})
    await arrive()

    await save(ana)

    assert [(kind, inbox) for kind, inbox, _ in await letters()] == [
        ("Create", "https://mastodon.example/inbox"),
        ("Create", "https://small.example/bo/inbox"),
    ]


async def test_who_only_asked_hears_nothing(ana, server, fleet):
    await execute("UPDATE actor SET approves_followers = ? WHERE local_name = 'ana'", True)
    stranger = Stranger(fleet, "https://mastodon.example/users/cleo")
    await stranger.do({"id": f"{stranger.uri}#f", "type": "Follow", "actor": stranger.uri, "object": ana.uri})

    await save(ana)

    assert await letters() == []


async def test_an_import_is_silent(ana, cleo):
    await save_many(Owner.of(ana.viewer), [read_draft(url=URL, visibility="public")])

    assert await letters() == []


async def test_an_edit_says_when_and_replaces_an_edit_that_still_waits(ana, cleo):
    row = await save(ana, title="one")
    row = await edit(ana, row, title="two")
    row = await edit(ana, row, title="three")

    said = await letters()

    assert [kind for kind, _, _ in said] == ["Create", "Update"]
    update = said[1][2]["object"]
    assert update["nameMap"] == {"en": "three"}
    assert update["updated"] > update["published"]
    assert said[0][2]["id"] != said[1][2]["id"]


async def test_who_asks_for_a_note_edited_a_breath_after_the_save_is_told_when(ana, cleo, server):
    row = await save(ana, visibility="public")
    fresh = (await server.client.get(f"/u/ana/b/{row['public_id']}", headers=AS2)).json()

    row = await edit(ana, row, visibility="public", title="Better")

    edited = (await server.client.get(f"/u/ana/b/{row['public_id']}", headers=AS2)).json()
    assert "updated" not in fresh
    assert edited["updated"] == rfc3339(row["updated_at"]) > edited["published"]


async def test_an_edit_reaches_who_got_it_and_follows_no_more(ana, cleo):
    public = await save(ana)
    hidden = await save(ana, "https://other.example/", visibility="followers")
    await arrive()
    await execute("DELETE FROM follow")

    await edit(ana, public, title="new")
    await edit(ana, hidden, title="for followers", visibility="followers")

    [(kind, inbox, document)] = await letters()
    assert (kind, inbox) == ("Update", "https://mastodon.example/inbox")
    assert document["object"]["nameMap"] == {"en": "new"}


async def test_an_end_goes_to_who_got_it_and_to_followers_who_may_have_read_it(ana, cleo, fleet, clock):
    row = await save(ana)
    await arrive()
    await follower(fleet, ana, "https://late.example/users/bo")

    await remove(ana, row, clock)

    told = {inbox: (kind, document) for kind, inbox, document in await letters()}
    assert sorted(told) == ["https://late.example/inbox", "https://mastodon.example/inbox"]
    for kind, document in told.values():
        assert kind == "Delete"
        assert document["object"] == {"id": f"https://a.example/u/ana/b/{row['public_id']}", "type": "Tombstone"}
    await arrive()
    object_hash = addresses.uri_hash(f"https://a.example/u/ana/b/{row['public_id']}")
    assert await fetch("SELECT id FROM reach WHERE object_hash = ?", object_hash) == []


async def test_the_end_of_what_no_outbox_shows_goes_only_to_who_got_it(ana, cleo, fleet, clock):
    row = await save(ana, visibility="unlisted")
    await arrive()
    await follower(fleet, ana, "https://late.example/users/bo")

    await remove(ana, row, clock)

    assert [inbox for _, inbox, _ in await letters()] == ["https://mastodon.example/inbox"]


async def test_what_never_left_ends_without_a_word(ana, cleo, clock):
    row = await save(ana)
    row = await edit(ana, row, title="two")

    await remove(ana, row, clock)

    assert await letters() == []


@pytest.mark.parametrize("column", ["lease_until", "tries"])
async def test_what_may_have_left_is_taken_back(ana, cleo, clock, column):
    row = await save(ana)
    await execute(f"UPDATE delivery SET {column} = 1")

    await remove(ana, row, clock)

    assert [kind for kind, _, _ in await letters()] == ["Delete"]


async def test_what_is_being_sent_is_left_to_its_sender(ana, cleo, clock):
    row = await save(ana)
    await execute("UPDATE delivery SET lease_until = ?", clock.micros + 3_600_000_000)

    await remove(ana, row, clock)

    assert [kind for kind, _, _ in await letters()] == ["Create", "Delete"]


async def test_the_end_of_what_a_worker_takes_at_that_very_moment_is_told(ana, cleo):
    row = await save(ana)
    taken = asyncio.Event()

    async def hide() -> None:
        await taken.wait()
        await edit(ana, row, visibility="private")

    hiding = asyncio.create_task(hide())  # begun outside the transaction: it shares none of it
    async with write():
        assert await claim()
        taken.set()
        await somebody_waits()
    await hiding

    assert [kind for kind, _, _ in await letters()] == ["Create", "Delete"]


async def test_an_undo_of_a_removal_says_nothing(ana, cleo, clock):
    row = await save(ana)
    await arrive()

    await remove_bookmark(Owner.of(ana.viewer), row["public_id"])
    await undo_remove(Owner.of(ana.viewer), row["public_id"])
    clock.forward(seconds=31)
    await finish_removals()

    assert await letters() == []


async def test_made_private_a_publication_ends_and_made_public_again_it_is_a_new_one(ana, cleo):
    row = await save(ana)
    await arrive()

    hidden = await edit(ana, row, visibility="private")
    shown = await edit(ana, hidden, visibility="public")

    (first, _, deleted), (second, _, created) = await letters()
    assert (first, second) == ("Delete", "Create")
    assert deleted["object"]["id"].endswith(row["public_id"])
    assert created["object"]["id"].endswith(shown["public_id"])
    assert shown["public_id"] != row["public_id"]


async def test_somebody_who_leaves_says_so_to_every_server_that_knows_them(ana, cleo, fleet):
    await follower(fleet, ana, "https://once.example/users/bo")
    await execute("DELETE FROM follow WHERE follower_id = (SELECT id FROM actor WHERE host = 'once.example')")
    await save(ana)
    actor = await fetch_one("SELECT * FROM actor WHERE local_name = 'ana'")
    assert actor is not None

    async with write():
        await publish.person_ended(actor)

    said = await letters()
    assert [(kind, inbox) for kind, inbox, _ in said] == [
        ("Delete", "https://mastodon.example/inbox"),
        ("Delete", "https://once.example/inbox"),
    ]
    assert said[0][2]["object"] == said[0][2]["actor"] == ana.uri


# --- what strangers read --------------------------------------------------------------------------------------------


async def test_a_person_is_answered_as_an_actor_that_we_would_take_ourselves(ana, server):
    answer = await server.client.get("/u/ana", headers=AS2)

    assert answer.headers["content-type"] == "application/activity+json"
    assert answer.headers["vary"].startswith("Accept, Signature")
    read = read_actor(answer.json())
    assert (read.id, read.username, read.webfinger) == (ana.uri, "ana", "ana@a.example")
    assert read.key_id == f"{ana.uri}#main-key"
    assert read.shared_inbox == "https://a.example/inbox"
    assert "PRIVATE" not in answer.text
    assert (await server.client.get("/u/ana.json")).json() == answer.json()
    read_actor((await server.client.get("/actor")).json())


async def test_a_note_is_answered_to_strangers_only_when_it_is_for_everybody(ana, server, clock):
    async def status(row: Row, path: str = "") -> int:
        return (await server.client.get(f"/u/ana/b/{row['public_id']}{path}", headers=AS2)).status_code

    rows = {each.word: await save(ana, f"https://x.example/{each}", visibility=each.word) for each in Visibility}

    statuses = {word: await status(row) for word, row in rows.items()}
    assert statuses == {"public": 200, "unlisted": 200, "followers": 404, "private": 404}
    assert {word: await status(row, "/replies") for word, row in rows.items()} == statuses
    unknown = await server.client.get("/u/ana/b/aaaaaaaaaaaaa", headers=AS2)
    hidden = await server.client.get(f"/u/ana/b/{rows['private']['public_id']}", headers=AS2)
    assert (unknown.status_code, unknown.text) == (hidden.status_code, hidden.text)

    await remove_bookmark(Owner.of(ana.viewer), rows["public"]["public_id"])
    assert await status(rows["public"]) == 404
    clock.forward(seconds=31)
    await finish_removals()
    gone = await server.client.get(f"/u/ana/b/{rows['public']['public_id']}", headers=AS2)
    assert (gone.status_code, gone.json()["type"]) == (410, "Tombstone")


async def test_a_note_that_is_known_is_not_sent_again(ana, server):
    row = await save(ana)
    path = f"/u/ana/b/{row['public_id']}"
    first = await server.client.get(path, headers=AS2)

    again = await server.client.get(path, headers={**AS2, "If-None-Match": first.headers["etag"]})
    looked = await server.client.head(path, headers=AS2)

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == looked.headers["etag"] == first.headers["etag"]
    assert first.headers["cache-control"] == "private, max-age=60"
    assert (looked.status_code, looked.content) == (200, b"")


async def test_an_outbox_holds_public_bookmarks_page_by_page(ana, server):
    for number in range(25):
        await save(ana, f"https://x.example/{number}", visibility="public")
    for word in ("private", "followers", "unlisted"):
        await save(ana, f"https://x.example/{word}", visibility=word)

    outbox = (await server.client.get("/u/ana/outbox", headers=AS2)).json()
    first = (await server.client.get(outbox["first"], headers=AS2)).json()
    second = (await server.client.get(first["next"], headers=AS2)).json()

    assert outbox["totalItems"] == 25
    items = first["orderedItems"] + second["orderedItems"]
    pages = [item["object"]["attachment"][0]["href"] for item in items]
    assert pages == [f"https://x.example/{number}" for number in range(24, -1, -1)]
    assert "next" not in second
    assert (await server.client.get("/u/ana/outbox?page=x", headers=AS2)).status_code == 404


async def test_an_outbox_shows_the_very_activity_that_was_sent(ana, cleo, server):
    await save(ana)

    [(_, _, sent)] = await letters()
    [item] = (await server.client.get("/u/ana/outbox?page=first", headers=AS2)).json()["orderedItems"]

    assert item == {name: value for name, value in sent.items() if name not in ("@context", "proof")}


async def test_of_followers_only_the_number_is_told(ana, cleo, server):
    followers = (await server.client.get("/u/ana/followers", headers=AS2)).json()

    assert (followers["totalItems"], followers["id"]) == (1, FOLLOWERS)
    assert "mastodon.example" not in everything(followers)
    assert (await server.client.get("/u/ana/following", headers=AS2)).json()["totalItems"] == 0


@pytest.mark.parametrize(
    ("resource", "leads_to"),
    [
        ("acct:ana@a.example", "https://a.example/u/ana"),
        ("ana@A.example", "https://a.example/u/ana"),
        ("https://a.example/u/ana", "https://a.example/u/ana"),
        ("acct:a.example@a.example", "https://a.example/actor"),
    ],
)
async def test_webfinger_leads_to_the_actor(ana, server, resource, leads_to):
    answer = await server.client.get("/.well-known/webfinger", params={"resource": resource})

    assert answer.headers["content-type"] == "application/jrd+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert [link["href"] for link in answer.json()["links"] if link["rel"] == "self"] == [leads_to]


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ("", 400),
        ("acct:nobody@a.example", 404),
        ("acct:.instance@a.example", 404),
        ("acct:ana@b.example", 404),
        ("https://b.example/u/ana", 404),
        ("https://a.example/u/ana/b/1", 404),
    ],
)
async def test_webfinger_knows_nobody_else(ana, server, resource, status):
    answer = await server.client.get("/.well-known/webfinger", params={"resource": resource}, headers=AS2)

    assert answer.status_code == status


async def test_who_left_is_gone_at_every_address(ana, server):
    row = await save(ana)
    await execute("UPDATE actor SET gone_at = 1 WHERE local_name = 'ana'")

    for path in ("", "/outbox", "/followers", f"/b/{row['public_id']}"):
        assert (await server.client.get(f"/u/ana{path}", headers=AS2)).status_code == 410
    finger = await server.client.get("/.well-known/webfinger?resource=acct:ana@a.example", headers=AS2)
    assert finger.status_code == 410
