"""Documents of the fediverse, taken home to one speaker and then changed: fields gone, doubled, of another type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from fedimark.vocab.terms import AS, PUBLIC

HOST = "wire.example"
SPEAKER = f"https://{HOST}/users/wanda"
OUTBOX = f"{SPEAKER}/outbox"

Place = tuple[Any, Any]  # a dict or list, and the key or index of one of its values

# Where something of somebody can be meant; tests put in what there is: people, bookmarks, follows of theirs.
POINTERS = [
    SPEAKER,
    f"{SPEAKER}/followers",
    f"https://{HOST}/notes/1",
    f"https://{HOST}/users/neighbour",
    "https://a.example/u/ana",
    "https://a.example/actor",
    "https://a.example/inbox",
    "https://a.example/u/ana/followers",
    "https://other.example/users/mallory",
    PUBLIC,
    "as:Public",
]
BIG = 10**30
ODD = [
    *(None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, BIG, 1e308, 1e-308, 0.1, float("nan"), float("inf")),
    *(
        "",
        " ",
        "\x00",
        "a\x00b",
        "\ud800",
        "a\udfffb",
        "\u202e",
        "é" * 300,
        "x" * 3_000,
        "\U0001f40d",
        "\r\n",
        "'\"<>&",
    ),
    *([], {}, [[]], [None], [{}], {"id": None}, {"id": 7}, {"type": "Note"}, ["a", ["b"]], {"": ""}, {"@value": "x"}),
    *("https://", "https://[", "https://[::1]/", "http://127.0.0.1/", "https://x.example:99999/", "https://é.example/"),
    *("https://wire.example/\u202e", "https://wire.example/%00", "https://wire.example/#", "javascript:alert(1)"),
    *("//wire.example/", "acct:wanda@wire.example", "did:key:z6Mk", "urn:x", "mailto:x", "data:text/html,x"),
    *("9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "1970-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "now"),
    *(
        "<script>alert(1)</script>",
        "<b>" * 2_000,
        "<a href='https://store.example/'>x</a>",
        "&#0;&#xD800;",
        "<![CDATA[",
    ),
]
_ALPHABET = [
    *range(0x00, 0x100),
    0x200D,
    0x202E,
    0x2028,
    0x3002,
    0xD83D,
    0xDC0D,
    0xFDFA,
    0xFEFF,
    0xFFFF,
    0x1F40D,
    0x10FFFF,
]
TYPES = [
    *("Create", "Update", "Delete", "Undo", "Accept", "Reject", "Announce", "Like", "Follow", "Block", "Move", "Add"),
    *("Remove", "Flag", "Note", "Page", "Article", "Person", "Group", "Tombstone", "Link", "Hashtag", "Mention"),
    *("OrderedCollection", "CollectionPage", "as:Note", ["Note", "Page"], ["Create", "Update"], "x" * 200, ""),
]
FIELDS = [
    *("id", "@id", "type", "@type", "actor", "object", "target", "to", "cc", "published", "updated", "attributedTo"),
    *("name", "nameMap", "content", "contentMap", "source", "tag", "attachment", "url", "inReplyTo", "quote", "inbox"),
    *("outbox", "endpoints", "publicKey", "assertionMethod", "preferredUsername", "webfinger", "followers", "icon"),
    *(
        "alsoKnownAs",
        "fedimark:tags",
        "rawTag",
        "href",
        "orderedItems",
        "items",
        "first",
        "next",
        "totalItems",
        "links",
    ),
    *("subject", "rel", "summary", "indexable", "generator", "bto", "audience", "@context", "__proto__", ""),
]


def at_home(document: dict[str, Any], targets: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The document as the speaker's server would send it: who says it is the speaker, and its host theirs.

    What nobody says, a collection say, becomes the speaker's outbox. `targets` are words for whom it is said to.
    """
    said = next((document[name] for name in ("actor", "attributedTo", "id") if document.get(name)), "")
    who = said.get("id") if isinstance(said, dict) else said
    if not isinstance(who, str) or "://" not in who:
        return document
    host = who.split("/")[2]
    is_said = "actor" in document or "attributedTo" in document or "inbox" in document
    written = json.dumps(document | {"@context": AS}).replace(json.dumps(who)[1:-1], SPEAKER if is_said else OUTBOX)
    moved = written.replace(f"//{host}/", f"//{HOST}/")
    for theirs, ours in (targets or {}).items():
        moved = moved.replace(theirs, ours)
    found: dict[str, Any] = json.loads(moved)
    return found


def mutations(documents: Sequence[dict[str, Any]], amount: int, pointers: Sequence[str] = ()) -> Iterator[bytes]:
    """So many of them, the same each time; `pointers` are further addresses that fields are made to name."""
    draw = Random(len(documents))
    return (mutated(draw.choice(documents), draw.getrandbits(64), [*POINTERS, *pointers]) for _ in range(amount))


def mutated(document: dict[str, Any], seed: int, pointers: Sequence[str] = POINTERS) -> bytes:
    """One document changed in one to three places, as bytes; the same for the same seed."""
    draw = Random(seed)
    whole = {"": deepcopy(document)}
    for _ in range(draw.randint(1, 3)):
        draw.choice(_CHANGES)(draw, *draw.choice(list(_places(whole))), pointers)
    return _written(draw, whole[""])


def _places(value: Any) -> Iterator[Place]:
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(each, dict | list):
            yield from _places(each)


def _odd(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    inside[key] = deepcopy(draw.choice(ODD))


def _point(draw: Random, inside: Any, key: Any, pointers: Sequence[str]) -> None:
    address = draw.choice(pointers)
    value = inside[key]
    inside[key] = value | {"id": address} if isinstance(value, dict) else address


def _drop(_: Random, inside: Any, key: Any, __: Sequence[str]) -> None:
    if key != "":
        del inside[key]


def _listed(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    many = 3 if isinstance(inside[key], dict | list) else 1_200
    inside[key] = [inside[key]] * draw.choice([1, 2, many])


def _wrapped(_: Random, inside: Any, key: Any, __: Sequence[str]) -> None:
    inside[key] = {"id": inside[key], "type": "Object"}


def _bare(_: Random, inside: Any, key: Any, __: Sequence[str]) -> None:
    value = inside[key]
    inside[key] = (
        value.get("id", "") if isinstance(value, dict) else value[0] if isinstance(value, list) and value else ""
    )


def _typed(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    target = inside[key] if isinstance(inside[key], dict) else inside
    target["type" if isinstance(target, dict) else key] = draw.choice(TYPES)


def _named(draw: Random, inside: Any, key: Any, pointers: Sequence[str]) -> None:
    target = inside[key] if isinstance(inside[key], dict) else inside
    if isinstance(target, dict) and "" not in target:
        name = draw.choice(FIELDS[:-1])
        target[name] = deepcopy(draw.choice([*ODD, *pointers, *pointers]))


def _deep(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    for _level in range(draw.choice([5, 28, 40])):
        inside[key] = [inside[key]] if draw.random() < 0.5 else {"object": inside[key], "type": "Create"}


def _huge(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    inside[key] = draw.choice(["x", "é", "<p>", "#a ", "\\", '"', "\U0001f40d", "&amp;"]) * 20_000


def _letters(draw: Random, most: int) -> str:
    return "".join(chr(draw.choice(_ALPHABET)) for _ in range(draw.randint(0, most)))


def _text(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    inside[key] = _letters(draw, 12)


def _swapped(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    others = list(inside if isinstance(inside, dict) else range(len(inside)))
    other = others[draw.randint(0, len(others) - 1)]
    inside[key], inside[other] = inside[other], inside[key]


def _moved(draw: Random, inside: Any, key: Any, _: Sequence[str]) -> None:
    value = inside[key]
    if isinstance(value, str):
        start = draw.randint(0, min(len(value), 60))
        inside[key] = value[:start] + _letters(draw, 3) + value[start + draw.randint(0, 3) :]


_CHANGES = (_odd, _odd, _point, _point, _point, _drop, _listed, _wrapped, _bare, _typed, _named, _named, _deep)
_CHANGES = (*_CHANGES, _huge, _text, _swapped, _moved, _moved)


def _written(draw: Random, document: Any) -> bytes:
    """As bytes: mostly JSON as everybody writes it, sometimes what only looks like it."""
    way = draw.randint(0, 23)
    if way == 0:
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    body = json.dumps(document).encode()
    if way == 1:
        key = draw.choice(FIELDS)
        return body.replace(b"{", b"{" + json.dumps(key).encode() + b": 1, ", draw.randint(1, 3))
    if way == 2:
        at = draw.randint(0, len(body))
        return body[:at] + draw.randbytes(draw.randint(0, 4)) + body[at + draw.randint(0, 4) :]
    return body
