"""When a page is read, how often it is tried, and how fast a host is asked."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.looking import (
    DAY,
    HOUR,
    MOST_A_DAY,
    PAUSE,
    Pace,
    asked,
    booked,
    may_ask,
    try_at,
)

NOW = 1_000 * DAY


def test_a_page_that_cannot_be_read_is_tried_six_times_in_a_day_and_a_half():
    tries, looked_at, due = [], None, NOW
    while due is not None:
        attempt = try_at(due, looked_at, due)
        tries.append((due - NOW) // HOUR)
        looked_at, due = attempt.since, attempt.next_at

    assert tries == [0, 1, 2, 4, 8, 16]


@pytest.mark.parametrize("ago", [DAY, 30 * DAY])
def test_a_page_read_long_ago_begins_anew(ago):
    attempt = try_at(NOW, NOW - ago, NOW)

    assert (attempt.since, attempt.next_at) == (NOW, NOW + HOUR)


def test_a_worker_that_comes_late_does_not_give_up_the_sooner():
    assert try_at(NOW + 9 * HOUR, NOW, NOW + HOUR).next_at == NOW + 18 * HOUR


def test_a_host_is_asked_once_a_second():
    pace = asked(Pace(), NOW)

    assert may_ask(Pace(), NOW)
    assert not may_ask(pace, NOW + PAUSE - 1)
    assert may_ask(pace, NOW + PAUSE)


def test_a_host_is_asked_so_often_a_day_and_again_the_next():
    pace = Pace()
    for number in range(MOST_A_DAY):
        assert may_ask(pace, NOW + number * PAUSE)
        pace = asked(pace, NOW + number * PAUSE)

    assert not may_ask(pace, NOW + 2_000 * PAUSE)
    assert may_ask(pace, NOW + DAY)
    assert booked(pace, NOW + 2_000 * PAUSE).booked >= NOW + DAY
    assert asked(pace, NOW + DAY).asked == 1


def test_pages_that_must_wait_get_a_moment_each_and_may_be_asked_then():
    pace, due = asked(Pace(), NOW), []
    for _ in range(5):
        pace = booked(pace, NOW)
        due.append(pace.booked)

    assert due == sorted(set(due))
    for moment in due:
        assert may_ask(pace, moment)
        pace = asked(pace, moment)
