"""A person's own style sheet: what is taken, and what never loads anything."""

from __future__ import annotations

import pytest

from fedimark.text import css

TAKEN = """
:root { --ground: #fffff8; --text: rgb(20 20 20); }
.entry .p-name { font: 550 1rem/1.3 Georgia, "Noto Serif", serif; letter-spacing: calc(.01em + .1px) }
@media (min-width: 60rem) { main.two { grid-template-columns: 1fr 20rem } .entry { &:hover { color: var(--text) } } }
.tags a::before { content: "#" }
@keyframes in { from { opacity: 0 } to { opacity: 1 } }
"""


def test_what_changes_looks_is_kept_as_typed():
    assert css.check(TAKEN) == TAKEN.strip()
    assert css.check("") == ""
    assert css.check("a { } \r\n b { }") == "a { } \n b { }"


@pytest.mark.parametrize(
    "text",
    [
        "body { background: url(https://evil.example/x.png) }",
        "body { background: URL('//evil.example/x.png') }",
        'body { background: u\\72 l("x") }',
        "body { background: \\75\\72\\6c(x) }",
        "body { background: image-set('x.png' 1x) }",
        "body { background: -webkit-image-set(url(x) 1x) }",
        "body { background: src('x') }",
        "body { --later: url(x) }",
        "@import 'https://evil.example/x.css';",
        "@\\69mport 'x';",
        "@media screen { @import 'x'; }",
        "@font-face { font-family: x; src: url(x) }",
        "@charset 'utf-7'; a { }",
        "@namespace x 'y';",
        "a { width: expression(alert(1)) }",
        "a { content: 'never closed\n }",
        "a { b: url(x",
        "a[" * 200,
        "x" * (css.LIMIT + 1),
        "é" * css.LIMIT,
    ],
)
def test_what_loads_or_cannot_be_read_is_refused_with_words(text):
    with pytest.raises(css.BadCss) as refusal:
        css.check(text)

    assert str(refusal.value).endswith(".")
