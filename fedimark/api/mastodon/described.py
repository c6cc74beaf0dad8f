"""What Mastodon's calls take and answer, as `/api/openapi.json` tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fedimark.api.mastodon import handlers
from fedimark.api.openapi import FLAG, MOMENT, NUMBER, TEXT, Asked, Schema, listed, named, or_none, thing

_BETWEEN: Final = {"limit": NUMBER, "max_id": TEXT, "since_id": TEXT, "min_id": TEXT}
_ANYTHING: Final[Schema] = {"type": "object"}

# Mastodon's own documentation says the rest of its entities. (https://docs.joinmastodon.org/entities/)
SCHEMAS: Final[Mapping[str, Schema]] = {
    "Account": thing(
        id=TEXT, username=TEXT, acct=TEXT, display_name=TEXT, locked=FLAG, note=TEXT, url=TEXT, followers_count=NUMBER,
        following_count=NUMBER, statuses_count=NUMBER, created_at=MOMENT,
    ),
    "Status": thing(
        id=TEXT, created_at=MOMENT, edited_at=or_none(MOMENT), visibility=TEXT, uri=TEXT, url=TEXT, content=TEXT,
        account=named("Account"), tags=listed(thing(name=TEXT, url=TEXT)), card=_ANYTHING,
    ),
}  # fmt: skip

ASKED: Final[Mapping[Callable[..., Any], Asked]] = {
    handlers.get_instance_v1: Asked(answer=_ANYTHING),
    handlers.get_instance_v2: Asked(answer=_ANYTHING),
    handlers.get_public: Asked(_BETWEEN, answer=listed(named("Status"))),
    handlers.get_tag: Asked(_BETWEEN, answer=listed(named("Status"))),
    handlers.get_lookup: Asked({"acct": TEXT}, needs=("acct",), answer=named("Account")),
    handlers.get_status: Asked(answer=named("Status")),
}
"""Of each handler what it takes and answers."""
