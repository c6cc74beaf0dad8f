"""Bundles, files kept with bookmarks, publications that end a little later; and what is archived, found at once."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0023_set_aside")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Asset",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_id", fields.BigIntField()),
                ("bookmark_id", fields.BigIntField()),
                ("is_snapshot", fields.BooleanField()),
                ("digest", fields.CharField(db_index=True, max_length=64)),
                ("size", fields.BigIntField()),
                ("content_type", fields.CharField(max_length=100)),
                ("name", fields.CharField(max_length=255)),
                ("created_at", fields.BigIntField()),
            ],
            options={
                "table": "asset",
                "app": "models",
                "indexes": [Index(fields=["bookmark_id", "id"]), Index(fields=["actor_id"])],
                "pk_attr": "id",
                "table_description": "A file somebody keeps with a bookmark of theirs: a page as it looked, or anything. For its owner alone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Bundle",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("owner_id", fields.BigIntField()),
                ("name", fields.CharField(max_length=256)),
                ("search", fields.CharField(max_length=256)),
                ("any_tags", fields.CharField(max_length=1024)),
                ("all_tags", fields.CharField(max_length=1024)),
                ("excluded_tags", fields.CharField(max_length=1024)),
                ("filter_unread", fields.CharField(max_length=3)),
                ("filter_shared", fields.CharField(max_length=3)),
                ("position", fields.IntField()),
                ("created_at", fields.BigIntField()),
                ("updated_at", fields.BigIntField()),
            ],
            options={
                "table": "bundle",
                "app": "models",
                "indexes": [Index(fields=["owner_id", "position", "id"])],
                "pk_attr": "id",
                "table_description": "A search somebody keeps under a name: words, tags of which any, all or none are there, and two marks.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Withdrawal",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("bookmark_id", fields.BigIntField(unique=True)),
                ("actor_id", fields.BigIntField()),
                ("visibility", fields.SmallIntField()),
                ("due_at", fields.BigIntField(db_index=True)),
            ],
            options={
                "table": "withdrawal",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A bookmark made private whose publication ends a little later: who shows it again meanwhile took nothing back.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            [
                "CREATE INDEX bookmark_archived ON bookmark (actor_id, saved_at, id) WHERE archived AND removed_at IS NULL"
            ],
            reverse_sql=["DROP INDEX bookmark_archived"],
        ),
    ]
