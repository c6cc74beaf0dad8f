"""Every word that a page says comes from the catalogues: the pages are drawn in a language that puts all it knows in
brackets, and what stands outside of them is what people wrote themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

import pytest

from fedimark import resources
from fedimark.language.catalogue import ENGLISH, Catalogue
from fedimark.web.pages import environment
from fedimark.web.static_files import static_versions
from tests.stories import test_pages

house = test_pages.house

# Nothing here asks a database anything that the two would answer differently.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

_QUIET = {"script", "style", "code", "kbd", "textarea", "option", "pre"}
_IN_A_LINE = {"a", "b", "strong", "span", "em", "i", "code", "kbd", "time", "bdi"}
_SHOWN = {"title", "placeholder", "aria-label", "alt"}
_WRITTEN = re.compile(
    r"https?://\S+|\S*\.(?:example|json|org)\S*|[@#]\S+|(?<![a-z])(?:ana|bo|sam|sqlite|sql|c\+\+|mine|gone|nowhere)(?![a-z])|"
    r"tags\.pub|(?:SQL as )?SQLite(?: knows it)?|Said at length|and more|\d* ?(?:January|February|March|UTC)|"
    r"\bfedimark\b|RSS|Atom|JSON Feed|English|Deutsch"
)


class _Bracketing(Mapping[str, tuple[str, ...]]):
    """Translates every sentence, into itself in brackets."""

    def __getitem__(self, key: str) -> tuple[str, ...]:
        sentence = key.rpartition("\4")[2]
        return (f"⟦{sentence}⟧", f"⟦{sentence}⟧")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.quiet = 0
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.quiet += tag in _QUIET
        self.said += [f"\n{value}\n" for name, value in attrs if name in _SHOWN and value]
        self.said += [] if tag in _IN_A_LINE else ["\n"]

    def handle_endtag(self, tag: str) -> None:
        self.quiet -= tag in _QUIET
        self.said += [] if tag in _IN_A_LINE else ["\n"]

    def handle_data(self, data: str) -> None:
        self.said += [] if self.quiet else [data]


def outside(page: str) -> set[str]:
    """The words of a page that stand in no brackets, and that nobody wrote."""
    reader = _Words()
    reader.feed(page)
    text = "".join(reader.said)
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = shorter
    return {line.strip() for line in _WRITTEN.sub("", text).split("\n") if re.search(r"[A-Za-z]{2,}", line)}


async def test_no_word_of_a_page_is_missing_in_the_catalogues(house: test_pages.House) -> None:
    bracketing = Catalogue("en", ENGLISH.dates, ",", _Bracketing())
    templates = environment(resources.templates(), static_versions(), bracketing)
    house.server.here.caches["pages"] = lambda _language: templates

    found: dict[str, set[str]] = {}
    for path, people, _status, _title in test_pages.PAGES:
        for who in people[:2]:
            answer = await house.browser(who).get(path.format(**house.places))
            if words := outside(answer.text):
                found.setdefault(path, set()).update(words)

    assert found == {}
