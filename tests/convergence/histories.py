"""PURE. What three people on three servers and one tag do, and the letters that their servers write of it.

`ana` and `cy` are on fedimarks, `bo` is on a server that says what it pleases: a bookmark with a title, a text with a
link in it, or no link at all. `sql` is the tag of cy's server, which passes on what cy tags so. What is assumed:

- every letter arrives at last, and by then its own server shows what it says or something later;
- a fedimark never gives two states of a Note one moment; bo's server tells whole seconds, and may;
- nobody passes on again what they still pass on; who says it again under the same id says when, and when it was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fedimark.here import MICROS
from fedimark.text import tags
from tests.support.clock import START

PEOPLE = ("ana", "bo", "cy")
TAG = "sql"  # what cy's server passes on, and what one reader follows here too
BEGAN = START - 2 * 3_600 * MICROS

PAGES = (
    ("https://sqlite.org/wal.html", "http://sqlite.org/wal.html#intro", "https://sqlite.org/wal.html?utm_source=x"),
    ("https://www.postgresql.org/", "https://www.postgresql.org"),
    ("https://example.org/c++?q=1",),
)
TITLES = ("One", "Two", "")
DESCRIPTIONS = ("", "Words.", "More words.\n\nIn two paragraphs.")
TAGS = ((), ("sql",), ("SQL", "db"), ("db", "2024"), ("c++", "🐍", "sql"))
REACHES = ("public", "public", "unlisted", "followers")
KINDS = ("bookmark", "bookmark", "mention", "none")
PAUSES = (MICROS // 100, MICROS // 100, 90 * MICROS)
UNDATED = "https://undated.example/"

Note = tuple[str, int]  # author, number


@dataclass(frozen=True, slots=True)
class Version:
    """What a Note says since a moment. `kind` is what bo's server makes of it; of fedimarks all are bookmarks."""

    note: Note
    url: str
    title: str
    description: str
    tags: tuple[str, ...]
    reach: str
    kind: str
    published: int
    is_dated: bool
    updated: int | None = None
    via: Note | None = None

    @property
    def is_carried(self) -> bool:
        """Whether the tag passes it on."""
        keys = [tags.key(word) for word in self.tags]
        return self.note[0] == "cy" and self.reach == "public" and TAG in keys


@dataclass(frozen=True, slots=True)
class Letter:
    """One activity; `version` is the Note in it, `number` makes its id, `step` when in the history it was written."""

    step: int
    kind: str
    who: str
    note: Note
    at: int
    number: int
    version: Version | None = None
    since: int = 0  # of an Undo: when what it takes back was said

    def __repr__(self) -> str:
        said = ""
        if self.version is not None:
            v = self.version
            updated = "" if v.updated is None else f" updated {(v.updated - BEGAN) / MICROS:g}"
            dated = f"published {(v.published - BEGAN) / MICROS:g}" if v.is_dated else "undated"
            said = f" {v.kind} {v.reach} {v.url} {v.title!r} {v.description!r} {' '.join(v.tags)} {dated}{updated}"
        return f"{self.step}: {self.who} {self.kind} {self.note[0]}/{self.note[1]} #{self.number}{said}"


@dataclass(slots=True)
class History:
    """All that happened: `letters` in the order they were written, and what each Note was after each step."""

    letters: list[Letter] = field(default_factory=list)
    states: dict[Note, list[tuple[int, Version | None]]] = field(default_factory=dict)

    def moment(self, step: int) -> int:
        """When that step was over."""
        return max((letter.at for letter in self.letters if letter.step <= step), default=BEGAN) + 1

    def wanted(self) -> dict[Note, Version | None]:
        """What a reader's server must hold in the end: whatever is by somebody followed, or passed on, as it is now.

        Left out is what bo's server gave one moment and shows to nobody: nobody can know which of the two came later.
        """
        found: dict[Note, Version | None] = {}
        for note, states in self.states.items():
            last = states[-1][1]
            is_told = note[0] != "bo" or last is None or last.reach != "followers"
            is_here = last is not None and last.kind != "none" and (note[0] != "cy" or self._passed_on(note))
            if is_told:
                found[note] = last if is_here else None
        return found

    def _passed_on(self, note: Note) -> bool:
        said = [letter for letter in self.letters if letter.note == note and letter.kind in ("Announce", "Undo")]
        last = {letter.who: letter.kind for letter in said}
        return "Announce" in last.values()

    def ended(self, note: Note, step: int) -> bool:
        """Whether a Note was there before that step and is no more."""
        known = [version for at, version in self.states.get(note, ()) if at <= step]
        return bool(known) and known[-1] is None


class Life:
    """People who do one thing after another; numbers are taken as far as there is something to choose from."""

    def __init__(self) -> None:
        self.history = History()
        self.step, self.at, self.numbers = 0, BEGAN, 0
        self.spoke_at = 0
        self.live: dict[Note, Version] = {}
        self.shared: dict[tuple[str, Note], Letter] = {}

    def possible(self) -> list[tuple[str, str]]:
        """What could be done now, and by whom: most often something to what is there."""
        found = [("publish", who) for who in PEOPLE] if len(self.live) < 4 else []
        for who in {who for who, _ in self.live}:
            found += [(verb, who) for verb in ("edit", "edit", "retag", "retag", "reach", "reach", "delete")]
            found += [("turn", who)] * 5 if who == "bo" else []
        found += [("copy", "ana"), ("copy", "cy")] if 0 < len(self.live) < 4 else []
        found += [("announce", "bo")] * 4 if self._to_share() else []
        found += [("undo", "bo")] * 3 if any(who == "bo" for who, _ in self.shared) else []
        return sorted(found)

    def do(self, verb: str, who: str, which: int, what: int, pause: int) -> None:
        """Do one thing, some time after the one before."""
        self.step, self.at = self.step + 1, self.at + PAUSES[pause % len(PAUSES)]
        getattr(self, verb)(who, which, what)

    def publish(self, who: str, which: int, what: int, via: Note | None = None) -> None:
        is_dated = who != "bo" or what % 5 > 0
        spellings = PAGES[which % len(PAGES)]
        # Of what bears no date, whoever comes first was first: so nobody else saved the same page.
        url = spellings[what % len(spellings)] if is_dated else f"{UNDATED}{self.numbers}"
        reach = REACHES[what % len(REACHES)]
        words = (TITLES[what % 3], DESCRIPTIONS[which % 3], TAGS[(what + which) % len(TAGS)])
        kind = KINDS[what % len(KINDS)] if who == "bo" else "bookmark"
        self._create(Version(self._new(who), url, *words, reach, kind, self._moment(who), is_dated, via=via))

    def edit(self, who: str, which: int, what: int) -> None:
        if (v := self._own(who, which)) is not None:
            spellings = PAGES[what % len(PAGES)]
            url = spellings[which % len(spellings)] if what % 2 and v.is_dated else v.url
            self._update(replace(v, url=url, title=TITLES[what % 3], description=DESCRIPTIONS[(what + 1) % 3]))

    def retag(self, who: str, which: int, what: int) -> None:
        if (v := self._own(who, which)) is not None:
            self._update(replace(v, tags=TAGS[what % len(TAGS)]))

    def turn(self, who: str, which: int, what: int) -> None:
        if (v := self._own("bo", which)) is not None:
            self._update(replace(v, kind=KINDS[what % len(KINDS)]))

    def reach(self, who: str, which: int, what: int) -> None:
        v = self._own(who, which)
        if v is None:
            return
        changed = replace(v, reach=REACHES[what % len(REACHES)])
        if "followers" not in (v.reach, changed.reach):
            self._update(changed)
        elif who != "bo":
            # A fedimark ends the publication and begins another.
            self._end(v)
            self._create(replace(changed, note=self._new(who), updated=None))
        elif v.reach != "followers":
            self._update(changed)

    def copy(self, who: str, which: int, what: int) -> None:
        if who != "bo" and self.live:
            source = sorted(self.live)[which % len(self.live)]
            if self.live[source].reach in ("public", "unlisted"):
                spellings = next((some for some in PAGES if self.live[source].url in some), PAGES[0])
                self.publish(who, PAGES.index(spellings), what, via=source)

    def delete(self, who: str, which: int, what: int) -> None:
        if (v := self._own(who, which)) is not None:
            self._end(v)

    def announce(self, who: str, which: int, what: int) -> None:
        notes = self._to_share()
        self._announce("bo", self.live[notes[which % len(notes)]])

    def _to_share(self) -> list[Note]:
        notes = [note for note in sorted(self.live) if ("bo", note) not in self.shared]
        return [note for note in notes if self.live[note].reach in ("public", "unlisted")]

    def undo(self, who: str, which: int, what: int) -> None:
        mine = [key for key in sorted(self.shared) if key[0] == "bo"]
        if mine:
            self._undo(*mine[which % len(mine)])

    def _own(self, who: str, which: int) -> Version | None:
        mine = [note for note in sorted(self.live) if note[0] == who]
        return self.live[mine[which % len(mine)]] if mine else None

    def _new(self, who: str) -> Note:
        self.numbers += 1
        return who, self.numbers

    def _moment(self, who: str, after: int | None = None) -> int:
        if who == "bo":
            return self.at // MICROS * MICROS
        return self.at if after is None else max(self.at, after + 1)

    def _create(self, v: Version) -> None:
        self._now(v.note, v)
        self._say("Create", v.note[0], v.note, self.at, v)
        if v.is_carried:
            self._announce(TAG, v)

    def _update(self, v: Version) -> None:
        before = self.live[v.note]
        v = replace(v, updated=self._moment(v.note[0], before.updated or before.published))
        self._now(v.note, v)
        if (TAG, v.note) in self.shared and not v.is_carried:
            self._undo(TAG, v.note)
        self._say("Update", v.note[0], v.note, self.at, v)
        if v.is_carried and (TAG, v.note) not in self.shared:
            self._announce(TAG, v)

    def _end(self, v: Version) -> None:
        if (TAG, v.note) in self.shared:
            self._undo(TAG, v.note)
        self._now(v.note, None)
        self.shared.pop(("bo", v.note), None)
        self._say("Delete", v.note[0], v.note, self.at)

    def _announce(self, who: str, v: Version) -> None:
        # A tag speaks once a second.
        self.at = max(self.at, self.spoke_at + MICROS) if who == TAG else self.at
        self.spoke_at = self.at if who == TAG else self.spoke_at
        self.shared[who, v.note] = self._say("Announce", who, v.note, self._moment(who), v)

    def _undo(self, who: str, note: Note) -> None:
        said = self.shared.pop((who, note))
        self.at = max(self.at, said.at + 1)
        letter = self._say("Undo", who, note, self.at)
        self.history.letters[-1] = replace(letter, number=said.number, since=said.at)
        self.at += 1

    def _now(self, note: Note, v: Version | None) -> None:
        self.history.states.setdefault(note, []).append((self.step, v))
        if v is None:
            del self.live[note]
        else:
            self.live[note] = v

    def _say(self, kind: str, who: str, note: Note, at: int, v: Version | None = None) -> Letter:
        self.numbers += 1
        letter = Letter(self.step, kind, who, note, at, self.numbers, v)
        self.history.letters.append(letter)
        return letter


@dataclass(frozen=True, slots=True)
class Arrival:
    """One letter comes: in which shape, again or not, and whether the worker rests afterwards."""

    letter: Letter
    shape: int = 0
    rests: bool = True

    def __repr__(self) -> str:
        return f"{self.letter!r} (shape {self.shape}{', then the worker rests' if self.rests else ''})"


@dataclass(frozen=True, slots=True)
class Plan:
    """A history, and another order to hear of it; `late` is whether everything had happened by then."""

    history: History
    arrivals: Sequence[Arrival]
    late: bool

    def __repr__(self) -> str:
        lines = ["", "written:", *map(repr, self.history.letters), f"came{' late' if self.late else ''}:"]
        return "\n  ".join([*lines, *map(repr, self.arrivals)])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As Hypothesis prints an example: lines to read."""
        printer.text(repr(self))
