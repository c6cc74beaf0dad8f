"""What readers choose: lists of people, what a network page shows, mutes that end; and who tells once a day."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

INDEXES = {
    # what somebody shared, newest first
    "share_of": "INDEX {} ON share (actor_id, shared_at) WHERE bookmark_id IS NOT NULL",
    # mutes that end by themselves
    "block_until": "INDEX {} ON block (until) WHERE until IS NOT NULL",
    "mute_until": "INDEX {} ON mute (until) WHERE until IS NOT NULL",
}


class Migration(migrations.Migration):
    dependencies = [("models", "0012_links_for_people")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Digest",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("owner_id", fields.BigIntField(unique=True)),
                ("stream_id", fields.BigIntField(unique=True)),
                ("is_on", fields.BooleanField(default=False)),
                ("told_until", fields.BigIntField()),
                ("next_at", fields.BigIntField()),
            ],
            options={
                "table": "digest",
                "app": "models",
                "indexes": [Index(fields=["is_on", "next_at"])],
                "pk_attr": "id",
                "table_description": "That somebody here lets a Service tell once a day what they saved: what was saved before `told_until` is told.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DigestDay",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("stream_id", fields.BigIntField()),
                ("day", fields.CharField(max_length=10)),
                ("from_at", fields.BigIntField()),
                ("until_at", fields.BigIntField()),
                ("said_at", fields.BigIntField()),
            ],
            options={
                "table": "digest_day",
                "app": "models",
                "unique_together": (("stream_id", "day"),),
                "pk_attr": "id",
                "table_description": "A Note that told of what was saved between two moments.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ListMember",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("list_id", fields.BigIntField()),
                ("actor_id", fields.BigIntField()),
            ],
            options={
                "table": "list_member",
                "app": "models",
                "unique_together": (("list_id", "actor_id"),),
                "indexes": [Index(fields=["actor_id"])],
                "pk_attr": "id",
                "table_description": "Somebody, or a stream or a feed, on a list: whom its owner follows. The end of that follow takes them out.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Mute",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("owner_id", fields.BigIntField()),
                ("kind", fields.CharField(max_length=6)),
                ("value", fields.CharField(max_length=255)),
                ("until", fields.BigIntField(null=True)),
                ("created_at", fields.BigIntField()),
            ],
            options={
                "table": "mute",
                "app": "models",
                "unique_together": (("owner_id", "kind", "value"),),
                "pk_attr": "id",
                "table_description": "A word, a tag or a server that somebody here reads nothing of, until a moment or for good.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PeopleList",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("owner_id", fields.BigIntField()),
                ("public_id", fields.CharField(default="", max_length=13)),
                ("name", fields.TextField(default="", unique=False)),
                ("feed_key", fields.CharField(null=True, unique=True, max_length=26)),
                ("hides_shares", fields.BooleanField(default=False)),
                ("only_saves", fields.BooleanField(default=False)),
                ("only_unread", fields.BooleanField(default=False)),
                ("tag", fields.CharField(default="", max_length=255)),
                ("from_id", fields.BigIntField(null=True)),
                ("read_at", fields.BigIntField(default=0)),
                ("created_at", fields.BigIntField()),
            ],
            options={
                "table": "people_list",
                "app": "models",
                "unique_together": (("owner_id", "public_id"),),
                "pk_attr": "id",
                "table_description": "A reader's list of people, with what they chose to see of it, or by an empty `public_id` their whole network.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Block",
            name="until",
            field=fields.BigIntField(null=True),
        ),
        ops.RunSQL(
            [f"CREATE {sql.format(name)}" for name, sql in INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        ),
    ]
