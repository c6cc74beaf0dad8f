"""PURE. The words of ActivityStreams that we say and read, each written once."""

from __future__ import annotations

import re
from typing import TypeAlias

Doc: TypeAlias = dict[str, object]

AS = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS}#Public"
PUBLIC_SPELLINGS = frozenset({PUBLIC, "as:Public", "Public"})

ACTIVITY_JSON = "application/activity+json"
LD_JSON = f'application/ld+json; profile="{AS}"'
JRD_JSON = "application/jrd+json"

ACCEPT_ACTIVITY = f"{LD_JSON}, {ACTIVITY_JSON}"
ACCEPT_JRD = f"{JRD_JSON}, application/json"

ACTOR_TYPES = frozenset({"Application", "Group", "Organization", "Person", "Service"})
# Mastodon and Lemmy send links as Page, blogs as Article; Betula reads all three.
NOTE_TYPES = frozenset({"Note", "Page", "Article"})

TAGS = "fedimark:tags"

REL_SELF = "self"
REL_PROFILE = "http://webfinger.net/rel/profile-page"
REL_SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"

_LONGEST_CONTENT_TYPE = 1_024
_PARAMETER = re.compile(r';[ \t]*+([^=;\s"]++)=("[^"]*+"|[^;\s"]*+)')


def note_context() -> list[object]:
    """The `@context` of a Note and of activities that embed one, as a fresh value."""
    return [
        AS,
        {
            "Hashtag": "as:Hashtag",
            "sensitive": "as:sensitive",
            "gts": "https://gotosocial.org/ns#",
            "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
            "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
            "canReply": {"@id": "gts:canReply", "@type": "@id"},
            "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
            "fedimark": "https://w3id.org/fedimark#",
            "rawTag": "fedimark:rawTag",
            TAGS: {"@id": TAGS, "@container": "@list"},
        },
    ]


def remark_context() -> list[object]:
    """The `@context` of a reply or remark and of activities that embed one, as a fresh value."""
    return [
        *note_context(),
        {
            "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
            "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
            "quoteUrl": "as:quoteUrl",
            "quoteUri": "http://fedibird.com/ns#quoteUri",
            "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
        },
    ]


def quote_context() -> list[object]:
    """The `@context` of asking to quote, of the answers, and of what is served of them, as a fresh value. (FEP-044f)"""
    return [
        AS,
        {
            "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
            "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
            "gts": "https://gotosocial.org/ns#",
            "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
            "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        },
    ]


def actor_context() -> list[object]:
    """The `@context` of an actor, as a fresh value."""
    return [
        AS,
        "https://w3id.org/security/v1",
        "https://www.w3.org/ns/did/v1",
        "https://w3id.org/security/multikey/v1",
        {
            "toot": "http://joinmastodon.org/ns#",
            "discoverable": "toot:discoverable",
            "indexable": "toot:indexable",
            "suspended": "toot:suspended",
            "featured": {"@id": "toot:featured", "@type": "@id"},
            "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
            "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
            "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
            "movedTo": {"@id": "as:movedTo", "@type": "@id"},
            "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
            "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id", "@container": "@set"},
            "schema": "http://schema.org#",
            "PropertyValue": "schema:PropertyValue",
            "value": "schema:value",
        },
    ]


def tag_actor_context() -> list[object]:
    """The `@context` of a tag's actor, as a fresh value."""
    lemmy = {"lemmy": "https://join-lemmy.org/ns#", "postingRestrictedToMods": "lemmy:postingRestrictedToMods"}
    return [*actor_context(), lemmy]


def is_activity_type(content_type: str) -> bool:
    """Whether a Content-Type promises ActivityStreams: activity+json, or ld+json with the profile.

    Other parameters are tolerated. Plain ld+json and json are not: anybody can upload those somewhere, and be taken
    for the server they lie on. (ActivityPub §3.2, GHSA-jhrq-qvrm-qr36)
    """
    if content_type == ACTIVITY_JSON:
        return True
    if len(content_type) > _LONGEST_CONTENT_TYPE:
        return False
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/ld+json":
        return media_type == ACTIVITY_JSON
    profiles = (
        value.strip('"').split() for name, value in _PARAMETER.findall(content_type) if name.lower() == "profile"
    )
    return any(AS in profile for profile in profiles)
