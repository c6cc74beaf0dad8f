"""What people here are told: who did what with them or their bookmarks."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Notification(Table):
    """One thing that somebody did, told to one person here: `kind` and `subject` mean what `notifications.tell` says.

    It says nothing itself: whoever reads it looks whether what it points at is still there for its owner.
    """

    id = column.BigIntField(primary_key=True)
    owner_id = column.BigIntField()  # who is told, an actor
    kind = column.SmallIntField()
    actor_id = column.BigIntField()  # who did it
    subject = column.CharField(max_length=40)
    bookmark_id = column.BigIntField(null=True)  # which it is about
    bundle = column.CharField(max_length=40)  # what is told in one line, of one kind
    day = column.IntField()  # since 1970, when it was told
    at = column.BigIntField()
    read_at = column.BigIntField(null=True)

    class Meta:
        """Once for each; the unread ones of an owner have a partial index."""

        table = "notification"
        unique_together = (("kind", "actor_id", "subject", "owner_id"),)
        indexes = (("owner_id", "id"), ("owner_id", "kind", "day"), ("at",))
