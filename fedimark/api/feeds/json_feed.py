"""PURE. A feed as JSON Feed 1.1. (https://www.jsonfeed.org/version/1.1/)"""

from __future__ import annotations

import json

from fedimark.api.feeds.feed import Feed, FeedEntry, iri, moment


def json_feed(feed: Feed) -> str:
    """The document, in characters as they are."""
    document: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": iri(feed.page),
    }
    if feed.here:
        document["feed_url"] = iri(feed.here)
    if feed.earlier:
        document["next_url"] = iri(feed.earlier)
    if feed.hub:
        document["hubs"] = [{"type": "WebSub", "url": iri(feed.hub)}]
    document["items"] = [_entry(entry) for entry in feed.entries]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _entry(entry: FeedEntry) -> dict[str, object]:
    said: dict[str, object] = {
        "id": entry.id,
        "url": iri(entry.page),
        "title": entry.title,
        "date_published": moment(entry.published),
        "date_modified": moment(max(entry.updated, entry.published)),
        "authors": [
            {"name": one.name, "url": iri(one.href)} if one.href else {"name": one.name} for one in entry.authors
        ],
        "tags": list(entry.tags),
    }
    if entry.html:
        said["content_html"] = entry.html
    else:
        said["content_text"] = entry.description if entry.url else f"{entry.address}\n\n{entry.description}".rstrip()
    # What stands here alone is about no other page.
    return {**said, "external_url": iri(entry.url)} if entry.url not in ("", entry.page) else said
