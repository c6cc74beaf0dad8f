"""Indexes that hold only the rows a page or a queue asks for; the same SQL on both databases."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = {
    # one live bookmark per person here and exact URL
    "bookmark_once": "UNIQUE INDEX {} ON bookmark (actor_id, url_md5) WHERE is_local",
    # a person's page as strangers see it, however much of it is private
    "bookmark_shown": "INDEX {} ON bookmark (actor_id, saved_at, id) WHERE visibility >= 2 AND removed_at IS NULL",
    "bookmark_private": "INDEX {} ON bookmark (actor_id, saved_at, id) WHERE visibility = 0 AND removed_at IS NULL",
    "bookmark_to_read": "INDEX {} ON bookmark (actor_id, saved_at, id) WHERE to_read AND removed_at IS NULL",
    "bookmark_starred": "INDEX {} ON bookmark (actor_id, saved_at, id) WHERE starred AND removed_at IS NULL",
    "bookmark_untagged": "INDEX {} ON bookmark (actor_id, saved_at, id) WHERE tags = '' AND removed_at IS NULL",
    # what everybody saved lately, with all that a ranking asks of it
    "bookmark_listed": "INDEX {} ON bookmark (saved_at, link_id, actor_id) WHERE listed AND removed_at IS NULL",
    "bookmark_md5": "INDEX {} ON bookmark (url_md5) WHERE removed_at IS NULL",
    "bookmark_removed": "INDEX {} ON bookmark (removed_at) WHERE removed_at IS NOT NULL",
    "bookmark_tag_shown": "INDEX {} ON bookmark_tag (tag_id, actor_id, saved_at, bookmark_id) WHERE visibility >= 2",
    # a tag's public bookmarks, newest first: what stands beside a tag is found in the newest of them
    "bookmark_tag_listed": "INDEX {} ON bookmark_tag (tag_id, saved_at, bookmark_id) WHERE listed",
    # the tags a person uses most
    "tally_most": "INDEX {} ON tally (owner_id, amount, tag_id, visibility) WHERE owner_id > 0 AND tag_id > 0",
    "received_waiting": "INDEX {} ON received_activity (next_at, id) WHERE applied_at IS NULL",
    "delivery_due": "INDEX {} ON delivery (lane, next_at, id) WHERE dead_at IS NULL AND paced_until IS NULL",
    # the oldest of an inbox, and the inboxes of a host
    "delivery_queue": "INDEX {} ON delivery (host, inbox_hash, id) WHERE dead_at IS NULL AND paced_until IS NULL",
    # whose moment comes next, of everybody and of one person
    "delivery_paced": "INDEX {} ON delivery (paced_until, id) WHERE paced_until IS NOT NULL AND dead_at IS NULL",
    "delivery_paced_by": "INDEX {} ON delivery (paced_by, paced_until) WHERE paced_until IS NOT NULL AND dead_at IS NULL",
    # how many bookmarks a person published lately
    "activity_create": "INDEX {} ON activity (actor_id, created_at) WHERE kind = 'Create'",
    "delivery_leased": "INDEX {} ON delivery (host, inbox_hash, lease_until) WHERE lease_until > 0",
    "actor_gone": "INDEX {} ON actor (gone_at) WHERE gone_at IS NOT NULL",
}


class Migration(migrations.Migration):
    dependencies = [("models", "0001_tables")]

    # One operation for all: each costs the migrator a copy of every model.
    operations = [
        ops.RunSQL(
            [f"CREATE {sql.format(name)}" for name, sql in INDEXES.items()],
            reverse_sql=[f"DROP INDEX {name}" for name in INDEXES],
        )
    ]
