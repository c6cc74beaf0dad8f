"""PURE. Bookmarks as pages that open from a disk: no network, no server, and without scripts all but the search."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEADS: Final = ("http://", "https://", "ftp://", "mailto:")
BEFORE_WORDS: Final = b"var BOOKMARKS = [\n"
AFTER_WORDS: Final = b"];\n"

STYLE: Final = """:root { color-scheme: light dark; }
body { font: 16px/1.5 Georgia, serif; max-width: 46rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; } nav a { margin-right: .75rem; } ol, ul { padding: 0; list-style: none; }
li { margin: 0 0 1rem; } li p { margin: 0; white-space: pre-line; } .soft { opacity: .7; font-size: .85rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .3rem .5rem; }
"""

SEARCH: Final = """'use strict';
(function () {
  var named = function (id) { return document.getElementById(id); };
  var field = named('q'), list = named('found'), told = named('told');
  function line(b) {
    var li = document.createElement('li'), p = document.createElement('p');
    var a = document.createElement(b.u ? 'a' : 'span');
    if (b.u) { a.href = b.u; a.rel = 'noreferrer'; }
    a.textContent = b.t; p.textContent = b.d;
    var small = document.createElement('p'); small.className = 'soft';
    small.textContent = b.w + (b.g ? ' \\u00b7 ' + b.g : '');
    li.append(a, p, small);
    return li;
  }
  function look() {
    var words = field.value.toLowerCase().split(/\\s+/).filter(Boolean), found = 0;
    list.replaceChildren();
    if (!words.length) { told.textContent = ''; return; }
    BOOKMARKS.forEach(function (b) {
      var text = (b.t + ' ' + b.d + ' ' + b.g + ' ' + b.u + ' ' + b.n).toLowerCase();
      if (words.every(function (word) { return text.includes(word); })) {
        found += 1;
        if (found <= 200) { list.append(line(b)); }
      }
    });
    told.textContent = found + (found > 200 ? ' found, the first 200:' : ' found');
  }
  named('search').hidden = false;
  field.addEventListener('input', look);
})();
"""


def day_of(moment: int) -> str:
    """The day of a moment in microseconds, as 2026-11-28."""
    return (_EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%d").zfill(10)


def page(name: str, title: str, inside: str, scripts: Sequence[str] = ()) -> bytes:
    """A whole page; `inside` is HTML."""
    tags = "".join(f'<script src="{each}"></script>\n' for each in scripts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="style.css"></head>\n'
        f"<body><h1>{escape(name)}</h1>\n{inside}\n{tags}</body></html>\n"
    ).encode()


def entries(rows: Sequence[Mapping[str, Any]]) -> str:
    """Bookmarks as a list."""
    return "<ol>\n" + "".join(map(_entry, rows)) + "</ol>"


def words(row: Mapping[str, Any]) -> bytes:
    """A bookmark as the search reads it: a line of a script."""
    said = {
        "u": row["url"] if _leads(row["url"]) else "",
        "t": row["title"] or row["url"],
        "d": row["description"],
        "n": row["private_note"],
        "g": row["tags"],
        "w": day_of(row["saved_at"]),
    }
    return json.dumps(said).encode() + b",\n"


def _entry(row: Mapping[str, Any]) -> str:
    title = escape(row["title"] or row["url"])
    link = f'<a href="{escape(row["url"])}" rel="noreferrer">{title}</a>' if _leads(row["url"]) else title
    said = "".join(f"<p>{escape(row[name])}</p>" for name in ("description", "private_note") if row[name])
    tags = f" · {escape(row['tags'])}" if row["tags"] else ""
    return f'<li>{link}{said}<p class="soft">{day_of(row["saved_at"])}{tags}<br>{escape(row["url"])}</p></li>\n'


def _leads(url: str) -> bool:
    """Whether a press on it leads somewhere: what runs as a script is shown as text."""
    return url.lower().startswith(_LEADS)
