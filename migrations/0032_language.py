from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0031_relays_are_asked_again")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Account",
            name="language",
            field=fields.CharField(default="auto", db_default="auto", max_length=8),
        ),
    ]
