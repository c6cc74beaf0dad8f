"""Servers that nobody here chose yet: what comes from there is kept, and stands on no public page."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.shares import bookmark_of
from fedimark.database import atomically, fetch, fetch_one
from fedimark.errors import NotFound
from fedimark.follows.request import unfollow
from fedimark.moderation import quarantine
from fedimark.policy.quarantine import is_let_in, let_in
from fedimark.remote.software import learn_software
from fedimark.timelines.queries import find, page
from fedimark.timelines.stream import LinkStream, RecentStream, TagStream
from fedimark.worker import do_a_job
from tests.rooms.provers import Prover
from tests.rooms.strangers import Stranger
from tests.rooms.test_announced import SQL, announces, saves, seen
from tests.rooms.test_incoming import followed
from tests.support.savers import assert_agreement

FAR = "https://far.example/u/fay"
PAGE = "https://example.org/1"


@pytest.fixture
async def stream(server, fleet, ana) -> Stranger:
    """A tag of another fedimark, which ana follows."""
    return await followed(ana, Stranger(fleet, SQL, type="Group", preferredUsername="tag.sql"))


@pytest.fixture
async def fay(stream, fleet) -> Prover:
    """Somebody of a third server, whose bookmark the tag passed on; she lets everybody see what she saves."""
    fay = Prover(fleet, FAR, indexable=True)
    assert await stream.do(announces(stream, fay.proves(saves(fay)))) == "shared"
    return fay


async def public() -> list[str]:
    """The pages on `/recent`, and on `/t/sql`, which must be the same."""
    lists = []
    for stream in (RecentStream(), TagStream(("sql",))):
        try:
            lists.append([entry.url for entry in (await page(await find(stream, None), None, 50)).entries])
        except NotFound:
            lists.append([])
    assert lists[0] == lists[1]
    return lists[0]


async def worked() -> None:
    """Let the jobs that stay at home be done."""
    while await do_a_job():
        pass


async def test_what_a_stream_brings_is_seen_by_its_readers_alone(fay, ana, server):
    bo = await server.sign_up("bo")

    assert await seen(ana) == [PAGE]
    assert (await seen(bo), await public()) == ([], [])
    link = await fetch_one("SELECT hash FROM link")
    assert link is not None
    assert len((await page(await find(LinkStream(link["hash"]), ana.viewer), None, 9)).entries) == 1
    assert (await bo.browser.get(f"/url/{link['hash']}")).status_code == 404
    await assert_agreement()


async def test_much_of_it_changes_nothing(fay, stream, ana):
    for number in range(2, 60):
        await stream.say(announces(stream, fay.proves(saves(fay, number)), number))
    await stream.do(announces(stream, fay.proves(saves(fay, 60)), 60))

    await worked()

    assert (await public(), await is_let_in(FAR)) == ([], False)


async def test_a_follow_of_somebody_there_lets_everything_known_in_and_for_good(fay, stream, fleet, ana):
    gil = Prover(fleet, "https://far.example/u/gil", indexable=True)
    shy = Prover(fleet, "https://far.example/u/shy")
    other = Prover(fleet, "https://other.far.example/u/oz", indexable=True)
    for number, each in enumerate((gil, shy, other), 2):
        await stream.do(announces(stream, each.proves(saves(each, number)), number))
    await fleet.settle()

    # When ana follows somebody of that server, of whom nothing was known
    await followed(ana, Stranger(fleet, "https://far.example/u/new"))
    await worked()

    # Then what its people let everybody see stands on public pages, and nothing of the server beside it
    rows = await fetch("SELECT a.uri FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.listed ORDER BY 1")
    assert {row["uri"] for row in rows} >= {FAR, gil.uri}
    assert other.uri not in {row["uri"] for row in rows}
    await assert_agreement()
    # And it stays so when she leaves
    await unfollow(ana.viewer, "https://far.example/u/new")
    await stream.do(announces(stream, fay.proves(saves(fay, 9)), 9))
    row = await bookmark_of(f"{FAR}/b/9")
    assert row is not None
    assert row["listed"]


async def test_what_waits_for_what_its_server_runs_comes_once_that_is_known(stream, fleet, ana, clock):
    # Given somebody of another fedimark, of whose server nobody knows yet what it runs, and who is let in
    fay = Prover(fleet, FAR)
    await stream.do(announces(stream, fay.proves(saves(fay))))
    await atomically(lambda: let_in(FAR))
    await worked()
    assert await public() == []

    # When that is learned
    links = {
        "links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.1", "href": "https://far.example/nodeinfo"}]
    }
    fay.peer.document("/.well-known/nodeinfo", links, "application/json")
    fay.peer.document("/nodeinfo", {"software": {"name": "fedimark"}}, "application/json")
    clock.forward(seconds=90_000)
    while await learn_software():
        pass
    await worked()

    # Then it stands there
    assert await public() == [PAGE]
    await assert_agreement()


@pytest.mark.parametrize("kind", ["Group", "Service", "Application"])
async def test_following_a_stream_chooses_nobody(fay, fleet, ana, kind):
    path = {"Group": "t/rust", "Service": "u/fay/t/rust", "Application": "relay"}[kind]
    said = {"attributedTo": FAR} if kind == "Service" else {}
    await followed(ana, Stranger(fleet, f"https://far.example/{path}", type=kind, **said))

    assert not await is_let_in(FAR)


async def test_whoever_copies_from_there_lets_it_in(fay, ana):
    assert await atomically(lambda: let_in(FAR))
    assert not await atomically(lambda: let_in(FAR))
    await worked()

    assert await public() == [PAGE]
    await assert_agreement()


async def test_an_admin_sees_what_waits_and_lets_it_in(fay, stream, fleet, ana):
    shy = Prover(fleet, "https://shy.example/u/shy")
    silent = saves(shy, 2)
    del silent["object"]["fedimark:tags"]
    silent["object"]["tag"] = [{"type": "Hashtag", "name": "#sql"}]
    await stream.do(announces(stream, shy.proves(silent), 2))
    listed = (await ana.browser.get("/moderation")).text
    assert "far.example" in listed
    assert "1 bookmark waits" in listed
    assert "shy.example" not in listed  # it would not stand there anyway

    sent = await ana.browser.post("/moderation/domains/let-in", data={"host": "far.example"})
    await worked()

    assert sent.status_code == 303
    assert await public() == [PAGE]
    assert "Nothing waits." in (await ana.browser.get("/moderation")).text
    again = await ana.browser.post("/moderation/domains/let-in", data={"host": "far.example"})
    assert again.status_code == 404


async def test_nobody_but_an_admin_lets_a_server_in(fay, server):
    bo = await server.sign_up("bo")

    assert (await bo.browser.post("/moderation/domains/let-in", data={"host": "far.example"})).status_code == 403

    assert not await is_let_in(FAR)


async def test_the_list_counts_most_first(fay, stream, fleet, ana):
    gil = Prover(fleet, "https://gil.example/u/gil", indexable=True)
    for number in (2, 3):
        await stream.do(announces(stream, gil.proves(saves(gil, number)), number))

    found = await quarantine.waiting()

    assert [(each.host, each.bookmarks) for each in found] == [("gil.example", 2), ("far.example", 1)]


@pytest.mark.parametrize("words", ["<p>Links. #NoBots</p>", "<p>#<span>nobots</span></p>", "#NoTagsPub please"])
async def test_who_keeps_robots_away_stands_on_no_public_page(stream, fleet, ana, words):
    fay = Prover(fleet, FAR, indexable=True, summary=words)
    await stream.do(announces(stream, fay.proves(saves(fay))))
    await atomically(lambda: let_in(FAR))
    await worked()

    assert (await public(), await seen(ana)) == ([], [PAGE])
    await assert_agreement()


async def test_who_is_followed_from_a_server_let_in_is_shown_as_ever(stream, fleet, ana):
    fay = await followed(ana, Prover(fleet, FAR, indexable=True))
    await worked()

    await fay.do(saves(fay))

    assert await public() == [PAGE]
