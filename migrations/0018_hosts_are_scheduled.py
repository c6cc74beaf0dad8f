"""A host is its own schedule: when something waits there, who is at it, and whether an admin paused it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0017_remarks_allow")]

    initial = False

    operations = [
        ops.AddField(model_name="Peer", name="next_at", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="Peer", name="lease_until", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="Peer", name="leased_by", field=fields.BigIntField(default=0, db_default=0)),
        ops.AddField(model_name="Peer", name="paused_at", field=fields.BigIntField(null=True)),
        ops.AddField(
            model_name="Peer", name="last_error", field=fields.CharField(default="", db_default="", max_length=200)
        ),
        ops.RunSQL(
            ["CREATE INDEX peer_due ON peer (next_at) WHERE next_at IS NOT NULL AND paused_at IS NULL"],
            reverse_sql=["DROP INDEX peer_due"],
        ),
    ]
