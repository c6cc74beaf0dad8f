"""The one client, and the two ways anything leaves through it: `get` and `post`.

Errors of the network become Unreachable (try again), answers we do not believe Untrustworthy (never again).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType, TracebackType
from typing import Any, TypeAlias
from urllib.parse import urljoin

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from fedimark import __version__
from fedimark.database import Row
from fedimark.errors import Silent, Unreachable, Untrustworthy
from fedimark.here import here
from fedimark.remote import guard, knock, places
from fedimark.remote.budget import Spend, unlimited
from fedimark.remote.lines import Lines
from fedimark.remote.places import Place
from fedimark.remote.signing import signed
from fedimark.settings import Settings
from fedimark.signatures.message import Message
from fedimark.vocab.head import READ
from fedimark.vocab.page import is_html

MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_Reading: TypeAlias = Callable[[AsyncIterator[bytes], str], Awaitable[bytes]]
"""What is read of a body, unpacked, of the address it stands at."""

_ALWAYS: Mapping[str, str] = MappingProxyType({})

_CONNECTIONS = 512
_CONNECTIONS_PER_HOST = 4
_DNS_KEPT_S = 300
_CHUNK = 65_536
_ANSWER_TO_POST = 16_384  # enough for a problem document
_ANSWER_TO_POST_S = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `url` is what was asked last, as it was written. `body` is decompressed.

    `lasting` is what to ask the next time: it stands behind all redirects that are for ever, and before all others.
    """

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    lasting: str = ""

    @property
    def asks_for_signature(self) -> bool:
        """Whether it says which signature the server would like. (RFC 9421 §5)"""
        return "accept-signature" in self.headers

    @property
    def pause_s(self) -> int:
        """The seconds in Retry-After, 0 where it says none; a date there is as good as none. (RFC 9110 §10.2.3)"""
        said = str(self.headers.get("retry-after", "")).strip()
        return int(said) if said.isdecimal() and said.isascii() and len(said) < 10 else 0

    @property
    def content_type(self) -> str:
        """The Content-Type header, empty when there is none."""
        return str(self.headers.get("content-type", ""))


class WayOut(httpx.AsyncClient):
    """httpx's client with lines of our own beside it: letters and documents cost a quarter there."""

    def __init__(self, lines: Lines, **named: Any) -> None:
        super().__init__(**named)
        self.lines = lines

    async def aclose(self) -> None:
        """Close both."""
        self.lines.close()
        await super().aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.lines.close()
        await super().__aexit__(exc_type, exc_value, traceback)


def build(settings: Settings) -> httpx.AsyncClient:
    """The way out of one server: aiohttp under httpx's API, with the guard in its connector, no cookies, no proxies.

    Made without a running loop; connections come with the first request. Close it with `aclose`.
    """
    context = httpx.create_ssl_context(trust_env=False)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            socket_factory=guard.socket_factory(settings),
            ssl=context,
            limit=_CONNECTIONS,
            limit_per_host=_CONNECTIONS_PER_HOST,
            ttl_dns_cache=_DNS_KEPT_S,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    return WayOut(
        Lines(settings, context),
        transport=AiohttpTransport(verify=context, trust_env=False, client=session),
        headers={"User-Agent": f"fedimark/{__version__} (+{settings.base_url})"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
        follow_redirects=False,
    )


async def get(
    url: str, *, accept: str, signer: Row | None, spend: Spend = unlimited, condition: Mapping[str, str] = _ALWAYS
) -> Answer:
    """GET a URL, whatever its status; at most 3 redirects, each checked, counted by `spend` and signed anew, none of
    them to this server itself.

    At most settings.fetch_limit_bytes and settings.fetch_total_s for all hops together; `signer` is a row of `actor`
    of this server, `condition` headers like If-None-Match. Raises Unreachable, with what `spend` raises, or
    Untrustworthy.
    """
    settings = here().settings
    lasting = url
    try:
        async with asyncio.timeout(settings.fetch_total_s):
            for _ in range(MOST_REDIRECTS + 1):
                spend(url)
                answer = await _got(url, {"Accept": accept, **condition}, signer)
                if answer.status not in _REDIRECTS:
                    return replace(answer, lasting=lasting)
                is_for_ever = lasting == url and answer.status in (301, 308)
                url = _redirected(answer)
                lasting = url if is_for_ever else lasting
    except TimeoutError as error:
        raise Unreachable from error
    raise guard.refused("redirects", url)


async def get_page(url: str, *, accept: str, spend: Spend) -> tuple[Answer, ...]:
    """GET a page: each answer on the way to it, the last of which is no redirect; at most 3 are.

    Of its body only the beginning is read, of a redirect and of other types than HTML nothing. Each hop is checked and
    counted as with `get`, and raises the same.
    """
    answers: list[Answer] = []
    try:
        async with asyncio.timeout(here().settings.fetch_total_s):
            while len(answers) <= MOST_REDIRECTS:
                spend(url)
                answer = await _exchange("GET", url, headers={"Accept": accept}, signer=None, read=_head)
                answers.append(answer)
                if answer.status not in _REDIRECTS:
                    return tuple(answers)
                url = _redirected(answer)
    except TimeoutError as error:
        raise Unreachable from error
    raise guard.refused("redirects", url)


async def post(url: str, body: bytes, *, content_type: str, signer: Row, total_s: float | None = None) -> Answer:
    """POST a signed body, whatever the answer's status; no redirect is followed.

    Of the answer only the first 16 KB are kept, and what does not come soon is not waited for: Postmarks never ends
    its answers. At most `total_s`, else settings.delivery_total_s. Raises Unreachable, Silent or Untrustworthy.
    """
    try:
        async with asyncio.timeout(total_s or here().settings.delivery_total_s):
            headers = {"Content-Type": content_type}
            if not isinstance(here().http, WayOut):
                return await _exchange("POST", url, headers=headers, signer=signer, read=_beginning, body=body)
            return await _exchange_straight("POST", url, headers=headers, signer=signer, read=_first, body=body)
    except TimeoutError as error:
        # To connect is given less time: whoever did not even let us in was found unreachable before.
        raise Silent from error


async def ask(url: str, body: bytes, *, content_type: str, accept: str, signer: Row) -> Answer:
    """POST a signed question and read all of its answer, whatever its status; no redirect is followed.

    At most settings.fetch_limit_bytes and settings.fetch_total_s. Raises Unreachable or Untrustworthy.
    """
    try:
        async with asyncio.timeout(here().settings.fetch_total_s):
            headers = {"Content-Type": content_type, "Accept": accept}
            return await _exchange("POST", url, headers=headers, signer=signer, read=_whole, body=body)
    except TimeoutError as error:
        raise Unreachable from error


async def _got(url: str, headers: Mapping[str, str], signer: Row | None) -> Answer:
    if not isinstance(here().http, WayOut):
        return await _exchange("GET", url, headers=headers, signer=signer, read=_whole)
    return await _exchange_straight("GET", url, headers=headers, signer=signer, read=_all)


async def _exchange_straight(
    method: str, url: str, *, headers: Mapping[str, str], signer: Row | None, read: _Reading, body: bytes = b""
) -> Answer:
    """As `_exchange`, over a line of our own, past httpx and aiohttp, which cost three times as much."""
    place = await places.allowed(url)

    async def send(signature: Mapping[str, str]) -> Answer:
        return await _send_straight(method, url, place, {**headers, **signature}, body, read)

    if signer is None:
        return await send({})
    return await _knocked(method, url, place, signer, headers, body, send)


async def _exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    signer: Row | None,
    read: Callable[[httpx.Response], Awaitable[bytes]],
    body: bytes = b"",
) -> Answer:
    """One request and its answer, asked again with another signature where the first is not understood.

    TimeoutError is left to the caller, whose clock it is.
    """
    place = await places.allowed(url)

    async def send(signature: Mapping[str, str]) -> Answer:
        return await _send(url, _request(method, place, {**headers, **signature}, body), read)

    if signer is None:
        return await send({})
    return await _knocked(method, url, place, signer, headers, body, send)


async def _knocked(  # noqa: PLR0917 - one request, taken apart
    method: str,
    url: str,
    place: Place,
    signer: Row,
    headers: Mapping[str, str],
    body: bytes,
    send: Callable[[Mapping[str, str]], Awaitable[Answer]],
) -> Answer:
    """Let `send` ask with one signature, and with another where the first is not understood."""
    signed_of = {name.lower(): (value,) for name, value in headers.items() if name == "Content-Type"}
    message = Message(method, place.target, {"host": (place.host,), **signed_of}, body)
    ways = await knock.ways(method, url)
    refusal: Answer | None = None
    for way in ways:
        answer = await send(await signed(signer, message, way, place.spelled))
        if not knock.is_refused(answer.status, answer.asks_for_signature, answer.body):
            asks = answer.asks_for_signature
            await knock.settle(url, way, first=ways[0], status=answer.status, asks=asks)
            return answer
        # What the first knock was told counts: the others were tries.
        refusal = refusal or answer
    assert refusal is not None
    return refusal


async def _send(url: str, request: httpx.Request, read: Callable[[httpx.Response], Awaitable[bytes]]) -> Answer:
    try:
        with here().metrics.following("ask", method=request.method, host=request.url.host):
            response = await here().http.send(request, stream=True, follow_redirects=False)
        try:
            return Answer(url, response.status_code, response.headers, await read(response))
        finally:
            await response.aclose()
    except TimeoutError:
        raise
    # RuntimeError: uvloop for a socket that could not connect, aiohttp for a name without a usable address.
    except (httpx.HTTPError, aiohttp.ClientError, OSError, RuntimeError) as error:
        if guard.guarded(error):
            raise guard.refused("private-address", url) from error
        raise Unreachable from error
    except httpx.InvalidURL as error:  # httpx reads where a redirect leads, though we follow none of its
        raise guard.refused("redirect", url) from error
    except UnicodeError as error:  # a name that IDNA refuses
        raise guard.refused("host", url) from error


async def _send_straight(  # noqa: PLR0917 - one request, taken apart
    method: str, url: str, place: Place, headers: Mapping[str, str], body: bytes, read: _Reading
) -> Answer:
    server = here()
    assert isinstance(server.http, WayOut)
    is_post = method == "POST"
    most = _ANSWER_TO_POST if is_post else server.settings.fetch_limit_bytes
    try:
        request = _written(method, place, headers, body)
        with server.metrics.following("ask", method=method, host=place.url.host or ""):
            patience_s = _ANSWER_TO_POST_S if is_post else None
            told = await server.http.lines.ask(place.url, request, most=most, patience_s=patience_s)
    # RuntimeError: uvloop for a socket that could not connect, aiohttp for a name without a usable address.
    except (OSError, RuntimeError) as error:
        if guard.guarded(error):
            raise guard.refused("private-address", url) from error
        raise Unreachable from error
    except (ValueError, UnicodeError) as error:  # a name that IDNA refuses, a header that is none
        raise guard.refused("host", url) from error
    answer = httpx.Headers(told.headers)
    found = b""
    if told.body:
        found = await read(_decoded(_one(told.body), answer.get("content-encoding", ""), url), url)
    if not (is_post or told.is_whole):
        raise Unreachable
    return Answer(url, told.status, answer, found)


def _written(method: str, place: Place, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as it goes over the wire. Raises ValueError for what cannot stand in a head."""
    ours = {"Host": place.host, "User-Agent": here().http.headers["user-agent"], "Accept": "*/*"}
    length = {"Content-Length": str(len(body))} if body else {}
    named = {**ours, "Accept-Encoding": "gzip", **headers, **length}
    lines = [f"{method} {place.target} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise ValueError("a line break in a head")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _request(method: str, place: Place, headers: Mapping[str, str], body: bytes) -> httpx.Request:
    server = here()
    return server.http.build_request(
        method,
        place.spelled,
        headers={"Accept-Encoding": "gzip", **headers},
        content=body or None,
        timeout=httpx.Timeout(server.settings.delivery_total_s, connect=server.settings.fetch_connect_s),
    )


def _redirected(answer: Answer) -> str:
    location = str(answer.headers.get("location", ""))
    if not location:
        raise guard.refused("redirect", answer.url)
    try:
        return str(urljoin(answer.url, location))
    except ValueError as error:
        raise guard.refused("redirect", answer.url) from error


async def _whole(response: httpx.Response) -> bytes:
    return await _all(_decoded_of(response), str(response.url))


async def _all(chunks: AsyncIterator[bytes], url: str) -> bytes:
    """The body, all of it; raises Untrustworthy when it is larger than we read."""
    most = here().settings.fetch_limit_bytes
    found = bytearray()
    async for chunk in chunks:
        found += chunk
        if len(found) > most:
            raise guard.refused("too-large", url)
    return bytes(found)


async def _head(response: httpx.Response) -> bytes:
    """The beginning of a page, as much as may be its head; nothing of any other answer."""
    if response.status_code in _REDIRECTS or not is_html(response.headers.get("content-type", "")):
        return b""
    found = bytearray()
    async for chunk in _decoded_of(response):
        found += chunk
        if len(found) >= READ:
            break
    return bytes(found[:READ])


async def _beginning(response: httpx.Response) -> bytes:
    return await _first(_decoded_of(response), str(response.url))


async def _first(chunks: AsyncIterator[bytes], _: str) -> bytes:
    """The first 16 KB of a body, or as much as came soon: the status alone already tells what became of a POST."""
    found = bytearray()
    with suppress(TimeoutError, httpx.HTTPError, aiohttp.ClientError, OSError, Untrustworthy):
        async with asyncio.timeout(_ANSWER_TO_POST_S):
            async for chunk in chunks:
                found += chunk
                if len(found) >= _ANSWER_TO_POST:
                    break
    return bytes(found[:_ANSWER_TO_POST])


def _decoded_of(response: httpx.Response) -> AsyncIterator[bytes]:
    return _decoded(response.aiter_raw(), response.headers.get("content-encoding", ""), str(response.url))


async def _decoded(chunks: AsyncIterator[bytes], encoding: str, url: str) -> AsyncIterator[bytes]:
    """The body in pieces of at most 64 KB, so that a small file that unpacks to a huge one is noticed in time."""
    encoding = encoding.strip().lower()
    if encoding in ("identity", ""):
        async for chunk in chunks:
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip"):
        raise guard.refused("encoding", url)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        async for chunk in chunks:
            packed = chunk
            while packed and not unpacker.eof:
                yield unpacker.decompress(packed, _CHUNK)
                packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise guard.refused("encoding", url) from error
