"""Every id and URL this server mints; nothing else puts them together.

Paths begin with `/`; `absolute` puts the base URL before them. Ids on the wire are absolute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from fedimark.here import here
from fedimark.text import segments
from fedimark.text.tags import key as key_of

RESERVED_NAMES = frozenset(
    # First path segments, now and planned, and names that would mislead.
    """
    tag network digest actor admin root u t url v1 api recent popular search add notes settings followers following
    inbox outbox sign_in sign_up sign_out setup static media avatar avatars feeds rss json linkding health healthz
    readyz metrics authorize_interaction well_known nodeinfo about help privacy bookmarks login logout owner
    administrator moderator moderators support abuse postmaster hostmaster webmaster security system fedimark
    everyone me mine public private unread untagged starred archived b r say people blocks moderation like likes share
    shares for_you notifications report reports bulk bundles again random manifest_webmanifest opensearch_xml
    secret tabs note language press
    """.split()  # noqa: SIM905 - reads better than a hundred quotes
)


def absolute(path: str) -> str:
    """A path of this server as a full address."""
    return here().settings.base_url + path


def uri_hash(uri: str) -> str:
    """How addresses of others are looked up: 160 bits of SHA-256 in hex."""
    return hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def person(username: str) -> str:
    """A person's page and, absolute, their actor id."""
    return f"/u/{username}"


def person_tags(username: str, keys: Iterable[str]) -> str:
    """A person's tag, or several together."""
    return f"/u/{username}/t/{_together(keys)}"


NEW_NOTE = "/notes/add"


def notes(username: str) -> str:
    """A person's notes."""
    return f"/u/{username}/notes"


def note(username: str, public_id: str) -> str:
    """One note."""
    return f"/u/{username}/notes/{public_id}"


def person_filter(username: str, word: str) -> str:
    """A person's public, private, unread, untagged, starred or archived bookmarks."""
    return f"/u/{username}/{word}"


def statistics(username: str) -> str:
    """How much somebody saved when, drawn."""
    return f"/u/{username}/statistics"


def day(username: str, date: str) -> str:
    """What somebody saved on a day (`2026-11-28`)."""
    return f"/u/{username}/day/{date}"


def bundles(username: str) -> str:
    """A person's bundles; each stands below it."""
    return f"/u/{username}/bundles"


def tags(keys: Iterable[str]) -> str:
    """A tag of everyone here, or several together."""
    return f"/t/{_together(keys)}"


def popular(period: str, keys: Iterable[str] = ()) -> str:
    """What many saved within a day, a week or a month, with a tag or without."""
    return f"/popular?in={period}" + "".join(f"&tag={quote(key, safe='')}" for key in keys)


def stream(username: str, key: str) -> str:
    """A tag's page and, absolute, its actor's id: of one person, or with an empty name of everybody here."""
    return person_tags(username, (key,)) if username else tags((key,))


def digest(username: str) -> str:
    """The Service that tells once a day what a person saved: absolute, its actor's id."""
    return f"/u/{username}/digest"


def digest_day(username: str, day: str) -> str:
    """What it told of one day (`2026-11-27`): absolute, the Note's id."""
    return f"{digest(username)}/{day}"


def announcement(stream_uri: str, public_id: str) -> str:
    """The id of the Announce by which a tag passes on a bookmark: one for ever, so said twice it is said once."""
    return f"{stream_uri}/announce/{public_id}"


def bookmark(username: str, public_id: str) -> str:
    """A bookmark's page and, absolute, its Note's id."""
    return f"/u/{username}/b/{public_id}"


def given_link(username: str, public_id: str) -> str:
    """The Note by which somebody gives a link to one person elsewhere; nobody else may read it."""
    return f"/u/{username}/links/{public_id}"


def likes(username: str, public_id: str) -> str:
    """How many like a bookmark."""
    return f"{bookmark(username, public_id)}/likes"


def shares(username: str, public_id: str) -> str:
    """How many shared a bookmark."""
    return f"{bookmark(username, public_id)}/shares"


def like(username: str, like_id: str) -> str:
    """The Like of somebody here; nothing is answered there: it is between them and the author."""
    return f"{person(username)}/likes/{like_id}"


def share(username: str, share_id: str) -> str:
    """The Announce of somebody here."""
    return f"{person(username)}/shares/{share_id}"


def remark(username: str, public_id: str) -> str:
    """The page of a reply or a remark and, absolute, its Note's id."""
    return f"/u/{username}/r/{public_id}"


def say(about: str) -> str:
    """The form to reply to what has this id, or to quote it."""
    return f"/say?about={quote(about, safe='/:')}"


def stamp(username: str, public_id: str) -> str:
    """The id of a QuoteAuthorization that somebody here gave."""
    return f"/u/{username}/stamps/{public_id}"


def network_list(public_id: str) -> str:
    """A reader's list of people; with an empty id their whole network."""
    return f"/network/lists/{public_id}" if public_id else "/network"


def list_feed(public_id: str, feed_key: str) -> str:
    """The feed of a list, for whoever has its key."""
    return f"{KEYED_FEEDS}lists/{public_id}/{feed_key}.atom"


def feed(path: str, form: str) -> str:
    """The feed of a stream, by the stream's path; `form` is rss, atom, json or bib."""
    return f"{path}/feed.{form}"


def has_secret(path: str) -> bool:
    """Whether a path holds a key that opens something by itself."""
    return path.startswith(_KEYED)


def without_secret(path: str) -> str:
    """A path as it may stand in a log."""
    begins = next((begins for begins in _KEYED if path.startswith(begins)), "")
    return f"{begins}…" if begins else path


def link(link_hash: str) -> str:
    """Everybody who saved one page."""
    return f"/url/{link_hash}"


def inbox(username: str) -> str:
    """A person's inbox."""
    return f"/u/{username}/inbox"


def outbox(username: str) -> str:
    """A person's outbox."""
    return f"/u/{username}/outbox"


def followers(username: str) -> str:
    """The collection a person's followers are addressed by."""
    return f"/u/{username}/followers"


def following(username: str) -> str:
    """The collection of whom a person follows."""
    return f"/u/{username}/following"


def featured(username: str) -> str:
    """A person's newest bookmarks, which other servers show on a profile."""
    return f"/u/{username}/featured"


def featured_tags(username: str) -> str:
    """The tags a person uses most, as Mastodon can carry them."""
    return f"/u/{username}/tags"


def nodeinfo(version: str) -> str:
    """What this server is, for programs."""
    return f"/nodeinfo/{version}"


SHARED_INBOX = "/inbox"
KEYED_FEEDS = "/feeds/"
_KEYED = (KEYED_FEEDS, "/secret:", "/rss/secret:", "/json/secret:", "/json/v1/secret:")
AUTHORIZE_INTERACTION = "/authorize_interaction"
INSTANCE_ACTOR = "/actor"
STREAM_ICON = "/static/stream.png"
INSTANCE_OUTBOX = f"{INSTANCE_ACTOR}/outbox"
INSTANCE_FEATURED = f"{INSTANCE_ACTOR}/featured"


def key_id(actor_path: str, fragment: str = "main-key") -> str:
    """A key's id, absolute: the actor's with a fragment, so that every verifier finds the actor."""
    return key_id_at(absolute(actor_path), fragment)


def key_id_at(actor_uri: str, fragment: str = "main-key") -> str:
    """The same for an actor's id."""
    return f"{actor_uri}#{fragment}"


def activity(username: str, public_id: str, activity_id: str) -> str:
    """A Create, Update or Delete of a bookmark."""
    return f"{bookmark(username, public_id)}/activity/{activity_id}"


def follow(actor_uri: str, follow_id: str) -> str:
    """The id of a Follow that an actor of this server asked."""
    return f"{actor_uri}/follows/{follow_id}"


def update(username: str, activity_id: str) -> str:
    """An Update of a person."""
    return f"/u/{username}/updates/{activity_id}"


def end(username: str) -> str:
    """The Delete of a person."""
    return f"/u/{username}/delete"


def block(username: str, block_id: str) -> str:
    """A Block we said."""
    return f"/u/{username}/blocks/{block_id}"


def accept(username: str, accept_id: str) -> str:
    """An Accept or Reject we answered."""
    return f"/u/{username}/accepts/{accept_id}"


def icon(file: str) -> str:
    """An avatar kept here."""
    return f"/avatars/{file}"


def add(**values: str) -> str:
    """The form that saves, filled in."""
    given = [f"{name}={quote(value, safe='')}" for name, value in values.items() if value]
    return "/add" + ("?" + "&".join(given) if given else "")


def local_path(uri: str) -> str | None:
    """The path of an address of this server, or None when it is somebody else's."""
    try:
        parts = urlsplit(uri)
    except ValueError:  # `http://[`
        return None
    if f"{parts.scheme}://{parts.netloc}".lower() != here().settings.base_url:
        return None
    return parts.path


def local_username(uri: str) -> str | None:
    """The name in an actor id of this server (`…/u/ana`), or None."""
    path = local_path(uri)
    if path is None:
        return None
    first, _, name = path.removeprefix("/").partition("/")
    return name if first == "u" and name and "/" not in name else None


def local_digest(uri: str) -> str | None:
    """The name in a digest's id of this server (`…/u/ana/digest`), or None."""
    parts = (local_path(uri) or "").split("/")
    return parts[2] if len(parts) == 4 and parts[1] == "u" and parts[2] and parts[3] == "digest" else None


def local_follow(uri: str) -> str | None:
    """The public id in the id of a Follow of this server (`…/u/ana/follows/…`, `…/actor/follows/…`), or None."""
    head, _, follow_id = (local_path(uri) or "").rpartition("/follows/")
    is_ours = head == INSTANCE_ACTOR or (head.startswith("/u/") and head.count("/") == 2)
    return follow_id if is_ours and follow_id and "/" not in follow_id else None


def local_bookmark(uri: str) -> tuple[str, str] | None:
    """Name and public id in a Note's id of this server (`…/u/ana/b/…`), or None."""
    return _local_thing(uri, "b")


def local_remark(uri: str) -> tuple[str, str] | None:
    """The same of a reply or remark (`…/u/ana/r/…`)."""
    return _local_thing(uri, "r")


def local_stream(uri: str) -> tuple[str, str] | None:
    """Whose tag an address of this server means (empty: everybody's) and the tag's key; None for every other address.

    Every spelling of the tag is taken.
    """
    parts = (local_path(uri) or "").split("/")
    if len(parts) == 3 and parts[1] == "t":
        username, segment = "", parts[2]
    elif len(parts) == 5 and parts[1] == "u" and parts[2] and parts[3] == "t":
        username, segment = parts[2], parts[4]
    else:
        return None
    try:
        typed = segments.decode(segment)
    except ValueError:
        return None
    key = key_of(typed)
    return (username, key) if "," not in typed and key.strip(".") else None


def _local_thing(uri: str, segment: str) -> tuple[str, str] | None:
    path = local_path(uri)
    parts = path.split("/") if path else []
    return (parts[2], parts[4]) if len(parts) == 5 and parts[1] == "u" and parts[3] == segment else None


def _together(keys: Iterable[str]) -> str:
    return ",".join(segments.encode(key) for key in keys)
