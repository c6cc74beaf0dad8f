"""What tallies count of a saver stands apart for each month too, so that their page draws it without counting."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

# Whole seconds, rounded down also before 1970.
_SECONDS = "((saved_at - CASE WHEN saved_at < 0 THEN 999999 ELSE 0 END) / 1000000)"
_ON_SQLITE = f"""
(CAST(strftime('%Y', {_SECONDS}, 'unixepoch') AS INTEGER) * 12
+ CAST(strftime('%m', {_SECONDS}, 'unixepoch') AS INTEGER) - 1)
"""
_ON_POSTGRES = f"""
CAST(extract(year FROM to_timestamp({_SECONDS}) AT TIME ZONE 'UTC') * 12
+ extract(month FROM to_timestamp({_SECONDS}) AT TIME ZONE 'UTC') - 1 AS bigint)
"""
_COUNTED = """
INSERT INTO tally (owner_id, tag_id, visibility, amount)
SELECT actor_id, -{month}, visibility, count(*) FROM bookmark WHERE removed_at IS NULL GROUP BY 1, 2, 3;
"""


async def count(_: StateApps, editor: BaseSchemaEditor) -> None:
    is_postgres = editor.client.capabilities.dialect == "postgres"
    await editor.client.execute_script(_COUNTED.format(month=_ON_POSTGRES if is_postgres else _ON_SQLITE))


async def forget(_: StateApps, editor: BaseSchemaEditor) -> None:
    await editor.client.execute_script("DELETE FROM tally WHERE tag_id < 0;")


class Migration(migrations.Migration):
    dependencies = [("models", "0035_passed_on")]

    initial = False

    operations = [ops.RunPython(count, forget)]
