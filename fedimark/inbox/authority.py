"""PURE. Who may say what: the one place that decides, before anything is stored.

What rows must tell stands with the rows: that an Accept is the followed person's (`follows.incoming`), that a Note is
its author's (`bookmarks.incoming`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fedimark.vocab.activities import (
    Accept,
    Activity,
    Block,
    Create,
    Delete,
    Follow,
    Move,
    QuoteRequest,
    Reject,
    Undo,
    Update,
)
from fedimark.vocab.terms import PUBLIC_SPELLINGS


class NotTheirs(ValueError):
    """An activity its actor has no right to; `reason` is a fixed word for logs, never the sender's text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def host_of(uri: str) -> str:
    """Host and port of an id, in one spelling; empty for what has none. Two ports are two servers."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".")
    return host if port is None or (parts.scheme, port) in (("https", 443), ("http", 80)) else f"{host}:{port}"


def same_host(one: str, other: str) -> bool:
    """Whether two ids are of one server."""
    host = host_of(one)
    return bool(host) and host == host_of(other)


def check_elsewhere(activity: Activity, own_host: str) -> None:
    """Raise NotTheirs for an actor of this server: people here never speak through an inbox."""
    if host_of(activity.actor) in ("", own_host):
        raise NotTheirs("own-host")


def check_key(key_id: str, activity: Activity, own_host: str) -> None:
    """Raise NotTheirs unless the key is of the actor's server, and that server is not this one.

    Whoever signs as somebody of this server is somebody else.
    """
    check_elsewhere(activity, own_host)
    if not same_host(key_id, activity.actor):
        raise NotTheirs("key-host")


def check(activity: Activity) -> None:
    """Raise NotTheirs for an activity that its own actor may not say, whoever signed it."""
    actor = activity.actor
    if activity.id is not None and not (same_host(activity.id, actor) or _is_of_what_it_answers(activity)):
        raise NotTheirs("activity-host")
    match activity:
        case Create() | Update():
            _check_object(activity)
        case Delete():
            _must(same_host(activity.object_id, actor), "object-host")
        case Follow():
            _must(not same_host(activity.object, actor), "own-follow")
        case Block():
            _must(not same_host(activity.object, actor), "own-block")
        case Move():
            _must(activity.object == actor, "another-person")
            _must(activity.target != actor, "own-move")
        case Undo():
            # What they did themselves.
            _must(activity.undone.actor in (None, actor), "undone-actor")
            _must(activity.undone.id is None or same_host(activity.undone.id, actor), "undone-host")
        case QuoteRequest():
            # What quotes is their own.
            _must(same_host(activity.instrument, actor), "instrument-host")
            _must(activity.instrument_by in (None, actor), "instrument-by")
            _must(activity.note is None or activity.note.attributed_to == actor, "attributed-to")
            _must(not same_host(activity.object_id, actor), "own-quote")
        case Accept() | Reject() if activity.kind == "QuoteRequest":
            # What is quoted is their own, and so is what lets it be.
            _must(activity.answered.object is None or same_host(activity.answered.object, actor), "quoted-host")
            _must(isinstance(activity, Reject) or _is_own_or_none(activity.result, actor), "result-host")
        case Accept() | Reject():
            # Somebody here followed them, and nobody else can answer. Who followed everybody asked a relay: that it is
            # this one's answer, rows tell. (follows.relays)
            _must(activity.answered.object in (None, actor, *PUBLIC_SPELLINGS), "follow-object")
        case _:
            return


def may_be_heard(activity: Activity) -> bool:
    """Whether an activity of somebody suspended is taken all the same: what ends things, and who they are now."""
    is_of_actor = isinstance(activity, Update) and activity.object_id == activity.actor
    return is_of_actor or isinstance(activity, Delete | Reject | Undo)


def check_signer(activity: Activity, owner_uri: str, owner_key_id: str, key_id: str) -> None:
    """Raise NotTheirs unless the key's owner is the activity's actor and names this very key."""
    _must(owner_uri == activity.actor, "key-owner")
    _must(owner_key_id == key_id, "key-mismatch")


def _is_of_what_it_answers(activity: Activity) -> bool:
    """Whether an answer bears the very id of the Follow that it answers, as those of buzzrelay do.

    Activities are kept by actor and id together, so that uses up nobody's.
    """
    return isinstance(activity, Accept | Reject) and activity.id == activity.answered.id


def _check_object(activity: Create | Update) -> None:
    actor = activity.actor
    _must(same_host(activity.object_id, actor), "object-host")
    if activity.note is not None:
        _must(activity.note.attributed_to == actor, "attributed-to")
    if isinstance(activity, Update) and activity.person is not None:
        _must(activity.object_id == actor, "another-person")


def _is_own_or_none(uri: str | None, actor: str) -> bool:
    return uri is None or same_host(uri, actor)


def _must(holds: bool, reason: str) -> None:
    if not holds:
        raise NotTheirs(reason)
