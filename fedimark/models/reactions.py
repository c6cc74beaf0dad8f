"""What people here and elsewhere do with bookmarks that are not theirs."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Share(Table):
    """Somebody passed a bookmark on to their followers: an Announce.

    `bookmark_id` is NULL while its author makes no bookmark of the Note, or hides it: they may, in an edit to come.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    object_hash = column.CharField(max_length=40)  # addresses.uri_hash of the Note's id
    bookmark_id = column.BigIntField(null=True)
    uri = column.TextField(default="")  # of the Announce
    public_id = column.CharField(max_length=13, null=True)  # of people here: what its address ends in
    shared_at = column.BigIntField()
    hidden_at = column.BigIntField(null=True)  # since when it is shown to nobody; thrown away after a month

    class Meta:
        """Once for each actor and object."""

        table = "share"
        unique_together = (("actor_id", "object_hash"),)
        indexes = (("object_hash",), ("bookmark_id",))


class Reaction(Table):
    """Somebody likes a bookmark of this server, or somebody here one of another: counted, nothing more."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    bookmark_id = column.BigIntField()
    kind = column.CharField(max_length=8)  # the AS2 type
    uri = column.TextField(default="")
    public_id = column.CharField(max_length=13, null=True)  # of people here

    class Meta:
        """Once for each actor, bookmark and kind."""

        table = "reaction"
        unique_together = (("actor_id", "bookmark_id", "kind"),)
        indexes = (("bookmark_id",),)


class Remark(Table):
    """What somebody wrote under a bookmark: a reply, or a remark that quotes it.

    `bookmark_id` is NULL while the bookmark is hidden by its author, and once it is gone under what people here wrote:
    that stays theirs.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    public_id = column.CharField(max_length=13, null=True)  # of what was written here
    uri = column.TextField()
    uri_hash = column.CharField(max_length=40, unique=True)
    page_url = column.TextField(default="")
    object_hash = column.CharField(max_length=40)  # addresses.uri_hash of the id of the bookmark it is about
    bookmark_id = column.BigIntField(null=True)
    parent_id = column.BigIntField(null=True)  # the remark it answers; none where it answers the bookmark
    about_uri = column.TextField(default="", db_default="")  # the id of what it answers or quotes
    about_actor_id = column.BigIntField(null=True)  # of what was written here: whose that is
    depth = column.SmallIntField(default=0, db_default=0)  # how many answers stand between it and the bookmark
    is_reply = column.BooleanField()
    description = column.TextField()  # plain text
    visibility = column.SmallIntField()
    listed = column.BooleanField(default=False)  # whether its author lets it stand on public pages
    allows = column.SmallIntField(default=0, db_default=0)  # what others may do with it (policy.interactions)
    said_at = column.BigIntField()
    updated_at = column.BigIntField()
    received_at = column.BigIntField(default=0, db_default=0)
    hidden_at = column.BigIntField(null=True)  # since when the bookmark's owner hides it
    quote_state = column.SmallIntField(default=0, db_default=0)  # of what was written here (outbox.quotes.Quote)
    stamp = column.TextField(default="", db_default="")  # the id of the QuoteAuthorization it was given

    class Meta:
        """Read with what it is about; more indexes, partial ones, stand in the migrations."""

        table = "remark"
        indexes = (("object_hash",), ("bookmark_id", "said_at"), ("actor_id",))


class Stamp(Table):
    """Somebody was allowed to quote what was written here: a QuoteAuthorization, served until it is revoked."""

    id = column.BigIntField(primary_key=True)
    public_id = column.CharField(max_length=13, unique=True)
    owner_id = column.BigIntField()  # whose is what is quoted
    actor_id = column.BigIntField()  # who quotes it
    object_uri = column.TextField()
    object_hash = column.CharField(max_length=40)  # addresses.uri_hash(object_uri)
    instrument = column.TextField()  # the id of what quotes it
    instrument_hash = column.CharField(max_length=40)
    given_at = column.BigIntField()
    answered_at = column.BigIntField()  # when they were last told, for they may ask again
    revoked_at = column.BigIntField(null=True)  # also of what was refused from the first

    class Meta:
        """One for each quote."""

        table = "stamp"
        unique_together = (("object_hash", "instrument_hash"),)
        indexes = (("instrument_hash",), ("actor_id", "given_at"))
