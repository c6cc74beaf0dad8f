"""The merged timelines, as written when bookmarks change."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Entry(Table):
    """One link's line in a merged stream, while its savers are read from the bookmarks when a page is drawn.

    `stream` is one of timelines.merge.Merged and `owner_id` the reader of a network timeline, a tag, or 0.
    `position` is the earliest moment among the saves seen through the stream, or, where `is_said`, the latest at which
    somebody whom the reader follows saved it with words of their own.
    """

    id = column.BigIntField(primary_key=True)
    stream = column.SmallIntField()
    owner_id = column.BigIntField()
    link_id = column.BigIntField()
    position = column.BigIntField()
    is_said = column.BooleanField(default=False, db_default=False)

    class Meta:
        """Read by position, found by link: those of one link lie together, however many readers it has."""

        table = "entry"
        unique_together = (("link_id", "stream", "owner_id"),)
        indexes = (("stream", "owner_id", "position", "link_id"),)


class Unmerged(Table):
    """A bookmark that a file brought in, which the merged streams are still to show. (timelines.waiting)"""

    id = column.BigIntField(primary_key=True)
    bookmark_id = column.BigIntField()

    class Meta:
        """Read in their order, and thrown away once they are merged."""

        table = "unmerged"
