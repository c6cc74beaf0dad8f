"""PURE. host-meta of other servers: where their WebFinger is when it is not where it should be. (RFC 6415)"""

from __future__ import annotations

import html
import re

from fedimark.vocab.reading import LONGEST_ID, is_web_url

_LONGEST = 65_536
# No XML parser for one element: what it can do beyond that (entities, other files) is what nobody needs here.
_LINK = re.compile(r"<(?:[A-Za-z0-9]+:)?Link\s([^<>]*)>")
_ATTRIBUTE = re.compile(r"""([A-Za-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def read_lrdd_template(page: str) -> str | None:
    """The first WebFinger template in an XRD, an http(s) address holding `{uri}`; None when it names none."""
    for link in _LINK.finditer(page[:_LONGEST]):
        values = ((name, double or single) for name, double, single in _ATTRIBUTE.findall(link[1]))
        # Short ones only: html.unescape fails over numbers of some thousand digits.
        said = {name: html.unescape(value) for name, value in values if len(value) <= LONGEST_ID}
        template = said.get("template", "")
        if said.get("rel") == "lrdd" and "{uri}" in template and is_web_url(template):
            return template
    return None
