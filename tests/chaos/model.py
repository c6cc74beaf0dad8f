"""PURE. What one saver was promised of one page, from the answers they got and nothing else."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

FOLLOWERS_SEE = frozenset({"public", "unlisted", "followers"})


@dataclass(frozen=True, slots=True)
class Words:
    """What a bookmark says, all of one version: a mixture of two is half a bookmark."""

    version: int
    visibility: str
    starred: bool = False

    @property
    def title(self) -> str:
        """`Version 7`."""
        return f"Version {self.version}"

    @property
    def description(self) -> str:
        """A paragraph that names the version too."""
        return f"These are the words of version {self.version}."

    @property
    def tags(self) -> str:
        """Two tags, one of them the version's own."""
        return f"chaos v{self.version}"

    @property
    def private_note(self) -> str:
        """What never leaves."""
        return f"Note of version {self.version}."

    @property
    def is_seen_elsewhere(self) -> bool:
        """Whether followers have it."""
        return self.visibility in FOLLOWERS_SEE


@dataclass(frozen=True, slots=True)
class State:
    """A page as its saver has it: `words` None is not at all; a removed one may still come back."""

    words: Words | None = None
    removed: bool = False

    @property
    def live(self) -> Words | None:
        """What others may see of it."""
        return None if self.removed else self.words


@dataclass(slots=True)
class Page:
    """One saver's dealings with one address: what was answered, and what a request without an answer may have done."""

    url: str
    state: State = field(default_factory=State)
    perhaps: State | None = None  # what is so if the last request was done, though nobody answered
    bookmark_id: str = ""
    version: int = 0

    def next_words(self, chance: random.Random) -> Words:
        """Words that were never said before."""
        self.version += 1
        visibility = chance.choice(("public", "public", "public", "unlisted", "followers", "private"))
        return Words(self.version, visibility)

    def answered(self, state: State) -> None:
        """So it is, by their word."""
        self.state, self.perhaps = state, None

    def seen(self, state: State) -> None:
        """What stands there after a request that nobody answered: what was, or what was asked for, and nothing else.

        A removed one may have ended meanwhile.
        """
        may = [each for each in (self.state, self.perhaps) if each is not None]
        may += [State() for each in may if each.removed]
        assert state in may, f"{self.url}: is {state}, was promised as {self.state}, perhaps {self.perhaps}"
        self.answered(state)


def removed(state: State) -> State:
    """After a removal."""
    return replace(state, removed=True)
