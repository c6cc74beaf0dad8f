"""Other servers, as far as we remember them."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Peer(Table):
    """What is known of another server: how to sign for it, what software it runs, and whether it answers.

    It is the schedule of deliveries: the table `delivery` holds letters, and this one when each host is due. Nothing
    here but a pause is a truth of its own: a row that is lost is learned again. The columns of
    `delivery.breaker.Health` have defaults in the database, because others make rows too.
    """

    id = column.BigIntField(primary_key=True)
    host = column.CharField(max_length=255, unique=True)  # as in its addresses, with its port
    scheme = column.CharField(max_length=8, default="")  # the signature to try first: cavage or rfc9421
    scheme_until = column.BigIntField(default=0)
    software = column.CharField(max_length=64, default="")  # the name in its NodeInfo
    software_at = column.BigIntField(default=0)
    seen_at = column.BigIntField(default=0)  # within a day or so
    fails = column.IntField(default=0, db_default=0)  # deliveries in a row
    open_until = column.BigIntField(default=0, db_default=0)  # nothing is sent until then; 0: nothing is wrong
    failing_days = column.IntField(default=0, db_default=0)  # since it last answered
    failed_at = column.BigIntField(default=0, db_default=0)
    answered_at = column.BigIntField(default=0, db_default=0)  # a delivery, within a minute
    next_at = column.BigIntField(null=True)  # when something may go there; none: nothing waits
    lease_until = column.BigIntField(default=0, db_default=0)  # until then one process has its letters in hand
    leased_by = column.BigIntField(default=0, db_default=0)  # which worker has
    paused_at = column.BigIntField(null=True)  # an admin wants nothing sent there
    last_error = column.CharField(max_length=200, default="", db_default="")  # of a delivery, a short fixed word
    let_in_at = column.BigIntField(null=True)  # when it left quarantine; none: its people stand on no public page

    class Meta:
        """Looked up by host; those that are due have a partial index."""

        table = "peer"


class Inbox(Table):
    """Where letters to other servers go: a shared inbox for many actors, or one actor's own.

    Numbered, hashed and with its host named once, so that ten thousand followers are told by one statement.
    """

    id = column.BigIntField(primary_key=True)
    url = column.TextField()
    hash = column.CharField(max_length=40, unique=True)  # addresses.uri_hash(url)
    host = column.CharField(max_length=255)  # as in `peer` and `delivery`

    class Meta:
        """Found by hash when an actor is stored."""

        table = "inbox"


class ActorKey(Table):
    """A further key of an actor elsewhere, known to be theirs.

    Its id is the actor's with a fragment, or its own document names the actor. The first key stands with the actor,
    and here too where it is one for proofs.
    """

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField(db_index=True)
    key_id_hash = column.CharField(max_length=40, unique=True)  # addresses.uri_hash(key_id)
    key_id = column.TextField()
    public_key = column.TextField()  # PEM
    asserts = column.BooleanField(default=False)  # named under assertionMethod: proves documents, not only requests

    class Meta:
        """Looked up by the key's id, replaced with its actor."""

        table = "actor_key"
