"""What somebody saved over the years: drawn, day by day, and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.errors import NotFound
from fedimark.here import here, now
from fedimark.language.said import Said, _, written_by
from fedimark.text.calendar import day_of
from fedimark.timelines import history, queries, resurfacing
from fedimark.timelines.entries import Page
from fedimark.timelines.history import DAY, Saves
from fedimark.timelines.queries import Found
from fedimark.timelines.stream import PersonStream
from fedimark.web import times, years
from fedimark.web.respond import onward, page, signed_in, viewer_of
from fedimark.web.values.page import Crumb, Empty, Filter, Heading, Listing

_TAGS = 9


@dataclass(frozen=True, slots=True)
class TagOverTime:
    """How often a tag was used over the same years as all others; `line` is a path."""

    name: str
    href: str
    amount: int
    line: str


@dataclass(frozen=True, slots=True)
class YearLine:
    """A year and where a stream stands at its end."""

    year: years.Year
    href: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """A person's saves drawn, and in words; `calendar` is one path for each level, the first for empty days."""

    total: int
    days: int
    first: int
    busiest: int
    busiest_amount: int
    busiest_href: str
    bars: str
    since: int
    until: int
    calendar: tuple[str, ...]
    lately: int
    years: tuple[YearLine, ...]
    tags: tuple[TagOverTime, ...]


async def get_statistics(request: Request) -> Response:
    """`/u/{user}/statistics`"""
    found = await _person(request)
    saves = await history.by_day(found)
    tags = await queries.cloud(found, _TAGS)
    of_tags = await history.by_tag(found, [key for key, _ in tags])
    name = request.path_params["user"]
    shown = _drawn(name, saves, tags, of_tags) if saves else None
    crumbs = (Crumb(name, addresses.person(name)), Crumb(_("over time")))
    return page(request, "statistics.html", heading=Heading(crumbs, None), shown=shown)


async def get_day(request: Request) -> Response:
    """`/u/{user}/day/{day}`: a day of the reader's own calendar."""
    found, name = await _person(request), request.path_params["user"]
    zone = found.viewer.time_zone if found.viewer else "UTC"
    span = times.span_of(request.path_params["day"], zone)
    if span is None:
        raise NotFound
    entries = await history.within(found, (span,))
    earlier, later = await history.neighbours(found, span)
    words = [_other_day(name, _("« %(day)s", day=_day(earlier, zone)), earlier, zone)] * bool(earlier)
    words += [_other_day(name, _("%(day)s »", day=_day(later, zone)), later, zone)] * bool(later)
    crumbs = (Crumb(name, addresses.person(name)), Crumb(_day(span[0], zone)))
    return page(
        request,
        "stream.html",
        heading=Heading(crumbs, len(entries), tuple(words)),
        listing=Listing(Page(entries), tag_owner=name, of_one=True, marks=found.is_owner),
        sides=(),
        empty=Empty(_("Nothing that day"), _("%(name)s saved nothing on it that you may see.", name=name)),
    )


async def get_random(request: Request) -> Response:
    """`/random`: one of one's own bookmarks."""
    viewer = signed_in(request)
    found = await queries.find(PersonStream(viewer.username), viewer)
    public_id = await history.somewhere(found, here().chance())
    return onward(addresses.bookmark(viewer.username, public_id) if public_id else addresses.person(viewer.username))


async def get_again(request: Request) -> Response:
    """`/again`: this day in earlier years, and what was forgotten."""
    viewer, moment = signed_in(request), now()
    earlier, forgotten = await resurfacing.again(viewer, moment, times.this_day(moment, viewer.time_zone))
    by_year = groupby(earlier, lambda entry: times.date_of(entry.at, viewer.time_zone)[:4])
    own = partial(Listing, tag_owner=viewer.username, of_one=True, marks=True)
    return page(
        request,
        "again.html",
        today=written_by(partial(times.day_of_year, moment, viewer.time_zone)),
        years=tuple((year, own(Page(tuple(group)))) for year, group in by_year),
        forgotten=own(Page(forgotten)),
    )


def _other_day(name: str, words: str, at: int, zone: str) -> Filter:
    return Filter(words, addresses.day(name, times.date_of(at, zone)))


def _day(at: int, zone: str) -> Said:
    return written_by(partial(times.day, at, zone))


async def _person(request: Request) -> Found:
    found = await queries.find(PersonStream(request.path_params["user"]), viewer_of(request))
    if found.is_elsewhere:
        raise NotFound
    return found


def _drawn(name: str, saves: Sequence[Saves], tags: Sequence[tuple[str, int]], of_tags: Sequence[Saves]) -> Statistics:
    amounts: Mapping[int, int] = {one.day: one.amount for one in saves}
    today = now() // DAY
    scale = years.scale_of(amounts, today)
    busiest = max(saves, key=lambda one: one.amount)
    lately = sum(amount for day, amount in amounts.items() if today - 365 < day <= today)
    by_key: dict[str, dict[int, int]] = {}
    for one in of_tags:
        by_key.setdefault(one.tag, {})[one.day] = one.amount
    return Statistics(
        total=sum(amounts.values()),
        days=len(amounts),
        first=saves[0].day * DAY,
        busiest=busiest.day * DAY,
        busiest_amount=busiest.amount,
        busiest_href=addresses.day(name, day_of(busiest.day).isoformat()),
        bars=years.bars(amounts, scale),
        since=scale.first // 12,
        until=scale.last // 12,
        calendar=years.calendar(amounts, today),
        lately=lately,
        years=tuple(YearLine(year, _until(name, year.year)) for year in years.by_year(amounts)),
        tags=tuple(
            TagOverTime(key, addresses.person_tags(name, (key,)), count, years.line(by_key[key], scale))
            for key, count in tags
            if key in by_key
        ),
    )


def _until(name: str, year: int) -> str:
    """A person's page from the end of a year on: what a pager's `earlier` says too."""
    after = times.beginning(f"{year + 1:04}-01-01", "UTC")
    return f"{addresses.person(name)}?before={after}-0" if after and after > 0 else addresses.person(name)
