"""Shares and likes of people elsewhere: what is shared is asked of its origin, and nobody else is believed."""

from __future__ import annotations

import random
from itertools import permutations
from typing import Any

import pytest

from fedimark import addresses
from fedimark.bookmarks.shares import bookmark_of, counts
from fedimark.database import execute, fetch, fetch_one
from fedimark.errors import Forbidden
from fedimark.follows.request import unfollow
from fedimark.inbox.apply import apply_waiting
from fedimark.moderation import domains, people
from fedimark.timelines.queries import find, page
from fedimark.timelines.stream import LinkStream, NetworkStream
from fedimark.vocab.terms import PUBLIC
from fedimark.worker import prune
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, amount, applied, outcome
from tests.rooms.test_incoming import followed
from tests.support.savers import assert_agreement

MARKS = "https://marks.example/u/ana"
NOTE = f"{MARKS}/b/k3v7q2mzt5xha"
PATH = "/u/ana/b/k3v7q2mzt5xha"
CLEO = "https://mastodon.example/users/cleo"
BOTANY = "https://lemmy.example/c/botany"
HAL = "https://lemmy.example/u/hal"


@pytest.fixture
async def author(server, fleet, wire, clock) -> Stranger:
    """Somebody of another fedimark whom nobody here follows, with one bookmark."""
    clock.set("2026-08-22T00:00:00Z")
    author = Stranger(fleet, MARKS)
    author.peer.document(PATH, wire("fedimark/create_note")["object"])
    return author


@pytest.fixture
async def cleo(author, fleet, ana) -> Stranger:
    """Somebody of a Mastodon, whom ana follows."""
    return await followed(ana, Stranger(fleet, CLEO))


@pytest.fixture
async def botany(author, fleet, ana) -> Stranger:
    """A community of a Lemmy, which ana follows, with somebody who posts there."""
    group = await followed(ana, Stranger(fleet, BOTANY, type="Group"))
    Stranger(fleet, HAL)
    return group


async def network(person: Any) -> list[tuple[str, int]]:
    """Address and place of each entry of somebody's network."""
    found = await page(await find(NetworkStream(), person.viewer), None, 20)
    return [(entry.url, entry.at) for entry in found.entries]


SHARED = ("https://store.example/cache?page=2", 1_787_310_000_000_000)


async def test_what_somebody_followed_shares_is_fetched_and_seen_since_it_was_shared(cleo, ana, author, wire):
    assert await cleo.do(wire("mastodon/announce")) == "shared"

    assert await network(ana) == [SHARED]
    row = await bookmark_of(NOTE)
    assert row is not None
    assert row["actor_id"] == (await author.row())["id"]
    await assert_agreement()


async def test_what_is_embedded_in_a_share_is_never_believed(cleo, wire):
    forged = wire("fedimark/create_note")["object"] | {"nameMap": {"en": "Forged"}}

    await cleo.do(wire("mastodon/announce") | {"object": forged})

    row = await bookmark_of(NOTE)
    assert row is not None
    assert row["title"] == "How the page cache works"


@pytest.mark.parametrize(
    "changed",
    [
        {"attributedTo": "https://other.example/u/ana"},
        {"id": "https://marks.example/u/ana/b/another"},
        {"to": [f"{MARKS}/followers"], "cc": []},
        {"type": "Video"},
    ],
    ids=["another's", "another id", "not public", "no note"],
)
async def test_what_its_origin_does_not_show_is_not_shared(cleo, ana, author, wire, changed):
    author.peer.document(PATH, wire("fedimark/create_note")["object"] | changed)

    assert await cleo.do(wire("mastodon/announce")) == "ignored"

    assert await network(ana) == []


async def test_what_an_edit_makes_a_bookmark_is_shared_whether_the_share_came_before_it_or_after(
    cleo, ana, author, wire, clock
):
    # Given a Note without a link, by somebody whom nobody here follows, and its edit that names a page
    empty = {"attachment": [], "content": "<p>nothing</p>"}
    update = wire("fedimark/update_note")
    steps = {"share": wire("mastodon/announce"), "edit": update}

    for order in permutations(steps):
        for step in (*order, *order):
            # When both come, and its server shows what it is at that moment
            shown = update["object"] if step == "edit" else wire("fedimark/create_note")["object"] | empty
            author.peer.document(PATH, update["object"] if order[0] == "edit" else shown)
            await (cleo if step == "share" else author).do(steps[step])

        # Then it is seen since it was shared
        assert await network(ana) == [SHARED]
        await assert_agreement()
        await author.do({**wire("fedimark/delete_note"), "id": f"{NOTE}/activity/{order[0]}"})
        assert (await network(ana), await amount("share")) == ([], 0)
        for table in ("received_activity", "tombstone", "withheld"):
            await execute(f"DELETE FROM {table}")


async def test_a_share_of_what_never_was_a_bookmark_is_forgotten_after_a_month(cleo, author, wire, clock):
    author.peer.document(PATH, wire("fedimark/create_note")["object"] | {"attachment": [], "content": "<p>Hm.</p>"})
    assert await cleo.do(wire("mastodon/announce")) == "remembered"

    clock.forward(days=29)
    await prune()
    assert await amount("share") == 1
    clock.forward(days=2)
    await prune()

    assert await amount("share") == 0


async def test_only_people_followed_here_are_heard_and_nothing_is_fetched_for_others(author, fleet, wire, ana):
    stranger = Stranger(fleet, CLEO)

    assert await stranger.do(wire("mastodon/announce")) == "ignored"

    assert author.peer.asked == []


async def test_a_share_waits_for_a_server_that_does_not_answer_while_others_pass(cleo, ana, wire, fleet, clock):
    fleet.network.down.add("marks.example")
    await cleo.say(wire("mastodon/announce"))
    await apply_waiting()
    await cleo.say({"id": f"{CLEO}/9", "type": "Listen", "actor": CLEO, "object": ana.uri})
    await apply_waiting()
    assert await outcome() == "ignored"
    await applied()
    assert await network(ana) == []

    fleet.network.down.clear()
    clock.forward(seconds=61)
    await applied()

    assert await network(ana) == [SHARED]


async def test_a_share_of_a_share_and_a_save_stand_as_one_entry_at_the_earliest_moment(cleo, ana, fleet, wire):
    fay = await followed(ana, Stranger(fleet, "https://pleroma.example/users/fay"))
    earlier = {"id": f"{fay.uri}/1", "actor": fay.uri, "published": "2026-08-21T08:00:00Z"}
    await cleo.do(wire("mastodon/announce"))

    await fay.do(wire("mastodon/announce") | earlier)
    both = await network(ana)
    await followed(ana, Stranger(fleet, MARKS))

    assert both == [(SHARED[0], SHARED[1] - 3 * 3600 * 1_000_000)]
    assert await network(ana) == [(SHARED[0], 1_787_217_300_000_000)]
    await assert_agreement()


@pytest.mark.parametrize("named", ["by id alone", "whole", "by object"])
async def test_an_undo_takes_it_out_again_with_what_was_here_for_it_alone(cleo, ana, wire, named):
    await cleo.do(wire("mastodon/announce"))
    undo = wire("mastodon/undo_announce")
    if named == "by id alone":
        undo["object"] = undo["object"]["id"]
    if named == "by object":
        del undo["object"]["id"]

    assert await cleo.do(undo) == "unshared"

    assert await network(ana) == []
    assert await amount("bookmark") == 0
    await assert_agreement()


async def test_an_undo_that_comes_first_keeps_the_share_out(cleo, ana, wire):
    await cleo.do(wire("mastodon/undo_announce"))

    assert await cleo.do(wire("mastodon/announce")) == "ignored"

    assert await network(ana) == []


@pytest.mark.parametrize("last", ["said", "taken back"])
async def test_what_is_said_again_under_its_id_ends_alike_in_every_order(cleo, ana, wire, clock, last):
    # Given a share that was taken back and said again under the same id, as tags do, and perhaps taken back again
    first, undo = wire("mastodon/announce"), wire("mastodon/undo_announce")
    clock.set("2026-08-22T00:00:00Z")
    again = {"published": "2026-08-21T12:00:00Z"}
    said = [first, undo, first | again]
    if last == "taken back":
        said.append({**undo, "id": f"{undo['id']}-2", "object": undo["object"] | again})

    # When it comes in whatever order
    for order in permutations(said):
        for document in (*order, *order):
            await cleo.do(document)

        # Then the last word holds
        assert [at for _, at in await network(ana)] == ([] if last == "taken back" else [1_787_313_600_000_000])
        for table in ("received_activity", "tombstone"):
            await execute(f"DELETE FROM {table}")
        await cleo.do(undo | {"object": undo["object"]["id"]})
        for table in ("received_activity", "tombstone"):
            await execute(f"DELETE FROM {table}")


async def test_nobody_takes_back_anothers_share(cleo, ana, fleet, wire):
    eve = await followed(ana, Stranger(fleet, "https://mastodon.example/users/eve"))
    await cleo.do(wire("mastodon/announce"))
    undo = wire("mastodon/undo_announce") | {"actor": eve.uri, "id": f"{eve.uri}#1"}

    with pytest.raises(Forbidden):
        await eve.say(undo)
    assert await eve.do(undo | {"object": undo["object"]["id"]}) == "ignored"

    assert await network(ana) == [SHARED]


async def test_follows_that_begin_and_end_bring_shares_and_take_them_away(cleo, ana, server, wire):
    await cleo.do(wire("mastodon/announce"))
    bo = await server.sign_up("bo")

    await followed(bo, cleo)
    assert await network(bo) == [SHARED]
    await unfollow(ana.viewer, CLEO)

    assert await network(ana) == []
    assert await network(bo) == [SHARED]
    await assert_agreement()


async def test_a_sharer_who_leaves_takes_the_share_along(cleo, ana, wire):
    await cleo.do(wire("mastodon/announce"))

    assert await cleo.do({"id": f"{CLEO}#delete", "type": "Delete", "actor": CLEO, "object": CLEO}) == "gone"

    assert (await amount("share"), await amount("bookmark"), await network(ana)) == (0, 0, [])
    await assert_agreement()


async def test_the_page_of_a_shared_link_is_there_for_whom_it_was_shared(cleo, ana, server, wire):
    bo = await server.sign_up("bo")
    await cleo.do(wire("mastodon/announce"))
    link = await fetch_one("SELECT hash FROM link")
    assert link is not None
    await execute("UPDATE bookmark SET listed = ?", False)

    stream = LinkStream(link["hash"])

    assert len((await page(await find(stream, ana.viewer), None, 20)).entries) == 1
    assert (await bo.browser.get(addresses.link(link["hash"]))).status_code == 404


# --- groups (FEP-1b12) ------------------------------------------------------------------------------------------------


async def test_a_group_that_announces_a_create_shares_what_its_origin_shows(botany, ana, wire):
    botany.peer.document("/post/7", wire("lemmy/page"))

    assert await botany.do(wire("lemmy/announce_create_page")) == "shared"

    [(url, _)] = await network(ana)
    assert url == "https://lichens.example/guide"
    assert {each.method for each in botany.peer.asked} == {"GET"}


async def test_a_comment_that_a_group_announces_is_not_even_fetched(botany, wire):
    assert await botany.do(wire("lemmy/announce_create_comment")) == "ignored"

    assert "/comment/8" not in [asked.target for asked in botany.peer.asked]


async def test_a_group_saying_that_something_ended_is_a_reason_to_look(botany, ana, wire):
    botany.peer.document("/post/7", wire("lemmy/page"))
    await botany.do(wire("lemmy/announce_create_page"))

    await botany.do(wire("lemmy/announce_delete_page"))
    assert len(await network(ana)) == 1
    botany.peer.answers["/post/7"] = Says(410)
    gone = await botany.do(wire("lemmy/announce_delete_page") | {"id": "https://lemmy.example/activities/again"})

    assert gone == "deleted"
    assert await network(ana) == []
    await assert_agreement()


# --- what is ours -----------------------------------------------------------------------------------------------------


async def test_shares_and_likes_of_ours_are_counted_once_for_each_person(ana, fleet, wire, server):
    saved = await ana.save("https://sqlite.org/")
    here = {NOTE: f"{ana.uri}/b/{saved.public_id}", "marks.example": "a.example"}
    row = await fetch_one("SELECT * FROM bookmark")
    assert row is not None
    for uri in (CLEO, "https://mastodon.example/users/eve"):
        fan = Stranger(fleet, uri)
        for number, name in enumerate(("mastodon/like", "mastodon/announce", "mastodon/like")):
            await fan.do(wire(name, **here) | {"actor": uri, "id": f"{uri}/{number}"})
    assert await counts(row["id"]) == {"likes": 2, "shares": 2}

    fan = Stranger(fleet, CLEO)
    assert await fan.do(wire("mastodon/undo_like", **here)) == "ignored"
    last = {"id": f"{CLEO}/x", "type": "Undo", "actor": CLEO, "object": f"{CLEO}/2"}
    assert await fan.do(last) == "unliked"

    assert await counts(row["id"]) == {"likes": 1, "shares": 2}


async def test_who_is_blocked_is_not_counted(ana, fleet, wire):
    saved = await ana.save("https://sqlite.org/")
    here = {NOTE: f"{ana.uri}/b/{saved.public_id}", "marks.example": "a.example"}
    fan = Stranger(fleet, CLEO)
    await fan.row()
    await people.block(ana.viewer, CLEO)

    assert await fan.do(wire("mastodon/like", **here)) == "ignored"
    assert await fan.do(wire("mastodon/announce", **here)) == "ignored"

    assert await amount("reaction") == await amount("share") == 0


async def liked_and_shared(ana: Any, fleet: Any, wire: Any) -> tuple[Stranger, int]:
    """Somebody elsewhere who likes and shares ana's one bookmark, and its row's id."""
    saved = await ana.save("https://sqlite.org/")
    here = {NOTE: f"{ana.uri}/b/{saved.public_id}", "marks.example": "a.example"}
    fan = Stranger(fleet, CLEO)
    for name in ("mastodon/like", "mastodon/announce"):
        await fan.do(wire(name, **here))
    row = await fetch_one("SELECT id FROM bookmark")
    assert row is not None
    assert await counts(row["id"]) == {"likes": 1, "shares": 1}
    return fan, row["id"]


async def test_whom_the_saver_blocks_later_does_not_count_any_more(ana, fleet, wire):
    _, bookmark_id = await liked_and_shared(ana, fleet, wire)

    await people.block(ana.viewer, CLEO)
    assert await counts(bookmark_id) == {"likes": 0, "shares": 0}

    await people.unblock(ana.viewer, CLEO)
    assert await counts(bookmark_id) == {"likes": 1, "shares": 1}


async def test_who_blocks_the_saver_later_does_not_count_any_more(ana, fleet, wire):
    fan, bookmark_id = await liked_and_shared(ana, fleet, wire)

    await fan.do({"id": f"{CLEO}#block", "type": "Block", "actor": CLEO, "object": ana.uri})

    assert await counts(bookmark_id) == {"likes": 0, "shares": 0}


async def test_a_block_by_somebody_else_changes_no_count(ana, server, fleet, wire):
    _, bookmark_id = await liked_and_shared(ana, fleet, wire)
    bo = await server.sign_up("bo")

    await people.block(bo.viewer, CLEO)

    assert await counts(bookmark_id) == {"likes": 1, "shares": 1}


async def test_likes_and_shares_from_a_domain_blocked_later_are_dropped(ana, server, fleet, wire):
    _, bookmark_id = await liked_and_shared(ana, fleet, wire)

    await domains.block_domain("mastodon.example")
    await server.settle()

    assert await counts(bookmark_id) == {"likes": 0, "shares": 0}


@pytest.mark.parametrize("visibility", ["private", "followers"])
async def test_what_is_not_for_all_is_shown_to_nobody_by_sharing_it(ana, server, fleet, wire, visibility):
    bo = await server.sign_up("bo")
    cleo = await followed(bo, Stranger(fleet, CLEO))
    saved = await ana.save("https://sqlite.org/", visibility=visibility)
    announce = wire("mastodon/announce", **{NOTE: f"{ana.uri}/b/{saved.public_id}"})

    await cleo.do(announce)

    assert await network(bo) == []
    await assert_agreement()


async def test_an_author_whose_handle_is_of_a_blocked_domain_is_not_shared(cleo, author, wire):
    await author.row()
    await execute("UPDATE actor SET host = 'bad.example' WHERE uri = ?", MARKS)
    await domains.block_domain("bad.example")

    assert await cleo.do(wire("mastodon/announce")) == "ignored"

    assert await amount("bookmark") == 0


async def test_likes_of_what_is_not_ours_or_not_there_are_not_counted(ana, fleet, wire):
    fan = Stranger(fleet, CLEO)

    assert await fan.do(wire("mastodon/like")) == "ignored"
    assert await fan.do(wire("mastodon/like", **{"marks.example": "a.example"}) | {"id": f"{CLEO}/2"}) == "ignored"
    assert await amount("reaction") == 0


async def test_a_readers_network_holds_what_somebody_elsewhere_shared_of_a_neighbour(ana, cleo, server, wire, clock):
    bo = await server.sign_up("bo")
    saved = await bo.save("https://sqlite.org/")
    clock.forward(days=1)

    assert await cleo.do(wire("mastodon/announce", **{NOTE: f"{bo.uri}/b/{saved.public_id}"})) == "shared"

    assert [url for url, _ in await network(ana)] == ["https://sqlite.org/"]
    await bo.remove("https://sqlite.org/")
    assert await network(ana) == []
    await assert_agreement()


# --- in whatever order ------------------------------------------------------------------------------------------------


def said_of_one_page(wire: Any) -> list[tuple[str, dict[str, Any]]]:
    """Everything three people say of two Notes, each with who says it."""
    second = {"k3v7q2mzt5xha": "second", "page=2": "page=1"}
    update = wire("fedimark/update_note")
    undo = wire("mastodon/undo_announce")
    later = {**undo["object"], "@context": undo["@context"], "published": "2026-08-21T15:00:00Z", "id": f"{CLEO}/again"}
    fays = {"id": "https://pleroma.example/a", "actor": "https://pleroma.example/users/fay"}
    return [
        (MARKS, wire("fedimark/create_note")),
        (MARKS, update),
        (MARKS, {**update, "id": f"{NOTE}/u3", "object": {**update["object"], "to": ["https://x.example/"], "cc": []}}),
        (MARKS, shown(update)),
        (MARKS, wire("fedimark/create_note", **second)),
        (MARKS, wire("fedimark/delete_note", **second)),
        (CLEO, wire("mastodon/announce")),
        (CLEO, undo),
        (CLEO, later),
        (CLEO, wire("mastodon/announce", **second) | {"id": f"{CLEO}/2"}),
        (fays["actor"], wire("mastodon/announce") | fays),
    ]


def shown(update: dict[str, Any]) -> dict[str, Any]:
    """The last edit, after which everybody sees it again."""
    note = {**update["object"], "updated": "2026-08-21T20:00:00Z", "nameMap": {"en": "At last"}, "to": [PUBLIC]}
    return {**update, "id": f"{NOTE}/u4", "object": note}


async def state() -> list[Any]:
    """What all of it came to."""
    kept = await fetch("SELECT uri, title, url, saved_at, updated_at FROM bookmark ORDER BY uri")
    shares = await fetch("SELECT actor_id, uri, shared_at FROM share ORDER BY actor_id")
    entries = await fetch(
        "SELECT e.stream, e.owner_id, l.canonical, e.position FROM entry e JOIN link l ON l.id = e.link_id"
    )
    return [kept, shares, sorted(map(str, entries))]


async def test_whatever_order_and_however_often_it_comes_to_the_same(author, cleo, ana, fleet, wire):
    marks = await followed(ana, author)
    fay = await followed(ana, Stranger(fleet, "https://pleroma.example/users/fay"))
    people = {each.uri: each for each in (marks, cleo, fay)}
    said = said_of_one_page(wire)
    marks.peer.document(PATH, said[3][1]["object"])
    marks.peer.answers[PATH.replace("k3v7q2mzt5xha", "second")] = Says(410)
    ends: list[Any] = []
    for seed in range(12):
        order = [*said, *random.Random(seed).choices(said, k=4)]
        random.Random(seed).shuffle(order)
        for who, document in order:
            await people[who].say(document)
            if seed % 3:
                await applied()
        await applied()
        ends.append(await state())
        await assert_agreement()
        for table in (
            "received_activity",
            "tombstone",
            "withheld",
            "share",
            "bookmark",
            "bookmark_tag",
            "entry",
            "tally",
        ):
            await execute(f"DELETE FROM {table}")
        await execute("UPDATE link SET savers = 0")

    assert all(end == ends[0] for end in ends)
    [row], shares, _ = ends[0]
    assert (row["title"], [share["uri"] for share in shares]) == (
        "At last",
        [f"{CLEO}/again", "https://pleroma.example/a"],
    )
