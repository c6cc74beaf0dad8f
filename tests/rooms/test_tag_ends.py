"""What becomes of tags when somebody leaves, or is shut out and comes back."""

from __future__ import annotations

from fedimark.accounts.leave import leave
from fedimark.database import fetch
from fedimark.moderation.suspension import restore, suspend
from tests.rooms.test_tag_announces import AS2, X, heard, primed, reader, short, tag
from tests.support.invariants import disagreements
from tests.support.people import PASSWORD

__all__ = ["primed"]


async def test_who_leaves_takes_their_tags_along_and_everybodys_stay(primed, server, fleet):
    # Given servers that follow ana's tag, everybody's, and one that only followed once
    own = await reader(fleet, server, "own.example", tag("sql", "ana"))
    all_ = await reader(fleet, server, "all.example", tag("sql"))
    once = await reader(fleet, server, "once.example", tag("sql", "ana"))
    undone = {"id": f"{once.uri}#{tag('sql', 'ana')}", "type": "Follow", "actor": once.uri, "object": tag("sql", "ana")}
    await once.do({"id": f"{once.uri}#undo", "type": "Undo", "actor": once.uri, "object": undone})
    await primed.save(X, tags="sql")
    await server.settle()
    for one in (own, all_, once):
        one.peer.asked.clear()

    # When she leaves
    await leave(primed.viewer, "ana", PASSWORD)
    await server.settle()

    # Then who dealt with her tag hears that it is gone, and who heard of her through any tag that she is
    assert sorted(short(heard(own))) == [("Delete", primed.uri), ("Delete", tag("sql", "ana"))]
    assert short(heard(once)) == [("Delete", tag("sql", "ana"))]
    assert short(heard(all_)) == [("Delete", primed.uri)]
    for path in ("inbox", "outbox", "followers", "announce/aaaaaaaaaaaaa"):
        method = "POST" if path == "inbox" else "GET"
        assert (await server.client.request(method, f"/u/ana/t/sql/{path}", headers=AS2)).status_code == 410
    assert (await server.client.get("/t/sql", headers=AS2)).status_code == 200
    assert (await server.client.get("/t/sql/outbox", headers=AS2)).json()["totalItems"] == 0
    assert len(await fetch("SELECT id FROM follow")) == 1


async def test_what_waits_of_somebody_who_leaves_is_not_announced(primed, server, fleet, clock):
    all_ = await reader(fleet, server, "all.example", tag("sql"))
    fleet.network.down.add("all.example")
    for number in range(3):
        await primed.save(f"{X}{number}", tags="sql")

    await leave(primed.viewer, "ana", PASSWORD)
    fleet.network.down.clear()
    clock.forward(seconds=700)
    await server.settle()

    assert "Announce" not in [kind for kind, _ in short(heard(all_))]
    assert await fetch("SELECT id FROM announcement") == []


async def test_readers_here_see_nothing_through_the_tags_of_who_left(primed, server):
    rita = await server.sign_up("rita")
    await rita.follow("https://a.example/u/ana/t/sql")
    await rita.follow("#sql")
    assert len(await rita.timeline()) == 1

    await leave(primed.viewer, "ana", PASSWORD)

    assert await rita.timeline() == []
    assert await disagreements() == []
    assert "ana.sql" not in (await rita.browser.get("/people")).text


async def test_the_suspended_are_silent_and_their_tags_too_until_they_are_back(primed, server, fleet):
    # Given a bookmark that two tags announce to a server that is down
    cleo = await reader(fleet, server, "m.example", tag("sql"), tag("sql", "ana"))
    fleet.network.down.add("m.example")
    await primed.save(X, tags="sql")

    # When its author is suspended
    await suspend("ana")
    fleet.network.down.clear()
    await server.settle()

    # Then nothing is said
    assert heard(cleo) == []
    assert (await server.client.get("/t/sql/outbox", headers=AS2)).json()["totalItems"] == 0

    # When they come back, all of it is
    await restore("ana")
    await server.settle()

    assert sorted(short(heard(cleo))) == [("Announce", tag("sql")), ("Announce", tag("sql", "ana"))]
    assert (await server.client.get("/t/sql/outbox", headers=AS2)).json()["totalItems"] == 2
