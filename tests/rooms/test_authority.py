"""Who may say what."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.inbox import authority
from fedimark.inbox.authority import NotTheirs
from fedimark.vocab.activities import Activity
from fedimark.vocab.parse import parse

CLEO = "https://mastodon.example/users/cleo"
EVE = "https://mastodon.example/users/eve"
ANA = "https://a.example/u/ana"
FOLLOW = {"type": "Follow", "id": f"{ANA}/follows/b6m4s2xkq7jta", "actor": ANA, "object": CLEO}


def said(kind: str, thing: Any, **more: Any) -> Activity:
    """An activity of cleo's."""
    return parse({"id": f"{CLEO}#1", "type": kind, "actor": CLEO, "object": thing, **more})


def note(**more: Any) -> dict[str, Any]:
    return {"id": f"{CLEO}/statuses/1", "type": "Note", "attributedTo": CLEO, "content": "", **more}


@pytest.mark.parametrize(
    ("reason", "activity"),
    [
        ("activity-host", said("Like", f"{ANA}/b/1", id="https://other.example/1")),
        ("object-host", said("Create", note(id="https://other.example/1"))),
        ("object-host", said("Create", note(id=f"{ANA}/b/k3v7q2mzt5xha"))),
        ("object-host", said("Create", note(id="https://mastodon.example:8443/users/cleo/statuses/1"))),
        ("attributed-to", said("Create", note(attributedTo=EVE))),
        ("attributed-to", said("Update", note(attributedTo=ANA))),
        ("object-host", said("Update", note(id="https://other.example/1"))),
        ("object-host", said("Delete", f"{ANA}/b/k3v7q2mzt5xha")),
        ("object-host", said("Delete", {"type": "Tombstone", "id": "https://other.example/1"})),
        ("undone-actor", said("Undo", {"type": "Follow", "id": f"{EVE}#2", "actor": EVE, "object": ANA})),
        ("undone-host", said("Undo", "https://other.example/follows/1")),
        ("follow-object", said("Accept", {**FOLLOW, "object": EVE})),
        ("follow-object", said("Reject", {**FOLLOW, "object": EVE})),
        ("own-follow", said("Follow", EVE)),
        (
            "another-person",
            said("Update", {"id": EVE, "type": "Person", "preferredUsername": "eve", "inbox": f"{EVE}/inbox"}),
        ),
    ],
)
def test_nobody_speaks_for_another(reason: str, activity: Activity):
    with pytest.raises(NotTheirs) as refused:
        authority.check(activity)

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "activity",
    [
        said("Create", note()),
        said("Create", note(id="https://MASTODON.example:443/users/cleo/statuses/1")),
        said("Update", note()),
        said("Delete", f"{CLEO}/statuses/1"),
        said("Delete", CLEO),
        said("Follow", ANA),
        said("Undo", {"type": "Follow", "id": f"{CLEO}#2", "actor": CLEO, "object": ANA}),
        said("Undo", f"{CLEO}#2"),
        said("Accept", FOLLOW),
        said("Accept", FOLLOW["id"]),
        said("Reject", FOLLOW),
        said("Like", f"{ANA}/b/k3v7q2mzt5xha"),
    ],
)
def test_everybody_speaks_for_themselves(activity: Activity):
    authority.check(activity)


@pytest.mark.parametrize(
    ("reason", "key_id", "actor"),
    [
        ("key-host", "https://other.example/users/cleo#main-key", CLEO),
        ("key-host", "https://mastodon.example.other.example/users/cleo#main-key", CLEO),
        ("own-host", f"{ANA}#main-key", ANA),
        ("own-host", f"{CLEO}#main-key", ANA),
    ],
)
def test_a_key_is_of_its_actors_server_and_that_is_not_ours(reason: str, key_id: str, actor: str):
    activity = parse({"type": "Like", "actor": actor, "object": CLEO})

    with pytest.raises(NotTheirs) as refused:
        authority.check_key(key_id, activity, "a.example")

    assert refused.value.reason == reason


def test_the_owner_of_a_key_is_the_actor_and_names_the_key():
    activity = said("Like", ANA)

    authority.check_signer(activity, CLEO, f"{CLEO}#main-key", f"{CLEO}#main-key")

    with pytest.raises(NotTheirs, match="key-owner"):
        authority.check_signer(activity, EVE, f"{EVE}#main-key", f"{EVE}#main-key")
    with pytest.raises(NotTheirs, match="key-mismatch"):
        authority.check_signer(activity, CLEO, f"{CLEO}#new-key", f"{CLEO}#main-key")


def test_two_ports_of_a_machine_are_two_servers():
    assert authority.same_host("http://127.0.0.1:8001/u/ana", "http://127.0.0.1:8001/u/bo")
    assert not authority.same_host("http://127.0.0.1:8001/u/ana", "http://127.0.0.1:8002/u/ana")
    assert not authority.same_host("https://[broken", "https://[broken")
