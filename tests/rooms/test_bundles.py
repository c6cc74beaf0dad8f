"""Bundles: what they hold, their order, and that they are their owner's alone."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.bundles import (
    MOST_BUNDLES,
    bundles_of,
    change_bundle,
    held_by,
    make_bundle,
    own_bundle,
    read_bundle,
    remove_bundle,
)
from fedimark.bookmarks.draft import Owner
from fedimark.database import fetch
from fedimark.errors import NotFound, Refused
from fedimark.search.indexing import index_some
from tests.support.savers import save, saver


@pytest.fixture
async def ana(server) -> Owner:
    """Somebody with one bookmark of each kind."""
    viewer = await saver("ana")
    await save(viewer, "https://both.example/", "Sql python", to_read=True)
    await save(viewer, "https://sql.example/", "SQL", "private", title="Of cats")
    await save(viewer, "https://old.example/", "sql .old", "followers", private_note="of cats too")
    await save(viewer, "https://none.example/", "", "unlisted")
    await index_some()
    return Owner.of(viewer)


async def held(owner: Owner, **said: str) -> list[str]:
    """The hosts of what a bundle holds, oldest first."""
    row = await make_bundle(owner, read_bundle(name="b", **said))  # type: ignore[arg-type]
    condition, parameters = held_by(row)
    sql = f"SELECT b.url FROM bookmark b WHERE b.actor_id = ? AND {condition} ORDER BY b.id"
    return [
        each["url"].split("/")[2].removesuffix(".example") for each in await fetch(sql, owner.actor_id, *parameters)
    ]


@pytest.mark.parametrize(
    ("said", "hosts"),
    [
        ({}, ["both", "sql", "old", "none"]),
        ({"any_tags": "PYTHON .old"}, ["both", "old"]),
        ({"all_tags": "sql python"}, ["both"]),
        ({"all_tags": "sql", "excluded_tags": ".old,python"}, ["sql"]),
        ({"search": "cats"}, ["sql", "old"]),
        ({"search": "cats", "excluded_tags": ".old"}, ["sql"]),
        ({"filter_unread": "yes"}, ["both"]),
        ({"filter_unread": "no"}, ["sql", "old", "none"]),
        ({"filter_shared": "yes"}, ["both", "none"]),
        ({"filter_shared": "no"}, ["sql", "old"]),
        ({"any_tags": "nothing"}, []),
    ],
)
async def test_a_bundle_holds_what_it_says(ana, said, hosts):
    assert await held(ana, **said) == hosts


async def test_bundles_stand_in_their_order_and_close_up(ana):
    first, second, third = [await make_bundle(ana, read_bundle(name=name)) for name in ("a", "b", "c")]

    await remove_bundle(ana, second["id"])
    await change_bundle(ana, first["id"], read_bundle(name="last", position=9))

    assert [(row["name"], row["position"]) for row in await bundles_of(ana)] == [("c", 1), ("last", 9)]
    assert (await change_bundle(ana, third["id"], read_bundle(name="d")))["position"] == 1


async def test_a_bundle_is_its_owners_alone(ana):
    row, zoe = await make_bundle(ana, read_bundle(name="a")), Owner.of(await saver("zoe"))

    for change in (
        own_bundle(zoe, row["id"]),
        change_bundle(zoe, row["id"], read_bundle(name="mine")),
        remove_bundle(zoe, row["id"]),
    ):
        with pytest.raises(NotFound):
            await change
    assert [each["name"] for each in await bundles_of(ana)] == ["a"]
    assert await bundles_of(zoe) == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 257}, "name"),
        ({"name": "x", "search": "y" * 257}, "search"),
        ({"name": "x", "any_tags": " ".join("a" * 200 + str(n) for n in range(9))}, "any_tags"),
        ({"name": "x", "filter_unread": "maybe"}, "filter_unread"),
        ({"name": "x", "filter_shared": ""}, "filter_shared"),
        ({"name": "x", "position": -1}, "order"),
        ({"name": "x", "position": 2**31}, "order"),
    ],
)
def test_what_no_bundle_can_be_is_refused_beside_its_field(said, field):
    with pytest.raises(Refused) as refused:
        read_bundle(**said)

    assert refused.value.field == field


async def test_there_are_so_many_bundles_at_most(ana):
    for number in range(MOST_BUNDLES):
        await make_bundle(ana, read_bundle(name=str(number)))

    with pytest.raises(Refused, match="as many as there can be"):
        await make_bundle(ana, read_bundle(name="one more"))
