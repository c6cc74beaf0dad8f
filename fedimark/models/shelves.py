"""What somebody keeps beside their bookmarks, for themselves: bundles of tags and words, and files."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Bundle(Table):
    """A search somebody keeps under a name: words, tags of which any, all or none are there, and two marks."""

    id = column.BigIntField(primary_key=True)
    owner_id = column.BigIntField()  # an actor
    name = column.CharField(max_length=256)
    search = column.CharField(max_length=256)
    any_tags = column.CharField(max_length=1024)  # keys, between single spaces
    all_tags = column.CharField(max_length=1024)
    excluded_tags = column.CharField(max_length=1024)
    filter_unread = column.CharField(max_length=3)  # off, yes or no
    filter_shared = column.CharField(max_length=3)
    position = column.IntField()
    created_at = column.BigIntField()
    updated_at = column.BigIntField()

    class Meta:
        """Read in its owner's order."""

        table = "bundle"
        indexes = (("owner_id", "position", "id"),)


class Asset(Table):
    """A file somebody keeps with a bookmark of theirs: a page as it looked, or anything. For its owner alone."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    bookmark_id = column.BigIntField()
    is_snapshot = column.BooleanField()
    digest = column.CharField(max_length=64, db_index=True)  # SHA-256 of the file, which is its name on disk
    size = column.BigIntField()  # in bytes
    content_type = column.CharField(max_length=100)
    name = column.CharField(max_length=255)
    created_at = column.BigIntField()

    class Meta:
        """Read with its bookmark, and added up for its owner."""

        table = "asset"
        indexes = (("bookmark_id", "id"), ("actor_id",))
