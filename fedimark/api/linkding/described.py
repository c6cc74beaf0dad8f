"""What linkding's calls take and answer, as `/api/openapi.json` tells it: by handler: no address stands twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fedimark.api.linkding import about, assets, bookmarks, bundles, tags
from fedimark.api.linkding.asked import SORTS
from fedimark.api.openapi import (
    FLAG,
    MOMENT,
    MULTIPART,
    NUMBER,
    TEXT,
    Asked,
    Schema,
    listed,
    named,
    one_of,
    or_none,
    thing,
)

_STATE: Final = one_of("yes", "no", "off")
_PART: Final = {"limit": NUMBER, "offset": NUMBER}
_FILTERS: Final = {
    **_PART,
    "q": TEXT,
    "sort": one_of(*SORTS),
    "unread": _STATE,
    "shared": _STATE,
    "added_since": MOMENT,
    "modified_since": MOMENT,
}
_WRITTEN: Final = {
    "url": TEXT,
    "title": TEXT,
    "description": TEXT,
    "notes": TEXT,
    "tag_names": listed(TEXT),
    "is_archived": FLAG,
    "unread": FLAG,
    "shared": FLAG,
    "date_added": MOMENT,
    "date_modified": MOMENT,
}
_BUNDLE: Final = {
    **dict.fromkeys(("name", "search", "any_tags", "all_tags", "excluded_tags"), TEXT),
    **dict.fromkeys(("filter_unread", "filter_shared"), _STATE),
    "order": {"type": "integer"},
}
_FILE: Final = {"type": "string", "format": "binary"}

SCHEMAS: Final[Mapping[str, Schema]] = {
    "Bookmark": thing(
        id=NUMBER,
        url=TEXT,
        title=TEXT,
        description=TEXT,
        notes=TEXT,
        web_archive_snapshot_url=TEXT,
        favicon_url={"type": "null"},
        preview_image_url={"type": "null"},
        is_archived=FLAG,
        unread=FLAG,
        shared=FLAG,
        tag_names=listed(TEXT),
        date_added=MOMENT,
        date_modified=MOMENT,
        website_title={"type": "null"},
        website_description={"type": "null"},
    ),
    "Saved": {"anyOf": [dict(named("Bookmark")), dict(thing(id=NUMBER, url=TEXT))]},
    "Tag": thing(id=NUMBER, name=TEXT, date_added=MOMENT),
    "Bundle": thing(id=NUMBER, **_BUNDLE, date_created=MOMENT, date_modified=MOMENT),
    "Asset": thing(
        id=NUMBER,
        bookmark=NUMBER,
        date_created=MOMENT,
        file_size=NUMBER,
        asset_type=one_of("snapshot", "upload"),
        content_type=TEXT,
        display_name=TEXT,
        status=TEXT,
    ),
    "Profile": thing(
        theme=TEXT,
        bookmark_date_display=TEXT,
        bookmark_link_target=TEXT,
        web_archive_integration=TEXT,
        tag_search=TEXT,
        enable_sharing=FLAG,
        enable_public_sharing=FLAG,
        enable_favicons=FLAG,
        display_url=FLAG,
        permanent_notes=FLAG,
        search_preferences=thing(sort=TEXT, shared=TEXT, unread=TEXT),
        version=TEXT,
    ),
}


def _page(name: str) -> Schema:
    return thing(count=NUMBER, next=or_none(TEXT), previous=or_none(TEXT), results=listed(named(name)))


_BOOKMARK: Final = named("Bookmark")
_SAVED: Final = named("Saved")

ASKED: Final[Mapping[Callable[..., Any], Asked]] = {
    about.get_health: Asked(answer=thing(version=TEXT, status=TEXT)),
    about.get_root: Asked(answer=thing(bookmarks=TEXT, tags=TEXT, bundles=TEXT)),
    about.get_profile: Asked(answer=named("Profile")),
    bookmarks.get_bookmarks: Asked({**_FILTERS, "bundle": NUMBER}, answer=_page("Bookmark")),
    bookmarks.get_archived: Asked({**_FILTERS, "bundle": NUMBER}, answer=_page("Bookmark")),
    bookmarks.get_shared: Asked({**_FILTERS, "user": TEXT, "bundle": NUMBER}, answer=_page("Bookmark")),
    bookmarks.get_check: Asked(
        {"url": TEXT},
        needs=("url",),
        answer=thing(bookmark=or_none(_BOOKMARK), metadata={"type": "object"}, auto_tags=listed(TEXT)),
    ),
    bookmarks.post_bookmark: Asked({"disable_scraping": TEXT}, _WRITTEN, ("url",), status=201, answer=_SAVED),
    bookmarks.get_bookmark: Asked(answer=_BOOKMARK),
    bookmarks.put_bookmark: Asked({}, _WRITTEN, ("url",), answer=_SAVED),
    bookmarks.patch_bookmark: Asked({}, _WRITTEN, answer=_SAVED),
    bookmarks.delete_bookmark: Asked(status=204),
    bookmarks.post_archive: Asked(status=204),
    bookmarks.post_unarchive: Asked(status=204),
    assets.post_singlefile: Asked(
        {}, {"url": TEXT, "file": _FILE}, ("url", "file"), (MULTIPART,), 201, thing(message=TEXT)
    ),
    assets.get_assets: Asked(answer=_page("Asset")),
    assets.post_file: Asked({}, {"file": _FILE}, ("file",), (MULTIPART,), 201, named("Asset")),
    assets.get_asset: Asked(answer=named("Asset")),
    assets.delete_asset: Asked(status=204),
    assets.get_file: Asked(answer={}, answered=("*/*",)),
    tags.get_tags: Asked(_PART, answer=_page("Tag")),
    tags.post_tag: Asked({}, {"name": TEXT}, ("name",), status=201, answer=named("Tag")),
    tags.get_tag: Asked(answer=named("Tag")),
    tags.delete_tag_of: Asked(status=204),
    bundles.get_bundles: Asked(_PART, answer=_page("Bundle")),
    bundles.post_bundle: Asked({}, _BUNDLE, ("name",), status=201, answer=named("Bundle")),
    bundles.get_bundle: Asked(answer=named("Bundle")),
    bundles.put_bundle: Asked({}, _BUNDLE, ("name",), answer=named("Bundle")),
    bundles.patch_bundle: Asked({}, _BUNDLE, answer=named("Bundle")),
    bundles.delete_bundle: Asked(status=204),
}
"""Of each handler what it takes and answers."""
