"""Relays from one server's side: subscribing, what they hear, what of theirs is believed, and what leaves no trace."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from fedimark.accounts.leave import leave
from fedimark.database import execute, fetch
from fedimark.errors import Forbidden, NotFound, NotProven, Refused
from fedimark.follows import relays
from fedimark.follows.healing import ask_again
from fedimark.inbox.relayed import MOST_WAITING
from fedimark.moderation.domains import block_domain
from tests.rooms.peers import Says
from tests.rooms.provers import AS, PUBLIC, Prover
from tests.rooms.strangers import Stranger, amount, applied, letters
from tests.support.commands import Forked
from tests.support.people import PASSWORD

RELAY = "https://relay.example/actor"
CLEO = "https://marks.example/users/cleo"
NOTE = f"{CLEO}/b/1"


def relay_at(fleet: Any, uri: str = RELAY) -> Stranger:
    """A relay's actor, whose inbox is its shared one."""
    host = uri.split("/")[2]
    return Stranger(fleet, uri, type="Application", inbox=f"https://{host}/inbox")


def answer(relay: Stranger, kind: str, follow: Any, number: int = 1) -> dict[str, Any]:
    """What a relay says to our Follow."""
    return {"@context": AS, "id": f"{relay.uri}/answers/{number}", "type": kind, "actor": relay.uri, "object": follow}


@pytest.fixture
async def relay(fleet, server) -> Stranger:
    """A relay of Mastodon's style that let us in."""
    relay = relay_at(fleet)
    await relays.add("https://relay.example/inbox")
    [(_, _, follow)] = await letters()
    assert await relay.do(answer(relay, "Accept", follow)) == "accepted"
    await execute("DELETE FROM delivery")
    return relay


@pytest.fixture
async def reader(server, ana) -> Any:
    """Ana, who follows the tag rust of this server."""
    bo = await server.sign_up("bo")
    await bo.save("https://old.example/", tags="rust")
    await ana.follow("#rust")
    return ana


@pytest.fixture
async def cleo(fleet, server) -> Prover:
    """Somebody on a server of bookmarks whom nobody here knows; their bookmark can be asked for."""
    cleo = Prover(fleet, CLEO, indexable=True)
    show(cleo, create(cleo))
    return cleo


def create(cleo: Prover, number: int = 1, tags: str = "rust", **said: Any) -> dict[str, Any]:
    """A Create of a public bookmark with tags."""
    document = cleo.create(number)
    document["object"] |= {"tag": [{"type": "Hashtag", "name": f"#{tag}"} for tag in tags.split()], **said}
    return {"@context": AS, **document}


def update(cleo: Prover, **said: Any) -> dict[str, Any]:
    """An Update of it."""
    document = create(cleo, updated="2026-02-28T10:15:00Z", **said)
    return document | {"id": f"{NOTE}/update", "type": "Update"}


def show(cleo: Prover, document: Any) -> None:
    """Let their server show the Note as it stands in an activity."""
    cleo.peer.document(
        f"/users/cleo/b/{document['object']['id'].rpartition('/')[2]}", {"@context": AS, **document["object"]}
    )


async def kept() -> list[tuple[str, str]]:
    """Address and title of what is here of others."""
    return [(row["uri"], row["title"]) for row in await fetch("SELECT uri, title FROM bookmark WHERE NOT is_local")]


async def state(address: str) -> str:
    """How it stands with a relay."""
    return {row["address"]: row["state"] for row in await relays.every()}.get(address, "none")


# Subscribing.


async def test_a_relay_of_mastodons_style_is_asked_at_its_inbox(server, fleet):
    await relays.add(" https://relay.example/inbox ")

    [(kind, inbox, follow)] = await letters()
    assert (kind, inbox) == ("Follow", "https://relay.example/inbox")
    assert follow.pop("id").startswith("https://a.example/actor/follows/")
    assert follow == {"@context": AS, "type": "Follow", "actor": "https://a.example/actor", "object": PUBLIC}
    assert await state("https://relay.example/inbox") == "requested"


async def test_a_relay_of_litepubs_style_is_asked_by_its_actor_and_may_follow_back(server, fleet):
    relay = relay_at(fleet)

    await relays.add(RELAY)
    [(kind, inbox, follow)] = await letters()
    back = {"id": f"{RELAY}/follows/1", "type": "Follow", "actor": RELAY, "object": "https://a.example/actor"}
    followed = await relay.do({"@context": AS, **back})

    assert (kind, inbox, follow["object"]) == ("Follow", "https://relay.example/inbox", RELAY)
    assert followed == "accepted"
    kind, inbox, said = (await letters())[-1]
    assert (kind, inbox, said["actor"]) == ("Accept", "https://relay.example/inbox", "https://a.example/actor")
    assert said["object"]["id"] == back["id"]
    assert await amount("follow") == 0


@pytest.mark.parametrize("address", ["https://relay.example/inbox", RELAY])
async def test_a_relay_that_does_not_answer_is_asked_again_after_a_day_and_a_week(server, fleet, clock, address):
    relay_at(fleet)
    await relays.add(address)

    asked = []
    for days in (0.5, 0.6, 3, 4, 30):
        clock.forward(days=days)
        await ask_again()
        asked.append(len(await letters()))

    assert asked == [1, 2, 2, 3, 3]
    assert len({document["id"] for _, _, document in await letters()}) == 1


async def test_a_relay_that_answered_is_not_asked_again(relay, clock):
    clock.forward(days=9)

    assert await ask_again() == 0
    assert await letters() == []


async def test_nobody_else_can_follow_the_server_itself(server, fleet):
    eve = Stranger(fleet, "https://eve.example/relay", type="Application")

    follow = {"@context": AS, "id": f"{eve.uri}/1", "type": "Follow", "actor": eve.uri}
    result = await eve.do(follow | {"object": "https://a.example/actor"})

    assert result == "ignored"
    assert await letters() == []


@pytest.mark.parametrize("shape", ["embedded", "id", "id of the Follow"])
async def test_a_relay_says_yes_and_later_no(server, fleet, shape):
    # tags.pub names the Follow; buzzrelay answers under the Follow's own id.
    relay = relay_at(fleet)
    await relays.add("https://relay.example/inbox")
    [(_, _, follow)] = await letters()
    about = follow["id"] if shape == "id" else follow
    accept = answer(relay, "Accept", about) | ({"id": follow["id"]} if shape == "id of the Follow" else {})

    yes = await relay.do(accept)
    after_yes = await state("https://relay.example/inbox")
    no = await relay.do(answer(relay, "Reject", about, 2))

    assert (yes, after_yes) == ("accepted", "accepted")
    assert (no, await state("https://relay.example/inbox")) == ("rejected", "rejected")


async def test_nobody_answers_for_a_relay(server, fleet):
    relay_at(fleet)
    neighbour = Stranger(fleet, "https://relay.example/users/eve", endpoints={})
    far = Stranger(fleet, "https://eve.example/actor")
    await relays.add("https://relay.example/inbox")
    [(_, _, follow)] = await letters()

    answers = [await each.do(answer(each, "Accept", follow)) for each in (neighbour, far)]

    assert answers == ["ignored", "ignored"]
    assert await state("https://relay.example/inbox") == "requested"


async def test_an_address_that_is_no_relay_is_refused(server, fleet):
    Stranger(fleet, "https://relay.example/actor")
    await relays.add("https://relay.example/inbox")

    for typed in (
        "",
        "relay.example",
        "ftp://relay.example/inbox",
        "https://a.example/inbox",
        "https://relay.example/x",
    ):
        with pytest.raises(Refused):
            await relays.add(typed)
    with pytest.raises(Refused):
        await relays.add("https://relay.example/inbox")
    assert len(await relays.every()) == 1


async def test_leaving_takes_the_follow_back(relay):
    await relays.remove("https://relay.example/inbox")

    [(kind, inbox, undo)] = await letters()
    assert (kind, inbox) == ("Undo", "https://relay.example/inbox")
    assert undo["object"]["type"] == "Follow"
    assert undo["object"]["object"] == PUBLIC
    assert await relays.every() == []
    with pytest.raises(NotFound):
        await relays.remove("https://relay.example/inbox")


async def test_a_relay_whose_domain_is_blocked_is_left(relay, server, reader, cleo):
    await block_domain("relay.example")
    await server.settle()

    with pytest.raises(NotProven):
        await relay.say(create(cleo))
    with pytest.raises(Forbidden):
        await relay.say(announce())
    with pytest.raises(Forbidden):
        await relays.add("https://relay.example/inbox")
    assert await relays.every() == []


# Publishing.


async def test_a_relay_hears_of_what_is_public_and_of_nothing_else(relay, ana):
    for number, visibility in enumerate(("public", "unlisted", "followers", "private")):
        await ana.save(f"https://x.example/{number}", tags="rust", visibility=visibility)

    said = [(kind, document["object"]["attachment"][0]["href"]) for kind, _, document in await letters()]
    assert said == [("Create", "https://x.example/0")]


async def test_what_relays_get_is_signed_when_it_goes_and_kept_once(relay, ana, server):
    relay.peer.answers["/inbox"] = Says(202)

    await ana.save("https://x.example/1", tags="rust")
    [(_, _, kept)] = await letters()
    bodies = await fetch("SELECT profile FROM activity_body")
    await server.settle()

    [said] = relay.peer.bodies()
    assert ("signature" in kept, bodies) == (False, [])
    assert said.pop("signature")["creator"] == "https://a.example/u/ana#main-key"
    assert said == kept


async def test_a_relay_that_did_not_say_yes_hears_nothing(server, ana):
    await relays.add("https://relay.example/inbox")

    await ana.save("https://x.example/1")

    assert [kind for kind, _, _ in await letters()] == ["Follow"]


@pytest.mark.parametrize("how", ["keeps out", "approves followers", "no bots"])
async def test_who_lets_no_tag_pass_on_what_they_save_is_kept_from_relays(relay, ana, how):
    columns = {"keeps out": "keeps_out = TRUE", "approves followers": "approves_followers = TRUE"}
    changed = columns.get(how, "summary = 'I like birds. #NoBots'")
    await execute(f"UPDATE actor SET {changed} WHERE local_name = 'ana'")

    await ana.save("https://x.example/1", tags="rust")

    assert await letters() == []


async def test_an_old_bookmark_is_no_news_for_a_relay(relay, ana, server):
    await ana.save("https://x.example/1", visibility="private")
    server.clock.forward(days=8)

    await ana.edit("https://x.example/1", visibility="public")

    assert await letters() == []


async def test_who_got_it_hears_of_its_change_and_its_end_even_when_the_relay_was_left(relay, ana, server):
    relay.peer.answers["/inbox"] = Says(202)
    await ana.save("https://x.example/1")
    await server.settle()
    server.clock.forward(days=9)
    await relays.remove("https://relay.example/inbox")

    await ana.edit("https://x.example/1", title="Anew")
    await server.settle()
    await ana.remove("https://x.example/1")
    server.clock.forward(seconds=31)
    await server.settle()

    assert [each["type"] for each in relay.peer.bodies()] == ["Create", "Undo", "Update", "Delete"]


async def test_a_person_who_leaves_is_gone_for_relays_too(relay, ana, server):
    relay.peer.answers["/inbox"] = Says(202)
    await ana.save("https://x.example/1")
    await server.settle()

    await leave(ana.viewer, "ana", PASSWORD)
    await server.settle()

    assert [each["object"] for each in relay.peer.bodies()][-1] == ana.uri


# Hearing: what it forwards.


async def test_what_a_relay_forwards_is_asked_for_where_it_comes_from(relay, reader, cleo):
    forwarded = create(cleo, name="What the relay says it is called")

    result = await relay.do(forwarded)

    assert result == "saved"
    assert await kept() == [(NOTE, "A page")]


async def test_a_proof_of_an_author_known_here_is_believed_and_nobody_is_asked(relay, reader, cleo):
    await cleo.row()
    asked = len(cleo.peer.asked)

    result = await relay.do(cleo.proves(create(cleo)))

    assert result == "saved"
    assert await kept() == [(NOTE, "A page")]
    assert len(cleo.peer.asked) == asked


async def test_a_forged_forward_brings_nothing_in(relay, reader, cleo):
    await cleo.row()
    forged = cleo.proves(create(cleo, 2))
    forged["object"]["name"] = "Forged"

    await relay.say(forged)
    await applied()

    assert await kept() == []
    assert await amount("received_activity WHERE kind = 'Announce'") == 0


async def test_what_carries_no_followed_tag_leaves_no_row(relay, reader, cleo):
    before = [await amount(table) for table in ("received_activity", "bookmark", "link", "actor", "tag", "tombstone")]
    asked = len(cleo.peer.asked)

    await relay.say(create(cleo, tags="cats"))
    await relay.say(cleo.proves(create(cleo, tags="")))
    await relay.say(cleo.delete())
    await relay.say(update(cleo, tags="cats"))
    await relay.say({"@context": AS, "id": f"{CLEO}/1", "type": "Like", "actor": CLEO, "object": NOTE, "to": [PUBLIC]})
    await applied()

    after = [await amount(table) for table in ("received_activity", "bookmark", "link", "actor", "tag", "tombstone")]
    assert after == before
    assert len(cleo.peer.asked) == asked


async def test_what_is_not_for_everybody_is_not_taken_from_a_relay(relay, reader, cleo):
    secret = create(cleo, to=[f"{CLEO}/followers"]) | {"to": [f"{CLEO}/followers"]}

    await relay.say(secret)
    await applied()

    assert await amount("received_activity WHERE kind <> 'Accept'") == 0


async def test_a_relay_may_not_say_whose_delete_or_update_it_likes(relay, reader, cleo):
    await relay.do(create(cleo))
    asked = len(cleo.peer.asked)

    await relay.say(cleo.delete())
    await relay.say(update(cleo, name="Forged"))
    await applied()

    assert await kept() == [(NOTE, "A page")]
    assert len(cleo.peer.asked) > asked


async def test_changes_and_the_end_of_what_was_kept_are_followed(relay, reader, cleo):
    await relay.do(create(cleo))

    changed = update(cleo, name="A better page")
    show(cleo, changed)
    first = await relay.do(changed)
    after_change = await kept()
    cleo.peer.answers["/users/cleo/b/1"] = Says(410)
    second = await relay.do(cleo.delete())

    assert (first, after_change) == ("changed", [(NOTE, "A better page")])
    assert (second, await kept()) == ("deleted", [])


async def test_an_edit_that_brings_a_followed_tag_brings_the_bookmark(relay, reader, cleo):
    show(cleo, update(cleo))

    assert await relay.do(update(cleo)) == "saved"


async def test_authors_of_a_blocked_domain_stay_out_whoever_forwards(relay, reader, cleo):
    await block_domain("marks.example")

    with pytest.raises(Forbidden):
        await relay.say(create(cleo))
    await relay.say({"@context": AS, "id": f"{RELAY}/1", "type": "Announce", "actor": RELAY, "object": NOTE})
    await applied()

    assert await kept() == []


async def test_nobody_but_a_relay_we_asked_forwards_unproven_words(relay, reader, cleo, fleet):
    eve = Stranger(fleet, "https://eve.example/actor", type="Application")

    with pytest.raises(NotProven):
        await eve.say(create(cleo))
    await relays.remove("https://relay.example/inbox")
    with pytest.raises(NotProven):
        await relay.say(create(cleo))

    assert await kept() == []


# Hearing: what it announces.


def announce(number: int = 1, note: str = NOTE) -> dict[str, Any]:
    """An Announce of an id."""
    said = {"@context": AS, "id": f"{RELAY}/announces/{number}", "type": "Announce", "actor": RELAY, "object": note}
    return said | {"to": [f"{RELAY}/followers"]}


async def test_an_announced_id_is_asked_for_and_kept_when_it_has_the_tag(relay, reader, cleo):
    assert await relay.do(announce()) == "saved"
    assert await kept() == [(NOTE, "A page")]
    assert await amount("share") == 0


async def test_an_announced_id_without_the_tag_is_forgotten_with_its_author(relay, reader, cleo):
    show(cleo, create(cleo, tags="cats"))

    await relay.say(announce())
    await applied()
    asked = len(cleo.peer.asked)
    await relay.say(announce(2))
    await applied()

    assert await kept() == []
    assert [a.target for a in cleo.peer.asked] == ["/users/cleo/b/1"]
    assert len(cleo.peer.asked) == asked
    assert await amount("received_activity WHERE kind = 'Announce'") == 0
    assert await amount("actor WHERE uri LIKE '%cleo'") == 0


async def test_where_nobody_follows_a_tag_nothing_announced_is_asked_for(relay, ana, cleo):
    await relay.say(announce())
    await applied()

    assert cleo.peer.asked == []
    assert await amount("received_activity WHERE kind = 'Announce'") == 0


async def test_an_announced_id_that_is_kept_is_looked_at_again(relay, reader, cleo):
    await relay.do(announce())
    show(cleo, update(cleo, name="A better page"))

    changed = await relay.do(announce(2))
    cleo.peer.answers["/users/cleo/b/1"] = Says(404)
    deleted = await relay.do(announce(3, f"{NOTE}#delete"))

    assert (changed, deleted) == ("changed", "deleted")


async def test_a_flood_stays_within_the_budget_of_its_origin(relay, reader, cleo, server):
    for number in range(1_000):
        show(cleo, create(cleo, number))
        await relay.say(create(cleo, number))
    await applied()

    fetched = [each for each in cleo.peer.asked if each.method == "GET" and "webfinger" not in each.target]
    assert len(fetched) <= server.here.settings.stream_fetches_a_minute_per_host
    assert await amount("received_activity") <= MOST_WAITING + 10


async def test_a_tag_followed_elsewhere_is_waited_for_too(relay, ana, cleo, fleet):
    group = Stranger(fleet, "https://b.example/t/rust", type="Group", preferredUsername="tag.rust")
    await ana.follow(group.uri)
    [(_, _, follow)] = await letters()
    await group.do({"@context": AS, "id": f"{group.uri}#1", "type": "Accept", "actor": group.uri, "object": follow})

    assert await relay.do(create(cleo)) == "saved"
    assert await relay.do(create(cleo, 2, tags="cats")) == "saved"
    assert len(await kept()) == 1


# What an admin sees.


async def test_an_admin_adds_a_relay_and_leaves_it_on_the_page_of_moderation(server, ana, fleet):
    relay = relay_at(fleet)

    added = await ana.browser.post("/moderation/relays/add", data={"address": "https://relay.example/inbox"})
    asked = (await ana.browser.get("/moderation")).text
    [(_, _, follow)] = await letters()
    await relay.do(answer(relay, "Accept", follow))
    accepted = (await ana.browser.get("/moderation")).text
    left = await ana.browser.post("/moderation/relays/leave", data={"address": "https://relay.example/inbox"})

    assert (added.status_code, left.status_code) == (303, 303)
    assert 'https://relay.example/inbox</strong> <span class="soft small">asked ' in asked
    assert 'https://relay.example/inbox</strong> <span class="soft small">accepted ' in accepted
    assert "fedimark[relays]" not in accepted
    assert await relays.every() == []


async def test_a_mistyped_relay_is_explained_beside_its_field(server, ana, fleet):
    Stranger(fleet, "https://b.example/users/x")

    wrong = await ana.browser.post("/moderation/relays/add", data={"address": "relay.example"})
    nothing = await ana.browser.post("/moderation/relays/add", data={"address": "https://b.example/nothing"})

    assert (wrong.status_code, nothing.status_code) == (422, 422)
    assert "Give an address like https://relay.example/inbox." in wrong.text
    assert 'value="relay.example"' in wrong.text
    assert "No relay’s actor stands there." in nothing.text


async def test_only_admins_choose_relays(server, ana):
    bo = await server.sign_up("bo")

    answers = [
        await bo.browser.post(f"/moderation/relays/{what}", data={"address": "https://relay.example/inbox"})
        for what in ("add", "leave")
    ]

    assert [each.status_code for each in answers] == [403, 403]
    assert await relays.every() == []


async def test_without_the_extra_relays_work_and_the_page_says_what_is_missing(relay, ana, server, monkeypatch):
    """As on a machine where it was never installed."""
    monkeypatch.setitem(sys.modules, "pyld", None)
    relay.peer.answers["/inbox"] = Says(202)

    shown = (await ana.browser.get("/moderation")).text
    await ana.save("https://x.example/1", tags="rust")
    await server.settle()

    [said] = relay.peer.bodies()
    assert "install <code>fedimark[relays]</code>" in shown
    assert "proof" in said
    assert "signature" not in said


async def test_the_command_line_adds_lists_and_leaves_relays(database, tmp_path):
    cli = Forked(tmp_path, {"FEDIMARK_DATABASE_URL": await database.new()})

    added = cli.run("relay", "add", "https://relay.example/inbox")
    twice = cli.run("relay", "add", "https://relay.example/inbox")
    listed = json.loads(cli.run("relay", "list", "--json").stdout)
    left = cli.run("relay", "remove", "https://relay.example/inbox")
    after = cli.run("relay", "list").stdout

    assert (added.returncode, added.stdout.strip()) == (0, "https://relay.example/inbox was asked.")
    assert (twice.returncode, "subscribed to that relay already" in twice.stderr) == (1, True)
    [line] = listed
    assert (line["address"], line["style"], line["state"]) == ("https://relay.example/inbox", "mastodon", "requested")
    assert (left.returncode, after) == (0, "")
