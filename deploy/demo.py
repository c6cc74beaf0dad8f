"""`make demo`: two servers on two loopback ports, one person following another, and what to look at.

Everything lives under var/demo (DEMO_FOLDER instead of var) and is made anew at each start. The ports are 8101 and
8102 (DEMO_PORT and the one after it). Ctrl-C ends both servers.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FEDIMARK = Path(sys.executable).parent / "fedimark"
BOOKMARKS = Path(__file__).parent / "demo-bookmarks.json"
PASSWORD = "demo-demo-demo"  # noqa: S105 - printed, and good for two servers on loopback only
PATIENCE_S = 30


@dataclass(frozen=True)
class Site:
    """One of the two servers."""

    port: int
    person: str
    folder: Path

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def handle(self) -> str:
        """Its person's handle."""
        return f"{self.person}@127.0.0.1:{self.port}"

    def run(self, *words: str, text: str | None = None) -> str:
        """Run one command of this server."""
        done = subprocess.run(
            [str(FEDIMARK), *words], env=self.environment(), input=text, text=True, capture_output=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"fedimark {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def serve(self) -> subprocess.Popen[bytes]:
        """Start serving."""
        words = [str(FEDIMARK), "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        log = (self.folder / "log").open("ab")
        return subprocess.Popen(words, env=self.environment(), stdout=log, stderr=log)

    def environment(self) -> dict[str, str]:
        """Settings of this server alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDIMARK_")}
        return {
            **kept,
            "FEDIMARK_BASE_URL": self.url,
            "FEDIMARK_DATA_DIR": str(self.folder),
            "FEDIMARK_ALLOW_LOOPBACK": "yes",
        }


def main() -> None:
    """Set both up, let bo follow ana, and stay until interrupted."""
    folder = Path(os.environ.get("DEMO_FOLDER", ROOT / "var")) / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    port = int(os.environ.get("DEMO_PORT", "8101"))
    ana, bo = Site(port, "ana", folder / "a"), Site(port + 1, "bo", folder / "b")
    running: list[subprocess.Popen[bytes]] = []
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: sys.exit(0))
    try:
        for site in (ana, bo):
            site.folder.mkdir(parents=True)
            site.run("account", "add", site.person, "--admin", "--password-stdin", text=PASSWORD)
            running.append(site.serve())
            until(f"{site.url} answers", partial(answers, site, running[-1]))
        act(ana, bo)
        print("\nBoth go on serving. Ctrl-C ends them.", flush=True)
        while True:
            signal.pause()
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=30)


def act(ana: Site, bo: Site) -> None:
    """The story the demo tells."""
    print(ana.run("import", str(BOOKMARKS), "--user", "ana").strip())
    # The same page under another spelling: it merges.
    bo.run(
        "save", "http://www.sqlite.org:80/wal.html?utm_source=demo", "--user", "bo", "--title", "WAL", "--tags", "sql"
    )
    bo.run("follow", ana.handle, "--user", "bo")
    until("the follow is accepted", lambda: '"accepted": 1' in bo.run("counts", "--json"))
    words = ("--title", "WAL", "--tags", "sql", "--description", "Read again: the part on checkpoints is new.")
    ana.run("save", "https://www.sqlite.org/wal.html", "--user", "ana", *words)
    ana.run("save", "https://www.sqlite.org/fts5.html", "--user", "ana", "--title", "FTS5", "--tags", "sql search")
    until("ana’s news reaches bo", lambda: "fts5" in bo.run("timeline", "--user", "bo"))
    print(f"""
bo on {bo.url} follows ana on {ana.url}. bo’s network timeline, one line a page with all its savers:

{bo.run("timeline", "--user", "bo").rstrip()}

Look at
  {ana.url}/u/ana           ana’s page: ten imported bookmarks and one saved just now
  {ana.url}/u/ana/t/sql     one of her tags
  {bo.url}/network       bo’s network: the page both saved is one entry with two savers
Sign in on either as ana or bo with the password {PASSWORD}""")


def until(what: str, holds: object) -> None:
    """Wait for something to come true, or say that it did not."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit(f"waited {PATIENCE_S} s in vain: {what}")
        time.sleep(0.2)


def answers(site: Site, process: subprocess.Popen[bytes]) -> bool:
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
