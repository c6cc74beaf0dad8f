"""Merging when written: whatever people do in whatever order, the streams are as if they were made anew."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import pytest

from fedimark import addresses
from fedimark.bookmarks import rows
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.queries import export_page
from fedimark.bookmarks.remove import finish_removals, remove_bookmark, undo_remove
from fedimark.bookmarks.rows import putting_to_wait
from fedimark.bookmarks.save import Batch, save_batch
from fedimark.bookmarks.tags import delete_tag, rename_tag
from fedimark.database import execute, fetch, fetch_one, write
from fedimark.errors import NotFound, Refused, Taken
from fedimark.follows.answer import accept, reject
from fedimark.follows.request import follow, unfollow
from fedimark.moderation import mutes
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.timelines.merge import follow_began
from fedimark.timelines.stream import NetworkStream, RecentStream, TagStream
from fedimark.timelines.waiting import merge_what_waits
from tests.support.clock import Clock
from tests.support.invariants import disagreements
from tests.support.savers import (
    assert_agreement,
    befriend,
    edit,
    entries,
    remote_actor,
    remote_save,
    row_of,
    save,
    saver,
    urls_of,
    walk,
)

PAGE = "https://sqlite.org/wal.html"
ADDRESSES = (
    "https://sqlite.org/wal.html",
    "http://sqlite.org/wal.html#intro",
    "https://sqlite.org/wal.html?utm_source=x",
    "https://www.postgresql.org/",
    "https://www.postgresql.org",
    "https://example.org/c++",
    "javascript:alert(1)",
)
TAGS = ("db", "DB", "sql", ".mine", "c++")
WORDS = ("", "", "Worth it", "Worth a second look")
REACHES = ("", "public", "unlisted", "followers", "private")


async def test_saves_of_one_page_by_several_people_are_one_entry_at_the_earliest_moment(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await befriend(cy, ana, bo)
    await save(bo, "http://sqlite.org/wal.html#intro", "sql", title="Bo’s")
    await save(ana, PAGE, "db", title="Ana’s")
    await save(cy, f"{PAGE}?utm_source=x", ".mine", title="Cy’s")

    (entry,) = await entries(NetworkStream(), cy)

    assert entry.url == "http://sqlite.org/wal.html#intro"
    assert entry.canonical == PAGE
    assert (entry.title, entry.saver.handle) == ("Cy’s", "cy")
    assert [person.handle for person in entry.others] == ["bo", "ana"]
    assert entry.saver_count == 3
    assert entry.tags == (".mine", "sql", "db")
    assert entry.at == (await fetch("SELECT min(saved_at) AS at FROM bookmark"))[0]["at"]
    assert len(await entries(RecentStream())) == 1


async def test_a_follow_shows_what_was_saved_before_and_its_end_takes_it_out(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    for who in (ana, bo):
        await save(who, PAGE)
    await save(ana, "https://only-ana.example/", visibility="followers")
    await save(ana, "https://private.example/", visibility="private")
    await save(cy, "https://cy.example/")

    await befriend(cy, ana, bo)
    with_both = await urls_of(NetworkStream(), cy)
    await unfollow(cy, "ana")
    with_bo = await urls_of(NetworkStream(), cy)
    await unfollow(cy, "bo")

    assert with_both == ["https://cy.example/", "https://only-ana.example/", PAGE]
    assert with_bo == ["https://cy.example/", PAGE]
    assert await urls_of(NetworkStream(), cy) == ["https://cy.example/"]
    await assert_agreement()


async def test_somebody_followed_who_saves_a_page_with_words_of_their_own_moves_it_up(server, clock):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await befriend(cy, ana, bo)
    await save(ana, PAGE, description="Ana’s words")
    clock.forward(seconds=5)
    await save(ana, "https://between.example/")
    clock.forward(seconds=5)

    silent = await save(bo, PAGE)
    stayed = await entries(NetworkStream(), cy)
    await edit(bo, silent.public_id, PAGE, description="Bo’s words")
    moved = await entries(NetworkStream(), cy)
    await edit(bo, silent.public_id, PAGE, description="")
    back = await urls_of(NetworkStream(), cy)

    assert [(each.url, each.description) for each in stayed] == [
        ("https://between.example/", ""),
        (PAGE, "Ana’s words"),
    ]
    assert [(each.url, each.description) for each in moved] == [(PAGE, "Bo’s words"), ("https://between.example/", "")]
    assert moved[0].at == (await row_of(bo, silent))["saved_at"]
    assert back == ["https://between.example/", PAGE]
    await assert_agreement()


async def test_nobody_else_moves_a_page_up(server, clock):
    ana, bo, eve = await saver("ana"), await saver("bo"), await saver("eve")
    await befriend(bo, ana)
    await save(ana, PAGE, "db")
    clock.forward(seconds=5)
    await save(ana, "https://between.example/", "db")
    clock.forward(seconds=5)

    await save(eve, PAGE, "db", description="A stranger’s words")
    await save(bo, PAGE, description="The reader’s own")

    expected = ["https://between.example/", PAGE]
    assert [await urls_of(NetworkStream(), bo), await urls_of(TagStream(("db",)), bo)] == [expected, expected]
    await mutes.mute(bo, "ana")
    await mutes.unmute(bo, "ana")
    assert await urls_of(NetworkStream(), bo) == expected
    await assert_agreement()


@pytest.mark.parametrize("amount", [2, 5])
async def test_pages_of_a_network_hold_each_entry_once_where_words_moved_some_up(server, clock, amount):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    for number in range(12):
        await save(ana, f"https://page.example/{number}", description="Words" if number % 4 else "")
        clock.forward(seconds=number % 3)
        await save(bo, f"https://page.example/{number * 5 % 12}", description="More" if number % 2 else "")
    await befriend(cy, ana, bo)

    there, back = await walk(NetworkStream(), cy, amount)

    every = [entry.url for page in there for entry in page.entries]
    assert len(every) == len(set(every)) == 12
    assert [entry.url for page in reversed(back) for entry in page.entries] == every
    await assert_agreement()


async def test_a_follow_that_waits_or_was_refused_shows_nothing(server):
    ana, bo = await saver("ana", by_hand=True), await saver("bo")
    await save(ana, PAGE)
    asked = await follow(bo, "ana")
    seen = [await urls_of(NetworkStream(), bo)]

    await accept(ana, str(asked["id"]))
    seen.append(await urls_of(NetworkStream(), bo))
    await assert_agreement()
    await reject(ana, str(asked["id"]))
    seen.append(await urls_of(NetworkStream(), bo))

    assert seen == [[], [PAGE], []]
    await assert_agreement()


async def test_an_import_with_older_moments_moves_an_entry_back_and_its_removal_moves_it_up_again(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE, "db")
    later = (await entries(TagStream(("db",))))[0].at
    old = await save(bo, PAGE, "db", saved_at=1_000_000_000)
    moved = (await entries(TagStream(("db",))))[0].at

    await remove_bookmark(Owner.of(bo), old.public_id)

    assert moved == 1_000_000_000
    assert (await entries(TagStream(("db",))))[0].at == later
    await assert_agreement()


async def test_remote_and_local_saves_merge_alike_and_who_does_not_consent_stays_off_public_pages(server):
    ana, dee = await saver("ana"), await remote_actor("dee", "b.example")
    async with write():
        await execute(
            "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)",
            ana.actor_id,
            dee,
        )
        await follow_began(ana.actor_id, dee)
    await save(ana, PAGE, "db")
    shy = await remote_save(dee, 1, f"{PAGE}#x", saved_at=5, tags="db", listed=False)
    await assert_agreement()

    (near,) = await entries(NetworkStream(), ana)
    (public,) = await entries(RecentStream())

    assert [near.saver.handle, *(person.handle for person in near.others)] == ["ana", "dee@b.example"]
    assert (near.saver_count, near.at) == (2, 5)
    assert ([public.saver.handle], public.others, public.saver_count) == (["ana"], (), 1)
    async with write():
        await rows.drop(shy)
    await assert_agreement()


async def test_two_spellings_of_one_person_count_as_one_saver(server):
    ana = await saver("ana")
    await save(ana, PAGE)
    second = await save(ana, f"{PAGE}#x")
    await assert_agreement()

    (entry,) = await entries(RecentStream())
    await remove_bookmark(Owner.of(ana), second.public_id)

    assert (entry.saver_count, entry.others) == (1, ())
    assert (await entries(RecentStream()))[0].saver_count == 1
    await assert_agreement()


@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5, 6), (6, 5, 4, 3, 2, 1)])
async def test_savers_of_one_moment_stand_the_same_whoever_was_heard_of_first(server, order):
    dee = await remote_actor("dee", "b.example")
    for number in order:
        await remote_save(dee, number, PAGE, saved_at=5, title=f"Title {number}")

    (entry,) = await entries(RecentStream())

    hashes = {addresses.uri_hash(f"https://remote.example/b/{dee}/{number}"): number for number in order}
    assert entry.title == f"Title {hashes[min(hashes)]}"


class _Life:
    """Three people doing one thing after another by chance; the seed tells a failing run again."""

    def __init__(self, seed: int, people: list[Viewer], clock: Clock) -> None:
        self.chance = random.Random(seed)
        self.people = people
        self.clock = clock

    async def step(self, *more: Callable[[], Awaitable[object]]) -> str:
        """Do one thing, of these or some of `more`; returns its name, so that a failure can be read."""
        doings = [self.save, self.save, self.edit, self.edit, self.remove, self.undo, self.wait, *more]
        doing = self.chance.choice(
            [*doings, self.rename, self.delete, self.began, self.began, self.ended, self.mute, self.unmute]
        )
        try:
            return f"{doing.__name__}{await doing() or ''}"
        except (NotFound, Taken, Refused) as error:
            return f"{doing.__name__}: {type(error).__name__}"

    async def save(self) -> object:
        who = self.anybody()
        more: dict[str, object] = {"description": self.chance.choice(WORDS)}
        if self.chance.random() < 0.3:
            more["saved_at"] = self.clock.micros - self.chance.randrange(10**9)
        return await save(who, self.chance.choice(ADDRESSES), self.tags(), self.chance.choice(REACHES), **more)

    async def bring_in(self) -> object:
        """A file with some pages, which waits for the streams of several savers."""
        who = self.anybody()
        drafts = [
            Draft(
                address,
                description=self.chance.choice(WORDS),
                tags=tuple(self.tags().split()),
                visibility=self.chance.choice((None, *Visibility)),
                saved_at=self.clock.micros - self.chance.randrange(10**9),
            )
            for address in self.chance.sample(ADDRESSES, self.chance.randrange(1, 5))
        ]
        return (await save_batch(Batch(Owner.of(who), drafts, put=putting_to_wait))).new

    async def edit(self) -> object:
        who = self.anybody()
        given = (self.chance.choice(ADDRESSES), self.tags(), self.chance.choice(REACHES))
        await edit(who, await self.own(who), *given, description=self.chance.choice(WORDS))
        return given

    async def remove(self) -> None:
        who = self.anybody()
        await remove_bookmark(Owner.of(who), await self.own(who))

    async def undo(self) -> None:
        row = await fetch_one("SELECT * FROM bookmark WHERE removed_at IS NOT NULL ORDER BY removed_at DESC LIMIT 1")
        if row is not None:
            who = next(who for who in self.people if who.actor_id == row["actor_id"])
            await undo_remove(Owner.of(who), row["public_id"])

    async def wait(self) -> None:
        self.clock.forward(seconds=self.chance.choice((1, 20, 40)))
        await finish_removals()

    async def rename(self) -> object:
        given = self.chance.choice(TAGS), self.chance.choice(TAGS)
        return await rename_tag(Owner.of(self.anybody()), *given), given

    async def delete(self) -> None:
        await delete_tag(Owner.of(self.anybody()), self.chance.choice(TAGS))

    async def began(self) -> None:
        reader, target = self.chance.sample(self.people, 2)
        await follow(reader, target.username)

    async def ended(self) -> None:
        reader, target = self.chance.sample(self.people, 2)
        await unfollow(reader, target.username)

    async def mute(self) -> None:
        reader, target = self.chance.sample(self.people, 2)
        await mutes.mute(reader, target.username)

    async def unmute(self) -> None:
        reader, target = self.chance.sample(self.people, 2)
        await mutes.unmute(reader, target.username)

    def anybody(self) -> Viewer:
        return self.chance.choice(self.people)

    def tags(self) -> str:
        return " ".join(self.chance.sample(TAGS, self.chance.randrange(4)))

    async def own(self, who: Viewer) -> str:
        """One of their bookmarks, or one that never was."""
        rows = await export_page(Owner.of(who), None)
        return str(self.chance.choice(rows)["public_id"]) if rows else "aaaaaaaaaaaaa"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_three_people_do_everything_made_from_it_agrees(server, clock, seed):
    people = [await saver("ana"), await saver("bo", default=Visibility.FOLLOWERS), await saver("cy", by_hand=False)]
    life = _Life(seed, people, clock)
    done = []

    for _ in range(80):
        done.append(await life.step())

        wrong = await disagreements()
        assert not wrong, "\n".join([*done[-8:], *wrong])

    assert len({step.partition(":")[0] for step in done}) > 6


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_happens_before_a_file_is_merged_everything_agrees_after(server, clock, seed):
    people = [await saver("ana"), await saver("bo", default=Visibility.FOLLOWERS), await saver("cy", by_hand=False)]
    life = _Life(seed, people, clock)
    done = []

    for _ in range(20):
        done += [await life.step(life.bring_in, life.bring_in, life.bring_in) for _ in range(4)]
        await merge_what_waits()

        wrong = await disagreements()
        assert not wrong, "\n".join([*done[-8:], *wrong])

    assert await fetch("SELECT id FROM unmerged") == []
    assert len([step for step in done if step.startswith("bring_in")]) > 6


async def test_what_people_here_saved_can_be_read_apart(server):
    ana, page = await saver("ana"), "https://both.example/"
    actor_id = await remote_actor("bo", "b.example")
    await remote_save(actor_id, 1, page, saved_at=1_000_000)
    await remote_save(actor_id, 2, "https://theirs.example/", saved_at=2_000_000)

    await save(ana, page)

    assert await urls_of(RecentStream(here=True)) == [page]
    assert await urls_of(RecentStream()) == ["https://theirs.example/", page]
    (entry,) = await entries(RecentStream(here=True))
    assert (entry.at > 2_000_000, entry.saver_count) == (True, 2)
