"""A digest across servers: it arrives where notes are read, and leads to its person where bookmarks are."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from fedimark.errors import Refused
from fedimark.signatures.keys import load_public
from fedimark.signatures.message import Message
from fedimark.signatures.verify import read_claims, verify
from tests.rooms.strangers import Stranger

DIGEST = "https://a.example/u/ana/digest"
AS2 = {"Accept": "application/activity+json"}


@pytest.fixture
async def ana(fleet):
    ana = await fleet.person("ana@a.example")
    form = {"visibility": "public", "time_zone": "UTC", "theme": "auto", "digest": "yes"}
    assert (await ana.browser.post("/settings", data=form)).status_code == 303
    return ana


async def test_a_day_of_saves_arrives_as_one_signed_note_without_what_is_private(fleet, ana, clock):
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo")
    cleo.peer.answers["/inbox"] = cleo.peer.answers["/users/cleo"]
    follow = {"id": f"{cleo.uri}#1", "type": "Follow", "actor": cleo.uri, "object": DIGEST}
    message = cleo.signed(follow, at=clock.micros)
    headers = {name: values[0] for name, values in message.headers.items()}
    taken = await ana.server.client.post("/inbox", content=message.body, headers=headers)
    await fleet.settle()
    await ana.save("https://sqlite.org/wal.html", title="WAL")
    await ana.save("https://only-me.example/", title="Secret", visibility="private")
    await fleet.settle()

    clock.forward(days=1)
    await fleet.settle()
    clock.forward(seconds=60)
    await fleet.settle()

    assert taken.status_code == 202
    said = [asked for asked in cleo.peer.asked if asked.method == "POST"]
    assert [json.loads(asked.body)["type"] for asked in said] == ["Accept", "Create"]
    note = json.loads(said[1].body)["object"]
    assert "https://sqlite.org/wal.html" in note["content"]
    assert "only-me" not in said[1].body.decode()
    key = (await ana.server.client.get(DIGEST, headers=AS2)).json()["publicKey"]
    posted = Message("POST", said[1].target, {name: (text,) for name, text in said[1].headers.items()}, said[1].body)
    (claim,) = read_claims(posted)
    assert claim.key_id == key["id"]
    verify(posted, claim, load_public(key["publicKeyPem"]), host=cleo.host, now=clock.micros)
    stands = await ana.server.client.get(urlsplit(note["id"]).path, headers=AS2)
    assert stands.json()["content"] == note["content"]


async def test_who_reads_bookmarks_is_led_from_a_digest_to_its_person(fleet, ana):
    bo = await fleet.person("bo@b.example")

    with pytest.raises(Refused) as refusal:
        await bo.follow("@digest.ana@a.example")

    assert refusal.value.field == "who"
    assert "https://a.example/u/ana" in refusal.value.message
