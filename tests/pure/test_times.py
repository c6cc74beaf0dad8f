"""Moments in words."""

from datetime import UTC, datetime

import pytest

from fedimark.web.times import ago, day, exact, machine, month

MINUTE, HOUR, DAY = 60, 3600, 86400


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-DAY, "just now"),
        (0, "just now"),
        (59, "just now"),
        (MINUTE, "1 minute ago"),
        (5 * MINUTE, "5 minutes ago"),
        (HOUR - 1, "59 minutes ago"),
        (HOUR, "1 hour ago"),
        (2 * HOUR, "2 hours ago"),
        (DAY - 1, "23 hours ago"),
        (DAY, "yesterday"),
        (2 * DAY - 1, "yesterday"),
        (2 * DAY, "2 days ago"),
        (7 * DAY, "7 days ago"),
        (13 * DAY, "13 days ago"),
        (14 * DAY, "2 weeks ago"),
        (28 * DAY, "4 weeks ago"),
        (35 * DAY, "5 weeks ago"),
        (91 * DAY, "13 weeks ago"),
        (92 * DAY, "3 months ago"),
        (365 * DAY, "11 months ago"),
        (366 * DAY, "12 months ago"),
        (730 * DAY, "23 months ago"),
        (731 * DAY, "2 years ago"),
        (3653 * DAY, "10 years ago"),
    ],
)
def test_a_distance_is_said_in_pinboards_words(seconds: int, words: str) -> None:
    now = micros("2018-12-19T18:00:00")

    said = ago(now - seconds * 1_000_000, now)

    assert said == words


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        ("2018-12-12T18:00:00", "7 days ago"),
        ("2018-12-12T15:51:00", "7 days ago"),
        ("2018-11-21T14:28:00", "4 weeks ago"),
        ("2018-11-21T11:19:00", "4 weeks ago"),
        ("2018-11-14T10:56:00", "5 weeks ago"),
        ("2018-11-07T09:33:00", "6 weeks ago"),
    ],
)
def test_a_page_of_december_2018_reads_as_it_did(saved: str, words: str) -> None:
    now = micros("2018-12-19T18:00:00")

    assert ago(micros(saved), now) == words


def test_an_exact_moment_stands_in_the_readers_time_zone() -> None:
    at = micros("2018-12-31T23:30:00")

    assert exact(at, "UTC") == "31 December 2018, 23:30 UTC"
    assert exact(at, "Europe/Berlin") == "1 January 2019, 00:30 CET"
    assert day(at, "Europe/Berlin") == "1 January 2019"
    assert month(at, "Europe/Berlin") == "January 2019"
    assert month(at, "America/New_York") == "December 2018"


@pytest.mark.parametrize("zone", ["", "Nowhere/Atall", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b"])
def test_an_unknown_time_zone_reads_as_utc(zone: str) -> None:
    assert exact(micros("2018-12-12T18:00:00"), zone) == "12 December 2018, 18:00 UTC"


def test_the_first_moment_of_all_is_told_in_every_zone():
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati", "UTC", "Asia/Tokyo"):
        assert exact(-62_135_596_800_000_000, zone).startswith("1 January 1, "), zone
        assert month(4_102_444_800_000_000, zone) in ("January 2100", "December 2099"), zone


def test_the_machine_reads_whole_seconds_also_before_1970() -> None:
    assert machine(micros("2018-12-12T18:00:00") + 999_999) == "2018-12-12T18:00:00Z"
    assert machine(-1_000_000) == "1969-12-31T23:59:59Z"
