from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0002_partial_indexes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Feed",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_id", fields.BigIntField(unique=True)),
                ("is_public", fields.BooleanField(default=False)),
                ("etag", fields.TextField(default="", unique=False)),
                ("last_modified", fields.TextField(default="", unique=False)),
                ("next_at", fields.BigIntField()),
                ("fails", fields.IntField(default=0)),
                ("asked_at", fields.BigIntField(null=True)),
                ("last_error", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "feed",
                "app": "models",
                "indexes": [Index(fields=["next_at"])],
                "pk_attr": "id",
                "table_description": "A feed that somebody here follows: its row of `actor` (kind Feed, `uri` its address) is who they follow.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Relay",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("address", fields.TextField(unique=False)),
                ("address_hash", fields.CharField(unique=True, max_length=40)),
                ("style", fields.CharField(max_length=8)),
                ("inbox", fields.TextField(default="", unique=False)),
                ("actor_id", fields.BigIntField(null=True)),
                ("public_id", fields.CharField(unique=True, max_length=13)),
                ("state", fields.CharField(max_length=10)),
                ("created_at", fields.BigIntField()),
                ("answered_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "relay",
                "app": "models",
                "indexes": [Index(fields=["actor_id"])],
                "pk_attr": "id",
                "table_description": "A server that forwards what everybody publishes, to which an admin subscribed this one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Remark",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_id", fields.BigIntField()),
                ("uri", fields.TextField(unique=False)),
                ("uri_hash", fields.CharField(unique=True, max_length=40)),
                ("page_url", fields.TextField(default="", unique=False)),
                ("object_hash", fields.CharField(max_length=40)),
                ("bookmark_id", fields.BigIntField(null=True)),
                ("is_reply", fields.BooleanField()),
                ("description", fields.TextField(unique=False)),
                ("visibility", fields.SmallIntField()),
                ("listed", fields.BooleanField(default=False)),
                ("said_at", fields.BigIntField()),
                ("updated_at", fields.BigIntField()),
            ],
            options={
                "table": "remark",
                "app": "models",
                "indexes": [
                    Index(fields=["object_hash"]),
                    Index(fields=["bookmark_id", "said_at"]),
                    Index(fields=["actor_id"]),
                ],
                "pk_attr": "id",
                "table_description": "What somebody elsewhere wrote under a bookmark: a reply, or a remark that quotes it.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Actor",
            name="doubts",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Block",
            name="is_mute",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Bookmark",
            name="via",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Bookmark",
            name="via_hash",
            field=fields.CharField(null=True, db_index=True, max_length=40),
        ),
        ops.AddField(
            model_name="Link",
            name="look_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Link",
            name="looked_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Link",
            name="title",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Peer",
            name="let_in_at",
            field=fields.BigIntField(null=True),
        ),
        # pages that are to be read, of all that anybody saved
        ops.RunSQL(
            ["CREATE INDEX link_to_look_at ON link (look_at) WHERE look_at IS NOT NULL"],
            reverse_sql=["DROP INDEX link_to_look_at"],
        ),
    ]
