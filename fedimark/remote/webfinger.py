"""From a handle to an actor. (RFC 7033, PROTOCOL §1.2)"""

from __future__ import annotations

import re
from urllib.parse import quote

from fedimark import addresses
from fedimark.database import fetch_one
from fedimark.errors import NotFound, Refused
from fedimark.here import here
from fedimark.remote import client, guard
from fedimark.remote.fetch import check_status, read_json
from fedimark.vocab.discovery import Found, read_webfinger
from fedimark.vocab.reading import Unreadable
from fedimark.vocab.terms import ACCEPT_JRD

_HANDLE = re.compile(r"@?([^\s@/?#:%]{1,128})@([^\s@/?#\\]{1,255})")
_TYPES = frozenset({"application/jrd+json", "application/json"})


async def find_handle(handle: str) -> str:
    """The actor id behind `@ana@host[:port]` or `ana@host`.

    Raises Refused for what is no handle, NotFound when the host knows nobody of that name, Unreachable or
    Untrustworthy.
    """
    match = _HANDLE.fullmatch(handle.strip())
    if match is None:
        raise Refused("A handle looks like @ana@marks.example.")
    name, host = match[1], match[2].lower()
    settings = here().settings
    if host in (settings.handles_at, settings.host):
        return await _local(name)
    found = await look_up(name, host)
    guard.check_url(found.self_href, settings)
    return found.self_href


async def look_up(name: str, host: str) -> Found:
    """What the host says about `name@host`, where `host` may carry a port.

    The subject must be the name asked for; when it is another one, that one's host is asked once and must agree.
    Raises as `find_handle`.
    """
    found = await _ask(name, host)
    if found.subject.lower() == f"{name}@{host}".lower():
        return found
    # Handles may live on another domain than the server; only that domain can say so.
    other_name, _, other_host = found.subject.partition("@")
    second = await _ask(other_name, other_host)
    if second.subject.lower() != found.subject.lower() or second.self_href != found.self_href:
        raise guard.refused("subject", found.self_href)
    return second


async def _ask(name: str, host: str) -> Found:
    scheme = guard.scheme_of(host, here().settings)
    resource = quote(f"acct:{name}@{host}", safe=":@")
    url = f"{scheme}://{host}/.well-known/webfinger?resource={resource}"
    answer = await client.get(url, accept=ACCEPT_JRD, signer=None)
    check_status(answer)
    if answer.content_type.partition(";")[0].strip().lower() not in _TYPES:
        raise guard.refused("content-type", url)
    try:
        return read_webfinger(read_json(answer))
    except Unreadable as error:
        raise guard.refused(error.reason, url) from error


async def _local(name: str) -> str:
    sql = "SELECT local_name FROM actor WHERE local_name = ? AND kind = 'Person' AND gone_at IS NULL"
    row = await fetch_one(sql, name.lower())
    if row is None:
        raise NotFound
    return addresses.absolute(addresses.person(row["local_name"]))
