"""The durable seams: what came in, what must go out, what is to be done. Rows, so a crash loses nothing."""

from __future__ import annotations

from tortoise import fields as column
from tortoise.models import Model


class ReceivedActivity(Model):
    """An activity whose sender was proven, stored before it was answered, waiting to be applied.

    Rows stay after they were applied (`applied_at`), so the same activity is taken in once.
    """

    id = column.BigIntField(primary_key=True)
    uri_hash = column.CharField(max_length=40, unique=True)
    actor_id = column.BigIntField()
    kind = column.CharField(max_length=32)
    body = column.TextField()
    received_at = column.BigIntField()
    tries = column.SmallIntField(default=0)
    next_at = column.BigIntField()
    applied_at = column.BigIntField(null=True)
    asking_since = column.BigIntField(null=True)  # another server is to be asked before it can be applied
    outcome = column.CharField(max_length=200, default="")

    class Meta:
        """Waiting rows are found by a partial index of the first migration."""

        table = "received_activity"


class Activity(Model):
    """Something we say, with the bytes as they will be sent."""

    id = column.BigIntField(primary_key=True)
    public_id = column.CharField(max_length=13, unique=True)
    actor_id = column.BigIntField()
    kind = column.CharField(max_length=16)
    object_uri = column.TextField()
    object_hash = column.CharField(max_length=40)
    body = column.TextField()
    created_at = column.BigIntField()

    class Meta:
        """Found again by object, to supersede or cancel."""

        table = "activity"
        indexes = (("object_hash",),)


class ActivityBody(Model):
    """An activity said otherwise, for peers that read another shape, once for all of them."""

    id = column.BigIntField(primary_key=True)
    activity_id = column.BigIntField()
    profile = column.CharField(max_length=10)  # outbox.profiles
    body = column.TextField()

    class Meta:
        """Found when a delivery is claimed."""

        table = "activity_body"
        unique_together = (("activity_id", "profile"),)


class Delivery(Model):
    """One activity for one inbox, deleted when it has arrived, kept with `dead_at` when it never will.

    Order holds within an inbox: only the oldest row of one may go. `next_at` is when a row is looked at next; one that
    is being sent, that stands behind another, or whose host is in trouble is put off, so that what is due is short.
    A paced row joins its inbox's order only when its moment has come.
    """

    id = column.BigIntField(primary_key=True)
    activity_id = column.BigIntField()
    inbox = column.TextField()
    inbox_hash = column.CharField(max_length=40)
    host = column.CharField(max_length=255)  # of the inbox, as in `peer`
    lane = column.SmallIntField(default=0)  # delivery.breaker.Lane, as it was when last looked at
    object_hash = column.CharField(max_length=40)
    profile = column.CharField(max_length=10, default="")  # which ActivityBody; empty: the activity's own
    tries = column.SmallIntField(default=0)
    next_at = column.BigIntField()
    not_before = column.BigIntField(default=0)  # the other server's wish (Retry-After)
    lease_until = column.BigIntField(default=0)
    paced_by = column.BigIntField(null=True)  # the actor who says so much at once that this one waits
    paced_until = column.BigIntField(null=True)  # until then it stands in no queue and holds up nothing
    dead_at = column.BigIntField(null=True)
    last_error = column.CharField(max_length=200, default="")
    created_at = column.BigIntField()

    class Meta:
        """What is due, what waits for a host or an inbox, and what is being sent have partial indexes."""

        table = "delivery"
        indexes = (("inbox_hash", "id"), ("object_hash",), ("activity_id",))


class Announcement(Model):
    """A bookmark that a tag has still to pass on: tags speak once a second. What was said leaves no row."""

    id = column.BigIntField(primary_key=True)
    stream_id = column.BigIntField()  # the tag's row of `actor`
    public_id = column.CharField(max_length=13, db_index=True)  # the bookmark's
    due_at = column.BigIntField()

    class Meta:
        """Each once, oldest first."""

        table = "announcement"
        unique_together = (("stream_id", "public_id"),)


class Reach(Model):
    """Which inbox got an object of ours: who must hear of its end."""

    id = column.BigIntField(primary_key=True)
    object_hash = column.CharField(max_length=40)
    inbox_hash = column.CharField(max_length=40)
    inbox = column.TextField()

    class Meta:
        """Written when a delivery settles."""

        table = "reach"
        unique_together = (("object_hash", "inbox_hash"),)


class Job(Model):
    """Work for the worker, with progress an owner can watch. `kind` picks the handler, `payload` is JSON for it."""

    id = column.BigIntField(primary_key=True)
    public_id = column.CharField(max_length=13, unique=True)
    owner_id = column.BigIntField(null=True)  # an account
    kind = column.CharField(max_length=32)
    payload = column.TextField(default="{}")
    state = column.CharField(max_length=10, default="waiting")  # held, waiting, running, done, failed
    done = column.IntField(default=0)
    total = column.IntField(default=0)
    report = column.TextField(default="{}")  # JSON
    next_at = column.BigIntField()
    lease_until = column.BigIntField(default=0)
    tries = column.SmallIntField(default=0)
    created_at = column.BigIntField()
    ended_at = column.BigIntField(null=True)

    class Meta:
        """Waiting rows are found by state and moment."""

        table = "job"
        indexes = (("state", "next_at"), ("owner_id",))
