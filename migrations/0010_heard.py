"""What waits for its turn, what waits in quarantine; and whose servers people here follow already are let in."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    # announcements of one actor that wait until their origin may be asked
    "received_asking": "INDEX {} ON received_activity (actor_id, id) WHERE asking_since IS NOT NULL AND applied_at IS NULL",
    # public saves of others that stand on no public page: kept back, or not theirs to show
    "bookmark_kept_back": "INDEX {} ON bookmark (actor_id) WHERE NOT is_local AND is_save AND visibility = 3 "
    "AND removed_at IS NULL AND NOT listed",
}
LET_IN = """
UPDATE peer SET let_in_at = seen_at WHERE let_in_at IS NULL AND EXISTS (
    SELECT 1 FROM follow f JOIN actor t ON t.id = f.target_id JOIN actor r ON r.id = f.follower_id
    WHERE f.state = 'accepted' AND r.local_name IS NOT NULL AND r.kind = 'Person'
    AND t.kind IN ('Person', 'Organization', 'Service')
    AND (substr(t.uri, 1, length(peer.host) + 9) = 'https://' || peer.host || '/'
        OR substr(t.uri, 1, length(peer.host) + 8) = 'http://' || peer.host || '/'))
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0009_entries_of_a_link")]

    operations = [
        ops.RunSQL(
            [*(f"CREATE {sql.format(name)}" for name, sql in INDEXES.items()), LET_IN],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        )
    ]
