"""What FEDERATION.md says of other software: a row for each peer of the pack, and every sample readable by each.

That the rows are what the pack yields is shown beside each story: tests/stories/test_peers.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.outbox.profiles import BOOKMARKS, LINK, MICRO, SMALL, instance_kind, profile_of
from tests.house.test_federation import HEADING, REFERENCE, put_together
from tests.house.tree import words
from tests.support.peers.quirks import PEERS
from tests.support.peers.reading import Shown, kind_of
from tests.support.peers.strict import Doc, Refused
from tests.support.peers.table import head, printed

TITLE = "How the page cache works"
GIVEN, COPY = "Create of a link for one person", "A copy of a bookmark"
# Betula knows remarks and no replies; and letters to one person are no bookmarks, so these have nowhere to put one.
NOT_FOR = {"Betula": {"Create of a reply", GIVEN}, "Mbin": {GIVEN}, "indielinks": {GIVEN}}
UNTITLED = ("Create of a reply", "Create of a remark")
NOTES = {
    MICRO: "A bookmark, for everybody",
    LINK: "A bookmark, for link aggregators and blogs",
    BOOKMARKS: "A bookmark, for bookmark servers",
    SMALL: "A bookmark, for bookmark servers",
}


class Samples(dict[str, Any]):
    """Every document by its heading, whole: what a sample refers to stands in its place."""

    def __missing__(self, title: str) -> Any:
        context = TEXTS[title].get("@context")
        if isinstance(context, str) and context.startswith(REFERENCE):
            context = self[context.removeprefix(REFERENCE)]["@context"]
        self[title] = {"@context": context}  # which its own proof refers to
        self[title] = put_together(TEXTS[title], self)
        return self[title]


TEXTS = {title: json.loads(text) for title, text in HEADING.findall(words("FEDERATION.md"))}
SAMPLES = Samples()


def sent_to(name: str, title: str) -> Doc:
    """A document as this peer gets it: Notes in its own shape, the server itself as what it takes."""
    document: Doc = dict(SAMPLES[title])
    if title == "The server itself":
        document["type"] = instance_kind(f"{PEERS[name].software}/1")
    if title in ("Create", "Update"):
        note = SAMPLES[NOTES[profile_of(PEERS[name].software)]]
        document["object"] = {**document["object"], **note}
    return document


def cells() -> list[tuple[str, str]]:
    """Each peer with each document that it reads; Notes in its own shape, and nothing that it refuses unread."""
    found = []
    for name, quirks in PEERS.items():
        shape = profile_of(quirks.software)
        foreign = set(NOTES.values()) - {NOTES[shape]} | NOT_FOR.get(name, set())
        foreign |= set() if shape == MICRO else {COPY}  # which is shown in one shape
        kinds = {title: kind_of(SAMPLES[title]) for title in TEXTS if title not in foreign}
        found += [(name, title) for title, kind in kinds.items() if kind not in quirks.refuses]
    return found


@pytest.mark.parametrize(("name", "title"), cells())
def test_every_peer_reads_every_document(name: str, title: str) -> None:
    document = sent_to(name, title)

    shown = PEERS[name].reader.read(document)

    if shown is not None:
        assert title in UNTITLED or TITLE in (shown.title, *shown.text.split("\n"))
        assert "Read it twice." in shown.text


def changed(document: Doc, **changes: Any) -> Doc:
    """The same with a Note inside that says other things; None takes a key away."""
    inner = {**document.get("object", document), **changes}
    kept = {key: value for key, value in inner.items() if value is not None}
    return {**document, "object": kept} if "object" in document else kept


ANA, OTHER = "https://marks.example/u/ana", "https://elsewhere.example/x"
LINK_ALONE = {"type": "Link", "href": "https://store.example/"}
KEY = {"id": f"{OTHER}#main-key", "owner": ANA, "publicKeyPem": "-----BEGIN PUBLIC KEY-----"}
# A peer, a document, and a change with which this peer cannot read it.
UNREADABLE = (
    ("Omnom", "Create", {"attributedTo": [ANA]}),
    ("Omnom", "Create", {"url": [ANA]}),
    ("Omnom", "Follow", {"object": None}),
    ("Ties", "A bookmark, for bookmark servers", {"to": ANA}),
    ("Ties", "A bookmark, for bookmark servers", {"name": None}),
    ("indielinks", "Create", {"replies": None}),
    ("indielinks", "Create", {"replies": {"id": f"{ANA}/replies", "totalItems": 0}}),
    ("indielinks", "The server itself", {"outbox": None}),
    ("indielinks", "Create", {"cc": None}),
    ("Betula", "Create", {"name": None, "nameMap": {"en": TITLE}}),
    ("Betula", "Create", {"quote": OTHER}),
    ("Betula", "Create", {"id": OTHER}),
    ("Postmarks", "Accept", {"type": None}),
    ("Lemmy", "A bookmark, for link aggregators and blogs", {"inReplyTo": OTHER}),
    ("Lemmy", "A bookmark, for link aggregators and blogs", {"attachment": LINK_ALONE}),
    ("Lemmy", "A person", {"outbox": None}),
    ("Lemmy", "The server itself", {"type": "Application"}),
    ("NodeBB", "Create", {"attachment": [LINK_ALONE]}),
    ("Mbin", "Create", {"attachment": [{"href": "https://store.example/"}]}),
    ("GoToSocial", "Update", {"updated": "2026-08-20T09:14:59Z"}),
    ("GoToSocial", "A person", {"manuallyApprovesFollowers": "no"}),
    ("Mastodon 4.4", "A person", {"publicKey": KEY}),
    ("Mastodon 4.4", "A person", {"type": "Note"}),
    ("Mastodon 4.7", "Create", {"attributedTo": OTHER}),
    ("Misskey", "A person", {"preferredUsername": "ana.", "name": "Ana"}),
    ("Misskey", "A person", {"featured": OTHER}),
    ("Pleroma (2021)", "Accept", {"id": None}),
)


@pytest.mark.parametrize(("name", "title", "change"), UNREADABLE)
def test_a_peer_that_cannot_read_a_document_refuses_it(name: str, title: str, change: Doc) -> None:
    document = sent_to(name, title)
    spoiled = (
        {**document, **change} if title in ("Follow", "A person", "The server itself") else changed(document, **change)
    )

    with pytest.raises((Refused, KeyError)):
        PEERS[name].reader.read(spoiled)


# What Notes of another shape than its own would look like there: why there are three.
MISREAD = (
    ("GoToSocial", LINK, {"warning": TITLE}),
    ("GoToSocial", BOOKMARKS, {"warning": TITLE, "tags": ("2024",)}),
    ("Pleroma (2021)", LINK, {"lines": 2}),
    ("Mastodon 4.4", BOOKMARKS, {"tags": ("pagecache",)}),
    ("Betula", BOOKMARKS, {"tags": ("page-cache", "2024")}),
    ("NodeBB", MICRO, {"title": ""}),
)


@pytest.mark.parametrize(("name", "shape", "seen"), MISREAD)
def test_a_note_of_another_shape_looks_otherwise(name: str, shape: str, seen: Doc) -> None:
    shown = PEERS[name].reader.read(SAMPLES[NOTES[shape]])

    assert isinstance(shown, Shown)
    found = {**{key: getattr(shown, key) for key in ("warning", "tags", "title")}, "lines": shown.text.count(TITLE)}
    assert found | seen == found


def test_snac2_hides_a_note_that_has_a_name() -> None:
    assert PEERS["snac2"].reader.read(SAMPLES[NOTES[LINK]]) is None
    assert PEERS["snac2"].reader.read(SAMPLES[NOTES[MICRO]]) is not None


def test_the_table_has_a_row_for_each_peer() -> None:
    rows = printed()

    assert rows[:2] == head()
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows[2:]] == list(PEERS)
