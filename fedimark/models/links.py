"""Links that people give to one another: `for:@bo@marks.example`."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class GivenLink(Table):
    """A link that somebody here gives to one person, by a tag of their bookmark, for as long as it has that tag.

    `state` tells its giver what they may know: waiting, sent, nobody, self, many or unreachable. What became of it is
    the other's affair. `public_id` names the Note that went to another server.
    """

    id = column.BigIntField(primary_key=True)
    bookmark_id = column.BigIntField()
    giver_id = column.BigIntField()  # an actor
    who = column.CharField(max_length=255)  # text.tags.for_whom of the tag
    public_id = column.CharField(max_length=13, unique=True)
    taker_id = column.BigIntField(null=True)  # an actor, once they are found
    state = column.CharField(max_length=12)
    created_at = column.BigIntField()
    ended_at = column.BigIntField(null=True)  # taken back: it counts for a day, then it is thrown away

    class Meta:
        """Found by bookmark, counted by giver."""

        table = "given_link"
        indexes = (("bookmark_id",), ("giver_id", "created_at"), ("ended_at",))


class LinkForYou(Table):
    """A link that somebody gave to a person here: one of this server by a tag, one of elsewhere by a direct Note.

    With `ended_at` it was kept or dismissed, and is there only lest it comes again; thrown away after a month.
    """

    id = column.BigIntField(primary_key=True)
    public_id = column.CharField(max_length=13, unique=True)
    owner_id = column.BigIntField()  # whom it is for, an actor
    giver_id = column.BigIntField()  # an actor
    uri = column.TextField()  # the id of the Note, also where both are of this server
    uri_hash = column.CharField(max_length=40)  # addresses.uri_hash(uri)
    page_url = column.TextField(default="")  # where the Note can be read
    url = column.TextField()
    title = column.TextField(default="")
    description = column.TextField(default="")  # plain text
    said_at = column.BigIntField()
    updated_at = column.BigIntField()
    received_at = column.BigIntField()
    ended_at = column.BigIntField(null=True)

    class Meta:
        """Once for each Note and person; counted by giver."""

        table = "link_for_you"
        unique_together = (("uri_hash", "owner_id"),)
        indexes = (("owner_id", "said_at"), ("giver_id", "received_at"), ("ended_at",))
