from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0016_reports_and_profile_links")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Remark",
            name="allows",
            field=fields.SmallIntField(default=0, db_default=0),
        ),
    ]
