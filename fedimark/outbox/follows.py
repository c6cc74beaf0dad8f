"""What we say about follows: one letter to one person's own inbox, as rows inside `write()`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fedimark import addresses
from fedimark.database import Row, Script, execute, insert_many, perform
from fedimark.delivery.enqueue import Letter, say, saying
from fedimark.here import here
from fedimark.outbox import documents, ids
from fedimark.policy.blocks import blocked_hosts
from fedimark.remote.signing import is_kept

# Who once dealt with somebody here hears of their end, however long ago it was. (publish.person_ended)
_REACH = {"object_hash": "varchar", "inbox_hash": "varchar", "inbox": "text"}
_KNOWS = "INSERT INTO reach (object_hash, inbox_hash, inbox) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


class Answered(NamedTuple):
    """An answer to somebody elsewhere who asked to follow somebody here; `follow_uri` as for `say_accept`."""

    local: Row
    remote: Row
    follow_uri: str | None


async def say_follow(follower: Row, target: Row, follow_id: str) -> None:
    """Ask somebody elsewhere; `follow_id` is the Follow's public id, `follower` a person here or the server itself."""
    await _remember(follower, target)
    await _say(follower, target, follow_id, follow_id)


async def say_follow_again(follower: Row, target: Row, follow_id: str) -> None:
    """Ask again for what was not answered: the same Follow with its own id, as a letter of its own."""
    await _say(follower, target, follow_id, here().new_id())


async def say_undo(follower: Row, target: Row, follow_id: str) -> None:
    """Take back a Follow. It is said even if the Follow still waits: it goes to the same inbox, after it.

    Nothing is said to who has no inbox: a feed never heard of it.
    """
    if not target["inbox"]:
        return
    actor = ids.of(follower)
    document = documents.undo_follow(actor, follow_id, target["uri"])
    about = addresses.follow(actor, follow_id)
    await say(follower["id"], "Undo", about, document, [target["inbox"]], here().new_id())


async def say_accept(local: Row, remote: Row, follow_uri: str | None) -> None:
    """Let somebody elsewhere follow; `follow_uri` is their Follow's id, None where it had none."""
    await _remember(local, remote)
    await _say_answer("Accept", local, remote, follow_uri)


def accepting(answers: Sequence[Answered], blocked: frozenset[str]) -> Script[None]:
    """As `say_accept`, to many, in a script; `blocked` are the blocked domains."""
    known = {(_hash_of(each.local), _inbox_of(each.remote)) for each in answers}
    rows = [{"object_hash": who, "inbox_hash": addresses.uri_hash(at), "inbox": at} for who, at in sorted(known)]
    yield from insert_many("reach", _REACH, rows, "ON CONFLICT DO NOTHING")
    yield from saying([_letter("Accept", *each) for each in answers], blocked)


def rejecting(answers: Sequence[Answered], blocked: frozenset[str]) -> Script[None]:
    """As `say_reject`, to many, in a script."""
    yield from saying([_letter("Reject", *each) for each in answers], blocked)


async def say_reject(local: Row, remote: Row, follow_uri: str | None) -> None:
    """Refuse somebody elsewhere, or end what was accepted before."""
    await _say_answer("Reject", local, remote, follow_uri)


async def _say(follower: Row, target: Row, follow_id: str, letter_id: str) -> None:
    actor = ids.of(follower)
    document = documents.follow(actor, follow_id, target["uri"])
    about = addresses.follow(actor, follow_id)
    await say(follower["id"], "Follow", about, document, [target["inbox"]], letter_id)


async def _say_answer(kind: str, local: Row, remote: Row, follow_uri: str | None) -> None:
    await perform(saying([_letter(kind, local, remote, follow_uri)], await blocked_hosts()))


def _letter(kind: str, local: Row, remote: Row, follow_uri: str | None) -> Letter:
    answer_id = here().new_id()
    if is_kept(local):
        uri = f"{local['url']}#accepts/{answer_id}"
        document = documents.answer_follow_as(kind, local["url"], uri, remote["uri"], follow_uri)
    else:
        document = documents.answer_follow(kind, local["local_name"], answer_id, remote["uri"], follow_uri)
    return Letter(local["id"], kind, follow_uri or remote["uri"], document, remote["inbox"], answer_id)


async def _remember(local: Row, remote: Row) -> None:
    inbox = _inbox_of(remote)
    await execute(_KNOWS, _hash_of(local), addresses.uri_hash(inbox), inbox)


def _hash_of(local: Row) -> str:
    return addresses.uri_hash(ids.of(local))


def _inbox_of(remote: Row) -> str:
    return str(remote["shared_inbox"] or remote["inbox"])
