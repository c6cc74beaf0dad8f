"""The durable seams: what came in, what must go out, what is to be done. Rows, so a crash loses nothing."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class ReceivedActivity(Table):
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


class Activity(Table):
    """Something we say, with the bytes as they will be sent."""

    id = column.BigIntField(primary_key=True)
    public_id = column.CharField(max_length=13, unique=True)
    actor_id = column.BigIntField()
    kind = column.CharField(max_length=16)
    object_uri = column.TextField()
    object_hash = column.CharField(max_length=40)
    body = column.TextField()
    created_at = column.BigIntField()
    is_new = column.BooleanField(default=False, db_default=False)  # its hosts do not know of its deliveries yet

    class Meta:
        """Found again by object, to supersede or cancel; new ones have a partial index."""

        table = "activity"
        indexes = (("object_hash",),)


class ActivityBody(Table):
    """An activity said otherwise, for peers that read another shape, once for all of them."""

    id = column.BigIntField(primary_key=True)
    activity_id = column.BigIntField()
    profile = column.CharField(max_length=10)  # outbox.profiles
    body = column.TextField()

    class Meta:
        """Found when a delivery is claimed."""

        table = "activity_body"
        unique_together = (("activity_id", "profile"),)


class Delivery(Table):
    """One activity for one inbox, deleted when it has arrived, kept with `dead_at` when it never will.

    Order holds within an inbox: only the oldest row of one may go. `next_at` is when a row is looked at next, where its
    host is (`peer.next_at`): one that stands behind another is put off as long. `lease_until` marks a row that was
    being sent, and so may have arrived. A paced row joins its inbox's order only when its moment has come.
    """

    id = column.BigIntField(primary_key=True)
    activity_id = column.BigIntField()
    inbox = column.TextField()
    inbox_hash = column.CharField(max_length=40)
    host = column.CharField(max_length=255)  # of the inbox, as in `peer`
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
        """What waits for a host or an inbox has partial indexes."""

        table = "delivery"
        indexes = (("inbox_hash", "id"), ("object_hash",), ("activity_id",))


class Announcement(Table):
    """A bookmark that a tag has still to pass on: tags speak once a second. What was said leaves no row."""

    id = column.BigIntField(primary_key=True)
    stream_id = column.BigIntField()  # the tag's row of `actor`
    public_id = column.CharField(max_length=13, db_index=True)  # the bookmark's
    due_at = column.BigIntField()

    class Meta:
        """Each once, oldest first."""

        table = "announcement"
        unique_together = (("stream_id", "public_id"),)


class PassedOn(Table):
    """A bookmark of somebody elsewhere that a tag here passes on, or still has to. (outbox.passed_on)

    It waits until `said_at`; once that is set it stands until `ended_at`, by which its id is remembered as taken back.
    """

    id = column.BigIntField(primary_key=True)
    stream_id = column.BigIntField()  # the tag's row of `actor`
    uri_hash = column.CharField(max_length=40, db_index=True)  # the Note's
    uri = column.TextField()
    said_at = column.BigIntField(null=True)
    ended_at = column.BigIntField(null=True)
    look_at = column.BigIntField(null=True)  # it waits, or something of it changed

    class Meta:
        """Each once; what is to be looked at has a partial index."""

        table = "passed_on"
        unique_together = (("stream_id", "uri_hash"),)


class Telling(Table):
    """A bookmark that other servers are still to be told of, as it stands then. What was told leaves no row."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()  # whose it is
    bookmark_id = column.BigIntField(unique=True)
    public_id = column.CharField(max_length=13)  # the publication to be told of; the bookmark may begin another
    is_new = column.BooleanField()  # by a Create, else by an Update
    news = column.TextField()  # keys of tags that an Update is the first to bear
    tries = column.SmallIntField()
    next_at = column.BigIntField()
    set_aside_at = column.BigIntField(null=True)  # it could not be told
    error = column.CharField(max_length=200)

    class Meta:
        """Each bookmark once, in the order of the changes."""

        table = "telling"


class Reach(Table):
    """Which inbox got an object of ours: who must hear of its end."""

    id = column.BigIntField(primary_key=True)
    object_hash = column.CharField(max_length=40)
    inbox_hash = column.CharField(max_length=40)
    inbox = column.TextField()

    class Meta:
        """Written when a delivery settles."""

        table = "reach"
        unique_together = (("object_hash", "inbox_hash"),)


class Job(Table):
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
    leased_by = column.BigIntField(default=0, db_default=0)  # the worker's number
    tries = column.SmallIntField(default=0)
    created_at = column.BigIntField()
    ended_at = column.BigIntField(null=True)

    class Meta:
        """Waiting rows are found by state and moment."""

        table = "job"
        indexes = (("state", "next_at"), ("owner_id",))


class Edited(Table):
    """A bookmark that an edit of many changed: what it was before and what the edit made of it, so it can be undone."""

    id = column.BigIntField(primary_key=True)
    job_id = column.BigIntField()
    bookmark_id = column.BigIntField(db_index=True)
    before = column.TextField()  # JSON: only what changed, as bookmarks.change names it
    after = column.TextField()

    class Meta:
        """Thrown away with its job, and with its bookmark."""

        table = "edited"
        unique_together = (("job_id", "bookmark_id"),)


class ImportedChunk(Table):
    """What became of some rows of an imported file, to be told and to be undone, and gone with its job.

    `outcomes` is JSON, as importing.outcomes writes it.
    """

    id = column.BigIntField(primary_key=True)
    job_id = column.BigIntField()
    ends_at = column.IntField()  # the number of its last row
    outcomes = column.TextField()
    undone = column.BooleanField(default=False, db_default=False)

    class Meta:
        """Read in the order of the file, undone from its end."""

        table = "imported_chunk"
        unique_together = (("job_id", "ends_at"),)
