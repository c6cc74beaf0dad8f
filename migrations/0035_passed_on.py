"""What tags pass on of people elsewhere stands in rows: it must be taken back when it holds no longer.

And whoever lets other servers find what they save says `indexable` now: until then no tag elsewhere passes them on.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0034_words_move_entries_up")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PassedOn",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("stream_id", fields.BigIntField()),
                ("uri_hash", fields.CharField(db_index=True, max_length=40)),
                ("uri", fields.TextField(unique=False)),
                ("said_at", fields.BigIntField(null=True)),
                ("ended_at", fields.BigIntField(null=True)),
                ("look_at", fields.BigIntField(null=True)),
            ],
            options={
                "table": "passed_on",
                "app": "models",
                "unique_together": (("stream_id", "uri_hash"),),
                "pk_attr": "id",
                "table_description": "A bookmark of somebody elsewhere that a tag here passes on, or still has to. (outbox.passed_on)",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            ["CREATE INDEX passed_on_look_at ON passed_on (stream_id, id) WHERE look_at IS NOT NULL"],
            reverse_sql=["DROP INDEX passed_on_look_at"],
        ),
        ops.RunSQL(
            ["UPDATE actor SET indexable = TRUE WHERE id IN (SELECT actor_id FROM account WHERE searchable)"],
            reverse_sql=[],
        ),
    ]
