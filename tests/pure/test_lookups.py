"""What PostgreSQL is told to look up for each row by itself."""

from __future__ import annotations

from fedimark.database import looked_up


def test_what_is_joined_is_looked_up_beside_each_row_with_the_columns_that_are_asked_for():
    found = looked_up("SELECT f.follower_id FROM saved b JOIN follow f ON f.target_id = b.actor_id WHERE b.listed")

    beside = "(SELECT follower_id, target_id FROM follow f WHERE f.target_id = b.actor_id OFFSET 0) f"
    assert found == f"SELECT f.follower_id FROM saved b CROSS JOIN LATERAL {beside} WHERE b.listed"


def test_one_letter_may_be_another_table_after_each_union():
    found = looked_up(
        "SELECT s.at FROM saved b JOIN share s ON s.of = b.id WHERE TRUE UNION ALL "
        "SELECT s.kind FROM saved b JOIN actor s ON s.id = b.actor_id WHERE TRUE"
    )

    assert "(SELECT at, of FROM share s" in found
    assert "(SELECT id, kind FROM actor s" in found


def test_what_must_not_be_there_is_looked_up_too():
    blocked = "SELECT 1 FROM block k WHERE k.blocker_id = f.follower_id AND k.blocked_id IN (b.actor_id, x.id)"

    assert looked_up(f"WHERE TRUE AND NOT EXISTS ({blocked})") == f"WHERE TRUE AND NOT EXISTS ({blocked} OFFSET 0)"
