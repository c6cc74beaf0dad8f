"""Pages that somebody saved, read for what they say of themselves: nothing is signed, nobody's cookies are sent."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from fedimark.errors import Postponed
from fedimark.remote import client
from fedimark.remote.aliases import Hop, Word, word_of
from fedimark.remote.budget import Spend
from fedimark.remote.fetch import check_status
from fedimark.remote.sites import registrable_domain
from fedimark.text.clean import one_line
from fedimark.vocab.page import links_to_me, read_head

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

_LATER = frozenset({429, 503})
# A title may turn its own letters about, and what stands after it: nobody's own words do.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_DESCRIPTION = 1_000
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class PageRead:
    """What a page said: which page it is, and of the one whose words were read its name and what it is about."""

    word: Word
    title: str
    description: str = ""


async def read_page(page: str, spend: Spend) -> PageRead:
    """Ask for the page at a canonical address, and read its head.

    `spend` counts each address that is asked. Raises Postponed where the server says when to ask again, Unreachable
    (try again), Untrustworthy, NotFound or Gone (never again), and what `spend` raises.
    """
    answers = await client.get_page(page, accept=ACCEPT, spend=spend)
    last = answers[-1]
    if last.status in _LATER and last.pause_s:
        raise Postponed(last.pause_s)
    check_status(last)
    hops = tuple(Hop(answer.url, answer.status) for answer in answers)
    link = ", ".join(last.headers.get_list("link"))
    # In a thread, since a hostile one takes a while; how long is bound by how much is read.
    head = await asyncio.to_thread(read_head, last.body, last.content_type, last.url, link)
    return PageRead(
        word_of(page, hops, head.canonicals), _title(head.title), _title(head.description, _LONGEST_DESCRIPTION)
    )


async def read_own_links(page: str, spend: Spend) -> frozenset[str]:
    """Ask for a page, and read which addresses it calls its own author's (`rel="me"`).

    A page of another site, to which the one asked for leads, says nothing about it: none then. Raises as `read_page`.
    """
    answers = await client.get_page(page, accept=ACCEPT, spend=spend)
    last = answers[-1]
    check_status(last)
    if registrable_domain(page) != registrable_domain(last.url):
        return frozenset()
    link = ", ".join(last.headers.get_list("link"))
    return await asyncio.to_thread(links_to_me, last.body, last.content_type, last.url, link)


def _title(text: str, most: int = 255) -> str:
    return one_line(_SPACES.sub(" ", _TURNING.sub("", text)), most)
