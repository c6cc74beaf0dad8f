"""Every table. Moments are microseconds since 1970, UTC; hashes are hex."""

from fedimark.models.accounts import Account, Fact, Invite, Session
from fedimark.models.actors import Actor
from fedimark.models.bookmarks import Bookmark, BookmarkTag, Link, Tag, Tally, Tombstone
from fedimark.models.follows import Follow
from fedimark.models.queues import Activity, Delivery, Job, Reach, ReceivedActivity
from fedimark.models.timelines import Entry

__all__ = [
    "Account",
    "Activity",
    "Actor",
    "Bookmark",
    "BookmarkTag",
    "Delivery",
    "Entry",
    "Fact",
    "Follow",
    "Invite",
    "Job",
    "Link",
    "Reach",
    "ReceivedActivity",
    "Session",
    "Tag",
    "Tally",
    "Tombstone",
]
