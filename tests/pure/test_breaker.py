"""A host in trouble is left alone, a little longer each time, and what is due for it with it."""

from __future__ import annotations

import pytest

from fedimark.delivery import breaker
from fedimark.delivery.breaker import Gate, Health, Lane, gate
from fedimark.delivery.choose import Box, Choice, choose
from fedimark.delivery.retry import DAY, HOUR, MINUTE, SECOND, WEEK, is_trouble

NOW = 20_513 * DAY + 12 * HOUR


def after_failures(times: int, health: Health = Health(), start: int = NOW) -> tuple[Health, int]:
    """A host that failed so often, each time as soon as it could be asked; and the moment of the last."""
    moment = start
    for _ in range(times):
        moment = max(moment + SECOND, health.open_until)
        health = breaker.failed(health, moment)
    return health, moment


def test_four_failures_in_a_row_change_nothing_and_the_fifth_opens_for_a_minute():
    four, moment = after_failures(4)
    five = breaker.failed(four, moment + SECOND)

    assert gate(four, moment) is Gate.CLOSED
    assert five.open_until == moment + SECOND + MINUTE
    assert gate(five, five.open_until - 1) is Gate.OPEN
    assert gate(five, five.open_until) is Gate.HALF_OPEN


def test_pauses_double_up_to_six_hours():
    pauses = []
    for times in range(5, 17):
        health, moment = after_failures(times)
        pauses.append((health.open_until - moment) // MINUTE)

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]


def test_an_answer_closes_it_and_forgets_everything():
    health, _ = after_failures(9)

    assert breaker.answered(health, NOW + DAY) == Health(answered_at=NOW + DAY)


def test_an_answer_between_failures_starts_the_count_anew():
    health, moment = after_failures(4)

    health, moment = after_failures(4, breaker.answered(health, moment), moment)

    assert gate(health, moment) is Gate.CLOSED


def test_what_was_under_way_when_it_opened_counts_for_nothing():
    health, moment = after_failures(5)

    assert breaker.failed(health, moment + SECOND) == health


def test_a_host_that_answers_all_the_time_is_written_once_a_minute():
    health = breaker.answered(Health(), NOW)

    assert breaker.answered(health, NOW + 59 * SECOND) == health
    assert breaker.answered(health, NOW + MINUTE) == Health(answered_at=NOW + MINUTE)


def test_seven_days_with_failures_make_it_dormant_for_a_week():
    health = Health()
    days = []
    for day in range(7):
        health, _ = after_failures(1, health, NOW + day * DAY)
        days.append(health.failing_days)

    assert days == [1, 2, 3, 4, 5, 6, 7]
    assert health.is_dormant
    assert health.open_until - health.failed_at == WEEK


def test_a_day_without_a_failure_does_not_count():
    health, _ = after_failures(1)
    later, _ = after_failures(1, health, NOW + 5 * DAY)

    assert later.failing_days == 2


def test_a_failed_probe_of_a_dormant_host_means_another_week():
    dormant = Health(fails=30, open_until=NOW, failing_days=7, failed_at=NOW - WEEK)

    after = breaker.failed(dormant, NOW)

    assert (after.open_until, after.is_dormant) == (NOW + WEEK, True)


def test_a_dormant_host_that_speaks_is_asked_at_once_and_no_longer_dormant():
    dormant = Health(fails=30, open_until=NOW + DAY, failing_days=9, failed_at=NOW - MINUTE)

    after = breaker.heard(dormant, NOW)

    assert (gate(after, NOW), after.is_dormant) == (Gate.HALF_OPEN, False)


def test_a_host_that_speaks_and_takes_nothing_is_asked_every_quarter_of_an_hour():
    health, moment = after_failures(14)

    soon, later = moment + 14 * MINUTE, moment + 16 * MINUTE
    assert gate(breaker.heard(health, soon), soon) is Gate.OPEN
    assert gate(breaker.heard(health, later), later) is Gate.HALF_OPEN


def test_hearing_from_a_host_that_is_well_changes_nothing():
    assert breaker.heard(Health(fails=3, failing_days=1, failed_at=NOW), NOW) == Health(3, 0, 1, NOW)


def test_the_fast_lane_is_for_hosts_that_answered_within_the_hour_and_did_not_fail_since():
    health = breaker.answered(Health(), NOW)

    assert breaker.lane(Health(), NOW) is Lane.OTHERS
    assert breaker.lane(health, NOW + HOUR - 1) is Lane.FAST
    assert breaker.lane(health, NOW + HOUR) is Lane.OTHERS
    assert breaker.lane(breaker.failed(health, NOW + 1), NOW + 1) is Lane.OTHERS


@pytest.mark.parametrize(("status", "expected"), [(500, True), (503, True), (520, True), (501, False), (429, False)])
def test_five_hundreds_are_trouble_of_the_host(status, expected):
    assert is_trouble(status) is expected


# --- what to do with what is due ------------------------------------------------------------------------------------


def box(number: int, next_at: int = NOW) -> Box:
    """An inbox whose oldest letter may go, unless said otherwise."""
    return Box(f"inbox {number}", number, next_at)


def test_the_oldest_of_each_inbox_goes():
    choice = choose([box(2), box(1)], Gate.CLOSED, set(), NOW)

    assert choice == Choice(heads=[2, 1])


def test_what_stands_behind_one_that_waits_is_put_off_as_long():
    choice = choose([box(1, NOW + HOUR), box(2)], Gate.CLOSED, set(), NOW)

    assert choice == Choice(heads=[2], put_off={"inbox 1": NOW + HOUR})


def test_to_an_open_host_nothing_goes():
    assert choose([box(1), box(2)], Gate.OPEN, set(), NOW) == Choice()


def test_to_a_half_open_host_one_letter_goes_and_none_beside_one_under_way():
    first = choose([box(1), box(2)], Gate.HALF_OPEN, set(), NOW)
    second = choose([box(1), box(2)], Gate.HALF_OPEN, {"another"}, NOW)

    assert first == Choice(heads=[1])
    assert second == Choice()


def test_an_inbox_that_is_being_served_waits_even_for_an_older_letter():
    choice = choose([box(1), box(2)], Gate.CLOSED, {"inbox 1"}, NOW)

    assert choice == Choice(heads=[2])


def test_a_probe_is_of_an_inbox_that_does_not_wait():
    choice = choose([box(1, NOW + DAY), box(2)], Gate.HALF_OPEN, set(), NOW)

    assert choice == Choice(heads=[2], put_off={"inbox 1": NOW + DAY})
