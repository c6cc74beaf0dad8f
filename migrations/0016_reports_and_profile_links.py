"""Reports for admins, and pages that people name in their profiles, which may name them too."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0015_words_written_here")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ProfileLink",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_id", fields.BigIntField()),
                ("url", fields.TextField(unique=False)),
                ("url_hash", fields.CharField(max_length=40)),
                ("check_at", fields.BigIntField()),
                ("checked_at", fields.BigIntField(null=True)),
                ("verified_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "profile_link",
                "app": "models",
                "unique_together": (("actor_id", "url_hash"),),
                "indexes": [Index(fields=["url_hash"]), Index(fields=["check_at"])],
                "pk_attr": "id",
                "table_description": "A page that somebody here names in a field of their profile, and since when it is known to name them too.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Report",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("public_id", fields.CharField(unique=True, max_length=13)),
                ("uri_hash", fields.CharField(null=True, unique=True, max_length=40)),
                ("host", fields.CharField(default="", max_length=255)),
                ("reporter_id", fields.BigIntField()),
                ("target_id", fields.BigIntField()),
                ("objects", fields.TextField(default="[]", unique=False)),
                ("comment", fields.TextField(default="", unique=False)),
                ("is_forwarded", fields.BooleanField(default=False)),
                ("created_at", fields.BigIntField()),
                ("closed_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "report",
                "app": "models",
                "indexes": [
                    Index(fields=["host", "created_at"]),
                    Index(fields=["reporter_id", "created_at"]),
                    Index(fields=["closed_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "Somebody says that something is wrong with a person or with what they saved: nothing comes of it by itself.",
            },
            bases=["Model"],
        ),
    ]
