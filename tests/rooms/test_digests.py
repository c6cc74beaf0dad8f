"""Digests: one note a day of what a person saved publicly, exactly once, whatever happens to whoever tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.accounts.leave import leave
from fedimark.database import execute, fetch, fetch_one, write
from fedimark.follows import answer, queries
from fedimark.here import MICROS
from fedimark.moderation import people
from fedimark.moderation.suspension import restore, suspend
from fedimark.outbox import digest_days
from tests.rooms.strangers import Stranger, letters
from tests.support.people import PASSWORD

DIGEST = "https://a.example/u/ana/digest"
AS = {"Accept": "application/activity+json"}
DAY = 86_400 * MICROS


@pytest.fixture
async def ana(server) -> Any:
    """Somebody with a digest, which begins now."""
    ana = await server.sign_up("ana")
    await turn(ana, on=True)
    return ana


@pytest.fixture
async def cleo(fleet, ana) -> Stranger:
    """Somebody elsewhere who follows it."""
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo")
    await cleo.row()
    assert await cleo.do(follow(cleo)) == "accepted"
    await execute("DELETE FROM delivery")
    return cleo


async def turn(ana: Any, *, on: bool, time_zone: str = "UTC") -> None:
    """Choose it in the settings."""
    form = {"visibility": "public", "time_zone": time_zone, "theme": "auto"} | ({"digest": "yes"} if on else {})
    assert (await ana.browser.post("/settings", data=form)).status_code == 303


def follow(who: Stranger) -> dict[str, Any]:
    """A Follow of ana's digest."""
    return {"id": f"{who.uri}#follow", "type": "Follow", "actor": who.uri, "object": DIGEST}


async def told() -> list[Any]:
    """The Creates that wait to be sent."""
    return [document for kind, _, document in await letters() if kind == "Create"]


async def a_day_passes(clock: Any, days: int = 1) -> None:
    """Let days end, and look often whether something is to be told."""
    clock.forward(days=days)
    while await digest_days.tell_days():
        pass


async def test_a_day_is_told_in_one_note_with_titles_that_lead_to_the_pages(ana, cleo, clock):
    await ana.save("https://one.example/", title="One <b>")
    await ana.save("https://two.example/?a=1&b=2", title="Two")

    await a_day_passes(clock)

    (create,) = await told()
    note = create["object"]
    assert (create["actor"], note["attributedTo"], note["type"]) == (DIGEST, DIGEST, "Note")
    assert note["to"] == ["https://www.w3.org/ns/activitystreams#Public"]
    assert note["cc"] == [f"{DIGEST}/followers"]
    assert '<a href="https://one.example/" rel="nofollow noopener">One &lt;b&gt;</a>' in note["content"]
    assert '<a href="https://two.example/?a=1&amp;b=2"' in note["content"]
    assert "saved 2 pages on" in note["content"]
    assert "name" not in note
    assert create["proof"]["verificationMethod"] == f"{DIGEST}#ed25519-key"


async def test_nothing_that_is_not_public_is_told_and_nothing_that_was_removed(ana, cleo, clock):
    for visibility in ("unlisted", "followers", "private"):
        await ana.save(f"https://{visibility}.example/", title=f"Of {visibility}", visibility=visibility)
    await ana.save("https://removed.example/")
    await ana.save("https://told.example/", tags=".secret", title="Told")
    await ana.remove("https://removed.example/")

    await a_day_passes(clock)

    (create,) = await told()
    text = json.dumps(create)
    assert "told.example" in text
    assert [word for word in ("unlisted", "followers.example", "private", "removed", "secret") if word in text] == []


async def test_a_day_without_saves_says_nothing(ana, cleo, clock):
    await ana.save("https://private.example/", visibility="private")

    await a_day_passes(clock, 3)

    assert await told() == []
    assert await fetch("SELECT * FROM digest_day") == []


async def test_days_end_at_midnight_where_their_person_lives(ana, cleo, clock):
    await turn(ana, on=True, time_zone="Pacific/Auckland")
    at = digest_days.next_midnight(clock.micros, "Pacific/Auckland")
    await ana.save("https://one.example/")

    clock.forward(seconds=(at - clock.micros) // MICROS - 60)
    while await digest_days.tell_days():
        pass
    before = await told()
    clock.forward(seconds=120)
    while await digest_days.tell_days():
        pass

    assert before == []
    assert len(await told()) == 1


async def test_after_a_long_silence_each_day_of_the_last_week_is_told_once(ana, cleo, clock):
    for number in range(12):
        await ana.save(f"https://page.example/{number}")
        clock.forward(days=1)

    while await digest_days.tell_days():
        pass
    again = await digest_days.tell_days()

    days = [create["object"]["id"].rpartition("/")[2] for create in await told()]
    assert again == 0
    assert len(days) == len(set(days))
    assert 6 <= len(days) <= 7
    assert days == sorted(days)


async def test_told_twice_at_the_same_moment_it_is_told_once(ana, cleo, clock):
    await ana.save("https://one.example/")
    clock.forward(days=1)
    digest = await fetch_one("SELECT id FROM digest")

    # As a worker does that died after its commit, and another that looks again.
    for _ in range(2):
        async with write():
            await digest_days._tell(digest["id"])
        await execute("UPDATE digest SET next_at = 0")

    assert len(await told()) == 1


async def test_a_person_who_travels_west_loses_nothing_and_tells_nothing_twice(ana, cleo, clock):
    await turn(ana, on=True, time_zone="Pacific/Auckland")
    for number in range(8):
        await ana.save(f"https://page.example/{number}")
        clock.forward(seconds=11 * 3_600)
        while await digest_days.tell_days():
            pass
        if number == 3:
            await turn(ana, on=True, time_zone="Pacific/Honolulu")
    await a_day_passes(clock, 3)

    text = "".join(create["object"]["content"] for create in await told())
    assert [text.count(f'"https://page.example/{number}"') for number in range(8)] == [1] * 8


async def test_a_digest_of_five_thousand_saves_is_small_and_leads_on(ana, cleo, clock):
    at = clock.micros
    sql = """
    INSERT INTO bookmark (actor_id, link_id, public_id, is_local, url, url_md5, title, description, private_note, tags,
    visibility, listed, to_read, starred, archived, is_save, saved_at, updated_at, page_url)
    VALUES (?, 1, ?, TRUE, ?, ?, ?, '', '', '', 3, TRUE, FALSE, FALSE, FALSE, TRUE, ?, ?, '')
    """
    for number in range(5_000):
        url = f"https://page.example/{'x' * 150}/{number}"
        await execute(sql, ana.viewer.actor_id, f"p{number}", url, f"{number}", "日" * 300, at + number, at + number)

    await a_day_passes(clock)

    (create,) = await told()
    assert len(json.dumps(create, ensure_ascii=False).encode()) < 48_000
    assert "saved 5,000 pages" in create["object"]["content"]
    assert '<a href="https://a.example/u/ana">' in create["object"]["content"]
    assert " more: " in create["object"]["content"]


async def test_webfinger_leads_both_ways_and_the_actor_says_whose_it_is(server, ana):
    for resource in ("acct:digest.ana@a.example", "acct:Digest.Ana@A.example", DIGEST):
        found = (await server.browser().get("/.well-known/webfinger", params={"resource": resource})).json()
        assert found["subject"] == "acct:digest.ana@a.example"
        assert DIGEST in [link["href"] for link in found["links"] if link["rel"] == "self"]

    actor = (await server.browser().get("/u/ana/digest", headers=AS)).json()

    assert (actor["id"], actor["type"], actor["preferredUsername"]) == (DIGEST, "Service", "digest.ana")
    assert actor["attributedTo"] == "https://a.example/u/ana"
    assert actor["publicKey"]["owner"] == DIGEST
    assert actor["inbox"] == f"{DIGEST}/inbox"


async def test_its_outbox_its_days_and_its_number_of_followers_can_be_asked_for(server, ana, cleo, clock):
    await ana.save("https://one.example/", title="One")
    await a_day_passes(clock)
    (create,) = await told()
    browser = server.browser()

    outbox = (await browser.get("/u/ana/digest/outbox")).json()
    page = (await browser.get("/u/ana/digest/outbox?page=first")).json()
    note = (await browser.get(create["object"]["id"], headers=AS)).json()

    assert (outbox["totalItems"], (await browser.get("/u/ana/digest/followers")).json()["totalItems"]) == (1, 1)
    assert page["orderedItems"] == [{k: v for k, v in create.items() if k not in ("@context", "proof")}]
    assert {k: v for k, v in note.items() if k != "@context"} == create["object"]
    assert (await browser.get(create["id"], headers=AS)).json()["object"] == create["object"]
    for path in ("outbox?page=nonsense", "2020-01-01", "nothing", "9999-99-99/create"):
        assert (await browser.get(f"/u/ana/digest/{path}", headers=AS)).status_code == 404, path


async def test_what_is_no_longer_public_stands_in_no_note_that_is_asked_for(server, ana, cleo, clock):
    await ana.save("https://one.example/", title="One")
    await ana.save("https://two.example/", title="Two")
    await a_day_passes(clock)
    (create,) = await told()

    await ana.edit("https://one.example/", visibility="private")
    note = (await server.browser().get(create["object"]["id"], headers=AS)).text
    await ana.remove("https://two.example/")
    gone = await server.browser().get(create["object"]["id"], headers=AS)

    assert ("one.example" in note, "two.example" in note) == (False, True)
    assert (gone.status_code, gone.json()["type"]) == (410, "Tombstone")


async def test_a_digest_that_is_off_is_not_there(server, fleet, ana):
    await turn(ana, on=False)
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo")
    await cleo.row()
    browser = server.browser()

    for path in ("", "/outbox", "/followers", "/2026-01-01"):
        assert (await browser.get(f"/u/ana/digest{path}", headers=AS)).status_code == 404
    asked = {"resource": "acct:digest.ana@a.example"}
    assert (await browser.get("/.well-known/webfinger", params=asked)).status_code == 404
    assert (await browser.post("/u/ana/digest/inbox", content=b"{}")).status_code == 404
    nobodys = {"resource": "acct:digest.@a.example"}
    assert (await browser.get("/.well-known/webfinger", params=nobodys)).status_code == 404
    assert await cleo.do(follow(cleo)) == "ignored"
    assert await fetch("SELECT id FROM follow") == []


async def test_a_digest_turned_off_is_silent_and_begins_anew_when_it_is_on_again(ana, cleo, clock):
    await ana.save("https://one.example/")
    await turn(ana, on=False)
    await a_day_passes(clock, 2)
    await turn(ana, on=True)
    await ana.save("https://two.example/")
    await a_day_passes(clock)

    (create,) = await told()
    assert ("one.example" in create["object"]["content"], "two.example" in create["object"]["content"]) == (False, True)


async def test_follows_of_a_digest_wait_for_whoever_approves_by_hand(server, fleet, ana):
    await execute("UPDATE actor SET approves_followers = TRUE WHERE id = ?", ana.viewer.actor_id)
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo")
    await cleo.row()

    assert await cleo.do(follow(cleo)) == "requested"

    (request,) = await queries.requests(ana.viewer.actor_id)
    assert "digest" in request["tag"]
    await answer.accept(ana.viewer, str(request["id"]))
    accepts = [document for kind, _, document in await letters() if kind == "Accept"]
    assert [(each["actor"], each["object"]["object"]) for each in accepts] == [(DIGEST, DIGEST)]


async def test_a_block_ends_follows_of_the_digest_and_keeps_new_ones_out(ana, cleo, clock):
    await people.block(ana.viewer, cleo.uri)
    assert await fetch("SELECT id FROM follow") == []
    assert await cleo.do(follow(cleo) | {"id": f"{cleo.uri}#again"}) == "refused"

    await ana.save("https://one.example/")
    await a_day_passes(clock)

    assert await told() == []


async def test_a_follow_can_be_undone(ana, cleo):
    undo = {"id": f"{cleo.uri}#undo", "type": "Undo", "actor": cleo.uri, "object": follow(cleo)}

    assert await cleo.do(undo) == "withdrawn"
    assert await fetch("SELECT id FROM follow") == []


async def test_of_somebody_suspended_the_digest_is_silent(server, ana, cleo, clock):
    await ana.save("https://one.example/")
    await suspend("ana")
    await a_day_passes(clock)

    assert await told() == []
    assert (await server.browser().get("/u/ana/digest/outbox")).status_code == 403
    await restore("ana")
    await a_day_passes(clock)
    assert await told() == []


async def test_a_digest_ends_with_its_account(server, ana, cleo, clock):
    await ana.save("https://one.example/")
    await a_day_passes(clock)
    await execute("DELETE FROM delivery")

    await leave(ana.viewer, "ana", PASSWORD)

    deletes = [document for kind, _, document in await letters() if kind == "Delete"]
    assert DIGEST in [document["object"] for document in deletes]
    for path in ("", "/inbox"):
        method = "POST" if path else "GET"
        assert (await server.browser().request(method, f"/u/ana/digest{path}", headers=AS)).status_code == 410
    asked = {"resource": "acct:digest.ana@a.example"}
    assert (await server.browser().get("/.well-known/webfinger", params=asked)).status_code == 410
    assert await fetch("SELECT id FROM digest UNION ALL SELECT id FROM digest_day") == []
