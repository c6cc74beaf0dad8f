"""`make screenshots`: a picture of every page, light, dark and narrow, under var/screenshots.

With names of stops, only those; with names of looks, in those: `python -m tests.browser.screenshots own contrast`.
Without any, some pages are taken in German and Japanese too.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.browser.chromium import NARROW, WIDE, Visit, chromium, executable
from tests.browser.stops import ABROAD, ALONE, STOPS, Stop
from tests.browser.world import World, furnished, new_server

FOLDER = Path(__file__).parents[2] / "var" / "screenshots"
USUAL = ("light", "dark", "narrow")


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at: on what, in which colours, and in which of the looks one can choose."""

    size: tuple[int, int] = WIDE
    touch: bool = False
    colours: Literal["light", "dark"] = "light"
    contrast: Literal["more", "no-preference"] = "no-preference"
    media: Literal["screen", "print"] = "screen"
    theme: str = ""
    language: str = "en-GB"


LOOKS = {
    "light": Look(),
    "dark": Look(colours="dark"),
    "narrow": Look(NARROW, touch=True),
    "narrow-dark": Look(NARROW, touch=True, colours="dark"),
    "contrast": Look(contrast="more"),
    "contrast-dark": Look(contrast="more", colours="dark"),
    "print": Look(media="print"),
    "pinboard": Look(theme="pinboard"),
    "pinboard-narrow": Look(NARROW, touch=True, theme="pinboard"),
    "german": Look(language="de"),
    "german-narrow": Look(NARROW, touch=True, language="de"),
    "japanese": Look(language="ja"),
    "japanese-narrow": Look(NARROW, touch=True, language="ja"),
    "japanese-dark": Look(colours="dark", language="ja"),
}
WEAR = """(theme) => new Promise((worn) => {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `/static/${theme}.css` });
    sheet.onload = sheet.onerror = worn;
    document.head.append(sheet);
})"""


def main(words: list[str]) -> int:
    """Take the pictures, and return the exit code."""
    if executable() is None:
        sys.stderr.write("chromium is not installed\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = [word for word in words if word not in LOOKS]
    asked = [word for word in words if word in LOOKS] or list(USUAL)
    wanted = [(look, stop) for look in asked for stop in (*STOPS, *ALONE) if not names or stop.name in names]
    if not words:
        abroad = [look for look in LOOKS if LOOKS[look].language != "en-GB"]
        wanted += [(look, stop) for look in abroad for stop in STOPS if stop.name in ABROAD]
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for stops, world_in in ((STOPS, furnished), (ALONE, new_server)):
            if pairs := [pair for pair in wanted if pair[1] in stops]:
                with world_in(Path(folder) / world_in.__name__) as world:
                    take(browser, world, pairs)
    sys.stdout.write(f"{len(wanted)} pictures in {FOLDER}\n")
    return 0


def take(browser: Browser, world: World, wanted: list[tuple[str, Stop]]) -> None:
    """The pictures of one server: a window for each person and look."""
    for who in dict.fromkeys(stop.who for _, stop in wanted):
        for look in dict.fromkeys(look for look, _ in wanted):
            if stops := [stop for named, stop in wanted if named == look and stop.who == who]:
                pictures(browser, world, stops, look)


def pictures(browser: Browser, world: World, stops: list[Stop], named: str) -> None:
    """Each page that one person comes to, in one look."""
    look = LOOKS[named]
    visit = Visit(
        browser, world.process.url, size=look.size, touch=look.touch, colours=look.colours, language=look.language
    )
    if stops[0].who:
        visit.lend(world.people[stops[0].who])
    for stop in stops:
        stop.go(visit.page, world)
        visit.page.emulate_media(color_scheme=look.colours, contrast=look.contrast, media=look.media)
        if look.theme:
            visit.page.evaluate(WEAR, look.theme)
        shoot(visit.page, f"{stop.name}-{named}")
        visit.page.emulate_media(media="screen")
    visit.close()


def shoot(page: Page, name: str) -> None:
    """One picture of the whole page."""
    # A page that looks again by itself stands still for it.
    page.evaluate("window.stop()")
    before = page.viewport_size
    assert before is not None
    # Taller, not `full_page`: that forgets that fingers press here.
    height = max(before["height"], page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": before["width"], "height": height})
    page.screenshot(path=FOLDER / f"{name}.png")
    page.set_viewport_size(before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
