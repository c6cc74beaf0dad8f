"""Words that nobody wrote a page for: too long, unbroken, from right to left, or meant to break it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.browser.world import World

BREAKING = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(1)> & &amp; &lt;b&gt; {{ 7 * 7 }}"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
ARABIC = "قواعد البيانات والفهارس: كيف تُحفظ الصفحات، ولماذا يهمّ ترتيب الكتابة"
HEBREW = "מסדי נתונים (SQL) ויומן כתיבה מראש, 2024 – חלק א׳"
COMBINING = "Z̸̛͇̗a̵̧͎̽l̶̰͌g̷̳̈́o̶͖͋ and e\u0301 and 👩🏽‍🚀 and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢"
LONG = "A sentence that goes on, for whoever wrote it was paid by the word and had no editor. " * 40
MANY = " ".join(f"number-{number}" for number in range(60))

PAGES = (
    ("https://breaking.example/?q=%3Cscript%3E", BREAKING, BREAKING, '<script> "quoted" it\'s &amp;'),
    (f"https://{'very-long-part.' * 12}example/{'path/' * 60}", UNBROKEN, UNBROKEN * 4, UNBROKEN[:200]),
    ("https://arabic.example/", ARABIC, f"{ARABIC}. {ARABIC}.", "قواعد البيانات فهارس"),
    ("https://hebrew.example/", HEBREW, f"{HEBREW} https://hebrew.example/א", "נתונים sql"),
    ("https://combining.example/", COMBINING, COMBINING * 5, "e\u0301tude 👩🏽‍🚀"),
    ("https://long.example/", LONG[:255], LONG, MANY),
    ("javascript:alert(document.domain)", "No page to open", "", "c++ a/b 100% 日本"),
    ("https://untitled.example/" + "a" * 300, "", "", ""),
)


def strange(world: World) -> None:
    """Let somebody who shows nothing save all of it."""
    for url, title, description, tags in PAGES:
        path = world.save(
            "ute", url, title=title, description=description, tags=tags, visibility="private", private_note=title
        )
        world.paths.setdefault("strange", path)
    world.paths["long"] = path_of(world, "A sentence that goes on")


def path_of(world: World, title: str) -> str:
    """The path of one of them, by how its title begins."""
    page = world.people["ute"].get("/u/ute").text
    which = page[: page.index(title)].rpartition("name=starred value=")[2].partition(" ")[0]
    return f"/u/ute/b/{which}"
