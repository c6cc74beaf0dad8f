"""The page on which an admin sees how the engine fares, and sees to other servers."""

from __future__ import annotations

import pytest

from fedimark.database import fetch
from fedimark.delivery import hosts
from fedimark.delivery.hosts import State
from fedimark.keeping import figures
from tests.rooms.peers import Says, local_person
from tests.rooms.test_breaker import health, inboxes
from tests.rooms.test_delivery import speak, stand
from tests.support.counting import statements

PAGE = "/moderation/engine"


@pytest.fixture
async def admin(server):
    """Somebody who sees to the server."""
    return await server.sign_up("ada", is_admin=True)


async def host_states(server) -> dict[str, State]:
    """How each host in trouble fares."""
    return {each.host: each.state for each in await hosts.states()}


async def trouble(clock, *names: str) -> None:
    """Letters that wait for hosts which failed."""
    ana = await local_person(f"z{names[0]}")
    for name in names:
        await health(f"{name}.example", fails=2, failing_days=1, failed_at=clock.micros)
        await speak(ana, 1, inboxes=inboxes(f"{name}.example", 3))


async def test_an_admin_sees_what_waits_and_how_it_went(server, admin, clock):
    await trouble(clock, "b")
    for _ in range(3):
        await server.client.get("/recent")
        await figures.write_down()
        await figures.note_minute()
        clock.forward(seconds=60)

    page = await admin.browser.get(f"{PAGE}?span=hours")

    assert page.status_code == 200
    assert "b.example" in page.text
    assert "3 letters wait" in page.text
    assert page.text.count("role=img") == page.text.count("<desc ") == 9
    assert 'class=line d="M' in page.text
    assert "style=" not in page.text


async def test_the_page_takes_the_same_few_statements_however_much_waits(server, admin, clock):
    await trouble(clock, "b")
    with statements() as few:
        await admin.browser.get(PAGE)
    await trouble(clock, *(f"h{number}" for number in range(20)))
    clock.forward(seconds=1)
    with statements() as many:
        await admin.browser.get(PAGE)

    assert len(few) == len(many) <= 9


async def test_hosts_come_a_page_at_a_time_and_are_found_by_a_part_of_their_name(server, admin, clock):
    for number in range(60):
        await health(f"h{number:02}.example", fails=1, failing_days=1, failed_at=clock.micros)

    first = await admin.browser.get(PAGE)
    second = await admin.browser.get(f"{PAGE}?after=h49.example")
    found = await admin.browser.get(f"{PAGE}?host=H5")
    nobody = await admin.browser.get(f"{PAGE}?host=%25")

    assert "h49.example" in first.text and "h50.example" not in first.text
    assert f"{PAGE}?after=h49.example" in first.text
    assert "h50.example" in second.text and "h49.example" not in second.text.replace(f"{PAGE}?after=h49.example", "")
    assert found.text.count("<strong dir=ltr>h5") == 10
    assert "No such server is in trouble." in nobody.text


async def test_nothing_is_sent_to_a_host_that_is_paused_and_all_of_it_when_it_goes_on(server, fleet, admin, clock):
    await trouble(clock, "b")
    bo = stand(fleet, "b.example", 202)

    await admin.browser.post(f"{PAGE}/pause", data={"host": "b.example"})
    paused = await host_states(server)
    clock.forward(seconds=3_600)
    await server.settle()
    silent = bo.bodies()
    await admin.browser.post(f"{PAGE}/go-on", data={"host": "b.example"})
    await server.settle()

    assert paused == {"b.example": State.PAUSED}
    assert silent == []
    assert len(bo.bodies()) == 3
    assert await host_states(server) == {}


async def test_what_waits_for_a_host_is_forgotten_only_after_a_question(server, fleet, admin, clock):
    await trouble(clock, "b")
    bo = stand(fleet, "b.example", 202)

    asked = await admin.browser.get(f"{PAGE}/forget?host=b.example")
    waiting = await fetch("SELECT id FROM delivery WHERE dead_at IS NULL")
    done = await admin.browser.post(f"{PAGE}/forget", data={"host": "b.example"})

    assert "3 letters will never arrive there" in asked.text
    assert len(waiting) == 3
    assert done.status_code == 303
    assert await fetch("SELECT id FROM delivery WHERE dead_at IS NULL") == []
    clock.forward(seconds=3_600)
    await server.settle()
    assert bo.bodies() == []


async def test_a_host_is_tried_at_once(server, fleet, admin, clock):
    ana = await local_person()
    bo = stand(fleet, "b.example", 503)
    await speak(ana, 1, inboxes=inboxes("b.example", 5))
    await server.settle()
    failed = len(bo.asked)
    bo.rule = lambda _: Says(202)
    await server.settle()
    resting = len(bo.asked)

    answer = await admin.browser.post(f"{PAGE}/retry", data={"host": "b.example"})
    await server.settle()

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert resting == failed == 5
    assert len(bo.asked) == resting + 5
    assert await fetch("SELECT id FROM delivery") == []


@pytest.mark.parametrize("host", ["", "a b", "x" * 300, "https://"])
async def test_what_is_no_host_is_not_found(server, admin, host):
    assert (await admin.browser.post(f"{PAGE}/pause", data={"host": host})).status_code == 404
    assert (await admin.browser.get(f"{PAGE}/forget", params={"host": host})).status_code == 404


async def test_nobody_else_sees_it_or_does_anything(server, admin):
    zoe = await server.sign_up("zoe")

    assert (await zoe.browser.get(PAGE)).status_code == 403
    for action in ("retry", "pause", "go-on", "forget"):
        assert (await zoe.browser.post(f"{PAGE}/{action}", data={"host": "b.example"})).status_code == 403
