"""PURE. Activities in their usual shape, read only as far as taking them in needs.

Nine of ten activities are a Create of a whole Note, written as everybody writes it. What this reads, `loads` and
`parse` read too, and find the very same in it; whatever could be in doubt it leaves to them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from fedimark.vocab.reading import DEEPEST, LONGEST_ID, MOST_RECIPIENTS, has_odd_escapes, is_too_deep, loads
from fedimark.vocab.terms import NOTE_TYPES, Doc

_ONE_ADDRESS: Final = ("inReplyTo", "quote", "quoteUrl", "quoteUri", "_misskey_quote")
_GREATEST: Final = 2**53
_URL = re.compile(r"https?://[a-z0-9.-]+(?::[1-9][0-9]{0,3})?/[^\x00-\x20\x7f-\xa0]*", re.ASCII)
_REST = re.compile(r"[^\x00-\x20\x7f-\xa0]*")
_LATE_COLON = re.compile(rb'"[ \t\r\n]++:')
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Usual(NamedTuple):
    """A Create of a Note whose id, actor and object are of one origin, the Note its actor's; and its text."""

    id: str
    actor: str
    object_id: str
    text: str


def read_usual(body: bytes) -> Usual | None:
    """Read a Create in its usual shape; None for everything else, which may still be a good activity."""
    doc = _document(body)
    # A proof inside tells nothing more: the signature of the request covers every byte of it.
    if doc is None or doc.get("type") != "Create":
        return None
    note: Any = doc.get("object")
    actor: Any = doc.get("actor")
    own_id: Any = doc.get("id")
    if type(note) is not dict or note.get("attributedTo") != actor:
        return None
    kind: Any = note.get("type")
    object_id: Any = note.get("id")
    if type(kind) is not str or kind not in NOTE_TYPES:
        return None
    origin = _origin(actor) if type(actor) is str and len(actor) <= LONGEST_ID else ""
    if not (origin and _is_below(own_id, origin) and _is_below(object_id, origin)):
        return None
    if not (_is_addressed(doc) and _is_addressed(note) and _says_one_address(note)):
        return None
    return Usual(own_id, actor, object_id, body.decode("utf-8"))


def read(body: bytes) -> Doc:
    """What `loads` reads, and the very same; at half its price where the document is written as usual."""
    found = _document(body)
    return loads(body) if found is None else found


def _document(body: bytes) -> Doc | None:
    """A JSON object that two readers cannot read differently, and none of whose keys comes twice."""
    try:
        doc = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if type(doc) is not dict or has_odd_escapes(body):
        return None
    said, amount = _objects([value for name, value in doc.items() if name != "@context"])
    defined, amount_of_terms = _objects([doc.get("@context")])
    if amount < 0 or amount_of_terms < 0:
        return None
    said.append(doc)
    for each in said:
        if "@id" in each or "@type" in each:
            return None
    # Written anew it is the same, byte for byte: so no key came twice, and lost its first value.
    is_same = _encode(doc) == body
    # What holds few cannot be deep.
    if (not is_same or amount + amount_of_terms > DEEPEST) and is_too_deep(body):
        return None
    return doc if is_same or _has_each_key_once(body, [*said, *defined]) else None


def _has_each_key_once(body: bytes, objects: list[Doc]) -> bool:
    """Whether there are as many colons behind names as there are names left; where that is in doubt, no."""
    some = b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body
    if some and _LATE_COLON.search(body) is not None:
        return False
    return body.count(b'":') == sum([len(each) for each in objects])


def _objects(values: list[Any]) -> tuple[list[Doc], int]:
    """Every object in some values and below them, and how many of objects and lists there are at most; less than none
    where a number is one that readers may take for another.
    """
    found: list[Doc] = []
    todo: list[Any] = [values]
    for each in todo:
        if type(each) is dict:
            found.append(each)
            inside = each.values()
        else:
            inside = each
        for value in inside:
            kind = type(value)
            if kind is str or value is None or kind is bool:
                continue
            if kind is dict or kind is list:
                todo.append(value)
            elif kind is not int or not -_GREATEST < value < _GREATEST:
                return found, -1
    return found, len(todo)


@lru_cache(maxsize=1024)
def _origin(actor: str) -> str:
    """Where an actor lives, up to the first slash of the path; empty for what is no address in its plainest form."""
    return actor[: actor.index("/", 8) + 1] if _URL.fullmatch(actor) is not None else ""


def _is_below(value: Any, origin: str) -> bool:
    """Whether something is an address of an origin; what comes after it is all that can be wrong."""
    if type(value) is not str or len(value) > LONGEST_ID or not value.startswith(origin):
        return False
    is_plain = value.isascii() and value.isprintable() and " " not in value
    return is_plain or _REST.fullmatch(value, len(origin)) is not None


def _is_addressed(doc: Doc) -> bool:
    return _is_short(doc.get("to")) and _is_short(doc.get("cc"))


def _is_short(value: Any) -> bool:
    if type(value) is not list:
        return value is None or (type(value) is str and len(value) <= LONGEST_ID)
    if len(value) > MOST_RECIPIENTS:
        return False
    try:
        if len("".join(value)) <= LONGEST_ID:
            return True
    except TypeError:  # not all of them are text
        return False
    return all(len(each) <= LONGEST_ID for each in value)


def _says_one_address(note: Doc) -> bool:
    for name in _ONE_ADDRESS:
        value = note.get(name)
        if value is not None and (type(value) is not str or len(value) > LONGEST_ID):
            return False
    return True
