"""PURE. Which encodings of text are believed, whoever names them."""

from __future__ import annotations

import codecs
import re
from typing import Final

# Only these: some of Python's take far longer than their text is long, and some are no encodings of text.
_BELIEVED: Final = frozenset(
    {
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii"),
        *(f"iso8859-{number}" for number in range(1, 17)),
        *(f"cp{number}" for number in (1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 932, 949, 950, 866)),
        *("koi8-r", "koi8-u", "mac-roman", "shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5"),
    }
)
MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""What text may begin with, and its encoding then, whatever is said elsewhere."""

_CHARSET = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


def believed(name: str) -> str | None:
    """The encoding of a name, in Python's spelling; None for one that is not known or not believed."""
    try:
        encoding = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return encoding if encoding in _BELIEVED else None


def charset_of(content_type: str) -> str | None:
    """The encoding that a Content-Type names, if it is believed."""
    found = _CHARSET.search(content_type[:1_024])
    return believed(found[1]) if found else None
