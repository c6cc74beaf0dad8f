"""Other servers are told of a bookmark by the worker, as it stands then, and never of what is gone by then."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fedimark.accounts.leave import leave
from fedimark.bookmarks import untold
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.hushing import take_no_replies
from fedimark.bookmarks.remove import undo_remove
from fedimark.bookmarks.save import save_many
from fedimark.bookmarks.tags import rename_tag
from fedimark.bookmarks.untold import tell_waiting
from fedimark.database import execute, fetch, fetch_one
from fedimark.moderation import domains
from fedimark.moderation.suspension import restore, suspend
from tests.rooms.strangers import amount, told
from tests.rooms.test_delivery import INBOX, OTHER, follower
from tests.support.people import PASSWORD, Person
from tests.support.savers import undo_runs_out

PAGE = "https://page.example/"


@pytest.fixture
async def bob(server, ana) -> None:
    """Somebody elsewhere who follows ana."""
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)


def owner(person: Person) -> Owner:
    """Somebody as a saver."""
    return Owner.of(person.viewer)


async def said() -> list[tuple[str, str]]:
    """What waits to be sent, in order: the kind of each, and how the bookmark is called."""
    sql = "SELECT a.kind, a.body FROM delivery d JOIN activity a ON a.id = d.activity_id ORDER BY d.id"
    return [(row["kind"], title_in(row["body"])) for row in await fetch(sql)]


def title_in(body: str) -> str:
    """The title of the bookmark in a document, empty where it has none."""
    _, _, rest = body.partition('"nameMap":{"en":"')
    return rest.partition('"')[0]


async def arrived() -> None:
    """Everything said so far arrived."""
    await execute(
        "INSERT INTO reach (object_hash, inbox_hash, inbox) SELECT object_hash, inbox_hash, inbox FROM delivery"
    )
    await execute("DELETE FROM delivery")


async def unable_to_prove(person: Person) -> None:
    """Let nothing public of somebody be told: their key is none."""
    await execute("UPDATE actor SET proof_private_key = 'broken' WHERE id = ?", person.viewer.actor_id)


async def test_a_save_says_nothing_by_itself_and_the_worker_tells_it_once(ana, bob):
    await ana.save(PAGE, title="one")
    assert await said() == []

    assert await tell_waiting() == 1

    assert await said() == [("Create", "one")]
    assert (await tell_waiting(), await amount("telling")) == (0, 0)


async def test_what_leaves_nowhere_is_not_even_written_down(ana, bob):
    await ana.save(PAGE, visibility="private")
    await ana.save("javascript:alert(1)", visibility="public")

    assert await amount("telling") == 0


async def test_an_import_leaves_nothing_to_tell(ana, bob):
    await save_many(owner(ana), [read_draft(url=PAGE, visibility="public")])

    assert await amount("telling") == 0


@pytest.mark.parametrize("visibility", ["public", "unlisted", "followers"])
async def test_what_is_made_private_before_it_is_told_was_never_said(ana, bob, visibility):
    await ana.save(PAGE, title="secret", visibility=visibility)

    await ana.edit(PAGE, visibility="private")
    await told()

    assert (await said(), await amount("activity"), await amount("telling")) == ([], 0, 0)


async def test_narrowed_before_it_is_told_it_goes_to_followers_alone(ana, bob):
    await ana.save(PAGE, title="one", visibility="public")

    await ana.edit(PAGE, visibility="followers")
    await told()

    [row] = await fetch("SELECT body FROM activity")
    assert "#Public" not in row["body"]
    assert await said() == [("Create", "one")]


async def test_what_is_removed_before_it_is_told_is_told_when_it_comes_back(ana, bob):
    saved = await ana.save(PAGE, title="one")
    await ana.remove(PAGE)
    await told()
    assert await said() == []

    await undo_remove(owner(ana), saved.public_id)
    await told()

    assert await said() == [("Create", "one")]


async def test_what_ends_before_it_is_told_is_told_to_nobody(ana, bob, server, clock):
    await ana.save(PAGE)
    await ana.remove(PAGE)
    undo_runs_out(clock)

    await server.settle()

    assert (await amount("activity"), await amount("telling")) == (0, 0)


async def test_what_ends_after_it_was_told_is_told_as_ended(ana, bob, clock, server):
    await ana.save(PAGE, title="one")
    await told()
    await arrived()

    await ana.edit(PAGE, visibility="private")
    await told()

    assert [kind for kind, _ in await said()] == ["Delete"]


async def test_edits_before_it_is_told_are_told_with_it(ana, bob):
    await ana.save(PAGE, title="one")
    await ana.edit(PAGE, title="two")
    await ana.edit(PAGE, title="three")

    await told()

    assert await said() == [("Create", "three")]


async def test_of_several_edits_the_last_words_are_told(ana, bob):
    await ana.save(PAGE, title="one")
    await told()
    await arrived()
    await ana.edit(PAGE, title="two")
    await ana.edit(PAGE, title="three")

    await told()

    assert await said() == [("Update", "three")]


async def test_a_new_rule_and_a_renamed_tag_before_it_is_told_are_told_with_it(ana, bob):
    saved = await ana.save(PAGE, title="one", tags="sql")
    await take_no_replies(owner(ana), saved.public_id)
    await rename_tag(owner(ana), "sql", "databases")

    await told()

    [row] = await fetch("SELECT body FROM activity")
    assert await said() == [("Create", "one")]
    body = json.loads(row["body"])
    assert body["object"]["fedimark:tags"] == ["databases"]
    # Names and signatures are of any letters.
    assert "sql" not in row["body"].replace(saved.public_id, "").replace(body["proof"]["proofValue"], "")


async def test_shown_again_it_is_a_publication_of_its_own(ana, bob):
    first = await ana.save(PAGE, title="one")
    await ana.edit(PAGE, visibility="private")
    await ana.edit(PAGE, visibility="public")

    await told()

    [row] = await fetch("SELECT public_id FROM activity")
    assert row["public_id"] != first.public_id
    assert await said() == [("Create", "one")]


async def test_a_row_of_another_publication_tells_nothing(ana, bob):
    await ana.save(PAGE)
    await execute("UPDATE telling SET public_id = 'aaaaaaaaaaaaa'")

    await told()

    assert (await said(), await amount("telling")) == ([], 0)


async def test_nothing_is_told_of_the_suspended_until_they_are_back(ana, bob, server):
    await ana.save(PAGE, title="one")
    await suspend("ana")
    await told()
    assert await said() == []

    await restore("ana")
    await told()

    assert await said() == [("Create", "one")]


async def test_nothing_is_told_of_who_left(ana, bob, server):
    await ana.save(PAGE, title="one")

    await leave(ana.viewer, "ana", PASSWORD)
    await told()

    assert [kind for kind, _ in await said()] == ["Delete"]
    assert await amount("telling") == 0


async def test_who_follows_by_then_hears_and_who_is_blocked_by_then_does_not(ana, bob):
    await ana.save(PAGE, title="one")
    await follower({"id": ana.viewer.actor_id}, "cy", "https://c.example/u/cy/inbox", OTHER)
    await domains.block_domain("b.example")

    await told()

    assert [row["inbox"] for row in await fetch("SELECT inbox FROM delivery")] == [OTHER]


async def test_what_cannot_be_told_is_set_aside_and_holds_up_nothing(ana, bob, server, clock):
    bo = await server.sign_up("bo")
    await follower({"id": bo.viewer.actor_id}, "bobs", "https://b.example/u/bobs/inbox", INBOX)
    await ana.save(PAGE, title="broken")
    await ana.save(PAGE + "2", title="whole", visibility="unlisted")
    await bo.save(PAGE, title="of bo")
    await unable_to_prove(ana)

    for _ in range(untold.MOST_TRIES + 1):
        await told()
        clock.forward(seconds=3_600)

    row = await fetch_one("SELECT tries, error, set_aside_at FROM telling")
    assert row is not None
    assert (row["tries"], row["set_aside_at"] is None) == (untold.MOST_TRIES, False)
    assert row["error"]
    assert await said() == [("Create", "whole"), ("Create", "of bo")]


async def test_what_was_set_aside_is_tried_anew_when_it_is_edited(ana, bob, server, clock):
    await ana.save(PAGE, title="broken")
    [key] = await fetch("SELECT proof_private_key FROM actor WHERE local_name = 'ana'")
    await unable_to_prove(ana)
    for _ in range(untold.MOST_TRIES):
        await told()
        clock.forward(seconds=3_600)
    await execute("UPDATE actor SET proof_private_key = ? WHERE local_name = 'ana'", key["proof_private_key"])

    await ana.edit(PAGE, title="mended")
    await told()

    assert await said() == [("Create", "mended")]


async def test_several_workers_at_once_tell_each_once_and_in_order(ana, bob, server):
    people = [ana, *[await server.sign_up(name) for name in ("bo", "cy", "dora")]]
    for person in people[1:]:
        await follower({"id": person.viewer.actor_id}, f"of_{person.name}", f"https://b.example/{person.name}", INBOX)
    for number in range(15):
        for person in people:
            await person.save(f"{PAGE}{number}", title=f"{person.name} {number}")

    while await amount("telling"):
        await asyncio.gather(*(tell_waiting() for _ in range(4)))

    words = [title for _, title in await said()]
    assert len(words) == 60
    for person in people:
        assert [each for each in words if each.startswith(person.name)] == [f"{person.name} {n}" for n in range(15)]


async def test_saves_edits_and_ends_while_workers_tell_agree_in_the_end(ana, bob, server, clock):
    async def live(number: int) -> None:
        url = f"{PAGE}{number}"
        await ana.save(url, title="one", tags="sql")
        await ana.edit(url, title="two", tags="rust")
        if number % 2:
            await ana.edit(url, visibility="private")

    async def tell(until: list[Any]) -> None:
        while not until[0].done():
            await tell_waiting()
            await asyncio.sleep(0)

    living: list[Any] = [asyncio.ensure_future(asyncio.gather(*(live(number) for number in range(12))))]
    await asyncio.gather(living[0], tell(living), tell(living))
    await told()

    standing = {row["public_id"] for row in await fetch("SELECT public_id FROM bookmark WHERE visibility > 0")}
    told_of = await fetch("SELECT DISTINCT a.object_uri FROM activity a WHERE a.kind = 'Create'")
    ended = await fetch("SELECT uri FROM tombstone")
    names = {row["object_uri"].rpartition("/")[2] for row in told_of}
    assert standing <= names
    assert names - standing <= {row["uri"].rpartition("/")[2] for row in ended}
