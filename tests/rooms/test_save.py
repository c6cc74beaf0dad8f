"""Saving: one bookmark per person and exact URL, as far as its owner lets it reach, under an id that tells nothing."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.draft import Draft, Owner, read_draft
from fedimark.bookmarks.queries import counts, own_bookmark, owner_by_name, same_page
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.bookmarks.save import save_bookmark, save_first, save_many
from fedimark.database import execute, fetch
from fedimark.errors import Gone, NotFound, Refused, Taken
from fedimark.policy.visibility import Visibility
from fedimark.text import urls
from fedimark.timelines.bookmark import one_bookmark
from fedimark.timelines.stream import RecentStream
from tests.support.savers import assert_agreement, edit, row_of, save, saver, urls_of

PAGE = "https://sqlite.org/wal.html"
SECRET = "https://files.example/report?X-Amz-Signature=abc"


@pytest.mark.parametrize(
    "url",
    [
        "HTTP://SQLite.org:80/./wal.html?utm_source=x&b=2&a=1#top",
        "https://example.org",
        "https://user:pass@example.org/",
        "https://例え.example/日本?q=%e6#!/x",
        "javascript:alert(document.title)",
        "mailto:ana@example.org?subject=Hello",
        "ftp://ftp.example.org/pub/",
    ],
)
async def test_an_address_is_kept_exactly_as_given(server, url):
    ana = await saver("ana")

    row = await row_of(ana, await save(ana, url))

    assert row["url"] == url
    assert row["url_md5"] == urls.md5(url)
    await assert_agreement()


async def test_what_is_no_page_is_kept_and_never_spoken_of(server):
    ana = await saver("ana")

    for url in ("javascript:alert(1)", "mailto:ana@example.org"):
        saved = await save(ana, url)
        shown = await one_bookmark("ana", saved.public_id, None)
        assert not shown.is_spoken
        assert not shown.entry.openable


async def test_one_person_has_one_bookmark_of_an_exact_address_and_two_of_two_spellings(server):
    ana, bo = await saver("ana"), await saver("bo")
    first = await save(ana, PAGE)

    again, other, bos = await save(ana, PAGE), await save(ana, f"{PAGE}#fragment"), await save(bo, PAGE)

    assert first.is_new
    assert (again.public_id, again.is_new) == (first.public_id, False)
    assert other.is_new
    assert len({first.public_id, other.public_id, bos.public_id}) == 3
    assert [row["url"] for row in await same_page(Owner.of(ana), PAGE)] == [PAGE, f"{PAGE}#fragment"]
    assert await counts() == {"bookmarks_local": 3, "bookmarks_remote": 0, "links": 1}
    await assert_agreement()


async def test_a_save_again_replaces_the_words_and_keeps_moment_and_visibility(server, clock):
    ana = await saver("ana")
    first = await save(ana, PAGE, "db Wal", "unlisted", title="Old", description="Old words", private_note="x")
    before = await row_of(ana, first)
    clock.forward(days=3)

    await save(ana, PAGE, "sqlite", title="New")

    after = await row_of(ana, first)
    assert (after["title"], after["description"], after["tags"]) == ("New", "", "sqlite")
    assert after["visibility"] == Visibility.UNLISTED
    assert after["saved_at"] == before["saved_at"]
    assert after["updated_at"] > before["updated_at"]
    await assert_agreement()


async def test_saving_the_same_words_again_changes_nothing(server, clock):
    ana = await saver("ana")
    first = await save(ana, PAGE, "db", title="Words")
    before = await row_of(ana, first)
    clock.forward(days=1)

    again = await save(ana, PAGE, "db", title="Words")

    assert not again.is_new
    assert await row_of(ana, first) == before


@pytest.mark.parametrize("default", list(Visibility))
async def test_a_door_that_says_nothing_uses_the_owners_default(server, default):
    ana = await saver("ana", default=default)

    row = await row_of(ana, await save(ana, PAGE))

    assert row["visibility"] == default
    assert bool(row["listed"]) is (default is Visibility.PUBLIC)
    assert (await owner_by_name("ana")) == Owner.of(ana)


async def test_an_address_that_looks_secret_is_private_unless_said_otherwise(server):
    ana = await saver("ana")

    silent, said = await save(ana, SECRET), await save(ana, f"{SECRET}d", visibility="public")

    assert (await row_of(ana, silent))["visibility"] == Visibility.PRIVATE
    assert (await row_of(ana, said))["visibility"] == Visibility.PUBLIC


async def test_under_privacy_lock_everything_becomes_private(server):
    ana = await saver("ana")
    public = await save(ana, PAGE, visibility="public")
    await execute("UPDATE account SET privacy_lock = ? WHERE id = ?", True, ana.account_id)
    locked = await owner_by_name("ana")
    assert locked is not None

    new = await save_bookmark(locked, Draft("https://a.example/", visibility=Visibility.PUBLIC))
    again = await save_bookmark(locked, Draft(PAGE, visibility=Visibility.UNLISTED))
    await save_many(locked, [Draft("https://b.example/", visibility=Visibility.PUBLIC)])

    rows = await fetch("SELECT * FROM bookmark")
    assert {row["visibility"] for row in rows} == {Visibility.PRIVATE}
    assert {new.public_id, again.public_id} < {row["public_id"] for row in rows}
    assert again.public_id != public.public_id
    await assert_agreement()


async def test_texts_are_cut_as_pinboard_cuts_them(server):
    ana = await saver("ana")
    many = " ".join(f"tag{number}" for number in range(150))

    saved = await save(ana, PAGE, f"{'é' * 300} {many}", title="t" * 300, description="d" * 70_000)

    row = await row_of(ana, saved)
    words = row["tags"].split(" ")
    assert (len(row["title"]), len(row["description"])) == (255, 65_536)
    assert (len(words), len(words[0])) == (100, 255)
    await assert_agreement()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "data:text/html,x"}, "url"),
        ({"url": "https://x.example/" + "a" * 8_000}, "url"),
        ({"url": PAGE, "tag_text": "fine .."}, "tags"),
        ({"url": PAGE, "visibility": "everybody"}, "visibility"),
    ],
)
def test_what_cannot_be_saved_names_its_field(typed, field):
    with pytest.raises(Refused) as refusal:
        read_draft(**typed)

    assert refusal.value.field == field


async def test_a_moment_from_a_file_is_kept_and_one_in_the_future_becomes_now(server, clock):
    ana = await saver("ana")
    past, future = clock.micros - 10**15, clock.micros + 10**15

    await save_many(Owner.of(ana), [Draft(PAGE, saved_at=past), Draft(f"{PAGE}?x=1", saved_at=future)])

    old, new = (row["saved_at"] for row in await fetch("SELECT saved_at FROM bookmark ORDER BY id"))
    assert old == past
    assert clock.micros - 1_000_000 < new <= clock.micros


async def test_a_file_imported_twice_changes_nothing_and_takes_no_star_away(server):
    ana = await saver("ana")
    drafts = [Draft(f"{PAGE}?n={n}", title=f"n{n}", tags=("a", "B"), saved_at=1_000_000 * n) for n in range(1, 4)]
    await save_many(Owner.of(ana), drafts)
    await save(ana, f"{PAGE}?n=1", "a B", title="n1", starred=True, private_note="mine")
    before = await fetch("SELECT * FROM bookmark ORDER BY id")

    again = await save_many(Owner.of(ana), [*drafts, drafts[0]])

    assert (again.new, again.known, again.changed) == (0, 4, 0)
    assert await fetch("SELECT * FROM bookmark ORDER BY id") == before
    await assert_agreement()


async def _answer(name: str, public_id: str) -> str:
    """What a stranger gets at a bookmark's address."""
    try:
        return (await one_bookmark(name, public_id, None)).entry.url
    except (NotFound, Gone) as error:
        return type(error).__name__


async def test_a_private_bookmark_keeps_its_id_when_it_is_published(server):
    ana = await saver("ana")
    hidden = await save(ana, PAGE, visibility="private")
    assert await _answer("ana", hidden.public_id) == "NotFound"

    published = await save(ana, PAGE, visibility="public")

    assert published.public_id == hidden.public_id
    assert await _answer("ana", published.public_id) == PAGE
    assert await fetch("SELECT * FROM tombstone") == []


async def test_a_publication_made_private_is_gone_for_ever_and_its_row_goes_on_under_a_new_id(server):
    ana = await saver("ana")
    first = await save(ana, PAGE, visibility="public")

    hidden = await save(ana, PAGE, visibility="private")
    again = await save(ana, PAGE, visibility="public")

    assert hidden.public_id != first.public_id
    assert again.public_id == hidden.public_id
    assert await _answer("ana", first.public_id) == "Gone"
    assert await _answer("ana", again.public_id) == PAGE
    graves = [row["uri"] for row in await fetch("SELECT uri FROM tombstone")]
    assert graves == [f"https://a.example/u/ana/b/{first.public_id}"]


async def test_the_id_of_a_private_bookmark_answers_like_one_that_never_was(server):
    ana = await saver("ana")
    public = await save(ana, PAGE, visibility="public")
    hidden = await save(ana, PAGE, visibility="private")

    answers = {await _answer("ana", public_id) for public_id in (hidden.public_id, "aaaaaaaaaaaaa", "\u65e5", "")}

    assert answers == {"NotFound"}
    assert await _answer("ana", public.public_id) == "Gone"


@pytest.mark.parametrize(
    ("before", "after", "keeps"),
    [
        ("public", "unlisted", True),
        ("unlisted", "public", True),
        ("followers", "followers", True),
        ("followers", "public", False),
        ("public", "followers", False),
        ("unlisted", "followers", False),
        ("followers", "private", False),
        ("unlisted", "private", False),
        ("private", "followers", True),
    ],
)
async def test_a_publication_ends_where_its_readers_change(server, before, after, keeps):
    ana = await saver("ana")
    first = await save(ana, PAGE, visibility=before, title="One")

    second = await edit(ana, first.public_id, PAGE, visibility=after, title="Two")

    assert (second.public_id == first.public_id) is keeps
    assert len(await fetch("SELECT * FROM tombstone")) == (0 if keeps else 1)
    await assert_agreement()


async def test_an_edit_moves_a_bookmark_to_another_address_under_its_id(server):
    ana, bo = await saver("ana"), await saver("bo")
    first = await save(ana, PAGE, "db")
    await save(bo, PAGE, "db")

    second = await edit(ana, first.public_id, "https://www.postgresql.org/", "db")

    assert second == type(second)(first.public_id, first.path, False)
    assert await urls_of(RecentStream()) == [PAGE, "https://www.postgresql.org/"]
    await assert_agreement()


async def test_a_page_edited_into_a_bookmarklet_ends_as_a_publication(server):
    ana = await saver("ana")
    first = await save(ana, PAGE)

    second = await edit(ana, first.public_id, "javascript:alert(1)")
    third = await edit(ana, second.public_id, PAGE)

    assert await _answer("ana", first.public_id) == "Gone"
    assert third.public_id == second.public_id != first.public_id
    await assert_agreement()


async def test_an_edit_onto_an_address_one_has_already_is_refused_whole(server):
    ana = await saver("ana")
    first, second = await save(ana, PAGE, "db"), await save(ana, "https://www.postgresql.org/", "pg")
    before = await fetch("SELECT * FROM bookmark ORDER BY id")

    with pytest.raises(Taken) as refusal:
        await edit(ana, second.public_id, PAGE, "all")

    assert refusal.value.field == "url"
    assert await fetch("SELECT * FROM bookmark ORDER BY id") == before
    assert await _answer("ana", first.public_id) == PAGE


async def test_an_edit_onto_the_address_of_a_just_removed_one_takes_its_place(server):
    ana = await saver("ana")
    first, second = await save(ana, PAGE, "db"), await save(ana, "https://www.postgresql.org/", "pg")
    await remove_bookmark(Owner.of(ana), first.public_id)

    moved = await edit(ana, second.public_id, PAGE, "pg")

    assert moved.public_id == second.public_id
    assert await _answer("ana", first.public_id) == "Gone"
    assert len(await fetch("SELECT id FROM bookmark")) == 1
    await assert_agreement()


async def test_an_edit_of_what_is_not_there_or_not_theirs_finds_nothing(server):
    ana, bo = await saver("ana"), await saver("bo")
    anas, removed = await save(ana, PAGE), await save(bo, PAGE)
    await remove_bookmark(Owner.of(bo), removed.public_id)

    for public_id in (anas.public_id, removed.public_id, "aaaaaaaaaaaaa"):
        with pytest.raises(NotFound):
            await edit(bo, public_id, "https://b.example/")

    assert await urls_of(RecentStream()) == [PAGE]


async def test_a_save_of_a_just_removed_page_brings_it_back_at_its_old_moment(server, clock):
    ana = await saver("ana")
    first = await save(ana, PAGE, "db", "unlisted")
    before = await row_of(ana, first)
    await remove_bookmark(Owner.of(ana), first.public_id)
    clock.forward(seconds=5)

    again = await save(ana, PAGE, "db")

    assert again.public_id == first.public_id
    row = await row_of(ana, again)
    assert (row["saved_at"], row["visibility"], row["removed_at"]) == (
        before["saved_at"],
        Visibility.UNLISTED,
        None,
    )
    await assert_agreement()


async def test_nothing_is_saved_for_somebody_who_has_left(server):
    ana = await saver("ana")
    saved = await save(ana, PAGE)
    await execute("UPDATE actor SET gone_at = ? WHERE id = ?", 1, ana.actor_id)

    for work in (
        save(ana, "https://b.example/"),
        edit(ana, saved.public_id, "https://b.example/"),
        save_many(Owner.of(ana), [Draft("https://b.example/")]),
    ):
        with pytest.raises(Gone):
            await work

    assert await owner_by_name("ana") is None
    assert [row["url"] for row in await fetch("SELECT url FROM bookmark")] == [PAGE]


async def test_a_removed_bookmark_is_not_found_by_its_owner(server):
    ana = await saver("ana")
    saved = await save(ana, PAGE)

    await remove_bookmark(Owner.of(ana), saved.public_id)

    assert await own_bookmark(Owner.of(ana), saved.public_id) is None


async def test_a_first_save_is_none_where_its_owner_has_the_page_by_whatever_address(server):
    ana, bo = Owner.of(await saver("ana")), Owner.of(await saver("bo"))
    whole, part = read_draft(url=PAGE), read_draft(url=f"{PAGE}#fragment")
    await save_first(bo, whole)

    first = await save_first(ana, whole)

    assert first is not None and first.is_new
    assert [await save_first(ana, whole), await save_first(ana, part)] == [None, None]
    assert await counts() == {"bookmarks_local": 2, "bookmarks_remote": 0, "links": 1}
    await remove_bookmark(ana, first.public_id)
    assert await save_first(ana, whole) is None  # it can come back as what it was
    assert await save_first(ana, part) is not None
    await assert_agreement()
