"""What people here may do with bookmarks: as their authors say, and never with what is not everybody's."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.database import execute, fetch_one
from fedimark.moderation import people
from fedimark.policy.interactions import Act, Who, allowed, may, with_rule
from fedimark.vocab.terms import PUBLIC
from tests.rooms.strangers import Stranger
from tests.rooms.test_incoming import changed, followed, kept
from tests.support.savers import row_of, save, saver

MARKS = "https://marks.example/u/ana"
BETULA = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at)
VALUES ('marks.example', '', 0, 'betula', 0, 0)
ON CONFLICT (host) DO UPDATE SET software = excluded.software
"""
ALL = frozenset(Act)
TALK = frozenset({Act.REPLY, Act.QUOTE, Act.QUOTE_ASKING})


@pytest.fixture
async def marks(server, fleet, ana) -> Stranger:
    """Somebody of another fedimark, whom ana follows."""
    return await followed(ana, Stranger(fleet, MARKS))


async def acts_of(person: Any) -> frozenset[Act]:
    """What somebody may do with the one bookmark from elsewhere."""
    [row] = await kept()
    return (await allowed(person.viewer.actor_id, [row["id"]])).get(row["id"], frozenset())


def saying(create: dict[str, Any], **policy: Any) -> dict[str, Any]:
    return changed(create, interactionPolicy=policy)


async def test_silence_allows_everything_but_quotes(marks, ana, wire):
    await marks.do(changed(wire("fedimark/create_note"), interactionPolicy=None))

    assert await acts_of(ana) == {Act.LIKE, Act.REPLY, Act.SHARE}


async def test_silence_allows_quotes_where_remarks_are_quotes(marks, ana, wire):
    # Given a Note of a Betula, which knows no policies
    await execute(BETULA)
    await marks.do(changed(wire("fedimark/create_note"), interactionPolicy=None))

    assert await acts_of(ana) == ALL


async def test_what_is_for_followers_is_for_who_follows(marks, ana, server, wire):
    bo = await server.sign_up("bo")
    await marks.do(saying(wire("fedimark/create_note"), canLike={"always": [f"{MARKS}/followers"]}))

    assert Act.LIKE in await acts_of(ana)
    assert Act.LIKE not in await acts_of(bo)


async def test_an_edit_changes_what_is_allowed_whatever_comes_first(marks, ana, wire, clock):
    clock.set("2026-08-22T00:00:00Z")
    create = saying(wire("fedimark/create_note"), canLike={"automaticApproval": [PUBLIC]})
    update = saying(wire("fedimark/update_note"), canLike={"automaticApproval": []}, canAnnounce={"always": [MARKS]})

    for first, second in permutations([create, update]):
        await marks.do(first)
        await marks.do(second)

        assert {Act.LIKE, Act.SHARE}.isdisjoint(await acts_of(ana))
        for table in ("bookmark", "received_activity", "withheld"):
            await execute(f"DELETE FROM {table}")


async def test_two_states_of_one_moment_come_to_the_same(marks, ana, wire):
    one = saying(wire("fedimark/create_note"), canLike={"always": [PUBLIC]})
    other = saying(wire("fedimark/create_note"), canLike={"always": []}) | {"id": f"{MARKS}/b/other/activity"}
    found = []

    for first, second in permutations([one, other]):
        marks.peer.document("/u/ana/b/k3v7q2mzt5xha", one["object"])
        await marks.do(first)
        await marks.do(second)
        found.append((await kept())[0]["allows"])
        for table in ("bookmark", "received_activity", "withheld"):
            await execute(f"DELETE FROM {table}")

    assert found[0] == found[1]


@pytest.mark.parametrize("visibility", ["private", "followers"])
async def test_what_is_not_everybodys_may_not_be_touched(server, visibility):
    ana, bo = await saver("ana"), await saver("bo")
    row = await row_of(ana, await save(ana, "https://store.example/", visibility=visibility))

    assert await allowed(bo.actor_id, [row["id"]]) == await allowed(ana.actor_id, [row["id"]]) == {}


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
async def test_of_ones_own_one_may_speak_and_no_more(server, visibility):
    ana, bo = await saver("ana"), await saver("bo")
    row = await row_of(ana, await save(ana, "https://store.example/", visibility=visibility))

    assert await allowed(bo.actor_id, [row["id"]]) == {row["id"]: ALL}
    assert await allowed(ana.actor_id, [row["id"]]) == {row["id"]: TALK}


async def test_under_privacy_lock_one_says_nothing_to_anybody(server):
    ana, bo = await saver("ana"), await saver("bo", locked=True)
    row = await row_of(ana, await save(ana, "https://store.example/"))

    assert await allowed(bo.actor_id, [row["id"]]) == {}
    assert await allowed(ana.actor_id, [row["id"]]) == {row["id"]: TALK}


async def test_nothing_is_allowed_across_a_block_nor_with_what_is_removed_or_of_the_suspended(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    saved = await save(ana, "https://store.example/")
    row = await row_of(ana, saved)

    await people.block(bo, "ana")
    assert not await may(bo.actor_id, Act.REPLY, row["id"])
    await people.unblock(bo, "ana")
    await people.block(ana, "bo")
    assert not await may(bo.actor_id, Act.REPLY, row["id"])
    assert await may(cy.actor_id, Act.REPLY, row["id"])
    await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", ana.actor_id)
    assert not await may(cy.actor_id, Act.REPLY, row["id"])
    await execute("UPDATE actor SET suspended_at = NULL WHERE id = ?", ana.actor_id)
    await remove_bookmark(Owner.of(ana), saved.public_id)
    assert not await may(cy.actor_id, Act.REPLY, row["id"])


async def test_one_act_is_turned_off_and_an_edit_of_the_words_leaves_it_so(server):
    ana, bo = await saver("ana"), await saver("bo")
    row = await row_of(ana, await save(ana, "https://store.example/"))
    await execute("UPDATE bookmark SET allows = ? WHERE id = ?", with_rule(0, Act.REPLY, Who.NOBODY), row["id"])

    await save(ana, "https://store.example/", title="A store")

    assert await allowed(bo.actor_id, [row["id"]]) == {row["id"]: ALL - {Act.REPLY}}
    assert await fetch_one("SELECT title FROM bookmark WHERE id = ?", row["id"]) == {"title": "A store"}


async def test_what_is_of_a_feed_has_nobody_who_would_hear(marks, ana, wire):
    await marks.do(wire("fedimark/create_note"))
    await execute("UPDATE actor SET inbox = '' WHERE uri = ?", MARKS)

    assert await acts_of(ana) == frozenset()
