"""Who follows whom."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Follow(Table):
    """One actor following another, where at least one of the two is of this server.

    `state` is requested, accepted or rejected. `public_id` names our own Follow on the wire, `uri` a received one. Of
    somebody elsewhere who is followed from here without a `public_id`, the server's own actor is the follower on the
    wire, and its follow's state is everybody's. (follows.subscriptions)
    """

    id = column.BigIntField(primary_key=True)
    follower_id = column.BigIntField()
    target_id = column.BigIntField()
    state = column.CharField(max_length=10)
    public_id = column.CharField(max_length=13, null=True, unique=True)
    uri = column.TextField(null=True)
    created_at = column.BigIntField()
    answered_at = column.BigIntField(null=True)
    asked_again_at = column.BigIntField(null=True)  # when a Follow of ours without an answer was said again

    class Meta:
        """Read from both ends."""

        table = "follow"
        unique_together = (("follower_id", "target_id"),)
        indexes = (("target_id", "state"),)


class FollowCount(Table):
    """How many asked to follow somebody here within one minute, from one server or from one registrable domain."""

    id = column.BigIntField(primary_key=True)
    name = column.CharField(max_length=260)  # a host as policy.hosts writes it, or *. and a domain
    since = column.BigIntField()  # when the minute began
    amount = column.IntField()

    class Meta:
        """Raised by whoever asks, thrown away after the hour."""

        table = "follow_count"
        unique_together = (("name", "since"),)
