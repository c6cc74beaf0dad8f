"""What the short reader takes, the strict one takes too, and finds the very same in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fedimark.inbox import authority
from fedimark.vocab.activities import Create
from fedimark.vocab.parse import parse
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import Doc
from fedimark.vocab.usual import read, read_usual
from tests.support.wire_mutations import mutations

WIRE = Path(__file__).parents[1] / "wire"
ANA = "https://marks.example/u/ana"
NOTE = f"{ANA}/b/k3v7q2mzt5xha"


def create(**said: Any) -> dict[str, Any]:
    """A Create of ana's, whose Note says these things beside."""
    note = {"id": NOTE, "type": "Note", "attributedTo": ANA, "content": "<p>Hi</p>", **said}
    return {"id": f"{NOTE}/activity/1", "type": "Create", "actor": ANA, "to": ["as:Public"], "object": note}


def written(document: Any) -> bytes:
    """As most servers write it."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def agree(body: bytes) -> bool:
    """Whether the short reader takes it; then the strict one must find the same, and it is its actor's to say."""
    usual = read_usual(body)
    if usual is None:
        return False
    activity = parse(loads(body))
    assert isinstance(activity, Create)
    assert activity.note is not None
    assert (activity.id, activity.actor, activity.object_id) == (usual.id, usual.actor, usual.object_id)
    assert usual.text.encode() == body
    authority.check(activity)
    return True


def found(reader: Callable[[bytes], Doc], body: bytes) -> Doc | str:
    """What a reader finds in it, or why it takes it for unreadable."""
    try:
        return reader(body)
    except Unreadable as error:
        return error.reason


def test_every_document_is_read_alike_in_haste():
    documents = [json.loads(file.read_text("utf-8")) for file in sorted(WIRE.glob("*/*.json"))]
    bodies = [*map(written, documents), *mutations(documents, 3_000)]

    assert [found(read, body) for body in bodies] == [found(loads, body) for body in bodies]


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b'{"a":18446744073709551616}', b'{"a":1e999}', b'{"a":0.1}', b"["])
def test_what_is_odd_is_read_by_the_strict_reader(body):
    assert found(read, body) == found(loads, body)


def test_what_servers_send_is_read_alike():
    documents = [json.loads(file.read_text("utf-8")) for file in sorted(WIRE.glob("*/*.json"))]

    taken = [document for document in documents if agree(written(document))]

    assert len(taken) > 3
    assert all(document["type"] == "Create" for document in taken)


def test_whatever_is_changed_in_them_both_readers_agree():
    documents = [json.loads(file.read_text("utf-8")) for file in sorted(WIRE.glob("*/create*.json"))]
    whole = [document for document in documents if isinstance(document.get("object"), dict)]

    taken = sum(agree(body) for body in mutations([*whole, create(), create(inReplyTo=NOTE)], 6_000))

    assert taken > 100


@pytest.mark.parametrize("spaces", [(",", ":"), (", ", ": ")])
def test_spaces_and_escapes_as_others_write_them_change_nothing(spaces):
    document = create(content='<a href="https://x.example/">“ü” \\ / :</a>')

    assert agree(json.dumps(document, separators=spaces).encode())
    assert agree(json.dumps(document, separators=spaces, ensure_ascii=False, indent=1).encode())


@pytest.mark.parametrize(
    ("what", "becomes"),
    [
        (b'"type":"Create"', b'"type":"Create","type":"Create"'),
        (b'"actor":', b'"actor":"https://marks.example/u/eve","actor":'),
        (b'"content":', b'"content":"\\":","content" :'),
        (b'"content":', b'"content"\n:"","content":'),
        (b'"attributedTo":', b'"attributedTo":"https://marks.example/u/eve","attributedTo":'),
        (b'"content":', b'"size":NaN,"content":'),
        (b'"content":', b'"size":1e999,"content":'),
        (b'"content":', b'"size":123456789012345678901234567890,"content":'),
        (b"<p>Hi</p>", b"\\u0000"),
        (b"<p>Hi</p>", b"\\ud83d"),
        (b"<p>Hi</p>", b"\xed\xa0\xbd"),
        (b"<p>Hi</p>", b"\xff"),
        (b'"content":', b'"deep":' + b"[" * 40 + b"]" * 40 + b',"content":'),
        (b'"content":', b'"deep":' + b"[" * 100_000 + b"]" * 100_000 + b',"content":'),
        (b'"type":"Note"', b'"type":"Note","@type":"Person"'),
        (b'"content":', b'"tag":[{"type":"Hashtag","@type":"Link","name":"#x"}],"content":'),
        (b'"content":', b'"inReplyTo":[1,{"id":7}],"content":'),
        (b'"to":["as:Public"]', b'"to":[{"id":"as:Public"}]'),
    ],
)
def test_whatever_could_be_in_doubt_is_left_to_the_strict_reader(what, becomes):
    body = written(create())
    assert agree(body)

    assert read_usual(body.replace(what, becomes)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "https://other.example/1"},
        {"actor": "https://other.example/u/ana"},
        {"actor": "https://marks.example:8443/u/ana"},
        {"actor": "https://marks.example@evil.example/u/ana"},
        {"object": {"id": "https://other.example/1", "type": "Note", "attributedTo": ANA}},
        {"object": {"id": NOTE, "type": "Note", "attributedTo": "https://marks.example/u/eve"}},
        {"object": {"id": NOTE, "type": "Note"}},
        {"object": {"id": NOTE, "type": ["Note"], "attributedTo": ANA}},
        {"object": {"id": NOTE, "type": "Person", "attributedTo": ANA}},
        {"object": NOTE},
        {"type": "Update"},
        {"type": ["Create"]},
    ],
)
def test_what_is_not_surely_its_actors_to_say_is_left_to_the_strict_reader(changed):
    document = create() | changed

    assert read_usual(written(document)) is None


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"object":[]}']
)
def test_what_is_no_activity_is_left_to_the_strict_reader(body):
    assert read_usual(body) is None

    with pytest.raises(Unreadable):
        parse(loads(body))
