"""Of every kind of activity × whose thing it is about × who signs it, only the few in a table do anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from fedimark.database import is_sqlite
from fedimark.errors import FedimarkError
from fedimark.follows.request import follow
from fedimark.here import here
from fedimark.inbox.dispatch import HANDLERS
from fedimark.moderation import domains, people
from tests.rooms.matrix import ACTIVITIES, ACTS, OWNERS, SIGNERS, Cell, Things, bookmark, grave_of
from tests.rooms.strangers import Stranger, letters
from tests.rooms.test_incoming import followed
from tests.support.invariants import disagreements
from tests.support.traces import Everything, everything, restore, traces

MASTODON, OTHER, BETULA = "https://mastodon.example", "https://other.example", "https://betula.example"
NOTHING = ("ignored", "known", "400", "401", "403")
SAID = ("Create", "Follow", "Like", "Announce", "Block")
KEPT_CACHES = ("pages", "remote.keys", "remote.signers", "remote.instance")


@dataclass(frozen=True, slots=True)
class World:
    """Signers by name, and whose things there are by the host of who might touch them."""

    ana: Any
    signers: dict[str, Stranger]
    follows: dict[str, str]  # of bo, by actor
    notes: dict[str, str]  # ana's, by visibility

    def cell(self, owner: str, signer: str) -> Cell:
        """The question of one cell."""
        who = self.signers[signer]
        return Cell(who, self._things(owner, who), self.ana.uri, self.notes["public"])

    def _things(self, owner: str, who: Stranger) -> Things:
        if owner.startswith("ana"):
            note = self.notes["private" if "private" in owner else "public"]
            return Things(self.ana.uri, note, self.ana.uri, f"{self.ana.uri}/follows/x")
        cleo, eve, dora = (self.signers[name].uri for name in ("cleo", "eve", "dora"))
        there = who.uri.startswith(MASTODON)
        if owner == "own":
            uri = who.uri
        elif owner == "a neighbour's":
            uri = (eve if who.uri == cleo else cleo) if there else f"https://{who.host}/users/neighbour"
        else:
            uri = dora if there else cleo
        return Things(uri, f"{uri}/notes/1", uri, self.follows.get(uri, f"{self.ana.uri}/follows/x"))


@pytest.fixture
async def world(server, fleet, ana) -> World:
    """What is there before anything is said: everything that somebody might want to touch."""
    bo, cy = [await server.sign_up(name) for name in ("bo", "cy")]
    uris = {
        "cleo": f"{MASTODON}/users/cleo",
        "eve": f"{MASTODON}/users/eve",
        "the server": f"{MASTODON}/actor",
        "mallory": f"{OTHER}/users/mallory",
        "foe": "https://foe.example/users/foe",
        "bad": "https://bad.example/users/bea",
        "dora": f"{BETULA}/@dora",
    }
    kinds = {"the server": {"type": "Application"}}
    signers = {name: Stranger(fleet, uri, **kinds.get(name, {})) for name, uri in uris.items()}
    cleo = signers["cleo"]
    Stranger(fleet, "https://sloth.example/users/cleo", alsoKnownAs=[each.uri for each in signers.values()])
    await followed(ana, cleo)
    follows = {}
    for each in signers.values():
        await follow(bo.viewer, each.uri)
        # What is no person is followed by the server, for him.
        follows[each.uri] = next(asked["id"] for _, _, asked in (await letters())[::-1] if asked["object"] == each.uri)
        for number in ("1", "1-new"):
            note = bookmark(f"{each.uri}/notes/{number}", each.uri, "Shown", updated="2026-02-27T00:00:00Z")
            each.peer.document(f"{each.path}/notes/{number}", note)
    notes = {}
    for word in ("public", "private"):
        saved = await ana.save(f"https://sqlite.org/{word}", visibility=word)
        notes[word] = f"{ana.uri}/b/{saved.public_id}"
    await _cleo_did(cleo, ana, cy, notes["public"])
    await people.block(ana.viewer, signers["foe"].uri)
    await domains.block_domain("bad.example")
    await server.settle()
    return World(ana, signers, follows, notes)


async def _cleo_did(cleo: Stranger, ana: Any, cy: Any, public: str) -> None:
    """A bookmark, a Follow, a Like, an Announce and a Block."""
    note = bookmark(f"{cleo.uri}/notes/1", cleo.uri, "First")
    for kind, thing in (
        ("Create", note),
        ("Follow", ana.uri),
        ("Like", public),
        ("Announce", public),
        ("Block", cy.uri),
    ):
        assert (
            await cleo.do({"id": f"{cleo.uri}#{kind}", "type": kind, "actor": cleo.uri, "object": thing}) != "ignored"
        )


async def came_to(cell: Cell, document: dict[str, Any]) -> str:
    """What an activity came to, or how it was refused."""
    try:
        return await cell.signer.do(document)
    except FedimarkError as error:
        return str(error.status)


def own_graves_left_out(found: list[str], cell: Cell) -> list[str]:
    """Without what the signer may always leave: graves that only they could fall into."""
    theirs = cell.theirs
    ended = [theirs.note, theirs.actor, *(f"{theirs.said}#{kind}" for kind in SAID)]
    graves = [grave_of(cell.signer.uri, uri) for uri in ended]
    left = ("+ tombstone", "+ withheld")  # the second keeps a Follow out that comes after its Undo
    return [line for line in found if not (line.startswith(left) and any(grave in line for grave in graves))]


async def back_to(before: Everything, after: Everything) -> None:
    """The world as it was, and nothing of it remembered."""
    await restore(before, after)
    for name in [name for name in here().caches if name not in KEPT_CACHES]:
        del here().caches[name]


def is_telling(kind: str, owner: str, signer: str) -> bool:
    """Whether a cell shows something of PostgreSQL, where each takes long: it acts, or is a stranger's try."""
    return (owner, signer) in ACTS.get(kind, {}) or (owner != "own" and signer == "eve")


@pytest.mark.parametrize("word", dict.fromkeys(kind.split()[0] for kind in ACTIVITIES))
async def test_only_the_allowed_cells_act(world, word, subtests):
    before = await everything()
    cells = [(kind, owner, signer) for kind in ACTIVITIES for owner in OWNERS for signer in SIGNERS]
    for kind, owner, signer in cells:
        if kind.split()[0] == word and (is_sqlite() or is_telling(kind, owner, signer)):
            with subtests.test(f"{kind}: {owner}, by {signer}"):
                allowed = ACTS.get(kind, {}).get((owner, signer))
                cell = world.cell(owner, signer)

                outcome = await came_to(cell, ACTIVITIES[kind](cell))
                after = await everything()
                disagree = await disagreements()
                await back_to(before, after)

                changed = own_graves_left_out(traces(before, after, but=["received_activity"]), cell)
                assert outcome == allowed or (not allowed and outcome in NOTHING)
                assert bool(changed) == bool(allowed), "\n".join(changed)
                assert disagree == []


def test_every_kind_that_has_a_handler_is_in_the_table():
    named = {name.split()[0] for name in ACTIVITIES}

    assert {kind.__name__ for kind in HANDLERS} <= named
    assert ACTS.keys() <= ACTIVITIES.keys()
