"""What somebody chose to read, and not to: lists of people, what a network page shows, mutes. All theirs alone."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class PeopleList(Table):
    """A reader's list of people, with what they chose to see of it, or by an empty `public_id` their whole network.

    Whoever has `feed_key` reads its feed. `read_at` is when the reader marked all of it as read.
    """

    id = column.BigIntField(primary_key=True)
    owner_id = column.BigIntField()
    public_id = column.CharField(max_length=13, default="")
    name = column.TextField(default="")
    feed_key = column.CharField(max_length=26, null=True, unique=True)
    hides_shares = column.BooleanField(default=False)
    only_saves = column.BooleanField(default=False)
    only_unread = column.BooleanField(default=False)
    tag = column.CharField(max_length=255, default="")  # a tag's key
    from_id = column.BigIntField(null=True)  # somebody followed: only through them
    read_at = column.BigIntField(default=0)
    created_at = column.BigIntField()

    class Meta:
        """A reader's, read together."""

        table = "people_list"
        unique_together = (("owner_id", "public_id"),)


class ListMember(Table):
    """Somebody, or a stream or a feed, on a list: whom its owner follows. The end of that follow takes them out."""

    id = column.BigIntField(primary_key=True)
    list_id = column.BigIntField()
    actor_id = column.BigIntField()

    class Meta:
        """Read from both ends."""

        table = "list_member"
        unique_together = (("list_id", "actor_id"),)
        indexes = (("actor_id",),)


class Mute(Table):
    """A word, a tag or a server that somebody here reads nothing of, until a moment or for good."""

    id = column.BigIntField(primary_key=True)
    owner_id = column.BigIntField()
    kind = column.CharField(max_length=6)  # policy.mutes
    value = column.CharField(max_length=255)  # as policy.mutes folds it
    until = column.BigIntField(null=True)
    created_at = column.BigIntField()

    class Meta:
        """A reader's, read together."""

        table = "mute"
        unique_together = (("owner_id", "kind", "value"),)


class Digest(Table):
    """That somebody here lets a Service tell once a day what they saved: what was saved before `told_until` is told.

    `stream_id` is the Service's row of `actor`, which stays when `is_on` falls.
    """

    id = column.BigIntField(primary_key=True)
    owner_id = column.BigIntField(unique=True)  # the person's row of `actor`
    stream_id = column.BigIntField(unique=True)
    is_on = column.BooleanField(default=False)
    told_until = column.BigIntField()
    next_at = column.BigIntField()  # when the day that is being told of ends

    class Meta:
        """Those that are on are found when their day has ended."""

        table = "digest"
        indexes = (("is_on", "next_at"),)


class DigestDay(Table):
    """A Note that told of what was saved between two moments.

    What it lists is read from the bookmarks.
    """

    id = column.BigIntField(primary_key=True)
    stream_id = column.BigIntField()
    day = column.CharField(max_length=10)  # of its owner's calendar: 2026-11-27
    from_at = column.BigIntField()
    until_at = column.BigIntField()
    said_at = column.BigIntField()

    class Meta:
        """One a day."""

        table = "digest_day"
        unique_together = (("stream_id", "day"),)
