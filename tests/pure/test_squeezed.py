"""What templates say in fewer bytes reads as what their authors wrote, to a parser that is not ours."""

from __future__ import annotations

import re
from pathlib import Path

import bs4
import pytest
from markupsafe import Markup, escape

from fedimark.web.translated import quoted, squeezed

# Letters, digits and `-_:/.` alone: ids, addresses and moments of our own.
OURS = {"at | machine", "own.bookmark_id", "entry.own.bookmark_id", "own_href", "entry | link_path", "entry | entry_id"}
TEMPLATES = Path(__file__).parents[2] / "templates"
_TOLD = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_BARE = re.compile(r"""\s[\w-]+=[^\s"'<>{]*\{\{(.*?)\}\}""", re.DOTALL)


def tree(html: str) -> list[tuple[str, object]]:
    """The elements and words of a page in their order, white space aside."""
    found: list[tuple[str, object]] = []
    for each in bs4.BeautifulSoup(html, "html5lib").descendants:
        if isinstance(each, bs4.Tag):
            found.append((each.name, sorted((name, str(value)) for name, value in each.attrs.items())))
        elif words := " ".join(str(each).split()):
            found.append(("", words))
    return found


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_every_template_reads_the_same(template: str) -> None:
    html = _TOLD.sub("", (TEMPLATES / template).read_text(encoding="utf-8"))

    short = squeezed(html)

    assert tree(short) == tree(html)
    assert len(short) <= len(html)


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_words_of_others_stand_in_quotes(template: str) -> None:
    bare = {each.strip() for each in _BARE.findall((TEMPLATES / template).read_text(encoding="utf-8"))}

    assert bare <= OURS


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('<ul class="a">\n<li class="b">x</li>\n<li>y</li>\n</ul>\n', "<ul class=a><li class=b>x<li>y</ul>"),
        ('<a href="/a" title="">x</a>\n<a href="/b/">y</a>', '<a href=/a title="">x</a>\n<a href="/b/">y</a>'),
        ('<b class="a b">=</b>', '<b class="a b">=</b>'),
        ('<path d="M0 0z"/><circle r="2"/>', '<path d="M0 0z"/><circle r="2"/>'),
        ('a="b" c', 'a="b" c'),
    ],
)
def test_what_says_nothing_goes_and_no_more(written: str, said: str) -> None:
    assert squeezed(written) == said


class Worded(str):
    """A text that is told apart from others by nothing but its class."""


class Made:
    """What says of itself how it stands in a page."""

    def __html__(self) -> str:
        return "<b>"


@pytest.mark.parametrize(
    "value",
    [*"&<>'\"", "a<b>&amp;\"'", "日本 <", "plain", "", Markup("<i>&amp;</i>"), Worded("<a>"), Made(), 0, None, ["<"]],
)
def test_values_stand_in_a_page_as_escape_writes_them(value: object) -> None:
    assert str(quoted(value)) == str(escape(value))
