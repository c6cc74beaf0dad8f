"""People and other actors, ours and those of other servers."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Actor(Table):
    """Somebody who saves or reads: `local_name` is set for people of this server, `uri` for everybody elsewhere.

    A tag of this server that somebody follows has neither: `tag_id` is set, with `owner_id` where it is one person's
    tag; `url` is its id. Tags speak with the key of the server's own actor. A row of this server is never deleted: its
    name is never given out again, and a `gone_at` answers 410 for ever. A feed that somebody follows is of kind Feed,
    its `uri` is its address and its `uri_hash` another than an actor's there would be. (follows.feeds)
    """

    id = column.BigIntField(primary_key=True)
    local_name = column.CharField(max_length=30, null=True, unique=True)
    uri = column.TextField(null=True)
    uri_hash = column.CharField(max_length=40, null=True, unique=True)  # addresses.uri_hash(uri)
    kind = column.CharField(max_length=16, default="Person")  # the AS2 type
    username = column.CharField(max_length=128)
    host = column.CharField(max_length=255, default="")  # what follows the @, with its port; empty here
    site = column.CharField(
        max_length=255, default="", db_default=""
    )  # remote.sites.registrable_domain of the id; empty here
    name = column.TextField(default="")
    summary = column.TextField(default="")  # plain text here, sanitised HTML from elsewhere
    url = column.TextField(default="")
    icon = column.TextField(default="")  # a file of media/ here, an address elsewhere
    fields = column.TextField(default="[]")  # JSON: [[name, value], …]
    inbox = column.TextField(default="")
    shared_inbox = column.TextField(default="")
    inbox_id = column.BigIntField(null=True)  # of people elsewhere: the row of `inbox` that letters to them go to
    outbox = column.TextField(default="")
    followers_uri = column.TextField(default="")
    key_id = column.TextField(default="")
    public_key = column.TextField(default="")  # PEM
    private_key = column.TextField(default="")  # PEM, of this server's actors only
    # The second pair of this server's actors, for proofs inside documents; ActorKey has those of others.
    proof_key_id = column.TextField(null=True)  # none until it was rotated
    proof_public_key = column.TextField(null=True)  # Multibase
    proof_private_key = column.TextField(null=True)  # PEM
    approves_followers = column.BooleanField(default=False)
    indexable = column.BooleanField(default=False)  # consents to public pages
    created_at = column.BigIntField()
    fetched_at = column.BigIntField(default=0)
    gone_at = column.BigIntField(null=True)
    moved_at = column.BigIntField(null=True)  # the last Move: elsewhere when it was taken in, here when it was said
    moved_to = column.TextField(default="", db_default="")  # of people here: the account they moved to
    also_known_as = column.TextField(default="[]", db_default="[]")  # JSON, of people here: their other accounts
    suspended_at = column.BigIntField(null=True)  # of people of this server and their tags, by an admin
    tag_id = column.BigIntField(null=True)
    owner_id = column.BigIntField(default=0, db_default=0, db_index=True)  # of a tag: whose it is, 0 for everybody's
    spoke_at = column.BigIntField(default=0, db_default=0)  # of a tag: when it last announced something
    doubts = column.IntField(default=0, db_default=0)  # of who passes things on: how often it was not so at the origin
    attributed_to = column.TextField(default="", db_default="")  # of a Service elsewhere that is somebody's tag: whose
    keeps_out = column.BooleanField(default=False, db_default=False)  # of people here: no tag announces what they save

    class Meta:
        """Handles are looked up by name and host."""

        table = "actor"
        unique_together = (("tag_id", "owner_id"),)
        indexes = (("username", "host"),)
