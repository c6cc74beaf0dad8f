"""PURE. The activities we understand, one strict type each."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.vocab.actors import ActorDocument
from fedimark.vocab.objects import Note
from fedimark.vocab.terms import Doc


@dataclass(frozen=True, slots=True)
class ActivityRef:
    """The activity that another one speaks of: by its id, by who did it to whom, or by both.

    `published`, where it stands there, tells which is meant of those that were said under one id; `instrument` is the
    Note that was to quote, where it is a QuoteRequest.
    """

    id: str | None
    actor: str | None
    object: str | None
    published: int | None = None
    instrument: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What every activity says. Nothing is proven here: that is `inbox.authority`.

    `id` is None where the sender gave none (Postmarks, old Betula). `published` is in microseconds since 1970 UTC.
    """

    id: str | None
    actor: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    published: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Activity):
    """`actor` asks to follow `object`."""

    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Activity):
    """`actor` wants nothing to do with `object`."""

    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Like(Activity):
    """`actor` likes `object_id`."""

    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(Activity):
    """`actor` passes on an object of somebody.

    Where they announce what somebody did to it (FEP-1b12), `about` is that activity's type, else it is empty. `note`
    is what they say the object is, None where they do not: good for passing it over, never to be believed.
    `whole` is that activity as they sent it, None for an object alone: it may bear the proof of whoever said it.
    """

    object_id: str
    about: str
    note: Note | None
    whole: Doc | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Activity):
    """`actor` says that `object`, themselves, is now `target`."""

    object: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Activity):
    """`actor` takes an activity back: `kind` is its type, empty where only its id was said."""

    kind: str
    undone: ActivityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Activity):
    """`actor` lets a Follow stand, or lets somebody quote them: `kind` is the type of what they answer, empty where it
    was not said, and `result` the id of the QuoteAuthorization they gave.
    """

    answered: ActivityRef
    kind: str = "Follow"
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Activity):
    """`actor` refuses a Follow or a QuoteRequest, or ends one accepted before; `kind` as in Accept."""

    answered: ActivityRef
    kind: str = "Follow"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRequest(Activity):
    """`actor` asks to quote `object_id` in `instrument`, a Note of theirs. (FEP-044f)

    `instrument_by` is whose that Note is by its own word and `note` all of it, None where only its id was sent.
    """

    object_id: str
    instrument: str
    instrument_by: str | None = None
    note: Note | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Activity):
    """`actor`, mostly a server itself, reports `object_ids`: somebody, and what they said; `content` says why."""

    object_ids: tuple[str, ...]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Activity):
    """`actor` published an object.

    `object` is the document as sent, None where only its id was; `note` is None for types we do not read.
    """

    object_id: str
    object: Doc | None
    note: Note | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Activity):
    """`actor` changed an object: a note, or themselves; both are None for types we do not read."""

    object_id: str
    object: Doc | None
    note: Note | None
    person: ActorDocument | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Activity):
    """`actor` took an object away; themselves where `object_id` is the actor."""

    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Activity):
    """Anything else, counted and dropped. `type` holds both words where one speaks of another."""

    type: str
