"""PURE. WebFinger: from a handle to an actor. (RFC 7033)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fedimark.vocab.reading import LONGEST_ID, Unreadable, is_web_url, text
from fedimark.vocab.terms import ACTIVITY_JSON, REL_PROFILE, REL_SELF, REL_SUBSCRIBE, Doc, is_activity_type

_MOST_LINKS = 64


@dataclass(frozen=True, slots=True)
class Found:
    """What WebFinger says about a handle: `subject` is `name@host`, `self_href` the actor's id.

    `subscribe_template` is an http(s) address holding `{uri}`.
    """

    subject: str
    self_href: str
    subscribe_template: str | None


def webfinger_document(*, handle: str, actor_id: str, page: str, subscribe_template: str) -> Doc:
    """The JRD of somebody here; `handle` is `name@host`, `subscribe_template` holds `{uri}`."""
    return {
        "subject": f"acct:{handle}",
        "aliases": list(dict.fromkeys((actor_id, page))),
        "links": [
            {"rel": REL_PROFILE, "type": "text/html", "href": page},
            # Betula wants exactly this type.
            {"rel": REL_SELF, "type": ACTIVITY_JSON, "href": actor_id},
            {"rel": REL_SUBSCRIBE, "template": subscribe_template},
        ],
    }


def read_webfinger(doc: Doc) -> Found:
    """Read a JRD; raises Unreadable without an `acct:` subject or without a self link that leads to an actor."""
    subject = text(doc.get("subject"))
    name, at, host = subject.removeprefix("acct:").partition("@")
    if not subject.startswith("acct:") or not (name and at and host) or "@" in host:
        raise Unreadable("subject")
    listed = doc.get("links")
    links = [each for each in listed[:_MOST_LINKS] if isinstance(each, dict)] if isinstance(listed, list) else []
    hrefs = (link.get("href") for link in links if _is_actor_link(link))
    templates = (link.get("template") for link in links if link.get("rel") == REL_SUBSCRIBE)
    self_href = _first_url(hrefs)
    if self_href is None:
        raise Unreadable("self")
    return Found(
        subject=f"{name}@{host}",
        self_href=self_href,
        subscribe_template=_first_url(each for each in templates if isinstance(each, str) and "{uri}" in each),
    )


def _is_actor_link(link: Doc) -> bool:
    media_type = link.get("type")
    return link.get("rel") == REL_SELF and isinstance(media_type, str) and is_activity_type(media_type)


def _first_url(values: Iterable[object]) -> str | None:
    for each in values:
        if isinstance(each, str) and len(each) <= LONGEST_ID and is_web_url(each):
            return each
    return None
