"""An entry of a network is moved up by people followed who save it with words of their own."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields


_SAID = """
FROM follow f JOIN bookmark b ON b.actor_id = f.target_id JOIN actor s ON s.id = b.actor_id
WHERE f.follower_id = entry.owner_id AND f.state = 'accepted' AND b.link_id = entry.link_id AND b.removed_at IS NULL
AND b.description <> '' AND b.visibility >= 1 AND s.kind <> 'Feed' AND s.suspended_at IS NULL
AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = f.follower_id AND k.blocked_id = s.id)
"""
_MOVED_UP = f"""
UPDATE entry SET is_said = TRUE, position = (SELECT max(b.saved_at) {_SAID})
WHERE stream = 1 AND EXISTS (SELECT 1 {_SAID})
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0033_moved_away")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Entry",
            name="is_said",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunSQL([_MOVED_UP], reverse_sql=[]),
    ]
