"""Links for people, where a copy is from, and tags that say whom a link is for: those are their owner's alone now."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

# Tags `for:…` were as public as others.
_FOR = "SELECT id FROM tag WHERE key LIKE 'for:%'"
_HIDE = [
    f"UPDATE tag SET public_at = NULL WHERE id IN ({_FOR})",
    f"DELETE FROM entry WHERE stream = 2 AND owner_id IN ({_FOR})",
    f"DELETE FROM tally WHERE tag_id IN ({_FOR})",
    f"UPDATE bookmark_tag SET visibility = 0, listed = FALSE WHERE tag_id IN ({_FOR})",
    f"""
    INSERT INTO tally (owner_id, tag_id, visibility, amount)
    SELECT actor_id, tag_id, 0, count(*) FROM bookmark_tag WHERE tag_id IN ({_FOR}) GROUP BY actor_id, tag_id
    """,
]


class Migration(migrations.Migration):
    dependencies = [("models", "0011_what_others_may_do")]

    initial = False

    operations = [
        ops.CreateModel(
            name="GivenLink",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("bookmark_id", fields.BigIntField()),
                ("giver_id", fields.BigIntField()),
                ("who", fields.CharField(max_length=255)),
                ("public_id", fields.CharField(unique=True, max_length=13)),
                ("taker_id", fields.BigIntField(null=True)),
                ("state", fields.CharField(max_length=12)),
                ("created_at", fields.BigIntField()),
                ("ended_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "given_link",
                "app": "models",
                "indexes": [
                    Index(fields=["bookmark_id"]),
                    Index(fields=["giver_id", "created_at"]),
                    Index(fields=["ended_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A link that somebody here gives to one person, by a tag of their bookmark, for as long as it has that tag.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LinkForYou",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("public_id", fields.CharField(unique=True, max_length=13)),
                ("owner_id", fields.BigIntField()),
                ("giver_id", fields.BigIntField()),
                ("uri", fields.TextField(unique=False)),
                ("uri_hash", fields.CharField(max_length=40)),
                ("page_url", fields.TextField(default="", unique=False)),
                ("url", fields.TextField(unique=False)),
                ("title", fields.TextField(default="", unique=False)),
                ("description", fields.TextField(default="", unique=False)),
                ("said_at", fields.BigIntField()),
                ("updated_at", fields.BigIntField()),
                ("received_at", fields.BigIntField()),
                ("ended_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "link_for_you",
                "app": "models",
                "unique_together": (("uri_hash", "owner_id"),),
                "indexes": [
                    Index(fields=["owner_id", "said_at"]),
                    Index(fields=["giver_id", "received_at"]),
                    Index(fields=["ended_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A link that somebody gave to a person here: one of this server by a tag, one of elsewhere by a direct Note.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Bookmark",
            name="via_author",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Bookmark",
            name="via_name",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Account",
            name="takes_links",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Account",
            name="searchable",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunSQL(_HIDE, reverse_sql=[]),
    ]
