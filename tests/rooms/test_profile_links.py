"""Pages that people here name in their profiles: read by the worker, and marked where they name the person too."""

from __future__ import annotations

import pytest

from fedimark.accounts.links import AT_ONCE, check_links, linked_account, verified
from fedimark.database import fetch
from fedimark.here import entered
from tests.rooms.peers import Peer, Says, stand
from tests.rooms.strangers import Stranger, amount
from tests.stories.reading import Reading
from tests.support.people import PASSWORD, Person

OWN = "https://a.example/u/ana"
HOME = "https://home.example/me"
HTML = {"content-type": "text/html; charset=utf-8"}
FORM = {"visibility": "public", "time_zone": "UTC", "theme": "auto"}


@pytest.fixture
async def server(fleet):
    """A server that reads pages."""
    server = await fleet.server("a.example", read_pages="true")
    async with entered(server.here):
        yield server


@pytest.fixture
def home(fleet) -> Peer:
    """Where ana's home page stands."""
    return stand(fleet, "home.example")


async def names(ana: Person, *values: str) -> None:
    """Let ana's profile name these."""
    fields = {}
    for number, value in enumerate(values, 1):
        fields |= {f"field_name_{number}": f"Page {number}", f"field_value_{number}": value}
    assert (await ana.browser.post("/settings", data={**FORM, **fields})).status_code == 303
    while await check_links():
        pass


async def since(ana: Person) -> dict[str, int]:
    """Which of them are known to be hers."""
    return await verified(ana.viewer.actor_id)


def page(html: str, **headers: str) -> Says:
    """A page."""
    return Says(200, html.encode(), HTML | headers)


@pytest.mark.parametrize(
    "answer",
    [
        page(f'<body><p>Hi <a class=x rel="noopener me" href="{OWN}">marks</a>'),
        page(f"<head><link rel=me href='{OWN}/'></head><body>"),
        page(f'<a href="{OWN}#here" rel=ME>'),
        page("<p>Nothing", link=f'<{OWN}>; rel="me"'),
    ],
)
async def test_a_page_that_names_its_owner_too_is_marked_on_their_page(ana, home, answer):
    home.answers["/me"] = answer

    await names(ana, HOME)

    assert set(await since(ana)) == {HOME}
    shown = Reading((await ana.server.client.get("/u/ana")).text).one("dl")
    assert "✓ theirs since" in shown.text
    assert "me" in shown.one("a").get("rel").split()
    document = (await ana.server.client.get("/u/ana", headers={"accept": "application/activity+json"})).json()
    assert 'rel="me ' in document["attachment"][0]["value"]


@pytest.mark.parametrize(
    "answer",
    [
        page(f'<a href="{OWN}">marks</a>'),
        page('<a rel=me href="https://a.example/u/bo">bo</a><a rel=me href="https://evil.example/u/ana">'),
        page(f'<!-- <a rel=me href="{OWN}"> --><script>"<a rel=me href={OWN}>"</script>'),
        Says(404),
        Says(200, f'<a rel=me href="{OWN}">'.encode(), {"content-type": "text/plain"}),
        page("<a " * 100_000 + f'rel=me href="{OWN}">'),
        page("x" * 300_000 + f'<a rel=me href="{OWN}">'),
    ],
)
async def test_a_page_that_does_not_is_not(ana, home, answer):
    home.answers["/me"] = answer

    await names(ana, HOME)

    assert await since(ana) == {}
    assert "✓" not in (await ana.server.client.get("/u/ana")).text


async def test_of_an_endless_page_only_the_beginning_is_read(ana, home):
    home.answers["/me"] = page(f'<a rel=me href="{OWN}">' + "x" * 100_000_000)

    await names(ana, HOME)

    assert HOME in await since(ana)


async def test_a_page_of_another_site_says_nothing_about_the_one_that_led_there(ana, home, fleet):
    home.answers["/me"] = Says(302, b"", {"location": "https://other.example/me"})
    stand(fleet, "other.example").answers["/me"] = page(f'<a rel=me href="{OWN}">')

    await names(ana, HOME)

    assert await since(ana) == {}


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1:8000/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "http://printer/",
        "https://user:secret@home.example/me",
        "https://home.example/me?token=abcdef0123456789abcdef",
        "javascript:alert(1)",
        "not an address https://home.example/me",
    ],
)
async def test_nobody_is_asked_for_what_is_private_or_no_address(ana, fleet, home, value):
    home.answers["/me"] = page(f'<a rel=me href="{OWN}">')
    fleet.network.requests.clear()

    await names(ana, value)

    assert [str(request.url) for request in fleet.network.requests] == []
    assert await since(ana) == {}


async def test_what_is_named_no_more_is_forgotten_and_what_ends_ends_the_mark(ana, home, clock):
    home.answers["/me"] = page(f'<a rel=me href="{OWN}">')
    await names(ana, HOME)
    began = await since(ana)
    clock.forward(days=8)
    await check_links()
    assert await since(ana) == began

    home.answers["/me"] = page("<p>moved")
    clock.forward(days=8)
    await check_links()
    assert await since(ana) == {}

    await names(ana, "a place")
    assert await amount("profile_link") == 0


async def test_a_page_is_asked_once_a_day_however_often_the_profile_is_saved(ana, home):
    for _ in range(5):
        await names(ana, HOME)

    assert len([asked for asked in home.asked if asked.target == "/me"]) <= 2
    assert AT_ONCE == 4


async def test_an_account_elsewhere_is_linked_by_its_page_or_by_its_fields(ana, fleet):
    cleo = Stranger(fleet, "https://mastodon.example/users/cleo", url="https://mastodon.example/@cleo")
    cleo.peer.answers["/@cleo"] = page(f'<link rel=me href="{OWN}">')
    row = await cleo.row()
    assert await linked_account(row) is None
    await names(ana, "https://mastodon.example/@cleo")

    account = await linked_account(row)

    assert account is not None
    assert account["actor_id"] == ana.viewer.actor_id
    field = {"type": "PropertyValue", "name": "Marks", "value": f'<a href="{OWN}" rel="me">a.example/u/ana</a>'}
    dee = Stranger(fleet, "https://gts.example/users/dee", attachment=[field])
    await names(ana, "https://gts.example/users/dee")
    assert await linked_account(await dee.row()) is not None
    assert await linked_account(await Stranger(fleet, "https://gts.example/users/eve").row()) is None


@pytest.mark.parametrize("host", ["evil.example", "neighbour.home.example"])
async def test_an_account_of_another_host_cannot_claim_somebodys_page(ana, fleet, home, host):
    home.answers["/me"] = page(f'<a rel=me href="{OWN}">')
    await names(ana, HOME)

    evil = await Stranger(fleet, f"https://{host}/users/cleo", url=HOME).row()

    assert HOME in await since(ana)
    assert await linked_account(evil) is None


async def test_who_leaves_takes_their_links_along(ana, home):
    home.answers["/me"] = page(f'<a rel=me href="{OWN}">')
    await names(ana, HOME)

    await ana.browser.post("/settings/leave", data={"username": "ana", "password": PASSWORD})

    assert await fetch("SELECT * FROM profile_link") == []
