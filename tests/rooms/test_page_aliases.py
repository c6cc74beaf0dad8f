"""Saved pages are read: what they say of themselves joins them, parts them again, and names them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fedimark import worker
from fedimark.bookmarks.looking import HOUR, MOST_A_DAY
from fedimark.bookmarks.pages import AT_ONCE, read_pages
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.errors import NotFound, Refused
from fedimark.here import MICROS, entered
from fedimark.moderation import domains, links
from fedimark.text.urls import link_hash
from fedimark.text.works import page_of
from fedimark.timelines.stream import LinkStream, PersonStream, RecentStream
from tests.rooms.peers import Asked, Peer, Says, over_sockets, socket_peer
from tests.support.invariants import disagreements
from tests.support.savers import befriend, edit, entries, look, remote_actor, remote_save, save, saver

PAGE = "https://www.example.org/a"
MOBILE = "https://m.example.org/a"
OTHER = "https://example.org/b"
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.fixture
async def server(fleet):
    """A server that reads pages."""
    server = await fleet.server("a.example", read_pages="true")
    async with entered(server.here):
        yield server


class Web:
    """The pages of some hosts: what each address answers, and what was asked."""

    def __init__(self, fleet: Any) -> None:
        self.fleet = fleet
        self.pages: dict[str, Says] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    def page(self, url: str, text: str = "", **headers: str) -> None:
        """Let an address answer with a page."""
        self.answer(url, Says(200, text.encode(), {**HTML, **headers}))

    def leads(self, url: str, to: str, status: int = 301) -> None:
        """Let an address lead to another."""
        self.answer(url, Says(status, b"", {"location": to}))

    def answer(self, url: str, says: Says) -> None:
        """Let an address answer."""
        self.pages[url] = says
        host = url.split("/")[2]
        if host not in self.fleet.network.apps:
            peer = Peer()
            peer.rule = self._rule(host)
            self.fleet.network.add(host, peer)

    def _rule(self, host: str) -> Callable[[Asked], Says]:
        def rule(asked: Asked) -> Says:
            url = f"https://{host}{asked.target}"
            self.asked.append(url)
            self.headers.append(asked.headers)
            return self.pages.get(url, Says(404))

        return rule


@pytest.fixture
def web(server, fleet) -> Web:
    """Pages that answer 404 until told otherwise."""
    return Web(fleet)


def named(url: str, title: str = "") -> str:
    """A page that calls an address its own."""
    return f'<head><title>{title}</title><link rel="canonical" href="{url}"></head>'


async def time_passes(server: Any, **much: float) -> None:
    """Let a while pass, a minute if nothing is said, and the worker do all that is due."""
    server.clock.forward(**(much or {"seconds": 61}))
    for _ in range(5):
        await worker.settle(server.here)
        server.clock.forward(seconds=1)


async def link(url: str) -> Row:
    """The row of a page by its own address."""
    row = await fetch_one("SELECT * FROM link WHERE hash = ?", link_hash(page_of(url)))
    assert row is not None
    return row


async def savers(url: str) -> int:
    """How many savers stand on the page of an address; the page must agree with its rows."""
    assert await disagreements() == []
    return len((await look(LinkStream(link_hash(page_of(url))))).entries)


async def title(viewer: Any = None) -> str:
    """The title of the one entry."""
    (entry,) = await entries(RecentStream(), viewer)
    return entry.title


# --- joining ---------------------------------------------------------------------------------------------------------


async def test_two_pages_that_say_they_are_one_are_one_entry(server, web):
    web.page(MOBILE, named(PAGE))
    web.page(PAGE, named(PAGE, "The page"))
    await save(await saver("ana"), MOBILE)
    await save(await saver("bo"), PAGE)

    await time_passes(server)

    assert await savers(PAGE) == await savers(MOBILE) == 2
    assert await title() == "The page"
    assert (await link(MOBILE))["alias_why"] == "canonical"


async def test_a_header_says_it_as_well(server, web):
    web.answer(MOBILE, Says(200, b"%PDF", {"content-type": "application/pdf", "link": f'<{PAGE}>; rel="canonical"'}))
    web.page(PAGE)
    await save(await saver("ana"), MOBILE)

    await time_passes(server)

    assert await savers(PAGE) == 1


@pytest.mark.parametrize("status", [301, 308])
async def test_a_page_that_moved_for_ever_is_the_one_it_moved_to(server, web, status):
    web.leads(PAGE, OTHER, status)
    web.page(OTHER, "<title>Moved here</title>")
    await save(await saver("ana"), PAGE)
    await save(await saver("bo"), OTHER, "", "private")

    await time_passes(server)

    assert await savers(OTHER) == 1
    assert await title() == "Moved here"
    # The end of the way was read already.
    assert web.asked == [PAGE, OTHER]


async def test_what_is_behind_a_shortener_is_the_page(server, web):
    web.leads("https://t.co/x1", "https://bit.ly/Abc", 301)
    web.leads("https://bit.ly/Abc", f"{PAGE}?utm_source=twitter", 302)
    web.page(f"{PAGE}?utm_source=twitter", named(PAGE, "The page"))
    await save(await saver("ana"), "https://t.co/x1")
    await save(await saver("bo"), "http://bit.ly/Abc")
    await save(await saver("cy"), PAGE)
    web.page(PAGE, named(PAGE, "The page"))

    await time_passes(server)

    assert await savers(PAGE) == 3
    assert (await link("https://t.co/x1"))["alias_why"] == "short"


async def test_what_arrives_later_joins_at_once(server, web):
    web.page(MOBILE, named(PAGE))
    web.page(PAGE)
    await save(await saver("ana"), MOBILE)
    await time_passes(server)

    await remote_save(await remote_actor("cy", "c.example"), 1, MOBILE, saved_at=1)

    assert await savers(PAGE) == 2


async def test_one_page_under_a_thousand_marks_is_one_entry_and_asked_once(server, web):
    web.page(PAGE, "<title>The page</title>")
    for number in range(40):
        marked = f"{PAGE}?utm_source=s{number}&fbclid={number}"
        await remote_save(await remote_actor(f"r{number}", "c.example"), number, marked, saved_at=number)

    await time_passes(server)

    assert web.asked == [PAGE]
    assert await savers(PAGE) == 40


# --- not joining -----------------------------------------------------------------------------------------------------

NEVER = [
    "https://competitor.example/b",
    "https://10.0.0.1/b",
    "http://127.0.0.1/b",
    "javascript:alert(1)",
    "https://example.org/",
    "https://example.org/login?next=/a",
    "https://consent.example.org/b",
    "https://a.example/recent",
    "https://example.org/b?token=x",
]


@pytest.mark.parametrize("target", NEVER)
async def test_a_page_that_names_what_it_cannot_be_stays_itself(server, web, target):
    web.page(PAGE, named(target))
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    assert (await link(PAGE))["alias_id"] is None
    assert web.asked == [PAGE]


@pytest.mark.parametrize("target", NEVER)
async def test_a_page_that_moves_to_where_it_cannot_be_stays_itself(server, web, target):
    web.leads(PAGE, target)
    if target.startswith("https:") and "a.example" not in target and "10.0" not in target:
        web.page(target)
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    row = await link(PAGE)
    assert (row["alias_id"], row["title"]) == (None, "")


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_who_is_sent_elsewhere_for_now_stays_and_gets_no_name(server, web, status):
    web.leads(PAGE, OTHER, status)
    web.page(OTHER, named("https://example.org/c", "Please wait"))
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    row = await link(PAGE)
    assert (row["alias_id"], row["title"]) == (None, "")


async def test_a_page_that_names_a_thousand_addresses_is_none_of_them(server, web):
    web.page(PAGE, "".join(f'<link rel="canonical" href="/{number}">' for number in range(1000)))
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    assert (await link(PAGE))["alias_id"] is None


async def test_pages_that_name_each_other_in_a_circle_come_to_rest(server, web):
    ring = [f"https://example.org/r{number}" for number in range(3)]
    for number, url in enumerate(ring):
        web.page(url, named(ring[(number + 1) % 3]))
        await save(await saver(f"p{number}"), url)

    await time_passes(server, seconds=70)
    await time_passes(server, seconds=70)

    assert await savers(ring[0]) == 3
    assert [(await link(url))["alias_id"] for url in ring].count(None) == 1


async def test_redirects_without_end_are_given_up(server, web):
    web.leads(PAGE, f"{PAGE}?x=1")
    web.leads(f"{PAGE}?x=1", PAGE)
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    assert len(web.asked) == 4
    assert (await link(PAGE))["look_at"] is None


# --- who is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["private", "followers", "unlisted"])
async def test_nobody_hears_of_a_page_that_not_everybody_may_see(server, web, visibility):
    web.page(MOBILE, named(PAGE))
    await save(await saver("ana"), MOBILE, "", visibility)

    await time_passes(server, days=40)

    assert web.asked == []


async def test_a_page_made_private_within_the_minute_is_not_asked(server, web):
    web.page(PAGE)
    ana = await saver("ana")
    saved = await save(ana, PAGE)
    await edit(ana, saved.public_id, PAGE, "", "private")

    await time_passes(server)

    assert web.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.org/a?token=x",
        "https://ana:word@www.example.org/a",
        "http://printer.local/a",
        "http://10.0.0.1/a",
        "https://www.example.org:8443/a",
        "ftp://www.example.org/a",
        "mailto:ana@example.org",
        "https://www.example.org/#/inbox",
        "https://a.example/u/ana",
    ],
)
async def test_some_addresses_are_never_asked_though_they_are_public(server, web, fleet, url):
    web.page(PAGE)
    await save(await saver("ana"), url, "", "public")

    await time_passes(server)

    assert fleet.network.requests == []
    assert await fetch("SELECT id FROM link WHERE look_at IS NOT NULL") == []


async def test_a_blocked_domain_is_not_asked(server, web):
    web.page(PAGE)
    await domains.block_domain("example.org")
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    assert web.asked == []


async def test_nobody_is_asked_while_the_clock_stands_still(server, web):
    await save(await saver("ana"), PAGE)

    await worker.settle(server.here)

    assert web.asked == []


async def test_an_alias_that_only_a_private_save_points_to_is_not_asked_again(server, web):
    web.page(MOBILE, named(PAGE))
    web.page(PAGE)
    ana = await saver("ana")
    saved = await save(ana, MOBILE)
    await save(await saver("bo"), PAGE)
    await time_passes(server)
    await edit(ana, saved.public_id, MOBILE, "", "private")
    web.asked.clear()

    await time_passes(server, days=31)

    assert MOBILE not in web.asked


async def test_who_asks_says_so_and_asks_for_nothing_else(server, web):
    web.page(PAGE)
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    (headers,) = web.headers
    assert headers["accept"].startswith("text/html")
    assert not {"cookie", "authorization", "signature", "referer"} & headers.keys()


async def test_an_import_asks_one_host_once_a_second_and_a_few_hosts_at_once(server, web):
    cy = await remote_actor("cy", "c.example")
    for number in range(6):
        for host in ("www.example.org", f"h{number}.example.com"):
            web.page(f"https://{host}/{number}")
            await remote_save(cy, 2 * number + (host[0] == "h"), f"https://{host}/{number}", saved_at=number)
    server.clock.forward(seconds=61)

    assert await read_pages() >= AT_ONCE
    assert len(web.asked) == AT_ONCE
    await worker.settle(server.here)
    assert len([url for url in web.asked if "www.example.org" in url]) == 1
    for _ in range(6):
        server.clock.forward(seconds=1)
        await worker.settle(server.here)

    assert len(web.asked) == len(set(web.asked)) == 12


async def test_a_host_that_was_asked_enough_today_is_asked_tomorrow(server, web):
    web.page(PAGE)
    await save(await saver("ana"), PAGE)
    server.clock.forward(seconds=61)
    paces = server.here.caches.setdefault("bookmarks.paces", {})
    await read_pages()
    (host,) = paces
    paces[host] = type(paces[host])(paces[host].asked_at, paces[host].since, MOST_A_DAY)
    web.page(f"{PAGE}/2")
    await save(await saver("bo"), f"{PAGE}/2")

    await time_passes(server, seconds=3_600)
    assert web.asked == [PAGE]
    await time_passes(server, days=1)

    assert web.asked == [PAGE, f"{PAGE}/2"]


async def test_many_shorteners_hammer_nobody(server, web):
    web.page(PAGE, "<title>The page</title>")
    for number in range(3):
        short = ("https://t.co/1", "https://bit.ly/2", "https://is.gd/3")[number]
        web.leads(short, PAGE)
        await save(await saver(f"p{number}"), short)
    server.clock.forward(seconds=61)

    await read_pages()
    assert web.asked.count(PAGE) == 1
    await time_passes(server, seconds=5)

    assert await savers(PAGE) == 3


# --- trying again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_page_that_cannot_be_read_is_tried_a_few_times(server, web, status):
    web.answer(PAGE, Says(status))
    await save(await saver("ana"), PAGE)

    for _ in range(100):
        await time_passes(server, seconds=HOUR / MICROS)

    assert len(web.asked) == 6


async def test_a_server_that_says_when_is_asked_then(server, web):
    web.answer(PAGE, Says(503, b"", {"retry-after": "7200"}))
    await save(await saver("ana"), PAGE)
    await time_passes(server)
    web.page(PAGE, "<title>There again</title>")

    await time_passes(server, seconds=7_000)
    assert len(web.asked) == 1
    await time_passes(server, seconds=300)

    assert await title() == "There again"


@pytest.mark.parametrize("status", [404, 410, 403, 401])
async def test_a_page_that_is_not_there_is_not_asked_again(server, web, status):
    web.answer(PAGE, Says(status))
    await save(await saver("ana"), PAGE)

    await time_passes(server)
    await time_passes(server, days=40)

    assert len(web.asked) == 1


async def test_a_worker_that_dies_while_it_reads_asks_again_later(server, web):
    web.page(PAGE, "<title>The page</title>")
    await save(await saver("ana"), PAGE)
    server.clock.forward(seconds=61)
    asked = asyncio.Event()

    class Endless(Peer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            asked.set()
            await asyncio.sleep(3_600)

    standing = web.fleet.network.apps["www.example.org"]
    web.fleet.network.add("www.example.org", Endless())
    dying = asyncio.create_task(read_pages())
    await asyncio.wait_for(asked.wait(), 30)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    web.fleet.network.apps["www.example.org"] = standing

    await time_passes(server)
    assert web.asked == []
    await time_passes(server, seconds=HOUR / MICROS)

    assert await title() == "The page"


# --- parting ---------------------------------------------------------------------------------------------------------


async def joined(server: Any, web: Web) -> None:
    """Two people's saves of a page and of its mobile edition, joined."""
    web.page(MOBILE, named(PAGE))
    web.page(PAGE)
    await save(await saver("ana"), MOBILE)
    await save(await saver("bo"), PAGE)
    await time_passes(server)
    assert await savers(PAGE) == 2


async def test_a_page_that_takes_its_word_back_is_parted_after_a_month(server, web):
    await joined(server, web)
    web.page(MOBILE, named(MOBILE))

    await time_passes(server, days=29)
    assert await savers(PAGE) == 2
    await time_passes(server, days=2)

    assert (await savers(PAGE), await savers(MOBILE)) == (1, 1)


async def test_a_page_that_says_another_word_is_another_page(server, web):
    await joined(server, web)
    web.page(MOBILE, named(OTHER))
    web.page(OTHER)

    await time_passes(server, days=31)

    assert (await savers(PAGE), await savers(OTHER)) == (1, 1)


@pytest.mark.parametrize("says", [Says(500), Says(404), Says(302, b"", {"location": "https://example.org/login"})])
async def test_a_page_that_says_nothing_today_stays_what_it_was(server, web, says):
    await joined(server, web)
    web.page("https://example.org/login", named("https://example.org/login"))
    web.answer(MOBILE, says)

    for _ in range(4):
        await time_passes(server, days=16)

    assert await savers(PAGE) == 2


async def test_an_admin_parts_what_a_page_joined_and_it_stays_so(server, web):
    await joined(server, web)

    await links.part_by_hand(MOBILE)
    await time_passes(server)
    await save(await saver("cy"), MOBILE)
    await time_passes(server, days=31)

    assert (await savers(PAGE), await savers(MOBILE)) == (1, 2)


async def test_an_admin_joins_what_no_page_says(server, web):
    await save(await saver("ana"), PAGE)
    await save(await saver("bo"), "https://elsewhere.example/x")

    await links.join_by_hand("https://elsewhere.example/x", PAGE)
    await time_passes(server)
    shown = await links.show(PAGE)

    assert await savers(PAGE) == 2
    assert [each["alias_why"] for each in shown.aliases] == ["admin"]
    with pytest.raises(Refused):
        await links.join_by_hand(PAGE, "https://elsewhere.example/x")
    assert await savers(PAGE) == 2


async def test_of_a_page_that_nobody_saved_nothing_is_shown(server):
    with pytest.raises(NotFound):
        await links.show("https://example.org/never")


# --- names -----------------------------------------------------------------------------------------------------------


async def test_a_page_names_itself_for_strangers_and_nobody_is_overruled(server, web):
    web.page(PAGE, "<title>Its own name</title>")
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE, title="What ana calls it")
    await befriend(bo, ana)

    await time_passes(server)

    assert await title() == "Its own name"
    assert await title(bo) == await title(ana) == "What ana calls it"
    (own,) = await entries(PersonStream("ana"))
    assert own.title == "What ana calls it"


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("<title>A\u202egnp.exe\u2066\x00\x07</title>", "Agnp.exe"),
        ("<title>  two\n\n  lines </title>", "two lines"),
        ("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>", "<script>alert(1)</script>"),
        (f"<title>{'long ' * 2_000}</title>", ("long " * 51).strip()),
    ],
)
async def test_a_hostile_name_is_contained(server, web, page, name):
    web.page(PAGE, page)
    await save(await saver("ana"), PAGE)

    await time_passes(server)
    answer = await server.client.get("/recent")

    assert await title() == name
    assert "<script>alert" not in answer.text


async def test_a_charset_that_lies_is_no_error(server, web):
    web.answer(PAGE, Says(200, "<title>Größe</title>".encode("latin-1"), {"content-type": "text/html; charset=zip"}))
    await save(await saver("ana"), PAGE)

    await time_passes(server)

    assert await title() == "Größe"


# --- over real sockets -----------------------------------------------------------------------------------------------


def _endless_head() -> Iterator[bytes]:
    while True:
        yield b'<meta name="x" content="' + b"x" * 8_000 + b'">'


def _huge_page() -> Iterator[bytes]:
    yield b"<title>Huge</title><body>"
    for _ in range(100 * 128):
        yield b"x" * 8_192


@pytest.mark.parametrize("body", [_endless_head, _huge_page])
async def test_of_a_huge_page_only_the_beginning_is_read(server, body):
    from fedimark.remote.budget import unlimited
    from fedimark.remote.pages import read_page

    sent = 0

    async def talk(_: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n")
        for chunk in body():
            if writer.is_closing() or sent > 50_000_000:
                return
            writer.write(chunk)
            sent += len(chunk)
            await writer.drain()

    async with socket_peer(talk) as origin, over_sockets(server.here, allow_loopback=True):
        read = await read_page(f"{origin}/a", unlimited)

    assert read.title == ("Huge" if body is _huge_page else "")
    assert sent < 20_000_000


async def test_a_small_page_that_unpacks_to_a_huge_one_is_read_no_further(server):
    from fedimark.remote.budget import unlimited
    from fedimark.remote.pages import read_page

    bomb = gzip.compress(b"<title>Bomb</title>" + b" " * 50_000_000)

    async def talk(_: str, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}"
        writer.write(f"{head}\r\n\r\n".encode() + bomb)
        await writer.drain()

    async with socket_peer(talk) as origin, over_sockets(server.here, allow_loopback=True):
        assert (await read_page(f"{origin}/a", unlimited)).title == "Bomb"


async def test_a_moment_lost_between_two_workers_is_no_second_reading(server, web):
    web.page(PAGE)
    await save(await saver("ana"), PAGE)
    server.clock.forward(seconds=61)
    await asyncio.gather(read_pages(), read_pages())

    assert web.asked == [PAGE]
    await execute("UPDATE link SET look_at = NULL")
