"""What an edit of many bookmarks changed can be undone."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0025_keys_for_programs")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Edited",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("job_id", fields.BigIntField()),
                ("bookmark_id", fields.BigIntField(db_index=True)),
                ("before", fields.TextField(unique=False)),
                ("after", fields.TextField(unique=False)),
            ],
            options={
                "table": "edited",
                "app": "models",
                "unique_together": (("job_id", "bookmark_id"),),
                "pk_attr": "id",
                "table_description": "A bookmark that an edit of many changed: what it was before and what the edit made of it, so it can be undone.",
            },
            bases=["Model"],
        ),
    ]
