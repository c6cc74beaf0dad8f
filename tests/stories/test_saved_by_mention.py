"""Somebody on a Mastodon saves, by a mention of their account here, what a person of a third server bookmarked."""

from __future__ import annotations

import json

import pytest

from fedimark.accounts.links import check_links
from fedimark.database import fetch
from fedimark.here import entered
from tests.rooms.strangers import Stranger
from tests.stories.reading import Reading

CLEO = "https://mastodon.example/users/cleo"
PAGE = "https://mastodon.example/@cleo"


@pytest.mark.parametrize("leads_back", [True, False])
async def test_only_an_account_that_is_known_to_be_ones_own_saves_from_elsewhere(fleet, wire, clock, leads_back):
    # Given ana, whose profile names an account on a Mastodon that names her page, or somebody else's
    await fleet.server("a.example", read_pages="true")
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    named = "https://a.example/u/ana" if leads_back else "https://a.example/u/somebody"
    field = {"type": "PropertyValue", "name": "Bookmarks", "value": f'<a href="{named}" rel="me">here</a>'}
    cleo = Stranger(fleet, CLEO, url=PAGE, attachment=[field])
    cleo.peer.document("/@cleo", cleo.document())
    settings = Reading((await ana.browser.get("/settings")).text).form("/settings")
    await settings.send(ana.browser, {"field_name_1": "elsewhere", "field_value_1": PAGE})
    async with entered(ana.server.here):
        while await check_links():
            pass

    # When it answers a bookmark of bo's and mentions her
    saved = await bo.save("https://sqlite.org/wal.html", title="WAL")
    source = f"https://b.example/u/bo/b/{saved.public_id}"
    document = wire("mastodon/create_reply_to_self")
    document["object"]["inReplyTo"] = source
    message = cleo.signed(json.loads(json.dumps(document)), at=clock.micros)
    headers = {name: values[0] for name, values in message.headers.items()}
    taken = await ana.server.client.post("/inbox", content=message.body, headers=headers)
    await fleet.settle()

    # Then she has it, private and to read, with bo's as its source; or nothing at all
    assert taken.status_code == 202
    async with entered(ana.server.here):
        rows = await fetch("SELECT * FROM bookmark WHERE actor_id = ?", ana.viewer.actor_id)
    expected = [("https://sqlite.org/wal.html", "WAL", 0, True, source)] if leads_back else []
    assert [(r["url"], r["title"], r["visibility"], bool(r["to_read"]), r["via"]) for r in rows] == expected
    assert "sqlite.org" not in (await ana.server.client.get("/recent")).text
