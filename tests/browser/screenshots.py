"""`make screenshots`: a picture of every page, light, dark and narrow, under var/screenshots.

With names of stops, only those: `python -m tests.browser.screenshots own network`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.chromium import Visit, chromium, executable
from tests.browser.stops import STOPS, Stop
from tests.browser.world import World, furnished

FOLDER = Path(__file__).parents[2] / "var" / "screenshots"
PHONE = (390, 844)


def main(names: list[str]) -> int:
    """Take the pictures, and return the exit code."""
    if executable() is None:
        sys.stderr.write("chromium is not installed\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    stops = [stop for stop in STOPS if not names or stop.name in names]
    with tempfile.TemporaryDirectory() as folder, furnished(Path(folder)) as world, chromium() as browser:
        for who in dict.fromkeys(stop.who for stop in stops):
            theirs = [stop for stop in stops if stop.who == who]
            wide(browser, world, who, theirs)
            narrow(browser, world, who, theirs)
    sys.stdout.write(f"{3 * len(stops)} pictures in {FOLDER}\n")
    return 0


def wide(browser: Browser, world: World, who: str, stops: list[Stop]) -> None:
    """Each page on a desk, by day and by night."""
    visit = _visit(Visit(browser, world.process.url), world, who)
    for stop in stops:
        stop.go(visit.page, world)
        for colours in ("light", "dark"):
            visit.page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
            shoot(visit.page, f"{stop.name}-{colours}")
        visit.page.emulate_media(color_scheme="light")
    visit.close()


def narrow(browser: Browser, world: World, who: str, stops: list[Stop]) -> None:
    """Each page on a telephone."""
    visit = _visit(Visit(browser, world.process.url, size=PHONE, touch=True), world, who)
    for stop in stops:
        stop.go(visit.page, world)
        shoot(visit.page, f"{stop.name}-narrow")
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


def _visit(visit: Visit, world: World, who: str) -> Visit:
    if who:
        visit.lend(world.people[who])
    return visit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
