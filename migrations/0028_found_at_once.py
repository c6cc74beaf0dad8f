"""What the worker looks for again and again is found at once, however much was received, sent and done before."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    # In the order it came; without the id in front, SQLite reads the whole table for that order.
    "received_waiting": "received_activity (id, asking_since, next_at, kind) WHERE applied_at IS NULL",
    "delivery_dead": "delivery (dead_at) WHERE dead_at IS NOT NULL",
    "job_open": "job (kind, id) WHERE ended_at IS NULL",
    "job_ended": "job (ended_at) WHERE ended_at IS NOT NULL",
    "withheld_kept": "withheld (kept_at)",
    "follow_asked": "follow (id, created_at) WHERE state = 'requested' AND public_id IS NOT NULL",
    "peer_software": "peer (software_at, id)",
}


class Migration(migrations.Migration):
    dependencies = [("models", "0027_imported_chunks")]

    initial = False

    operations = [
        ops.RunSQL(
            ["DROP INDEX received_waiting", *(f"CREATE INDEX {name} ON {place}" for name, place in INDEXES.items())],
            reverse_sql=[
                *(f"DROP INDEX {name}" for name in INDEXES),
                "CREATE INDEX received_waiting ON received_activity (next_at, id) WHERE applied_at IS NULL",
            ],
        ),
    ]
