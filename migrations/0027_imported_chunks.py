from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0026_edits_of_many")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ImportedChunk",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("job_id", fields.BigIntField()),
                ("ends_at", fields.IntField()),
                ("outcomes", fields.TextField(unique=False)),
                ("undone", fields.BooleanField(default=False, db_default=False)),
            ],
            options={
                "table": "imported_chunk",
                "app": "models",
                "unique_together": (("job_id", "ends_at"),),
                "pk_attr": "id",
                "table_description": "What became of some rows of an imported file, to be told and to be undone, and gone with its job.",
            },
            bases=["Model"],
        ),
    ]
