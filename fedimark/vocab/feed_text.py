"""PURE. From the bytes of a feed to its text, though its server may say a wrong encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5
from typing import Final

from fedimark.vocab.encodings import MARKS, believed, charset_of

_DECLARED = re.compile(rb"\s{0,64}<\?xml[^>]{1,256}?encoding\s{0,8}=\s{0,8}[\"']([A-Za-z0-9._-]{1,40})[\"']")
# What no XML may hold, whoever sends it.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What is in CDATA is as it is meant. An unclosed one runs to the end, so that no start is tried twice.
_AMPERSAND = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?:#(?:[xX]([0-9A-Fa-f]{1,8})|([0-9]{1,10}));|([A-Za-z][A-Za-z0-9]{0,31};))?",
    re.DOTALL,
)
_XML_NAMES: Final = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})


def decoded(body: bytes, content_type: str) -> str:
    """The text of a feed by its own mark, what it declares, or what its server says; the last resort fits any bytes.

    NUL and other characters that XML cannot hold are left out.
    """
    for mark, encoding in MARKS:
        if body.startswith(mark):
            return _UNFIT.sub("", body[len(mark) :].decode(encoding, "replace"))
    for encoding in _said(body, content_type):
        try:
            return _UNFIT.sub("", body.decode(encoding))
        except UnicodeError:
            continue
    return _UNFIT.sub("", body.decode("cp1252", "replace"))


def repaired(text: str) -> str:
    """XML whose every `&` begins something that XML knows; names that only HTML knows become what they mean."""
    return _AMPERSAND.sub(_repaired, text)


def _said(body: bytes, content_type: str) -> Iterator[str]:
    declared = _DECLARED.match(body)
    if declared and (encoding := believed(declared[1].decode("ascii"))) and not encoding.startswith("utf-16"):
        # Whoever could read the declaration as ASCII does not read two bytes for a character.
        yield encoding
    if (encoding := charset_of(content_type)) and not (declared and encoding.startswith("utf-16")):
        yield encoding
    yield "utf-8"


def _repaired(found: re.Match[str]) -> str:
    whole, hexadecimal, number, name = found[0], found[1], found[2], found[3]
    if whole.startswith("<"):
        return whole
    if name in _XML_NAMES:
        return whole
    if hexadecimal or number:
        code = int(hexadecimal, 16) if hexadecimal else int(number)
        return whole if _is_fit(code) else ""
    if name and name in html5:
        return html5[name].replace("&", "&amp;").replace("<", "&lt;")
    return f"&amp;{whole[1:]}"


def _is_fit(code: int) -> bool:
    return code in (9, 10, 13) or (
        0x20 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF and code & 0xFFFE != 0xFFFE
    )
