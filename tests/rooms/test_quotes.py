"""The leave to quote, both ways: asked for, given, shown, taken back; and whoever has no right to any of it."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.addresses import uri_hash
from fedimark.bookmarks import saying
from fedimark.bookmarks.stamps import ANSWER_AGAIN, MOST_AN_HOUR, MOST_OF_ONE_SITE
from fedimark.database import Row, execute, fetch
from fedimark.errors import FedimarkError
from fedimark.here import MICROS
from fedimark.moderation import people
from fedimark.outbox.quotes import Quote
from fedimark.policy.interactions import Act, Who, with_rule
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, amount, applied, letters
from tests.rooms.test_incoming import followed
from tests.rooms.test_remarks import AS2, PAGE, WIRE_NOTE, Marked, cleo, marked, words_on
from tests.rooms.test_words_here import bo, document
from tests.stories.reading import Reading
from tests.support.people import Person

__all__ = ["bo", "cleo"]

CLEO = "https://mastodon.example/users/cleo"
STAMP = f"{CLEO}/quote_authorizations/115000000000000007"
NOTE = f"{CLEO}/statuses/115000000000000002"
QUOTE = f"{CLEO}/statuses/115000000000000006"


def request(bookmark: Marked, wire: Any, number: int = 0, **said: Any) -> dict[str, Any]:
    """Cleo asks to quote a bookmark in one of her Notes."""
    document = wire("mastodon/quote_request")
    uri = f"{QUOTE}{number or ''}"
    return {**document, "id": f"{CLEO}/quote_requests/{number}", "object": bookmark.uri, "instrument": uri, **said}


async def answers() -> list[tuple[str, str, Any]]:
    """What was answered, in order: the type, to which inbox, and the leave."""
    return [(kind, inbox, said.get("result")) for kind, inbox, said in await letters() if kind in ("Accept", "Reject")]


async def stamps() -> list[Row]:
    """Every answer kept."""
    return await fetch("SELECT * FROM stamp ORDER BY id")


# --- others ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
async def test_who_asks_is_let_and_the_leave_is_served(ana, cleo, wire, server, visibility):
    bookmark = await marked(ana, visibility)

    assert await cleo.do({**wire("mastodon/quote_request"), "object": bookmark.uri}) == "granted"

    [(kind, inbox, uri)] = await answers()
    assert (kind, inbox) == ("Accept", f"{CLEO}/inbox")
    [(_, _, accept)] = [letter for letter in await letters() if letter[0] == "Accept"]
    asked = wire("mastodon/quote_request")
    assert accept["object"] == {
        "id": asked["id"],
        "type": "QuoteRequest",
        "actor": CLEO,
        "object": bookmark.uri,
        "instrument": QUOTE,
    }
    stamp = await document(server, uri.removeprefix("https://a.example"))
    assert {**stamp, "@context": 0} == {
        "@context": 0,
        "id": uri,
        "type": "QuoteAuthorization",
        "attributedTo": ana.uri,
        "interactingObject": QUOTE,
        "interactionTarget": bookmark.uri,
    }


async def test_a_question_with_the_whole_quote_in_it_shows_it_at_once_and_its_create_adds_nothing(ana, cleo, wire):
    bookmark = await marked(ana)
    asked_for = wire("mastodon/quote_request", **{WIRE_NOTE: bookmark.uri})

    assert await cleo.do(asked_for) == "granted"
    create = {"id": f"{QUOTE}/activity", "type": "Create", "actor": CLEO, "object": asked_for["instrument"]}
    assert await cleo.do(create) == "known"

    assert await words_on(bookmark.path, ana.browser) == ["Still true."]


async def test_asked_twice_the_same_is_answered_and_not_all_the_time(ana, cleo, wire, clock):
    bookmark = await marked(ana)
    outcomes = [await cleo.do(request(bookmark, wire, id=f"{CLEO}/asks/{number}")) for number in range(3)]
    clock.forward(seconds=ANSWER_AGAIN // MICROS + 1)
    outcomes.append(await cleo.do(request(bookmark, wire, id=f"{CLEO}/asks/9")))

    assert outcomes == ["granted", "known", "known", "granted"]
    assert len(await stamps()) == 1
    assert len({uri for _, _, uri in await answers()}) == 1


async def test_what_is_for_followers_is_refused_and_what_is_private_not_answered(ana, cleo, wire):
    followers, private = await marked(ana, "followers"), None
    assert await cleo.do(request(followers, wire)) == "rejected"
    await ana.edit(PAGE, visibility="private")
    [row] = await fetch("SELECT * FROM bookmark")
    private = Marked(ana, row)
    assert await cleo.do(request(private, wire, 1)) == "ignored"
    assert await cleo.do(request(private, wire, 2, object="https://a.example/u/ana/b/aaaaaaaaaaaaa")) == "ignored"
    assert await cleo.do(request(private, wire, 3, object="https://a.example/u/ana")) == "ignored"

    assert [kind for kind, _, _ in await answers()] == ["Reject"]
    [stamp] = await stamps()
    assert stamp["revoked_at"] is not None


@pytest.mark.parametrize("blocker", ["ana", "cleo"])
async def test_across_a_block_who_asks_is_refused(ana, cleo, wire, blocker):
    bookmark = await marked(ana)
    if blocker == "ana":
        await people.block(ana.viewer, CLEO)
    else:
        await cleo.do({"id": f"{CLEO}#b", "type": "Block", "actor": CLEO, "object": ana.uri})

    assert await cleo.do(request(bookmark, wire)) == "rejected"
    assert await cleo.do(bookmark.document(wire, "mastodon/create_quote")) == "ignored"


@pytest.mark.parametrize(
    "said",
    [
        {"instrument": "https://elsewhere.example/notes/1"},
        {"instrument": "https://a.example/u/ana/b/aaaaaaaaaaaaa"},
        {"instrument": {"id": QUOTE, "type": "Note", "attributedTo": "https://mastodon.example/users/eve"}},
        {"instrument": None},
        {"instrument": [QUOTE, f"{QUOTE}1"]},
        {"object": NOTE},
        {"object": None},
        {"actor": "https://mastodon.example/users/eve"},
    ],
    ids=["another host's", "ours", "a neighbour's", "none", "two", "their own", "nothing", "another actor"],
)
async def test_who_asks_for_what_is_not_theirs_is_refused_at_the_door(ana, cleo, wire, said):
    bookmark = await marked(ana)

    with pytest.raises(FedimarkError) as error:
        await cleo.say(request(bookmark, wire, **said))

    assert error.value.status in (400, 401, 403)
    assert (await stamps(), await letters()) == ([], [])


async def test_a_storm_of_questions_is_answered_so_often_and_no_more(ana, cleo, wire, clock):
    bookmark = await marked(ana)
    for number in range(1, MOST_AN_HOUR + 20):
        await cleo.say(request(bookmark, wire, number))
    await applied()

    assert len(await stamps()) == len(await answers()) == MOST_AN_HOUR
    clock.forward(seconds=3_601)
    assert await cleo.do(request(bookmark, wire, 999)) == "granted"


async def test_one_server_with_many_accounts_leaves_room_for_others(ana, cleo, fleet, wire, clock):
    bookmark, dot = await marked(ana), Stranger(fleet, "https://other.example/users/dot")
    for number in range(1, MOST_OF_ONE_SITE + 1):
        await cleo.say(request(bookmark, wire, number))
        if not number % MOST_AN_HOUR:
            await applied()
            clock.forward(seconds=3_601)
    await applied()

    assert await cleo.do(request(bookmark, wire, 999)) == "refused"
    theirs = {"actor": dot.uri, "id": f"{dot.uri}/1", "instrument": f"{dot.uri}/statuses/1"}
    assert await dot.do(request(bookmark, wire, **theirs)) == "granted"


async def test_nobody_takes_over_what_another_was_given(ana, cleo, fleet, wire):
    bookmark, eve = await marked(ana), Stranger(fleet, "https://mastodon.example/users/eve")
    await cleo.do(request(bookmark, wire))

    assert await eve.do(request(bookmark, wire, actor=eve.uri, id=f"{eve.uri}/1")) == "ignored"

    assert [row["revoked_at"] for row in await stamps()] == [None]


async def test_what_is_taken_back_answers_410_and_whoever_got_it_is_told(ana, cleo, wire, server):
    # Given a remark of cleo's that may quote ana
    bookmark = await marked(ana)
    quote = bookmark.document(wire, "mastodon/create_quote")
    await cleo.do(quote)
    uri = quote["object"]["id"]
    await cleo.do({**request(bookmark, wire), "instrument": uri})
    cleo.peer.answers |= dict.fromkeys(("/inbox", f"{cleo.path}/inbox"), Says(202))
    await server.settle()
    [stamp], [said] = await stamps(), await fetch("SELECT * FROM remark")
    path = f"/u/ana/stamps/{stamp['public_id']}"
    assert (await server.client.get(path, headers=AS2)).status_code == 200
    assert "do not let it quote me" in (await ana.browser.get(bookmark.path)).text

    # When she takes that back, twice
    for status in (303, 404):
        answer = await ana.browser.post(f"{bookmark.path}/unquote", data={"what": said["uri_hash"]})
        assert answer.status_code == status

    # Then it is gone, cleo's server hears so once, and the remark stands no longer under the bookmark
    gone = await server.client.get(path, headers=AS2)
    assert (gone.status_code, gone.json()["formerType"]) == (410, "QuoteAuthorization")
    [(kind, inbox, delete)] = await letters()
    assert (kind, inbox, delete["object"]["id"]) == ("Delete", f"{CLEO}/inbox", f"https://a.example{path}")
    assert await words_on(bookmark.path, server.client) == []
    assert await cleo.do({**request(bookmark, wire, 7), "instrument": uri}) in ("known", "rejected")
    assert (await server.client.get(path, headers=AS2)).status_code == 410


@pytest.mark.parametrize("end", ["removed", "private"])
async def test_the_leave_ends_with_what_may_be_quoted(ana, cleo, wire, server, end):
    bookmark = await marked(ana)
    await cleo.do(request(bookmark, wire))
    [stamp] = await stamps()

    if end == "removed":
        await ana.remove(PAGE)
    else:
        await ana.edit(PAGE, visibility="private")

    path = f"/u/ana/stamps/{stamp['public_id']}"
    assert (await server.client.get(path, headers=AS2)).status_code == 410
    assert (await server.client.get("/u/ana/stamps/aaaaaaaaaaaaa", headers=AS2)).status_code == 404


@pytest.mark.parametrize("blocker", ["ana", "cleo"])
async def test_the_leave_holds_no_more_across_a_block(ana, cleo, wire, server, blocker):
    bookmark = await marked(ana)
    await cleo.do(request(bookmark, wire))
    [stamp] = await stamps()
    path = f"/u/ana/stamps/{stamp['public_id']}"
    assert (await server.client.get(path, headers=AS2)).status_code == 200

    if blocker == "ana":
        await people.block(ana.viewer, CLEO)
    else:
        await cleo.do({"id": f"{CLEO}#b", "type": "Block", "actor": CLEO, "object": ana.uri})

    assert (await server.client.get(path, headers=AS2)).status_code == 410


async def test_a_remark_written_here_may_be_quoted_too_until_it_is_taken_back(ana, bo, cleo, wire, server):
    bookmark = await marked(ana)
    written = await saying.remark(bo.viewer, bookmark.uri, "Look.")
    uri = f"https://a.example{written.path}"

    assert await cleo.do(request(bookmark, wire, object=uri)) == "granted"
    [stamp] = [row for row in await stamps() if row["object_uri"] == uri]
    path = f"/u/bo/stamps/{stamp['public_id']}"
    assert (await server.client.get(path, headers=AS2)).status_code == 200
    await saying.take_back(bo.viewer, written.public_id)
    assert (await server.client.get(path, headers=AS2)).status_code == 410


async def test_quotes_that_lead_round_in_a_circle_end_at_the_first(ana, bo, cleo, wire, server):
    # Given a remark of bo's, a quote of it by cleo, and an edit by which the two quote each other
    bookmark = await marked(ana)
    written = await saying.remark(bo.viewer, bookmark.uri, "One.")
    about = f"https://a.example{written.path}"
    quote = bookmark.document(wire, "mastodon/create_quote")
    names = ("quote", "quoteUri", "_misskey_quote")
    round_ = {**quote, "object": {**quote["object"], **dict.fromkeys(names, about)}}
    itself = {**quote, "object": {**quote["object"], **dict.fromkeys(names, quote["object"]["id"])}}

    # Then neither is kept, and nothing is asked without end
    assert await cleo.do(round_) == "ignored"
    assert await cleo.do({**itself, "id": f"{CLEO}#2"}) == "ignored"
    assert await cleo.do(request(bookmark, wire, object=about)) == "granted"
    assert await words_on(bookmark.path, server.client) == ["One."]
    assert await amount("remark") == 1


# --- we ask ---------------------------------------------------------------------------------------------------------


async def asked(ana: Person, cleo: Stranger, wire: Any) -> Row:
    """A remark of ana's about a bookmark of cleo's, whose server says that quotes are to be asked for."""
    await followed(ana, cleo)
    create = wire("mastodon/create_with_link")
    assert await cleo.do(create) == "saved"
    asking = with_rule(with_rule(0, Act.QUOTE, Who.NOBODY), Act.QUOTE_ASKING, Who.EVERYBODY)
    await execute("UPDATE bookmark SET allows = ?, uri = ? WHERE NOT is_local", asking, NOTE)
    await execute("UPDATE bookmark SET uri_hash = ? WHERE NOT is_local", uri_hash(NOTE))
    await saying.remark(ana.viewer, NOTE, "Quite.")
    [row] = await fetch("SELECT * FROM remark")
    return row


def answer(row: Row, wire: Any, name: str, **said: Any) -> dict[str, Any]:
    """Cleo's answer about a remark."""
    document = wire(f"mastodon/{name}")
    asked_for = {**document["object"], "id": f"{row['uri']}/quote-request", "instrument": row["uri"]}
    return {**document, "object": asked_for, **said}


def serve(cleo: Stranger, row: Row, wire: Any, **said: Any) -> None:
    """Let cleo's server show the leave it gave."""
    stamp = {**wire("mastodon/quote_authorization"), "interactingObject": row["uri"], **said}
    cleo.peer.document("/users/cleo/quote_authorizations/115000000000000007", stamp)


async def state() -> tuple[int, str]:
    """How the remark stands."""
    [row] = await fetch("SELECT quote_state, stamp FROM remark")
    return row["quote_state"], row["stamp"]


async def test_a_remark_asks_and_bears_the_leave_once_it_is_given(ana, cleo, wire, server):
    row = await asked(ana, cleo, wire)
    [(_, inbox, question)] = [letter for letter in await letters() if letter[0] == "QuoteRequest"]
    assert (inbox, question["object"]) == (f"{CLEO}/inbox", NOTE)
    note = await document(server, row["page_url"])
    assert {**question["instrument"], "@context": note["@context"]} == note
    assert (await state(), "was asked" in (await ana.browser.get(row["page_url"])).text) == ((Quote.ASKED, ""), True)
    serve(cleo, row, wire)

    assert await cleo.do(answer(row, wire, "accept_quote")) == "granted"

    assert await state() == (Quote.GRANTED, STAMP)
    assert (await document(server, row["page_url"]))["quoteAuthorization"] == STAMP
    assert ">edited<" not in (await ana.browser.get(row["page_url"])).text
    assert await cleo.do(answer(row, wire, "accept_quote", id=f"{CLEO}#again")) == "ignored"


@pytest.mark.parametrize(
    "shown",
    [
        {"interactingObject": "https://a.example/u/ana/r/other"},
        {"interactionTarget": f"{CLEO}/statuses/1"},
        {"attributedTo": "https://mastodon.example/users/eve"},
        {"type": "Note"},
        {"id": f"{STAMP}1"},
    ],
    ids=["another quote", "another Note", "another author", "no leave", "another id"],
)
async def test_a_leave_that_is_not_for_this_quote_gives_none(ana, cleo, wire, shown):
    row = await asked(ana, cleo, wire)
    serve(cleo, row, wire, **shown)

    assert await cleo.do(answer(row, wire, "accept_quote")) == "ignored"

    assert await state() == (Quote.ASKED, "")


async def test_only_the_author_of_what_is_quoted_answers(ana, cleo, fleet, wire):
    row, eve = await asked(ana, cleo, wire), Stranger(fleet, "https://mastodon.example/users/eve")
    mallory = Stranger(fleet, "https://evil.example/users/mallory")
    serve(cleo, row, wire)

    about = {**answer(row, wire, "accept_quote")["object"], "object": None}
    for who in (eve, mallory):
        for kind in ("Accept", "Reject"):
            for number, thing in enumerate((about, f"{row['uri']}/quote-request")):
                stamp = STAMP if who is eve else f"{who.uri}/stamps/1"
                said = {"id": f"{who.uri}#{kind}{number}", "type": kind, "actor": who.uri, "object": thing}
                assert await who.do({**said, "result": stamp}) == "ignored"
    with pytest.raises(FedimarkError):
        await cleo.say(answer(row, wire, "accept_quote", result="https://evil.example/stamps/1"))

    assert await state() == (Quote.ASKED, "")


@pytest.mark.parametrize("given", [False, True])
async def test_refused_a_remark_quotes_no_more_and_its_author_is_told(ana, cleo, wire, server, given):
    row = await asked(ana, cleo, wire)
    if given:
        serve(cleo, row, wire)
        await cleo.do(answer(row, wire, "accept_quote"))

    assert await cleo.do(answer(row, wire, "reject_quote")) == "refused"

    note = await document(server, row["page_url"])
    assert not {"quote", "quoteUrl", "quoteUri", "_misskey_quote", "quoteAuthorization"} & set(note)
    assert note["content"] == "<p>Quite.</p>"
    assert "does not let you quote" in (await ana.browser.get(row["page_url"])).text
    [link] = await fetch("SELECT hash FROM link")
    assert await words_on(f"/url/{link['hash']}", ana.browser) == []
    serve(cleo, row, wire)
    assert await cleo.do(answer(row, wire, "accept_quote", id=f"{CLEO}#late")) == "ignored"


async def test_a_leave_that_is_deleted_ends_it_and_nobody_else_deletes_it(ana, cleo, fleet, wire):
    row, eve = await asked(ana, cleo, wire), Stranger(fleet, "https://mastodon.example/users/eve")
    serve(cleo, row, wire)
    await cleo.do(answer(row, wire, "accept_quote"))
    delete = wire("mastodon/delete_quote_authorization")

    assert await eve.do({**delete, "actor": eve.uri, "id": f"{eve.uri}#1"}) == "ignored"
    assert await state() == (Quote.GRANTED, STAMP)
    assert await cleo.do(delete) == "revoked"
    assert await state() == (Quote.REFUSED, "")


async def test_a_leave_that_cannot_be_seen_now_is_looked_at_again(ana, cleo, wire, clock):
    row = await asked(ana, cleo, wire)
    path = "/users/cleo/quote_authorizations/115000000000000007"
    cleo.peer.answers[path] = Says(503)
    await cleo.do(answer(row, wire, "accept_quote"))
    assert await state() == (Quote.ASKED, "")

    serve(cleo, row, wire)
    clock.forward(seconds=120)
    await applied()

    assert await state() == (Quote.GRANTED, STAMP)


async def test_between_two_people_here_the_leave_stands_in_the_remark_at_once(ana, bo, server):
    bookmark = await marked(ana)

    written = await saying.remark(bo.viewer, bookmark.uri, "Look.")

    note, [stamp] = await document(server, written.path), await stamps()
    assert note["quoteAuthorization"] == f"https://a.example/u/ana/stamps/{stamp['public_id']}"
    assert not [kind for kind, _, _ in await letters() if kind in ("QuoteRequest", "Accept")]
    form = Reading((await ana.browser.get(written.path)).text).form(f"{bookmark.path}/unquote")
    assert "unquote" not in (await bo.browser.get(written.path)).text
    await ana.browser.post(f"{bookmark.path}/unquote", data=form.values())
    assert "unquote" not in (await ana.browser.get(written.path)).text
    assert "quote" not in await document(server, written.path)
    assert await words_on(bookmark.path, bo.browser) == []


async def test_ones_own_bookmark_is_quoted_without_asking(ana, server):
    bookmark = await marked(ana)

    written = await saying.remark(ana.viewer, bookmark.uri, "Again.")

    assert (await document(server, written.path))["quote"] == bookmark.uri
    assert await stamps() == []
