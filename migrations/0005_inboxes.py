"""Inboxes of other servers get rows of their own, and each actor elsewhere the number of theirs."""

import hashlib
from urllib.parse import urlsplit

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_THEIRS = "CASE WHEN shared_inbox <> '' THEN shared_inbox ELSE inbox END"


async def number_inboxes(apps, editor):
    client, mark = (
        editor.client,
        ("?", "?", "?") if editor.client.capabilities.dialect == "sqlite" else ("$1", "$2", "$3"),
    )
    insert = f"INSERT INTO inbox (url, hash, host) VALUES ({', '.join(mark)}) ON CONFLICT (hash) DO NOTHING"
    found = await client.execute_query_dict(f"SELECT DISTINCT {_THEIRS} AS url FROM actor WHERE uri IS NOT NULL")
    for row in found:
        if row["url"]:
            digest = hashlib.sha256(row["url"].encode("utf-8", "surrogatepass")).hexdigest()[:40]
            await client.execute_query(insert, [row["url"], digest, urlsplit(row["url"]).netloc.lower()[:255]])
    await client.execute_query(
        f"UPDATE actor SET inbox_id = (SELECT i.id FROM inbox i WHERE i.url = {_THEIRS}) WHERE uri IS NOT NULL"
    )


async def keep(apps, editor):
    """Nothing to take back: the columns go."""


class Migration(migrations.Migration):
    dependencies = [("models", "0004_whose_tag")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Inbox",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("url", fields.TextField(unique=False)),
                ("hash", fields.CharField(unique=True, max_length=40)),
                ("host", fields.CharField(max_length=255)),
            ],
            options={
                "table": "inbox",
                "app": "models",
                "pk_attr": "id",
                "table_description": "Where letters to other servers go: a shared inbox for many actors, or one actor's own.",
            },
            bases=["Model"],
        ),
        ops.AddField(model_name="Actor", name="inbox_id", field=fields.BigIntField(null=True)),
        ops.RunPython(number_inboxes, keep),
    ]
