"""What a server counts of itself, added up; and how it stood each minute."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0021_hosts_are_drained")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Figure",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("series", fields.CharField(unique=True, max_length=255)),
                ("value", fields.FloatField(default=0.0)),
            ],
            options={
                "table": "figure",
                "app": "models",
                "pk_attr": "id",
                "table_description": "One sum since this database began: every process adds what it counted, any of them can tell.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FigureMinute",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("minute", fields.BigIntField(unique=True)),
                ("figures", fields.TextField(unique=False)),
            ],
            options={
                "table": "figure_minute",
                "app": "models",
                "pk_attr": "id",
                "table_description": "How some figures stood in a minute, for a week: charts are drawn from the differences.",
            },
            bases=["Model"],
        ),
    ]
