"""Kept connections to all other servers: all that letters and documents need of HTTP/1.1.

Where one may lead is not decided here: the guard makes every socket, of the very address it is about to reach. Names
are looked up, and connections made, as aiohttp does it; to ask over one costs a third.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from typing import TypeAlias

from aiohappyeyeballs import AddrInfoType, start_connection
from aiohttp import ThreadedResolver
from yarl import URL

from fedimark.remote import guard
from fedimark.remote.line import Line, Stale, Told
from fedimark.settings import Settings

_Key: TypeAlias = tuple[str, str, int]

_CONNECTIONS, _PER_HOST = 512, 4
_KEPT_S = 15.0  # a connection that nobody asks over
_NAMES_KEPT_S = 300.0
_MOST_HOSTS = 4_096
_NEXT_ADDRESS_S = 0.25  # until the next address of a name is tried beside the first (RFC 8305 §5)


class _Host:
    """One of them: connections that wait for work, and where its name led lately."""

    def __init__(self) -> None:
        self.room = asyncio.Semaphore(_PER_HOST)
        self.in_use = 0
        self.idle: list[Line] = []
        self.name: asyncio.Task[list[AddrInfoType]] | None = None
        self.named_at = 0.0


class Lines:
    """The connections of one server. Made without a running loop; `close` ends them all."""

    def __init__(self, settings: Settings, context: ssl.SSLContext) -> None:
        self._sockets, self._context = guard.socket_factory(settings), context
        self._connect_s = settings.fetch_connect_s
        self._room = asyncio.Semaphore(_CONNECTIONS)
        self._hosts: dict[_Key, _Host] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def ask(self, url: URL, request: bytes, *, most: int, patience_s: float | None = None) -> Told:
        """Send a whole request to the host of a URL, and return its answer, read as `Line.exchange` does.

        Asked once more, over a new connection, where one that was kept had been closed there. Raises OSError, with
        `guard.Guarded` behind it where the guard refused.
        """
        key = (url.scheme, url.raw_host or "", url.port or 0)
        host = self._host(key)
        host.in_use += 1
        try:
            async with self._room, host.room:
                while host.idle:
                    line = host.idle.pop()
                    if line.is_fit:
                        try:
                            return await self._asked(host, line, request, most, patience_s)
                        except Stale:
                            break
                return await self._asked(host, await self._connected(key, host), request, most, patience_s)
        finally:
            host.in_use -= 1

    def close(self) -> None:
        """End all connections that wait."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for host in self._hosts.values():
            for line in host.idle:
                line.close()
            if host.name is not None:
                host.name.cancel()
        self._hosts.clear()

    async def _asked(self, host: _Host, line: Line, request: bytes, most: int, patience_s: float | None) -> Told:
        told = await line.exchange(request, most, patience_s)
        if line.is_fit:
            loop = asyncio.get_running_loop()
            line.idle_since = loop.time()
            host.idle.append(line)
            self._sweeping = self._sweeping or loop.call_later(_KEPT_S, self._sweep)
        return told

    def _host(self, key: _Key) -> _Host:
        if key not in self._hosts and len(self._hosts) >= _MOST_HOSTS:
            for other in [other for other, host in self._hosts.items() if not host.in_use and not host.idle]:
                del self._hosts[other]
        return self._hosts.setdefault(key, _Host())

    def _sweep(self) -> None:
        """Close what waited too long; look again while anything waits."""
        loop, is_any = asyncio.get_running_loop(), False
        for host in self._hosts.values():
            old = [line for line in host.idle if line.idle_since <= loop.time() - _KEPT_S]
            host.idle = [line for line in host.idle if line not in old and line.is_fit]
            is_any = is_any or bool(host.idle)
            for line in old:
                line.close()
        self._sweeping = loop.call_later(_KEPT_S / 3, self._sweep) if is_any else None

    async def _connected(self, key: _Key, host: _Host) -> Line:
        """A new connection; to find the host, reach it and agree on a key with it is given `fetch_connect_s`."""
        scheme, name, _ = key
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._connect_s):
            places = await self._places(key, host)
            made = await start_connection(
                places, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1, socket_factory=self._sockets, loop=loop
            )
            is_secured = scheme == "https"
            context, server = (self._context, name.removesuffix(".")) if is_secured else (None, None)
            try:
                _, line = await loop.create_connection(Line, sock=made, ssl=context, server_hostname=server)
            except BaseException:
                made.close()
                raise
        return line

    async def _places(self, key: _Key, host: _Host) -> list[AddrInfoType]:
        """Where a name leads: looked up once for all who wait, and again after a while."""
        loop = asyncio.get_running_loop()
        if host.name is None or loop.time() > host.named_at + _NAMES_KEPT_S:
            host.named_at = loop.time()
            host.name = loop.create_task(_looked_up(key))
            # Whoever waited for it may have given up.
            host.name.add_done_callback(lambda task: task.cancelled() or task.exception())
        name = host.name
        try:
            return await asyncio.shield(name)
        except OSError:
            if host.name is name:
                host.name = None
            raise


async def _looked_up(key: _Key) -> list[AddrInfoType]:
    _, name, port = key
    try:
        return [_place(str(ipaddress.ip_address(name)), port)]
    except ValueError:
        found = await ThreadedResolver().resolve(name, port, family=socket.AF_UNSPEC)
    return [_place(each["host"], each["port"]) for each in found]


def _place(host: str, port: int) -> AddrInfoType:
    if ":" in host:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port)
