from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0006_feeds_remember_readings")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Remark",
            name="depth",
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Remark",
            name="received_at",
            field=fields.BigIntField(default=0, db_default=0),
        ),
    ]
