"""Letters are found by their host; new activities are spread over hosts; the lane is the host's, no letter's."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

INDEXES = {
    # what a host's letters wait for
    "delivery_next": "INDEX {} ON delivery (host, next_at, id) WHERE dead_at IS NULL AND paced_until IS NULL",
    # what has waited longest, of everybody
    "delivery_age": "INDEX {} ON delivery (created_at) WHERE dead_at IS NULL",
    "activity_new": "INDEX {} ON activity (id) WHERE is_new",
    "peer_leased": "INDEX {} ON peer (lease_until) WHERE lease_until > 0",
}
# SQLite makes the table anew without a column, and these are lost with the old one.
KEPT = {
    "delivery_queue": "ON delivery (host, inbox_hash, id) WHERE dead_at IS NULL AND paced_until IS NULL",
    "delivery_paced": "ON delivery (paced_until, id) WHERE paced_until IS NOT NULL AND dead_at IS NULL",
    "delivery_paced_by": "ON delivery (paced_by, paced_until) WHERE paced_until IS NOT NULL AND dead_at IS NULL",
}
AGAIN = [f"CREATE INDEX IF NOT EXISTS {name} {sql}" for name, sql in KEPT.items()]


class Migration(migrations.Migration):
    dependencies = [("models", "0020_tellings")]

    initial = False

    operations = [
        ops.RunSQL(["DROP INDEX delivery_due", "DROP INDEX delivery_leased"], reverse_sql=AGAIN),
        ops.RemoveField(model_name="Delivery", name="lane"),
        ops.AddField(model_name="Activity", name="is_new", field=fields.BooleanField(default=False, db_default=False)),
        ops.RunSQL(
            [*AGAIN, *(f"CREATE {sql.format(name)}" for name, sql in INDEXES.items())],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        ),
    ]
