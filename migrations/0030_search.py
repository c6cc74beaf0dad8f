"""What search finds: the index, which the worker fills by and by, and what it is still to learn."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

# No models: what is made from bookmarks is neither backed up nor moved, but made anew.
BOTH = """
CREATE TABLE search_place (bookmark_id BIGINT NOT NULL PRIMARY KEY, place BIGINT NOT NULL UNIQUE, saved_at BIGINT NOT NULL);
CREATE TABLE search_mark (version INT NOT NULL PRIMARY KEY, reached BIGINT NOT NULL);
"""
# Tokens come as they are to be: `ascii` takes them apart at spaces alone. A row's number is its place.
SQLITE = """
CREATE VIRTUAL TABLE search_words USING fts5(title, description, url, tags, rest, tokenize = 'ascii', columnsize = 0);
"""
POSTGRES = """
CREATE TABLE search_words (place BIGINT NOT NULL PRIMARY KEY, words tsvector NOT NULL);
CREATE INDEX search_words_words ON search_words USING gin (words);
ALTER TABLE search_words ALTER COLUMN words SET STATISTICS 500;
"""
UNDO = """
DROP TABLE search_words;
DROP TABLE search_place;
DROP TABLE search_mark;
"""


async def make(_: StateApps, editor: BaseSchemaEditor) -> None:
    await editor.client.execute_script(BOTH)
    await editor.client.execute_script(POSTGRES if editor.client.capabilities.dialect == "postgres" else SQLITE)


async def drop(_: StateApps, editor: BaseSchemaEditor) -> None:
    await editor.client.execute_script(UNDO)


class Migration(migrations.Migration):
    dependencies = [("models", "0029_looks")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Unindexed",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("bookmark_id", fields.BigIntField()),
            ],
            options={
                "table": "unindexed",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A bookmark that is new, changed or gone, which search is to learn: one row for each change. (search.indexing)",
            },
            bases=["Model"],
        ),
        ops.RunPython(make, drop),
    ]
