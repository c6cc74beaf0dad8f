"""On PostgreSQL the tags a person uses most are found by a coarse rank, which changes with each doubling alone.

An index that held the amount had every update of a tally write an entry into each index of the table, six of them for a
bookmark with four tags, and left as many behind to be cleaned. Now a row is changed in its place. SQLite knows no such
difference, and keeps its index.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

_MOST = "CREATE INDEX tally_most ON tally (owner_id, {column}, tag_id, visibility) WHERE owner_id > 0 AND tag_id > 0;"
_RANKS = ", ".join(str(2**power) for power in range(31))
_COARSE = f"""
DROP INDEX tally_most;
ALTER TABLE tally SET (fillfactor = 80);
ALTER TABLE tally ADD COLUMN rank INT NOT NULL
GENERATED ALWAYS AS (width_bucket(amount, ARRAY[{_RANKS}])) STORED;
{_MOST.format(column="rank")}
"""
_FINE = f"""
DROP INDEX tally_most;
ALTER TABLE tally DROP COLUMN rank;
ALTER TABLE tally RESET (fillfactor);
{_MOST.format(column="amount")}
"""


async def coarsen(_: StateApps, editor: BaseSchemaEditor) -> None:
    if editor.client.capabilities.dialect == "postgres":
        await editor.client.execute_script(_COARSE)


async def refine(_: StateApps, editor: BaseSchemaEditor) -> None:
    if editor.client.capabilities.dialect == "postgres":
        await editor.client.execute_script(_FINE)


class Migration(migrations.Migration):
    dependencies = [("models", "0038_what_waits_for_streams")]

    initial = False

    operations = [ops.RunPython(coarsen, refine)]
