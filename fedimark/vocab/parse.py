"""PURE. From a document to an activity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from types import MappingProxyType
from typing import NamedTuple

from fedimark.vocab.activities import (
    Accept,
    Activity,
    ActivityRef,
    Announce,
    Block,
    Create,
    Delete,
    Flag,
    Follow,
    Like,
    Move,
    QuoteRequest,
    Reject,
    Undo,
    Unknown,
    Update,
)
from fedimark.vocab.actors import read_actor
from fedimark.vocab.objects import Note, read_note
from fedimark.vocab.reading import Unreadable, needed_id, one_id, one_type, own_id, recipients, text, types, when
from fedimark.vocab.terms import ACTOR_TYPES, NOTE_TYPES, Doc


class Head(NamedTuple):
    """What every activity says, in the order of `Activity`."""

    id: str | None
    actor: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    published: int | None


HEARTS = frozenset({"❤", "👍", "⭐"})  # of reactions, those that mean what a like does

Reader = Callable[[Head, Doc], Activity]


def parse(doc: Doc) -> Activity:
    """Read an activity; raises Unreadable without a type and one actor, or where its own kind lacks what it needs.

    An activity of a kind we do not know is `Unknown`, not an error: the fediverse sends many.
    """
    if not types(doc):
        raise Unreadable("type")
    head = Head(
        id=own_id(doc),
        actor=needed_id(doc.get("actor"), "actor"),
        to=recipients(doc.get("to")),
        cc=recipients(doc.get("cc")),
        published=when(doc.get("published")),
    )
    known = one_type(doc, READERS)
    return _unknown(head, doc) if known is None else READERS[known](head, doc)


def _follow(head: Head, doc: Doc) -> Activity:
    return Follow(**head._asdict(), object=needed_id(doc.get("object"), "object"))


def _block(head: Head, doc: Doc) -> Activity:
    return Block(**head._asdict(), object=needed_id(doc.get("object"), "object"))


def _like(head: Head, doc: Doc) -> Activity:
    # Misskey says of every reaction that it is a Like.
    reaction = text(doc.get("_misskey_reaction")) or text(doc.get("content"))
    if reaction and reaction.removesuffix("\ufe0f") not in HEARTS:
        return Unknown(**head._asdict(), type="Like with a reaction")
    return Like(**head._asdict(), object_id=needed_id(doc.get("object"), "object"))


def _announce(head: Head, doc: Doc) -> Activity:
    about, whole, value = "", None, _alone(doc.get("object"))
    # Groups of Lemmy, PieFed, Mbin and NodeBB announce whole activities. (FEP-1b12)
    if isinstance(value, dict) and "object" in value and types(value):
        about = types(value)[0]
        if about not in ANNOUNCED:
            return _unknown(head, doc)
        whole, value = value, _alone(value.get("object"))
    object_id, embedded = _object(value)
    return Announce(**head._asdict(), object_id=object_id, about=about, note=_perhaps(embedded), whole=whole)


def _move(head: Head, doc: Doc) -> Activity:
    target = needed_id(doc.get("target"), "target")
    return Move(**head._asdict(), object=needed_id(doc.get("object"), "object"), target=target)


def _undo(head: Head, doc: Doc) -> Activity:
    found = _ref(doc.get("object"), UNDONE)
    return _unknown(head, doc) if found is None else Undo(**head._asdict(), kind=found[0], undone=found[1])


def _accept(head: Head, doc: Doc) -> Activity:
    found = _ref(doc.get("object"), ANSWERED)
    if found is None:
        return _unknown(head, doc)
    return Accept(**head._asdict(), answered=found[1], kind=found[0], result=one_id(doc.get("result")))


def _reject(head: Head, doc: Doc) -> Activity:
    found = _ref(doc.get("object"), ANSWERED)
    return _unknown(head, doc) if found is None else Reject(**head._asdict(), answered=found[1], kind=found[0])


def _quote_request(head: Head, doc: Doc) -> Activity:
    object_id = needed_id(_alone(doc.get("object")), "object")
    quoting = _alone(doc.get("instrument"))
    instrument = needed_id(quoting, "instrument")
    if not isinstance(quoting, dict):
        return QuoteRequest(**head._asdict(), object_id=object_id, instrument=instrument)
    by, note = one_id(quoting.get("attributedTo")), _perhaps(quoting)
    return QuoteRequest(**head._asdict(), object_id=object_id, instrument=instrument, instrument_by=by, note=note)


def _flag(head: Head, doc: Doc) -> Activity:
    objects = recipients(doc.get("object"))[:MOST_FLAGGED]
    if not objects:
        raise Unreadable("object")
    return Flag(**head._asdict(), object_ids=objects, content=text(doc.get("content"), LONGEST_FLAG))


def _create(head: Head, doc: Doc) -> Activity:
    object_id, embedded = _object(doc.get("object"))
    return Create(**head._asdict(), object_id=object_id, object=embedded, note=_note(embedded))


def _update(head: Head, doc: Doc) -> Activity:
    object_id, embedded = _object(doc.get("object"))
    kind = None if embedded is None else one_type(embedded, ACTOR_TYPES | NOTE_TYPES)
    return Update(
        **head._asdict(),
        object_id=object_id,
        object=embedded,
        note=_note(embedded),
        person=read_actor(embedded) if embedded is not None and kind in ACTOR_TYPES else None,
    )


def _delete(head: Head, doc: Doc) -> Activity:
    return Delete(**head._asdict(), object_id=needed_id(doc.get("object"), "object"))


def _unknown(head: Head, doc: Doc) -> Activity:
    inner = doc.get("object")
    words = (*types(doc)[:1], *(types(inner)[:1] if isinstance(inner, dict) else ()))
    return Unknown(**head._asdict(), type=text(" ".join(words), 128))


MOST_FLAGGED = 50  # ids of one report
LONGEST_FLAG = 5_000  # characters
ANNOUNCED = frozenset({"Create", "Update", "Delete"})  # what a group may tell us of others' activities
ANSWERED = frozenset({"Follow", "QuoteRequest"})  # what an Accept or Reject of means something to us
UNDONE = frozenset({"Follow", "Block", "Like", "Announce"})  # what an Undo of means something to us

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "Follow": _follow,
        "Block": _block,
        "Like": _like,
        "Announce": _announce,
        "Move": _move,
        "Undo": _undo,
        "Accept": _accept,
        "Reject": _reject,
        "QuoteRequest": _quote_request,
        "Flag": _flag,
        "Create": _create,
        "Update": _update,
        "Delete": _delete,
    }
)


def _alone(value: object) -> object:
    # A list of one is the one; a list of several would leave it open which was meant.
    if not isinstance(value, list):
        return value
    if len(value) != 1:
        raise Unreadable("object")
    return value[0]


def _ref(value: object, kinds: Set[str]) -> tuple[str, ActivityRef] | None:
    """The activity inside another and its type, empty where it is not said; None for a type not among `kinds`."""
    value = _alone(value)
    if not isinstance(value, dict):
        return "", ActivityRef(needed_id(value, "object"), None, None)
    kind = one_type(value, kinds)
    if types(value) and kind is None:
        return None
    said_of = one_id(value.get("actor")), one_id(_alone(value.get("object")))
    instrument = one_id(_alone(value.get("instrument")))
    ref = ActivityRef(own_id(value), *said_of, when(value.get("published")), instrument)
    if ref.id is None and (ref.actor is None or ref.object is None):
        raise Unreadable("object")
    return kind or "", ref


def _object(value: object) -> tuple[str, Doc | None]:
    value = _alone(value)
    if isinstance(value, dict):
        return needed_id(own_id(value), "object"), value
    return needed_id(value, "object"), None


def _perhaps(embedded: Doc | None) -> Note | None:
    try:
        return _note(embedded)
    except Unreadable:  # it is not believed anyway
        return None


def _note(embedded: Doc | None) -> Note | None:
    if embedded is None or one_type(embedded, NOTE_TYPES) is None:
        return None
    return read_note(embedded)
