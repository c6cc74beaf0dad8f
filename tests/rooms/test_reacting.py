"""Likes and shares by people here: what is said, what is shown, what ends it, and what is refused."""

from __future__ import annotations

from asyncio import gather
from typing import Any

import pytest

from fedimark.accounts.leave import leave
from fedimark.bookmarks import reacting
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import finish_removals, remove_bookmark
from fedimark.bookmarks.shares import bookmark_of, counts
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import FedimarkError, Forbidden, NotFound
from fedimark.moderation import mutes, people, suspension
from fedimark.notifications.tell import Kind
from fedimark.timelines.stream import LinkStream, NetworkStream, RecentStream
from fedimark.vocab.terms import PUBLIC
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, amount, applied, letters
from tests.rooms.test_incoming import changed, followed
from tests.support.counting import statements
from tests.support.people import PASSWORD
from tests.support.savers import (
    assert_agreement,
    befriend,
    edit,
    entries,
    row_of,
    save,
    saver,
    undo_runs_out,
    urls_of,
)

MARKS = "https://marks.example/u/ana"
NOTE = f"{MARKS}/b/k3v7q2mzt5xha"
CLEO = "https://mastodon.example/users/cleo"


@pytest.fixture
async def marks(server, fleet, ana, wire, clock) -> Stranger:
    """Somebody of another fedimark, whom ana follows, with one bookmark."""
    clock.set("2026-08-22T00:00:00Z")
    author = await followed(ana, listening(Stranger(fleet, MARKS)))
    await author.do(wire("fedimark/create_note"))
    return author


def listening(stranger: Stranger) -> Stranger:
    """Somebody whose server takes what it is sent."""
    stranger.peer.answers |= {path: Says(202) for path in ("/inbox", f"{stranger.path}/inbox")}
    return stranger


async def reader_of(person: Any, fleet: Any) -> Stranger:
    """Somebody elsewhere who follows somebody here."""
    cleo = listening(Stranger(fleet, CLEO))
    await cleo.do({"id": f"{CLEO}#follow", "type": "Follow", "actor": CLEO, "object": person.uri})
    return cleo


async def theirs() -> Row:
    row = await bookmark_of(NOTE)
    assert row is not None
    return row


async def said(*kinds: str) -> list[tuple[str, str, Any]]:
    return [letter for letter in await letters() if letter[0] in kinds]


# --- elsewhere --------------------------------------------------------------------------------------------------------


async def test_a_like_is_told_to_its_author_alone_and_taken_back_with_all_of_it(marks, ana, fleet, server):
    await reader_of(ana, fleet)
    name = NOTE

    await reacting.like(ana.viewer, name)
    await reacting.like(ana.viewer, name)

    [(_, inbox, like)] = await said("Like")
    assert inbox == f"{MARKS}/inbox"
    assert like["id"].startswith(f"{ana.uri}/likes/")
    assert (like["actor"], like["object"], like["to"]) == (ana.uri, NOTE, [MARKS])
    assert await counts((await theirs())["id"]) == {"likes": 1, "shares": 0}
    await server.settle()

    await reacting.unlike(ana.viewer, name)
    await reacting.unlike(ana.viewer, name)

    [(_, inbox, undo)] = await said("Undo")
    assert (inbox, undo["object"], undo["to"]) == (f"{MARKS}/inbox", like_inside(like), [MARKS])
    assert await counts((await theirs())["id"]) == {"likes": 0, "shares": 0}


def like_inside(like: dict[str, Any]) -> dict[str, Any]:
    """As it stands inside another."""
    return {key: value for key, value in like.items() if key != "@context"}


async def test_what_was_taken_back_before_it_was_sent_is_never_heard_of(marks, ana):
    name = NOTE
    await reacting.like(ana.viewer, name)
    await reacting.share(ana.viewer, name)

    await reacting.unlike(ana.viewer, name)
    await reacting.unshare(ana.viewer, name)

    assert await said("Like", "Announce", "Undo") == []


async def test_liking_again_is_another_like(marks, ana):
    name = NOTE
    found = []
    for _ in range(2):
        await reacting.like(ana.viewer, name)
        found += [like["id"] for _, _, like in await said("Like")]
        await reacting.unlike(ana.viewer, name)

    assert len(set(found)) == 2


async def test_a_share_is_told_to_followers_and_the_author_with_a_proof(marks, ana, fleet):
    await reader_of(ana, fleet)

    await reacting.share(ana.viewer, NOTE)
    await reacting.share(ana.viewer, NOTE)

    announces = await said("Announce")
    assert sorted(inbox for _, inbox, _ in announces) == [
        "https://marks.example/inbox",
        "https://mastodon.example/inbox",
    ]
    document = announces[0][2]
    assert document["id"].startswith(f"{ana.uri}/shares/")
    assert (document["to"], document["cc"]) == ([PUBLIC], [f"{ana.uri}/followers", MARKS])
    assert document["object"] == NOTE
    assert "proof" in document
    assert "published" in document


async def test_an_announce_is_answered_while_it_stands_and_gone_after(marks, ana, fleet, server):
    await reader_of(ana, fleet)
    name = NOTE
    await reacting.share(ana.viewer, name)
    document = (await said("Announce"))[0][2]
    path = document["id"].removeprefix("https://a.example")
    await server.settle()

    answer = await server.client.get(path, headers={"Accept": "application/activity+json"})
    assert answer.json() == {key: value for key, value in document.items() if key not in ("proof", "@context")} | {
        "@context": "https://www.w3.org/ns/activitystreams"
    }
    await reacting.unshare(ana.viewer, name)

    answer = await server.client.get(path)
    assert (answer.status_code, answer.json()["formerType"]) == (410, "Announce")
    undos = await said("Undo")
    assert len(undos) == 2
    assert undos[0][2]["object"]["id"] == document["id"]
    assert undos[0][2]["object"]["published"] == document["published"]
    assert (await server.client.get("/u/ana/shares/aaaaaaaaaaaaa")).status_code == 404


async def test_where_the_author_allows_neither_both_are_refused_and_offered_nowhere(marks, ana, wire):
    nobody = {"canLike": {"automaticApproval": [MARKS]}, "canAnnounce": {"always": []}}
    await marks.do(changed(wire("fedimark/update_note"), interactionPolicy=nobody))
    name = NOTE

    for do in (reacting.like, reacting.share):
        with pytest.raises(Forbidden):
            await do(ana.viewer, name)

    page = (await ana.browser.get("/network")).text
    assert 'name="liked"' not in page
    assert 'name="shared"' not in page
    assert await amount("reaction") == await amount("share") == 0


async def test_what_nobody_follows_and_no_page_shows_is_not_found(marks, ana, server, wire):
    # Given a bookmark that only ana sees, who follows its author
    bo = await server.sign_up("bo")
    unlisted = {"to": [f"{MARKS}/followers"], "cc": [PUBLIC]}
    await marks.do(changed(wire("fedimark/update_note"), **unlisted))
    row = await theirs()
    assert not row["listed"]

    for do in (reacting.like, reacting.share):
        with pytest.raises(NotFound):
            await do(bo.viewer, NOTE)
    await reacting.share(ana.viewer, NOTE)

    # Unless somebody they follow shares it with them
    await bo.follow(ana)
    await reacting.like(bo.viewer, NOTE)


async def test_the_author_deletes_it_and_everything_done_with_it_is_gone(marks, ana, fleet, wire, server):
    await reader_of(ana, fleet)
    name = NOTE
    await reacting.like(ana.viewer, name)
    await reacting.share(ana.viewer, name)
    path = (await said("Announce"))[0][2]["id"].removeprefix("https://a.example")
    await server.settle()

    await marks.do(wire("fedimark/delete_note"))

    # Who has it by the share alone hears of its end from us.
    assert "https://mastodon.example/inbox" in [inbox for _, inbox, _ in await said("Undo")]
    assert (await server.client.get(path)).status_code == 410

    assert await amount("reaction") == await amount("share") == 0
    for take_back in (reacting.unlike, reacting.unshare):
        with pytest.raises(NotFound):
            await take_back(ana.viewer, name)
    await assert_agreement()


async def test_an_edit_that_hides_it_and_one_that_shows_it_again_keep_the_share(marks, ana, server, wire):
    bo = await server.sign_up("bo")
    await bo.follow(ana)
    await reacting.share(ana.viewer, NOTE)
    url = "https://store.example/cache?page=2"
    assert await urls_of(NetworkStream(), bo.viewer) == [url]
    update = wire("fedimark/update_note")

    hidden = {**update["object"], "to": ["https://x.example/"], "cc": []}
    await marks.do({**update, "object": hidden})
    assert await urls_of(NetworkStream(), bo.viewer) == []
    shown = {**update["object"], "updated": "2026-08-21T20:00:00Z"}
    await marks.do({**update, "id": f"{NOTE}/u9", "object": shown})

    assert await urls_of(NetworkStream(), bo.viewer) == [url]
    await assert_agreement()


# --- between people here ----------------------------------------------------------------------------------------------


async def test_a_share_here_brings_a_bookmark_into_the_network_of_who_follows(server, clock):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await befriend(cy, bo)
    saved = await save(ana, "https://sqlite.org/")
    clock.forward(days=1)

    await reacting.share(bo, saved.path)

    [entry] = await entries(NetworkStream(), cy)
    assert (entry.url, entry.saver.username, [each.username for each in entry.sharers]) == (
        "https://sqlite.org/",
        "ana",
        ["bo"],
    )
    assert entry.at > (await row_of(ana, saved))["saved_at"]
    await assert_agreement()
    await reacting.unshare(bo, saved.path)
    assert await urls_of(NetworkStream(), cy) == []
    await assert_agreement()


async def test_a_share_and_a_save_are_one_entry(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await befriend(cy, bo, ana)
    saved = await save(ana, "https://sqlite.org/")
    await save(bo, "https://sqlite.org/")

    await reacting.share(bo, saved.path)

    [entry] = await entries(NetworkStream(), cy)
    assert entry.saver_count == 2
    await assert_agreement()


async def test_who_begins_to_follow_sees_what_was_shared_and_who_leaves_sees_it_no_more(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    saved = await save(ana, "https://sqlite.org/")
    await reacting.share(bo, saved.path)

    await befriend(cy, bo)
    assert await urls_of(NetworkStream(), cy) == ["https://sqlite.org/"]
    await people.block(cy, "bo")

    assert await urls_of(NetworkStream(), cy) == []
    await assert_agreement()


async def test_of_a_neighbours_bookmark_followers_elsewhere_hear_and_the_owner_gets_no_letter(ana, server, fleet):
    bo = await server.sign_up("bo")
    saved = await bo.save("https://sqlite.org/")
    await reader_of(ana, fleet)

    await reacting.like(ana.viewer, saved.path)
    await reacting.share(ana.viewer, saved.path)

    assert await said("Like") == []
    [(_, inbox, document)] = await said("Announce")
    assert (inbox, document["object"]) == ("https://mastodon.example/inbox", f"{bo.uri}/b/{saved.public_id}")
    assert document["cc"] == [f"{ana.uri}/followers", bo.uri]


async def test_who_heard_of_a_bookmark_by_a_share_hears_of_its_edit_and_its_end(ana, server, fleet, clock):
    bo = await server.sign_up("bo")
    saved = await bo.save("https://sqlite.org/")
    await reader_of(ana, fleet)
    await reacting.share(ana.viewer, saved.path)
    await server.settle()

    await bo.edit("https://sqlite.org/", title="SQLite")
    [(_, inbox, _)] = await said("Update")
    assert inbox == "https://mastodon.example/inbox"
    await server.settle()
    await bo.remove("https://sqlite.org/")
    undo_runs_out(clock)
    await finish_removals()

    [(_, inbox, _)] = await said("Delete")
    assert inbox == "https://mastodon.example/inbox"


@pytest.mark.parametrize("do", [reacting.like, reacting.share])
@pytest.mark.parametrize(
    ("visibility", "seen", "refusal"),
    [("private", True, NotFound), ("followers", True, Forbidden), ("followers", False, NotFound)],
)
async def test_what_is_not_everybodys_is_refused(server, do, visibility, seen, refusal):
    ana, bo = await saver("ana"), await saver("bo")
    if seen:
        await befriend(bo, ana)
    saved = await save(ana, "https://sqlite.org/", visibility=visibility)

    with pytest.raises(FedimarkError) as refused:
        await do(bo, saved.path)

    assert type(refused.value) is refusal
    assert await amount("reaction") == await amount("share") == 0


@pytest.mark.parametrize("do", [reacting.like, reacting.share])
async def test_ones_own_what_is_removed_and_what_is_behind_a_block_are_refused(server, do):
    ana, bo = await saver("ana"), await saver("bo")
    saved = await save(ana, "https://sqlite.org/")

    with pytest.raises(Forbidden):
        await do(ana, saved.path)
    await people.block(ana, "bo")
    with pytest.raises(Forbidden):
        await do(bo, saved.path)
    await people.unblock(ana, "bo")
    await people.block(bo, "ana")
    with pytest.raises(NotFound):
        await do(bo, saved.path)
    await people.unblock(bo, "ana")
    await remove_bookmark(Owner.of(ana), saved.public_id)
    with pytest.raises(NotFound):
        await do(bo, saved.path)
    assert await amount("reaction") == await amount("share") == 0


async def test_a_bookmark_that_is_withdrawn_ends_what_was_done_with_it(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await befriend(cy, bo)
    saved = await save(ana, "https://sqlite.org/")
    await reacting.like(bo, saved.path)
    await reacting.share(bo, saved.path)

    private = await edit(ana, saved.public_id, "https://sqlite.org/", visibility="private")
    assert await amount("reaction") == await amount("share") == 0
    again = await edit(ana, private.public_id, "https://sqlite.org/", visibility="public")

    assert await counts((await row_of(ana, again))["id"]) == {"likes": 0, "shares": 0}
    assert await urls_of(NetworkStream(), cy) == []
    await assert_agreement()


async def test_what_is_unlisted_is_seen_by_the_sharers_readers_and_as_nobodys_who_is_suspended(server):
    ana, bo, cy, dan = [await saver(name) for name in ("ana", "bo", "cy", "dan")]
    await befriend(cy, bo)
    saved = await save(ana, "https://sqlite.org/")
    await reacting.share(bo, saved.path)

    await edit(ana, saved.public_id, "https://sqlite.org/", visibility="unlisted")

    assert await counts((await row_of(ana, saved))["id"]) == {"likes": 0, "shares": 1}
    assert await urls_of(NetworkStream(), cy) == ["https://sqlite.org/"]
    assert await urls_of(NetworkStream(), dan) == await urls_of(RecentStream(), cy) == []
    await assert_agreement()
    await suspension.suspend("ana")
    assert await urls_of(NetworkStream(), cy) == []
    await assert_agreement()
    await suspension.restore("ana")
    assert await urls_of(NetworkStream(), cy) == ["https://sqlite.org/"]
    await assert_agreement()
    await edit(ana, saved.public_id, "https://sqlite.org/", visibility="followers")
    assert await urls_of(NetworkStream(), cy) == []
    await assert_agreement()


async def test_who_is_suspended_or_blocked_is_not_counted(server):
    ana, bo = await saver("ana"), await saver("bo")
    row = await row_of(ana, saved := await save(ana, "https://sqlite.org/"))
    await reacting.like(bo, saved.path)
    await reacting.share(bo, saved.path)

    await suspension.suspend("bo")
    assert await counts(row["id"]) == {"likes": 0, "shares": 0}
    await suspension.restore("bo")
    await people.block(ana, "bo")
    assert await counts(row["id"]) == {"likes": 0, "shares": 0}
    await people.unblock(ana, "bo")

    assert await counts(row["id"]) == {"likes": 1, "shares": 1}


async def test_who_leaves_takes_likes_and_shares_along(ana, server):
    bo, cy = await server.sign_up("bo"), await server.sign_up("cy")
    await cy.follow(bo)
    saved = await ana.save("https://sqlite.org/")
    await reacting.like(bo.viewer, saved.path)
    await reacting.share(bo.viewer, saved.path)

    await leave(bo.viewer, "bo", PASSWORD)

    assert await amount("reaction") == await amount("share") == 0
    assert await urls_of(NetworkStream(), cy.viewer) == []
    await assert_agreement()


# --- on pages ---------------------------------------------------------------------------------------------------------


async def test_the_buttons_stand_where_one_may_and_the_same_one_takes_it_back(ana, server):
    bo = await server.sign_up("bo")
    saved = await ana.save("https://sqlite.org/", title="SQLite")
    path = f"/u/ana/b/{saved.public_id}"
    assert 'name="liked"' not in (await ana.browser.get(path)).text
    assert 'name="liked"' not in (await server.client.get(path)).text

    for name in ("like", "share"):
        state = f"{name}d"
        for _ in range(2):
            answer = await bo.browser.post("/press", data={state: saved.path, "back": path})
            assert (answer.status_code, answer.headers["location"]) == (303, f"{path}#e-{saved.public_id}")
        assert f"1 {name}" in (await server.client.get(path)).text
        assert f">{state}<" in (await bo.browser.get(path)).text
        assert f">{state}<" in (await bo.browser.get("/recent")).text
        await bo.browser.post("/press", data={state: f"-{saved.path}", "back": path})
        assert f"1 {name}" not in (await server.client.get(path)).text
        assert f">{state}<" not in (await bo.browser.get(path)).text


async def test_who_saved_the_page_too_may_like_anothers_save_of_it(ana, server):
    bo = await server.sign_up("bo")
    saved = await ana.save("https://sqlite.org/", title="SQLite")
    await bo.save("https://sqlite.org/", title="SQLite")

    assert 'name="liked"' in (await bo.browser.get(saved.path)).text
    assert 'name="liked"' in (await bo.browser.get("/u/ana")).text
    assert 'name="liked"' not in (await bo.browser.get("/network")).text


async def test_the_author_is_told_once_of_a_like_and_of_a_share(ana, server):
    bo = await server.sign_up("bo")
    saved = await ana.save("https://sqlite.org/")

    for _ in range(2):
        await reacting.like(bo.viewer, saved.path)
        await reacting.share(bo.viewer, saved.path)
        await reacting.unlike(bo.viewer, saved.path)
        await reacting.unshare(bo.viewer, saved.path)
        await reacting.like(bo.viewer, saved.path)

    told = await fetch("SELECT owner_id, actor_id, kind FROM notification ORDER BY kind")
    assert [tuple(row.values()) for row in told] == [
        (ana.viewer.actor_id, bo.viewer.actor_id, kind) for kind in (Kind.LIKE, Kind.SHARE)
    ]


async def test_a_note_tells_how_many_like_and_share_it(ana, server, fleet):
    bo = await server.sign_up("bo")
    saved = await ana.save("https://sqlite.org/")
    await reacting.like(bo.viewer, saved.path)
    await reacting.share(bo.viewer, saved.path)
    path = f"/u/ana/b/{saved.public_id}"
    headers = {"Accept": "application/activity+json"}

    note = (await server.client.get(path, headers=headers)).json()

    for name in ("likes", "shares"):
        assert note[name] == {"id": f"{ana.uri}/b/{saved.public_id}/{name}", "type": "Collection", "totalItems": 1}
        answer = await server.client.get(f"{path}/{name}", headers=headers)
        assert like_inside(answer.json()) == note[name]
        assert "bo" not in answer.text.replace(saved.public_id, "")  # which is of any letters


async def test_each_save_of_a_page_has_its_own_numbers(ana, server):
    bo, cy = await server.sign_up("bo"), await server.sign_up("cy")
    saved = await ana.save("https://sqlite.org/")
    await bo.save("https://sqlite.org/")
    await reacting.like(cy.viewer, saved.path)
    row = await fetch_one("SELECT hash FROM link")
    assert row is not None

    shown = {entry.saver.username: entry.reactions.likes for entry in await entries(LinkStream(row["hash"]))}

    assert shown == {"ana": 1, "bo": 0}


async def test_pressed_twice_at_once_it_is_said_once(marks, ana, server, fleet):
    await reader_of(ana, fleet)
    bo = await server.sign_up("bo")
    saved = await bo.save("https://sqlite.org/")

    await gather(*(do(ana.viewer, NOTE) for do in (reacting.like, reacting.share) for _ in range(4)))
    await gather(*(reacting.share(ana.viewer, saved.path) for _ in range(4)), bo.edit("https://sqlite.org/", title="S"))

    assert len(await said("Like")) == 1
    assert len(await said("Announce")) == 3
    assert (await amount("reaction"), await amount("share")) == (1, 2)
    await gather(*(reacting.unshare(ana.viewer, saved.path) for _ in range(4)), bo.remove("https://sqlite.org/"))
    assert await amount("share") == 1
    await assert_agreement()


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_likes_of_a_thousand_strangers_are_counted_and_disturb_nobody(ana, server, fleet):
    # Given a bookmark that a thousand people of ten servers like, each twice, and one who takes it back
    saved = await ana.save("https://sqlite.org/")
    note_uri = f"{ana.uri}/b/{saved.public_id}"
    few = await statements_of(ana, saved.path)
    fan = Stranger(fleet, CLEO)
    await fan.say({"id": f"{CLEO}#likes/1", "type": "Like", "actor": CLEO, "object": note_uri})
    for number in range(1_000):
        one = Stranger(fleet, f"https://crowd{number % 10}.example/users/n{number}", fan.key)
        await one.say({"id": f"{one.uri}#likes/1", "type": "Like", "actor": one.uri, "object": note_uri})
        if number % 100 == 0:
            await one.say({"id": f"{one.uri}#likes/2", "type": "Like", "actor": one.uri, "object": note_uri})

    # When they are applied
    await applied()
    await fan.do({"id": f"{CLEO}#u1", "type": "Undo", "actor": CLEO, "object": f"{CLEO}#likes/1"})

    # Then all are counted once, and the page costs what it cost
    [row] = await fetch("SELECT id FROM bookmark")
    assert await counts(row["id"]) == {"likes": 1_000, "shares": 0}
    assert await statements_of(ana, saved.path) == few
    assert "1,000 likes" in (await ana.browser.get(saved.path)).text
    assert await urls_of(NetworkStream(), ana.viewer) == ["https://sqlite.org/"]
    await assert_agreement()


async def statements_of(person: Any, path: str) -> int:
    """How many statements a page costs."""
    with statements() as ran:
        await person.browser.get(path)
    return len(ran)


async def test_nobody_takes_back_anothers_like(ana, server, fleet):
    saved = await ana.save("https://sqlite.org/")
    note_uri = f"{ana.uri}/b/{saved.public_id}"
    cleo, eve = Stranger(fleet, CLEO), Stranger(fleet, "https://mastodon.example/users/eve")
    like = {"id": f"{CLEO}#likes/1", "type": "Like", "actor": CLEO, "object": note_uri}
    await cleo.do(like)
    [row] = await fetch("SELECT id FROM bookmark")

    await eve.do({"id": f"{eve.uri}#u1", "type": "Undo", "actor": eve.uri, "object": like["id"]})
    assert await counts(row["id"]) == {"likes": 1, "shares": 0}
    with pytest.raises(FedimarkError):
        await eve.do({"id": f"{eve.uri}#u2", "type": "Undo", "actor": eve.uri, "object": like})

    assert await counts(row["id"]) == {"likes": 1, "shares": 0}


async def test_an_undo_that_comes_before_its_like_keeps_it_out(ana, fleet):
    saved = await ana.save("https://sqlite.org/")
    cleo = Stranger(fleet, CLEO)
    like = {"id": f"{CLEO}#likes/1", "type": "Like", "actor": CLEO, "object": f"{ana.uri}/b/{saved.public_id}"}

    await cleo.do({"id": f"{CLEO}#u1", "type": "Undo", "actor": CLEO, "object": like})
    assert await cleo.do(like) == "ignored"

    assert await amount("reaction") == 0


async def test_a_like_of_what_was_deleted_is_ignored(ana, fleet, clock):
    saved = await ana.save("https://sqlite.org/")
    await ana.remove("https://sqlite.org/")
    cleo = Stranger(fleet, CLEO)
    for number in range(2):
        like = {
            "id": f"{CLEO}#likes/{number}",
            "type": "Like",
            "actor": CLEO,
            "object": f"{ana.uri}/b/{saved.public_id}",
        }
        assert await cleo.do(like) == "ignored"
        undo_runs_out(clock)
        await finish_removals()

    assert await amount("reaction") == 0


async def test_a_reaction_of_a_misskey_is_no_like_unless_it_means_one(ana, fleet, wire):
    saved = await ana.save("https://sqlite.org/")
    uri = "https://misskey.example/users/9kq2v8zz01"
    fan = Stranger(fleet, uri)
    like = wire("misskey/like") | {"object": f"{ana.uri}/b/{saved.public_id}"}

    assert await fan.do(like) == "ignored"
    assert await fan.do({**like, "id": f"{uri}/2", "content": "❤️", "_misskey_reaction": "❤️"}) == "liked"

    assert await amount("reaction") == 1


async def test_taking_back_what_one_never_did_tells_nothing_of_what_one_may_not_see(marks, ana, server, wire):
    bo = await server.sign_up("bo")
    hidden = [
        (await ana.save("https://sqlite.org/", visibility=visibility)).path for visibility in ("private", "followers")
    ]
    update = wire("fedimark/update_note")
    await marks.do({**update, "object": {**update["object"], "to": [f"{MARKS}/followers"], "cc": []}})
    unknown = f"{MARKS}/b/aaaaaaaaaaaaa"

    for name in ("liked", "shared"):
        for named in (*hidden, NOTE, unknown):
            answer = await bo.browser.post("/press", data={name: f"-{named}"})

            assert answer.status_code == 404, (name, named)


async def test_what_one_liked_can_be_taken_back_once_one_sees_it_no_more(ana, server):
    bo = await server.sign_up("bo")
    saved = await ana.save("https://sqlite.org/")
    await reacting.like(bo.viewer, saved.path)
    await reacting.share(bo.viewer, saved.path)
    await mutes.mute(bo.viewer, "ana")

    await reacting.unlike(bo.viewer, saved.path)
    await reacting.unshare(bo.viewer, saved.path)

    assert await amount("reaction") == await amount("share") == 0
