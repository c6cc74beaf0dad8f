"""Five servers that all follow each other's tag: each bookmark goes n−1 ways, nobody asks, and nothing goes round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from fedimark.database import fetch
from fedimark.follows import pages
from fedimark.here import entered
from fedimark.moderation import passing
from fedimark.timelines.queries import find, page
from fedimark.timelines.stream import TagStream
from tests.stories.test_passed_on import follower_of, says
from tests.support.fleet import Fleet
from tests.support.invariants import disagreements
from tests.support.people import Person, Seen

NAMES = ("ana", "bo", "cy", "dee", "eli")
HOSTS = ("a.example", "b.example", "c.example", "d.example", "e.example")
X = "https://x.example/1"


@pytest.fixture
async def mesh(fleet: Fleet) -> list[Person]:
    """One person on each of five servers, who follows everybody's #sql of the other four; all keys are known."""
    people = await fleet.people(*(f"{name}@{host}" for name, host in zip(NAMES, HOSTS, strict=True)))
    for each in people:
        await each.save(f"https://{each.server.host}/first", title="First", tags="sql")
    await fleet.settle()
    for each in people:
        for host in HOSTS:
            if host != each.server.host:
                await each.follow(f"@tag.sql@{host}")
    await fleet.settle()
    fleet.clock.forward(seconds=5)
    # Whoever speaks for the first time is asked for; from then on they are known.
    for each in people:
        await each.save(f"https://{each.server.host}/second", title="Second", tags="sql")
        await fleet.settle()
    fleet.clock.forward(seconds=5)
    await fleet.settle()
    fleet.network.requests.clear()
    return people


def moved(fleet: Fleet) -> Counter[str]:
    """What went between servers since the last look, by method."""
    found = Counter(request.method for request in fleet.network.requests)
    fleet.network.requests.clear()
    return found


async def everywhere(people: list[Person], line: Callable[[Seen], object], url: str) -> list[object]:
    """What each person's timeline shows of a page: nothing, or one entry."""
    found = []
    for each in people:
        seen = [line(entry) for entry in await each.timeline() if entry.url == url]
        assert len(seen) <= 1
        found.append(seen[0] if seen else None)
    return found


async def later(fleet: Fleet) -> None:
    """A little while, in which tags may speak again."""
    for _ in range(3):
        fleet.clock.forward(seconds=2)
        await fleet.settle()


async def agree(fleet: Fleet) -> None:
    """Every server's rows agree."""
    for server in fleet.servers.values():
        async with entered(server.here):
            assert await disagreements() == []


async def test_each_bookmark_moves_n_minus_one_times_and_nobody_is_asked(fleet, mesh):
    # When somebody saves a page
    await mesh[0].save(X, title="One", description="Words.", tags="sql")
    await fleet.settle()

    # Then one letter goes to each other server, and nothing else, now or later
    assert moved(fleet) == {"POST": 4}
    await later(fleet)
    assert moved(fleet) == {}
    assert await everywhere(mesh, lambda line: (line.title, line.savers), X) == [("One", ["ana@a.example"])] * 5

    # When everybody else saves it too
    for each in mesh[1:]:
        await each.save(X, title="One", tags="SQL db")
        await later(fleet)

    # Then that is four letters each, and one entry with all savers everywhere
    assert moved(fleet) == {"POST": 16}
    savers = [f"{name}@{host}" for name, host in zip(NAMES, HOSTS, strict=True)]
    assert await everywhere(mesh, lambda line: line.savers, X) == [savers] * 5
    await agree(fleet)


async def test_edits_retags_and_ends_arrive_everywhere_and_leave_nothing(fleet, mesh):
    await mesh[0].save(X, title="One", tags="sql")
    await later(fleet)

    # When it is edited
    await mesh[0].edit(X, title="One better")
    await later(fleet)
    assert await everywhere(mesh, lambda line: line.title, X) == ["One better"] * 5

    # When it loses the tag, and gets it again
    await mesh[0].edit(X, tags="rust")
    await later(fleet)
    assert await everywhere(mesh[1:], lambda line: line.title, X) == [None] * 4
    await mesh[0].edit(X, tags="rust sql")
    await later(fleet)
    assert await everywhere(mesh, lambda line: line.tags, X) == [["rust", "sql"]] * 5

    # When it goes, and the tag was all that anybody shared
    await mesh[0].remove(X)
    await fleet.wait_for_undo()
    await later(fleet)

    # Then no server keeps anything of it
    assert await everywhere(mesh, lambda line: line.title, X) == [None] * 5
    for each in mesh[1:]:
        async with entered(each.server.here):
            for sql in (
                "SELECT id FROM bookmark WHERE url = 'https://x.example/1'",
                "SELECT s.id FROM share s LEFT JOIN bookmark b ON b.id = s.bookmark_id WHERE b.id IS NULL",
                "SELECT e.id FROM entry e JOIN link l ON l.id = e.link_id WHERE l.canonical = 'https://x.example/1'",
                "SELECT id FROM received_activity WHERE applied_at IS NULL",
            ):
                assert await fetch(sql) == []
    await agree(fleet)


async def test_one_in_twenty_is_looked_at_where_it_is_from(fleet, mesh):
    fleet.chance.always()

    await mesh[0].save(X, title="One", tags="sql")
    await fleet.settle()

    found = moved(fleet)
    assert found["POST"] == 4
    # Each of the four asks for the Note.
    assert found["GET"] == 4
    assert await everywhere(mesh, lambda line: line.title, X) == ["One"] * 5


async def test_tags_that_pass_on_what_others_save_move_nothing_more(fleet, mesh):
    # Given servers whose tags all pass on what people elsewhere save too, people who want to be found, and somebody of
    # another kind of server who follows all of the tags
    for each in mesh:
        await says(each, searchable="yes")
        async with entered(each.server.here):
            await passing.choose("others")
    gus = await follower_of(fleet, *(f"https://{host}/t/sql" for host in HOSTS))
    await later(fleet)
    moved(fleet)

    # When everybody saves a page of their own, and all save one
    for number, each in enumerate(mesh):
        await each.save(f"https://x.example/{number + 2}", title="One", tags="sql")
        await each.save(X, title="One", tags="sql")
        await later(fleet)

    # Then each went to the four others and to gus, by its own server's tag alone
    asked = Counter(request.url.host == "g.example" for request in fleet.network.requests)
    assert asked == {False: 4 * 10, True: 10}
    assert gus.complaints == []
    assert (
        sorted(urlsplit(announce).netloc == urlsplit(thing).netloc for announce, thing in gus.kept.items())
        == [True] * 10
    )
    assert await everywhere(mesh, lambda line: len(line.savers), X) == [5] * 5
    await agree(fleet)


async def test_pages_of_tags_that_follow_each_other_pass_nothing_on(fleet, mesh):
    # Given servers whose own pages of #sql follow the others' too
    for each in mesh:
        async with entered(each.server.here):
            for host in HOSTS:
                if host != each.server.host:
                    await pages.subscribe("sql", f"https://{host}/t/sql")
    await fleet.settle()
    moved(fleet)
    before = fleet.clock.micros

    # When somebody saves a page
    await mesh[2].save(X, title="One", tags="sql")
    await fleet.settle()
    await later(fleet)

    # Then it still goes four ways and not round
    assert moved(fleet) == {"POST": 4}
    for each in mesh:
        async with entered(each.server.here):
            announced = await fetch("SELECT id FROM activity WHERE kind = 'Announce' AND created_at >= ?", before)
            assert len(announced) == (1 if each is mesh[2] else 0)
    # And stands on everybody's page once its server was chosen: nobody here follows anybody there
    assert [len(await on_page(each)) for each in mesh] == [0, 0, 1, 0, 0]
    await mesh[0].follow("@cy@c.example")
    await fleet.settle()
    assert [len(await on_page(each)) for each in mesh] == [1, 0, 1, 0, 0]
    await agree(fleet)


async def on_page(person: Person) -> list[str]:
    """The pages that everybody's #sql shows on somebody's server, of those that were just saved."""
    async with entered(person.server.here):
        shown = await page(await find(TagStream(("sql",)), None), None, 50)
        return [entry.url for entry in shown.entries if entry.url == X]
