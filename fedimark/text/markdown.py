"""PURE. Markdown as people write it, as HTML that may stand on our pages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from fedimark.text.html import sanitise

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_NESTING: Final = 20  # brackets and lists deeper than that are text


@lru_cache(maxsize=256)  # shown more often than written
def rendered(text: str) -> str:
    """Return Markdown (CommonMark) as HTML: markup typed into it is text, headings are bold, links are nofollow.

    Time grows with the text, two seconds for the worst of 65,536 characters: call it in a thread.
    """
    return sanitise(_reader().render(text))


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - four megabytes, of no use where nobody writes notes

    # HTML is text; a picture would be fetched from elsewhere by whoever reads, so its words stand there alone.
    return MarkdownIt("commonmark", {"html": False, "maxNesting": _NESTING}).disable(
        ["html_inline", "html_block", "image"]
    )
