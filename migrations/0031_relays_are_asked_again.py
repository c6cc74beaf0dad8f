from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0030_search")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Relay",
            name="asked_again_at",
            field=fields.BigIntField(null=True),
        ),
    ]
