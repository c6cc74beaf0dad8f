"""Feeds that a key opens: their owner's alone, in our grammar and in those of others; the key leaves in nothing."""

from __future__ import annotations

import json
from typing import Any

import feedparser
import pytest
from structlog.testing import capture_logs

from fedimark.accounts.tokens import Scope, list_tokens, make_token, revoke_token
from fedimark.bookmarks.bundles import make_bundle, read_bundle
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark
from fedimark.here import entered

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

FORMATS = ("rss", "atom", "json")


async def key_of(person: Any, scopes: Scope = Scope.FEED) -> str:
    """A key of somebody's, without their name."""
    return (await make_token(person.viewer, "my reader", scopes)).partition(":")[2]


@pytest.fixture
async def ana(server) -> Any:
    """Ana, with a bookmark of each visibility; bo follows her and saved one for his followers, she follows him."""
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    for visibility in ("public", "unlisted", "followers", "private"):
        saved = await ana.save(
            f"https://{visibility}.example/", title=visibility, visibility=visibility, tags="db .mine"
        )
        if visibility == "private":
            for name in ("to_read", "starred"):
                await mark(Owner.of(ana.viewer), saved.public_id, name, True)
        server.clock.forward(seconds=1)
    await ana.save("https://untagged.example/", title="untagged")
    await ana.follow(bo)
    await bo.save("https://bo.example/", title="bo's")
    await bo.save("https://bos-followers.example/", title="bo's followers'", visibility="followers")
    return ana


def titles(text: str, form: str = "rss") -> list[str]:
    """The titles in a feed."""
    if form == "json":
        return [entry["title"] for entry in json.loads(text)["items"]]
    if form == "pinboard":
        return [entry["d"] for entry in json.loads(text)]
    read = feedparser.parse(text)
    assert not read.bozo, read.get("bozo_exception")
    return [entry.title for entry in read.entries]


EVERY = ["untagged", "private", "followers", "unlisted", "public"]
OURS = {
    "": EVERY,
    "/private": ["private"],
    "/unread": ["private"],
    "/starred": ["private"],
    "/untagged": ["untagged"],
    "/public": ["untagged", "public"],
    "/t/db": EVERY[1:],
    "/t/.mine": EVERY[1:],
    "/t/db,.mine": EVERY[1:],
    # Of others not what they meant for their followers: a key is passed on more easily than a password.
    "/network": ["bo's", *EVERY],
}


async def test_who_has_the_key_reads_what_its_owner_alone_sees(server, ana):
    key = await key_of(ana)

    for path, expected in OURS.items():
        for form in FORMATS:
            said = await server.client.get(f"/secret:{key}{path}/feed.{form}")
            assert (said.status_code, titles(said.text, form)) == (200, expected), path


PINBOARD = {
    "u:ana/": (["untagged", "unlisted", "public"], EVERY),
    "u:ana/public/": (["untagged", "public"], ["untagged", "public"]),
    "u:ana/t:db/": (["unlisted", "public"], EVERY[1:]),
    "u:ana/t:DB/t:.mine/": (None, EVERY[1:]),
    "u:ana/private/": (None, ["private"]),
    "u:ana/toread/": (None, ["private"]),
    "u:ana/starred": (None, ["private"]),
    "u:ana/network/": (None, ["bo's", *EVERY]),
    "u:bo/": (["bo's"], None),
    "": (["bo's", "untagged", "public"], None),
    "recent/": (["bo's", "untagged", "public"], None),
    "popular": ([], None),
    "t:db/": (["public"], None),
    "t:.mine/": (None, None),
    "t:db/recent": (None, None),
    "u:ana/b:x/": (None, None),
    "network/": (None, None),
    "t:": (None, None),
    "u:": (None, None),
}


async def test_pinboards_paths_answer_as_rss_1_and_as_json(server, ana):
    key = await key_of(ana)

    for path, (strangers, owners) in PINBOARD.items():
        for begins, expected in (("", strangers), (f"secret:{key}/", owners)):
            rss = await server.client.get(f"/rss/{begins}{path}")
            told = await server.client.get(f"/json/{begins}{path}")
            older = await server.client.get(f"/json/v1/{begins}{path}")
            status = 404 if expected is None else 200
            assert [each.status_code for each in (rss, told, older)] == [status] * 3, (begins, path)
            if expected is not None:
                assert (
                    titles(rss.text) == titles(told.text, "pinboard") == titles(older.text, "pinboard") == expected
                ), path


async def test_an_entry_has_pinboards_fields(server):
    ana = await server.sign_up("ana")
    saved = await ana.save("https://a.example.org/?x=1&y=2", title="It's <T>", description="Words: ü.", tags="a/b c++")

    [rss] = feedparser.parse((await server.client.get("/rss/u:ana/")).text).entries
    said = await server.client.get("/json/u:ana/")

    assert said.headers["content-type"] == "application/json; charset=utf-8"
    assert said.text == (
        '[{"u":"https://a.example.org/?x=1&y=2","d":"It\'s <T>","n":"Words: \\u00fc.",'
        '"dt":"2026-03-01T12:00:00Z","a":"ana","t":["a/b","c++"]}]'
    )
    assert (rss.link, rss.title, rss.author) == ("https://a.example.org/?x=1&y=2", "It's <T>", "ana")
    assert [tag.term for tag in rss.tags] == ["a/b c++"]
    assert rss.dc_identifier == f"https://a.example/u/ana/b/{saved.public_id}"
    assert 'rdf:resource="https://a.example/u/ana/t/a%2Fb"' in (await server.client.get("/rss/u:ana/")).text


async def test_jsonp_calls_what_is_a_name_and_nothing_else(server, ana):
    for name in ("shown", "$._0.more", "a" * 64):
        said = await server.client.get(f"/json/u:bo/?cb={name}&count=1")
        assert said.text.startswith(f'/**/{name}([{{"u":"https://bo.example/"')
        assert said.headers["content-type"].startswith("text/javascript")
        assert said.headers["x-content-type-options"] == "nosniff"
    for name in ("alert(1)//", "a b", "1a", "a..b", "a[0]", "a" * 65, "ä", "a%0Ab", "%3Cscript%3E", "a;", "."):
        assert (await server.client.get(f"/json/u:bo/?cb={name}")).status_code == 400, name


async def test_a_key_opens_nothing_without_its_scope_nor_once_it_is_revoked(server, ana):
    key, other = await key_of(ana), await key_of(ana, Scope.READ | Scope.WRITE)
    paths = ("/secret:{}/feed.rss", "/rss/secret:{}/u:ana/", "/json/secret:{}/u:ana/")
    for wrong in (other, "0" * 32, "", "x", "a" * 5_000, "%00", "ä"):
        for path in paths:
            assert (await server.client.get(path.format(wrong))).status_code in (400, 404), (path, wrong)

    for made in await list_tokens(ana.viewer):
        await revoke_token(ana.viewer, made.id)

    assert [(await server.client.get(path.format(key))).status_code for path in paths] == [404] * 3


async def test_a_key_of_one_opens_nothing_of_another(server, ana):
    key = await key_of(server.people["bo"])

    for path in ("u:ana/", "u:ana/private/", "u:ana/network/", "t:db/", "recent/", ""):
        assert (await server.client.get(f"/rss/secret:{key}/{path}")).status_code == 404, path


async def test_the_key_stands_in_no_document_no_header_and_no_log(server, ana):
    key = await key_of(ana)
    paths = [
        *(f"/secret:{key}{path}/feed.{form}?count=1" for path in OURS for form in (*FORMATS, "bib")),
        *(f"/{way}/secret:{key}/u:ana/?count=1" for way in ("rss", "json", "json/v1")),
        f"/secret:{key}/nothing/feed.rss",
        f"/secret:{key}/feed.txt",
        f"/rss/secret:{key}/nothing",
        f"/secret:{key}",
    ]

    with capture_logs() as logged:
        answers = [await server.client.get(path) for path in paths]

    for path, said in zip(paths, answers, strict=True):
        if said.status_code == 200:
            assert key not in said.text, path
            assert said.headers["cache-control"] == "private, no-store"
        assert key not in str(said.headers), path
        assert said.headers["referrer-policy"] == "no-referrer", path
        assert said.headers["x-robots-tag"] == "noindex", path
    assert logged
    assert key not in json.dumps(logged)


async def test_a_keyed_feed_goes_on_without_naming_its_key(server, ana):
    key = await key_of(ana)

    text = (await server.client.get(f"/secret:{key}/feed.atom?count=2")).text

    links = {link.rel: link.href for link in feedparser.parse(text).feed.links}
    assert links["next"].startswith("?count=2&before=")
    assert "self" not in links
    older = (await server.client.get(f"/secret:{key}/feed.atom{links['next']}")).text
    assert titles(older) == EVERY[2:4]


async def test_pinboards_keyed_feeds_go_on_without_naming_their_key(server, ana):
    path = f"secret:{await key_of(ana)}/u:ana/"

    rss = await server.client.get(f"/rss/{path}?count=2")
    told = await server.client.get(f"/json/{path}?count=2")

    links = {link.rel: link.href for link in feedparser.parse(rss.text).feed.links if "rel" in link}
    assert {rel for rel in links if rel != "alternate"} == {"next"} == set(told.links)
    assert links["next"] == told.links["next"]["url"]
    assert links["next"].startswith("?count=2&before=")
    assert titles((await server.client.get(f"/rss/{path}{links['next']}")).text) == EVERY[2:4]
    assert titles((await server.client.get(f"/json/{path}{links['next']}")).text, "pinboard") == EVERY[2:4]


async def test_keyed_feeds_name_no_hub(fleet):
    server = await fleet.server("a.example", websub_hub="https://hub.example/")
    async with entered(server.here):
        ana = await server.sign_up("ana")
        await ana.save("https://private.example/", visibility="private")
        key = await key_of(ana)

    for path in (f"secret:{key}/feed.rss", f"rss/secret:{key}/u:ana/", f"json/secret:{key}/u:ana/", f"feeds/{key}/all"):
        said = await server.client.get(f"/{path}")
        assert (said.status_code, "private.example" in said.text) == (200, True), path
        assert "hub.example" not in said.text + str(said.headers), path


async def test_who_has_a_keyed_feed_already_is_told_so(server, ana):
    path = f"/secret:{await key_of(ana)}/feed.rss"
    first = await server.client.get(path)

    again = await server.client.get(path, headers={"if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


async def test_a_bundle_is_a_feed_under_its_owners_key(server, ana):
    bundle = await make_bundle(Owner.of(ana.viewer), read_bundle(name="To <read>", all_tags="db", filter_unread="yes"))
    key, bos = await key_of(ana), await key_of(server.people["bo"])

    said = await server.client.get(f"/secret:{key}/bundles/{bundle['id']}/feed.atom")

    assert titles(said.text) == ["private"]
    assert feedparser.parse(said.text).feed.title.startswith("ana / To <read>")
    assert "<fh:complete/>" in said.text
    for path in (f"{bos}/bundles/{bundle['id']}", f"{key}/bundles/x", f"{key}/bundles/{2**70}"):
        assert (await server.client.get(f"/secret:{path}/feed.atom")).status_code == 404


async def test_what_was_forgotten_comes_again_in_a_feed(server, ana):
    key = await key_of(ana)
    server.clock.forward(days=365)
    await ana.save("https://new.example/", title="new")

    said = await server.client.get(f"/secret:{key}/again/feed.rss")

    # A year later: what was saved that day, and what has been to read since, each once
    assert titles(said.text) == EVERY
    server.clock.forward(days=100)
    assert titles((await server.client.get(f"/secret:{key}/again/feed.json")).text, "json") == ["private"]
    assert (await server.client.get(f"/secret:{'0' * 32}/again/feed.rss")).status_code == 404


async def test_a_search_among_ones_own_is_a_feed_under_a_key(server, ana):
    key = await key_of(ana)
    await server.settle()  # the index

    for words, expected in {"%23db": EVERY[1:], "%23.mine+private": ["private"], "is:unread": ["private"]}.items():
        said = await server.client.get(f"/secret:{key}/search/feed.rss?q={words}")
        assert (said.status_code, titles(said.text)) == (200, expected), words
        assert key not in said.text
    first = feedparser.parse((await server.client.get(f"/secret:{key}/search/feed.atom?q=%23db&count=1")).text)
    [older] = [link.href for link in first.feed.links if link.rel == "next"]
    assert titles((await server.client.get(f"/secret:{key}/search/feed.atom{older}&count=1")).text) == EVERY[2:3]
    for path in (f"{key}/search/feed.rss", f"{key}/search/feed.rss?q=%20", f"{'0' * 32}/search/feed.rss?q=db"):
        assert (await server.client.get(f"/secret:{path}")).status_code == 404, path
