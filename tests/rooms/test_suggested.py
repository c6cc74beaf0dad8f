"""Tags offered for a page: one's own, those of people one follows, everybody's; and nothing of what is hidden."""

from __future__ import annotations

import pytest

from fedimark.database import fetch
from fedimark.timelines import suggested as statements
from fedimark.timelines.suggested import Suggested, beginning, suggested
from tests.support.savers import befriend, save, saver

PAGE = "https://a.example/page"


async def test_tags_come_from_oneself_from_ones_network_and_from_everybody(server):
    ana, bo, cy, dan = [await saver(name) for name in ("ana", "bo", "cy", "dan")]
    await befriend(ana, bo)
    await save(bo, PAGE, "friends .hidden for:ana", "followers")
    for number, who in enumerate((cy, dan)):
        await save(who, PAGE, f"popular friends {'rare' if number else ''}")
    await save(dan, PAGE + "?x=1", "elsewhere")
    await save(ana, "https://a.example/other", "site site2", "private")
    await save(ana, "https://b.example/", "python .own")
    await save(ana, "https://c.example/", "site")

    found = await suggested(ana, PAGE, "Learning Python (.own, today)")

    assert found == Suggested((".own", "python", "site", "site2"), ("friends",), ("popular", "rare"))
    assert found.every == (".own", "python", "site", "site2", "friends", "popular", "rare")
    assert await beginning(ana, "SIT") == [("site", 2), ("site2", 1)]
    assert await beginning(ana, "") == await beginning(bo, "sit") == []


async def test_what_somebody_may_not_see_suggests_nothing(server):
    ana, bo = await saver("ana"), await saver("bo")
    for visibility in ("private", "followers", "unlisted"):
        await save(ana, PAGE, f"t{visibility}", visibility)

    assert await suggested(bo, PAGE, "tprivate tfollowers tunlisted") == Suggested()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # its plans do not depend on how full a table is
@pytest.mark.parametrize("sql", [statements._POPULAR, statements._NETWORK])
async def test_taggings_of_a_page_are_found_by_the_page_and_not_among_all(server, sql):
    plan = await fetch(f"EXPLAIN QUERY PLAN {sql}", *[None] * sql.count("?"))

    assert [row["detail"] for row in plan if row["detail"].startswith("SCAN")] == []
