"""PURE. Activities in their usual shape, read only as far as taking them in needs.

Nine of ten activities are a Create of a whole Note, written as everybody writes it. What this reads, `loads` and
`parse` read too, and find the very same in it; whatever could be in doubt it leaves to them.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import msgspec

from fedimark.vocab.reading import LONGEST_ID, MOST_RECIPIENTS, has_odd_escapes, is_too_deep, loads
from fedimark.vocab.terms import NOTE_TYPES, Doc

_ONE_ADDRESS: Final = ("inReplyTo", "quote", "quoteUrl", "quoteUri", "_misskey_quote")
_GREATEST: Final = 2**53
_URL = re.compile(r"https?://[a-z0-9.-]+(?::[1-9][0-9]{0,3})?/[^\x00-\x20\x7f-\xa0]*", re.ASCII)
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
    if not (_is_address(actor) and _is_address(own_id) and _is_address(object_id)):
        return None
    origin = actor[: actor.index("/", 8) + 1]
    if not (own_id.startswith(origin) and object_id.startswith(origin)):
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
    said = _objects([value for name, value in doc.items() if name != "@context"])
    defined = _objects([doc.get("@context")])
    if said is None or defined is None:
        return None
    said.append(doc)
    for each in said:
        if "@id" in each or "@type" in each:
            return None
    if is_too_deep(body):
        return None
    # Written anew it is the same, byte for byte: so no key came twice, and lost its first value.
    if _encode(doc) != body and not _has_each_key_once(body, [*said, *defined]):
        return None
    return doc


def _has_each_key_once(body: bytes, objects: list[Doc]) -> bool:
    """Whether there are as many colons behind names as there are names left; where that is in doubt, no."""
    some = b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body
    if some and _LATE_COLON.search(body) is not None:
        return False
    return body.count(b'":') == sum([len(each) for each in objects])


def _objects(values: list[Any]) -> list[Doc] | None:
    """Every object in some values and below them; None where a number is one that readers may take for another."""
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
                return None
    return found


def _is_address(value: Any) -> bool:
    return type(value) is str and len(value) <= LONGEST_ID and _URL.fullmatch(value) is not None


def _is_addressed(doc: Doc) -> bool:
    return _is_short(doc.get("to")) and _is_short(doc.get("cc"))


def _is_short(value: Any) -> bool:
    if type(value) is not list:
        return value is None or (type(value) is str and len(value) <= LONGEST_ID)
    if len(value) > MOST_RECIPIENTS:
        return False
    return all(type(each) is str and len(each) <= LONGEST_ID for each in value)


def _says_one_address(note: Doc) -> bool:
    for name in _ONE_ADDRESS:
        value = note.get(name)
        if value is not None and (type(value) is not str or len(value) > LONGEST_ID):
            return False
    return True
