"""Tags followed across servers: by another fedimark as any actor is, and by one that takes everything at its word."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from fedimark.here import entered
from fedimark.signatures.keys import load_public
from fedimark.signatures.message import Message
from fedimark.signatures.verify import read_claims, verify
from tests.rooms.peers import Asked, Says
from tests.rooms.strangers import Stranger
from tests.support.fleet import Fleet
from tests.support.invariants import disagreements
from tests.support.people import Person

AS2 = {"Accept": "application/activity+json"}
X = "https://x.example/1"


class Strict(Stranger):
    """A server that keeps what tags announce, and writes down everything that is not exactly as it should be."""

    def __init__(self, fleet: Fleet, uri: str) -> None:
        super().__init__(fleet, uri)
        self.fleet = fleet
        self.kept: dict[str, str] = {}  # Announce → object
        self.complaints: list[str] = []
        self.keys: dict[str, Any] = {}
        self.lose_answers = False
        answer = self.peer.answers
        self.peer.rule = lambda asked: (
            self.take(asked) if asked.method == "POST" else answer.get(asked.target, Says(404))
        )

    async def learn(self, tag_uri: str) -> None:
        """Find a tag by its handle as Mastodon does: document, handle, and back."""
        server = self.fleet.servers[urlsplit(tag_uri).netloc]
        said = (await server.client.get(tag_uri, headers=AS2)).json()
        found = await server.client.get("/.well-known/webfinger", params={"resource": f"acct:{said['webfinger']}"})
        (self_href,) = [link["href"] for link in found.json()["links"] if link["rel"] == "self"]
        if not said["id"] == self_href == tag_uri or said["publicKey"]["owner"] != tag_uri:
            self.complaints.append(f"{tag_uri} is not found by its handle")
        self.keys[said["publicKey"]["id"]] = load_public(said["publicKey"]["publicKeyPem"])

    def follow(self, tag_uri: str) -> dict[str, Any]:
        """A Follow of a tag."""
        return {"id": f"{self.uri}#{tag_uri}", "type": "Follow", "actor": self.uri, "object": tag_uri}

    def take(self, asked: Asked) -> Says:
        """Take a letter in, strictly."""
        said = json.loads(asked.body)
        headers = {name: (value,) for name, value in asked.headers.items()}
        message = Message("POST", asked.target, headers, asked.body)
        (claim,) = read_claims(message)
        if claim.key_id != f"{said['actor']}#main-key":
            self.complaints.append(f"{claim.key_id} is not the key of {said['actor']}")
        elif claim.key_id in self.keys:
            verify(message, claim, self.keys[claim.key_id], host=self.host, now=self.fleet.clock.micros)
        if said["type"] == "Announce":
            if self.kept.get(said["id"], said["object"]) != said["object"]:
                self.complaints.append(f"{said['id']} is two things")
            self.kept[said["id"]] = said["object"]
        elif said["type"] == "Undo" and self.kept.pop(said["object"]["id"], None) is None:
            self.complaints.append(f"{said['object']['id']} was never said")
        return Says(500) if self.lose_answers else Says(202)

    def holds(self, *tag_uris: str) -> dict[str, set[str]]:
        """What is kept, by tag."""
        return {
            uri: {thing for announce, thing in self.kept.items() if announce.startswith(f"{uri}/announce/")}
            for uri in tag_uris
        }


@pytest.fixture
async def ana(fleet: Fleet) -> Person:
    """Somebody of a.example whose tags were public once."""
    ana = await fleet.person("ana@a.example")
    await ana.save("https://old.example/", title="Old", tags="sql rust c++")
    await fleet.settle()
    fleet.clock.forward(seconds=5)
    return ana


async def agree(fleet: Fleet) -> None:
    """Every server's rows agree."""
    for server in fleet.servers.values():
        async with entered(server.here):
            assert await disagreements() == []


async def test_a_strict_server_holds_exactly_what_the_tags_carry(fleet, ana):
    # Given a server that follows three tags
    tags = ["https://a.example/t/sql", "https://a.example/t/c++", "https://a.example/u/ana/t/rust"]
    async with entered(ana.server.here):
        strict = Strict(fleet, "https://strict.example/users/cleo")
        for uri in tags:
            await strict.learn(uri)
            assert await strict.do(strict.follow(uri)) == "accepted"
    await fleet.settle()

    async def after() -> dict[str, set[str]]:
        for _ in range(3):
            fleet.clock.forward(seconds=2)
            await fleet.settle()
        assert strict.complaints == []
        return strict.holds(*tags)

    # When bookmarks come, change, and go
    one = f"https://a.example{(await ana.save(X, tags='sql c++')).path}"
    two = f"https://a.example{(await ana.save('https://x.example/2', tags='SQL rust .c++')).path}"
    await ana.save("https://x.example/3", tags="sql rust", visibility="unlisted")
    await ana.save("https://x.example/4", tags="sql rust", visibility="followers")
    await ana.save("https://x.example/5", tags="sql rust", visibility="private")

    # Then it holds at each moment what the tags carry
    assert await after() == {tags[0]: {one, two}, tags[1]: {one}, tags[2]: {two}}
    await ana.edit(X, tags="rust sql")
    assert await after() == {tags[0]: {one, two}, tags[1]: set(), tags[2]: {one, two}}
    await ana.edit(X, tags="rust c++", description="words")
    assert await after() == {tags[0]: {two}, tags[1]: {one}, tags[2]: {one, two}}
    await ana.edit("https://x.example/2", visibility="unlisted")
    assert await after() == {tags[0]: set(), tags[1]: {one}, tags[2]: {one}}
    await ana.edit("https://x.example/2", visibility="public")
    assert await after() == {tags[0]: {two}, tags[1]: {one}, tags[2]: {one, two}}
    await ana.remove(X)
    fleet.clock.forward(seconds=31)
    assert await after() == {tags[0]: {two}, tags[1]: set(), tags[2]: {two}}
    await ana.edit("https://x.example/2", visibility="private")
    assert await after() == {tags[0]: set(), tags[1]: set(), tags[2]: set()}
    await agree(fleet)


async def test_a_letter_whose_answer_was_lost_is_sent_again_and_is_the_same(fleet, ana):
    async with entered(ana.server.here):
        strict = Strict(fleet, "https://strict.example/users/cleo")
        await strict.learn("https://a.example/t/sql")
        await strict.do(strict.follow("https://a.example/t/sql"))
    await fleet.settle()

    # When the answer is lost twice
    strict.lose_answers = True
    saved = await ana.save(X, tags="sql")
    for _ in range(2):
        await fleet.settle()
        fleet.clock.forward(seconds=100)
    strict.lose_answers = False
    await fleet.settle()

    # Then the same Announce came three times, and nothing is doubled
    announced = [said for said in strict.peer.bodies() if said["type"] == "Announce"]
    assert len(announced) == 3
    assert announced[0] == announced[1] == announced[2]
    assert list(strict.kept.values()) == [f"https://a.example{saved.path}"]

    # And what may have arrived is taken back once
    await ana.edit(X, tags="rust")
    await fleet.settle()
    assert (strict.kept, strict.complaints) == ({}, [])


@pytest.mark.parametrize("handle", ["@tag.sql@a.example", "@ana.sql@a.example", "https://a.example/t/sql"])
async def test_another_fedimark_follows_a_tag_as_it_follows_anybody(fleet, ana, handle):
    # Given somebody of another server who follows a tag here
    bo = await fleet.person("bo@b.example")
    followed = await bo.follow(handle)
    await fleet.settle()
    assert followed["state"] == "requested"
    assert [row["state"] for row in await _follows(bo)] == ["accepted"]

    # When ana saves, changes and retags
    await ana.save(X, title="One", description="Words.", tags="sql")
    await ana.save("https://x.example/2", title="Two", tags="rust")
    await fleet.settle()

    # Then bo sees what has the tag, with its saver, fetched from its own server
    (seen,) = [line for line in await bo.timeline() if line.url == X]
    assert (seen.title, seen.savers, seen.tags) == ("One", ["ana@a.example"], ["sql"])
    assert "https://x.example/2" not in [line.url for line in await bo.timeline()]
    await ana.edit(X, title="One better")
    await fleet.settle()
    assert [line.title for line in await bo.timeline() if line.url == X] == ["One better"]

    # And no more of what lost it
    await ana.edit(X, tags="rust")
    await fleet.settle()
    assert X not in [line.url for line in await bo.timeline()]
    fleet.clock.forward(seconds=2)
    await ana.edit(X, tags="rust sql")
    await fleet.settle()
    assert X in [line.url for line in await bo.timeline()]
    await ana.remove(X)
    await fleet.wait_for_undo()
    assert X not in [line.url for line in await bo.timeline()]
    await agree(fleet)


async def test_a_hashtag_in_a_note_leads_to_somebody_to_follow(fleet, ana):
    bo = await fleet.person("bo@b.example")
    saved = await ana.save(X, tags="C++")
    note = (await ana.server.client.get(saved.path, headers=AS2)).json()

    (hashtag,) = note["tag"]
    await bo.follow(hashtag["href"])
    await fleet.settle()

    assert [row["username"] for row in await _follows(bo)] == [
        (await ana.server.client.get(hashtag["href"], headers=AS2)).json()["preferredUsername"]
    ]


async def test_who_leaves_is_gone_from_another_server_that_only_followed_a_tag(fleet, ana):
    from fedimark.accounts.leave import leave
    from tests.support.people import PASSWORD

    bo = await fleet.person("bo@b.example")
    await bo.follow("@tag.sql@a.example")
    await fleet.settle()
    await ana.save(X, tags="sql")
    await fleet.settle()
    assert X in [line.url for line in await bo.timeline()]

    async with entered(ana.server.here):
        await leave(ana.viewer, "ana", PASSWORD)
    await fleet.settle()

    assert await bo.timeline() == []
    await agree(fleet)


async def _follows(person: Person) -> list[dict[str, Any]]:
    from fedimark.follows.queries import following

    async with entered(person.server.here):
        return await following(person.viewer.actor_id)
