"""The folder of pages that one takes out: opened from a disk, without any server, it is searched as one types."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.world import World

pytestmark = pytest.mark.browser


def test_a_folder_of_pages_is_searched_from_the_disk(browser: Browser, world: World, tmp_path: Path) -> None:
    file = tmp_path / "folder.zip"
    done = world.process.run("export", "--user", "lin", "--format", "html-folder", "--output", str(file))
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(file) as folder:
        folder.extractall(tmp_path)
    asked: list[str] = []
    page = browser.new_page(base_url=f"{tmp_path.as_uri()}/")
    page.on("request", lambda request: asked.append(request.url))

    page.goto("page-1.html")
    title = page.locator("ol a").first.inner_text()
    page.goto("index.html")
    page.fill("#q", title.upper())
    found = page.locator("#found li a")

    expect(found.first).to_have_text(title)
    page.fill("#q", "no bookmark says this")
    expect(found).to_have_count(0)
    page.close()
    assert asked
    assert all(url.startswith("file:") for url in asked)
