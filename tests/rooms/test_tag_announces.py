"""What tags pass on, to whom, in which form, and what they take back: by the letters that are written."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_many
from fedimark.bookmarks.tags import rename_tag
from fedimark.database import execute, fetch
from fedimark.moderation import domains, people
from fedimark.outbox.turns import MOST_WAITING
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, told
from tests.support.invariants import disagreements

AS2 = {"Accept": "application/activity+json"}
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
X = "https://x.example/1"


def tag(key: str = "sql", person: str = "") -> str:
    """The id of a tag's actor."""
    return f"https://a.example{f'/u/{person}' if person else ''}/t/{key}"


@pytest.fixture
async def primed(ana, server):
    """Ana, whose tags sql, postgres and rust were public once; nothing is left of that."""
    await ana.save("https://old.example/", tags="sql postgres rust")
    await server.settle()
    server.clock.forward(seconds=5)
    return ana


async def reader(fleet: Any, server: Any, host: str, *targets: str, software: str = "") -> Stranger:
    """Somebody of a server of their own who follows some tags."""
    one = Stranger(fleet, f"https://{host}/users/cleo")
    one.peer.answers |= {"/inbox": Says(202), "/users/cleo/inbox": Says(202), "/users/dan/inbox": Says(202)}
    for target in targets:
        follow = {"id": f"{one.uri}#{target}", "type": "Follow", "actor": one.uri, "object": target}
        assert await one.do(follow) == "accepted"
    if software:
        await execute(
            "UPDATE peer SET software = ?, software_at = ? WHERE host = ?", software, server.clock.micros, host
        )
    await server.settle()
    if software:
        await execute(
            "UPDATE peer SET software = ?, software_at = ? WHERE host = ?", software, server.clock.micros, host
        )
    one.peer.asked.clear()
    return one


def heard(one: Stranger) -> list[dict[str, Any]]:
    """What came to somebody's server."""
    return one.peer.bodies()


def short(said: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Kind and actor of activities."""
    return [(each["type"], each["actor"]) for each in said]


# --- announcing -----------------------------------------------------------------------------------------------------


async def test_a_new_public_bookmark_is_announced_by_each_of_its_tags_that_is_followed(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("sql", "ana"), tag("rust"))

    saved = await primed.save(X, tags="sql postgres")
    await server.settle()

    said = heard(cleo)
    assert sorted(short(said)) == [("Announce", tag("sql")), ("Announce", tag("sql", "ana"))]
    for each in said:
        assert each["id"] == f"{each['actor']}/announce/{saved.public_id}"
        assert each["object"] == f"https://a.example{saved.path}"
        assert (each["to"], each["cc"]) == ([PUBLIC], [f"{each['actor']}/followers"])
        assert (await server.client.get(each["id"], headers=AS2)).json()["object"] == each["object"]


async def test_one_letter_goes_to_each_server_however_many_follow_there(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    dan = Stranger(fleet, "https://m.example/users/dan")
    await dan.do({"id": f"{dan.uri}#f", "type": "Follow", "actor": dan.uri, "object": tag("sql")})
    await server.settle()
    cleo.peer.asked.clear()

    await primed.save(X, tags="sql")
    await server.settle()

    assert short(heard(cleo)) == [("Announce", tag("sql"))]


@pytest.mark.parametrize("visibility", ["unlisted", "followers", "private"])
async def test_what_is_not_public_is_announced_nowhere(primed, server, fleet, visibility):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("sql", "ana"))

    await primed.save(X, tags="sql", visibility=visibility)
    await primed.edit(X, description="more")
    await server.settle()

    assert heard(cleo) == []


async def test_private_tags_announce_nothing_and_are_named_nowhere(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"))

    await primed.save(X, tags=".sql rust")
    await primed.save("https://x.example/2", tags="sql .secret")
    await server.settle()

    assert short(heard(cleo)) == [("Announce", tag("sql"))]
    assert "secret" not in str(heard(cleo))


async def test_old_bookmarks_imports_and_renames_are_no_news(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("rust"))

    # Given one of nine days ago
    await primed.save(X, tags="sql", saved_at=server.clock.micros - 9 * 86_400_000_000)
    # And one from a file
    await save_many(Owner.of(primed.viewer), [read_draft(url="https://x.example/2", tag_text="sql")])
    # And one whose tag gets another name
    await primed.save("https://x.example/3", tags="databases")
    await told()
    await rename_tag(Owner.of(primed.viewer), "databases", "rust")
    await server.settle()

    assert heard(cleo) == []
    assert (await server.client.get("/t/sql/outbox", headers=AS2)).json()["totalItems"] == 3


# --- changes --------------------------------------------------------------------------------------------------------


async def test_an_edit_announces_new_tags_and_takes_lost_ones_back(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("rust"), tag("postgres"))
    saved = await primed.save(X, tags="sql postgres")
    await server.settle()
    cleo.peer.asked.clear()

    await primed.edit(X, tags="postgres RUST")
    await server.settle()

    said = [each for each in heard(cleo) if each["type"] != "Update"]
    assert sorted(short(said)) == [("Announce", tag("rust")), ("Undo", tag("sql"))]
    (undo,) = [each for each in said if each["type"] == "Undo"]
    assert undo["object"]["id"] == f"{tag('sql')}/announce/{saved.public_id}"
    assert undo["object"]["object"] == f"https://a.example{saved.path}"
    gone = await server.client.get(undo["object"]["id"], headers=AS2)
    assert (gone.status_code, gone.json()["formerType"]) == (410, "Announce")


async def test_an_edit_of_words_alone_announces_nothing_and_reaches_who_heard_through_the_tag(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    await primed.save(X, tags="sql")
    await server.settle()
    cleo.peer.asked.clear()

    await primed.edit(X, tags="SQL", description="better")
    await server.settle()

    assert short(heard(cleo)) == [("Update", primed.uri)]


async def test_a_rename_takes_back_and_announces_nothing(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("rust"))
    await primed.save(X, tags="sql")
    await server.settle()
    cleo.peer.asked.clear()

    await rename_tag(Owner.of(primed.viewer), "sql", "rust")
    await server.settle()

    assert sorted(short(heard(cleo))) == [("Undo", tag("sql")), ("Update", primed.uri)]


async def test_a_delete_is_taken_back_by_each_tag_and_said_by_its_author(primed, server, fleet, clock):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("sql", "ana"))
    await primed.save(X, tags="sql")
    await server.settle()
    cleo.peer.asked.clear()

    await primed.remove(X)
    await server.settle()
    assert heard(cleo) == []
    clock.forward(seconds=31)
    await server.settle()

    assert sorted(short(heard(cleo))) == [("Delete", primed.uri), ("Undo", tag("sql")), ("Undo", tag("sql", "ana"))]


@pytest.mark.parametrize("visibility", ["unlisted", "followers", "private"])
async def test_narrowing_takes_back_and_widening_announces(primed, server, fleet, clock, visibility):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    await primed.save(X, tags="sql")
    await server.settle()
    cleo.peer.asked.clear()

    await primed.edit(X, visibility=visibility)
    await server.settle()
    narrowed = short(heard(cleo))
    cleo.peer.asked.clear()
    clock.forward(seconds=2)
    await primed.edit(X, visibility="public")
    await server.settle()

    # Unlisted keeps its publication, which is changed; the others end it.
    assert ("Undo", tag("sql")) in narrowed
    assert {kind for kind, _ in narrowed} == {"Undo", "Update" if visibility == "unlisted" else "Delete"}
    assert ("Announce", tag("sql")) in short(heard(cleo))


async def test_what_was_never_sent_is_not_taken_back(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    fleet.network.down.add("m.example")
    await primed.save(X, tags="sql")

    await primed.edit(X, tags="rust")
    fleet.network.down.clear()
    await server.settle()

    assert heard(cleo) == []


async def test_what_may_have_arrived_is_taken_back(primed, server, fleet, clock):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    fleet.network.down.add("m.example")
    await primed.save(X, tags="sql")
    await server.settle()

    await primed.edit(X, tags="rust")
    fleet.network.down.clear()
    clock.forward(seconds=600)
    await server.settle()

    assert ("Undo", tag("sql")) in short(heard(cleo))
    assert "Announce" not in {kind for kind, _ in short(heard(cleo))}


async def test_who_left_a_tag_hears_that_it_takes_back_and_nothing_after(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    await primed.save(X, tags="sql")
    await server.settle()
    follow = {"id": f"{cleo.uri}#{tag('sql')}", "type": "Follow", "actor": cleo.uri, "object": tag("sql")}
    await cleo.do({"id": f"{cleo.uri}#u", "type": "Undo", "actor": cleo.uri, "object": follow})
    cleo.peer.asked.clear()

    await primed.save("https://x.example/2", tags="sql")
    for words in ("rust", "sql", "rust"):
        server.clock.forward(seconds=2)
        await primed.edit(X, tags=words)
        await server.settle()

    assert [kind for kind, _ in short(heard(cleo)) if kind != "Update"] == ["Undo"]


# --- who may not hear, who would not be heard -----------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["keep_out", "approve_followers"])
async def test_who_keeps_out_is_announced_by_their_own_tag_alone(primed, server, fleet, choice):
    # Given followers of everybody's tag and of ana's
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("sql", "ana"))

    # When ana says on her settings page that she keeps out, or that she chooses her followers
    form = {"visibility": "public", "time_zone": "UTC", "theme": "auto", choice: "yes"}
    assert (await primed.browser.post("/settings", data=form)).status_code == 303
    assert f'name="{choice}" type=checkbox value="yes" checked' in (await primed.browser.get("/settings")).text
    saved = await primed.save(X, tags="sql")
    await server.settle()

    # Then her own tag announces, and her Note names no Group
    assert short(heard(cleo)) == [("Announce", tag("sql", "ana"))]
    note = (await server.client.get(saved.path, headers=AS2)).json()
    assert (note["cc"], "audience" in note) == ([f"{primed.uri}/followers"], False)


@pytest.mark.parametrize("words", ["Links. #NoBots", "#notagspub, please"])
async def test_who_keeps_robots_away_is_announced_by_their_own_tag_alone(primed, server, fleet, words):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("sql", "ana"))

    form = {"visibility": "public", "time_zone": "UTC", "theme": "auto", "bio": words}
    assert (await primed.browser.post("/settings", data=form)).status_code == 303
    await primed.save(X, tags="sql")
    await server.settle()

    assert [line for line in short(heard(cleo)) if line[0] != "Update"] == [("Announce", tag("sql", "ana"))]
    outbox = (await server.client.get(f"{urlsplit(tag('sql')).path}/outbox", headers=AS2)).json()
    assert outbox["totalItems"] == 0


async def test_no_tag_announces_to_the_server_of_whom_the_author_blocks(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    other = await reader(fleet, server, "other.example", tag("sql"))
    await people.block(primed.viewer, "@cleo@m.example")
    await server.settle()
    cleo.peer.asked.clear()

    await primed.save(X, tags="sql")
    await server.settle()

    assert heard(cleo) == []
    assert short(heard(other)) == [("Announce", tag("sql"))]


async def test_no_tag_announces_to_a_server_that_is_blocked(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("sql", "ana"))
    other = await reader(fleet, server, "other.example", tag("sql"))
    await domains.block_domain("m.example")
    await server.settle()
    cleo.peer.asked.clear()

    await primed.save(X, tags="sql")
    await server.settle()

    assert heard(cleo) == []
    assert short(heard(other)) == [("Announce", tag("sql"))]


async def test_a_note_names_the_group_of_its_first_tag_and_no_other(primed, server):
    saved = await primed.save(X, tags=".mine c++ sql")

    note = (await server.client.get(saved.path, headers=AS2)).json()

    assert note["cc"] == [tag("c++"), f"{primed.uri}/followers"]
    assert note["audience"] == tag("c++")
    hrefs = {each["rawTag"]: each["href"] for each in note["tag"]}
    assert hrefs == {"c++": tag("c++"), "sql": tag("sql")}
    for href in hrefs.values():
        assert (await server.client.get(href, headers=AS2)).json()["id"] == href


@pytest.mark.parametrize("visibility", ["unlisted"])
async def test_a_note_that_is_not_public_names_no_group(primed, server, visibility):
    saved = await primed.save(X, tags="sql", visibility=visibility)

    note = (await server.client.get(saved.path, headers=AS2)).json()

    assert tag("sql") not in (*note["to"], *note["cc"])
    assert "audience" not in note


# --- forms ----------------------------------------------------------------------------------------------------------


async def test_each_server_gets_the_form_it_reads(primed, server, fleet):
    plain = await reader(fleet, server, "m.example", tag("sql"), software="mastodon")
    lemmy = await reader(fleet, server, "l.example", tag("sql"), tag("rust"), software="lemmy")
    marks = await reader(fleet, server, "f.example", tag("rust"), software="fedimark")

    saved = await primed.save(X, title="One", tags="sql rust")
    await server.settle()

    uri = f"https://a.example{saved.path}"
    assert [each["object"] for each in heard(plain)] == [uri]
    (whole,) = heard(marks)
    assert (whole["object"]["type"], whole["object"]["object"]["id"]) == ("Create", uri)
    assert "audience" not in whole
    # The first tag is a community to Lemmy, others name the Note.
    by_tag = {each["actor"]: each for each in heard(lemmy)}
    first, second = by_tag[tag("sql")], by_tag[tag("rust")]
    assert (first["audience"], first["object"]["type"]) == (tag("sql"), "Create")
    note = first["object"]["object"]
    assert (note["audience"], note["cc"][0], note["name"]) == (tag("sql"), tag("sql"), "One")
    groups = [each for each in (*first["to"], *first["cc"], *note["to"], *note["cc"]) if each == tag("sql")]
    assert len(groups) == 1
    assert (second["object"], "audience" in second) == (uri, False)


# --- pace -----------------------------------------------------------------------------------------------------------


async def test_a_tag_speaks_once_a_second_and_what_is_gone_by_then_is_not_said(primed, server, fleet, clock):
    # Given four bookmarks in one moment
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    for number in range(4):
        await primed.save(f"https://x.example/{number}", tags="sql")
    await server.settle()
    assert len(heard(cleo)) == 1

    # When one of those that wait becomes private
    await primed.edit("https://x.example/2", visibility="private")
    amounts = []
    for _ in range(4):
        clock.forward(seconds=1)
        await server.settle()
        amounts.append(len(heard(cleo)))

    # Then the others are said one by one
    assert amounts == [2, 3, 3, 3]
    assert await fetch("SELECT * FROM announcement") == []


async def test_beyond_three_hundred_the_oldest_stay_in_the_outbox_alone(primed, server, fleet, clock):
    await reader(fleet, server, "m.example", tag("sql"))
    saved = [await primed.save(f"https://x.example/{n}", tags="sql") for n in range(MOST_WAITING + 3)]
    await told()

    waiting = [row["public_id"] for row in await fetch("SELECT public_id FROM announcement ORDER BY id")]

    # The first was said at once.
    assert waiting == [one.public_id for one in saved[3:]]
    assert (await server.client.get("/t/sql/outbox", headers=AS2)).json()["totalItems"] == MOST_WAITING + 4
    assert await disagreements() == []
