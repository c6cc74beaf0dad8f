"""Lines of one link lie together: a bookmark that ten thousand people read goes to one place of an index, not to ten
thousand.
"""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

_COLUMNS = "stream, owner_id, link_id, position"

# SQLite cannot take a constraint out of a table, so the table is made anew.
_KEPT = [f"CREATE TABLE entry_kept AS SELECT {_COLUMNS} FROM entry"]
_BROUGHT_BACK = [
    f"INSERT INTO entry ({_COLUMNS}) SELECT {_COLUMNS} FROM entry_kept ORDER BY link_id, stream, owner_id",
    "DROP TABLE entry_kept",
]


class Migration(migrations.Migration):
    dependencies = [("models", "0008_shares_wait")]

    initial = False

    operations = [
        ops.RunSQL(_KEPT, reverse_sql=_BROUGHT_BACK),
        ops.DeleteModel(name="Entry"),
        ops.CreateModel(
            name="Entry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("stream", fields.SmallIntField()),
                ("owner_id", fields.BigIntField()),
                ("link_id", fields.BigIntField()),
                ("position", fields.BigIntField()),
            ],
            options={
                "table": "entry",
                "app": "models",
                "unique_together": (("link_id", "stream", "owner_id"),),
                "indexes": [Index(fields=["stream", "owner_id", "position", "link_id"])],
                "pk_attr": "id",
                "table_description": "One link's line in a merged stream, while its savers are read from the bookmarks when a page is drawn.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_BROUGHT_BACK, reverse_sql=_KEPT),
    ]
