"""Every table. Moments are microseconds since 1970, UTC; hashes are hex."""

from fedimark.models.accounts import Account, Fact, Invite, Session
from fedimark.models.actors import Actor
from fedimark.models.bookmarks import Bookmark, BookmarkTag, Link, Tag, Tally, Tombstone, Withheld
from fedimark.models.follows import Follow, FollowCount
from fedimark.models.moderation import Block, BlockedDomain
from fedimark.models.peers import ActorKey, Inbox, Peer
from fedimark.models.queues import Activity, ActivityBody, Announcement, Delivery, Job, Reach, ReceivedActivity
from fedimark.models.reactions import Reaction, Remark, Share
from fedimark.models.sources import Feed, Relay
from fedimark.models.timelines import Entry

__all__ = [
    "Account",
    "Activity",
    "ActivityBody",
    "Actor",
    "ActorKey",
    "Announcement",
    "Block",
    "BlockedDomain",
    "Bookmark",
    "BookmarkTag",
    "Delivery",
    "Entry",
    "Fact",
    "Feed",
    "Follow",
    "FollowCount",
    "Inbox",
    "Invite",
    "Job",
    "Link",
    "Peer",
    "Reach",
    "Reaction",
    "ReceivedActivity",
    "Relay",
    "Remark",
    "Session",
    "Share",
    "Tag",
    "Tally",
    "Tombstone",
    "Withheld",
]
