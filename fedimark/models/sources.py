"""What is read without its people having accounts we know: feeds that are polled, relays that forward."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Feed(Table):
    """A feed that somebody here follows: its row of `actor` (kind Feed, `uri` its address) is who they follow.

    What a feed says is seen by its followers alone. Read by `inbox.feeds`, at the times of `inbox.feed_times`.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField(unique=True)
    is_public = column.BooleanField(default=False)  # a public page advertises it, and its address holds no key
    etag = column.TextField(default="")
    last_modified = column.TextField(default="")
    next_at = column.BigIntField()
    fails = column.IntField(default=0)  # in a row
    asked_at = column.BigIntField(null=True)
    read_at = column.BigIntField(null=True)  # when it last answered something that could be read, changed or not
    changed_at = column.BigIntField(default=0, db_default=0)  # when it last said something new
    last_error = column.CharField(max_length=200, default="")

    class Meta:
        """Asked when their time has come."""

        table = "feed"
        indexes = (("next_at",),)


class Relay(Table):
    """A server that forwards what everybody publishes, to which an admin subscribed this one.

    `style` is mastodon (it forwards the very bytes) or litepub (it announces ids); `public_id` names our Follow.
    """

    id = column.BigIntField(primary_key=True)
    address = column.TextField()  # as the admin typed it: an inbox or an actor
    address_hash = column.CharField(max_length=40, unique=True)  # addresses.uri_hash(address)
    style = column.CharField(max_length=8)
    inbox = column.TextField(default="")
    actor_id = column.BigIntField(null=True)  # its row of `actor`, once known
    public_id = column.CharField(max_length=13, unique=True)
    state = column.CharField(max_length=10)  # requested, accepted, rejected
    created_at = column.BigIntField()
    answered_at = column.BigIntField(null=True)
    asked_again_at = column.BigIntField(null=True)  # when our Follow, which nobody answered, was said again

    class Meta:
        """A handful of rows."""

        table = "relay"
        indexes = (("actor_id",),)
