from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0014_notifications")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Account",
            name="no_replies",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Remark",
            name="public_id",
            field=fields.CharField(null=True, max_length=13),
        ),
        ops.AddField(
            model_name="Remark",
            name="parent_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Remark",
            name="about_uri",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Remark",
            name="about_actor_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Remark",
            name="hidden_at",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Remark",
            name="quote_state",
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Remark",
            name="stamp",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AlterModelOptions(
            name="Remark",
            options={
                "table": "remark",
                "app": "models",
                "indexes": [
                    Index(fields=["object_hash"]),
                    Index(fields=["bookmark_id", "said_at"]),
                    Index(fields=["actor_id"]),
                ],
                "pk_attr": "id",
                "table_description": "What somebody wrote under a bookmark: a reply, or a remark that quotes it.",
            },
        ),
        ops.CreateModel(
            name="Stamp",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("public_id", fields.CharField(unique=True, max_length=13)),
                ("owner_id", fields.BigIntField()),
                ("actor_id", fields.BigIntField()),
                ("object_uri", fields.TextField(unique=False)),
                ("object_hash", fields.CharField(max_length=40)),
                ("instrument", fields.TextField(unique=False)),
                ("instrument_hash", fields.CharField(max_length=40)),
                ("given_at", fields.BigIntField()),
                ("answered_at", fields.BigIntField()),
                ("revoked_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "stamp",
                "app": "models",
                "unique_together": (("object_hash", "instrument_hash"),),
                "indexes": [Index(fields=["instrument_hash"]), Index(fields=["actor_id", "given_at"])],
                "pk_attr": "id",
                "table_description": "Somebody was allowed to quote what was written here: a QuoteAuthorization, served until it is revoked.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            [
                "CREATE UNIQUE INDEX remark_public_id ON remark (public_id) WHERE public_id IS NOT NULL",
                "CREATE INDEX remark_answers ON remark (parent_id) WHERE parent_id IS NOT NULL",
                "CREATE INDEX remark_about_actor ON remark (about_actor_id) WHERE about_actor_id IS NOT NULL",
            ],
            reverse_sql=[
                "DROP INDEX remark_public_id",
                "DROP INDEX remark_answers",
                "DROP INDEX remark_about_actor",
            ],
        ),
    ]
