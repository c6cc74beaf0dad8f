"""What we say about follows: one letter to one person's own inbox, as rows inside `write()`."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, execute
from fedimark.delivery.enqueue import say
from fedimark.here import here
from fedimark.outbox import documents, ids
from fedimark.remote.signing import is_kept

# Who once dealt with somebody here hears of their end, however long ago it was. (publish.person_ended)
_KNOWS = "INSERT INTO reach (object_hash, inbox_hash, inbox) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


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


async def say_reject(local: Row, remote: Row, follow_uri: str | None) -> None:
    """Refuse somebody elsewhere, or end what was accepted before."""
    await _say_answer("Reject", local, remote, follow_uri)


async def _say(follower: Row, target: Row, follow_id: str, letter_id: str) -> None:
    actor = ids.of(follower)
    document = documents.follow(actor, follow_id, target["uri"])
    about = addresses.follow(actor, follow_id)
    await say(follower["id"], "Follow", about, document, [target["inbox"]], letter_id)


async def _say_answer(kind: str, local: Row, remote: Row, follow_uri: str | None) -> None:
    answer_id = here().new_id()
    if is_kept(local):
        uri = f"{local['url']}#accepts/{answer_id}"
        document = documents.answer_follow_as(kind, local["url"], uri, remote["uri"], follow_uri)
    else:
        document = documents.answer_follow(kind, local["local_name"], answer_id, remote["uri"], follow_uri)
    await say(local["id"], kind, follow_uri or remote["uri"], document, [remote["inbox"]], answer_id)


async def _remember(local: Row, remote: Row) -> None:
    inbox = remote["shared_inbox"] or remote["inbox"]
    actor_hash = addresses.uri_hash(ids.of(local))
    await execute(_KNOWS, actor_hash, addresses.uri_hash(inbox), inbox)
