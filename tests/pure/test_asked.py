"""What is read of a GET in haste, an HTTP parser finds in it too."""

from __future__ import annotations

import random

import httptools
import pytest

from fedimark.doorway.asked import LONGEST, PASSED_OVER, Asked, read_asked

PLAIN = (
    b"GET /u/ana/b/k3v7?a=1&b=%20 HTTP/1.1\r\nHost: a.example\r\nAccept: application/activity+json\r\n"
    b'User-Agent: reader/1 (+https://b.example)\r\nIf-None-Match: "d46f"\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n'
)
ODD = (b"\r\n", b"\n", b"\r", b"\t", b" ", b"  ", b":", b": ", b"\x00", b"\xe9", b"\x7f", b"?", b"#", b"/", b"%", b"A")
LINES = (
    *(b"Transfer-Encoding: chunked", b"Content-Length: 3", b"Content-Length: 0", b"Expect: 100-continue"),
    *(b"Connection: close", b"Connection: Upgrade", b"Upgrade: websocket", b"TE: trailers", b"X-Request-Id: abcdefgh"),
    *(b"Proxy-Connection: close", b"Proxy-Connection: keep-alive"),
    *(b"Cookie: a=b", b"COOKIE: a=b", b"Authorization: Basic a", b'Signature: keyId="a"', b" folded", b"\tfolded"),
    *(b"No-Value:", b"No-Colon", b"Space : a", b"X_Y: a", b"X-Y:a", b"X-Y:  a", b"X-Y: a ", b"X-Y: a\t", b": a"),
)
TAKEN = (b"Connection: Keep-Alive", b"No-Value: ", b"X-Y: a, b: c", b"Accept: text/html", b"DNT: 1")


class Seen:
    """What an HTTP parser calls."""

    def __init__(self) -> None:
        self.url, self.headers, self.whole = b"", list[tuple[bytes, bytes]](), 0
        self.parser = httptools.HttpRequestParser(self)
        self.goes_on = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        # Once all is read the parser has forgotten what was said of the connection.
        self.goes_on = self.parser.should_keep_alive() and not self.parser.should_upgrade()

    def on_message_complete(self) -> None:
        self.whole += 1


def parsed(block: bytes) -> Asked:
    """What the parser finds in a block that is one whole GET and goes on."""
    seen = Seen()
    seen.parser.feed_data(block)
    assert (seen.whole, seen.parser.get_method(), seen.parser.get_http_version()) == (1, b"GET", "1.1")
    assert seen.goes_on
    url = httptools.parse_url(seen.url)
    assert url.fragment is None
    assert {name for name, _ in seen.headers}.isdisjoint((b"cookie", b"authorization", b"signature"))
    return Asked(url.path, url.query or b"", tuple(pair for pair in seen.headers if pair[0] not in PASSED_OVER))


def agree(block: bytes) -> bool:
    """Whether it is read in haste; then the parser must find the same."""
    asked = read_asked(block)
    assert asked is None or asked == parsed(block)
    return asked is not None


def test_a_usual_get_is_read():
    assert agree(PLAIN)
    assert agree(PLAIN.replace(b"?a=1&b=%20", b""))
    assert agree(PLAIN.replace(b"?a=1&b=%20", b"?"))


def test_what_came_in_part_or_with_more_is_left_to_the_parser():
    assert [size for size in range(len(PLAIN)) if read_asked(PLAIN[:size]) is not None] == []
    assert [read_asked(block) for block in (PLAIN + b"G", PLAIN + PLAIN, b"\r\n" + PLAIN)] == [None] * 3
    assert read_asked(PLAIN.replace(b"k3v7", b"k" * LONGEST)) is None


@pytest.mark.parametrize("line", LINES)
def test_whoever_is_somebody_and_whatever_changes_the_rest_is_left_to_the_parser(line):
    assert not any(
        read_asked(PLAIN.replace(place, line + b"\r\n" + place, 1)) for place in (b"Host", b"Accept", b"X-F")
    )


@pytest.mark.parametrize("line", TAKEN)
def test_what_does_no_harm_is_read_as_the_parser_reads_it(line):
    assert all(agree(PLAIN.replace(place, line + b"\r\n" + place, 1)) for place in (b"Host", b"Accept", b"X-F"))


@pytest.mark.parametrize("first", [b"POST", b"HEAD", b"get", b"GET "])
def test_other_methods_are_left_to_the_parser(first):
    assert read_asked(PLAIN.replace(b"GET", first, 1)) is None


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.11", b"HTTP/2.0", b"HTTP/1.1 "])
def test_other_versions_are_left_to_the_parser(version):
    assert read_asked(PLAIN.replace(b"HTTP/1.1", version, 1)) is None


def test_whatever_is_put_anywhere_both_read_the_same():
    chance = random.Random(7)
    for _ in range(4_000):
        place = chance.randrange(len(PLAIN))
        end = place + chance.choice((0, 0, 1, 2))
        agree(PLAIN[:place] + chance.choice(ODD) + PLAIN[end:])
