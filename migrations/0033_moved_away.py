from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0032_language")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Actor",
            name="also_known_as",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
        ops.AddField(
            model_name="Actor",
            name="moved_to",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
    ]
