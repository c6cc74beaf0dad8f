"""`#sql@marks.example`: what that server offers for the tag, tried in order, and a plain word where it offers none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fedimark.database import fetch_one
from fedimark.errors import Forbidden, NotFound, Refused, Unreachable
from fedimark.follows.request import follow, unfollow
from fedimark.follows.resolve import known, read_who, resolve
from fedimark.here import entered
from fedimark.moderation import domains
from tests.rooms.peers import AS2, JRD, Asked, Peer, Says
from tests.rooms.strangers import Stranger, amount, letters

MARKS = "https://marks.example"
SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/2.1"
RSS = {"content-type": "application/rss+xml"}
FEED = b"""<rss version="2.0"><channel><title>sql</title><link>https://marks.example/</link>
<item><title>One</title><link>https://one.example/</link><guid>1</guid></item></channel></rss>"""


class Site:
    """A server that answers as it is told: NodeInfo, actors, handles, pages."""

    def __init__(self, fleet: Any, host: str) -> None:
        self.fleet, self.host = fleet, host
        self.peer = Peer()
        self.handles: dict[str, tuple[str, str]] = {}  # acct → subject, actor
        self.peer.rule = self.answer
        fleet.network.add(host, self.peer)

    def answer(self, asked: Asked) -> Says:
        """WebFinger by what is asked for, all else by its path."""
        path, _, query = asked.target.partition("?")
        if path != "/.well-known/webfinger":
            return self.peer.answers.get(path, Says(404))
        acct = parse_qs(query)["resource"][0].removeprefix("acct:")
        if acct not in self.handles:
            return Says(404)
        subject, href = self.handles[acct]
        links = [{"rel": "self", "type": AS2, "href": href}]
        said = {"subject": f"acct:{subject}", "links": links}
        return Says(200, json.dumps(said).encode(), {"content-type": JRD})

    def runs(self, software: str, **metadata: Any) -> None:
        """Say so in NodeInfo."""
        links = {"links": [{"rel": SCHEMA, "href": f"https://{self.host}/nodeinfo/2.1"}]}
        said = {"version": "2.1", "software": {"name": software}, "metadata": metadata}
        self.peer.document("/.well-known/nodeinfo", links, "application/json")
        self.peer.document("/nodeinfo/2.1", said, "application/json")

    def has(self, path: str, username: str, kind: str = "Group", /, **said: Any) -> str:
        """An actor at a path, with its handle; its id."""
        actor = Stranger(self.fleet, f"https://{self.host}{path}", type=kind, preferredUsername=username, **said)
        handle = f"{username}@{self.host}"
        self.handles[handle] = (handle, actor.uri)
        return actor.uri

    @property
    def paths(self) -> list[str]:
        """What was asked of it."""
        return [asked.target for asked in self.peer.asked]


@pytest.fixture
def marks(server, fleet) -> Site:
    """https://marks.example, which answers 404 until told otherwise."""
    return Site(fleet, "marks.example")


# --- what is typed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "tag", "host"),
    [
        ("#sql@marks.example", "sql", "marks.example"),
        (" #SQL@Marks.Example ", "sql", "marks.example"),
        ("#c++@marks.example:8443", "c++", "marks.example:8443"),
        ("#日本@marks.example", "日本", "marks.example"),
        ("#a@b@marks.example", "a@b", "marks.example"),
    ],
)
async def test_a_tag_of_another_server_is_typed_with_its_host(server, typed, tag, host):
    assert (read_who(typed).tag, read_who(typed).host) == (tag, host)


@pytest.mark.parametrize("typed", ["#sql@", "#@marks.example", "#a b@marks.example", "#.sql@marks.example", "#sql@a/b"])
async def test_what_is_no_tag_of_a_server_is_refused(server, typed):
    with pytest.raises(Refused):
        read_who(typed)


# --- each way ---------------------------------------------------------------------------------------------------------


async def test_nodeinfo_tells_where_a_fedimark_has_its_tags(marks):
    marks.runs("fedimark", tagActorTemplate=f"{MARKS}/t/{{tag}}")
    uri = marks.has("/t/c++", "tag.c-abcdef")

    found = await resolve("#C++@marks.example")

    assert found["uri"] == uri
    assert marks.paths[:3] == ["/.well-known/nodeinfo", "/nodeinfo/2.1", "/t/c++"]


async def test_nodeinfo_is_asked_once(marks):
    marks.runs("fedimark", tagActorTemplate=f"{MARKS}/t/{{tag}}")
    marks.has("/t/sql", "tag.sql")
    marks.has("/t/rust", "tag.rust")

    await resolve("#sql@marks.example")
    await resolve("#rust@marks.example")

    assert marks.paths.count("/.well-known/nodeinfo") == 1
    row = await fetch_one("SELECT software FROM peer WHERE host = 'marks.example'")
    assert row == {"software": "fedimark"}


async def test_two_who_look_at_once_ask_for_nodeinfo_once(marks):
    marks.runs("fedimark", tagActorTemplate=f"{MARKS}/t/{{tag}}")
    both = [marks.has("/t/sql", "tag.sql"), marks.has("/t/rust", "tag.rust")]

    found = await asyncio.gather(resolve("#sql@marks.example"), resolve("#rust@marks.example"))

    assert [row["uri"] for row in found] == both
    assert marks.paths.count("/.well-known/nodeinfo") == 1


async def test_a_server_without_nodeinfo_is_not_asked_for_it_again_at_once(marks, clock):
    marks.has("/tags/sql", "tag.sql")
    for seconds in (0, 60, 600):
        clock.forward(seconds=seconds)
        await resolve("#sql@marks.example")

    assert marks.paths.count("/.well-known/nodeinfo") == 2


async def test_the_handle_of_a_tag_is_the_second_way(marks):
    uri = marks.has("/somewhere/sql", "tag.sql")

    assert (await resolve("#sql@marks.example"))["uri"] == uri


async def test_a_handle_may_be_of_another_domain_than_its_server(marks, fleet):
    # Given tags whose handles are at marks.example, and whose server is at social.example
    social = Site(fleet, "social.example")
    uri = social.has("/t/sql", "tag.sql", webfinger="tag.sql@marks.example")
    for site in (marks, social):
        for acct in ("tag.sql@marks.example", "tag.sql@social.example"):
            site.handles[acct] = ("tag.sql@marks.example", uri)

    found = await resolve("#sql@marks.example")

    assert (found["uri"], found["host"]) == (uri, "marks.example")


async def test_a_hashtag_seen_on_something_from_there_is_the_third_way(ana, marks, wire):
    # Given a bookmark of somebody there, whose hashtag leads to somebody
    cleo = Stranger(marks.fleet, f"{MARKS}/u/cleo")
    marks.handles["cleo@marks.example"] = ("cleo@marks.example", cleo.uri)
    uri = marks.has("/topics/7", "seven")
    hashtags = [{"type": "Hashtag", "name": "#SQL", "href": uri}, {"type": "Hashtag", "name": "#x", "href": cleo.uri}]
    note = {"id": f"{cleo.uri}/1", "type": "Note", "attributedTo": cleo.uri, "content": "x", "tag": hashtags}
    await cleo.say({"id": f"{cleo.uri}/1#create", "type": "Create", "actor": cleo.uri, "object": note})

    assert (await resolve("#sql@marks.example"))["uri"] == uri
    with pytest.raises(Refused):
        await resolve("#x@marks.example")  # a person


@pytest.mark.parametrize(
    ("service", "tag", "name"),
    [
        (("tags.pub", "activitypub-dot-bot"), "Neural-Net", "neuralnet"),
        (("tags.pub", ""), "日本", "riben"),
        (("relay.fedi.buzz", ""), "sql", "tag-sql"),
        (("buzz.example", "buzzrelay"), "sql", "tag-sql"),
    ],
)
async def test_servers_of_nothing_but_tags_have_names_of_their_own(fleet, ana, service, tag, name):
    host, software = service
    site = Site(fleet, host)
    if software:
        site.runs(software)
    uri = site.has(f"/user/{name}", name, "Service", name=f"#{name}")
    # There every name is a tag, and this would be another one
    site.has(f"/user/tag.{name}", f"tag.{name}", "Service", name=f"#tag.{name}")

    assert (await resolve(f"#{tag}@{host}"))["uri"] == uri


async def test_buzzrelay_says_what_it_runs_at_once(fleet, server):
    site = Site(fleet, "buzz.example")
    site.peer.document(
        "/.well-known/nodeinfo", {"version": "2.1", "software": {"name": "BuzzRelay"}}, "application/json"
    )
    uri = site.has("/tag/sql", "tag-sql", "Service", name="#sql")

    assert (await resolve("#sql@buzz.example"))["uri"] == uri


async def test_a_bot_is_no_tag(fleet, server):
    site = Site(fleet, "bots.example")
    site.runs("activitypub-dot-bot")
    site.has("/user/ok", "ok", "Service", name="OK Bot")

    with pytest.raises(Refused):
        await resolve("#ok@bots.example")


@pytest.mark.parametrize(("software", "page"), [("lemmy", "/c/sql"), ("piefed", "/c/sql"), ("mbin", "/m/sql")])
async def test_a_community_of_that_name_is_followed_though_a_person_has_it_too(marks, software, page):
    marks.runs(software)
    uri = marks.has(page, "sql")
    marks.has("/u/sql", "sql", "Person")  # whom WebFinger names

    assert (await resolve("#sql@marks.example"))["uri"] == uri


async def test_any_group_of_that_name_will_do(marks):
    marks.runs("friendica")
    uri = marks.has("/profile/sql", "sql")

    assert (await resolve("#sql@marks.example"))["uri"] == uri


@pytest.mark.parametrize("page", ["/tags/sql", "/t/sql", "/tag/sql"])
async def test_a_feed_of_the_tags_page_is_the_last_way(marks, page):
    html = f'<html><head><link rel="alternate" type="application/rss+xml" href="{page}/feed.rss"></head></html>'
    marks.peer.answers[page] = Says(200, html.encode(), {"content-type": "text/html"})
    marks.peer.answers[f"{page}/feed.rss"] = Says(200, FEED, RSS)

    found = await resolve("#sql@marks.example")

    assert (found["kind"], found["uri"]) == ("Feed", f"{MARKS}{page}/feed.rss")


async def test_a_feed_that_is_empty_or_of_everything_is_none(marks):
    html = b'<html><head><link rel="alternate" type="application/rss+xml" href="%s"></head></html>'
    empty = b'<rss version="2.0"><channel><title>sql</title></channel></rss>'
    marks.peer.answers["/tags/sql"] = Says(200, html % b"/tags/sql.rss", {"content-type": "text/html"})
    marks.peer.answers["/tags/sql.rss"] = Says(200, empty, RSS)  # Mastodon since 4.5
    marks.peer.answers["/t/sql"] = Says(200, html % b"/everything.rss", {"content-type": "text/html"})
    marks.peer.answers["/everything.rss"] = Says(200, FEED, RSS)

    with pytest.raises(Refused):
        await resolve("#sql@marks.example")
    assert await amount("feed") == 0


# --- an address -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/t/sql", "/u/cleo/t/sql"])
async def test_the_address_of_a_tag_of_a_fedimark_is_its_actor(marks, path):
    uri = marks.has(path, "tag.sql")

    assert (await resolve(f"{MARKS}{path}"))["uri"] == uri


async def test_the_address_of_a_tags_page_leads_to_what_its_server_offers(marks):
    # Given a page of a tag that answers servers with a collection, as Mastodon's does, and a Group of that name
    marks.peer.document("/tags/SQL", {"id": f"{MARKS}/tags/SQL", "type": "OrderedCollection", "totalItems": 0})
    uri = marks.has("/groups/sql", "sql")

    assert (await resolve(f"{MARKS}/tags/SQL"))["uri"] == uri


async def test_the_feed_that_a_tags_page_names_is_taken_where_there_is_no_stream(marks):
    html = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feeds/9"></head></html>'
    marks.peer.answers["/tag/sql"] = Says(200, html, {"content-type": "text/html"})
    marks.peer.answers["/feeds/9"] = Says(200, FEED, RSS)

    assert (await resolve(f"{MARKS}/tag/sql"))["uri"] == f"{MARKS}/feeds/9"


async def test_a_tags_page_without_anything_says_what_would_work(marks):
    marks.peer.document("/tags/sql", {"id": f"{MARKS}/tags/sql", "type": "OrderedCollection", "totalItems": 0})

    with pytest.raises(Refused, match="can be followed as @sql@tags"):
        await resolve(f"{MARKS}/tags/sql")


# --- bad answers ------------------------------------------------------------------------------------------------------


def _template(template: Any) -> Callable[[Site], None]:
    return lambda marks: marks.runs("fedimark", tagActorTemplate=template)


def _says(path: str, says: Says) -> Callable[[Site], None]:
    return lambda marks: marks.peer.answers.update({path: says})


def _person_for_a_tag(marks: Site) -> None:
    marks.has("/users/tag.sql", "tag.sql", "Person")
    marks.has("/users/sql", "sql", "Person")


def _subject_of_another(marks: Site) -> None:
    """WebFinger leads to somebody of another server, who says so too."""
    evil = Site(marks.fleet, "evil.example")
    uri = evil.has("/groups/all", "all")
    for acct in ("tag.sql@marks.example", "sql@marks.example"):
        marks.handles[acct] = ("all@evil.example", uri)


def _actor_of_another(marks: Site) -> None:
    """The same name, but an actor of another server that knows nothing of this one's handles."""
    evil = Site(marks.fleet, "evil.example")
    uri = evil.has("/groups/sql", "tag.sql")
    marks.handles["tag.sql@marks.example"] = ("tag.sql@marks.example", uri)


def _this_server(marks: Site) -> None:
    for acct in ("tag.sql@marks.example", "sql@marks.example"):
        marks.handles[acct] = (acct, "https://a.example/t/sql")


BAD: dict[str, Callable[[Site], None]] = {
    "nothing": lambda marks: None,
    "template of another host": _template("https://evil.example/t/{tag}"),
    "template of this server": _template("https://a.example/t/{tag}"),
    "template to itself": _template(f"{MARKS}/.well-known/nodeinfo?x={{tag}}"),
    "template over http": _template("http://marks.example/t/{tag}"),
    "template behind a name": _template("https://marks.example@evil.example/t/{tag}"),
    "template without the tag": _template(f"{MARKS}/t/sql"),
    "template that is no address": _template("{tag}"),
    "template that is no text": _template({"href": f"{MARKS}/t/{{tag}}"}),
    "template to a private network": _template("https://127.0.0.1/t/{tag}"),
    "nodeinfo that is a page": _says("/.well-known/nodeinfo", Says(200, b"<html>", {"content-type": "text/html"})),
    "nodeinfo of a megabyte and more": _says("/.well-known/nodeinfo", Says(200, b"[" * 1_100_000, {})),
    "nodeinfo that is a list": _says("/.well-known/nodeinfo", Says(200, b"[]", {"content-type": "application/json"})),
    "an actor that is a page": _says("/t/sql", Says(200, b"<html>", {"content-type": "text/html"})),
    "an error": _says("/t/sql", Says(500)),
    "a redirect home": _says("/t/sql", Says(302, b"", {"location": "https://a.example/t/sql"})),
    "people for a tag": _person_for_a_tag,
    "the subject of another": _subject_of_another,
    "an actor of another": _actor_of_another,
    "this server": _this_server,
}


@pytest.mark.parametrize("bad", BAD)
async def test_a_server_with_nothing_or_nonsense_gives_a_plain_word(ana, marks, fleet, bad):
    await ana.save("https://one.example/", tags="sql")
    BAD[bad](marks)

    with pytest.raises(Refused) as told:
        await follow(ana.viewer, "#sql@marks.example")

    assert (told.value.field, told.value.status) == ("who", 422)
    assert told.value.message == (
        "marks.example offers nothing to follow for #sql. "
        "What servers everywhere publish with it can be followed as @sql@tags.pub."
    )
    assert await letters() == []
    assert {request.url.host for request in fleet.network.requests} <= {"marks.example", "evil.example"}


async def test_a_server_that_does_not_answer_is_said_to_be_so(ana, fleet):
    with pytest.raises(Unreachable, match="The other server did not answer"):
        await follow(ana.viewer, "#sql@nowhere.example")


async def test_a_server_that_hangs_is_waited_for_no_longer_than_one_waits(server, ana, fleet):
    async def hang(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    fleet.network.add("slow.example", hang)
    hasty = replace(server.here, settings=replace(server.here.settings, fetch_total_s=0.05), caches={})
    async with entered(hasty):
        with pytest.raises(Unreachable):
            await follow(ana.viewer, "#sql@slow.example")


async def test_nothing_is_offered_that_would_not_work(ana, marks, fleet):
    Site(fleet, "tags.pub")
    for typed in ("#sql@tags.pub", "#🐍@marks.example"):
        with pytest.raises(Refused) as told:
            await resolve(typed)
        assert told.value.message.endswith((f"for {typed.partition('@')[0]}.", "@snake@tags.pub."))

    await domains.block_domain("tags.pub")
    with pytest.raises(Refused, match=r"for #sql\.$"):
        await resolve("#sql@marks.example")


async def test_a_blocked_server_is_not_asked(ana, marks):
    await domains.block_domain("marks.example")

    with pytest.raises(Forbidden):
        await follow(ana.viewer, "#sql@marks.example")
    assert marks.paths == []


# --- leaving ----------------------------------------------------------------------------------------------------------


async def test_a_tag_is_left_by_the_words_it_was_followed_by(ana, marks):
    marks.has("/t/sql", "tag.sql")
    marks.has("/u/sql", "sql", "Person")
    await follow(ana.viewer, "#sql@marks.example")
    await follow(ana.viewer, "@sql@marks.example")

    assert (await known("#SQL@marks.example") or {})["username"] == "tag.sql"
    await unfollow(ana.viewer, "#SQL@marks.example")
    with pytest.raises(NotFound):
        await unfollow(ana.viewer, "#sql@marks.example")

    assert await amount("follow") == 1
    assert [urlsplit(document["actor"]).path for _, _, document in await letters()] == ["/actor", "/u/ana", "/actor"]
