"""Fetching ActivityStreams documents from the server that their id names."""

from __future__ import annotations

from urllib.parse import urljoin

from fedimark.errors import Gone, NotFound, Unreachable
from fedimark.remote import client, guard
from fedimark.remote.budget import Spend, unlimited
from fedimark.remote.signing import instance_actor
from fedimark.vocab.alternate import in_head, in_header
from fedimark.vocab.reading import Unreadable, loads, own_id
from fedimark.vocab.terms import ACCEPT_ACTIVITY, Doc, is_activity_type

_LATER = frozenset({408, 425, 429})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_LONGEST_HEADER = 16_384


async def fetch_document(url: str, spend: Spend = unlimited) -> Doc:
    """Fetch a document; its id is the URL it was found at, in the end.

    Signed by the instance actor. When the body's id is not the final URL, that id is fetched once and must then be
    equal. `spend` counts each address that is asked. Raises Unreachable (try again), Untrustworthy (never again), Gone
    for 410, NotFound for 404. (CVE-2024-23832)
    """
    return await _at_home(await _ask(url.partition("#")[0], spend), spend)


async def fetch_typed(url: str) -> Doc:
    """Fetch the document behind an address that a person typed: what stands there, or what the page there names.

    Of a page one `Link` header or `<link>` is followed, as if that had been typed; a page behind it leads nowhere.
    Ids take no such way: they are found at themselves, and whoever may write a page there could lead us elsewhere.
    Raises as `fetch_document`.
    """
    answer = await _ask(url.partition("#")[0], unlimited)
    if answer.content_type.partition(";")[0].strip().lower() in _PAGES:
        href = in_header(", ".join(answer.headers.get_list("link"))[:_LONGEST_HEADER]) or in_head(answer.body)
        if href is None:
            raise guard.refused("content-type", url)
        answer = await _ask(_joined(answer.url, href), unlimited)
    return await _at_home(answer, unlimited)


def check_status(answer: client.Answer) -> None:
    """Return for 200; raise Gone for 410, NotFound for 404, else Unreachable or Untrustworthy by what makes sense."""
    status = answer.status
    if status == 200:
        return
    if status == 410:
        raise Gone
    if status == 404:
        raise NotFound
    if status >= 500 or status in _LATER:
        raise Unreachable
    raise guard.refused(f"http-{status}", answer.url)


def read_json(answer: client.Answer) -> Doc:
    """The JSON object in an answer; raises Untrustworthy for anything else."""
    try:
        return loads(answer.body)
    except Unreadable as error:
        raise guard.refused(error.reason, answer.url) from error


async def _ask(url: str, spend: Spend) -> client.Answer:
    """What stands at a URL, of whatever type, once it was found."""
    answer = await client.get(url, accept=ACCEPT_ACTIVITY, signer=await instance_actor(), spend=spend)
    check_status(answer)
    return answer


async def _at_home(answer: client.Answer, spend: Spend) -> Doc:
    """The document in an answer, if its id is where it was found; else the one at its id, which then must be."""
    document_id, document = _read(answer)
    if answer.url == document_id:
        return document
    second = await _ask(document_id, spend)
    again, document = _read(second)
    if not second.url == again == document_id:
        raise guard.refused("id-mismatch", answer.url)
    return document


def _read(answer: client.Answer) -> tuple[str, Doc]:
    """The id in the body, and the body."""
    # Before parsing: anybody can upload JSON somewhere, and be taken for the server it lies on.
    if not is_activity_type(answer.content_type):
        raise guard.refused("content-type", answer.url)
    document = read_json(answer)
    try:
        document_id = own_id(document)
    except Unreadable as error:
        raise guard.refused(error.reason, answer.url) from error
    if document_id is None:
        raise guard.refused("id", answer.url)
    return document_id, document


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href).partition("#")[0]
    except ValueError as error:
        raise guard.refused("url", base) from error
