"""When a delivery is tried again."""

from __future__ import annotations

import pytest

from fedimark.delivery.retry import DAY, HOUR, MINUTE, PAUSES, SECOND, is_final, next_attempt

NOW = 1_772_366_400 * SECOND


def test_pauses_grow_from_seconds_to_days_and_end_after_a_week():
    moments = [next_attempt(tries, NOW, jitter=0) for tries in range(1, len(PAUSES) + 2)]

    pauses = [moment - NOW for moment in moments[:-1] if moment is not None]
    assert pauses[:9] == [
        *(15 * SECOND, MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 16 * HOUR),
        DAY,
    ]
    assert set(pauses[9:]) == {DAY}
    assert 7 * DAY <= sum(pauses) < 8 * DAY
    assert moments[-1] is None


def test_jitter_moves_a_pause_by_a_quarter_at_most():
    early, late = next_attempt(5, NOW, jitter=-1), next_attempt(5, NOW, jitter=1)

    assert (early, late) == (NOW + HOUR * 3 // 4, NOW + HOUR * 5 // 4)


@pytest.mark.parametrize(
    ("wish", "pause"),
    [(90 * SECOND, 90 * SECOND), (3 * DAY, DAY), (0, 15 * SECOND), (-5 * SECOND, 15 * SECOND)],
)
def test_the_other_servers_wish_wins_within_reason(wish, pause):
    moment = next_attempt(1, NOW, wish, jitter=1)

    assert moment == NOW + pause


def test_a_wish_does_not_make_the_tries_endless():
    assert next_attempt(len(PAUSES) + 1, NOW, 60 * SECOND, jitter=0) is None


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 413, 422, 501])
def test_a_plain_no_is_final(status):
    assert is_final(status, 1)


@pytest.mark.parametrize("status", [302, 408, 425, 429, 500, 502, 503, 504, 520])
def test_trouble_is_not_final(status):
    assert not is_final(status, 1)


def test_a_refused_signature_is_tried_three_times():
    assert [is_final(401, tries) for tries in (1, 2, 3)] == [False, False, True]
