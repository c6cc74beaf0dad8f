"""How other servers find this one, and how their people find the way back here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from fedimark.accounts.leave import leave
from fedimark.accounts.sessions import open_session
from fedimark.database import execute
from fedimark.moderation.suspension import suspend
from fedimark.remote import software
from fedimark.vocab.host_meta import read_lrdd_template
from tests.rooms.peers import Says, stand
from tests.support.people import PASSWORD

AS2 = {"Accept": "application/activity+json"}
SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"


# --- what this server is ------------------------------------------------------------------------------------------


async def test_nodeinfo_is_found_in_both_versions_and_counts_public_bookmarks_alone(ana, server):
    for visibility in ("public", "unlisted", "followers", "private"):
        await ana.save(f"https://x.example/{visibility}", visibility=visibility)

    way = await server.client.get("/.well-known/nodeinfo")
    links = {link["rel"]: link["href"] for link in way.json()["links"]}

    assert links["https://www.w3.org/ns/activitystreams#Application"] == "https://a.example/actor"
    for version in ("2.0", "2.1"):
        answer = await server.client.get(urlsplit(links[f"{SCHEMA}{version}"]).path)
        said = answer.json()
        assert answer.headers["content-type"] == f'application/json; profile="{SCHEMA}{version}#"'
        assert (said["version"], said["software"]["name"]) == (version, "fedimark")
        assert said["protocols"] == ["activitypub"]
        assert (said["usage"]["users"]["total"], said["usage"]["localPosts"]) == (1, 1)
        assert "homepage" not in said["software"] or version == "2.1"  # 2.0 allows no further keys
    assert (await server.client.get("/nodeinfo/1.0")).status_code == 404


async def test_nodeinfo_counts_nobody_who_is_suspended_or_left(ana, server):
    bo, cy = await server.sign_up("bo"), await server.sign_up("cy")
    for person in (ana, bo, cy):
        await person.save(f"https://example.org/{person.name}")

    await suspend("bo")
    await leave(cy.viewer, "cy", PASSWORD)
    await open_session(bo.viewer.account_id)  # signed in at the very moment they were suspended

    document = (await server.client.get("/nodeinfo/2.1")).json()
    assert document["usage"] == {
        "users": {"total": 1, "activeMonth": 1, "activeHalfyear": 1},
        "localPosts": 1,
        "localComments": 0,
    }


async def test_host_meta_leads_to_webfinger(ana, server):
    answer = await server.client.get("/.well-known/host-meta")

    assert answer.headers["content-type"].startswith("application/xrd+xml")
    ElementTree.fromstring(answer.text)  # well-formed
    template = read_lrdd_template(answer.text)
    assert template is not None
    found = await server.client.get(template.removeprefix("https://a.example").replace("{uri}", "acct:ana@a.example"))
    assert found.json()["links"][1]["href"] == ana.uri


@pytest.mark.parametrize("href", ["https://[x/", "https://a.example/nodeinfo/2.1", 5])
async def test_a_server_that_names_no_nodeinfo_of_its_own_runs_nobody_knows_what(server, fleet, href):
    peer = stand(fleet, "marks.example")
    links = {"links": [{"rel": f"{SCHEMA}2.1", "href": href}]}
    peer.document("/.well-known/nodeinfo", links, "application/json")

    assert await software.software_of("marks.example") == ""
    assert [asked.target for asked in peer.asked] == ["/.well-known/nodeinfo"]


async def test_a_nodeinfo_is_not_fetched_from_a_private_place(server, fleet):
    peer = stand(fleet, "marks.example")
    peer.answers["/.well-known/nodeinfo"] = Says(302, b"", {"location": "https://10.0.0.1/"})
    await execute(
        "INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) "
        "VALUES ('marks.example', '', 0, '', 0, 0)"
    )

    assert await software.learn_software() == 1

    assert {request.url.host for request in fleet.network.requests} == {"marks.example"}


# --- what a profile elsewhere shows --------------------------------------------------------------------------------


async def test_featured_are_the_newest_five_public_bookmarks(ana, server, clock):
    for number in range(7):
        clock.forward(seconds=1)
        await ana.save(f"https://x.example/{number}", title=f"Page {number}")
    for visibility in ("unlisted", "followers", "private"):
        await ana.save(f"https://x.example/{visibility}", visibility=visibility)

    said = (await server.client.get("/u/ana/featured", headers=AS2)).json()

    assert (said["type"], said["totalItems"]) == ("OrderedCollection", 5)
    assert [each["attachment"][0]["href"][-1] for each in said["orderedItems"]] == ["6", "5", "4", "3", "2"]
    assert {each["attributedTo"] for each in said["orderedItems"]} == {ana.uri}


async def test_featured_tags_are_those_of_public_bookmarks_that_mastodon_can_carry(ana, server):
    await ana.save("https://x.example/1", tags="sql c++ 2024 .hidden")
    await ana.save("https://x.example/2", tags="sql")
    await ana.save("https://x.example/3", tags="secret", visibility="private")
    await ana.save("https://x.example/4", tags="whispered", visibility="followers")

    said = (await server.client.get("/u/ana/tags", headers=AS2)).json()

    assert [each["name"] for each in said["items"]] == ["#sql", "#CPlusPlus"]
    assert [each["href"] for each in said["items"]] == [
        "https://a.example/u/ana/t/sql",
        "https://a.example/u/ana/t/c++",
    ]
    assert said["totalItems"] == 2


async def test_a_document_that_is_known_is_not_sent_again(ana, server):
    await ana.save("https://x.example/1", tags="sql")

    for path in ("/u/ana", "/u/ana.json", "/u/ana/outbox", "/u/ana/featured", "/u/ana/tags", "/actor", "/nodeinfo/2.0"):
        first = await server.client.get(path, headers=AS2)
        again = await server.client.get(path, headers={**AS2, "If-None-Match": f"W/{first.headers['etag']}"})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert "Signature" in first.headers["vary"]


async def test_who_left_has_no_collections_and_no_twin(ana, server):
    await execute("UPDATE actor SET gone_at = 1 WHERE local_name = 'ana'")

    for path in ("/u/ana", "/u/ana.json"):
        answer = await server.client.get(path, headers=AS2)
        assert (answer.status_code, answer.json()["type"]) == (410, "Tombstone")
    for path in ("/u/ana/featured", "/u/ana/tags", "/u/ana/following", "/u/ana/inbox"):
        method = "POST" if path.endswith("inbox") else "GET"
        assert (await server.client.request(method, path, headers=AS2)).status_code == 410


# --- the way back ---------------------------------------------------------------------------------------------------


async def test_who_comes_to_follow_is_asked_first(ana, server, fleet):
    answer = await ana.browser.get("/authorize_interaction", params={"uri": "acct:cleo@mastodon.example"})

    assert answer.status_code == 200
    assert 'value="acct:cleo@mastodon.example"' in answer.text
    assert fleet.network.requests == []


async def test_who_comes_to_follow_and_is_not_signed_in_signs_in_first_and_comes_back(ana, server):
    asked = "/authorize_interaction?uri=acct:cleo@mastodon.example"

    answer = await server.browser().get(asked)

    assert answer.status_code in (302, 303)
    place = answer.headers["location"]
    assert place.startswith("/sign-in")
    assert "authorize_interaction" in place


@pytest.mark.parametrize("uri", ["javascript:alert(1)", '"><script>alert(1)</script>', "https://10.0.0.1/u/x", ""])
async def test_an_address_to_follow_is_text_and_nothing_else(ana, server, fleet, uri):
    answer = await ana.browser.get("/authorize_interaction", params={"uri": uri})

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert 'href="javascript:' not in answer.text
    assert fleet.network.requests == []


async def test_the_page_of_replies_stands_in_the_note_and_at_its_own_address(ana, server):
    saved = await ana.save("https://example.org/page")

    async def got(address: str) -> dict[str, Any]:
        answer = await server.client.get(address, headers=AS2)
        assert answer.status_code == 200
        return {name: value for name, value in answer.json().items() if name != "@context"}

    replies = (await got(saved.path))["replies"]
    assert replies == await got(replies["id"])
    assert replies["first"] == await got(replies["first"]["id"])
    assert (replies["first"]["type"], replies["first"]["items"]) == ("CollectionPage", [])
    other = await server.client.get(f"{replies['id']}?page=2", headers=AS2)
    assert other.status_code == 404


async def test_the_server_itself_has_an_empty_outbox_and_nothing_featured(ana, server):
    actor = (await server.client.get("/actor", headers=AS2)).json()

    for address in (actor["outbox"], actor["featured"]):
        collection = (await server.client.get(address, headers=AS2)).json()
        assert (collection["id"], collection["totalItems"], collection["orderedItems"]) == (address, 0, [])
