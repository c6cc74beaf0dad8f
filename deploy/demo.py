"""`make demo`: three servers on three loopback ports, whose people follow each other and save the same pages.

Everything lives under var/demo (DEMO_FOLDER instead of var) and is made anew at each start. The ports are 8101 to
8103 (DEMO_PORT and the two after it). Ctrl-C ends all three servers.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import IO, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
FEDIMARK = Path(sys.executable).parent / "fedimark"
BOOKMARKS = Path(__file__).parent / "demo-bookmarks.json"
PASSWORD = "demo-demo-demo"  # noqa: S105 - printed, and good for three servers on loopback only
PATIENCE_S = 60
PEOPLE = ("ana", "bo", "cy")

Command: TypeAlias = subprocess.Popen[str]

# Pages that ana’s file holds too, each in another spelling of its address: they merge.
SAVES = {
    "bo": (
        ("http://www.sqlite.org:80/wal.html?utm_source=demo", "SQLite’s write-ahead log", "sql later"),
        ("https://www.w3.org/TR/activitypub/#Overview", "ActivityPub, the standard", "fediverse"),
    ),
    "cy": (
        ("https://www.sqlite.org/wal.html?fbclid=demo", "WAL", "databases"),
        ("https://danluu.com/file-consistency/?utm_medium=demo", "Files are hard", "reliability reading"),
        ("https://www.w3.org/TR/activitypub/", "ActivityPub", "protocols"),
    ),
}


class Children:
    """Every process the demo starts, so that none outlives it, whenever it is asked to end."""

    def __init__(self) -> None:
        self.started: list[Command] = []
        self.is_starting = False
        self.is_over = False
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._asked_to_end)

    def start(self, words: Sequence[str], environment: dict[str, str], log: IO[bytes] | None = None) -> Command:
        """Start a command, its output in pipes or in a log; the end waits until it is remembered."""
        output = log or subprocess.PIPE
        self.is_starting = True
        self.started.append(
            subprocess.Popen(
                [str(FEDIMARK), *words],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
            )
        )
        self.is_starting = False
        if self.is_over:
            sys.exit(0)
        return self.started[-1]

    def end(self) -> None:
        """End them all and wait for it; nothing interrupts this."""
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait(timeout=30)

    def _asked_to_end(self, *_: object) -> None:
        self.is_over = True
        if not self.is_starting:
            sys.exit(0)


@dataclass(frozen=True)
class Site:
    """One of the three servers."""

    port: int
    person: str
    folder: Path
    children: Children

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def handle(self) -> str:
        """Its person's handle."""
        return f"{self.person}@127.0.0.1:{self.port}"

    def start(self, *words: str) -> Command:
        """Start one command of this server."""
        return self.children.start(words, self.environment())

    def run(self, *words: str) -> str:
        """Run one command of this server to its end."""
        return finished(self.start(*words))

    def serve(self) -> Command:
        """Start serving."""
        words = ["serve", "--host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            return self.children.start(words, self.environment(), log)

    def entries(self) -> list[dict[str, list[str]]]:
        """The network timeline of its person."""
        found: list[dict[str, list[str]]] = json.loads(self.run("timeline", "--user", self.person, "--json"))
        return found

    def environment(self) -> dict[str, str]:
        """Settings of this server alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDIMARK_")}
        return {
            **kept,
            "FEDIMARK_BASE_URL": self.url,
            "FEDIMARK_DATA_DIR": str(self.folder),
            "FEDIMARK_ALLOW_LOOPBACK": "yes",
            "FEDIMARK_READ_PAGES": "no",  # nobody outside this machine hears of the demo
        }


def main() -> None:
    """Set all three up, let everybody follow everybody, and stay until interrupted."""
    children = Children()
    folder = Path(os.environ.get("DEMO_FOLDER", ROOT / "var")) / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    port = int(os.environ.get("DEMO_PORT", "8101"))
    sites = [Site(port + number, person, folder / person, children) for number, person in enumerate(PEOPLE)]
    try:
        for site in sites:
            site.folder.mkdir(parents=True)
        words = ("--admin", "--password-stdin")
        together([site.start("account", "add", site.person, *words) for site in sites], PASSWORD)
        for site, process in [(site, site.serve()) for site in sites]:
            until(f"{site.url} answers", partial(answers, site, process))
        act(*sites)
        tell(*sites)
        print("\nAll three go on serving. Ctrl-C ends them.", flush=True)
        while True:
            signal.pause()
    finally:
        children.end()


def act(ana: Site, bo: Site, cy: Site) -> None:
    """The story the demo tells."""
    print(ana.run("import", str(BOOKMARKS), "--user", "ana").strip(), flush=True)
    for site in (bo, cy):
        for url, title, tags in SAVES[site.person]:
            site.run("save", url, "--user", site.person, "--title", title, "--tags", tags)
    pairs = list(permutations((ana, bo, cy), 2))
    together([reader.start("follow", followed.handle, "--user", reader.person) for reader, followed in pairs])
    # Each asked two and was asked by two.
    until("everybody follows everybody", lambda: all(follows(site) == 4 for site in (ana, bo, cy)))
    words = ("--title", "WAL", "--tags", "sql", "--description", "Read again: the part on checkpoints is new.")
    together(
        [
            ana.start("save", "https://www.sqlite.org/wal.html", "--user", "ana", *words),
            bo.start("save", "https://www.sqlite.org/fts5.html", "--user", "bo", "--title", "FTS5", "--tags", "sql"),
            cy.start("save", "https://sqlite.org/lang.html", "--user", "cy", "--title", "SQL as understood by SQLite"),
        ]
    )
    until("everybody sees what everybody saved", lambda: all(sees_all(site) for site in (ana, bo, cy)))


def tell(ana: Site, bo: Site, cy: Site) -> None:
    """Print what to look at."""
    merged = [entry for entry in bo.entries() if len(entry["savers"]) > 1]
    lines = "\n".join(f"  {entry['title']}\n      {' '.join(entry['savers'])}" for entry in merged)
    print(f"""
ana, bo and cy live on three servers and follow each other. Pages that several of them saved are one entry, with
everybody who saved it. In bo’s network timeline:

{lines}

Look at
  {ana.url}/u/ana        ana’s page: ten imported bookmarks, one of them changed just now
  {ana.url}/u/ana/t/sql  one of her tags
  {bo.url}/network      bo’s network: one entry a page, with all its savers (sign in first)
  {cy.url}/u/cy         cy’s page, on the third server
Sign in
  {ana.url}/sign-in  as ana, the admin of this server
  {bo.url}/sign-in  as bo, of this one
  {cy.url}/sign-in  as cy, of this one
  each with the password {PASSWORD}""")


def follows(site: Site) -> int:
    """How many follows, of its own person and by others, are accepted."""
    found: int = json.loads(site.run("counts", "--json"))["follows"]["accepted"]
    return found


def sees_all(site: Site) -> bool:
    """Whether the page all three saved names all three, and everybody’s news is there."""
    entries = site.entries()
    titles = {str(entry["title"]) for entry in entries}
    return {"FTS5", "SQL as understood by SQLite"} <= titles and any(len(entry["savers"]) == 3 for entry in entries)


def together(commands: Sequence[Command], given: str | None = None) -> None:
    """Run several commands at once to their ends."""
    for command in commands:
        finished(command, given)


def finished(command: Command, given: str | None = None) -> str:
    """What a command printed; ends the demo where it was refused."""
    printed, reason = command.communicate(given)
    if command.returncode:
        raise SystemExit(reason.strip())
    return printed


def until(what: str, holds: Callable[[], bool]) -> None:
    """Wait for something to come true, or say that it did not."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {PATIENCE_S} s in vain: {what}")
        time.sleep(0.2)


def answers(site: Site, process: Command) -> bool:
    """Whether a server answers; ends the demo when it never will."""
    if process.poll() is not None:
        raise SystemExit(f"{site.url} does not serve:\n{(site.folder / 'log').read_text()}")
    try:
        with urllib.request.urlopen(site.url, timeout=2):  # noqa: S310 - our own server on loopback
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
