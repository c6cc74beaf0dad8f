from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0019_bell")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Telling",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("actor_id", fields.BigIntField()),
                ("bookmark_id", fields.BigIntField(unique=True)),
                ("public_id", fields.CharField(max_length=13)),
                ("is_new", fields.BooleanField()),
                ("news", fields.TextField(unique=False)),
                ("tries", fields.SmallIntField()),
                ("next_at", fields.BigIntField()),
                ("set_aside_at", fields.BigIntField(null=True)),
                ("error", fields.CharField(max_length=200)),
            ],
            options={
                "table": "telling",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A bookmark that other servers are still to be told of, as it stands then. What was told leaves no row.",
            },
            bases=["Model"],
        ),
    ]
