"""What others say about bookmarks: replies and remarks from elsewhere, who may say them, and who reads them."""

from __future__ import annotations

import asyncio
from itertools import permutations
from typing import Any

import pytest

from fedimark.bookmarks import remarks
from fedimark.bookmarks.remarks import MOST_AN_HOUR, store_remark
from fedimark.bookmarks.spoken_of import DEEPEST
from fedimark.database import Row, atomically, execute, fetch, write
from fedimark.moderation import mutes, people
from fedimark.moderation.suspension import restore, suspend
from fedimark.policy.quarantine import let_in
from fedimark.policy.visibility import Visibility
from fedimark.timelines.merge import hold
from fedimark.vocab.objects import read_note
from tests.rooms.strangers import Stranger, amount
from tests.rooms.test_incoming import changed, followed
from tests.stories.reading import Reading
from tests.support.counting import statements
from tests.support.waiting import somebody_waits

AS2 = {"Accept": "application/activity+json"}
PAGE = "https://store.example/cache?page=2"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
WIRE_NOTE = "https://marks.example/u/ana/b/k3v7q2mzt5xha"
DOCUMENTS = {
    "mastodon/create_note": ("https://mastodon.example/users/cleo", True, "@ana The second half is the best. #storage"),
    "mastodon/create_quote": ("https://mastodon.example/users/cleo", False, "This."),
    "gotosocial/create_reply": ("https://sloth.example/users/ezra", True, "@ana Slower on spinning disks."),
    "betula/create_remark": ("https://betula.example/@dora", False, "Agreed."),
    "misskey/create_quote": ("https://misskey.example/users/9kq2v8zz01", False, "worth the whole evening"),
}

# SQLite lets one transaction write at a time: whoever waits there has read nothing yet.
on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)


class Marked:
    """A bookmark of ana's that others speak of."""

    def __init__(self, ana: Any, row: Row) -> None:
        self.ana, self.row = ana, row
        self.path = f"/u/ana/b/{row['public_id']}"
        self.uri = f"https://a.example{self.path}"

    def document(self, wire: Any, name: str, /, **said: Any) -> dict[str, Any]:
        """A document of tests/wire that speaks of it."""
        found = wire(name, **{WIRE_NOTE: self.uri, "https://marks.example/u/ana": self.ana.uri})
        return changed(found, **said)


async def marked(ana: Any, visibility: str = "public") -> Marked:
    """A bookmark of ana's."""
    saved = await ana.save(PAGE, title="The page cache", tags="storage", visibility=visibility)
    [row] = await fetch("SELECT * FROM bookmark WHERE public_id = ?", saved.public_id)
    return Marked(ana, row)


@pytest.fixture
async def cleo(server, fleet) -> Stranger:
    """Somebody of a Mastodon whom nobody here follows."""
    return Stranger(fleet, "https://mastodon.example/users/cleo")


async def kept() -> list[Row]:
    """Every remark."""
    return await fetch("SELECT * FROM remark ORDER BY said_at, id")


async def words_on(path: str, browser: Any) -> list[str]:
    """What a page shows that others said, in order."""
    answer = await browser.get(path)
    assert answer.status_code == 200
    return [each.text for each in Reading(answer.text).all("p", "p-content")]


# --- what is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_everybody_who_speaks_to_a_bookmark_here_is_kept_in_plain_words(ana, fleet, wire, name):
    uri, is_reply, words = DOCUMENTS[name]
    bookmark, author = await marked(ana), Stranger(fleet, uri)

    assert await author.do(bookmark.document(wire, name)) == "remarked"

    [row] = await kept()
    assert (row["bookmark_id"], bool(row["is_reply"]), row["description"]) == (bookmark.row["id"], is_reply, words)
    assert row["visibility"] == (Visibility.UNLISTED if name == "mastodon/create_note" else Visibility.PUBLIC)
    assert not row["listed"]
    assert await fetch("SELECT id FROM bookmark WHERE NOT is_local") == []


@pytest.mark.parametrize("visibility", ["private", "followers"])
async def test_a_reply_to_what_they_may_not_see_leaves_nothing(ana, cleo, wire, visibility):
    bookmark = await marked(ana, visibility)

    for number in range(2):
        said = bookmark.document(wire, "mastodon/create_note", updated=f"2026-08-2{number + 2}T00:00:00Z")
        assert await cleo.do({**said, "id": f"{cleo.uri}/{number}", "type": ["Create", "Update"][number]}) == "ignored"

    assert (await amount("remark"), await amount("withheld")) == (0, 0)


async def test_a_follower_answers_what_is_for_followers(ana, cleo, wire):
    bookmark = await marked(ana, "followers")
    await cleo.do({"id": f"{cleo.uri}#f", "type": "Follow", "actor": cleo.uri, "object": ana.uri})

    assert await cleo.do(bookmark.document(wire, "mastodon/create_note")) == "remarked"


@pytest.mark.parametrize(
    "said",
    [
        {"inReplyTo": "https://a.example/u/ana/b/aaaaaaaaaaaaa"},
        {"inReplyTo": "https://far.example/1"},
        {"inReplyTo": "https://mastodon.example/users/cleo/statuses/115000000000000001"},
        {"inReplyTo": "https://a.example/u/ana"},
        {"content": "<p> </p>"},
        {"content": "<script>alert(1)</script>"},
        {"type": "Article"},
    ],
    ids=["unknown bookmark", "far away", "itself", "a person", "no words", "script", "article"],
)
async def test_what_is_about_nothing_here_or_says_nothing_is_ignored(ana, cleo, wire, said):
    bookmark = await marked(ana)

    assert await cleo.do(bookmark.document(wire, "mastodon/create_note", **said)) == "ignored"

    assert await amount("remark") == 0


async def test_about_bookmarks_of_others_those_are_heard_who_are_followed_here(ana, cleo, fleet, wire):
    # Given a bookmark of dora's, whom ana follows
    dora = await followed(ana, Stranger(fleet, "https://betula.example/@dora", indexable=True))
    await dora.do(wire("betula/create_note"))
    about = {WIRE_NOTE: "https://betula.example/52"}
    [row] = await fetch("SELECT * FROM bookmark WHERE NOT is_local")
    about = {WIRE_NOTE: row["uri"]}

    # When a stranger answers, and once more when ana follows them
    assert await cleo.do(wire("mastodon/create_note", **about)) == "ignored"
    await followed(ana, cleo)
    await execute("DELETE FROM received_activity")

    # Then they are heard
    assert await cleo.do(wire("mastodon/create_note", **about)) == "remarked"
    [said] = await kept()
    assert said["bookmark_id"] == row["id"]
    assert said["object_hash"] == row["uri_hash"]


async def test_a_quote_with_a_title_or_a_page_of_its_own_is_no_remark(ana, fleet, wire):
    bookmark, dora = await marked(ana), Stranger(fleet, "https://betula.example/@dora")
    link = [{"type": "Link", "href": "https://other.example/"}]

    for number, said in enumerate(({"name": "Mine"}, {"attachment": link})):
        document = bookmark.document(wire, "betula/create_remark", **said)
        assert await dora.do({**document, "id": f"https://betula.example/{number}?create"}) == "ignored"

    assert await amount("remark") == 0


async def test_nobody_speaks_for_another_nor_changes_or_ends_what_another_said(ana, cleo, fleet, wire):
    bookmark, mallory = await marked(ana), Stranger(fleet, "https://mastodon.example/users/mallory")
    said = bookmark.document(wire, "mastodon/create_note")
    await cleo.do(said)

    other = {**said, "actor": mallory.uri, "id": f"{mallory.uri}/1", "type": "Update"}
    late = {"attributedTo": mallory.uri, "updated": "2027-01-01T00:00:00Z", "content": "<p>Forged.</p>"}
    await mallory.do(changed(other, **late))
    delete = {"id": f"{mallory.uri}/2", "type": "Delete", "actor": mallory.uri, "object": said["object"]["id"]}
    await mallory.do(delete)

    [row] = await kept()
    assert "second half" in row["description"]


# --- edits and ends -------------------------------------------------------------------------------------------------


def states(bookmark: Marked, cleo: Stranger, wire: Any) -> list[dict[str, Any]]:
    """A reply, its edit, and its end."""
    create = bookmark.document(wire, "mastodon/create_note")
    edited = changed(create, content="<p>The first half.</p>", updated="2026-08-22T00:00:00Z")
    end = {"id": f"{cleo.uri}#d", "type": "Delete", "actor": cleo.uri, "object": create["object"]["id"]}
    return [create, {**edited, "id": f"{cleo.uri}#u", "type": "Update"}, end]


async def test_an_edit_and_an_end_hold_in_whatever_order_they_come(ana, cleo, wire):
    bookmark = await marked(ana)
    said = states(bookmark, cleo, wire)

    for some, left in ((said[:2], ["The first half."]), (said, [])):
        for order in permutations(some):
            for document in (*order, *order):
                await cleo.do(document)
            assert [row["description"] for row in await kept()] == left
            for table in ("received_activity", "tombstone", "remark", "withheld"):
                await execute(f"DELETE FROM {table}")


async def test_an_edit_that_hides_it_is_not_undone_by_older_words(ana, cleo, wire):
    bookmark = await marked(ana)
    create, edit, _ = states(bookmark, cleo, wire)
    hide = changed(edit, to=["https://other.example/u/zoe"], cc=[])

    for order in permutations([create, hide]):
        for document in (*order, *order):
            await cleo.do(document)
        assert await kept() == []
        for table in ("received_activity", "withheld"):
            await execute(f"DELETE FROM {table}")


async def test_what_was_said_goes_with_who_left_and_with_the_bookmark(ana, cleo, fleet, wire, clock):
    bookmark, ezra = await marked(ana), Stranger(fleet, DOCUMENTS["gotosocial/create_reply"][0])
    await cleo.do(bookmark.document(wire, "mastodon/create_note"))
    await ezra.do(bookmark.document(wire, "gotosocial/create_reply"))

    await cleo.do({"id": f"{cleo.uri}#bye", "type": "Delete", "actor": cleo.uri, "object": cleo.uri})
    assert [row["uri"].split("/")[2] for row in await kept()] == ["sloth.example"]
    await ana.remove(PAGE)
    clock.forward(seconds=31)
    await ana.server.settle()

    assert await kept() == []


@pytest.mark.parametrize("name", ["mastodon/create_note", "betula/create_remark"])
@pytest.mark.parametrize("after_s", [1, 31])
async def test_what_is_said_to_what_was_removed_leaves_nothing(ana, fleet, wire, name, after_s):
    bookmark, stranger = await marked(ana), Stranger(fleet, DOCUMENTS[name][0])
    await ana.remove(PAGE)
    fleet.clock.forward(seconds=after_s)
    await ana.server.settle()

    assert await stranger.do(bookmark.document(wire, name)) == "ignored"

    assert (await kept(), await amount("notification")) == ([], 0)


async def test_what_was_said_about_a_hidden_bookmark_returns_with_it(ana, fleet, wire):
    dora = await followed(ana, Stranger(fleet, "https://marks.example/u/ana"))
    await dora.do(wire("fedimark/create_note"))
    ezra = await followed(ana, Stranger(fleet, DOCUMENTS["gotosocial/create_reply"][0]))
    await ezra.do(wire("gotosocial/create_reply"))
    assert [row["bookmark_id"] is None for row in await kept()] == [False]
    update = wire("fedimark/update_note")

    await dora.do(changed(update, to=["https://other.example/u/zoe"], cc=[]))
    assert [row["bookmark_id"] for row in await kept()] == [None]
    await dora.do(changed(update, updated="2027-01-01T00:00:00Z") | {"id": f"{dora.uri}/2"})

    [bookmark] = await fetch("SELECT id FROM bookmark WHERE NOT is_local")
    assert [row["bookmark_id"] for row in await kept()] == [bookmark["id"]]


# --- threads and floods ---------------------------------------------------------------------------------------------


async def say(author: Row, number: int, parent: str, received_at: int, **said: Any) -> str:
    """Keep a reply as it comes from the inbox."""
    uri = f"{author['uri']}/statuses/{number}"
    given = {"content": f"<p>{number}</p>", "to": [PUBLIC], "inReplyTo": parent, **said}
    note = read_note({"id": uri, "type": "Note", "attributedTo": author["uri"], **given})
    async with write():
        return await store_remark(author, note, received_at)


@on_postgres
@pytest.mark.parametrize("is_known", [False, True])
async def test_older_words_that_waited_for_newer_ones_do_not_replace_them(ana, cleo, clock, is_known):
    bookmark, author, has_said = await marked(ana), await cleo.row(), asyncio.Event()
    if is_known:
        await say(author, 1, bookmark.uri, clock(), content="first", updated="2026-01-01T00:00:00Z")

    async def older() -> str:
        await has_said.wait()
        return await say(author, 1, bookmark.uri, clock(), content="second", updated="2026-01-02T00:00:00Z")

    late = asyncio.create_task(older())  # begun outside the transaction: it shares none of it
    async with write():
        await say(author, 1, bookmark.uri, clock(), content="third", updated="2026-01-03T00:00:00Z")
        has_said.set()
        await somebody_waits()

    assert await late == "known"
    assert [row["description"] for row in await kept()] == ["third"]


@on_postgres
@pytest.mark.parametrize("meanwhile", ["made private", "removed", "blocked"])
async def test_what_waited_is_not_taken_where_it_may_no_longer_be_said(ana, cleo, clock, meanwhile):
    bookmark, author, is_held = await marked(ana), await cleo.row(), asyncio.Event()
    happens = {
        "made private": lambda: ana.edit(PAGE, visibility="private"),
        "removed": lambda: ana.remove(PAGE),
        "blocked": lambda: people.block(ana.viewer, cleo.uri),
    }

    async def remark() -> str:
        await is_held.wait()
        return await say(author, 1, bookmark.uri, clock(), updated="2026-01-01T00:00:00Z")

    late = asyncio.create_task(remark())  # begun outside the transaction: it shares none of it
    async with write():
        await hold("actor", author["id"])
        is_held.set()
        await somebody_waits()
        await happens[meanwhile]()

    assert await late == "ignored"
    assert (await amount("remark"), await amount("withheld"), await amount("notification")) == (0, 0, 0)


async def test_a_thread_hangs_on_its_bookmark_as_deep_as_is_allowed(ana, cleo, clock):
    bookmark, author, parent = await marked(ana), await cleo.row(), ""

    for number in range(DEEPEST + 5):
        await say(author, number, parent or bookmark.uri, clock())
        parent = f"{author['uri']}/statuses/{number}"

    found = await kept()
    assert [row["depth"] for row in found] == list(range(DEEPEST + 1))
    assert {row["bookmark_id"] for row in found} == {bookmark.row["id"]}


async def test_a_thread_that_leads_round_in_a_circle_hangs_nowhere_else_and_ends(ana, cleo, clock):
    bookmark, author = await marked(ana), await cleo.row()
    one, two = (f"{author['uri']}/statuses/{number}" for number in (1, 2))
    await say(author, 1, bookmark.uri, 1)
    await say(author, 2, one, 2)

    for at in range(3, 50):
        await say(author, 1, two, at, updated=f"2026-01-01T00:00:{at}Z")
        await say(author, 2, one, at, updated=f"2026-01-01T00:00:{at}Z")

    assert {row["bookmark_id"] for row in await kept()} <= {bookmark.row["id"]}
    assert all(row["depth"] <= DEEPEST for row in await kept())


async def test_one_person_says_so_much_within_an_hour_and_no_more(ana, cleo, clock):
    bookmark, author = await marked(ana), await cleo.row()

    said = [await say(author, number, bookmark.uri, clock()) for number in range(MOST_AN_HOUR + 2)]

    assert said == ["remarked"] * MOST_AN_HOUR + ["refused"] * 2
    clock.forward(seconds=3_700)
    assert await say(author, 999, bookmark.uri, clock()) == "remarked"


async def test_about_one_bookmark_so_much_is_kept_and_who_is_followed_displaces_the_oldest_stranger(ana, fleet, clock):
    # Given a bookmark about which as much was said as is kept, the oldest by somebody whom ana follows
    bookmark = await marked(ana)
    friend = await (await followed(ana, Stranger(fleet, "https://b.example/u/bo"))).row()
    stranger = await Stranger(fleet, "https://c.example/u/cy").row()
    await say(friend, 1, bookmark.uri, 1)
    [first] = await kept()
    columns = [name for name in first if name not in ("id", "uri", "uri_hash", "actor_id", "said_at", "received_at")]
    for number in range(2, remarks.MOST_ABOUT_ONE + 1):
        named = {"uri": str(number), "uri_hash": str(number), "actor_id": stranger["id"], "said_at": number}
        names = [*named, *columns]
        sql = f"INSERT INTO remark ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        await execute(sql, *named.values(), *(first[name] for name in columns))

    # When a stranger speaks, and somebody followed
    refused, taken = await say(stranger, 7, bookmark.uri, clock()), await say(friend, 8, bookmark.uri, clock())

    # Then only the latter is taken, in the place of the oldest of a stranger
    assert (refused, taken) == ("refused", "remarked")
    found = await kept()
    assert len(found) == remarks.MOST_ABOUT_ONE
    assert [row["said_at"] for row in found[:2]] == [1, 3]


# --- who reads it ---------------------------------------------------------------------------------------------------


async def test_what_is_public_or_unlisted_stands_with_the_bookmark_it_was_said_to(ana, cleo, fleet, wire, server):
    bookmark, ezra = await marked(ana), Stranger(fleet, DOCUMENTS["gotosocial/create_reply"][0], indexable=True)
    await cleo.do(bookmark.document(wire, "mastodon/create_note", content="<p>Unlisted &lt;b&gt;.</p>"))
    await atomically(lambda: let_in(ezra.uri))
    await ezra.do(bookmark.document(wire, "gotosocial/create_reply", content="<p>Public.</p>"))
    [link] = await fetch("SELECT hash FROM link")

    for browser in (ana.browser, server.client):
        assert await words_on(bookmark.path, browser) == ["Unlisted <b>.", "Public."]
    # On the page of the link only what its author lets stand there, but for whose bookmark it is.
    assert await words_on(f"/url/{link['hash']}", server.client) == ["Public."]
    assert await words_on(f"/url/{link['hash']}", ana.browser) == ["Unlisted <b>.", "Public."]


@pytest.mark.parametrize("cc", [[], ["https://mastodon.example/users/cleo/followers"]], ids=["direct", "followers"])
async def test_what_is_said_to_the_owner_alone_is_read_by_nobody_else(ana, cleo, wire, server, cc):
    bookmark, bo = await marked(ana), await server.sign_up("bo")
    await followed(bo, cleo)
    said = bookmark.document(wire, "mastodon/create_note", content="<p>Psst.</p>", to=[ana.uri], cc=cc)

    assert await cleo.do(said) == "remarked"

    [link] = await fetch("SELECT hash FROM link")
    for path in (bookmark.path, f"/url/{link['hash']}"):
        assert await words_on(path, ana.browser) == ["Psst."]
        for browser in (bo.browser, server.client):
            assert "Psst" not in (await browser.get(path)).text
    for path in (bookmark.path, f"{bookmark.path}/replies"):
        assert (await cleo_reads(server, path)) == []


async def cleo_reads(server: Any, path: str) -> list[str]:
    """The answers a server is told, at a bookmark or its collection."""
    said = (await server.client.get(path, headers=AS2)).json()
    said = said.get("replies", said)
    assert said["totalItems"] == len(said["first"]["items"])
    return list(said["first"]["items"])


@pytest.mark.parametrize(
    ("to", "cc"),
    [(["https://a.example/u/bo"], []), (["https://mastodon.example/users/cleo/followers"], [])],
    ids=["to somebody else", "followers, of whom ana is none"],
)
async def test_what_was_not_said_to_the_owner_is_not_kept_for_them(ana, cleo, wire, to, cc):
    bookmark, bo = await marked(ana), await ana.server.sign_up("bo")
    await followed(bo, cleo)

    assert await cleo.do(bookmark.document(wire, "mastodon/create_note", to=to, cc=cc)) == "ignored"

    assert await amount("remark") == 0


async def test_servers_are_told_the_ids_of_public_answers(ana, cleo, fleet, wire, server):
    bookmark, ezra = await marked(ana), Stranger(fleet, DOCUMENTS["gotosocial/create_reply"][0])
    await cleo.do(bookmark.document(wire, "mastodon/create_note"))
    await cleo.do(bookmark.document(wire, "mastodon/create_quote"))
    said = bookmark.document(wire, "gotosocial/create_reply")
    await ezra.do(said)

    for path in (bookmark.path, f"{bookmark.path}/replies"):
        assert await cleo_reads(server, path) == [said["object"]["id"]]
    page = (await server.client.get(f"{bookmark.path}/replies?page=first", headers=AS2)).json()
    assert page["items"] == [said["object"]["id"]]
    await people.block(ana.viewer, ezra.uri)
    assert await cleo_reads(server, bookmark.path) == []


async def test_whom_one_blocks_mutes_or_who_is_suspended_says_nothing(ana, cleo, wire, server):
    bookmark, bo = await marked(ana), await server.sign_up("bo")
    await cleo.do(bookmark.document(wire, "mastodon/create_note", content="<p>Hm.</p>"))

    await mutes.mute(bo.viewer, cleo.uri)
    assert (await words_on(bookmark.path, bo.browser), await words_on(bookmark.path, server.client)) == ([], ["Hm."])
    await people.block(ana.viewer, cleo.uri)
    assert await words_on(bookmark.path, server.client) == []
    assert await cleo.do(bookmark.document(wire, "mastodon/create_quote")) == "ignored"
    await people.unblock(ana.viewer, cleo.uri)
    await suspend(cleo.uri)
    assert await words_on(bookmark.path, server.client) == []
    await restore(cleo.uri)
    assert await words_on(bookmark.path, server.client) == ["Hm."]


async def test_on_the_page_of_a_link_people_one_follows_are_read_without_consent(ana, cleo, wire, server):
    bookmark, bo = await marked(ana), await server.sign_up("bo")
    await cleo.do(bookmark.document(wire, "mastodon/create_note", content="<p>Hm.</p>"))
    [link] = await fetch("SELECT hash FROM link")

    assert await words_on(f"/url/{link['hash']}", bo.browser) == []
    await followed(bo, cleo)
    assert await words_on(f"/url/{link['hash']}", bo.browser) == ["Hm."]


async def test_nothing_said_about_what_one_may_not_see_is_seen(ana, cleo, wire, server):
    # Given an answer to a bookmark that becomes private, on a page that bo saved too
    bookmark, bo = await marked(ana), await server.sign_up("bo")
    await bo.save(PAGE)
    await followed(bo, cleo)
    await cleo.do(bookmark.document(wire, "mastodon/create_note", content="<p>Hm.</p>"))

    await ana.edit(PAGE, visibility="private")

    [link] = await fetch("SELECT hash FROM link")
    for browser in (bo.browser, server.client):
        assert await words_on(f"/url/{link['hash']}", browser) == []
    assert await words_on(f"/url/{link['hash']}", ana.browser) == ["Hm."]


async def test_much_that_was_said_comes_page_by_page_in_as_many_statements(ana, cleo, fleet, clock, server):
    bookmark = await marked(ana)
    with statements() as few:
        await words_on(bookmark.path, server.client)
    for host in range(3):
        author = await Stranger(fleet, f"https://s{host}.example/u/cy").row()
        for number in range(40):
            assert await say(author, host * 40 + number, bookmark.uri, 1_000 + number) == "remarked"

    with statements() as many:
        await server.client.get(bookmark.path)
    read, path = [], bookmark.path
    while path:
        page = Reading((await server.client.get(path)).text)
        read = [each.text for each in page.all("p", "p-content")] + read
        earlier = [a for a in page.all("a") if a.text == "« said before"]
        path = bookmark.path + earlier[0].get("href").partition("#")[0] if earlier else ""

    assert len(many) == len(few)
    assert len(read) == 120
    assert sorted(read, key=int) == sorted((str(number) for number in range(120)), key=int)
