"""Mastodon's small door: what directories, bots and other servers' readers of tags may read here, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fedimark.database import execute
from tests.support.counting import statements
from tests.support.savers import remote_actor, remote_save

AT = "https://a.example"
LOCAL, TAGGED = "/api/v1/timelines/public", "/api/v1/timelines/tag"


def words_of(text: str) -> set[str]:
    """Words between white space."""
    return set(text.split())


# What https://docs.joinmastodon.org/entities/ says is always there
STATUS = words_of(
    """id created_at in_reply_to_id in_reply_to_account_id sensitive spoiler_text visibility language uri url
    replies_count reblogs_count favourites_count edited_at content reblog application account media_attachments
    mentions tags emojis card poll"""
)
ACCOUNT = words_of(
    """id username acct display_name locked bot discoverable indexable group created_at note url uri avatar
    avatar_static header header_static followers_count following_count statuses_count last_status_at emojis
    fields"""
)
V1 = words_of(
    """uri title short_description description email version urls stats thumbnail languages registrations
    approval_required invites_enabled configuration contact_account rules"""
)
V2 = words_of(
    """domain title version source_url description usage thumbnail icon languages configuration registrations
    api_versions contact rules"""
)


@pytest.fixture
async def ana(server) -> Any:
    """Ana, with a bookmark of each visibility; somebody elsewhere, whose bookmarks are not this server's to tell."""
    ana = await server.sign_up("ana")
    for visibility in ("private", "followers", "unlisted", "public"):
        server.clock.forward(seconds=1)
        words = {"title": f"{visibility} <title>", "description": f"{visibility} words"}
        await ana.save(f"https://{visibility}.example/", visibility=visibility, tags="neural-net sql .mine", **words)
    await ana.save("javascript:alert(1)", title="no page")
    zed = await remote_actor("zed", "far.example")
    await remote_save(zed, 1, "https://far.example/page", saved_at=server.clock(), tags="sql")
    return ana


async def told(server: Any, path: str, status: int = 200) -> Any:
    """What a program is told."""
    answer = await server.client.get(path)
    assert answer.status_code == status, path
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer.json()


async def test_a_status_is_a_public_bookmark_of_somebody_here(server, ana):
    [status] = await told(server, LOCAL)

    assert set(status) == STATUS
    assert set(status["account"]) == ACCOUNT
    assert status["uri"] == status["url"] == f"{AT}/u/ana/b/{status['id']}"
    assert status["content"].startswith('<p><strong><a href="https://public.example/" class="u-bookmark-of"')
    assert "public &lt;title&gt;" in status["content"]
    assert re.fullmatch(r"2026-03-01T12:00:04\.\d{3}Z", status["created_at"])  # as strict clients want it
    assert status["tags"] == [
        {"name": "NeuralNet", "url": f"{AT}/t/neural-net"},
        {"name": "sql", "url": f"{AT}/t/sql"},
    ]
    assert (status["card"]["url"], status["card"]["provider_name"]) == ("https://public.example/", "public.example")
    assert status["account"]["acct"] == "ana"
    assert await told(server, f"/api/v1/statuses/{status['id']}") == status
    assert await told(server, f"{TAGGED}/sql") == [status]


async def test_what_is_not_public_is_as_if_it_was_not(server, ana):
    for visibility in ("private", "followers", "unlisted"):
        saved = await ana.save(f"https://{visibility}.example/again", visibility=visibility, tags=f"only{visibility}")
        assert await told(server, f"/api/v1/statuses/{saved.public_id}", 404) == {"error": "Record not found"}
        assert await told(server, f"{TAGGED}/only{visibility}") == []
        for name in ("max_id", "since_id", "min_id"):
            for path in (LOCAL, f"{TAGGED}/sql"):
                assert await told(server, f"{path}?{name}={saved.public_id}") == []
    assert len(await told(server, LOCAL)) == 1
    assert await told(server, f"{TAGGED}/.mine") == []
    assert await told(server, "/api/v1/statuses/aaaaaaaaaaaaa", 404) == {"error": "Record not found"}


async def test_a_tag_is_found_by_its_name_in_any_spelling(server, ana):
    for name in ("sql", "SQL", "neural-net", "Neural-Net"):
        assert len(await told(server, f"{TAGGED}/{name}")) == 1, name
    for name in ("nothing", "%20", "%2F", "a" * 5_000, "%F0%9F%90%98"):
        assert await told(server, f"{TAGGED}/{name}") == []


@pytest.mark.parametrize("path", [LOCAL, f"{TAGGED}/sql"])
async def test_a_timeline_is_read_to_both_ends(server, path):
    ana = await server.sign_up("ana")
    for number in range(7):
        if number % 3:  # some at the same moment, as imports have them
            server.clock.forward(seconds=1)
        await ana.save(f"https://{number}.example/", title=str(number), tags="sql")
    await execute("UPDATE bookmark SET saved_at = saved_at / 1000000 * 1000000")
    await execute("UPDATE bookmark_tag SET saved_at = saved_at / 1000000 * 1000000")
    whole = [status["id"] for status in await told(server, f"{path}?limit=40")]

    seen, at = [], f"{path}?limit=2"
    while at:
        answer = await server.client.get(at)
        seen += [status["id"] for status in answer.json()]
        links = {
            link.partition('rel="')[2][:-1]: link[1:].partition(">")[0]
            for link in (answer.headers.get("link") or "").split(", ")
        }
        at = links.get("next", "").removeprefix(AT)

    assert (len(whole), seen) == (7, whole)
    assert [s["id"] for s in await told(server, f"{path}?min_id={whole[6]}&limit=2")] == whole[4:6]
    assert [s["id"] for s in await told(server, f"{path}?since_id={whole[4]}&limit=2")] == whole[:2]
    assert [s["id"] for s in await told(server, f"{path}?since_id={whole[4]}&max_id={whole[1]}")] == whole[2:4]
    for limit in ("0", "-1", "x", "99999999999999", "٣"):
        assert 1 <= len(await told(server, f"{path}?limit={limit}")) <= 7


async def test_people_are_looked_up_by_name(server, ana):
    bo = await server.sign_up("bo")
    await bo.follow(ana)

    for acct in ("ana", "@ana", "ana@a.example", "@ana@A.example"):
        found = await told(server, f"/api/v1/accounts/lookup?acct={acct}")
        assert (found["id"], found["url"], found["statuses_count"]) == ("ana", f"{AT}/u/ana", 2), acct
        assert (found["followers_count"], found["following_count"]) == (1, 0)
    for acct in ("", "nobody", "zed@far.example", "ana@far.example", ".instance", "@", "a" * 5_000, "%ff", "'"):
        assert (await server.client.get(f"/api/v1/accounts/lookup?acct={acct}")).status_code in (400, 404), acct


async def test_who_is_suspended_or_left_is_not_told_of(server, ana):
    [status] = await told(server, LOCAL)
    await execute("UPDATE actor SET suspended_at = 1 WHERE local_name = 'ana'")

    assert await told(server, LOCAL) == []
    assert await told(server, f"{TAGGED}/sql") == []
    await told(server, f"/api/v1/statuses/{status['id']}", 404)
    await told(server, "/api/v1/accounts/lookup?acct=ana", 404)


async def test_the_server_says_what_it_is(server, ana):
    one, two = await told(server, "/api/v1/instance"), await told(server, "/api/v2/instance")

    assert (set(one), set(two)) == (V1, V2)
    assert (one["uri"], two["domain"]) == ("a.example", "a.example")
    assert one["version"] == two["version"]
    assert "(compatible; fedimark " in one["version"]
    assert one["stats"] == {"user_count": 1, "status_count": 2, "domain_count": 0}
    assert one["registrations"] is two["registrations"]["enabled"] is False


async def test_nothing_is_written_through_this_door(server, ana):
    [status] = await told(server, LOCAL)

    for path in (LOCAL, f"/api/v1/statuses/{status['id']}", "/api/v1/accounts/lookup", "/api/v1/instance"):
        for method in ("POST", "PUT", "DELETE"):
            assert (await ana.browser.request(method, path)).status_code == 405, (method, path)


async def test_any_page_may_ask(server, ana):
    first = await server.client.options(LOCAL, headers={"origin": "https://elk.example"})

    assert (first.status_code, first.headers["access-control-allow-origin"]) == (204, "*")
    assert "Authorization" in first.headers["access-control-allow-headers"]
    said = await ana.browser.get(LOCAL, headers={"authorization": "Bearer x", "origin": "https://elk.example"})
    assert said.status_code == 200
    again = await server.client.get(LOCAL, headers={"if-none-match": said.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_timeline_takes_as_many_statements_however_long_it_is(server):
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    await ana.save("https://0.example/", tags="sql")

    async def asked() -> list[int]:
        counted = []
        for path in (LOCAL, f"{TAGGED}/sql"):
            with statements() as count:
                await told(server, path)
            counted.append(len(count))
        return counted

    few = await asked()
    for number in range(1, 6):
        await (ana if number % 2 else bo).save(f"https://{number}.example/", tags="sql")

    assert await asked() == few == [2, 3]
