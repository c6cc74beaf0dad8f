"""The table of peers: what each server accepts, how it answers, how it reads us and how it writes itself.

Read in the servers' sources in autumn 2026; a version stands where versions differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from tests.support.peers import bookmark_servers, forums, microblogs
from tests.support.peers.reading import Reader
from tests.support.peers.signing import CAVAGE, RFC9421


class When(Enum):
    """When a signature is looked at: before the answer, after it, or never."""

    AT_ONCE = auto()
    AFTERWARDS = auto()
    NEVER = auto()


MINUTE, HOUR = 60, 3_600
BOTH: Final = (CAVAGE, RFC9421)

_NOTHING: Mapping[str, int] = MappingProxyType({})
_MASTODON: Final = ("(request-target)", "host", "date", "digest", "content-type")
_USUAL: Final = ("(request-target)", "host", "date", "digest")
_HONK: Final = ("(request-target)", "date", "host", "content-type", "digest")
_ABOUT_PEOPLE: Final = ("Update Person", "Delete Person", "Block", "Undo Block")
_NOTES: Final = ("Create", "Update", "Delete")


@dataclass(frozen=True, slots=True)
class Quirks:
    """One kind of server.

    `wire` is what it publishes, in tests/wire; `words` are exchanged by an edit. `edits` is `update`, `address` (a
    Create that names the Note), `announced` or empty; `removes` is `tombstone`, `id`, `announced`, `undo` or empty.
    """

    name: str
    software: str
    person: str
    wire: str
    reader: Reader

    takes: tuple[str, ...] = (CAVAGE,)
    needs: tuple[str, ...] = ("(request-target)", "host", "date", "digest")  # what a signature must cover
    header: str = ""  # how a Signature header must look
    verifies: When = When.AT_ONCE
    skew_s: int = 12 * HOUR
    asks_signed_gets: bool = False

    limit: int = 1_048_576  # bytes
    too_large: int = 413
    answers: int = 202
    refusal: int = 401
    wrong_type: int = 415
    refuses: Mapping[str, int] = field(default_factory=lambda: _NOTHING)  # kind → status
    ignores: tuple[str, ...] = ()
    hangs: tuple[str, ...] = ()
    repeats: int = 0  # the answer to an id it has seen

    sends: tuple[str, ...] = (CAVAGE,)
    covers: tuple[str, ...] = _USUAL
    key: str = "#main-key"
    kind: str = "Person"
    has_shared_inbox: bool = True
    follows: bool = True  # whether its people can follow ours
    accepts: str = "whole"  # what stands in its Accept: the whole Follow or its id; perhaps without an id itself
    words: tuple[str, str] = ("", "")
    edits: str = "update"
    removes: str = "tombstone"
    renamed: Mapping[str, str] = field(default_factory=dict)


def _refused(status: int, *kinds: str) -> Mapping[str, int]:
    return MappingProxyType(dict.fromkeys(kinds, status))


PEERS: Final = {
    each.name: each
    for each in (
        Quirks(
            *("Mastodon 4.4", "mastodon", "cleo", "mastodon/create_with_link", microblogs.MASTODON),
            covers=_MASTODON,
            renamed={"mastodon.example": "old.mastodon.example"},
            words=("favourite", "dearest"),
        ),
        Quirks(
            *("Mastodon 4.7", "mastodon", "cleo", "mastodon/create_with_card", microblogs.MASTODON_47),
            takes=BOTH,
            sends=BOTH,  # the second on 400 and 401
            covers=_MASTODON,
            words=("evening", "afternoon"),
        ),
        Quirks(
            *("GoToSocial", "gotosocial", "ezra", "gotosocial/create_note", microblogs.GOTOSOCIAL),
            asks_signed_gets=True,
            wrong_type=406,
            has_shared_inbox=False,
            key="/main-key",  # a document of its own
            words=("kettle", "teapot"),
        ),
        Quirks(
            *("snac2", "snac", "gus", "snac2/create_note", microblogs.SNAC),
            verifies=When.AFTERWARDS,
            has_shared_inbox=True,
            words=("well told", "told anew"),
        ),
        Quirks(
            *("Misskey", "misskey", "nao", "misskey/create_note", microblogs.MISSKEY),
            verifies=When.AFTERWARDS,
            skew_s=5 * MINUTE,
            limit=65_536,
            ignores=("Update",),  # of Notes; it looks at those of people and polls
            edits="",
        ),
        Quirks(
            *("Pleroma (2021)", "pleroma", "fay", "pleroma/create_note", microblogs.PLEROMA),
            answers=200,
            ignores=("Update",),
            edits="",
        ),
        Quirks(
            *("Pixelfed", "pixelfed", "lena", "pixelfed/create_note", microblogs.PIXELFED),
            verifies=When.AFTERWARDS,
            answers=200,
            covers=_MASTODON,
        ),
        Quirks(
            *("Mbin", "mbin", "mia", "mbin/create_page", microblogs.MBIN),
            answers=200,
            words=("A map of moss", "A newer map of moss"),
        ),
        Quirks(
            *("Lemmy", "lemmy", "botany", "lemmy/announce_create_page", forums.LEMMY),
            skew_s=HOUR,
            answers=200,
            # Only what is addressed to one of its groups, and answers by groups.
            refuses=_refused(400, *_NOTES, "Accept", "Reject", "Update Person", "Block", "Undo Block"),
            kind="Group",
            follows=False,
            words=("A field guide to lichens", "A better guide to lichens"),
            edits="announced",
            removes="announced",
        ),
        Quirks(
            *("NodeBB", "nodebb", "omar", "nodebb/create_note", forums.NODEBB),
            takes=BOTH,
            answers=200,
            words=("slow boats", "slower boats"),
        ),
        Quirks(
            *("WordPress", "wordpress", "blog", "wordpress/create_article", forums.WORDPRESS),
            takes=BOTH,
            sends=(RFC9421, CAVAGE),
        ),
        Quirks(
            *("BookWyrm", "bookwyrm", "kim", "bookwyrm/create_comment", forums.BOOKWYRM),
            skew_s=5 * MINUTE,
            answers=200,
        ),
        Quirks(
            *("Betula", "betula", "dora", "betula/create_note", bookmark_servers.BETULA),
            needs=("(request-target)", "date", "host", "digest"),
            verifies=When.AFTERWARDS,  # it answers 200 whatever it thinks
            skew_s=30 * MINUTE,
            answers=200,
            covers=_HONK,
            has_shared_inbox=False,
            words=("The escapement", "The anchor escapement"),
            removes="id",
        ),
        Quirks(
            *("Omnom", "omnom", "ida", "omnom/create_note", bookmark_servers.OMNOM),
            header=r'keyId="([^"]+)".*,headers="([^"]+)",.*signature="([^"]+)"',
            answers=200,
            refusal=400,
            refuses=_refused(400, "Update", "Delete", "Accept", "Reject", *_ABOUT_PEOPLE),
            key="#key",
            has_shared_inbox=False,
            edits="",
            removes="",
        ),
        Quirks(
            *("Ties", "ties", "jun", "ties/create_note", bookmark_servers.TIES),
            skew_s=HOUR,
            answers=200,
            refuses=_refused(404, *_NOTES),  # it only publishes
            has_shared_inbox=False,
            edits="",
            removes="",
        ),
        Quirks(
            *("indielinks", "indielinks", "jo", "indielinks/create_note", bookmark_servers.INDIELINKS),
            asks_signed_gets=True,  # of its people
            limit=4_096,
            too_large=422,
            answers=201,
            # Creates and Announces at the shared inbox, no Rejects at the other; of an Undo it takes note.
            refuses=_refused(422, "Update", "Delete", "Update Person", "Delete Person", "Reject", "Block"),
            ignores=("Undo Follow", "Undo Block"),
            accepts="whole, without an id",
            edits="",
            removes="",
        ),
        Quirks(
            *("Postmarks", "postmarks", "bookmarks", "postmarks/create_note", bookmark_servers.POSTMARKS),
            takes=(),
            verifies=When.NEVER,
            answers=200,
            refuses=_refused(400, "Update", "Update Person", "Reject", "Block", "Undo Block"),
            hangs=("Create", "Delete", "Delete Person", "Follow", "Accept"),
            has_shared_inbox=False,
            words=("The blue one", "The bluer one"),
            edits="address",
        ),
        Quirks(
            *("tags.pub", "activitypub-dot-bot", "sql", "tagspub/announce", forums.TAGSPUB),
            takes=BOTH,
            repeats=400,
            kind="Service",
            follows=False,
            accepts="id",
            edits="",
            removes="undo",
        ),
    )
}
"""By name."""
