"""Entries are made once for all pages that show the same, and never shown for anything else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fedimark.here import forget_oldest
from fedimark.timelines.entries import Entry, Person
from fedimark.timelines.made import LONGEST, MOST, made

# Nothing here asks a database anything that the two would answer differently.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ANA = Person("ana", "", "ana", "/u/ana")
LONG = "x" * LONGEST


class Maker:
    """What makes entries, and remembers what of."""

    def __init__(self) -> None:
        self.made: list[object] = []

    def __call__(self, of: object, viewer_id: int) -> Entry:
        self.made.append((of, viewer_id))
        return Entry("", "", "", "", str(of), "", (), 0, 0, ANA, (), viewer_id, 1, "", "")


async def test_an_entry_is_made_once_for_each_value_and_viewer_and_by_each_maker(server):
    one, other = Maker(), Maker()

    seen = [made(one, ("a", 1), 1), made(one, ("a", 1), 2), made(one, ("a", 1), 1), made(other, ("a", 1), 1)]

    assert [entry.saver_count for entry in seen] == [1, 2, 1, 1]
    assert (one.made, other.made) == ([(("a", 1), 1), (("a", 1), 2)], [(("a", 1), 1)])


async def test_what_was_not_used_for_longest_goes_first_and_what_is_made_of_very_much_is_not_kept(server):
    maker = Maker()
    for number in range(MOST):
        made(maker, number, 1)
    made(maker, 0, 1)
    amount = len(maker.made)
    made(maker, MOST, 1)
    maker.made.clear()

    for what in (MOST, 0, 1, ("b", (LONG,)), ("b", (LONG,))):
        made(maker, what, 1)

    assert amount == MOST
    assert maker.made == [(1, 1), (("b", (LONG,)), 1), (("b", (LONG,)), 1)]


class Shared(dict[str, int]):
    """What another thread forgets the oldest of too, just when it was found."""

    def __init__(self, leaves: int) -> None:
        super().__init__(a=1, b=2, c=3)
        self.leaves = leaves

    def __iter__(self) -> Iterator[str]:
        found = list(super().__iter__())
        while len(self) > self.leaves:
            del self[next(super().__iter__())]
        yield from found


@pytest.mark.parametrize("leaves", [3, 2, 0])
async def test_two_threads_that_forget_the_oldest_at_once_forget_one_and_fail_at_nothing(server, leaves):
    shared = Shared(leaves)

    forget_oldest(shared)

    assert list(shared.values()) == [2, 3][:leaves]


async def test_who_looks_after_the_owner_sees_none_of_their_marks_and_private_tags(server):
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    await ana.save("https://sqlite.org/", title="SQLite", tags="db .secret")

    pages = [(await each.get("/u/ana")).text for each in (ana.browser, bo.browser, server.browser(), ana.browser)]

    assert [".secret" in page for page in pages] == [True, False, False, True]
    assert ["mark to read" in page for page in pages] == [True, False, False, True]
