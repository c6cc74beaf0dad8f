from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0003_streams_of_others")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Actor",
            name="attributed_to",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
    ]
