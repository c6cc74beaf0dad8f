"""What people here are told of others: by whatever arrives, in few lines, and only while it stands."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark import addresses
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.database import execute, fetch, write
from fedimark.errors import NotFound
from fedimark.moderation import mutes
from fedimark.notifications import reading
from fedimark.notifications.queries import Notice, told_to
from fedimark.notifications.tell import Kind, tell
from fedimark.vocab.terms import PUBLIC
from fedimark.web.told import sentence
from fedimark.worker import prune
from tests.rooms.strangers import Stranger, amount
from tests.support.counting import statements
from tests.support.savers import remote_actor, row_of

PAGE = "https://sqlite.org/wal.html"
CLEO = "https://mastodon.example/users/cleo"


@pytest.fixture
async def cleo(server, fleet, clock) -> Stranger:
    """Somebody of a Mastodon."""
    clock.set("2026-08-22T00:00:00Z")
    return Stranger(fleet, CLEO)


@pytest.fixture
async def bookmark(cleo, ana) -> Any:
    """A public bookmark of ana's."""
    saved = await ana.save(PAGE, title="WAL", tags="sql")
    return await row_of(ana.viewer, saved)


def uri_of(row: Any) -> str:
    """The id of a bookmark of ana's."""
    return f"https://a.example/u/ana/b/{row['public_id']}"


async def said_to(person: Any) -> list[str]:
    """What somebody reads, newest first."""
    return [sentence(notice) for notice in (await told_to(person.viewer.actor_id)).notices]


async def unread(person: Any) -> int:
    """The number in the head of somebody's pages."""
    page = (await person.browser.get("/settings/sessions")).text
    return int(page.partition('title="Notifications">')[2].partition("<")[0] or 0)


def like(who: Stranger, row: Any) -> dict[str, Any]:
    """Somebody likes a bookmark of ana's."""
    return {"id": f"{who.uri}#like", "type": "Like", "actor": who.uri, "object": uri_of(row)}


def share(who: Stranger, row: Any) -> dict[str, Any]:
    """Somebody passes it on."""
    announce = {"id": f"{who.uri}#share", "type": "Announce", "actor": who.uri, "object": uri_of(row)}
    return announce | {"to": [PUBLIC], "published": "2026-08-21T00:00:00Z"}


def note(who: Stranger, row: Any, **more: Any) -> dict[str, Any]:
    """Somebody says something in a Note."""
    said = {
        "id": f"{who.uri}/1",
        "type": "Note",
        "attributedTo": who.uri,
        "to": [PUBLIC],
        "content": "<p>Yes & no.</p>",
    }
    said |= {"published": "2026-08-21T00:00:00Z", **more}
    return {"id": f"{who.uri}/1#create", "type": "Create", "actor": who.uri, "to": [PUBLIC], "object": said}


def undo(who: Stranger, what: dict[str, Any]) -> dict[str, Any]:
    """They take it back."""
    return {"id": f"{what['id']}-undo", "type": "Undo", "actor": who.uri, "object": what}


async def test_who_likes_shares_and_answers_is_told_and_what_is_taken_back_is_gone(cleo, ana, bookmark):
    for each in (like(cleo, bookmark), share(cleo, bookmark), note(cleo, bookmark, inReplyTo=uri_of(bookmark))):
        await cleo.do(each)

    name = "cleo@mastodon.example"
    assert await said_to(ana) == [f"{name} replied to “WAL”", f"{name} shared “WAL”", f"{name} likes “WAL”"]
    assert await unread(ana) == 3
    (reply, *_) = (await told_to(ana.viewer.actor_id)).notices
    assert (reply.href, reply.text) == (f"/u/ana/b/{bookmark['public_id']}", "Yes & no.")

    await cleo.do(undo(cleo, like(cleo, bookmark)))
    await cleo.do(undo(cleo, share(cleo, bookmark)))
    await cleo.do({"id": f"{CLEO}#d", "type": "Delete", "actor": CLEO, "object": f"{CLEO}/1"})

    assert await said_to(ana) == []
    assert await unread(ana) == 0


async def test_a_remark_is_told_and_gone_when_the_bookmark_is_removed(cleo, ana, bookmark):
    await cleo.do(note(cleo, bookmark, quoteUrl=uri_of(bookmark)))
    assert await said_to(ana) == ["cleo@mastodon.example remarked on “WAL”"]

    await remove_bookmark(Owner.of(ana.viewer), bookmark["public_id"])

    assert await said_to(ana) == []


async def test_who_follows_or_asks_to_is_told_and_no_more_once_they_leave(cleo, ana):
    follow = {"id": f"{CLEO}#f", "type": "Follow", "actor": CLEO, "object": ana.uri}
    await cleo.do(follow)
    assert await said_to(ana) == ["cleo@mastodon.example follows you"]
    await cleo.do(undo(cleo, follow))
    assert await said_to(ana) == []

    await execute("UPDATE actor SET approves_followers = TRUE WHERE id = ?", ana.viewer.actor_id)
    await cleo.do(follow | {"id": f"{CLEO}#g"})
    assert await said_to(ana) == ["cleo@mastodon.example asks to follow you"]
    (asked,) = await fetch("SELECT id FROM follow")
    await ana.browser.post("/followers/answer", data={"id": str(asked["id"]), "answer": "reject"})
    assert await said_to(ana) == []


async def test_people_here_are_told_the_same_way(ana, server):
    bo = await server.sign_up("bo")
    await bo.follow(ana)

    assert await said_to(ana) == ["bo follows you"]


async def test_copies_from_elsewhere_are_told_while_their_owner_may_see_them(cleo, ana, bookmark):
    marks = await remote_actor("dee", "marks.example")
    from fedimark.bookmarks import telling
    from tests.support.savers import remote_save

    row = await remote_save(
        marks, 1, PAGE, saved_at=9, via=uri_of(bookmark), via_hash=addresses.uri_hash(uri_of(bookmark))
    )
    async with write():
        await telling.copied([row])
        await telling.copied([{**row, "uri": "https://marks.example/other", "link_id": row["link_id"] + 999}])
    assert await said_to(ana) == ["dee@marks.example copied “WAL”"]

    await execute("UPDATE bookmark SET visibility = 1 WHERE id = ?", row["id"])
    assert await said_to(ana) == []


async def test_whoever_is_muted_blocked_suspended_or_gone_later_is_told_of_no_more(cleo, ana, bookmark):
    await cleo.do(like(cleo, bookmark))
    row = await cleo.row()

    await mutes.mute(ana.viewer, "@cleo@mastodon.example")
    assert (await said_to(ana), await unread(ana)) == ([], 0)
    await mutes.unmute(ana.viewer, "@cleo@mastodon.example")
    assert len(await said_to(ana)) == 1
    for column in ("suspended_at", "gone_at"):
        await execute(f"UPDATE actor SET {column} = 1 WHERE id = ?", row["id"])
        assert (await said_to(ana), await unread(ana)) == ([], 0)
        await execute(f"UPDATE actor SET {column} = NULL WHERE id = ?", row["id"])
    async with write():
        sql = "INSERT INTO block (blocker_id, blocked_id, created_at) VALUES (?, ?, 1)"
        await execute(sql, row["id"], ana.viewer.actor_id)
    assert (await said_to(ana), await unread(ana)) == ([], 0)


async def test_of_a_server_that_its_reader_mutes_nothing_is_told(cleo, ana, bookmark):
    await cleo.do(like(cleo, bookmark))
    for value in ("other.example", "todon.example", "mastodon.example"):
        assert len(await said_to(ana)) == 1
        sql = "INSERT INTO mute (owner_id, kind, value, created_at) VALUES (?, 'server', ?, 1)"
        await execute(sql, ana.viewer.actor_id, value)

    assert (await said_to(ana), await unread(ana)) == ([], 0)


async def test_a_thousand_likes_by_new_people_are_one_line_and_bounded_rows(cleo, ana, bookmark):
    async with write():
        for number in range(1_000):
            fan = await remote_actor_in(number)
            await execute(
                "INSERT INTO reaction (actor_id, bookmark_id, kind, uri) VALUES (?, ?, 'Like', '')", fan, bookmark["id"]
            )
            await tell(ana.viewer.actor_id, Kind.LIKE, fan, "bookmark", bookmark_id=bookmark["id"], at=number)

    with statements() as ran:
        (notice,) = (await told_to(ana.viewer.actor_id)).notices

    assert await amount("notification") == 500
    assert len(ran) == 2
    assert sentence(notice).endswith("and 497 others like “WAL”")
    assert await unread(ana) == 1


async def remote_actor_in(number: int) -> int:
    """Somebody new, inside a transaction."""
    uri = f"https://storm.example/u/{number}"
    sql = """
    INSERT INTO actor (username, host, uri, uri_hash, created_at, name, summary, url, icon, fields, inbox, shared_inbox,
    outbox, followers_uri, key_id, public_key, private_key, kind, approves_followers, indexable, fetched_at)
    VALUES (?, 'storm.example', ?, ?, 1, '', '', '', '', '[]', '', '', '', '', '', '', '', 'Person', FALSE, FALSE, 0)
    RETURNING id
    """
    return int((await fetch(sql, f"u{number}", uri, addresses.uri_hash(uri)))[0]["id"])


async def test_pages_go_on_from_a_place_by_two_statements_and_hold_each_line_once(cleo, ana, bookmark):
    dee = await remote_actor("dee", "b.example")
    new = [f"https://new.example/{number}" for number in range(70)]
    async with write():
        await execute("UPDATE actor SET uri_hash = ? WHERE id = ?", addresses.uri_hash("x"), dee)
        for uri in new:
            await tell(ana.viewer.actor_id, Kind.LINK, dee, uri, at=7)
            await execute(
                "INSERT INTO link_for_you (public_id, owner_id, giver_id, uri, uri_hash, url, title, said_at,"
                " updated_at, received_at, page_url, description) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 1, 1, '', '')",
                addresses.uri_hash(uri)[:13],
                ana.viewer.actor_id,
                dee,
                uri,
                addresses.uri_hash(uri),
                uri,
                uri,
            )

    seen: list[Notice] = []
    before = None
    while True:
        with statements() as ran:
            page = await told_to(ana.viewer.actor_id, before)
        assert len(ran) == 2
        seen += page.notices
        if page.earlier is None:
            break
        before = page.earlier

    assert [notice.title for notice in seen] == list(reversed(new))


async def test_what_was_shown_is_marked_read_and_nothing_newer(cleo, ana, bookmark):
    await cleo.do(like(cleo, bookmark))
    (shown,) = (await told_to(ana.viewer.actor_id)).notices
    await cleo.do(share(cleo, bookmark))

    answer = await ana.browser.post("/notifications/read", data={"up_to": str(shown.last)})

    assert (answer.status_code, answer.headers["location"]) == (303, "/notifications")
    assert [notice.is_unread for notice in (await told_to(ana.viewer.actor_id)).notices] == [True, False]
    assert await unread(ana) == 1
    await ana.browser.get("/notifications")
    assert await unread(ana) == 1


async def test_what_is_not_wanted_is_not_told_from_then_on(cleo, ana, bookmark):
    await ana.browser.post("/settings/notifications", data={"share": "yes"})

    await cleo.do(like(cleo, bookmark))
    await cleo.do(share(cleo, bookmark))

    assert await said_to(ana) == ["cleo@mastodon.example shared “WAL”"]
    assert await reading.wanted_kinds(ana.viewer.actor_id) == {Kind.SHARE}


async def test_names_and_titles_with_markup_are_words_on_the_page_and_in_the_feed(cleo, ana, fleet):
    cleo.said["name"] = "<script>alert(1)</script>"
    cleo.show()
    saved = await ana.save("https://x.example/", title="</title><b>&\"'")
    row = await row_of(ana.viewer, saved)
    await cleo.do(note(cleo, row, inReplyTo=uri_of(row), content="<p>&lt;img src=x onerror=alert(1)&gt;</p>"))

    page = (await ana.browser.get("/notifications")).text

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "</title><b>" not in page
    await ana.browser.post("/settings/notifications/feed")
    text = (await ana.browser.get(f"/notifications/feed.atom?key={await reading.feed_key(ana.viewer.actor_id)}")).text
    assert "<b>" not in text
    assert "img src" not in text  # what was said stays on the page


async def test_the_feed_is_for_whoever_has_the_key_and_a_new_key_ends_the_old(cleo, ana, bookmark, server):
    await cleo.do(like(cleo, bookmark))
    nobody = server.browser()
    await ana.browser.post("/settings/notifications/feed")
    key = await reading.feed_key(ana.viewer.actor_id)

    answer = await nobody.get(f"/notifications/feed.atom?key={key}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "cleo@mastodon.example likes “WAL”" in answer.text
    assert key not in answer.text
    await ana.browser.post("/settings/notifications/feed")
    again = await reading.feed_key(ana.viewer.actor_id)
    assert again != key
    assert (await nobody.get(f"/notifications/feed.atom?key={key}")).status_code == 404
    assert (await nobody.get(f"/notifications/feed.atom?key={again}")).status_code == 200
    assert again in (await ana.browser.get("/settings/notifications")).text
    await ana.browser.post("/settings/notifications/feed", data={"end": "yes"})
    assert (await nobody.get(f"/notifications/feed.atom?key={again}")).status_code == 404


@pytest.mark.parametrize("key", ["", "0" * 32, "%00", "é", "a" * 5_000, "None"])
async def test_a_guessed_key_opens_nothing(ana, server, key):
    await execute("UPDATE account SET feed_key = NULL")

    answers = [await server.browser().get("/notifications/feed.atom", params={"key": key})]

    assert [answer.status_code for answer in answers] == [404]


async def test_nobody_who_left_or_is_suspended_has_a_feed(ana, server):
    await reading.make_feed_key(ana.viewer.actor_id)
    key = await reading.feed_key(ana.viewer.actor_id)
    await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", ana.viewer.actor_id)

    with pytest.raises(NotFound):
        await reading.owner_of_key(key)


async def test_what_is_older_than_three_months_is_thrown_away(cleo, ana, bookmark, clock):
    await cleo.do(like(cleo, bookmark))
    await prune()
    assert await amount("notification") == 1

    clock.forward(days=91)
    await prune()

    assert await amount("notification") == 0
