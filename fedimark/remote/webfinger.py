"""From a handle to an actor. (RFC 7033)"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote, urlsplit

from fedimark import addresses
from fedimark.database import fetch_one
from fedimark.errors import NotFound, Refused
from fedimark.here import here
from fedimark.remote import client, guard
from fedimark.remote.budget import Spend, unlimited
from fedimark.remote.fetch import check_status, read_json
from fedimark.vocab.discovery import Found, read_webfinger
from fedimark.vocab.host_meta import read_lrdd_template
from fedimark.vocab.reading import Unreadable
from fedimark.vocab.terms import ACCEPT_JRD

_HANDLE = re.compile(r"@?([^\s@/?#:%]{1,128})@([^\s@/?#\\]{1,255})")
_TYPES = frozenset({"application/jrd+json", "application/json"})
_XRD = "application/xrd+xml"
_XRD_TYPES = frozenset({_XRD, "application/xml", "text/xml"})


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


async def look_up(name: str, host: str, spend: Spend = unlimited) -> Found:
    """What the host says about `name@host`, where `host` may carry a port.

    Where there is no WebFinger, host-meta is asked where it is. The subject must be the name asked for; when it is
    another one, that one's host is asked once and must agree. `spend` counts each address that is asked. Raises as
    `find_handle`.
    """
    found = await _ask(name, host, spend)
    if _is_meant(found.subject, f"{name}@{host}"):
        return replace(found, subject=f"{name}@{host}")
    # Handles may live on another domain than the server; only that domain can say so. What is no domain leads anywhere.
    if _HANDLE.fullmatch(found.subject) is None:
        raise guard.refused("subject", found.self_href)
    other_name, _, other_host = found.subject.partition("@")
    second = await _ask(other_name, other_host, spend)
    if second.subject.lower() != found.subject.lower() or second.self_href != found.self_href:
        raise guard.refused("subject", found.self_href)
    return second


def _is_meant(subject: str, asked: str) -> bool:
    if subject.lower() == asked.lower():
        return True
    # Some servers leave the port out of their handles. Elsewhere that is another host; here it is this machine still.
    host = urlsplit(f"//{asked.rpartition('@')[2]}").hostname or ""
    portless = f"{asked.rpartition('@')[0]}@{host}"
    return here().settings.allow_loopback and guard.is_this_machine(host) and subject.lower() == portless.lower()


async def _ask(name: str, host: str, spend: Spend) -> Found:
    scheme = guard.scheme_of(host, here().settings)
    resource = quote(f"acct:{name}@{host}", safe=":@")
    try:
        return await _read(f"{scheme}://{host}/.well-known/webfinger?resource={resource}", spend)
    except NotFound:
        template = await _lrdd_template(f"{scheme}://{host}/.well-known/host-meta", spend)
        if template is None:
            raise
    return await _read(template.replace("{uri}", resource), spend)


async def _read(url: str, spend: Spend) -> Found:
    answer = await client.get(url, accept=ACCEPT_JRD, signer=None, spend=spend)
    check_status(answer)
    if answer.content_type.partition(";")[0].strip().lower() not in _TYPES:
        raise guard.refused("content-type", url)
    try:
        return read_webfinger(read_json(answer))
    except Unreadable as error:
        raise guard.refused(error.reason, url) from error


async def _lrdd_template(url: str, spend: Spend) -> str | None:
    """Where host-meta says that WebFinger is; None when it says nothing. (RFC 6415, RFC 7033 §A)"""
    answer = await client.get(url, accept=_XRD, signer=None, spend=spend)
    if answer.status != 200 or answer.content_type.partition(";")[0].strip().lower() not in _XRD_TYPES:
        return None
    return read_lrdd_template(answer.body.decode("utf-8", "replace"))


async def _local(name: str) -> str:
    sql = "SELECT local_name FROM actor WHERE local_name = ? AND kind = 'Person' AND gone_at IS NULL"
    row = await fetch_one(sql, name.lower())
    if row is None:
        raise NotFound
    return addresses.absolute(addresses.person(row["local_name"]))
