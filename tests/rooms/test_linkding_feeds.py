"""linkding's feeds: the same addresses and arguments; what is private to others is neither shown nor asked about."""

from __future__ import annotations

from typing import Any

import feedparser
import pytest

from fedimark.accounts.tokens import Scope, make_token
from fedimark.bookmarks.bundles import make_bundle, read_bundle
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark
from fedimark.timelines import picked
from tests.support.counting import statements


async def key_of(person: Any) -> str:
    """A key of somebody's that opens feeds."""
    return (await make_token(person.viewer, "my reader", Scope.FEED)).partition(":")[2]


async def titles(server: Any, path: str) -> list[str]:
    """The titles of a feed."""
    answer = await server.client.get(path)
    assert answer.status_code == 200, path
    read = feedparser.parse(answer.text)
    assert not read.bozo, path
    return [entry.title for entry in read.entries]


@pytest.fixture
async def ana(server) -> Any:
    """Ana, who saved of everything, and bo, who has private tags and marks on what he shares."""
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    for title, visibility, tags in (
        ("plain", "public", "sql"),
        ("mine", "private", "sql web"),
        ("later", "private", "web"),
        ("old", "public", ""),
        ("for followers", "followers", "sql"),
    ):
        saved = await ana.save(
            f"https://{title.replace(' ', '-')}.example/", title=title, visibility=visibility, tags=tags
        )
        marks = {"later": "to_read", "old": "archived"}
        if title in marks:
            await mark(Owner.of(ana.viewer), saved.public_id, marks[title], True)
        server.clock.forward(seconds=1)
    shared = await bo.save("https://bo.example/", title="bo's", tags="sql .hidden")
    await mark(Owner.of(bo.viewer), shared.public_id, "to_read", True)
    await bo.save("https://bos.example/", title="bo's secret", visibility="private", tags="sql")
    await server.settle()  # the index
    return ana


async def test_the_owners_own_are_narrowed_as_linkding_narrows_them(server, ana):
    key = await key_of(ana)
    bundle = await make_bundle(Owner.of(ana.viewer), read_bundle(name="b", any_tags="web", excluded_tags="sql"))
    everything = ["for followers", "later", "mine", "plain"]

    for asked, expected in {
        "all": everything,
        "all?unread=yes": ["later"],
        "all?unread=no": ["for followers", "mine", "plain"],
        "all?shared=yes": ["plain"],
        "all?shared=no": ["for followers", "later", "mine"],
        "all?unread=maybe&shared=": everything,
        "all?q=mine": ["mine"],
        "all?q=%23sql+plain": ["plain"],
        "all?limit=1": ["for followers"],
        f"all?bundle={bundle['id']}": ["later"],
        "unread": ["later"],
        "unread?q=mine": [],
    }.items():
        assert await titles(server, f"/feeds/{key}/{asked}") == expected, asked


async def test_what_is_shared_is_public_and_of_people_here(server, ana):
    key = await key_of(ana)

    for path in ("/feeds/shared", f"/feeds/{key}/shared"):
        assert await titles(server, path) == ["bo's", "old", "plain"]
        assert await titles(server, f"{path}?user=bo") == ["bo's"]
        assert await titles(server, f"{path}?user=nobody") == []
        assert await titles(server, f"{path}?q=plain") == ["plain"]
        assert await titles(server, f"{path}?limit=2") == ["bo's", "old"]
        # Nobody learns what is to read for somebody else, nor of their private tags
        assert await titles(server, f"{path}?unread=yes") == ["bo's", "old", "plain"]
        for words in ("%23.hidden", "is:unread", "is:private", "secret"):
            assert await titles(server, f"{path}?q={words}") == [], words
    assert ".hidden" not in (await server.client.get(f"/feeds/{key}/shared")).text


async def test_a_feed_says_whether_it_is_all_there_is(server, ana, monkeypatch):
    key = await key_of(ana)
    amounts = {f"/feeds/{key}/all": 4, f"/feeds/{key}/unread": 1, f"/feeds/{key}/shared": 3, "/feeds/shared": 3}

    for path, amount in amounts.items():
        for limit, is_whole in ((amount, True), (amount + 1, True), (amount - 1 or 400, amount == 1)):
            said = (await server.client.get(f"{path}?limit={limit}")).text
            assert ("<fh:complete/>" in said) is is_whole, (path, limit)
    # Of what is public the newest are looked at: where there is more, nobody knows
    beyond = picked._OLDER.replace(str(picked.MOST_LISTED), "2")
    assert beyond != picked._OLDER
    monkeypatch.setattr(picked, "_OLDER", beyond)
    assert "<fh:complete/>" not in (await server.client.get("/feeds/shared")).text
    assert "<fh:complete/>" in (await server.client.get(f"/feeds/{key}/all")).text


async def test_what_everybody_reads_has_an_address_of_its_own(server, ana):
    feed = feedparser.parse((await server.client.get("/feeds/shared?user=bo&limit=7&x=1")).text).feed
    keyed = feedparser.parse((await server.client.get(f"/feeds/{await key_of(ana)}/shared?user=bo")).text).feed

    assert {link.rel: link.href for link in feed.links}["self"] == "https://a.example/feeds/shared?user=bo&limit=7"
    assert "self" not in {link.rel for link in keyed.links}


async def test_a_bundle_finds_no_private_tag_nor_mark_of_others(server, ana):
    key = await key_of(ana)
    for given in ({"any_tags": ".hidden"}, {"all_tags": "sql .hidden"}):
        bundle = await make_bundle(Owner.of(ana.viewer), read_bundle(name="b", **given))
        assert await titles(server, f"/feeds/{key}/shared?bundle={bundle['id']}") == []
    for given in ({"any_tags": "sql", "filter_unread": "yes"}, {"all_tags": "sql", "excluded_tags": ".hidden"}):
        bundle = await make_bundle(Owner.of(ana.viewer), read_bundle(name="b", **given))
        assert await titles(server, f"/feeds/{key}/shared?bundle={bundle['id']}") == ["bo's", "plain"], given


async def test_what_is_not_theirs_opens_nothing(server, ana):
    bundle = await make_bundle(Owner.of(ana.viewer), read_bundle(name="b"))
    bos = await key_of(server.people["bo"])

    for path in (
        f"/feeds/{bos}/all?bundle={bundle['id']}",
        f"/feeds/{bos}/all?bundle=x",
        f"/feeds/{bos}/all?bundle=99999999999999999999999",
        f"/feeds/{bos}/nothing",
        f"/feeds/{'0' * 32}/all",
        "/feeds/x/shared",
    ):
        assert (await server.client.get(path)).status_code == 404, path
    said = await server.client.get(f"/feeds/{bos}/all")
    assert bos not in said.text
    assert (said.headers["referrer-policy"], said.headers["x-robots-tag"]) == ("no-referrer", "noindex")


async def test_it_takes_as_many_statements_however_much_is_found(server, ana):
    key = await key_of(ana)
    await titles(server, f"/feeds/{key}/all")  # the first use of a key is noted
    counted = []

    for paths in range(2):
        with statements() as count:
            for path in ("all", "shared"):
                assert (await server.client.get(f"/feeds/{key}/{path}")).status_code == 200
        counted.append(len(count))
        for number in range(5 * (1 - paths)):
            await ana.save(f"https://more.example/{number}", title=str(number))

    assert counted[0] == counted[1] <= 14
