"""Mastodon's entities, made of our rows. (https://docs.joinmastodon.org/entities/)

What this server has no notion of is there with the value that means nothing, for clients miss it else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.here import here
from fedimark.importing.formats.moments import iso_millis
from fedimark.outbox.notes import edited_at, note
from fedimark.text import html, tags
from fedimark.vocab.moments import rfc3339

Entity = dict[str, object]


def account(actor: Row, counted: Mapping[str, int]) -> Entity:
    """An Account: somebody of this server, by their actor's row; `counted` are followers, following and bookmarks.

    Its id is the name, which nobody else will ever have here.
    """
    name = actor["local_name"]
    icon = absolute(addresses.icon(actor["icon"]) if actor["icon"] else addresses.STREAM_ICON)
    return {
        "id": name,
        "username": name,
        "acct": name,
        "display_name": actor["name"] or name,
        "locked": bool(actor["approves_followers"]),
        "bot": False,
        "discoverable": True,
        "indexable": bool(actor["indexable"]),
        "group": False,
        "created_at": _day(actor["created_at"]),
        "note": html.paragraphs(actor["summary"]),
        "url": absolute(addresses.person(name)),
        "uri": absolute(addresses.person(name)),
        "avatar": icon,
        "avatar_static": icon,
        "header": "",
        "header_static": "",
        "followers_count": counted["followers"],
        "following_count": counted["following"],
        "statuses_count": counted["bookmarks"],
        "last_status_at": None,
        "emojis": [],
        "fields": [
            {"name": label, "value": html.own_link(value), "verified_at": None}
            for label, value in json.loads(actor["fields"])
        ],
    }


def status(bookmark: Row, author: Entity) -> Entity:
    """A Status: a public bookmark of this server, in the words of its Note, with its page as the preview card."""
    said = note(str(author["username"]), bookmark)
    edited = edited_at(bookmark)
    return {
        "id": bookmark["public_id"],
        "created_at": iso_millis(bookmark["saved_at"]),
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": None,
        "uri": said["id"],
        "url": said["url"],
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "edited_at": iso_millis(edited) if edited is not None else None,
        "content": said["content"],
        "reblog": None,
        "application": {"name": "fedimark", "website": None},
        "account": author,
        "media_attachments": [],
        "mentions": [],
        "tags": [_tag(word) for word in bookmark["tags"].split() if tags.hashtag(word)],
        "emojis": [],
        "card": _card(bookmark),
        "poll": None,
    }


def instance_v1(counted: Mapping[str, int], version: str, *, is_open: bool, by_invite: bool) -> Entity:
    """A V1::Instance."""
    return {
        "uri": here().settings.handles_at,
        "title": here().settings.handles_at,
        "short_description": _SAYS,
        "description": _SAYS,
        "email": "",
        "version": version,
        "urls": {},
        "stats": {
            "user_count": counted["people"],
            "status_count": counted["bookmarks"],
            "domain_count": counted["domains"],
        },
        "thumbnail": absolute(addresses.STREAM_ICON),
        "languages": ["en"],
        "registrations": is_open or by_invite,
        "approval_required": by_invite,
        "invites_enabled": by_invite,
        "configuration": _CONFIGURATION,
        "contact_account": None,
        "rules": [],
    }


def instance_v2(counted: Mapping[str, int], version: str, *, is_open: bool, by_invite: bool) -> Entity:
    """An Instance."""
    return {
        "domain": here().settings.handles_at,
        "title": here().settings.handles_at,
        "version": version,
        "source_url": here().settings.base_url,
        "description": _SAYS,
        "usage": {"users": {"active_month": counted["month"]}},
        "thumbnail": {"url": absolute(addresses.STREAM_ICON)},
        "icon": [],
        "languages": ["en"],
        "configuration": {"urls": {}, **_CONFIGURATION},
        "registrations": {
            "enabled": is_open or by_invite,
            "approval_required": by_invite,
            "message": None,
            "url": absolute("/sign-up"),
        },
        "api_versions": {"mastodon": 1},
        "contact": {"email": "", "account": None},
        "rules": [],
    }


_SAYS = "Social bookmarking on the fediverse."
# Nothing is written through this door; what would be, could be no longer than this.
_CONFIGURATION: Entity = {
    "accounts": {"max_featured_tags": 0, "max_pinned_statuses": 0},
    "statuses": {"max_characters": 65_536, "max_media_attachments": 0, "characters_reserved_per_url": 23},
    "media_attachments": {
        "supported_mime_types": [],
        "image_size_limit": 0,
        "image_matrix_limit": 0,
        "video_size_limit": 0,
        "video_frame_rate_limit": 0,
        "video_matrix_limit": 0,
    },
    "polls": {"max_options": 0, "max_characters_per_option": 0, "min_expiration": 0, "max_expiration": 0},
    "translation": {"enabled": False},
}


def _card(bookmark: Row) -> Entity:
    """The page saved, as a PreviewCard; no picture of it is ever asked for."""
    return {
        "url": bookmark["url"],
        "title": bookmark["title"] or bookmark["url"],
        "description": "",
        "language": None,
        "type": "link",
        "author_name": "",
        "author_url": "",
        "authors": [],
        "provider_name": bookmark["page_host"],
        "provider_url": "",
        "html": "",
        "width": 0,
        "height": 0,
        "image": None,
        "image_description": "",
        "embed_url": "",
        "blurhash": None,
        "published_at": None,
    }


def _tag(word: str) -> Entity:
    return {"name": tags.hashtag(word), "url": absolute(addresses.tags((tags.key(word),)))}


def _day(at: int) -> str:
    """The day alone, as Mastodon tells it of accounts since it tells no hour of anybody."""
    return f"{rfc3339(at)[:10]}T00:00:00.000Z"
