"""Tags as actors: who they are, how they are found, and that there is none where nothing was public."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from fedimark.accounts.leave import leave
from fedimark.database import execute, fetch
from fedimark.moderation.suspension import suspend
from fedimark.signatures.keys import load_public
from fedimark.text.slugs import slug
from tests.support.people import PASSWORD

AS2 = {"Accept": "application/activity+json"}
FINGER = "/.well-known/webfinger"


async def get(server, path):
    """The answer to another server."""
    return await server.client.get(path, headers=AS2)


async def finger(server, resource):
    """The answer of WebFinger."""
    return await server.client.get(FINGER, params={"resource": resource})


# --- the documents --------------------------------------------------------------------------------------------------


async def test_a_tag_is_a_group_that_says_what_it_is(ana, server):
    await ana.save("https://x.example/1", tags="sql")

    answer = await get(server, "/t/sql")
    said = answer.json()

    assert answer.headers["content-type"].startswith("application/activity+json")
    assert (said["id"], said["type"], said["name"]) == ("https://a.example/t/sql", "Group", "#sql")
    assert (said["preferredUsername"], said["webfinger"]) == ("tag.sql", "tag.sql@a.example")
    assert [said[name] for name in ("inbox", "outbox", "followers")] == [
        f"https://a.example/t/sql/{name}" for name in ("inbox", "outbox", "followers")
    ]
    assert (said["manuallyApprovesFollowers"], said["postingRestrictedToMods"]) == (False, True)
    assert "attributedTo" not in said
    assert "sql" in said["summary"]
    icon = await server.client.get(said["icon"]["url"])
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/png")


async def test_a_persons_tag_is_a_service_attributed_to_them_and_approves_as_they_do(ana, server):
    await ana.save("https://x.example/1", tags="sql")
    await execute("UPDATE actor SET approves_followers = TRUE WHERE local_name = 'ana'")

    said = (await get(server, "/u/ana/t/sql")).json()

    assert (said["id"], said["type"]) == ("https://a.example/u/ana/t/sql", "Service")
    assert (said["attributedTo"], said["preferredUsername"]) == (ana.uri, "ana.sql")
    assert said["manuallyApprovesFollowers"] is True


async def test_every_tag_shows_the_servers_own_key_under_an_id_of_its_own(ana, server):
    await ana.save("https://x.example/1", tags="sql c++")
    own = (await get(server, "/actor")).json()["publicKey"]

    for path in ("/t/sql", "/t/c++", "/u/ana/t/sql"):
        key = (await get(server, path)).json()["publicKey"]
        assert (key["id"], key["owner"]) == (f"https://a.example{path}#main-key", f"https://a.example{path}")
        assert key["publicKeyPem"] == own["publicKeyPem"]
        load_public(key["publicKeyPem"])


async def test_the_same_address_shows_people_a_page(ana, server):
    await ana.save("https://x.example/1", title="One", tags="sql")

    for path in ("/t/sql", "/u/ana/t/sql"):
        page = await server.client.get(path)
        assert page.headers["content-type"].startswith("text/html")
        assert "One" in page.text


async def test_several_tags_together_have_a_page_only(ana, server):
    await ana.save("https://x.example/1", title="One", tags="sql postgres")

    for path in ("/t/sql,postgres", "/u/ana/t/sql,postgres"):
        answer = await get(server, path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("spelling", ["SQL", "%53ql", "ｓｑｌ"])
async def test_other_spellings_lead_people_on_and_answer_servers_with_the_one_id(ana, server, spelling):
    await ana.save("https://x.example/1", tags="sql")

    for before in ("/t/", "/u/ana/t/"):
        page = await server.client.get(before + spelling)
        said = await get(server, before + spelling)

        assert (page.status_code, page.headers.get("location")) in ((308, f"{before}sql"), (200, None))
        assert (said.status_code, said.json()["id"]) == (200, f"https://a.example{before}sql")


@pytest.mark.parametrize(
    ("tag", "segment"),
    [
        ("c++", "c++"),
        ("a/b", "a%2Fb"),
        ("100%", "100%25"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("c#", "c%23"),
        ("a?b", "a%3Fb"),
    ],
)
async def test_ids_are_written_in_one_form_and_every_tag_has_a_handle(ana, server, tag, segment):
    await ana.save("https://x.example/1", tags=tag)

    for before, name in (("/t/", "tag"), ("/u/ana/t/", "ana")):
        said = (await get(server, before + quote(tag, safe=""))).json()
        found = await finger(server, f"acct:{name}.{slug(tag)}@a.example")

        assert said["id"] == f"https://a.example{before}{segment}"
        assert said["preferredUsername"] == f"{name}.{slug(tag)}"
        assert {link["rel"]: link.get("href") for link in found.json()["links"]}["self"] == said["id"]


# --- WebFinger ------------------------------------------------------------------------------------------------------


async def test_handle_and_address_lead_to_each_other(ana, server):
    await ana.save("https://x.example/1", tags="sql")

    for handle, uri in (("tag.sql", "https://a.example/t/sql"), ("ana.sql", "https://a.example/u/ana/t/sql")):
        for resource in (f"acct:{handle}@a.example", f"acct:{handle.upper()}@A.example", uri):
            said = (await finger(server, resource)).json()
            assert said["subject"] == f"acct:{handle}@a.example"
            assert uri in [link.get("href") for link in said["links"] if link["rel"] == "self"]


async def test_the_handle_of_a_tag_cannot_be_taken_by_a_tag_that_looks_like_it(ana, server):
    # Given a tag that is spelled as the slug of another, and was there first
    await ana.save("https://x.example/1", tags=slug("c++"))
    await ana.save("https://x.example/2", tags="c++")

    # When somebody asks for the handle
    for name, before in (("tag", "/t/"), ("ana", "/u/ana/t/")):
        said = (await finger(server, f"acct:{name}.{slug('c++')}@a.example")).json()

        # Then it is the other's
        assert said["links"][0]["href"] == f"https://a.example{before}c++"


async def test_nodeinfo_tells_where_tags_are(server):
    said = (await server.client.get("/nodeinfo/2.1")).json()

    assert said["metadata"]["tagActorTemplate"] == "https://a.example/t/{tag}"


# --- what is not there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["unlisted", "followers", "private"])
async def test_a_tag_that_never_was_public_answers_like_one_that_never_was(ana, server, visibility):
    await ana.save("https://x.example/1", tags="hidden", visibility=visibility)

    for hidden, never in (
        ("/t/hidden", "/t/nothing"),
        ("/u/ana/t/hidden", "/u/ana/t/nothing"),
        (f"{FINGER}?resource=acct:tag.hidden@a.example", f"{FINGER}?resource=acct:tag.nothing@a.example"),
        (f"{FINGER}?resource=acct:ana.hidden@a.example", f"{FINGER}?resource=acct:ana.nothing@a.example"),
    ):
        one, other = await get(server, hidden), await get(server, never)
        assert (one.status_code, one.text) == (other.status_code, other.text)
        assert one.status_code == 404


async def test_a_private_tag_of_a_public_bookmark_is_no_actor(ana, server):
    await ana.save("https://x.example/1", tags="sql .hidden")

    for path in ("/t/.hidden", "/u/ana/t/.hidden"):
        assert (await get(server, path)).status_code == 404
        assert (await finger(server, f"https://a.example{path}")).status_code == 404
    assert (await finger(server, f"acct:tag.{slug('.hidden')}@a.example")).status_code == 404


async def test_anothers_public_tag_makes_none_of_mine(ana, server):
    bo = await server.sign_up("bo")
    await ana.save("https://x.example/1", tags="sql")
    await bo.save("https://x.example/1", tags="sql", visibility="private")

    assert (await get(server, "/t/sql")).status_code == 200
    assert (await get(server, "/u/ana/t/sql")).status_code == 200
    assert (await get(server, "/u/bo/t/sql")).status_code == 404
    assert (await finger(server, "acct:bo.sql@a.example")).status_code == 404
    assert (await get(server, "/u/nobody/t/sql")).status_code == 404


async def test_a_tag_that_was_public_once_stays_when_nothing_has_it_any_more(ana, server, clock):
    await ana.save("https://x.example/1", tags="sql")
    await ana.save("https://x.example/2", tags="rust")
    await ana.edit("https://x.example/1", visibility="private")
    await ana.remove("https://x.example/2")
    clock.forward(seconds=31)
    await server.settle()

    for path in ("/t/sql", "/u/ana/t/sql", "/t/rust", "/u/ana/t/rust"):
        assert (await get(server, path)).status_code == 200
        page = await server.client.get(path)
        assert page.status_code == 200
        assert "u-bookmark-of" not in page.text
        assert "class=handle" in page.text


async def test_nothing_is_written_because_somebody_looks(ana, server):
    await ana.save("https://x.example/1", tags="sql")

    for path in ("/t/sql", "/u/ana/t/sql", f"{FINGER}?resource=acct:tag.sql@a.example"):
        await get(server, path)

    assert await fetch("SELECT id FROM actor WHERE tag_id IS NOT NULL") == []


# --- ends -----------------------------------------------------------------------------------------------------------


async def test_the_tags_of_somebody_who_left_are_gone(ana, server):
    await ana.save("https://x.example/1", tags="sql")
    await leave(ana.viewer, "ana", PASSWORD)

    answer = await get(server, "/u/ana/t/sql")

    assert (answer.status_code, answer.json()["type"]) == (410, "Tombstone")
    assert (answer.json()["id"], answer.json()["formerType"]) == ("https://a.example/u/ana/t/sql", "Service")
    for resource in ("acct:ana.sql@a.example", "https://a.example/u/ana/t/sql"):
        assert (await finger(server, resource)).status_code == 410
    assert (await get(server, "/t/sql")).status_code == 200


async def test_the_tags_of_somebody_suspended_say_so_and_nothing_of_theirs(ana, server):
    await ana.save("https://x.example/1", tags="sql")
    await execute("UPDATE actor SET name = 'Ana Zwölf' WHERE local_name = 'ana'")
    assert "Zwölf" in (await get(server, "/u/ana/t/sql")).text

    await suspend("ana")
    answer = await get(server, "/u/ana/t/sql")

    assert answer.json()["suspended"] is True
    assert "Zwölf" not in answer.text
