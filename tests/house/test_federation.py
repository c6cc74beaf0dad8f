"""FEDERATION.md shows every document we send, and each sample is what the code makes of the same rows."""

from __future__ import annotations

import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fedimark.database import Row, execute, fetch_one
from fedimark.here import entered
from fedimark.inbox.dispatch import HANDLERS
from fedimark.outbox import direct, documents, flags, quotes, reactions, relays, remark_documents, tag_documents
from fedimark.outbox.consent import group_of
from fedimark.outbox.profiles import BOOKMARKS, LINK
from fedimark.outbox.proofs import sealed
from fedimark.outbox.remark_documents import Answered, Heard
from fedimark.signatures.multikey import multikey
from fedimark.vocab.activities import Activity
from tests.house.tree import words
from tests.support.fleet import Fleet
from tests.support.server import Server

HEADING = re.compile(r"^### ([^\n]+)\n(?:(?!^#).)*?^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
REFERENCE = "see: "  # a string that stands for another sample, so that no Note is printed seven times

SAVED, EDITED, GONE = (1_787_217_300_000_000 + seconds * 1_000_000 for seconds in (0, 600, 86_400))
NOTE, UPDATE, DELETE, FOLLOW, ANSWER, BLOCK, LIKE, SHARE = (f"{letter}3v7q2mzt5xha" for letter in "kudfabls")
TAG, ANAS_TAG = "https://marks.example/t/page-cache", "https://marks.example/u/ana/t/page-cache"
ANA, SERVER_ITSELF = "https://marks.example/u/ana", "https://marks.example/actor"
BOS_TAG = "https://bo.example/t/page-cache"
REPLY, REMARK, STAMP = (f"{letter}3v7q2mzt5xha" for letter in "rqs")
CLEOS_NOTE = "https://cleo.example/notes/5"
FLAG = "f3v7q2mzt5xha"
BO, BOS_FOLLOW = "https://bo.example/users/bo", "https://bo.example/follows/17"
BOS_NOTE = "https://bo.example/notes/9"

COPIED = {"via": BOS_NOTE, "via_author": BO, "via_name": "@bo@bo.example"}
GIVEN = {"public_id": "g3v7q2mzt5xha", "created_at": SAVED}
TAKER = {"uri": BO, "url": "https://bo.example/@bo", "username": "bo", "host": "bo.example"}

PERSON = """
UPDATE actor SET name = 'Ana', summary = 'Databases, mostly.', created_at = ?, icon = 'ana.png', fields = ?,
public_key = ?, proof_public_key = ?, proof_private_key = ?, indexable = TRUE WHERE local_name = 'ana'
"""
SERVER = "UPDATE actor SET public_key = ?, proof_public_key = ? WHERE kind = 'Application'"
BOOKMARK = "UPDATE bookmark SET public_id = ?, saved_at = ?, updated_at = ?"
PROOF_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQ…\n-----END PUBLIC KEY-----\n"


async def test_every_sample_is_what_the_code_makes(fleet: Fleet) -> None:
    samples = {title: json.loads(text) for title, text in HEADING.findall(words("FEDERATION.md"))}
    server = await fleet.server("marks.example")

    async with entered(server.here):
        made = await documents_of(server)

    assert samples.keys() == made.keys()
    for title, document in made.items():
        whole = put_together(samples[title], made)
        assert whole == document, f"{title}:\n{json.dumps(document, ensure_ascii=False, indent=2)}"


def test_every_activity_read_is_handled_or_said_to_be_ignored() -> None:
    kinds = {kind.__name__ for kind in Activity.__subclasses__()}

    assert kinds - {kind.__name__ for kind in HANDLERS} == {"Unknown"}


def put_together(sample: Any, made: dict[str, Any]) -> Any:
    """A sample with what it refers to in its place.

    `"see: Create"` is that document without its context, which stands at the top alone; as a context it is that one's;
    `{"see": "Create", …}` is that document with changes, where null takes something away.
    """
    if isinstance(sample, str) and sample.startswith(REFERENCE):
        return bare(made[sample.removeprefix(REFERENCE)])
    if isinstance(sample, list):
        return [put_together(each, made) for each in sample]
    if not isinstance(sample, dict):
        return sample
    whole = bare(made[sample["see"]]) if "see" in sample else {}
    for key, value in sample.items():
        if key == "@context" and isinstance(value, str) and value.startswith(REFERENCE):
            whole[key] = made[value.removeprefix(REFERENCE)][key]
        elif value is None:
            del whole[key]
        elif key != "see":
            whole[key] = put_together(value, made)
    return whole


def bare(document: dict[str, Any]) -> dict[str, Any]:
    """A document as it stands inside another."""
    return {key: value for key, value in document.items() if key != "@context"}


async def documents_of(server: Server) -> dict[str, Any]:
    """Every document by the heading of its sample, of one person with one bookmark."""
    server.clock.set("2026-08-20T09:15:00Z")
    person = await server.sign_up("ana")
    await person.save(
        "https://store.example/cache?page=2",
        title="How the page cache works",
        description="Read it twice.",
        tags="page-cache 2024",
    )
    fields = json.dumps([["Site", "https://ana.example/"]])
    proof_pem = PROOF_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    await execute(PERSON, SAVED, fields, KEY, multikey(PROOF_KEY), proof_pem)
    await execute(SERVER, KEY, multikey(PROOF_KEY))
    await execute(BOOKMARK, NOTE, SAVED, SAVED)
    return {**await answered(server), **await said(), **said_of_others()}


def said_of_others() -> dict[str, Any]:
    """Replies, remarks, and the leave to quote."""
    bo = Answered(BO, "https://bo.example/@bo", "bo@bo.example")
    about = {"about_uri": BOS_NOTE, "visibility": 3, "said_at": SAVED, "updated_at": SAVED, "stamp": ""}
    reply = {**about, "public_id": REPLY, "is_reply": True, "description": "Read it twice."}
    remark = {**about, "public_id": REMARK, "is_reply": False, "description": "Read it twice.", "quote_state": 1}
    stamp = {"public_id": STAMP, "instrument": CLEOS_NOTE, "object_uri": f"{ANA}/b/{NOTE}"}
    cleo, asked = "https://cleo.example/users/cleo", "https://cleo.example/asks/6"
    return {
        "Create of a reply": remark_documents.create("ana", reply, Heard(bo)),
        "Create of a remark": remark_documents.create("ana", remark, Heard(bo)),
        "QuoteRequest": quotes.request("ana", remark_documents.note("ana", remark, Heard(bo)), BOS_NOTE, BO),
        "Accept of a QuoteRequest": quotes.accept("ana", stamp, cleo, asked, ANSWER),
        "Reject of a QuoteRequest": quotes.reject("ana", stamp, cleo, asked, ANSWER),
        "Leave to quote": quotes.authorization("ana", stamp),
        "Delete of the leave to quote": quotes.revocation("ana", stamp, cleo, GONE),
    }


async def answered(server: Server) -> dict[str, Any]:
    """What we answer to who asks."""

    async def got(path: str, agent: str = "") -> Any:
        headers = {"Accept": "application/activity+json", "User-Agent": agent}
        return json.loads((await server.client.get(path, headers=headers)).content)

    return {
        "WebFinger": await got("/.well-known/webfinger?resource=acct:ana@marks.example"),
        "NodeInfo, the way to it": await got("/.well-known/nodeinfo"),
        "NodeInfo": await got("/nodeinfo/2.1"),
        "A person": await got("/u/ana"),
        "The server itself": await got("/actor"),
        "The outbox": await got("/u/ana/outbox"),
        "A page of the outbox": await got("/u/ana/outbox?page=first"),
        "Followers, and followed people": await got("/u/ana/followers"),
        "Featured bookmarks": await got("/u/ana/featured"),
        "Featured tags": await got("/u/ana/tags"),
        "A bookmark, for everybody": await got(f"/u/ana/b/{NOTE}"),
        "A tag": await got("/t/page-cache"),
        "A person's tag": await got("/u/ana/t/page-cache"),
        "A page of the outbox of a tag": await got("/t/page-cache/outbox?page=first"),
        "Replies to a bookmark": await got(f"/u/ana/b/{NOTE}/replies"),
        "Likes of a bookmark": await got(f"/u/ana/b/{NOTE}/likes"),
    }


async def said() -> dict[str, Any]:
    """What we say, and what is left of what ended."""
    ana, bookmark = await row("actor", "local_name", "ana"), await row("bookmark", "public_id", NOTE)
    group = group_of(ana, bookmark)
    create = documents.create("ana", bookmark, group=group)
    note = create["object"]
    assert isinstance(note, dict)
    note_id = str(note["id"])
    in_group = documents.create("ana", bookmark, LINK, group)
    return {
        "A bookmark, for link aggregators and blogs": in_group["object"],
        "A bookmark, for bookmark servers": documents.create("ana", bookmark, BOOKMARKS, group)["object"],
        "What is left of a bookmark": documents.tombstone(note_id, GONE),
        "What is left of a person": documents.tombstone(ANA, GONE, "Person"),
        "Create": sealed(create, ana, SAVED),
        "A copy of a bookmark": documents.create("ana", {**bookmark, **COPIED}, group=group)["object"],
        "Create of a link for one person": direct.create("ana", GIVEN, bookmark, TAKER),
        "Delete of a link for one person": direct.delete("ana", GIVEN, TAKER, DELETE, GONE),
        "Update": sealed(documents.update("ana", {**bookmark, "updated_at": EDITED}, UPDATE, group=group), ana, EDITED),
        "Delete": sealed(documents.delete("ana", NOTE, DELETE, GONE), ana, GONE),
        "Update of a person": sealed(documents.update_person(ana, UPDATE, EDITED), ana, EDITED),
        "Move": sealed(documents.move_person({**ana, "moved_to": BO}, UPDATE, EDITED), ana, EDITED),
        "Delete of a person": sealed(documents.delete_person("ana", GONE), ana, GONE),
        "Follow": documents.follow(ANA, FOLLOW, BO),
        "Follow by the server": documents.follow(SERVER_ITSELF, FOLLOW, BOS_TAG),
        "Undo of a Follow": documents.undo_follow(ANA, FOLLOW, BO),
        "Follow of a relay": relays.follow(FOLLOW, ""),
        "Follow of a relay, LitePub's style": relays.follow(FOLLOW, "https://relay.example/actor"),
        "Undo of a Follow of a relay": relays.undo(FOLLOW, ""),
        "Like": reactions.like("ana", LIKE, BOS_NOTE, BO),
        "Undo of a Like": reactions.undo_like("ana", LIKE, BOS_NOTE, BO),
        "Announce by a person": sealed(reactions.announce("ana", SHARE, BOS_NOTE, BO, SAVED), ana, SAVED),
        "Undo of an Announce by a person": sealed(
            reactions.undo_announce("ana", SHARE, BOS_NOTE, BO, SAVED), ana, EDITED
        ),
        "Accept": documents.answer_follow("Accept", "ana", ANSWER, BO, BOS_FOLLOW),
        "Reject": documents.answer_follow("Reject", "ana", ANSWER, BO, BOS_FOLLOW),
        "Announce by a tag": tag_documents.announce(TAG, NOTE, note_id, SAVED),
        "Announce by a tag, to other fedimarks": tag_documents.announce_whole(
            TAG, NOTE, sealed(create, ana, SAVED), SAVED
        ),
        "Announce by a tag, to group servers": tag_documents.announce_in_group(TAG, NOTE, in_group, SAVED),
        "Undo of an Announce by a tag": tag_documents.undo_announce(TAG, NOTE, note_id, UPDATE, "2026-08-20T09:15:00Z"),
        "Delete of a person's tag": tag_documents.delete_actor(ANAS_TAG, GONE),
        "Accept by a tag": documents.answer_follow_as("Accept", TAG, f"{TAG}#accepts/{ANSWER}", BO, BOS_FOLLOW),
        "Flag": flags.flag(FLAG, BO, [BOS_NOTE], "Advertises watches."),
        "Block": documents.block("ana", BLOCK, BO),
        "Undo of a Block": documents.undo_block("ana", BLOCK, BO),
    }


async def row(table: str, column: str, value: str) -> Row:
    """One row that is there."""
    found = await fetch_one(f"SELECT * FROM {table} WHERE {column} = ?", value)
    assert found is not None
    return found
