from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0007_depth_of_remarks")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Share",
            name="hidden_at",
            field=fields.BigIntField(null=True),
        ),
        ops.RunSQL(
            ["CREATE INDEX share_hidden ON share (hidden_at) WHERE hidden_at IS NOT NULL"],
            reverse_sql=["DROP INDEX share_hidden"],
        ),
    ]
