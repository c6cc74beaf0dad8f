"""An index that gives a tag's public bookmarks newest first: what stands beside a tag is found in the newest of them."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    "bookmark_tag_listed": "INDEX {} ON bookmark_tag (tag_id, saved_at, bookmark_id) WHERE listed",
}


class Migration(migrations.Migration):
    dependencies = [("models", "0002_partial_indexes")]

    operations = [
        ops.RunSQL(f"CREATE {sql.format(name)}", reverse_sql=f"DROP INDEX {name}") for name, sql in INDEXES.items()
    ]
