"""Replies and remarks written here: what is said of them, who may write them, and what authors decide."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from fedimark import addresses
from fedimark.bookmarks import saying
from fedimark.bookmarks.remarks import MOST_AN_HOUR, store_remark
from fedimark.bookmarks.saying import LONGEST
from fedimark.database import Row, execute, fetch, write
from fedimark.errors import Forbidden, Malformed, NotFound, TooMany
from fedimark.moderation import people
from fedimark.notifications.tell import Kind
from fedimark.policy.interactions import Act, Who, with_rule
from fedimark.vocab.objects import read_note
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, amount, letters
from tests.rooms.test_incoming import changed, followed
from tests.rooms.test_remarks import AS2, PAGE, Marked, cleo, marked, words_on
from tests.stories.reading import Reading
from tests.support.counting import statements
from tests.support.people import Person

__all__ = ["cleo"]

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
DORA = "https://betula.example/@dora"


@pytest.fixture
async def bo(server) -> Person:
    """Somebody of this server beside ana."""
    return await server.sign_up("bo")


async def said() -> list[Row]:
    """Everything that was said here, in order."""
    return await fetch("SELECT * FROM remark ORDER BY id")


async def document(server: Any, path: str) -> Any:
    """What another server reads at a path."""
    return (await server.client.get(path, headers=AS2)).json()


async def theirs(ana: Person, fleet: Any, wire: Any, allows: int = 0) -> tuple[Stranger, Row]:
    """A bookmark of dora's, whom ana follows."""
    dora = await followed(ana, Stranger(fleet, DORA))
    await dora.do(wire("betula/create_note"))
    await execute("UPDATE bookmark SET allows = ? WHERE NOT is_local", allows)
    await execute("UPDATE peer SET software = 'betula' WHERE host = ?", dora.host)
    [row] = await fetch("SELECT * FROM bookmark WHERE NOT is_local")
    return dora, row


# --- what is said of them -------------------------------------------------------------------------------------------


async def test_a_reply_mentions_whom_it_answers_and_goes_to_them_and_to_followers(ana, cleo, fleet, wire, server):
    dora, row = await theirs(ana, fleet, wire)
    await cleo.do({"id": f"{cleo.uri}#f", "type": "Follow", "actor": cleo.uri, "object": ana.uri})
    await execute("DELETE FROM delivery")

    written = await saying.reply(ana.viewer, row["uri"], "Not <b>here</b>.\n\nhttps://x.example/")

    said_to = {inbox: create for kind, inbox, create in await letters() if kind == "Create"}
    assert set(said_to) == {"https://betula.example/inbox", "https://mastodon.example/inbox"}
    note = next(iter(said_to.values()))["object"]
    assert note["inReplyTo"] == row["uri"]
    assert note["tag"] == [{"type": "Mention", "href": dora.uri, "name": "@dora@betula.example"}]
    assert (note["to"], note["cc"]) == ([PUBLIC], [f"{ana.uri}/followers", dora.uri])
    assert note["content"].startswith(
        f'<p><span class="h-card"><a href="{dora.uri}" class="u-url mention">@<span>dora</span></a></span> Not &lt;'
    )
    assert note["source"] == {"content": "Not <b>here</b>.\n\nhttps://x.example/", "mediaType": "text/plain"}
    assert "quote" not in note
    assert {"proof"} <= set(next(iter(said_to.values())))
    found = await document(server, written.path)
    assert {**found, "@context": None} == {**note, "@context": None}


async def test_a_remark_is_what_betula_reads_as_one(ana, fleet, wire, server):
    dora, row = await theirs(ana, fleet, wire)

    written = await saying.remark(ana.viewer, row["uri"], "Agreed.")

    note = await document(server, written.path)
    assert {note[name] for name in ("quote", "quoteUrl", "quoteUri", "_misskey_quote")} == {row["uri"]}
    assert not {"name", "nameMap", "attachment", "inReplyTo"} & set(note)
    assert note["content"] == (f'<p class="quote-inline">RE: <a href="{row["uri"]}">{row["uri"]}</a></p><p>Agreed.</p>')
    assert (note["tag"], note["cc"]) == ([], [f"{ana.uri}/followers", dora.uri])
    assert [kind for kind, _, _ in await letters()].count("QuoteRequest") == 0


async def test_an_unlisted_bookmark_has_unlisted_answers_which_bear_no_proof(ana, bo, cleo, server):
    bookmark = await marked(ana, "unlisted")
    await cleo.do({"id": f"{cleo.uri}#f", "type": "Follow", "actor": cleo.uri, "object": bo.uri})

    written = await saying.reply(bo.viewer, bookmark.uri, "Quietly.")

    note = await document(server, written.path)
    assert (note["to"], note["cc"]) == ([f"{bo.uri}/followers"], [PUBLIC, ana.uri])
    assert not [letter for kind, _, letter in await letters() if kind == "Create" and "proof" in letter]
    [row] = await said()
    assert not row["listed"]


async def test_an_edit_says_so_and_what_is_taken_back_answers_410(ana, bo, cleo, server, clock):
    bookmark = await marked(ana)
    await cleo.do({"id": f"{cleo.uri}#f", "type": "Follow", "actor": cleo.uri, "object": bo.uri})
    cleo.peer.answers |= dict.fromkeys(("/inbox", f"{cleo.path}/inbox"), Says(202))
    written = await saying.reply(bo.viewer, bookmark.uri, "Yes.")
    await server.settle()

    await saying.edit(bo.viewer, written.public_id, "No.")
    assert ">edited<" in (await bo.browser.get(written.path)).text
    [(update, _, edited)] = await letters()
    note = await document(server, written.path)
    assert (update, edited["object"]["source"]["content"]) == ("Update", "No.")
    assert note["updated"] == edited["object"]["updated"] > note["published"]
    await server.settle()
    await saying.take_back(bo.viewer, written.public_id)

    assert [(kind, letter["object"]["type"]) for kind, _, letter in await letters()] == [("Delete", "Tombstone")]
    for headers in (AS2, {}):
        assert (await server.client.get(written.path, headers=headers)).status_code == 410
    assert await said() == []
    with pytest.raises(NotFound):
        await saying.take_back(bo.viewer, written.public_id)


async def test_what_was_not_sent_yet_is_never_heard_of(ana, bo, cleo):
    bookmark = await marked(ana)
    await cleo.do({"id": f"{cleo.uri}#f", "type": "Follow", "actor": cleo.uri, "object": bo.uri})
    await execute("DELETE FROM delivery")

    written = await saying.reply(bo.viewer, bookmark.uri, "Hm.")
    await saying.take_back(bo.viewer, written.public_id)

    assert await letters() == []


@pytest.mark.parametrize("words", ["\N{SNOWMAN}" * LONGEST, "<&>\"'" * (LONGEST // 5), "a\n\n" * (LONGEST // 3)])
async def test_as_much_as_may_be_written_fits_into_what_others_take(ana, bo, server, words):
    bookmark = await marked(ana)

    written = await saying.reply(bo.viewer, bookmark.uri, words)

    assert len(json.dumps(await document(server, written.path), ensure_ascii=False).encode()) < 48_000
    assert (await said())[0]["description"] == words.strip()


# --- the forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reply", "remark"])
async def test_the_form_on_a_bookmarks_page_writes_and_leads_back(ana, bo, server, kind):
    bookmark = await marked(ana)
    form = Reading((await bo.browser.get(bookmark.path)).text).form("/say")

    answer = await bo.browser.post("/say", data={**form.values(), "words": "Well said.", "kind": kind})

    assert (answer.status_code, answer.headers["location"]) == (303, f"{bookmark.path}#said")
    [row] = await said()
    assert (bool(row["is_reply"]), row["about_uri"]) == (kind == "reply", bookmark.uri)
    for browser in (ana.browser, bo.browser, server.client):
        assert await words_on(bookmark.path, browser) == ["Well said."]
        assert "Well said." in (await browser.get(row["page_url"])).text
    assert "/say" not in (await server.client.get(bookmark.path)).text


@pytest.mark.parametrize(("words", "why"), [(" \n ", "Write something"), ("x" * (LONGEST + 1), "At most 10,000")])
async def test_what_cannot_be_kept_is_told_beside_the_field_and_stays_there(ana, bo, words, why):
    bookmark = await marked(ana)
    written = await saying.reply(bo.viewer, bookmark.uri, "Before.")

    for path, about in (("/say", {"about": bookmark.uri, "kind": "reply"}), (f"{written.path}/edit", {})):
        answer = await bo.browser.post(path, data={**about, "words": words})

        page = Reading(answer.text)
        assert answer.status_code == 422
        assert why in page.one(kind="wrong").text
        assert page.form(path).values()["words"].strip() == words.strip()
    assert [row["description"] for row in await said()] == ["Before."]


async def test_nobody_edits_or_removes_what_another_wrote(ana, bo, server):
    bookmark = await marked(ana)
    written = await saying.reply(bo.viewer, bookmark.uri, "Mine.")

    for browser in (ana.browser, server.client):
        for path in ("edit", "remove"):
            for ask in (browser.get, browser.post):
                assert (await ask(f"{written.path}/{path}")).status_code in (303, 401, 404)

    assert [row["description"] for row in await said()] == ["Mine."]


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["private", "followers"])
async def test_what_is_not_for_everybody_is_answered_by_no_door(ana, bo, visibility):
    bookmark = await marked(ana, visibility)
    await bo.follow(ana)

    for say in (saying.reply, saying.remark):
        with pytest.raises(NotFound):
            await say(bo.viewer, bookmark.uri, "Hm.")
    for ask in (bo.browser.get(f"/say?about={bookmark.uri}"), bo.browser.post("/say", data={"about": bookmark.uri})):
        assert (await ask).status_code == 404
    assert "/say" not in (await bo.browser.get(bookmark.path)).text
    assert await said() == []


async def test_what_its_author_keeps_from_others_is_neither_offered_nor_taken(ana, fleet, wire):
    nobody = with_rule(with_rule(with_rule(0, Act.REPLY, Who.NOBODY), Act.QUOTE, Who.NOBODY), Act.QUOTE_ASKING, 3)
    _, row = await theirs(ana, fleet, wire, nobody)

    for say in (saying.reply, saying.remark):
        with pytest.raises(Forbidden):
            await say(ana.viewer, row["uri"], "Hm.")

    page = await ana.browser.get(f"/say?about={row['uri']}")
    assert "<textarea" not in page.text
    [link] = await fetch("SELECT hash FROM link")
    assert "/say" not in (await ana.browser.get(f"/url/{link['hash']}")).text
    assert await said() == []


async def test_who_takes_no_answers_to_what_they_said_gets_none_and_nobody_is_offered_to(ana, bo, cleo, wire):
    bookmark = await marked(ana)
    nobody = {"canReply": {"automaticApproval": [cleo.uri]}}
    create = bookmark.document(wire, "mastodon/create_note", interactionPolicy=nobody)
    assert await cleo.do(create) == "remarked"

    with pytest.raises(Forbidden):
        await saying.reply(bo.viewer, create["object"]["id"], "Hm.")
    answer = await bo.browser.get(f"/say?about={create['object']['id']}")
    assert "<textarea" not in answer.text
    assert not await offered(bookmark, bo)

    await execute("UPDATE remark SET allows = 0")
    assert await offered(bookmark, bo)
    await ana.browser.post(f"{bookmark.path}/talk", data={"replies": "off"})
    assert not await offered(bookmark, bo)
    assert await offered(bookmark, ana)


async def offered(bookmark: Marked, reader: Person) -> bool:
    """Whether somebody is offered to answer what was said there."""
    talk = Reading((await reader.browser.get(bookmark.path)).text).one("ol", "talk")
    return any(link.get("href").startswith("/say?about=") for link in talk.all("a"))


@pytest.mark.parametrize("blocker", ["ana", "bo"])
async def test_across_a_block_nobody_answers(ana, bo, blocker):
    bookmark, both = await marked(ana), {"ana": ana, "bo": bo}
    written = await saying.reply(bo.viewer, bookmark.uri, "Before.")
    await people.block(both.pop(blocker).viewer, next(iter(both.values())).name)

    for say in (saying.reply, saying.remark):
        with pytest.raises((NotFound, Forbidden)):
            await say(bo.viewer, bookmark.uri, "Hm.")
    with pytest.raises((NotFound, Forbidden)):
        await saying.reply(ana.viewer, addresses.absolute(written.path), "Hm.")

    assert await words_on(bookmark.path, ana.browser) == []


async def test_under_privacy_lock_nothing_public_is_written(ana, bo):
    bookmark = await marked(ana)
    await execute("UPDATE account SET privacy_lock = TRUE WHERE actor_id = ?", bo.viewer.actor_id)

    answer = await bo.browser.post("/say", data={"about": bookmark.uri, "words": "Hm.", "kind": "reply"})

    assert (answer.status_code, await said()) == (403, [])
    assert "/say" not in (await bo.browser.get(bookmark.path)).text


@pytest.mark.parametrize("moment", ["removed", "gone"])
async def test_a_bookmark_removed_a_moment_ago_takes_no_answer(ana, bo, cleo, wire, moment):
    bookmark = await marked(ana)
    await ana.remove(PAGE)
    if moment == "gone":
        ana.server.clock.forward(seconds=31)
        await ana.server.settle()

    with pytest.raises(NotFound):
        await saying.reply(bo.viewer, bookmark.uri, "Hm.")

    for name in ("mastodon/create_note", "mastodon/create_quote"):
        assert await cleo.do(bookmark.document(wire, name)) == "ignored"
    assert (await said(), await amount("notification")) == ([], 0)


async def test_one_person_writes_so_much_within_an_hour(ana, bo, clock):
    bookmark = await marked(ana)
    for number in range(MOST_AN_HOUR):
        await saying.reply(bo.viewer, bookmark.uri, str(number))

    with pytest.raises(TooMany):
        await saying.reply(bo.viewer, bookmark.uri, "more")

    clock.forward(seconds=3_601)
    await saying.reply(bo.viewer, bookmark.uri, "later")


# --- what becomes of them -------------------------------------------------------------------------------------------


async def test_whom_it_concerns_is_told_until_it_is_taken_back(ana, bo, server):
    bookmark, cy = await marked(ana), await server.sign_up("cy")
    one = await saying.reply(bo.viewer, bookmark.uri, "One.")
    two = await saying.reply(cy.viewer, addresses.absolute(one.path), "Two.")
    await saying.remark(cy.viewer, bookmark.uri, "Three.")
    await saying.reply(ana.viewer, addresses.absolute(two.path), "Four.")

    async def told() -> list[tuple[int, int]]:
        rows = await fetch("SELECT owner_id, kind FROM notification ORDER BY id")
        return sorted((row["owner_id"], row["kind"]) for row in rows)

    to = {who.name: who.viewer.actor_id for who in (ana, bo, cy)}
    reply, remark = int(Kind.REPLY), int(Kind.REMARK)
    everything = [(to["ana"], reply)] * 2 + [(to["ana"], remark), (to["bo"], reply), (to["cy"], reply)]
    assert await told() == sorted(everything)
    await saying.take_back(cy.viewer, two.public_id)
    assert await told() == sorted([(to["ana"], reply), (to["ana"], remark), (to["cy"], reply)])


async def test_what_people_here_wrote_outlives_what_it_was_about(ana, bo, cleo, wire, server):
    bookmark = await marked(ana)
    await cleo.do(bookmark.document(wire, "mastodon/create_note"))
    written = await saying.reply(bo.viewer, bookmark.uri, "Keep it.")

    await ana.remove(PAGE)
    hidden = (await server.client.get(written.path)).text
    server.clock.forward(seconds=31)
    await server.settle()

    [row] = await said()
    assert row["public_id"] == written.public_id
    page = (await server.client.get(written.path)).text
    assert (await document(server, written.path))["inReplyTo"] == bookmark.uri
    for text in (hidden, page):
        assert "Keep it." in text
        assert "is gone" in text
        assert "The page cache" not in text


async def test_an_answer_to_what_became_private_names_it_no_more(ana, bo, server):
    bookmark = await marked(ana)
    written = await saying.reply(bo.viewer, bookmark.uri, "Keep it.")

    await ana.edit(PAGE, visibility="private", title="Secret")

    for browser in (bo.browser, server.client):
        page = (await browser.get(written.path)).text
        assert "Secret" not in page
        assert "is gone" in page
    with pytest.raises(NotFound):
        await saying.reply(bo.viewer, addresses.absolute(written.path), "More.")


async def test_who_leaves_takes_their_words_along_and_answers_to_them_stay(ana, bo, server):
    bookmark, cy = await marked(ana), await server.sign_up("cy")
    one = await saying.reply(bo.viewer, bookmark.uri, "One.")
    await saying.reply(cy.viewer, addresses.absolute(one.path), "Two.")

    left = {"username": "bo", "password": "correct horse battery staple"}
    assert (await bo.browser.post("/settings/leave", data=left)).status_code == 303

    assert await words_on(bookmark.path, server.client) == ["Two."]
    assert (await server.client.get(one.path)).status_code == 410


# --- threads --------------------------------------------------------------------------------------------------------


def levels(text: str) -> list[tuple[str, int]]:
    """What a page shows that was said, each with how deep it stands."""
    found = []
    for each in Reading(text).all("li", "h-cite"):
        depth = [int(name.removeprefix("level-")) for name in each.classes if name.startswith("level-")]
        found.append((each.one("p", "p-content").text, depth[0] if depth else 0))
    return found


async def test_answers_stand_below_what_they_answer_and_side_by_side_beyond_four(ana, bo, server, clock):
    bookmark, about = await marked(ana), ""
    for number in range(6):
        written = await saying.reply(bo.viewer, about or bookmark.uri, f"deep {number}")
        about = addresses.absolute(written.path)
        clock.forward(seconds=1)
    await saying.reply(bo.viewer, bookmark.uri, "beside")

    page = (await server.client.get(bookmark.path)).text

    assert levels(page) == [*((f"deep {n}", min(n, 3)) for n in range(6)), ("beside", 0)]
    first = (await said())[0]["page_url"]
    assert [text for text, _ in levels((await server.client.get(first)).text)] == [f"deep {n}" for n in range(1, 6)]


async def test_pages_of_what_was_said_lead_on_and_back_in_as_many_statements(ana, bo, cleo, server, clock):
    bookmark = await marked(ana)
    with statements() as few:
        await server.client.get(bookmark.path)
    for number in range(120):
        clock.forward(seconds=61)
        await saying.reply(bo.viewer, bookmark.uri, str(number))

    def places(text: str) -> dict[str, str]:
        links = [link for link in Reading(text).all("a") if link.get("rel") in ("next", "prev")]
        return {link.text: link.get("href").partition("#")[0] for link in links}

    with statements() as many:
        newest = (await server.client.get(bookmark.path)).text
    assert len(many) == len(few)
    assert list(places(newest)) == ["« said before"]
    older = (await server.client.get(bookmark.path + places(newest)["« said before"])).text
    oldest = (await server.client.get(bookmark.path + places(older)["« said before"])).text
    pages = [[text for text, _ in levels(page)] for page in (oldest, older, newest)]
    assert pages == [[str(n) for n in range(20)], [str(n) for n in range(20, 70)], [str(n) for n in range(70, 120)]]
    assert list(places(oldest)) == ["said after »"]
    back = (await server.client.get(bookmark.path + places(oldest)["said after »"])).text
    assert [text for text, _ in levels(back)] == pages[1]
    assert set(places(back)) == {"« said before", "said after »"}


async def test_a_thread_without_end_is_drawn_as_deep_as_it_is_kept(ana, bo, server, clock):
    bookmark, about = await marked(ana), ""
    with pytest.raises(Forbidden):
        for number in range(40):
            clock.forward(seconds=61)
            written = await saying.reply(bo.viewer, about or bookmark.uri, str(number))
            about = addresses.absolute(written.path)

    found = [row["depth"] for row in await said()]
    assert found == list(range(31))
    assert len(levels((await server.client.get(bookmark.path)).text)) == 31


async def test_an_answer_is_edited_after_what_it_answers_was_taken_back(ana, bo, cleo, wire, server):
    bookmark = await marked(ana)
    written = await saying.reply(bo.viewer, bookmark.uri, "Gone soon.")
    create = changed(bookmark.document(wire, "mastodon/create_note"), inReplyTo=addresses.absolute(written.path))
    assert await cleo.do(create) == "remarked"

    await saying.take_back(bo.viewer, written.public_id)
    edit = changed(create, content="<p>The first half.</p>", updated="2026-08-22T00:00:00Z")
    assert await cleo.do({**edit, "id": f"{cleo.uri}#u", "type": "Update"}) == "remark changed"

    assert await words_on(bookmark.path, server.client) == ["The first half."]


async def test_what_is_written_and_taken_away_at_the_same_instant_is_there_or_not(ana, bo, server):
    bookmark = await marked(ana)
    one = await saying.reply(bo.viewer, bookmark.uri, "One.")
    about = addresses.absolute(one.path)

    async def quietly(work: Any) -> None:
        with suppress(NotFound):
            await work

    answering = [quietly(saying.reply(who.viewer, about, "Two.")) for who in (ana, bo)]
    ending = [quietly(saying.take_back(bo.viewer, one.public_id)) for _ in range(2)]
    await asyncio.gather(*answering, *ending)
    found = await said()
    assert {row["description"] for row in found} <= {"Two."}
    assert {row["parent_id"] for row in found} <= {None}

    await asyncio.gather(
        *(quietly(saying.reply(bo.viewer, bookmark.uri, "Three.")) for _ in range(3)), ana.remove(PAGE)
    )
    assert (await ana.browser.get(bookmark.path)).status_code == 404


async def test_replies_ten_thousand_deep_are_no_document_and_hang_nowhere(ana, cleo, wire, server, clock):
    # Given a reply to a reply to a reply …, each inside the next, and a chain of them by their ids
    bookmark = await marked(ana)
    create = bookmark.document(wire, "mastodon/create_note")
    deep = '{"inReplyTo":' * 10_000 + f'"{bookmark.uri}"' + "}" * 10_000
    body = json.dumps(create).replace(f'"{bookmark.uri}"', deep, 1).encode()

    # When they come
    with pytest.raises(Malformed):
        await cleo.say(body)
    author = await cleo.row()
    async with write():
        for number in range(10_000):
            parent = f"{cleo.uri}/statuses/{number - 1}" if number else bookmark.uri
            given = {"id": f"{cleo.uri}/statuses/{number}", "type": "Note", "attributedTo": cleo.uri, "to": [PUBLIC]}
            await store_remark(author, read_note({**given, "content": "<p>x</p>", "inReplyTo": parent}), clock())

    # Then as many hang there as are drawn, and the page is as it is
    assert [row["depth"] for row in await said()] == list(range(31))
    assert len(levels((await server.client.get(bookmark.path)).text)) == 31


# --- what authors decide --------------------------------------------------------------------------------------------


async def numbers(server: Any, bookmark: Marked) -> tuple[int, int]:
    """How many answers the Note of a bookmark tells, and how many its collection names."""
    note, replies = await document(server, bookmark.path), await document(server, f"{bookmark.path}/replies")
    return note["replies"]["totalItems"], len(replies["first"]["items"])


async def test_an_answer_that_is_hidden_is_nowhere_but_where_it_was_written(ana, bo, server):
    bookmark = await marked(ana)
    written = await saying.reply(bo.viewer, bookmark.uri, "Rude.")
    await saying.reply(bo.viewer, addresses.absolute(written.path), "More.")
    [link] = await fetch("SELECT hash FROM link")
    name = (await said())[0]["uri_hash"]

    answer = await ana.browser.post(f"{bookmark.path}/hide", data={"what": name})

    assert answer.status_code == 303
    for browser in (ana.browser, bo.browser, server.client):
        for path in (bookmark.path, f"/url/{link['hash']}"):
            assert await words_on(path, browser) == ["More."]
        assert "Rude." in (await browser.get(written.path)).text
    assert await numbers(server, bookmark) == (1, 1)
    assert "1 answer hidden" in (await ana.browser.get(bookmark.path)).text
    assert "answer hidden" not in (await bo.browser.get(bookmark.path)).text
    assert "Rude." in (await ana.browser.get(f"{bookmark.path}/hidden")).text
    for browser in (bo.browser, server.client):
        assert (await browser.get(f"{bookmark.path}/hidden")).status_code in (303, 401, 404)

    await ana.browser.post(f"{bookmark.path}/show", data={"what": name})
    assert await words_on(bookmark.path, server.client) == ["Rude.", "More."]
    assert await numbers(server, bookmark) == (2, 2)


async def test_only_the_owner_hides_and_only_under_their_own(ana, bo, server):
    bookmark = await marked(ana)
    await saying.reply(bo.viewer, bookmark.uri, "Hm.")
    await bo.save("https://other.example/")
    [own] = await fetch("SELECT public_id FROM bookmark WHERE url = 'https://other.example/'")
    name = (await said())[0]["uri_hash"]

    for path in (bookmark.path, f"/u/bo/b/{own['public_id']}"):
        for what in ("hide", "show", "unquote"):
            assert (await bo.browser.post(f"{path}/{what}", data={"what": name})).status_code == 404

    assert (await said())[0]["hidden_at"] is None


async def test_a_bookmark_that_takes_no_replies_says_so_and_keeps_them_out(ana, bo, cleo, wire, server):
    bookmark = await marked(ana)
    await saying.reply(bo.viewer, bookmark.uri, "In time.")
    create = bookmark.document(wire, "mastodon/create_note")

    answer = await ana.browser.post(f"{bookmark.path}/talk", data={"replies": "off"})

    assert answer.status_code == 303
    policy = (await document(server, bookmark.path))["interactionPolicy"]
    assert policy["canReply"] == {"automaticApproval": [ana.uri]}
    assert policy["canQuote"] == {"automaticApproval": [PUBLIC]}
    assert "value=reply>" not in (await bo.browser.get(bookmark.path)).text
    assert "value=remark>" in (await bo.browser.get(bookmark.path)).text
    with pytest.raises(Forbidden):
        await saying.reply(bo.viewer, bookmark.uri, "Late.")
    assert await cleo.do(create) == "refused"
    assert await words_on(bookmark.path, server.client) == ["In time."]
    await saying.reply(ana.viewer, bookmark.uri, "But I do.")

    await ana.browser.post(f"{bookmark.path}/talk", data={"replies": "on"})
    assert "canReply" not in (await document(server, bookmark.path))["interactionPolicy"]
    await execute("DELETE FROM received_activity")
    assert await cleo.do(create) == "remarked"


async def test_an_account_takes_no_replies_to_what_it_saves_from_now_on(ana, bo, server):
    before = await marked(ana)
    chosen = {"visibility": "public", "time_zone": "UTC", "theme": "auto", "no_replies": "yes"}
    assert (await ana.browser.post("/settings", data=chosen)).status_code == 303
    assert "checked" in next(
        str(dict(each.attributes))
        for each in Reading((await ana.browser.get("/settings")).text).all("input")
        if each.get("name") == "no_replies"
    )

    await ana.browser.post("/add", data={"url": "https://new.example/", "title": "New", "visibility": "public"})

    [new] = await fetch("SELECT public_id FROM bookmark WHERE url = 'https://new.example/'")
    assert "canReply" in (await document(server, f"/u/ana/b/{new['public_id']}"))["interactionPolicy"]
    assert "canReply" not in (await document(server, before.path))["interactionPolicy"]
    with pytest.raises(Forbidden):
        await saying.reply(bo.viewer, f"/u/ana/b/{new['public_id']}", "Hm.")
