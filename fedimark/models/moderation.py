"""Whom this server and its people have nothing to do with."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class BlockedDomain(Table):
    """A host that an admin blocked, with everything below it, as `policy.hosts.normal` spells it.

    The fact `blocked_domains` changes whenever a row does, so every process notices.
    """

    id = column.BigIntField(primary_key=True)
    host = column.CharField(max_length=255, unique=True)
    reason = column.TextField(default="")
    created_at = column.BigIntField()

    class Meta:
        """A few hundred rows at most, kept in memory by `policy.blocks`."""

        table = "blocked_domain"


class Report(Table):
    """Somebody says that something is wrong with a person or with what they saved: nothing comes of it by itself.

    `objects` are the ids of what it names, as JSON, whether they can be seen or not. `reporter_id` is a person here, or
    whoever spoke for another server.
    """

    id = column.BigIntField(primary_key=True)
    public_id = column.CharField(max_length=13, unique=True)
    uri_hash = column.CharField(max_length=40, null=True, unique=True)  # of a received Flag and its actor
    host = column.CharField(max_length=255, default="")  # of the reporter; empty here
    reporter_id = column.BigIntField()
    target_id = column.BigIntField()  # an actor
    objects = column.TextField(default="[]")
    comment = column.TextField(default="")  # plain text
    is_forwarded = column.BooleanField(default=False)
    created_at = column.BigIntField()
    closed_at = column.BigIntField(null=True)

    class Meta:
        """Listed newest first; counted by host and by reporter."""

        table = "report"
        indexes = (("host", "created_at"), ("reporter_id", "created_at"), ("closed_at", "id"))


class Block(Table):
    """One person who wants nothing to do with another, where at least one of the two is of this server.

    `public_id` names a Block of ours on the wire, `uri` a received one. A mute is one that nobody hears of: its
    reader sees nothing of them, and everything else is as before.
    """

    id = column.BigIntField(primary_key=True)
    blocker_id = column.BigIntField()
    blocked_id = column.BigIntField()
    public_id = column.CharField(max_length=13, null=True, unique=True)
    uri = column.TextField(null=True)
    is_mute = column.BooleanField(default=False, db_default=False)
    until = column.BigIntField(null=True)  # of a mute: when it ends by itself
    created_at = column.BigIntField()

    class Meta:
        """Read from both ends."""

        table = "block"
        unique_together = (("blocker_id", "blocked_id"),)
        indexes = (("blocked_id",),)
