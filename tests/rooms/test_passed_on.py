"""What tags pass on of people elsewhere where an admin lets them: of whom, what, to whom, and what they take back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from fedimark.addresses import uri_hash
from fedimark.database import atomically, execute, fetch
from fedimark.errors import Refused
from fedimark.here import MICROS, now
from fedimark.inbox.apply import apply_waiting
from fedimark.moderation import domains, passing, suspension
from fedimark.outbox.turns import MOST_WAITING
from fedimark.policy.quarantine import let_in
from fedimark.remote.actors import find_actor
from fedimark.vocab.moments import rfc3339
from tests.rooms.peers import Says
from tests.rooms.provers import PUBLIC, Prover
from tests.rooms.strangers import Stranger, applied, deliver
from tests.rooms.test_announced import announces, saves
from tests.rooms.test_incoming import followed
from tests.rooms.test_tag_announces import AS2, heard, primed, reader, short, tag
from tests.support.counting import statements
from tests.support.invariants import disagreements

__all__ = ["primed"]

FAY = "https://far.example/u/fay"
DAY = 86_400 * MICROS


@pytest.fixture
async def widened(primed, server):
    """A server whose admin lets its tags pass on what others save, some time ago."""
    await passing.choose("others")
    server.clock.forward(seconds=5)
    return primed


@pytest.fixture
async def cleo(widened, server, fleet) -> Stranger:
    """Somebody elsewhere who follows #sql of this server."""
    return await reader(fleet, server, "m.example", tag("sql"))


@pytest.fixture
async def fay(cleo, primed, fleet, server) -> Prover:
    """Somebody of a third server whom ana follows, and who wants to be found."""
    return await writer(fleet, server, primed)


@pytest.fixture
def writes(fleet, server, widened) -> Callable[..., Any]:
    """Makes somebody of a third server as `writer` does, who says something else of themselves."""
    return partial(writer, fleet, server, widened)


async def writer(fleet: Any, server: Any, reader: Any, uri: str = FAY, **said: Any) -> Prover:
    """Somebody elsewhere whom somebody here follows, and who wants to be found."""
    one = await followed(reader, Prover(fleet, uri, **{"indexable": True, **said}))
    await server.settle()
    return one


def new(who: Prover, number: int = 1, tags: tuple[str, ...] = ("sql",), **said: Any) -> dict[str, Any]:
    """A Create of a bookmark of this moment."""
    return saves(who, number, tags, **{"published": rfc3339(now()), **said})


def later(create: dict[str, Any], **said: Any) -> dict[str, Any]:
    """The Update of it, a minute on."""
    note = {**create["object"], "updated": rfc3339(now() + 60 * MICROS), **said}
    return {**create, "id": f"{create['id']}/{rfc3339(now())}", "type": "Update", "object": note}


def id_of(number: int = 1, key: str = "sql") -> str:
    """The id of the Announce of one of fay's bookmarks."""
    return f"{tag(key)}/announce/{uri_hash(f'{FAY}/b/{number}')}"


async def rested(server: Any, times: int = 3) -> None:
    """A while, in which tags may speak."""
    for _ in range(times):
        server.clock.forward(seconds=2)
        await server.settle()


# --- what is passed on ----------------------------------------------------------------------------------------------


async def test_a_new_public_bookmark_is_passed_on_by_its_id_and_once(fay, cleo, server):
    create = new(fay)
    assert await fay.do(create) == "saved"
    await rested(server)
    await fay.do({**create, "id": f"{create['id']}/again"})
    await rested(server)

    [said] = heard(cleo)
    assert (said["type"], said["actor"], said["id"]) == ("Announce", tag("sql"), id_of())
    assert said["object"] == f"{FAY}/b/1"
    assert (said["to"], said["cc"]) == ([PUBLIC], [f"{tag('sql')}/followers"])
    # It can be asked for, and the outbox, which streams read too, holds what is saved here and nothing else.
    asked = (await server.client.get(said["id"], headers=AS2)).json()
    assert (asked["id"], asked["object"], asked["published"]) == (said["id"], said["object"], said["published"])
    outbox = (await server.client.get("/t/sql/outbox?page=first", headers=AS2)).json()
    assert [each["object"] for each in outbox["orderedItems"]] != []
    assert not [each for each in outbox["orderedItems"] if "far.example" in str(each)]
    assert await disagreements() == []


async def test_it_is_off_until_an_admin_says_so_and_then_nothing_is_kept_of_it(primed, server, fleet):
    cleo = await reader(fleet, server, "m.example", tag("sql"))
    fay = await writer(fleet, server, primed)

    assert await fay.do(new(fay)) == "saved"
    await rested(server)

    assert heard(cleo) == []
    assert await fetch("SELECT id FROM passed_on") == []
    assert await passing.choice() == "ours"


async def test_each_followed_tag_passes_it_on_and_nobodys_own_tag_does(fay, cleo, server, fleet):
    other = await reader(fleet, server, "n.example", tag("rust"), tag("sql", "ana"))

    await fay.do(new(fay, tags=("SQL", "rust", "postgres")))
    await rested(server)

    assert short(heard(cleo)) == [("Announce", tag("sql"))]
    assert short(heard(other)) == [("Announce", tag("rust"))]


async def test_an_edit_that_adds_a_tag_is_passed_on_by_it(fay, cleo, server):
    create = new(fay, tags=("databases",))
    await fay.do(create)
    await rested(server)
    assert heard(cleo) == []

    await fay.do(later(create, **{"fedimark:tags": ["databases", "sql"]}))
    await rested(server)

    assert short(heard(cleo)) == [("Announce", tag("sql"))]


async def test_what_is_saved_here_goes_before_what_others_save(fay, cleo, server, widened):
    for number in range(1, 4):
        await fay.say(new(fay, number))
    await applied()
    for number in range(2):
        await widened.save(f"https://own.example/{number}", tags="sql")
    await rested(server, 6)

    objects = [said["object"] for said in heard(cleo)]
    assert ["far" in each for each in objects] == [False, False, True, True, True]


async def test_a_tag_speaks_once_a_second_and_of_what_waits_too_long_nothing_is_said(fay, cleo, server):
    for number in range(1, MOST_WAITING + 4):
        await fay.say(new(fay, number))
    await applied()
    await server.settle()
    amounts = [len(heard(cleo))]
    for _ in range(3):
        server.clock.forward(seconds=1)
        await server.settle()
        amounts.append(len(heard(cleo)))

    assert amounts == [1, 2, 3, 4]
    # The oldest went unsaid.
    assert heard(cleo)[0]["id"] == id_of(4)
    assert len(await fetch("SELECT id FROM passed_on WHERE said_at IS NULL")) == MOST_WAITING - 4


# --- what is not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"indexable": None},
        {"indexable": False},
        {"indexable": "true"},
        {"summary": "<p>Links. #<span>NoBots</span></p>"},
        {"summary": "#notagspub"},
        {"manuallyApprovesFollowers": True},
    ],
)
@pytest.mark.parametrize("software", ["mastodon", "fedimark"])
async def test_who_did_not_say_yes_is_not_passed_on(cleo, server, writes, said, software):
    fay = await writes(**said)
    await execute("UPDATE peer SET software = ? WHERE host = 'far.example'", software)

    assert await fay.do(new(fay)) == "saved"
    await rested(server)

    assert heard(cleo) == []
    assert await fetch("SELECT id FROM passed_on") == []


@pytest.mark.parametrize(
    "said",
    [
        {"to": [], "cc": [PUBLIC]},
        {"to": [f"{FAY}/followers"]},
        {"published": "2020-01-01T00:00:00Z"},
        {"fedimark:tags": ["postgres"]},
        {"fedimark:tags": [".sql"]},
        {"interactionPolicy": {"canAnnounce": {"automaticApproval": [FAY]}}},
        {"interactionPolicy": {"canAnnounce": {"automaticApproval": [f"{FAY}/followers"]}}},
        {"attachment": [], "content": '<p>See <a href="https://example.org/1">this</a></p>', "name": None},
    ],
)
async def test_what_is_not_everybodys_not_new_not_tagged_or_no_bookmark_is_not_passed_on(fay, cleo, server, said):
    create = new(fay)
    create["object"] |= said
    create["to"] = create["object"]["to"]

    await fay.do(create)
    await rested(server)

    assert heard(cleo) == []


async def test_nothing_is_passed_on_from_a_server_that_nobody_here_chose(cleo, widened, server, fleet):
    # Given somebody whose server is in quarantine, and whose bookmark was shared and so is waited for
    fay = Prover(fleet, FAY, indexable=True)
    sql = await followed(widened, Stranger(fleet, "https://marks.example/t/sql", type="Group"))
    await execute("UPDATE peer SET let_in_at = NULL WHERE host = 'far.example'")
    create = new(fay)
    await sql.do(announces(sql, fay.proves(create)))

    # When they say it themselves, edited
    await fay.do(later(create))
    await rested(server)
    # And their server is let in
    await atomically(lambda: let_in(FAY))
    await rested(server)

    assert heard(cleo) == []


async def test_what_a_stream_brought_first_is_not_announced_again(fay, cleo, widened, server, fleet):
    sql = await followed(widened, Stranger(fleet, "https://marks.example/t/sql", type="Group"))
    create = new(fay)

    assert await sql.do(announces(sql, fay.proves(create))) == "shared"
    await fay.do(create)
    await fay.do(later(create, name="Other words"))
    await rested(server)

    assert heard(cleo) == []
    assert await fetch("SELECT id FROM passed_on") == []


async def test_a_forged_bookmark_is_not_passed_on(fay, cleo, server, fleet):
    mallory = await reader(fleet, server, "far.example", tag("rust"))
    forged = {**new(fay), "actor": mallory.uri}

    for document in (forged, new(fay)):
        with pytest.raises(Exception):  # noqa: B017 - refused at the gate, each for a reason of its own
            await deliver(mallory.signed(document))
    await applied()
    await rested(server)

    assert [said for said in heard(cleo) if said["type"] == "Announce"] == []


@pytest.mark.parametrize("act", [lambda: domains.block_domain("far.example"), lambda: suspension.suspend(FAY)])
async def test_nothing_is_passed_on_of_whom_this_server_has_nothing_to_do_with(fay, cleo, server, act):
    await fay.say(new(fay))
    await applied()

    # What waits is not said, and nothing new comes.
    await act()
    await rested(server)

    assert heard(cleo) == []


async def test_what_a_week_passed_over_is_said_no_more(fay, cleo, server, widened):
    for number in range(3):
        await widened.save(f"https://own.example/{number}", tags="sql")
    await fay.say(new(fay))
    await applied()

    server.clock.forward(days=8)
    await rested(server, 6)

    assert not [said for said in heard(cleo) if "far.example" in said["object"]]


# --- to whom --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Group", "Service", "Application", "Organization"])
async def test_streams_relays_and_robots_that_follow_get_what_is_saved_here_alone(fay, server, fleet, widened, kind):
    stream = Stranger(fleet, "https://s.example/t/sql", type=kind)
    stream.peer.answers |= dict.fromkeys(("/inbox", "/t/sql/inbox"), Says(202))
    follow = {"id": f"{stream.uri}#f", "type": "Follow", "actor": stream.uri, "object": tag("sql")}
    assert await stream.do(follow) == "accepted"
    await server.settle()
    stream.peer.asked.clear()

    await fay.do(new(fay))
    await rested(server)
    await widened.save("https://own.example/", tags="sql")
    await rested(server)

    [said] = stream.peer.bodies()
    assert said["object"].startswith("https://a.example/")


async def test_a_person_beside_a_stream_of_their_server_gets_it_in_their_own_inbox(fay, cleo, server, fleet):
    stream = Stranger(fleet, "https://m.example/users/dan", type="Group")
    await stream.do({"id": f"{stream.uri}#f", "type": "Follow", "actor": stream.uri, "object": tag("sql")})
    await server.settle()
    cleo.peer.asked.clear()

    await fay.do(new(fay))
    await rested(server)

    assert [asked.target for asked in cleo.peer.asked if asked.method == "POST"] == ["/users/cleo/inbox"]


async def test_other_fedimarks_get_nothing_of_others(fay, server, fleet, widened):
    marks = await reader(fleet, server, "f.example", tag("sql"), software="fedimark")

    await fay.do(new(fay))
    await rested(server)

    assert marks.peer.bodies() == []


async def test_an_author_is_not_told_of_it_at_home_unless_they_follow_the_tag(fay, cleo, server, fleet):
    # Given a neighbour of fay's who follows the tag
    neighbour = Stranger(fleet, "https://far.example/u/gil")
    neighbour.peer.answers |= dict.fromkeys(("/inbox", "/u/gil/inbox", "/u/fay/inbox"), Says(202))
    for who in (neighbour, fay):
        await who.do({"id": f"{who.uri}#f", "type": "Follow", "actor": who.uri, "object": tag("sql")})
        await server.settle()
        neighbour.peer.asked.clear()

        # When she saves something, once before she follows it herself
        await fay.do(new(fay, 1 if who is neighbour else 2))
        await rested(server)

        # Then nobody of her server hears that it was shared until she wants to
        expected = [] if who is neighbour else [("Announce", tag("sql"))]
        assert short(neighbour.peer.bodies()) == expected
    assert len(heard(cleo)) == 2


# --- taken back -----------------------------------------------------------------------------------------------------


async def edited(fay: Prover, create: dict[str, Any], **said: Any) -> None:
    """It changes at its origin."""
    await fay.do(later(create, **said))


async def without_consent(fay: Prover, _create: dict[str, Any], **said: Any) -> None:
    """Its author says something else of themselves."""
    fay.said |= said
    fay.show()
    await fay.do({"id": f"{FAY}#u", "type": "Update", "actor": FAY, "to": [PUBLIC], "object": fay.document()})


async def asked_anew(fay: Prover, _create: dict[str, Any]) -> None:
    """Their server says it, once it is asked again."""
    fay.said["indexable"] = False
    fay.show()
    await execute("UPDATE actor SET fetched_at = 0 WHERE uri = ?", FAY)
    await find_actor(FAY)


async def deleted(fay: Prover, _create: dict[str, Any]) -> None:
    """Its author deletes it."""
    await fay.do(fay.delete())


async def left(fay: Prover, _create: dict[str, Any]) -> None:
    """Its author is gone."""
    await fay.do({"id": f"{FAY}#d", "type": "Delete", "actor": FAY, "to": [PUBLIC], "object": FAY})


ENDS: dict[str, Callable[[Prover, dict[str, Any]], Any]] = {
    "another tag": lambda fay, create: edited(fay, create, **{"fedimark:tags": ["rust"]}),
    "unlisted": lambda fay, create: edited(fay, create, to=[f"{FAY}/followers"], cc=[PUBLIC]),
    "for followers": lambda fay, create: edited(fay, create, to=[f"{FAY}/followers"]),
    "no bookmark": lambda fay, create: edited(fay, create, attachment=[], name=None),
    "not to be shared": lambda fay, create: edited(
        fay, create, interactionPolicy={"canAnnounce": {"automaticApproval": [FAY]}}
    ),
    "deleted": deleted,
    "author gone": left,
    "not indexable": lambda fay, create: without_consent(fay, create, indexable=False),
    "not indexable, as their server says": asked_anew,
    "no robots": lambda fay, create: without_consent(fay, create, summary="<p>#NoBots</p>"),
    "suspended": lambda _fay, _create: suspension.suspend(FAY),
    "blocked": lambda _fay, _create: domains.block_domain("far.example"),
    "turned off": lambda _fay, _create: passing.choose("ours"),
}


@pytest.mark.parametrize("end", list(ENDS))
@pytest.mark.parametrize("software", ["mastodon", "fedimark"])
async def test_it_is_taken_back_once_it_may_stand_no_more(fay, cleo, server, end, software):
    # On a server made for bookmarks it stands on pages whether its author is indexable or not.
    await execute("UPDATE peer SET software = ? WHERE host = 'far.example'", software)
    create = new(fay)
    await fay.do(create)
    await rested(server)
    [announced] = heard(cleo)
    cleo.peer.asked.clear()

    await ENDS[end](fay, create)
    await rested(server)

    [undo] = heard(cleo)
    assert (undo["type"], undo["actor"], undo["object"]["id"]) == ("Undo", tag("sql"), announced["id"])
    assert (undo["object"]["object"], undo["object"]["published"]) == (announced["object"], announced["published"])
    gone = await server.client.get(announced["id"], headers=AS2)
    assert (gone.status_code, gone.json()["formerType"]) == (410, "Announce")
    assert await disagreements() == []


async def test_an_edit_of_words_takes_nothing_back(fay, cleo, server):
    create = new(fay)
    await fay.do(create)
    await rested(server)

    await edited(fay, create, name="Other words", content="<p>Others.</p>")
    await rested(server)

    assert short(heard(cleo)) == [("Announce", tag("sql"))]
    assert [row["look_at"] for row in await fetch("SELECT look_at FROM passed_on")] == [None]


async def test_what_lost_the_tag_and_gets_it_again_is_said_again_under_one_id(fay, cleo, server):
    create = new(fay)
    await fay.do(create)
    await rested(server)
    await edited(fay, create, **{"fedimark:tags": ["rust"]})
    await rested(server)
    await edited(fay, create, **{"fedimark:tags": ["rust", "sql"]})
    await rested(server)

    kinds = [(said["type"], said["object"]["id"] if said["type"] == "Undo" else said["id"]) for said in heard(cleo)]
    assert kinds == [("Announce", id_of()), ("Undo", id_of()), ("Announce", id_of())]
    assert (await server.client.get(id_of(), headers=AS2)).status_code == 200


# --- the choice -----------------------------------------------------------------------------------------------------


async def test_turned_off_everything_is_taken_back_and_nothing_is_asked_any_more(fay, cleo, server, fleet):
    for number in range(1, 60):
        await fay.say(new(fay, number))
    await applied()
    await rested(server, 5)
    said = len(heard(cleo))
    assert said >= 5

    await passing.choose("ours")
    await rested(server, 5)

    assert len(heard(cleo)) == 2 * said
    assert await fetch("SELECT id FROM passed_on WHERE said_at IS NULL OR ended_at IS NULL") == []
    assert await fetch("SELECT value FROM fact WHERE name = 'passes_on'") == []
    # And turned on again, what was taken back stays so: only what is new is passed on.
    await passing.choose("others")
    await rested(server)
    await fay.do(new(fay, 100))
    await rested(server)
    assert [each["id"] for each in heard(cleo)[2 * said :]] == [id_of(100)]


async def test_an_admin_chooses_on_the_page_of_streams_and_nobody_else_does(primed, server):
    bo = await server.sign_up("bo")
    where = "/moderation/streams/pass-on"

    assert (await bo.browser.post(where, data={"of": "others"})).status_code == 403
    assert await passing.choice() == "ours"
    shown = (await primed.browser.get("/moderation/streams")).text
    assert 'id="of-ours" name="of" type=radio value="ours" checked' in shown

    assert (await primed.browser.post(where, data={"of": "others"})).status_code == 303
    shown = (await primed.browser.get("/moderation/streams")).text
    assert 'id="of-others" name="of" type=radio value="others" checked' in shown
    # The tag says so of itself.
    assert "elsewhere" in (await server.client.get("/t/sql", headers=AS2)).json()["summary"]

    wrong = await primed.browser.post(where, data={"of": "everybody"})
    assert (wrong.status_code, "Choose ours or others." in wrong.text) == (422, True)
    with pytest.raises(Refused):
        await passing.choose("")
    assert await passing.choice() == "others"


async def test_while_it_is_off_nothing_is_asked_for_it(primed, server, fleet):
    await reader(fleet, server, "m.example", tag("sql"))
    fay = await writer(fleet, server, primed)
    create = new(fay)

    with statements() as asked:
        for document in (create, later(create, name="Other"), fay.delete()):
            await fay.do(document)
        await server.settle()

    assert [sql for sql in asked if "passed_on" in sql] == []
    assert [sql for sql in asked if "passes_on" in sql and "blocked_domains" not in sql] == []


async def test_where_it_is_on_a_run_of_bookmarks_takes_one_statement_more(fay, cleo):
    for number in range(1, 8):
        await fay.say(new(fay, number))

    with statements() as asked:
        await apply_waiting()

    assert len([sql for sql in asked if "passed_on" in sql]) == 1
