"""What the server says that an activity's object is of, when what came with the activity is not enough."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.database import Row
from fedimark.vocab.objects import Note


@dataclass(frozen=True, slots=True)
class Origin:
    """A Note with its author, or an actor, as their own server shows them; nothing where it may not be believed.

    `is_gone` says that the server answered 410 or showed a Tombstone; of what others announce, also that it said 404,
    and then `may_return`. `is_proven` says that nobody was asked: the author's own proof stood in the activity.
    `stamp` is the id of a QuoteAuthorization that they serve.
    """

    note: Note | None = None
    author: Row | None = None
    actor: Row | None = None
    is_gone: bool = False
    may_return: bool = False
    is_proven: bool = False
    stamp: str = ""


NOTHING = Origin()
