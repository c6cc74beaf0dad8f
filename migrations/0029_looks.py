from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0028_found_at_once")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Account",
            name="descriptions",
            field=fields.CharField(default="some", db_default="some", max_length=8),
        ),
        ops.AddField(
            model_name="Account",
            name="own_css",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Account",
            name="own_css_version",
            field=fields.CharField(default="", db_default="", max_length=10),
        ),
    ]
