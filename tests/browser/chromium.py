"""Debian's Chromium, and what a visit may not do: complain, break the content policy, or ask another host."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

WIDE = (1240, 1200)
NARROW = (320, 720)
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MS = 60_000  # guards against hanging, nothing else


def executable() -> str | None:
    """Where Chromium is, or None; FEDIMARK_CHROMIUM names another one."""
    return os.environ.get("FEDIMARK_CHROMIUM") or shutil.which("chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium without a window, ended at the end."""
    expect.set_options(timeout=_PATIENCE_MS)  # its own 5 seconds are too few beside others who are busy
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=list(_ARGUMENTS), timeout=2 * _PATIENCE_MS
        )
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One visitor's window on one server, and everything it did that it must not."""

    def __init__(
        self,
        browser: Browser,
        base_url: str,
        *,
        scripts: bool = True,
        size: tuple[int, int] = WIDE,
        touch: bool = False,
        colours: str = "light",
        language: str = "en-GB",
    ) -> None:
        width, height = size
        self.base_url = base_url
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=base_url,
            java_script_enabled=scripts,
            viewport={"width": width, "height": height},
            has_touch=touch,
            color_scheme="dark" if colours == "dark" else "light",
            locale=language,
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(_PATIENCE_MS)
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        self.context.on("request", self._ask)
        self.context.on("response", self._answer)
        self.page: Page = self.context.new_page()

    def close(self) -> None:
        """Close the window."""
        self.context.close()

    def lend(self, client: httpx.Client) -> None:
        """Bring along the session somebody has already."""
        host = urlsplit(self.base_url).hostname or ""
        self.context.add_cookies(
            [{"name": name, "value": value, "domain": host, "path": "/"} for name, value in client.cookies.items()]
        )

    def _hear(self, message: ConsoleMessage) -> None:
        # A page that answers 404 on purpose is told so by Chromium too; what a page loads is looked at below.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"console: {message.text}")

    def _ask(self, request: Request) -> None:
        if not request.url.startswith((f"{self.base_url}/", "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")

    def _answer(self, response: Response) -> None:
        if response.status in (409, 422) and _is_a_form_in_a_line(response.request):
            return  # it comes again, with what is wrong
        if response.status == 500 or (response.status >= 400 and response.request.resource_type != "document"):
            self.complaints.append(f"{response.status}: {response.url}")


def _is_a_form_in_a_line(request: Request) -> bool:
    """Whether a request is what a form in a line of a stream sends."""
    path = urlsplit(request.url).path
    sends = path in ("/add", "/say") or path.endswith("/edit")
    return request.method == "POST" and sends and "hx-request" in request.headers
