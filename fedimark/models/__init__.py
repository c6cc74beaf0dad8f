"""Every table. Moments are microseconds since 1970, UTC; hashes are hex."""

from fedimark.models.accounts import Account, Fact, Invite, ProfileLink, Session, Token
from fedimark.models.actors import Actor
from fedimark.models.bookmarks import (
    Bookmark,
    BookmarkTag,
    Link,
    Tag,
    Tally,
    Tombstone,
    Trace,
    Unindexed,
    Withdrawal,
    Withheld,
)
from fedimark.models.figures import Figure, FigureMinute
from fedimark.models.follows import Follow, FollowCount
from fedimark.models.links import GivenLink, LinkForYou
from fedimark.models.moderation import Block, BlockedDomain, Report
from fedimark.models.notes import WrittenNote
from fedimark.models.notifications import Notification
from fedimark.models.peers import ActorKey, Inbox, Peer
from fedimark.models.queues import (
    Activity,
    ActivityBody,
    Announcement,
    Delivery,
    Edited,
    ImportedChunk,
    Job,
    PassedOn,
    Reach,
    ReceivedActivity,
    Telling,
)
from fedimark.models.reactions import Reaction, Remark, Share, Stamp
from fedimark.models.reading import Digest, DigestDay, ListMember, Mute, PeopleList
from fedimark.models.shelves import Asset, Bundle
from fedimark.models.sources import Feed, Relay
from fedimark.models.timelines import Entry, Unmerged

__all__ = [
    "Account",
    "Activity",
    "ActivityBody",
    "Actor",
    "ActorKey",
    "Announcement",
    "Asset",
    "Block",
    "BlockedDomain",
    "Bookmark",
    "BookmarkTag",
    "Bundle",
    "Delivery",
    "Digest",
    "DigestDay",
    "Edited",
    "Entry",
    "Fact",
    "Feed",
    "Figure",
    "FigureMinute",
    "Follow",
    "FollowCount",
    "GivenLink",
    "ImportedChunk",
    "Inbox",
    "Invite",
    "Job",
    "Link",
    "LinkForYou",
    "ListMember",
    "Mute",
    "Notification",
    "PassedOn",
    "Peer",
    "PeopleList",
    "ProfileLink",
    "Reach",
    "Reaction",
    "ReceivedActivity",
    "Relay",
    "Remark",
    "Report",
    "Session",
    "Share",
    "Stamp",
    "Tag",
    "Tally",
    "Telling",
    "Token",
    "Tombstone",
    "Trace",
    "Unindexed",
    "Unmerged",
    "Withdrawal",
    "Withheld",
    "WrittenNote",
]
