"""Notes that are applied together: whatever comes in whatever mixture, all is as if each had come alone."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from fedimark import addresses
from fedimark.database import Row, execute, fetch, fetch_one, hurry, write
from fedimark.here import entered, now
from fedimark.inbox import runs
from fedimark.inbox.apply import BATCH, apply_waiting
from fedimark.policy.quarantine import let_in
from fedimark.remote.actors import refresh_actor
from fedimark.timelines.merge import follow_began
from fedimark.vocab.terms import PUBLIC
from tests.rooms.peers import stand
from tests.support.counting import statements
from tests.support.savers import assert_agreement, remote_actor, save, saver

PAGE = "https://store.example/cache"
PAGES = (
    PAGE,
    f"{PAGE}?utm_source=x",
    "http://store.example/cache#top",
    "https://sqlite.org/",
    "https://a.example/?token=1",
)
TAGS = ("db", "DB", "sql", "c++", ".mine", "日本")
READERS = ("ana", "bo")
# Who speaks, and whether anybody here follows them: eve shows herself on no public page, sue was shut out.
VOICES = {"dora": True, "eve": True, "sue": True, "cleo": False}
Said = dict[str, Any]

_FOLLOW = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', ?)"
_CAME = """
INSERT INTO received_activity (uri_hash, actor_id, kind, body, received_at, next_at, tries, outcome)
VALUES (?, ?, ?, ?, ?, ?, 0, '')
"""
_SHARE = "INSERT INTO share (actor_id, object_hash, uri, shared_at) VALUES (?, ?, '', 1)"
_CAME_TO = {"saved", "known", "ignored", "suspended"}
_WHEN = ("deleted_at", "kept_at", "public_at", "look_at", "hidden_at")  # each reading of the clock is another moment


def uri_of(name: str) -> str:
    """Somebody's id; all are of two servers."""
    return f"https://{'marks' if name in ('dora', 'eve') else 'other'}.example/u/{name}"


async def strangers() -> dict[str, int]:
    """Everybody who speaks, as they are known here, and readers who follow most of them."""
    readers = [(await saver(name)).actor_id for name in READERS]
    found = {}
    for name, is_followed in VOICES.items():
        found[name] = actor_id = await remote_actor(name, uri_of(name).split("/")[2])
        followers = f"{uri_of(name)}/followers"
        await execute(
            "UPDATE actor SET followers_uri = ?, indexable = ? WHERE id = ?", followers, name == "dora", actor_id
        )
        for reader in readers if is_followed else ():
            async with write():
                await let_in(uri_of(name))
                await execute(_FOLLOW, reader, actor_id, now())
                await follow_began(reader, actor_id)
    await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", found["sue"])
    return found


def create(who: str, note: str, *, kind: str = "Create", number: object = 0, **said: Any) -> Said:
    """What somebody says of a Note, in the shape that a fedimark sends."""
    uri = uri_of(who)
    document = {
        "id": f"{uri}/b/{note}",
        "type": "Note",
        "attributedTo": uri,
        "name": f"Note {note}",
        "content": "<p>Words.</p>",
        "attachment": [{"type": "Link", "href": PAGE}],
        "fedimark:tags": ["db"],
        "to": [PUBLIC],
        "cc": [f"{uri}/followers"],
        "published": "2026-01-05T00:00:00Z",
    }
    document = {key: value for key, value in {**document, **said}.items() if value is not None}
    return {"id": f"{document['id']}#{kind}{number}", "type": kind, "actor": uri, "object": document}


def delete(name: str, note: str) -> Said:
    """Somebody takes a Note away."""
    uri = uri_of(name)
    return {"id": f"{uri}/b/{note}#delete", "type": "Delete", "actor": uri, "object": f"{uri}/b/{note}"}


async def came(said: Said, actor_id: int, body: str = "") -> None:
    """What the gate keeps of an activity whose sender it proved."""
    moment = now()
    name = addresses.uri_hash(f"{said['actor']} {said['id']}")
    await execute(_CAME, name, actor_id, said["type"], body or json.dumps(said), moment, moment)


async def apply_all() -> None:
    """Let the worker apply what waits and need not be asked about."""
    while await apply_waiting():
        pass


async def outcomes() -> list[str]:
    """What came of everything, in its order."""
    return [row["outcome"] for row in await fetch("SELECT outcome FROM received_activity ORDER BY id")]


async def kept() -> dict[str, list[Any]]:
    """Every table that applying writes, with the keys of other tables' rows instead of their numbers."""
    links = {row["id"]: row["hash"] for row in await fetch("SELECT * FROM link")}
    words = {row["id"]: row["key"] for row in await fetch("SELECT * FROM tag")}
    notes = {row["id"]: row["uri"] for row in await fetch("SELECT * FROM bookmark")}
    people = {row["id"]: row["uri"] or row["local_name"] for row in await fetch("SELECT * FROM actor")}

    def plain(row: Row) -> Row:
        named = {**row, "id": None, "link_id": links.get(row.get("link_id", 0))}
        named["tag_id"] = words.get(row.get("tag_id", 0))
        named["bookmark_id"] = notes.get(row.get("bookmark_id", 0))
        named["actor_id"] = people.get(row.get("actor_id", 0))
        if row.get("stream") == 2:
            named["owner_id"] = words.get(row["owner_id"])
        elif row.get("stream") in (None, 1):
            named["owner_id"] = people.get(row.get("owner_id", 0))
        return named

    sayings = (
        "SELECT uri_hash, outcome, tries, applied_at IS NULL AS a, asking_since IS NULL AS b FROM received_activity"
    )
    tables = {"received_activity": [tuple(row.values()) for row in await fetch(f"{sayings} ORDER BY id")]}
    for table in (
        "bookmark",
        "bookmark_tag",
        "link",
        "tag",
        "tally",
        "entry",
        "tombstone",
        "withheld",
        "share",
        "remark",
    ):
        rows = [plain(row) for row in await fetch(f"SELECT * FROM {table}")]
        found = [
            tuple((name, value is None if name in _WHEN else value) for name, value in row.items()) for row in rows
        ]
        tables[table] = sorted(found, key=repr)
    return tables


def mixture(chance: random.Random, amount: int) -> list[tuple[str, Said]]:
    """What several people say of few Notes and pages, much of it about one another's."""
    found = []
    for number in range(amount):
        [name] = chance.choices(list(VOICES), [4, 4, 1, 1])
        note = f"n{chance.randrange(12)}"
        said: dict[str, Any] = {
            "attachment": [{"type": "Link", "href": chance.choice(PAGES)}],
            "fedimark:tags": chance.sample(TAGS, chance.randrange(4)),
            "updated": chance.choice([None, None, "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z"]),
            "published": chance.choice([None, "2026-01-05T00:00:00Z", "2026-01-04T00:00:00Z"]),
            **chance.choice([{}, {}, {"to": [f"{uri_of(name)}/followers"], "cc": [PUBLIC]}, {"cc": [], "to": []}]),
        }
        if chance.random() < 0.15:
            said |= {"to": ["https://other.example/u/somebody"], "cc": []}  # a direct one is no bookmark
        if chance.random() < 0.1:
            said |= {"attachment": [], "content": "<p>Good morning.</p>"}
        if chance.random() < 0.1:
            about = f"{uri_of('eve' if name == 'dora' else 'dora')}/b/n{chance.randrange(12)}"
            said |= {"attachment": [], "name": None, chance.choice(["inReplyTo", "quoteUrl"]): about}
        doing = chance.choices(["Create", "Update", "Delete", "Arrive"], [12, 6, 1, 1])[0]
        if doing == "Delete":
            found.append((name, {**delete(name, note), "id": f"https://x.example/{number}"}))
        elif doing == "Arrive":
            whole = create(name, note, number=number)
            found.append((name, {**whole, "object": whole["object"]["id"]}))
        else:
            found.append((name, create(name, note, kind=doing, number=number, **said)))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_run_leaves_every_row_as_if_each_had_come_alone(fleet, clock, seed):
    said = mixture(random.Random(seed), 75)
    found = []

    for host, at_once in (("a.example", len(said)), ("c.example", 1)):
        clock.set("2026-03-01T12:00:00Z")
        server = await fleet.server(host)
        async with entered(server.here):
            people = await strangers()
            await execute(_SHARE, people["eve"], addresses.uri_hash(f"{uri_of('dora')}/b/n1"))
            clock.set("2026-03-01T13:00:00Z")
            for start in range(0, len(said), at_once):
                for number, (name, each) in enumerate(said[start : start + at_once], start):
                    clock.micros = 10**15 * 2 + number * 10**9
                    await came(each, people[name])
                await apply_all()
            await assert_agreement()
            found.append(await kept())

    together, alone = found
    assert {each[1] for each in together["received_activity"]} >= _CAME_TO
    for table, rows in together.items():
        assert rows == alone[table], table


async def test_create_update_and_delete_of_one_note_in_one_batch_hold_their_order(server):
    people = await strangers()
    update = create("dora", "one", kind="Update", name="Second", updated="2026-01-06T00:00:00Z")
    for each in (create("dora", "one"), create("dora", "two"), update, create("dora", "three"), delete("dora", "two")):
        await came(each, people["dora"])

    await apply_all()

    assert await outcomes() == ["saved", "saved", "changed", "saved", "deleted"]
    rows = await fetch("SELECT title FROM bookmark ORDER BY id")
    assert [row["title"] for row in rows] == ["Second", "Note three"]
    await assert_agreement()


async def test_two_creates_of_one_note_in_one_batch_make_one_bookmark(server):
    people = await strangers()
    await came(create("dora", "one", number=1), people["dora"])
    await came(create("dora", "one", number=2), people["dora"])

    await apply_all()

    assert await outcomes() == ["saved", "known"]
    assert len(await fetch("SELECT id FROM bookmark")) == 1


async def test_what_must_be_asked_waits_in_its_lane_and_the_rest_of_the_run_does_not(server):
    people = await strangers()
    await came(create("dora", "one"), people["dora"])
    await apply_all()
    await came(create("dora", "two"), people["dora"])
    await came(create("dora", "one", number=1, name="The same moment, other words"), people["dora"])
    await came(create("dora", "three"), people["dora"])

    await apply_all()

    rows = await fetch("SELECT outcome, asking_since FROM received_activity ORDER BY id")
    assert [(row["outcome"], row["asking_since"] is None) for row in rows] == [
        ("saved", True),
        ("saved", True),
        ("", False),
        ("saved", True),
    ]


async def _unreadable(people: dict[str, int]) -> None:
    await came(create("dora", "bad"), people["dora"], body="{}")


async def _of_nobody(people: dict[str, int]) -> None:
    await came(create("dora", "bad"), 10**9)


@pytest.mark.parametrize("poison", [_unreadable, _of_nobody])
async def test_a_row_that_fails_holds_up_and_undoes_no_other(server, poison):
    people = await strangers()
    await came(create("dora", "one"), people["dora"])
    await poison(people)
    await came(create("eve", "two"), people["eve"])

    await apply_all()

    first, bad, last = await outcomes()
    assert (first, last) == ("saved", "saved")
    assert bad.startswith("failed: ")
    assert len(await fetch("SELECT id FROM bookmark")) == 2
    await assert_agreement()


async def test_a_death_in_the_middle_of_a_run_leaves_nothing_and_the_next_worker_does_it_all(server):
    people = await strangers()
    for number in range(10):
        await came(create("dora", f"n{number}"), people["dora"])
    waiting = [row["id"] for row in await fetch("SELECT id FROM received_activity ORDER BY id")]

    with pytest.raises(asyncio.CancelledError):
        async with write():
            assert await runs.apply_plain(waiting) == 10
            raise asyncio.CancelledError  # the process is gone before the commit

    assert set(await outcomes()) == {""}
    assert await fetch("SELECT id FROM bookmark") == []
    await apply_all()
    assert await outcomes() == ["saved"] * 10
    await assert_agreement()


async def test_meeting_a_stranger_makes_no_run_shorter_and_who_waits_to_be_answered_does(server, fleet, wire):
    people = await strangers()
    for number in range(40):
        await came(create("dora", f"n{number}"), people["dora"])
    waiting = [row["id"] for row in await fetch("SELECT id FROM received_activity ORDER BY id")]

    stand(fleet, "marks.example").document("/u/ana", wire("fedimark/actor"))
    await refresh_actor("https://marks.example/u/ana")
    assert await runs.apply_plain(waiting) == 40

    for number in range(40, 80):
        await came(create("dora", f"n{number}"), people["dora"])
    waiting = [row["id"] for row in await fetch("SELECT id FROM received_activity ORDER BY id")][40:]
    hurry()
    assert await runs.apply_plain(waiting) < 40


async def test_two_workers_on_one_database_apply_each_row_once(server):
    people = await strangers()
    await save(await saver("cy"), PAGE, "db")
    for number in range(80):
        name = ("dora", "eve")[number % 2]
        await came(create(name, f"n{number % 70}", number=number), people[name])

    await asyncio.gather(apply_all(), apply_all(), apply_all())

    assert sorted(set(await outcomes())) == ["known", "saved"]
    assert len(await fetch("SELECT id FROM bookmark WHERE NOT is_local")) == 70
    await assert_agreement()


async def test_a_whole_batch_of_one_author_about_one_page_is_one_entry_and_one_saver(server):
    people = await strangers()
    for number in range(BATCH):
        published = f"2026-01-05T00:{number // 60:02}:{number % 60:02}Z"
        await came(create("dora", f"n{number}", published=published), people["dora"])

    assert await apply_waiting() == BATCH

    assert set(await outcomes()) == {"saved"}
    link = await fetch_one("SELECT savers, sites FROM link")
    assert link == {"savers": 1, "sites": 1}
    of_all = await fetch("SELECT DISTINCT position FROM entry WHERE stream <> 1")
    of_readers = await fetch("SELECT DISTINCT position FROM entry WHERE stream = 1")  # whom words of theirs reach
    assert [row["position"] for row in of_all] == [1_767_571_200_000_000]
    assert [row["position"] for row in of_readers] == [1_767_571_200_000_000 + (BATCH - 1) * 1_000_000]
    await assert_agreement()


async def test_a_run_with_more_tags_than_one_statement_takes_is_written_whole(server):
    people = await strangers()
    for number in range(48):
        words = [f"tag{(number + each) % 120}" for each in range(100)]
        await came(create("dora", f"n{number}", **{"fedimark:tags": words}), people["dora"])

    await apply_all()

    assert set(await outcomes()) == {"saved"}
    assert len(await fetch("SELECT id FROM bookmark_tag")) == 4_800
    await assert_agreement()


async def test_a_run_takes_as_many_statements_however_long_it_is(server):
    people, taken = await strangers(), []

    for amount in (1, 2, 40):  # the first makes the tag
        for number in range(amount):
            page = f"{PAGE}/{amount}/{number}"
            said = create("dora", f"n{amount}-{number}", attachment=[{"type": "Link", "href": page}])
            await came(said, people["dora"])
        with statements() as count:
            await apply_waiting()
        taken.append(count)

    assert len(taken[2]) == len(taken[1]) <= 30, taken[2]
