"""Who can sign in here, and facts of this server."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Account(Table):
    """The right to sign in as one of this server's actors, and what its owner chose."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField(unique=True)
    password_hash = column.TextField()  # Argon2id, PHC string
    is_admin = column.BooleanField(default=False)
    default_visibility = column.SmallIntField(default=3)  # policy.visibility.Visibility
    privacy_lock = column.BooleanField(default=False)
    no_replies = column.BooleanField(default=False, db_default=False)  # under what is saved from now on
    time_zone = column.CharField(max_length=64, default="UTC")
    theme = column.CharField(max_length=16, default="auto")
    descriptions = column.CharField(max_length=8, default="some", db_default="some")  # none, some or all of them
    language = column.CharField(max_length=8, default="auto", db_default="auto")  # of pages; as the browser asks
    own_css = column.TextField(default="", db_default="")  # their own style sheet, as text.css takes it
    own_css_version = column.CharField(max_length=10, default="", db_default="")  # of its hash, in its address
    takes_links = column.BooleanField(default=False, db_default=False)  # links for them from people they don't follow
    searchable = column.BooleanField(default=False, db_default=False)  # other servers may search their public bookmarks
    unwanted_kinds = column.IntField(default=0, db_default=0)  # bits of notifications.tell.Kind that are not told
    feed_key = column.CharField(max_length=32, null=True)  # opens the feed of notifications; none until asked for
    feed_key_hash = column.CharField(max_length=40, null=True, unique=True)  # addresses.uri_hash(feed_key)
    created_at = column.BigIntField()

    class Meta:
        """One account an actor."""

        table = "account"


class ProfileLink(Table):
    """A page that somebody here names in a field of their profile, and since when it is known to name them too."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    url = column.TextField()  # as it stands in the field
    url_hash = column.CharField(max_length=40)  # accounts.links.hash_of(url)
    check_at = column.BigIntField()  # when the page is read next
    checked_at = column.BigIntField(null=True)
    verified_at = column.BigIntField(null=True)  # since when, none while it does not

    class Meta:
        """Found by page from an account elsewhere, by time by the worker."""

        table = "profile_link"
        unique_together = (("actor_id", "url_hash"),)
        indexes = (("url_hash",), ("check_at",))


class Session(Table):
    """A browser that is signed in: the cookie holds the token, the row only its hash."""

    id = column.BigIntField(primary_key=True)
    token_hash = column.CharField(max_length=64, unique=True)
    account_id = column.BigIntField(db_index=True)
    created_at = column.BigIntField()
    seen_at = column.BigIntField()
    browser = column.CharField(max_length=200, default="")
    address = column.CharField(max_length=45, default="")

    class Meta:
        """Looked up by the token's hash, listed by account."""

        table = "session"


class Token(Table):
    """A key with which a program asks in somebody's name: shown when it is made, kept as a hash.

    `scopes` are bits of accounts.tokens.Scope.
    """

    id = column.BigIntField(primary_key=True)
    account_id = column.BigIntField(db_index=True)
    name = column.CharField(max_length=100)
    token_hash = column.CharField(max_length=64, unique=True)
    shown = column.CharField(max_length=32, null=True)  # of keys that open feeds and nothing else: apps ask again
    scopes = column.IntField()
    created_at = column.BigIntField()
    used_at = column.BigIntField(null=True)  # at most every ten minutes

    class Meta:
        """Looked up by hash, listed by account."""

        table = "token"


class Invite(Table):
    """A code that lets one person sign up, shown once, kept as a hash."""

    id = column.BigIntField(primary_key=True)
    code_hash = column.CharField(max_length=64, unique=True)
    made_by = column.BigIntField(db_index=True)  # an account
    created_at = column.BigIntField()
    expires_at = column.BigIntField()
    used_at = column.BigIntField(null=True)

    class Meta:
        """Looked up by the code's hash."""

        table = "invite"


class Fact(Table):
    """What this server must remember about itself: base URL, handle domain, registration, the set-up code's hash."""

    name = column.CharField(max_length=64, primary_key=True)
    value = column.TextField()

    class Meta:
        """A handful of rows."""

        table = "fact"
