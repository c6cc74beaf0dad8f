"""What people here are told of others, which kinds of it they want, and the key of its feed."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

INDEXES = {
    # how many a page says are unread
    "notification_unread": "INDEX {} ON notification (owner_id) WHERE read_at IS NULL",
}


class Migration(migrations.Migration):
    dependencies = [("models", "0013_what_readers_choose")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Notification",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("owner_id", fields.BigIntField()),
                ("kind", fields.SmallIntField()),
                ("actor_id", fields.BigIntField()),
                ("subject", fields.CharField(max_length=40)),
                ("bookmark_id", fields.BigIntField(null=True)),
                ("bundle", fields.CharField(max_length=40)),
                ("day", fields.IntField()),
                ("at", fields.BigIntField()),
                ("read_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "notification",
                "app": "models",
                "unique_together": (("kind", "actor_id", "subject", "owner_id"),),
                "indexes": [
                    Index(fields=["owner_id", "id"]),
                    Index(fields=["owner_id", "kind", "day"]),
                    Index(fields=["at"]),
                ],
                "pk_attr": "id",
                "table_description": "One thing that somebody did, told to one person here: `kind` and `subject` mean what `notifications.tell` says.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Account",
            name="unwanted_kinds",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Account",
            name="feed_key",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name="Account",
            name="feed_key_hash",
            field=fields.CharField(null=True, unique=True, max_length=40),
        ),
        ops.RunSQL(
            [f"CREATE {sql.format(name)}" for name, sql in INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        ),
    ]
