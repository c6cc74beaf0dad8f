"""Who can sign in here, and facts of this server."""

from __future__ import annotations

from tortoise import fields as column
from tortoise.models import Model


class Account(Model):
    """The right to sign in as one of this server's actors, and what its owner chose."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField(unique=True)
    password_hash = column.TextField()  # Argon2id, PHC string
    is_admin = column.BooleanField(default=False)
    default_visibility = column.SmallIntField(default=3)  # policy.visibility.Visibility
    privacy_lock = column.BooleanField(default=False)
    time_zone = column.CharField(max_length=64, default="UTC")
    theme = column.CharField(max_length=16, default="auto")
    created_at = column.BigIntField()

    class Meta:
        """One account an actor."""

        table = "account"


class Session(Model):
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


class Invite(Model):
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


class Fact(Model):
    """What this server must remember about itself: base URL, handle domain, registration, the set-up code's hash."""

    name = column.CharField(max_length=64, primary_key=True)
    value = column.TextField()

    class Meta:
        """A handful of rows."""

        table = "fact"
