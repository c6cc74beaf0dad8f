"""What people elsewhere do with bookmarks that are not theirs."""

from __future__ import annotations

from tortoise import fields as column
from tortoise.models import Model


class Share(Model):
    """Somebody elsewhere passed a bookmark on to their followers: an Announce.

    `bookmark_id` is NULL while its author makes no bookmark of the Note, or hides it: they may, in an edit to come.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    object_hash = column.CharField(max_length=40)  # addresses.uri_hash of the Note's id
    bookmark_id = column.BigIntField(null=True)
    uri = column.TextField(default="")  # of the Announce
    shared_at = column.BigIntField()
    hidden_at = column.BigIntField(null=True)  # since when it is shown to nobody; thrown away after a month

    class Meta:
        """Once for each actor and object."""

        table = "share"
        unique_together = (("actor_id", "object_hash"),)
        indexes = (("object_hash",), ("bookmark_id",))


class Reaction(Model):
    """Somebody elsewhere likes a bookmark of this server: counted, nothing more."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    bookmark_id = column.BigIntField()
    kind = column.CharField(max_length=8)  # the AS2 type
    uri = column.TextField(default="")

    class Meta:
        """Once for each actor, bookmark and kind."""

        table = "reaction"
        unique_together = (("actor_id", "bookmark_id", "kind"),)
        indexes = (("bookmark_id",),)


class Remark(Model):
    """What somebody elsewhere wrote under a bookmark: a reply, or a remark that quotes it.

    `bookmark_id` is NULL while the bookmark is hidden by its author.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    uri = column.TextField()
    uri_hash = column.CharField(max_length=40, unique=True)
    page_url = column.TextField(default="")
    object_hash = column.CharField(max_length=40)  # addresses.uri_hash of the id of the bookmark it is about
    bookmark_id = column.BigIntField(null=True)
    depth = column.SmallIntField(default=0, db_default=0)  # how many answers stand between it and the bookmark
    is_reply = column.BooleanField()
    description = column.TextField()  # plain text
    visibility = column.SmallIntField()
    listed = column.BooleanField(default=False)  # whether its author lets it stand on public pages
    said_at = column.BigIntField()
    updated_at = column.BigIntField()
    received_at = column.BigIntField(default=0, db_default=0)

    class Meta:
        """Read with what it is about."""

        table = "remark"
        indexes = (("object_hash",), ("bookmark_id", "said_at"), ("actor_id",))
