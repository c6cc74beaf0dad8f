"""Fetching ActivityStreams documents from the server that their id names."""

from __future__ import annotations

from fedimark.errors import Gone, NotFound, Unreachable
from fedimark.remote import client, guard
from fedimark.remote.signing import instance_actor
from fedimark.vocab.reading import Unreadable, loads, own_id
from fedimark.vocab.terms import ACCEPT_ACTIVITY, Doc, is_activity_type

_LATER = frozenset({408, 425, 429})


async def fetch_document(url: str) -> Doc:
    """Fetch a document; its id is the URL it was found at, in the end.

    Signed by the instance actor. When the body's id is not the final URL, that id is fetched once and must then be
    equal. Raises Unreachable (try again), Untrustworthy (never again), Gone for 410, NotFound for 404.
    (CVE-2024-23832)
    """
    found, document_id, document = await _read(url.partition("#")[0])
    if found == document_id:
        return document
    found, again, document = await _read(document_id)
    if not found == again == document_id:
        raise guard.refused("id-mismatch", url)
    return document


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


async def _read(url: str) -> tuple[str, str, Doc]:
    """The final URL, the id in the body, and the body."""
    answer = await client.get(url, accept=ACCEPT_ACTIVITY, signer=await instance_actor())
    check_status(answer)
    # Before parsing: anybody can upload JSON somewhere, and be taken for the server it lies on.
    if not is_activity_type(answer.content_type):
        raise guard.refused("content-type", url)
    document = read_json(answer)
    try:
        document_id = own_id(document)
    except Unreadable as error:
        raise guard.refused(error.reason, url) from error
    if document_id is None:
        raise guard.refused("id", url)
    return answer.url, document_id, document
