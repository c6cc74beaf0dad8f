"""What of the things told still stands for whom they were told: the one condition that every reader of them asks.

Asked when they are read and not remembered when things end: a like can be taken back, a bookmark hidden, somebody muted
for an hour, in dozens of places, and none of them has to think of this one.
"""

from __future__ import annotations

from fedimark.notifications.tell import Kind
from fedimark.policy.blocks import no_block_between, not_hidden
from fedimark.policy.visibility import Visibility

_FOLLOWS = "EXISTS (SELECT 1 FROM follow f WHERE f.follower_id = {} AND f.target_id = {} AND f.state = 'accepted')"
_SEEN = f"""
(b.actor_id = n.owner_id OR ({not_hidden("b.actor_id").replace("?", "n.owner_id")}
    AND {no_block_between("b.actor_id", "n.owner_id")} AND (b.visibility >= {Visibility.UNLISTED}
    OR (b.visibility = {Visibility.FOLLOWERS} AND {_FOLLOWS.format("n.owner_id", "b.actor_id")}))))
"""
_STANDS = {
    Kind.FOLLOW: _FOLLOWS.format("n.actor_id", "n.owner_id"),
    Kind.FOLLOW_REQUEST: """EXISTS (SELECT 1 FROM follow f JOIN actor t ON t.id = f.target_id
        WHERE f.follower_id = n.actor_id AND f.state = 'requested'
        AND (t.id = n.owner_id OR t.owner_id = n.owner_id))""",
    Kind.COPY: f"""EXISTS (SELECT 1 FROM bookmark c
        WHERE c.actor_id = n.actor_id AND c.link_id = b.link_id AND c.via_hash IS NOT NULL AND c.removed_at IS NULL
        AND (c.visibility >= {Visibility.UNLISTED} OR (c.visibility = {Visibility.FOLLOWERS}
            AND {_FOLLOWS.format("n.owner_id", "n.actor_id")})))""",
    Kind.LIKE: """EXISTS (SELECT 1 FROM reaction r
        WHERE r.actor_id = n.actor_id AND r.bookmark_id = n.bookmark_id AND r.kind = 'Like')""",
    Kind.SHARE: "EXISTS (SELECT 1 FROM share s WHERE s.actor_id = n.actor_id AND s.bookmark_id = n.bookmark_id)",
    Kind.LINK: """EXISTS (SELECT 1 FROM link_for_you l
        WHERE l.uri_hash = n.subject AND l.owner_id = n.owner_id AND l.ended_at IS NULL)""",
    Kind.MOVE: f"""EXISTS (SELECT 1 FROM actor m WHERE m.uri_hash = n.subject AND m.gone_at IS NULL
        AND m.suspended_at IS NULL AND {not_hidden("m.id").replace("?", "n.owner_id")}
        AND {no_block_between("m.id", "n.owner_id")})""",
}
# What was said to a bookmark's owner alone is theirs; others are told of what everybody may read.
_SAID = f"""EXISTS (SELECT 1 FROM remark r WHERE r.uri_hash = n.subject AND r.actor_id = n.actor_id
    AND r.bookmark_id = n.bookmark_id AND r.hidden_at IS NULL
    AND (r.visibility >= {Visibility.UNLISTED} OR b.actor_id = n.owner_id))"""

JOINED = "JOIN actor a ON a.id = n.actor_id LEFT JOIN bookmark b ON b.id = n.bookmark_id AND b.removed_at IS NULL"
"""Who did it, `a`, and what it is about, `b`, beside a notification `n`."""

# One that ended counts until its row is thrown away: this statement asks no clock.
_OF_MUTED_SERVER = """EXISTS (SELECT 1 FROM mute u WHERE u.owner_id = n.owner_id AND u.kind = 'server'
    AND (a.host = u.value OR a.host LIKE '%.' || u.value))"""

STANDS = f"""
NOT {_OF_MUTED_SERVER} AND a.gone_at IS NULL AND a.suspended_at IS NULL
AND {not_hidden("a.id").replace("?", "n.owner_id")}
AND {no_block_between("a.id", "n.owner_id")} AND (n.bookmark_id IS NULL OR {_SEEN})
AND CASE n.kind {" ".join(f"WHEN {kind:d} THEN {condition}" for kind, condition in _STANDS.items())} ELSE {_SAID} END
"""
"""Whether its owner may know of it still."""

_MOST_COUNTED = 100

UNREAD = f"""
(SELECT count(DISTINCT CAST(n.kind AS VARCHAR(4)) || ' ' || n.bundle) FROM (
    SELECT * FROM notification u WHERE u.owner_id = account.actor_id AND u.read_at IS NULL
    ORDER BY u.id DESC LIMIT {_MOST_COUNTED}) n {JOINED} WHERE {STANDS})
"""
"""How many lines an `account` has not read, of its newest hundred: an expression for a statement that reads anyway."""
