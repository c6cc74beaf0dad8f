from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0010_heard")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Bookmark",
            name="allows",
            field=fields.SmallIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Share",
            name="public_id",
            field=fields.CharField(null=True, max_length=13),
        ),
        ops.AddField(
            model_name="Reaction",
            name="public_id",
            field=fields.CharField(null=True, max_length=13),
        ),
        ops.AlterModelOptions(
            name="Reaction",
            options={
                "table": "reaction",
                "app": "models",
                "unique_together": (("actor_id", "bookmark_id", "kind"),),
                "indexes": [Index(fields=["bookmark_id"])],
                "pk_attr": "id",
                "table_description": "Somebody likes a bookmark of this server, or somebody here one of another: counted, nothing more.",
            },
        ),
        ops.AlterModelOptions(
            name="Share",
            options={
                "table": "share",
                "app": "models",
                "unique_together": (("actor_id", "object_hash"),),
                "indexes": [Index(fields=["object_hash"]), Index(fields=["bookmark_id"])],
                "pk_attr": "id",
                "table_description": "Somebody passed a bookmark on to their followers: an Announce.",
            },
        ),
        ops.RunSQL(
            ["CREATE UNIQUE INDEX share_public_id ON share (public_id) WHERE public_id IS NOT NULL"],
            reverse_sql=["DROP INDEX share_public_id"],
        ),
    ]
