from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0005_inboxes")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Feed",
            name="changed_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Feed",
            name="read_at",
            field=fields.BigIntField(null=True),
        ),
    ]
