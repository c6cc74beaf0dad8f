"""Addresses over real sockets: tags of every kind, every spelling of one address, Pinboard's own grammar."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

import httpx
import pytest

from fedimark.text import urls
from tests.stories.reading import Reading
from tests.support.commands import Born
from tests.support.people import PASSWORD
from tests.support.processes import ANEW, Process, free_port

pytestmark = pytest.mark.processes

# A tag as typed, and its segment in normal form: as few escapes as may be, in capital hex.
TAGS = {
    "c++": "c++",
    "a/b": "a%2Fb",
    "日本": "%E6%97%A5%E6%9C%AC",
    "100%": "100%25",
    "#": "%23",
    "?": "%3F",
    "%2F": "%252f",  # folded as every tag is
    "a+b": "a+b",
    ":x": ":x",
    "@": "@",
    "a;b=c&d": "a;b=c&d",
    "!$'()*~_-.": "!$'()*~_-.",
    "..a": None,
    "\\": "%5C",
    '"<>`{}|^': "%22%3C%3E%60%7B%7D%7C%5E",
    "[x]": "%5Bx%5D",
    "straße": "strasse",
    "ﬁ": "fi",
    "👩‍👩‍👧": "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7",
}
PUBLIC = {tag: segment for tag, segment in TAGS.items() if segment is not None}


class Wire:
    """A server over a socket: what is asked goes out octet for octet."""

    def __init__(self, host: str, port: int, cookie: str, base_url: str) -> None:
        self.host, self.port, self.cookie, self.base_url = host, port, cookie, base_url

    def get(self, target: str, accept: str = "text/html") -> tuple[int, dict[str, str], str]:
        """One GET, its target as given."""
        head = f"GET {target} HTTP/1.1\r\nHost: {self.base_url.partition('://')[2]}\r\nAccept: {accept}\r\n"
        request = f"{head}Cookie: {self.cookie}\r\nConnection: close\r\n\r\n".encode("latin-1")
        with socket.create_connection((self.host, self.port), timeout=30) as peer:
            peer.sendall(request)
            answer = b"".join(iter(lambda: peer.recv(65_536), b""))
        head_octets, _, body = answer.partition(b"\r\n\r\n")
        lines = head_octets.decode("latin-1").split("\r\n")
        heads = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if heads.get("transfer-encoding") == "chunked":
            body = _unchunked(body)
        return int(lines[0].split()[1]), heads, body.decode()


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + body[:length], body[length + 2 :]
    return whole


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One real server with ana, who saved a page for each tag through the form."""
    with Born(tmp_path_factory.mktemp("addresses")) as process:
        done = process.run("account", "add", "ana", "--admin", "--password-stdin", given=PASSWORD)
        assert done.returncode == 0, done.stderr
        yield process


@pytest.fixture(scope="module")
def browser(server: Process) -> Iterator[httpx.Client]:
    """Ana's browser, signed in through the form."""
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30, limits=ANEW) as client:
        signed = client.post("/sign-in", data={"username": "ana", "password": PASSWORD})
        assert signed.status_code == 303
        for number, tag in enumerate(TAGS):
            form = {"url": f"https://example.org/{number}", "title": f"page of {tag}", "tags": f"{tag} together"}
            assert client.post("/add", data={**form, "visibility": "public"}).status_code == 303
        yield client


CADDY = shutil.which("caddy")


@pytest.fixture(scope="module", params=["uvicorn", "caddy"] if CADDY else ["uvicorn"])
def wire(request: pytest.FixtureRequest, server: Process, browser: httpx.Client, tmp_path_factory) -> Iterator[Wire]:
    """The server's socket, or Caddy's before it."""
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    if request.param == "uvicorn":
        yield Wire("127.0.0.1", server.port, cookie, server.url)
        return
    assert CADDY is not None
    port, folder = free_port(), tmp_path_factory.mktemp("caddy")
    config = folder / "Caddyfile"
    config.write_text(
        "{\n\tadmin off\n\tauto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n\treverse_proxy {server.host} {{\n\t\theader_up Host {server.host}\n\t}}\n}}\n"
    )
    with (folder / "caddy.log").open("wb") as log:
        proxy = subprocess.Popen([CADDY, "run", "--config", str(config)], stdout=log, stderr=log)
        try:
            _wait_for(port)
            yield Wire("127.0.0.1", port, cookie, server.url)
        finally:
            proxy.terminate()
            proxy.wait(timeout=30)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("caddy does not listen")


def spellings(segment: str) -> dict[str, str]:
    """Other ways to write one segment that mean the same (RFC 3986 §6.2.2)."""
    octets = unquote_to_bytes(segment)
    return {
        "normal form": segment,
        "small hex": "".join(part.lower() if part.startswith("%") else part for part in _units(segment)),
        "all escaped": "".join(f"%{octet:02X}" for octet in octets),
        "all escaped in small hex": "".join(f"%{octet:02x}" for octet in octets),
        "first escaped": f"%{octets[0]:02X}" + segment[len(_units(segment)[0]) :],
    }


def _units(segment: str) -> list[str]:
    units, at = [], 0
    while at < len(segment):
        size = 3 if segment[at] == "%" else 1
        units.append(segment[at : at + size])
        at += size
    return units


@pytest.mark.parametrize("tag", PUBLIC)
def test_the_link_a_page_prints_leads_to_the_tag_and_so_does_every_spelling(wire, tag):
    # Given a bookmark with that tag, saved through the form
    number = list(TAGS).index(tag)
    mine = Reading(wire.get("/u/ana")[2])
    [entry] = [
        e for e in mine.all("li", "h-entry") if e.one(kind="p-name").get("href") == f"https://example.org/{number}"
    ]
    [printed] = [a.get("href") for a in entry.all("a", "p-category") if a.text == tag]

    # Then the link it prints is in normal form, for the person and for everybody
    assert printed == f"/u/ana/t/{PUBLIC[tag]}"
    for before in ("/u/ana/t/", "/t/"):
        status, _, page = wire.get(f"{before}{PUBLIC[tag]}")
        assert status == 200
        assert f"https://example.org/{number}" in _addresses(page)
        assert len(_addresses(page)) == 1

        # And every equivalent spelling answers 200 with the same document
        for how, segment in spellings(PUBLIC[tag]).items():
            other, heads, text = wire.get(f"{before}{segment}")
            assert (other, heads.get("location")) == (200, None), (how, segment)
            assert _known(text) == _known(page), (how, segment)

        # And together with another one too, in one segment
        for comma in (",", "%2C", "%2c"):
            status, _, text = wire.get(f"{before}{PUBLIC[tag]}{comma}together")
            assert (status, _addresses(text)) == (200, [f"https://example.org/{number}"]), comma


_BACK = re.compile(r"[?&]back=[^&]*")


def _addresses(page: str) -> list[str]:
    return [a.get("href") for a in Reading(page).all("a", "u-bookmark-of")]


def _known(page: str) -> str:
    """A page without the address asked for, which forms and links carry back, and without how long ago."""
    reading = Reading(page)
    return "\n".join(
        [
            *(e.text for e in reading.all("h1")),
            *(f"{_BACK.sub('', e.get('href'))} {e.text}" for e in reading.all("a")),
            *(e.text for e in reading.all("p", "said")),
        ]
    )


@pytest.mark.parametrize("tag", PUBLIC)
def test_a_form_on_a_tags_page_leads_back_to_it(wire, browser, tag):
    path = f"/u/ana/t/{PUBLIC[tag]}"
    page = Reading(wire.get(path)[2])
    form = page.button("starred")

    sent = browser.post(form.action, data=form.values())

    leads_to, _, line = sent.headers["location"].partition("#")
    assert leads_to == path
    status, _, text = wire.get(leads_to)
    assert status == 200
    assert line in text


@pytest.mark.parametrize(
    ("asked", "proper"),
    [
        ("/t/C++", "/t/c++"),
        ("/t/%43++", "/t/c++"),
        ("/u/ana/t/C++", "/u/ana/t/c++"),
        ("/t/Stra%C3%9Fe", "/t/strasse"),
        ("/t/together,TOGETHER", "/t/together"),
        ("/t/A%2FB", "/t/a%2Fb"),
        ("/t/%252F", "/t/%252f"),
        ("/t/%EF%AC%81", "/t/fi"),
    ],
)
def test_another_spelling_of_a_tag_leads_people_to_the_one(wire, asked, proper):
    status, heads, _ = wire.get(asked)

    assert (status, heads["location"]) == (308, proper)
    assert wire.get(proper)[0] == 200


@pytest.mark.parametrize(
    "asked", ["/t/.", "/t/..", "/t/...", "/t/%2E%2E", "/t/%2e", "/u/ana/t/..", "/u/ana/t/%2E%2E%2E"]
)
def test_dots_alone_are_no_tag(server, asked):
    # Proxies may resolve dot segments before they pass on: asked of the server itself.
    wire = Wire("127.0.0.1", server.port, "", server.url)

    assert wire.get(asked)[0] == 404


def test_a_tag_of_dots_alone_is_refused_beside_its_field(browser):
    answer = browser.post("/add", data={"url": "https://example.org/dots", "tags": "fine .. fine"})

    assert answer.status_code == 422
    assert Reading(answer.text).one(kind="wrong").get("id") == "tags-wrong"


@pytest.mark.parametrize(
    ("asked", "proper"),
    [
        ("/u:ana", "/u/ana"),
        ("/u:ana/", "/u/ana"),
        ("/u:ana/t:c++/", "/u/ana/t/c++"),
        ("/u:ana/t:C++", "/u/ana/t/c++"),
        ("/u:ana/t:c%2B%2B/t:together/", "/u/ana/t/c++,together"),
        ("/u:ana/t:a%2Fb/", "/u/ana/t/a%2Fb"),
        ("/u:ana/t:100%25/", "/u/ana/t/100%25"),
        ("/u:ana/t:%E6%97%A5%E6%9C%AC/", "/u/ana/t/%E6%97%A5%E6%9C%AC"),
        ("/u:ana/t::x/", "/u/ana/t/:x"),
        ("/u:ana/unread/", "/u/ana/unread"),
        ("/u:ana/starred", "/u/ana/starred"),
        ("/u:ana/public/", "/u/ana/public"),
        ("/u:ana/notes/", "/u/ana/notes"),
        ("/u:ana/toread/", "/u/ana/unread"),
        ("/u:ana/bundles", "/u/ana/bundles"),
        ("/u:ana/profile/", "/u/ana"),
        ("/popular/", "/popular"),
        ("/recent/", "/recent"),
        ("/network/", "/network"),
        ("/search/?query=a%26b+c", "/search?q=a%26b%20c"),
        ("/search/", "/search"),
        ("/note/add", "/notes/add"),
        ("/note/add/", "/notes/add"),
        ("/t:c++/", "/t/c++"),
        ("/t:c++/t:together/", "/t/c++,together"),
        ("/t:a%2fb", "/t/a%2Fb"),
        ("/t:%252F/", "/t/%252f"),
    ],
)
def test_pinboards_grammar_leads_to_what_it_means_for_ever(wire, asked, proper):
    status, heads, _ = wire.get(asked)

    assert (status, heads["location"]) == (308, proper)
    assert wire.get(proper)[0] == 200


def test_pinboards_addresses_of_bookmarks_and_pages_lead_there(wire):
    [first, *_] = Reading(wire.get("/u/ana")[2]).all("li", "h-entry")
    path = first.all("a", "u-url")[0].get("href")
    url = first.one(kind="p-name").get("href")

    one, bookmark, _ = wire.get(path.replace("/u/ana/b/", "/u:ana/b:"))
    two, hashed, _ = wire.get(f"/url:{urls.md5(url)}")
    three, link, _ = wire.get(hashed["location"])

    assert (one, bookmark["location"]) == (308, path)
    assert (two, three) == (308, 308)
    assert link["location"] == f"/url/{urls.link_hash(urls.canonical(url))}"
    assert wire.get(link["location"])[0] == 200
    for gone in ("/u:ana/nothing/", "/u:ana/t:x/b:y/", "/t:.../", "/u:ana/t:../"):
        assert wire.get(gone)[0] == 404, gone


@pytest.mark.parametrize("path", ["/u/ana", "/u/%61na", "/u/an%61", "/%75/ana"])
def test_a_person_has_one_address_in_every_spelling_and_for_servers_too(wire, path):
    page, document = wire.get(path), wire.get(path, "application/activity+json")

    assert page[0] == document[0] == 200
    assert '"id":"' + wire.base_url + '/u/ana"' in document[2]


@pytest.mark.parametrize("path", ["/t/100%", "/t/%zz", "/t/%FF", "/t/a%00b", "/t/%ED%A0%80"])
def test_what_is_no_address_is_said_to_be_none(server, path):
    status, _, text = Wire("127.0.0.1", server.port, "", server.url).get(path)

    assert status == 400
    assert "percent" in text


def test_all_of_this_holds_through_caddy_too():
    if CADDY is None:
        pytest.skip("caddy is not installed: the addresses were asked of uvicorn alone")
