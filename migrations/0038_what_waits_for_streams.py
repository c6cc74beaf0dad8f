"""What a file brought in waits in rows of its own until the streams of several savers show it."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0037_links_of_taggings")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Unmerged",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("bookmark_id", fields.BigIntField()),
            ],
            options={
                "table": "unmerged",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A bookmark that a file brought in, which the merged streams are still to show. (timelines.waiting)",
            },
            bases=["Model"],
        ),
    ]
