"""Keys for programs, what programs that keep copies ask by, and notes."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

INDEXES = {
    # what of somebody's changed since a moment
    "bookmark_changed": "INDEX {} ON bookmark (actor_id, updated_at) WHERE is_local",
}


class Migration(migrations.Migration):
    dependencies = [("models", "0024_archived_bundles_and_files")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Token",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField(db_index=True)),
                ("name", fields.CharField(max_length=100)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("shown", fields.CharField(null=True, max_length=32)),
                ("scopes", fields.IntField()),
                ("created_at", fields.BigIntField()),
                ("used_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "token",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A key with which a program asks in somebody's name: shown when it is made, kept as a hash.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Trace",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_id", fields.BigIntField()),
                ("url_md5", fields.CharField(max_length=32)),
                ("changed_at", fields.BigIntField()),
            ],
            options={
                "table": "trace",
                "app": "models",
                "unique_together": (("actor_id", "url_md5"),),
                "indexes": [Index(fields=["actor_id", "changed_at"]), Index(fields=["changed_at"])],
                "pk_attr": "id",
                "table_description": "A change of a local bookmark that its `updated_at` does not tell: it went, came back, or got a mark.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WrittenNote",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_id", fields.BigIntField()),
                ("public_id", fields.CharField(unique=True, max_length=13)),
                ("title", fields.CharField(max_length=255)),
                ("text", fields.TextField(unique=False)),
                ("is_public", fields.BooleanField()),
                ("created_at", fields.BigIntField()),
                ("updated_at", fields.BigIntField()),
            ],
            options={
                "table": "written_note",
                "app": "models",
                "indexes": [Index(fields=["actor_id", "created_at", "id"])],
                "pk_attr": "id",
                "table_description": "A text somebody here keeps: Markdown, private unless they say otherwise, and never to leave this server.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            [f"CREATE {sql.format(name)}" for name, sql in INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        ),
    ]
