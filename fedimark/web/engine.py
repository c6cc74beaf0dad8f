"""How the engine fares, for admins: what waits, how long things take, and how each other server is doing."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fedimark.delivery import hosts
from fedimark.delivery.hosts import HostState, State
from fedimark.doorway.forms import read_form
from fedimark.errors import Forbidden, NotFound
from fedimark.here import MICROS, now
from fedimark.keeping import figures
from fedimark.keeping.standing import standing
from fedimark.language.said import _
from fedimark.policy.hosts import normal
from fedimark.web.charts import Chart, Span, Value, chart, mean_of, per_minute, stood
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.moderation import HostLine
from fedimark.web.values.page import Filter

HERE: Final = "/moderation/engine"
_MOST = 50
_MINUTE = 60 * MICROS
_SPANS: Final = MappingProxyType(
    {"hours": (_("3 hours"), 180, 1), "day": (_("a day"), 1_440, 10), "week": (_("a week"), 10_080, 60)}
)
_CHARTS: Final[tuple[tuple[str, str, Value], ...]] = (
    (_("Requests a minute"), "", per_minute("requests")),
    (_("Time of a request"), "s", mean_of("requests_s", "requests")),
    (_("Received a minute"), "", per_minute("accepted")),
    (_("Received, waiting"), "", stood("received_waiting")),
    (_("From receipt to timelines"), "s", mean_of("timeline_s", "timelines")),
    (_("Delivered a minute"), "", per_minute("arrived")),
    (_("Letters waiting"), "", stood("deliveries_waiting")),
    (_("From saying to arrival"), "s", mean_of("delivery_s", "deliveries")),
    (_("Time of a statement"), "s", mean_of("database_s", "statements")),
)
_STATES: Final = MappingProxyType(
    {
        State.WELL: _("answers"),
        State.RESTING: _("rests after failures"),
        State.DORMANT: _("silent for a week, tried weekly"),
        State.PAUSED: _("paused by an admin"),
        State.MUTED: _("this server is muted"),
    }
)


async def get_engine(request: Request) -> Response:
    """`GET /moderation/engine`; `span` is hours, day or week, `host` a part of a name, `after` where a page begins."""
    _only_admins(request)
    asked = request.query_params
    span = asked["span"] if asked.get("span") in _SPANS else "hours"
    searched, after = asked.get("host", "")[:255].strip().lower(), asked.get("after", "")[:255]
    found = await hosts.states(after, _MOST + 1, searched)
    return page(
        request,
        "engine.html",
        charts=await _charts(span),
        spans=tuple(Filter(words, f"{HERE}?span={name}", name == span) for name, (words, *_rest) in _SPANS.items()),
        standing=await standing(),
        hosts=tuple(_line(each) for each in found[:_MOST]),
        searched=searched,
        later=found[_MOST - 1].host if len(found) > _MOST else "",
        begins=bool(after),
    )


async def get_forget(request: Request) -> Response:
    """`GET /moderation/engine/forget?host=…`: asks first, and says what would be lost."""
    _only_admins(request)
    host = _host(request.query_params.get("host", ""))
    found = next((each for each in await hosts.states("", _MOST, host) if each.host == host), None)
    if found is None:
        raise NotFound
    return page(request, "engine_forget.html", host=_line(found))


async def post_retry(request: Request) -> Response:
    """`POST /moderation/engine/retry` with `host`"""
    await hosts.retry(await _host_from_admin(request))
    return onward(HERE)


async def post_pause(request: Request) -> Response:
    """`POST /moderation/engine/pause` with `host`"""
    await hosts.pause(await _host_from_admin(request))
    return onward(HERE)


async def post_go_on(request: Request) -> Response:
    """`POST /moderation/engine/go-on` with `host`"""
    await hosts.go_on(await _host_from_admin(request))
    return onward(HERE)


async def post_forget(request: Request) -> Response:
    """`POST /moderation/engine/forget` with `host`"""
    await hosts.forget(await _host_from_admin(request))
    return onward(HERE)


async def _charts(span: str) -> tuple[Chart, ...]:
    minutes, step = _SPANS[span][1:]
    readings = [(each.minute, each.figures) for each in await figures.history(minutes, step)]
    until = now() // _MINUTE
    drawn = Span(until - minutes, until, step)
    return tuple(chart(title, unit, value, readings, drawn) for title, unit, value in _CHARTS)


def _line(state: HostState) -> HostLine:
    return HostLine(
        state.host,
        "" if state.state is State.WELL and state.fails else _STATES[state.state],  # its failures are told below
        state.state is State.PAUSED,
        state.waiting,
        state.oldest,
        state.fails,
        state.last_error,
        state.next_try if state.next_try > now() else 0,
    )


async def _host_from_admin(request: Request) -> str:
    """The host a form names, and only an admin's form. Raises NotFound for what is none."""
    _only_admins(request)
    if host := _host((await read_form(request)).text("host")):
        return host
    raise NotFound


def _host(typed: str) -> str:
    return normal(typed) if 0 < len(typed) < 256 else ""


def _only_admins(request: Request) -> None:
    if not signed_in(request).is_admin:
        raise Forbidden("Only admins see to the engine.")
