"""A server with people who have saved, followed and chosen things: what the pages show."""

from __future__ import annotations

import io
import json
import math
import re
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw

from tests.browser.strange import strange
from tests.support.commands import Born
from tests.support.processes import ANEW, PASSWORD, Process, together, until

FILE = Path(__file__).parents[2] / "deploy" / "demo-bookmarks.json"
ENVIRON = {"FEDIMARK_REGISTRATION": "open", "FEDIMARK_SIGN_IN_TRIES": "1000/minute"}
BIO = "Reads about databases, neural networks and type.\nMostly papers; the descriptions are my own words."
NOTE = "Ask Dora whether section 3 holds for WAL2 as well.\n\n- checkpoint starvation\n- what happens on NFS"
SECRET = "https://share.example/report.pdf?token=9f8a7c"
_LETTERS = {"name": "Gus", "bio": "Letters, mostly old ones.", "visibility": "public", "time_zone": "UTC"}
GUS = _LETTERS | {"field_name_1": "home", "field_value_1": "https://gus.example/"}


@dataclass(slots=True)
class World:
    """One serving process, everybody's session on it, the addresses that only it knows, and another server."""

    process: Process
    people: dict[str, httpx.Client] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    far: World | None = None

    def sign_up(self, name: str, visibility: str = "public") -> httpx.Client:
        """Make an account as the form does; the first one is made by the form that sets the server up."""
        headers = {"Sec-Fetch-Site": "same-origin", "User-Agent": "Firefox"}
        client = httpx.Client(base_url=self.process.url, headers=headers, timeout=60, limits=ANEW)
        typed = {"username": name, "password": PASSWORD, "visibility": visibility}
        post(client, "/sign-up" if self.people else "/setup", typed)
        self.people[name] = client
        return client

    def bring(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Import bookmarks for somebody with the command line."""
        file = self.process.folder / f"{name}.json"
        file.write_text(json.dumps(rows), encoding="utf-8")
        done = self.process.run("import", str(file), "--user", name)
        assert done.returncode == 0, done.stderr

    def save(self, name: str, url: str, **typed: str) -> str:
        """Save a bookmark as the form does, and return its path."""
        return post(self.people[name], "/add", {"url": url, "visibility": "public", **typed})

    def follow(self, name: str, who: str) -> None:
        """Let one person here follow another."""
        post(self.people[name], "/network/follow", {"who": who})


def post(client: httpx.Client, path: str, typed: Mapping[str, Any], files: Mapping[str, Any] | None = None) -> str:
    """Send a form that must be taken, and return where it leads."""
    answer = client.post(path, data=typed, files=files)
    assert answer.status_code == 303, f"{path}: {answer.status_code}\n{answer.text}"
    return answer.headers["location"]


@contextmanager
def furnished(folder: Path) -> Iterator[World]:
    """A world whose people have done everything a page can show."""
    with ExitStack() as stack:
        near, far = (Born(folder / name, ENVIRON) for name in ("world", "far"))
        for process in (near, far):
            stack.callback(process.stop)
        together(near.start, far.start)
        world = World(near, far=World(far))
        for name in ("lin", "ana", "bo", "cy", "dora", "eve", "fay", "rude", "spammer", "nobody_yet"):
            stack.callback(world.sign_up(name).close)
        for name in ("pia", "ute"):
            stack.callback(world.sign_up(name, "private").close)
        _bookmarks(world)
        _people(world)
        strange(world)
        _talk(world)
        stack.callback(_elsewhere(world, world.far).close)
        _engine(folder / "world")
        yield world


@contextmanager
def new_server(folder: Path) -> Iterator[World]:
    """A server that nobody has set up yet, where a second try at a password is one too many."""
    process = Born(folder, {"FEDIMARK_SIGN_IN_TRIES": "1/minute"})
    try:
        process.start()
        yield World(process)
    finally:
        process.stop()


def _engine(folder: Path) -> None:
    """How the engine went for three hours: what it writes down each minute, long enough to draw lines."""
    until = int(time.time()) // 60
    sums = dict.fromkeys(("requests", "requests_s", "accepted", "timelines", "timeline_s", "arrived", "deliveries",
                          "delivery_s", "statements", "database_s"), 0.0)  # fmt: skip
    with sqlite3.connect(folder / "data" / "fedimark.sqlite3", timeout=30) as database:
        for minute in range(180):
            wave = 1 + math.sin(minute / 23) * 0.6 + math.sin(minute / 3.7) * 0.25
            for name, amount in (("requests", 90), ("accepted", 40), ("arrived", 25), ("statements", 900)):
                sums[name] += amount * wave
            sums |= {"timelines": sums["accepted"], "deliveries": sums["arrived"]}
            sums["requests_s"] += 90 * wave * 0.012 * wave
            sums["timeline_s"] += 40 * wave * 0.4 * wave
            sums["delivery_s"] += 25 * wave * 1.3
            sums["database_s"] += 900 * wave * 0.0004 * wave
            waiting = {"received_waiting": max(0, wave * 20 - 22), "deliveries_waiting": max(0, wave * 60 - 40)}
            if not 100 < minute < 106:  # it was updated
                text = json.dumps(sums | {name: round(amount) for name, amount in waiting.items()})
                database.execute("INSERT OR IGNORE INTO figure_minute (minute, figures) VALUES (?, ?)",
                                 (until - 180 + minute, text))  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """The ten bookmarks of the demonstration, in Pinboard's JSON."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def changed(row: dict[str, Any], **values: str) -> dict[str, Any]:
    """A row of a file that says something else."""
    return {name: value for name, value in row.items() if name not in ("meta", "hash")} | values


def broken_file() -> list[Any]:
    """A file as people really have them: new rows, known ones, changed ones, and some that cannot be read."""
    known, unique = rows(), secrets.token_hex(2)
    new = [
        {
            "href": f"https://archive.example/{unique}/{year}/",
            "description": f"Yearbook {year}",
            "time": f"{year}-03-01T12:00:00Z",
        }
        for year in range(1998, 2024)
    ]
    return [
        *new,
        *known[:6],
        changed(known[6], description="Another title than before"),
        {"href": "", "description": "A row without an address", "time": "2011-05-02T08:00:00Z"},
        {"href": "https://a.example/when", "description": "When?", "time": "the day before yesterday"},
        {"href": "htp:/typo.example/a-very-long-address/" + "that-goes-on-and-on/" * 6, "description": "Typo"},
        "no bookmark at all",
        changed(new[0], description="The same address twice"),
    ]


def long_file(count: int) -> list[dict[str, str]]:
    """A file that takes a while."""
    unique = secrets.token_hex(2)
    return [
        {
            "href": f"https://long.example/{unique}/{number}",
            "description": f"Page {number}",
            "tags": "long",
            "shared": "no",
        }
        for number in range(count)
    ]


def _bookmarks(world: World) -> None:
    ten = rows()
    own = [
        changed(row, toread="yes" if place in (2, 5) else "no", shared="no" if place == 3 else "yes")
        for place, row in enumerate(ten)
    ]
    together(partial(world.bring, "lin", own), partial(world.bring, "ana", ten))
    for row in ten[4:9]:
        twice = "Read it twice; the second half is the better one."
        world.save("bo", row["href"], title=row["description"], description=twice, tags=row["tags"])
    for row in ten[7:]:
        world.save("cy", row["href"], title=row["description"], tags="later")
    words = "How a page cache, a log and a checkpoint fit together. Written for people who have to run it at night."
    world.paths["bookmark"] = world.save(
        "lin",
        "https://dora.example/notes/checkpoints.html?page=2",
        title="Checkpoints, and why they stall",
        description=words,
        tags="sql sqlite checkpoints .thesis",
        visibility="followers",
        private_note=NOTE,
        to_read="yes",
        starred="yes",
    )
    world.save("pia", "https://secret.example/plans", title="Plans for the summer", tags="travel", visibility="private")
    world.save("pia", "https://secret.example/recipes", title="Grandmother’s recipes", visibility="private")
    html = world.people["lin"].get("/u/lin").text
    stars = re.findall(r"name=starred value=([a-z2-7]{13}) ", html)
    for which in stars[1:3]:
        post(world.people["lin"], "/press", {"starred": which})
    recent = world.people["lin"].get("/recent").text
    world.paths["link"] = re.findall(r'href=(/url/[0-9a-f]{40}) title="4 savers"', recent)[0]
    world.paths["gone"] = world.save("cy", "https://gone.example/cy", title="What cy thought better of")
    kept = {"url": "https://gone.example/cy", "title": "What cy thought better of", "visibility": "private"}
    post(world.people["cy"], f"{world.paths['gone']}/edit", kept)
    world.paths["of_ana"] = re.findall(r'href="(/u/ana/b/[a-z2-7]{13})"', world.people["ana"].get("/u/ana").text)[0]


def _talk(world: World) -> None:
    """What people say under a bookmark of ana's: a thread, a remark, and something she hides."""

    def say(name: str, about: str, words: str, kind: str = "reply") -> str:
        return post(world.people[name], "/say", {"about": about, "words": words, "kind": kind})

    about = world.paths["of_ana"]
    first = say("dora", about, "Does the argument of section 3 hold for 日本語 too?\n\nI tried, and it did not.")
    second = say("bo", first, "Only with another tokeniser: https://tokens.example/how-to, and it takes a while.")
    say("dora", second, "Thank you!")
    say("lin", say("ana", second, "That page moved."), "Found it.")
    world.paths["remark"] = say("lin", about, "The clearest page about it that I know of.", "remark")
    say("cy", about, "Buy my book, it is much better than this one.")
    page = world.people["ana"].get(about).text
    hide = re.findall(r'/hide" method=post><input type=hidden name=what value="([0-9a-f]{40})"', page)
    post(world.people["ana"], f"{about}/hide", {"what": hide[-1]})
    world.paths["reply"] = first


def _elsewhere(world: World, far: World) -> httpx.Client:
    """Gus of another server, whom lin follows, and who saved more than a first look there brings."""
    gus = far.sign_up("gus")
    post(gus, "/settings", GUS)
    far.bring("gus", [letter(number) for number in range(60)])
    handle = f"gus@{far.process.host}"
    world.paths |= {"elsewhere": f"/u/{handle}", "gus": f"@{handle}"}
    world.follow("lin", f"@{handle}")
    until(lambda: "Letter 59" in world.people["lin"].get(world.paths["elsewhere"]).text)
    return gus


def letter(number: int) -> dict[str, str]:
    """A bookmark of gus's, in Pinboard's JSON."""
    at = f"2020-{number // 28 + 1:02}-{number % 28 + 1:02}T08:00:00Z"
    return {"href": f"https://letters.example/{number}", "description": f"Letter {number:02}", "time": at,
            "tags": "letters", "shared": "yes", "toread": "no", "extended": "To a friend."}  # fmt: skip


def _people(world: World) -> None:
    lin = world.people["lin"]
    # Of ana's, what the page of one bookmark shows, and one that reaches lin's network by who shared it.
    for name in ("bo", "cy", "dora"):
        post(world.people[name], "/press", {"liked": world.paths["of_ana"]})
    post(lin, "/press", {"liked": world.paths["of_ana"]})
    for name in ("bo", "cy"):
        post(world.people[name], "/press", {"shared": world.paths["of_ana"]})
    eves = world.save("eve", "https://eve.example/kerning", title="Kerning by eye", tags="type")
    post(world.people["bo"], "/press", {"shared": eves})
    for name, who in (("dora", "lin"), ("ana", "lin"), ("lin", "ana"), ("lin", "bo"), ("lin", "cy")):
        world.follow(name, who)
    world.paths["list_edit"] = post(lin, "/network/lists", {"name": "Typographers"})
    world.paths["list"] = world.paths["list_edit"].removesuffix("/edit")
    post(lin, f"{world.paths['list']}/put", {"who": "bo"})
    # Two links for lin of people lin follows, one with words.
    page = "https://type.example/specimens/"
    words = "The italics on page four are what you were looking for."
    world.save("bo", page, title="Specimens of 1912", description=words, tags="type for:lin", visibility="private")
    world.save("cy", "https://logs.example/", title="What logs are good for", tags="for:@lin sql", visibility="private")
    profile = {
        "name": "Lin Sørensen",
        "bio": BIO,
        "field_name_1": "home",
        "field_value_1": "https://lin.example/",
        "field_name_2": "languages",
        "field_value_2": "da, en, 日本語",
        "approve_followers": "yes",
        "visibility": "public",
        "time_zone": "Europe/Copenhagen",
        "theme": "auto",
    }
    post(lin, "/settings", profile)
    post(lin, "/settings/avatar", {}, {"avatar": ("me.png", _picture(), "image/png")})
    chosen = {"visibility": "private", "privacy_lock": "yes", "time_zone": "UTC", "theme": "auto"}
    post(world.people["pia"], "/settings", chosen)
    for name in ("eve", "fay"):
        world.follow(name, "lin")
    post(lin, "/people/block", {"who": "rude"})
    post(lin, "/moderation/domains/block", {"host": "spam.example", "reason": "Sells followers; asked twice to stop."})
    post(lin, "/moderation/accounts/suspend", {"name": "spammer"})
    post(lin, "/moderation/relays/add", {"address": "https://relay.example/inbox"})


def _picture() -> bytes:
    picture = Image.new("RGB", (256, 256), "#0d6b62")
    ImageDraw.Draw(picture).ellipse((64, 40, 192, 168), fill="#f1e6c4")
    ImageDraw.Draw(picture).ellipse((24, 176, 232, 384), fill="#f1e6c4")
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()
