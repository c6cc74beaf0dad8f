"""Files one takes out that are more than rows: the archive, the folder of pages, the book; all of one owner's alone."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest

from fedimark.accounts.avatars import set_avatar
from fedimark.accounts.looks import Looks, change_looks, looks_of
from fedimark.bookmarks import assets
from fedimark.bookmarks.bundles import bundles_of, make_bundle, read_bundle
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.save import save_many
from fedimark.database import execute, fetch
from fedimark.follows.lists import every, members, put
from fedimark.follows.lists import make as make_list
from fedimark.here import entered
from fedimark.importing import archive, exporter, importer
from fedimark.importing.rows_out import tell_nobody
from fedimark.media.assets import asset_path
from fedimark.moderation import muted_words, mutes, people
from tests.rooms.test_avatars import picture
from tests.rooms.test_import import in_parts, job_of
from tests.support.people import Person

MORE = ("kept_away.jsonl", "mutes.jsonl", "files.jsonl", "media/avatar.webp")
PAGE = b'<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF="https://not.example/">no bookmark</A></DL>'
ARCHIVED = (
    '{"fedimark": "bookmarks", "version": 1}\n'
    '{"url": "https://one.example/", "title": "One", "visibility": "private"}\n'
)
NASTY = '</title><script>alert(1)</script> & "quotes" ℓ1 \u2028'


async def taken(person: Person, name: str) -> zipfile.ZipFile:
    """A zip that somebody takes out, every member of it whole."""
    parts = [part async for part in exporter.export(Owner.of(person.viewer), name)]
    held = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert held.testzip() is None
    return held


def lines_of(held: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in held.read(name).splitlines()]


@pytest.fixture
async def bo(server: Any, ana: Person) -> Person:
    """Somebody else, with things of their own that are in nobody's file but theirs."""
    bo: Person = await server.sign_up("bo")
    await bo.save("https://bo.example/", title="bosecret", private_note="bosecret", visibility="private")
    await make_list(bo.viewer, "bosecret")
    return bo


async def test_an_archive_holds_all_of_its_owner_and_nothing_of_anybody_else(server, ana, bo):
    # Given somebody with something of each kind
    await ana.save("https://one.example/", title="One", tags=".mine a", visibility="followers", private_note="hush")
    await ana.follow(bo)
    await put(ana.viewer, await make_list(ana.viewer, "Friends"), "bo")
    note = "INSERT INTO written_note (actor_id, public_id, title, text, is_public, created_at, updated_at)"
    await execute(f"{note} VALUES (?, 'n', 'A note', 'words', ?, 1, 1)", ana.viewer.actor_id, False)

    # When they take it out
    held = await taken(ana, "fedimark-archive")

    # Then each stands there
    head, profile = json.loads(held.read("fedimark.json")), json.loads(held.read("profile.json"))
    assert (head["fedimark"], head["address"]) == ("archive", "https://a.example/u/ana")
    assert profile["username"] == "ana"
    (_, one) = lines_of(held, "bookmarks.jsonl")
    assert (one["private_note"], one["visibility"], one["tags"]) == ("hush", "followers", [".mine", "a"])
    assert [each["who"] for each in lines_of(held, "follows.jsonl")] == ["https://a.example/u/bo"]
    assert [(each["name"], each["who"]) for each in lines_of(held, "lists.jsonl")] == [
        ("Friends", ["https://a.example/u/bo"])
    ]
    assert [each["text"] for each in lines_of(held, "notes.jsonl")] == ["words"]
    everything = b"".join(held.read(name) for name in held.namelist())
    assert b"bosecret" not in everything
    assert b"PRIVATE KEY" not in everything and b"argon2" not in everything


async def test_keys_are_in_an_archive_only_where_they_are_asked_for(server, ana):
    parts = [part async for part in archive.make_with_keys(Owner.of(ana.viewer), tell_nobody)]

    keys = json.loads(zipfile.ZipFile(io.BytesIO(b"".join(parts))).read("keys.json"))

    assert "PRIVATE KEY" in keys["private_key"]
    answer = await ana.browser.get("/settings/export?format=fedimark-archive&keys=yes")
    assert "keys.json" not in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


async def test_a_folder_of_pages_reads_without_a_network(server, ana, bo):
    await ana.save("https://one.example/?a=1&b=2", title=NASTY, description=NASTY, tags="<b>")
    await ana.save("javascript:alert(1)", title="A bookmarklet", visibility="private")

    held = await taken(ana, "html-folder")

    pages = {name: held.read(name).decode() for name in held.namelist()}
    assert {"index.html", "page-1.html", "bookmarks.js", "search.js", "style.css"} == set(pages)
    html = pages["index.html"] + pages["page-1.html"]
    assert "<script>alert" not in html and "&lt;script&gt;" in html
    assert 'href="javascript:' not in html
    assert 'src="http' not in html and "url(" not in pages["style.css"]
    assert "bosecret" not in "".join(pages.values())
    read = pages["bookmarks.js"].removeprefix("var BOOKMARKS = ").removesuffix(",\n];\n") + "]"
    assert [each["u"] for each in json.loads(read)] == ["", "https://one.example/?a=1&b=2"]


async def test_a_folder_of_many_pages_leads_from_each_to_the_next(server, ana):
    await save_many(Owner.of(ana.viewer), [Draft(f"https://example.org/{n}", saved_at=n) for n in range(501)])

    held = await taken(ana, "html-folder")

    assert 'href="page-2.html"' in held.read("page-1.html").decode()
    assert 'href="page-1.html"' in held.read("page-2.html").decode()
    assert "501 bookmarks" in held.read("index.html").decode()


async def test_the_book_of_what_is_to_read_is_an_epub(server, ana, bo):
    await ana.save("https://one.example/?a=1&b=2", title=NASTY, description="two\nlines \x0b", to_read=True)
    await ana.save("https://two.example/", title="Read already")
    await ana.save("https://odd.example/ü/100%", title="Addresses that only browsers understand", to_read=True)
    await ana.save("https://three.example/", title="Archived", to_read=True, archived=True)

    held = await taken(ana, "epub-unread")

    # The first member stands in the open: there readers look for what it is. (EPUB OCF 3.3 §4.2.6)
    first = held.infolist()[0]
    assert (first.filename, first.compress_type, first.extra, first.flag_bits & 8) == ("mimetype", 0, b"", 0)
    assert held.read("mimetype") == b"application/epub+zip"
    documents = {name: ElementTree.fromstring(held.read(name)) for name in held.namelist() if name != "mimetype"}
    opf = {"o": "http://www.idpf.org/2007/opf", "dc": "http://purl.org/dc/elements/1.1/"}
    package = documents["EPUB/package.opf"]
    hrefs = {each.get("id"): each.get("href") for each in package.iterfind(".//o:item", opf)}
    assert {f"EPUB/{href}" for href in hrefs.values()} <= set(documents)
    assert [hrefs[each.get("idref")] for each in package.iterfind(".//o:itemref", opf)] == ["c1.xhtml"]
    assert all(package.find(f".//dc:{name}", opf).text for name in ("identifier", "title", "language"))
    text = "".join(documents["EPUB/c1.xhtml"].itertext())
    assert "<script>alert(1)" in text and "lines" in text
    assert not {"Read already", "Archived", "bosecret"} & set(text.split("\n"))
    links = [each.get("href") for each in documents["EPUB/nav.xhtml"].iter("{http://www.w3.org/1999/xhtml}a")]
    ids = {each.get("id") for each in documents["EPUB/c1.xhtml"].iter("{http://www.w3.org/1999/xhtml}section")}
    assert {link.partition("#")[2] for link in links} == ids and len(ids) == 2
    # Checkers refuse a book whose links are not spelled as RFC 3986 has it, or that fetches anything.
    outward = [each.get("href") for each in documents["EPUB/c1.xhtml"].iter("{http://www.w3.org/1999/xhtml}a")]
    assert outward == ["https://one.example/?a=1&b=2"]
    assert not [each for each in documents["EPUB/c1.xhtml"].iter() if each.get("src")]


async def test_the_book_of_nothing_is_one_too(server, ana):
    held = await taken(ana, "epub-unread")

    assert "Nothing is left to read." in held.read("EPUB/c1.xhtml").decode()


@pytest.mark.parametrize("chosen", exporter.EXPORTS, ids=lambda each: each.name)
async def test_every_file_is_taken_out_from_the_page(server, ana, chosen):
    await ana.save("https://one.example/", title="One", to_read=True)

    answer = await ana.browser.get("/settings/export", params={"format": chosen.name})

    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="fedimark-ana.{chosen.ending}"'
    assert answer.headers["content-type"].startswith(chosen.media_type.partition(";")[0])
    assert f'value="{chosen.name}"' in (await ana.browser.get("/settings/import")).text


async def test_a_format_nobody_writes_is_a_mistake_of_the_asker(server, ana):
    for name in ("", "xbel", "../x"):
        assert (await ana.browser.get("/settings/export", params={"format": name})).status_code == 422


# Coming in at another server.


async def moved(fleet: Any) -> tuple[Person, Person, str]:
    """Ana of one server with things of each kind, and cy of another, who has brought her archive in."""
    ana, bo, cy, eve = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example", "eve@b.example")
    await ana.follow(eve)
    await ana.save("https://one.example/", title="One", tags=".mine", visibility="private", private_note="hush")
    await ana.follow(bo)
    await fleet.settle()
    async with entered(ana.server.here):
        await put(ana.viewer, await make_list(ana.viewer, "Friends"), "@bo@b.example")
        await make_bundle(Owner.of(ana.viewer), read_bundle(name="SQL", any_tags="sql sqlite"))
        note = "INSERT INTO written_note (actor_id, public_id, title, text, is_public, created_at, updated_at)"
        await execute(f"{note} VALUES (?, 'n', 'A note', 'words', ?, 1, 1)", ana.viewer.actor_id, False)
        await execute("UPDATE actor SET summary = 'I save pages.' WHERE id = ?", ana.viewer.actor_id)
        await change_looks(ana.viewer, Looks("dark", "all", "de", "a { color: red }"))
        await execute(
            "UPDATE account SET no_replies = ?, unwanted_kinds = 4 WHERE actor_id = ?", True, ana.viewer.actor_id
        )
        await set_avatar(ana.viewer, picture())
        for kind, value in (("word", "spoiler"), ("tag", "nsfw"), ("server", "loud.example")):
            await muted_words.put(ana.viewer, kind, value, None)
        await people.block(ana.viewer, "@eve@b.example")
        await mutes.mute(ana.viewer, "@bo@b.example")
        (one,) = await fetch("SELECT id FROM bookmark WHERE actor_id = ?", ana.viewer.actor_id)
        # What is kept is itself a file of bookmarks, and must not be taken for one.
        await assets.keep(Owner.of(ana.viewer), one["id"], assets.Upload(io.BytesIO(PAGE), "a.html", "text/html", True))
        parts = [part async for part in exporter.export(Owner.of(ana.viewer), "fedimark-archive")]
    await fleet.settle()
    asked = len(fleet.network.requests)
    async with entered(cy.server.here):
        public_id = await importer.take_upload(cy.viewer, "ana.zip", in_parts(b"".join(parts)))
        await importer.start(cy.viewer, public_id)
    await fleet.settle()
    assert len(fleet.network.requests) == asked, "an import tells nobody"
    return ana, cy, public_id


async def test_another_fedimark_brings_an_archive_in_whole(fleet):
    # Given an archive that came in at another server
    _, cy, public_id = await moved(fleet)

    # Then all is there
    async with entered(cy.server.here):
        (one,) = await fetch("SELECT * FROM bookmark WHERE actor_id = ?", cy.viewer.actor_id)
        assert (one["title"], one["private_note"], one["tags"], one["visibility"]) == ("One", "hush", ".mine", 0)
        (bundle,) = await bundles_of(Owner.of(cy.viewer))
        assert (bundle["name"], bundle["any_tags"]) == ("SQL", "sql sqlite")
        (note,) = await fetch("SELECT * FROM written_note WHERE actor_id = ?", cy.viewer.actor_id)
        assert (note["title"], note["text"], note["created_at"]) == ("A note", "words", 1)
        (actor,) = await fetch("SELECT * FROM actor WHERE id = ?", cy.viewer.actor_id)
        assert actor["summary"] == "I save pages."
        assert actor["icon"].endswith(".webp")
        assert await looks_of(cy.viewer) == Looks("dark", "all", "de", "a { color: red }")
        (account,) = await fetch("SELECT * FROM account WHERE actor_id = ?", cy.viewer.actor_id)
        assert (bool(account["no_replies"]), account["unwanted_kinds"]) == (True, 4)
        muted = await fetch("SELECT kind, value FROM mute WHERE owner_id = ? ORDER BY id", cy.viewer.actor_id)
        assert [tuple(each.values()) for each in muted] == [
            ("word", "spoiler"),
            ("tag", "nsfw"),
            ("server", "loud.example"),
        ]
        (kept,) = await assets.assets_of(Owner.of(cy.viewer), one["id"])
        assert (kept["name"], kept["content_type"], bool(kept["is_snapshot"])) == ("a.html", "text/html", True)
        assert asset_path(kept["digest"]).read_bytes() == PAGE
        assert await fetch("SELECT * FROM block WHERE blocker_id = ?", cy.viewer.actor_id) == []
        assert await fetch("SELECT * FROM follow WHERE follower_id = ?", cy.viewer.actor_id) == []

    # And once she says so, whom she followed is followed again, on the lists they were on
    page = f"/settings/import/{public_id}"
    asked = (await cy.browser.get(page)).text
    assert "Wieder folgen, stummschalten und blockieren" in asked  # her language came with the archive
    await cy.browser.post(f"{page}/follow")
    await fleet.settle()
    async with entered(cy.server.here):
        follows = await fetch(
            "SELECT f.state, a.uri FROM follow f JOIN actor a ON a.id = f.target_id WHERE a.uri <> ''"
        )
        assert [each["uri"] for each in follows] == ["https://b.example/u/bo"]
        (made,) = [each for each in await every(cy.viewer) if each["public_id"]]
        assert (made["name"], [each["username"] for each in await members(made)]) == ("Friends", ["bo"])
        blocked = "SELECT a.uri, k.is_mute FROM block k JOIN actor a ON a.id = k.blocked_id WHERE k.blocker_id = ?"
        away = await fetch(f"{blocked} ORDER BY k.id", cy.viewer.actor_id)
        assert [(each["uri"], bool(each["is_mute"])) for each in away] == [
            ("https://b.example/u/eve", False),
            ("https://b.example/u/bo", True),
        ]
    assert (await cy.browser.post(f"{page}/follow")).status_code == 409


async def page_of_import(server: Any, person: Person, content: bytes) -> str:
    """The page of an import that is done."""
    public_id = await importer.take_upload(person.viewer, "mine", in_parts(content))
    await importer.start(person.viewer, public_id)
    await server.settle()
    return str((await person.browser.get(f"/settings/import/{public_id}")).text)


async def test_an_archive_of_elsewhere_leads_on_to_the_move(fleet):
    _, cy, public_id = await moved(fleet)

    page = (await cy.browser.get(f"/settings/import/{public_id}")).text

    assert '<input type=hidden name=alias value="https://a.example/u/ana">' in page
    assert page.index("/settings/move/alias") > page.index("/undo")


@pytest.mark.parametrize("address", ["https://a.example/u/ana", "javascript:alert(1)", "", 7, None])
async def test_nothing_leads_to_a_move_from_ones_own_account_or_from_nowhere(server, ana, address):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("fedimark.json", json.dumps({"fedimark": "archive", "version": 1, "address": address}))
        made.writestr("bookmarks.jsonl", ARCHIVED)

    page = await page_of_import(server, ana, held.getvalue())

    assert "/undo" in page
    assert "/settings/move/alias" not in page


async def test_nothing_leads_to_a_move_from_a_file_that_is_no_archive(server, ana):
    assert "/settings/move/alias" not in await page_of_import(server, ana, ARCHIVED.encode())


async def test_an_archive_that_names_nobody_still_leads_to_the_move_and_follows_nobody(server, ana):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        head = {"fedimark": "archive", "version": 1, "address": "https://b.example/u/ana"}
        made.writestr("fedimark.json", json.dumps(head))
        made.writestr("bookmarks.jsonl", ARCHIVED)
    public_id = await importer.take_upload(ana.viewer, "mine", in_parts(held.getvalue()))
    await importer.start(ana.viewer, public_id)
    await server.settle()

    page = await ana.browser.get(f"/settings/import/{public_id}")
    followed = await ana.browser.post(f"/settings/import/{public_id}/follow")

    assert 'value="https://b.example/u/ana"' in page.text
    assert followed.status_code == 404


@pytest.mark.parametrize("rest", [b"[1]\n{\n", b'{"who": 7, "name": [], "title": {}}\n', b"\xff\xfe\n", b"[" * 99_999])
async def test_an_archive_of_nonsense_brings_in_what_can_be_read(server, ana, rest):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("fedimark.json", '{"fedimark": "archive", "version": 1}')
        row = '{"url": "https://one.example/", "title": "One", "visibility": "private"}'
        made.writestr("bookmarks.jsonl", f'{{"fedimark": "bookmarks", "version": 1}}\n{row}\n')
        for name in ("profile.json", "follows.jsonl", "lists.jsonl", "bundles.jsonl", "notes.jsonl", *MORE):
            made.writestr(name, rest)

    public_id = await importer.take_upload(ana.viewer, "odd.zip", in_parts(held.getvalue()))
    await importer.start(ana.viewer, public_id)
    await server.settle()

    job = await job_of(ana, public_id)
    assert (job["state"], json.loads(job["report"])["new"]) == ("done", 1)
