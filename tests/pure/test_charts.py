"""Charts: what a line shows between two readings, and where it is broken."""

from __future__ import annotations

from fedimark.web.charts import HEIGHT, WIDTH, Span, chart, mean_of, per_minute, stood


def test_a_sum_is_shown_by_how_much_it_grows_a_minute():
    readings = [(0, {"a": 0.0}), (10, {"a": 100.0}), (20, {"a": 400.0})]

    one = chart("Requests", "", per_minute("a"), readings, Span(0, 20, 10))

    assert (one.latest, one.mean, one.most) == ("30", "20", "30")
    assert one.line == f"M150.0 {HEIGHT - (HEIGHT - 2) / 3:.1f} L{WIDTH:.1f} 2.0"
    assert one.told == "Requests: now 30, 20 on average, 30 at most."


def test_a_sum_that_fell_began_anew():
    readings = [(0, {"a": 100.0}), (1, {"a": 5.0})]

    assert chart("Requests", "", per_minute("a"), readings, Span(0, 1, 1)).latest == "5"


def test_a_line_is_broken_where_nobody_wrote_anything_down():
    readings = [(0, {"a": 0.0}), (1, {"a": 1.0}), (9, {"a": 2.0}), (10, {"a": 3.0})]

    one = chart("Requests", "", per_minute("a"), readings, Span(0, 10, 1))

    assert one.line.count("M") == 2
    assert one.area.count("Z") == 2


def test_a_mean_is_told_only_where_there_was_something():
    readings = [(0, {}), (1, {"s": 0.5, "n": 2.0}), (2, {"s": 0.5, "n": 2.0})]

    one = chart("Time", "s", mean_of("s", "n"), readings, Span(0, 2, 1))

    assert (one.latest, one.most) == ("250 ms", "250 ms")


def test_what_stood_is_shown_as_it_was():
    readings = [(0, {"w": 7.0}), (1, {"w": 1234.0})]

    assert chart("Waiting", "", stood("w"), readings, Span(0, 1, 1)).latest == "1,234"


def test_nothing_written_down_draws_nothing():
    one = chart("Requests", "", per_minute("a"), [], Span(0, 10, 1))

    assert (one.line, one.area, one.latest) == ("", "", "–")
