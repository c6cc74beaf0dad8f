"""What another server reads about a page: the public bookmarks of people here, and of nobody else."""

from __future__ import annotations

from urllib.parse import quote

from fedimark.text import urls
from tests.support.savers import remote_actor, remote_save, save, saver

AS2 = {"Accept": "application/activity+json"}
PAGE = "https://sqlite.org/wal.html"
ADDRESS = f"/url/{urls.link_hash(urls.canonical(PAGE))}"


async def test_the_saves_of_people_here_are_a_collection_of_notes(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE, "sql", title="WAL")
    await save(bo, f"{PAGE}#intro", title="The log")

    said = (await server.client.get(ADDRESS, headers=AS2)).json()
    page = (await server.client.get(said["first"], headers=AS2)).json()

    assert (said["type"], said["totalItems"]) == ("OrderedCollection", 2)
    assert [each["attributedTo"] for each in page["orderedItems"]] == [
        "https://a.example/u/bo",
        "https://a.example/u/ana",
    ]
    assert "next" not in page


async def test_what_others_saved_is_theirs_to_count(server):
    await save(await saver("ana"), PAGE)
    await remote_save(await remote_actor("bo", "b.example"), 1, PAGE, saved_at=1_000_000)

    said = (await server.client.get(ADDRESS, headers=AS2)).json()

    assert said["totalItems"] == 1


async def test_a_page_that_nobody_here_saved_for_all_answers_like_an_unknown_one(server):
    ana = await saver("ana")
    for number, visibility in enumerate(("private", "followers", "unlisted")):
        await save(ana, f"{PAGE}?{number}", "", visibility)
    await remote_save(await remote_actor("bo", "b.example"), 1, f"{PAGE}?3", saved_at=1_000_000)
    addresses = [f"/url/{urls.link_hash(urls.canonical(f'{PAGE}?{number}'))}" for number in range(4)]

    unknown = await server.client.get(f"/url/{'0' * 40}", headers=AS2)

    for address in addresses:
        answer = await server.client.get(address, headers=AS2)
        assert (answer.status_code, answer.content) == (404, unknown.content)


async def test_many_saves_come_page_by_page_each_once(server):
    for number in range(45):
        await save(await saver(f"p{number}"), PAGE)

    found, at = [], f"{ADDRESS}?page=first"
    while at:
        page = (await server.client.get(at, headers=AS2)).json()
        found += [each["id"] for each in page["orderedItems"]]
        at = page.get("next", "")

    assert len(found) == len(set(found)) == 45


async def test_one_asks_by_the_address_and_never_by_a_hash_of_ours(server):
    await save(await saver("ana"), PAGE)

    answer = await server.client.get(f"/url/?url={quote(PAGE, safe='')}", headers=AS2)

    assert answer.headers["location"].endswith(ADDRESS)


async def test_a_cursor_nobody_gave_is_not_found(server):
    await save(await saver("ana"), PAGE)

    for asked in ("1-2-3", "x", "-", "99999999999999999999-a"):
        assert (await server.client.get(f"{ADDRESS}?page={asked}", headers=AS2)).status_code == 404
