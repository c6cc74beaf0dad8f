"""HTML of other servers, hostile in every field: words on our pages, and nothing that runs or leads astray."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from fedimark.vocab.terms import PUBLIC
from tests.rooms.strangers import Stranger
from tests.rooms.test_incoming import followed
from tests.stories.test_bad_input import every_page, unexpected
from tests.support.savers import assert_agreement

GUARD_S = 60  # a second or two, on an idle machine
TAKEN = ("saved", "ignored")

HOSTILE = {
    "script": "<script>alert(1)</script><SCRIPT SRC=//x.example/x.js></SCRIPT><script/x>alert(1)</script >",
    "half a script": "<scr<script>ipt>alert(1)</scr</script>ipt><script",
    "handlers": "<img src=x onerror=alert(1)><svg/onload=alert(1)><body onload=alert(1)><p onclick='alert(1)'>x</p>",
    "styles": "<style>*{display:none}</style><p style='position:fixed'>x</p><link rel=stylesheet href=//x.example>",
    "frames": "<iframe src=//x.example></iframe><object data=x></object><embed src=x><frameset><frame src=x>",
    "forms": "<form action=//x.example><input name=password><button formaction=javascript:alert(1)>x</button></form>",
    "javascript: links": "".join(
        f'<a href="{href}">x</a>'
        for href in (
            *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)"),
            *(
                "java\nscript:alert(1)",
                "&#106;avascript:alert(1)",
                "&#x6A;avascript&colon;alert(1)",
                "\x01javascript:x",
            ),
            *("vbscript:x", "data:text/html,<script>alert(1)</script>", "blob:x", "file:///etc/passwd", "//x.example"),
        )
    ),
    "the page itself": "</p></div></main></body></html><base href=//x><meta http-equiv=refresh content='0;//x'>",
    "comments": "<!-- --><!--><script>alert(1)</script>--><![CDATA[<script>alert(1)</script>]]><?php alert(1) ?>",
    "other namespaces": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table>"
    "<svg><title><style><img src=x onerror=alert(1)></style></title></svg><noscript><p title='</noscript><img src=x>'>",
    "attributes that never end": '<p class="mention \' onmouseover=alert(1) x=">x<a href=\'https://x/" onclick=x>',
    "templates": "{{7*7}} {% for x in y %} ${7*7} <%= 7 %> #{7}",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt;script&amp;gt; &#60;script&#62;alert(1)",
    "nested 20,000 deep": "<div><p><b><ul><li>" * 4_000 + "x",
    "nested lists": "<ul><li>" * 10_000 + "x",
    "nested quotes": "<blockquote>" * 8_000 + "x" + "</blockquote>" * 8_000,
    "tables in tables": "<table><tr><td>" * 5_000,
    "never closed": "<b a=1><i b=2><u c=3>" * 3_000 + "<p>" * 3_000,
    "brackets": "<" * 60_000,
    "directions": "\u202e\u2066moc.live//:sptth\u2069 \u200b\ufeff\u061c",
}


AT_ONCE = 5  # of them on one server: starting it takes longer


def hostile(number: int, html: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What somebody says of themselves, and two Notes of theirs, each field hostile."""
    field = {"type": "PropertyValue", "name": html[:2_000], "value": html}
    person = {"name": html, "summary": html, "attachment": [field], "indexable": True}
    notes = []
    for half, words in enumerate(({"name": "Plain", "content": html}, {"name": html, "content": f"<p>{html}</p>"})):
        href = f"https://store.example/{number}/{half}"
        link = {"type": "Link", "href": href, "mediaType": "text/html", "name": html}
        tags = [{"type": "Hashtag", "name": f"#{html[:200]}", "href": "https://marks.example/t/x"}]
        notes.append({"type": "Note", "attachment": [link], "tag": tags, "to": [PUBLIC], **words})
    return person, notes


async def nothing_hostile(browser: httpx.AsyncClient) -> int:
    """Every page is made of what our templates write, and leads nowhere they would not; returns how many there are."""
    pages = 0
    async for path, page in every_page(browser):
        pages += 1
        assert list(unexpected(page)) == [], path
        targets = [each.get(name).strip().lower() for each in page.walk() for name in ("href", "src", "action")]
        if path != "/settings/bookmarklets":  # there they are what one came for
            assert not [target for target in targets if target.startswith(("javascript:", "data:", "vbscript:"))], path
        assert not [target for target in targets if target.startswith(("//", "file:", "blob:"))], path
    return pages


@pytest.mark.parametrize("first", range(0, len(HOSTILE), AT_ONCE))
async def test_hostile_html_in_every_field_of_others_is_words_on_every_page(server, ana, fleet, first):
    # Given people followed, and followers, whose every field is hostile; of a database's kind it depends little
    last = first + AT_ONCE if fleet.storage.kind == "sqlite" else first + 1
    for number, html in list(enumerate(HOSTILE.values()))[first:last]:
        person, notes = hostile(number, html)
        eve = await followed(ana, Stranger(fleet, f"https://marks.example/u/eve{number}", **person))
        await eve.do({"id": f"{eve.uri}#f", "type": "Follow", "actor": eve.uri, "object": ana.uri})

        # When what they say comes in
        async with asyncio.timeout(GUARD_S):
            for half, note in enumerate(notes):
                note |= {"id": f"{eve.uri}/b/{half}", "url": f"{eve.uri}/b/{half}", "attributedTo": eve.uri}
                assert (
                    await eve.do({"id": f"{note['id']}#c", "type": "Create", "actor": eve.uri, "object": note}) in TAKEN
                )
    await server.settle()

    # Then it is words
    async with asyncio.timeout(GUARD_S):
        assert await nothing_hostile(ana.browser) > 10
    await assert_agreement()
