"""Every kind of activity, about everybody's things, by everybody: how each is made, and the few that do something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fedimark import addresses
from fedimark.vocab.terms import PUBLIC
from tests.rooms.strangers import Stranger

OWNERS = ("own", "a neighbour's", "another host's", "ana's", "ana's private")
SIGNERS = ("cleo", "eve", "mallory", "foe", "bad", "the server")
"""`cleo` and `ana` follow each other. `eve` is of cleo's server, `the server` is its instance actor, and `mallory` of
another one: nobody here knows more of them than who they are. `ana` blocks `foe`, and `bad` is of a blocked domain.
"""


@dataclass(frozen=True, slots=True)
class Things:
    """What somebody has: the addresses of their actor and of what they said; `follow` is a Follow of them for bo."""

    actor: str
    note: str
    said: str  # followed by the kind of an activity of theirs: `…#Like`
    follow: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One question: may this signer say this of that?"""

    signer: Stranger
    theirs: Things
    ana: str
    public: str  # the Note of a public bookmark of ana's

    def says(self, kind: str, thing: Any, **more: Any) -> dict[str, Any]:
        """What the signer says."""
        return {"id": f"{self.signer.uri}#{kind}-now", "type": kind, "actor": self.signer.uri, "object": thing, **more}

    def undoes(self, kind: str, thing: str) -> dict[str, Any]:
        """An Undo with the whole of what is undone."""
        undone = {"id": f"{self.theirs.said}#{kind}", "type": kind, "actor": self.theirs.actor, "object": thing}
        return self.says("Undo", undone)

    def answers(self, kind: str) -> dict[str, Any]:
        """An answer to the Follow of whose thing it is, with the whole of it."""
        follow = {
            "id": self.theirs.follow,
            "type": "Follow",
            "actor": self.theirs.follow.rpartition("/follows/")[0],
            "object": self.theirs.actor,
        }
        return self.says(kind, follow)

    def note(self, note_id: str, title: str) -> dict[str, Any]:
        """A bookmark of whose thing it is."""
        return bookmark(note_id, self.theirs.actor, title)


def neighbour(name: str, ana: str) -> str:
    """Another person of ana's server."""
    return ana.removesuffix("ana") + name


def bookmark(note_id: str, author: str, title: str, **more: Any) -> dict[str, Any]:
    """A public Note that is a bookmark."""
    link = {"type": "Link", "href": "https://store.example/page", "mediaType": "text/html"}
    said = {"id": note_id, "type": "Note", "attributedTo": author, "name": title, "content": "", "attachment": [link]}
    return {**said, "to": [PUBLIC], "published": "2026-02-01T00:00:00Z", **more}


def _person(cell: Cell) -> dict[str, Any]:
    document = cell.signer.document()
    return document | {"id": cell.theirs.actor, "name": "Changed"}


def _update(cell: Cell) -> dict[str, Any]:
    note = cell.note(cell.theirs.note, "Changed") | {"updated": "2026-02-28T00:00:00Z"}
    return cell.says("Update", note)


ACTIVITIES: MappingProxyType[str, Callable[[Cell], dict[str, Any]]] = MappingProxyType(
    {
        "Create": lambda cell: cell.says("Create", cell.note(f"{cell.theirs.note}-new", "New")),
        "Create by address": lambda cell: cell.says("Create", f"{cell.theirs.note}-new"),
        "Update a Note": _update,
        "Update by address": lambda cell: cell.says("Update", cell.theirs.note),
        "Update an actor": lambda cell: cell.says("Update", _person(cell), published="2026-03-02T00:00:00Z"),
        "Delete a Note": lambda cell: cell.says("Delete", {"id": cell.theirs.note, "type": "Tombstone"}),
        "Delete by address": lambda cell: cell.says("Delete", cell.theirs.note),
        "Delete an actor": lambda cell: cell.says("Delete", cell.theirs.actor),
        "Undo a Follow": lambda cell: cell.undoes("Follow", cell.ana),
        "Undo a Block": lambda cell: cell.undoes("Block", neighbour("cy", cell.ana)),
        "Undo a Like": lambda cell: cell.undoes("Like", cell.public),
        "Undo an Announce": lambda cell: cell.undoes("Announce", cell.public),
        "Undo a Follow by id": lambda cell: cell.says("Undo", f"{cell.theirs.said}#Follow"),
        "Undo a Block by id": lambda cell: cell.says("Undo", f"{cell.theirs.said}#Block"),
        "Undo a Like by id": lambda cell: cell.says("Undo", f"{cell.theirs.said}#Like"),
        "Undo an Announce by id": lambda cell: cell.says("Undo", f"{cell.theirs.said}#Announce"),
        "Undo a Create": lambda cell: cell.undoes("Create", cell.theirs.note),
        "Accept": lambda cell: cell.answers("Accept"),
        "Accept by id": lambda cell: cell.says("Accept", cell.theirs.follow),
        "Reject": lambda cell: cell.answers("Reject"),
        "Reject by id": lambda cell: cell.says("Reject", cell.theirs.follow),
        "Announce": lambda cell: cell.says("Announce", cell.theirs.note, to=[PUBLIC]),
        "Announce of an Update": lambda cell: cell.says("Announce", _update(cell), to=[PUBLIC]),
        "Announce of a Delete": lambda cell: cell.says("Announce", cell.says("Delete", cell.theirs.note), to=[PUBLIC]),
        "Like": lambda cell: cell.says("Like", cell.theirs.note),
        "Dislike": lambda cell: cell.says("Dislike", cell.theirs.note),
        "Follow": lambda cell: cell.says("Follow", cell.theirs.actor),
        "Follow a Note": lambda cell: cell.says("Follow", cell.theirs.note),
        "Block": lambda cell: cell.says("Block", cell.theirs.actor),
        "Move": lambda cell: cell.says("Move", cell.theirs.actor, target="https://sloth.example/users/cleo"),
        "Move to": lambda cell: cell.says("Move", cell.signer.uri, target=cell.theirs.actor),
        "Add": lambda cell: cell.says("Add", cell.theirs.note, target=f"{cell.theirs.actor}/featured"),
        "Remove": lambda cell: cell.says("Remove", cell.theirs.note, target=f"{cell.theirs.actor}/featured"),
        "Flag": lambda cell: cell.says("Flag", [cell.theirs.actor, cell.theirs.note], content="spam"),
        "QuoteRequest": lambda cell: cell.says(
            "QuoteRequest", cell.theirs.note, instrument=f"{cell.signer.uri}/quotes/1"
        ),
        "QuoteRequest by theirs": lambda cell: cell.says("QuoteRequest", cell.public, instrument=cell.theirs.note),
        "View": lambda cell: cell.says("View", cell.theirs.note),
    }
)

KNOWN = ("cleo", "eve", "mallory", "foe", "the server")
UNBLOCKED = ("cleo", "eve", "mallory", "the server")


def _own(outcome: str, *signers: str) -> dict[tuple[str, str], str]:
    return {("own", signer): outcome for signer in signers}


def _of(owner: str, outcome: str, *signers: str) -> dict[tuple[str, str], str]:
    return {(owner, signer): outcome for signer in signers}


ACTS: MappingProxyType[str, dict[tuple[str, str], str]] = MappingProxyType(
    {
        # Only who is followed here is read.
        "Create": _own("saved", "cleo"),
        "Create by address": _own("saved", "cleo"),
        "Update a Note": _own("changed", "cleo"),
        "Update by address": _own("changed", "cleo"),
        "Delete a Note": _own("deleted", "cleo"),
        "Delete by address": _own("deleted", "cleo"),
        # Everybody may say who they are, and that they are no more.
        "Update an actor": _own("refreshed", *KNOWN),
        "Delete an actor": _own("gone", *KNOWN),
        # Only cleo has done anything that could be taken back.
        "Undo a Follow": _own("withdrawn", "cleo"),
        "Undo a Block": _own("unblocked", "cleo"),
        "Undo a Like": _own("unliked", "cleo"),
        "Undo an Announce": _own("unshared", "cleo"),
        "Undo a Follow by id": _own("withdrawn", "cleo"),
        "Undo a Block by id": _own("unblocked", "cleo"),
        "Undo a Like by id": _own("unliked", "cleo"),
        "Undo an Announce by id": _own("unshared", "cleo"),
        # bo asked to follow every one of them, and asks whoever they become.
        "Accept": _own("accepted", *KNOWN),
        "Accept by id": _own("accepted", *KNOWN),
        "Reject": _own("rejected", *KNOWN),
        "Reject by id": _own("rejected", *KNOWN),
        "Move": _own("moved", *KNOWN),
        # Who is followed may pass on what its own server shows to all; of ana's everybody may, but whom she blocks.
        "Announce": _own("shared", "cleo")
        | _of("a neighbour's", "shared", "cleo")
        | _of("another host's", "shared", "cleo")
        | _of("ana's", "shared", *UNBLOCKED),
        # That something changed is a reason to look at its own server, which shows other words by now.
        "Announce of an Update": _own("changed", "cleo"),
        "Announce of a Delete": _own("changed", "cleo"),
        "Like": _of("ana's", "liked", *UNBLOCKED),
        # Asked again it is accepted again; who is blocked is told so.
        "Follow": _of("ana's", "accepted", *UNBLOCKED)
        | _of("ana's private", "accepted", *UNBLOCKED)
        | _of("ana's", "refused", "foe")
        | _of("ana's private", "refused", "foe"),
        # Who quotes a public bookmark of ana's in a Note of their own host is let, but whom she blocks.
        "QuoteRequest": _of("ana's", "granted", *UNBLOCKED) | _of("ana's", "rejected", "foe"),
        "QuoteRequest by theirs": _own("granted", *UNBLOCKED)
        | _own("rejected", "foe")
        | _of("a neighbour's", "granted", *UNBLOCKED)
        | _of("a neighbour's", "rejected", "foe"),
        # Everybody may report somebody here; whether what they name can be seen is not told.
        "Flag": _of("ana's", "reported", *KNOWN) | _of("ana's private", "reported", *KNOWN),
        "Block": _of("ana's", "blocked", *KNOWN) | _of("ana's private", "blocked", *KNOWN),
    }
)
"""What came of it, by whose thing it is and who says it. What does not stand here changes nothing."""


def grave_of(signer: str, note_id: str) -> str:
    """What a Delete or an Undo leaves: a grave of the signer's own, which ends nothing of anybody else's."""
    return addresses.uri_hash(f"{signer} {note_id}")
