"""Reports: by people here to their admins and to other servers, by other servers to admins here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.database import execute, fetch
from fedimark.moderation import reports
from fedimark.moderation.reports import MOST_A_DAY, MOST_A_DAY_OF_HOST
from tests.rooms.strangers import Stranger, amount, letters
from tests.stories.reading import Reading
from tests.support.counting import statements
from tests.support.savers import row_of

SERVER = "https://mastodon.example/actor"
CLEO = "https://mastodon.example/users/cleo"
PAGE = "https://sqlite.org/wal.html"


@pytest.fixture
async def keeper(server, fleet) -> Stranger:
    """The actor of another server itself."""
    return Stranger(fleet, SERVER, type="Application")


@pytest.fixture
async def cleo(server, fleet, ana) -> Any:
    """Somebody there."""
    return await Stranger(fleet, CLEO).row()


def flag(number: int = 1, *objects: str, **more: Any) -> dict[str, Any]:
    """A report as Mastodon sends it."""
    said = {"id": f"https://mastodon.example/{number}", "type": "Flag", "actor": SERVER, "content": "Watches."}
    return {**said, "object": list(objects) or ["https://a.example/u/ana"], **more}


async def rows() -> list[Any]:
    """Every report."""
    return await fetch("SELECT * FROM report ORDER BY id")


async def test_what_mastodon_reports_waits_for_an_admin_and_does_nothing_else(keeper, ana, wire):
    saved = await ana.save(PAGE, title="WAL")
    note = f"https://a.example/u/ana/b/{saved.public_id}"
    document = wire("mastodon/flag") | {"object": ["https://a.example/u/ana", note]}

    assert await keeper.do(document) == "reported"
    assert await keeper.do(document) == "reported"  # an exact repeat is stored once

    (row,) = await rows()
    assert (row["target_id"], row["comment"], row["host"]) == (
        ana.viewer.actor_id,
        "Advertises watches.",
        "mastodon.example",
    )
    page = Reading((await ana.browser.get("/moderation/reports")).text)
    assert "actor@mastodon.example" in page.one("ul", "list").text
    assert [link.text for link in page.one("ul", "list").all("a")] == ["ana", "WAL"]
    assert (await row_of(ana.viewer, saved))["removed_at"] is None
    assert (await fetch("SELECT suspended_at FROM actor WHERE local_name = 'ana'"))[0]["suspended_at"] is None


@pytest.mark.parametrize("visibility", ["private", "followers", "gone"])
async def test_a_report_of_what_cannot_be_seen_tells_nobody_anything(keeper, ana, visibility):
    name = "nothing"
    if visibility != "gone":
        name = (await ana.save(PAGE, title="WALsecret", visibility=visibility)).public_id

    outcome = await keeper.do(flag(1, f"https://a.example/u/ana/b/{name}"))

    assert outcome == "reported"
    page = (await ana.browser.get("/moderation/reports")).text
    assert "WALsecret" not in page
    assert name not in page
    assert "It names 1 thing that cannot be seen" in page


@pytest.mark.parametrize(
    "objects",
    [
        ["https://b.example/u/bo"],
        ["https://a.example/u/nobody"],
        ["https://a.example/actor"],
        ["https://a.example/t/sql"],
        ["nonsense", "javascript:alert(1)"],
    ],
)
async def test_what_is_about_nobody_here_leaves_no_trace(keeper, ana, objects):
    assert await keeper.do(flag(1, *objects)) == "ignored"
    assert await amount("report") == 0


async def test_a_storm_of_one_server_is_bounded_and_others_are_heard(keeper, ana, fleet):
    for number in range(MOST_A_DAY_OF_HOST + 5):
        outcome = await keeper.do(flag(number))

    assert outcome == "refused"
    assert await amount("report") == MOST_A_DAY_OF_HOST
    other = Stranger(fleet, "https://gts.example/users/instance")
    assert await other.do(flag(1) | {"id": "https://gts.example/1", "actor": other.uri}) == "reported"


async def test_a_huge_report_is_cut(keeper, ana):
    objects = [f"https://a.example/u/ana/b/{number}" for number in range(900)]

    await keeper.do(flag(1, *objects, content="<b>x</b>" * 5_000))

    (row,) = await rows()
    assert len(json.loads(row["objects"])) <= 21
    assert len(row["comment"]) <= 5_000
    page = (await ana.browser.get("/moderation/reports")).text
    assert "<b>x" not in page


async def test_somebody_here_reports_to_the_admins_and_to_the_other_server_without_being_named(cleo, ana, server):
    bo = await server.sign_up("bo")
    form = Reading((await bo.browser.get("/report?who=@cleo@mastodon.example")).text).form("/report")

    answer = await form.send(bo.browser, {"comment": "Sells watches.", "forward": "yes"})

    assert answer.status_code == 200
    (row,) = await rows()
    assert (row["reporter_id"], row["target_id"]) == (bo.viewer.actor_id, cleo["id"])
    ((kind, inbox, document),) = await letters()
    assert (kind, inbox) == ("Flag", "https://mastodon.example/inbox")
    assert (document["actor"], document["object"]) == ("https://a.example/actor", [CLEO])
    assert "to" not in document
    assert "cc" not in document
    assert "bo" not in json.dumps({**document, "id": ""})  # which is of any letters
    assert "reported by bo" in (await ana.browser.get("/moderation/reports")).text


async def test_without_forward_nothing_leaves(cleo, ana):
    await ana.browser.post("/report", data={"who": "@cleo@mastodon.example", "comment": "Odd."})

    assert await letters() == []
    assert len(await rows()) == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"who": "@nobody@mastodon.example"}, 404),
        ({"who": "ana"}, 422),
        ({"who": "@cleo@mastodon.example", "comment": "m" * 5_001}, 422),
        ({"who": "@cleo@mastodon.example", "bookmark": "https://x.example/1"}, 404),
        ({"who": "", "bookmark": ""}, 404),
    ],
)
async def test_what_cannot_be_reported_is_said_and_nothing_is_kept(cleo, ana, said, status):
    answer = await ana.browser.post("/report", data=said)

    assert answer.status_code == status
    assert await rows() == []


async def test_one_person_reports_only_so_much_a_day(cleo, ana):
    for _ in range(MOST_A_DAY):
        assert (await ana.browser.post("/report", data={"who": "@cleo@mastodon.example"})).status_code == 303

    assert (await ana.browser.post("/report", data={"who": "@cleo@mastodon.example"})).status_code == 429
    assert len(await rows()) == MOST_A_DAY


async def test_nobody_reports_what_they_cannot_see(ana, server):
    bo = await server.sign_up("bo")
    saved = await ana.save(PAGE, title="secret", visibility="private")

    asked = await bo.browser.get("/report", params={"bookmark": saved.path})
    sent = await bo.browser.post("/report", data={"who": "ana", "bookmark": saved.path})

    assert (asked.status_code, sent.status_code, await rows()) == (404, 404, [])


async def test_admins_close_and_open_and_nobody_else_reads(keeper, ana, server):
    await keeper.do(flag())
    (row,) = await rows()
    bo = await server.sign_up("bo")
    for path in ("/moderation/reports/close", "/moderation/reports/open"):
        assert (await bo.browser.post(path, data={"id": row["public_id"]})).status_code == 403
    assert (await bo.browser.get("/moderation/reports")).status_code == 403

    await ana.browser.post("/moderation/reports/close", data={"id": row["public_id"]})
    assert "Watches." not in (await ana.browser.get("/moderation/reports")).text
    assert "Watches." in (await ana.browser.get("/moderation/reports?state=closed")).text
    await ana.browser.post("/moderation/reports/open", data={"id": row["public_id"]})
    assert "Watches." in (await ana.browser.get("/moderation/reports")).text
    assert (await ana.browser.post("/moderation/reports/close", data={"id": "none"})).status_code == 404


async def test_a_page_of_reports_costs_as_many_statements_for_few_as_for_many(keeper, ana):
    async def cost(count: int) -> int:
        await execute("DELETE FROM report")
        sql = """
        INSERT INTO report (public_id, host, reporter_id, target_id, objects, comment, is_forwarded, created_at)
        VALUES (?, '', ?, ?, '["https://a.example/u/ana/b/none"]', '', FALSE, 1)
        """
        for number in range(count):
            await execute(sql, str(number), ana.viewer.actor_id, ana.viewer.actor_id)
        with statements() as ran:
            found, earlier = await reports.every(closed=False, before=None)
        assert (len(found), earlier is not None) == (min(count, reports.SHOWN), count > reports.SHOWN)
        return len(ran)

    assert await cost(2) == await cost(40) == 2
