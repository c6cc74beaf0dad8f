"""PURE. How a language writes moments out; each format is read once, for a page holds hundreds of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from babel import Locale
from babel.dates import parse_pattern, tokenize_pattern

Writer = Callable[[datetime], str]

_FIELDS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "y": lambda moment: str(moment.year),
        "M": lambda moment: str(moment.month),
        "MM": lambda moment: f"{moment.month:02}",
        "d": lambda moment: str(moment.day),
        "dd": lambda moment: f"{moment.day:02}",
        "H": lambda moment: str(moment.hour),
        "HH": lambda moment: f"{moment.hour:02}",
        "mm": lambda moment: f"{moment.minute:02}",
        "h": lambda moment: str(moment.hour % 12 or 12),
    }
)


class Dates:
    """The formats of one locale, from the Unicode Consortium's tables."""

    def __init__(self, locale: Locale) -> None:
        short, long = locale.time_formats["short"], locale.date_formats["long"]
        both = str(locale.datetime_formats["medium"])
        skeletons = locale.datetime_skeletons
        self.exact = _writer(both.replace("{1}", long.pattern).replace("{0}", short.pattern), locale)
        self.day = _writer(long.pattern, locale)
        self.month = _writer(skeletons["yMMMM"].pattern, locale)
        self.day_of_year = _writer(skeletons["MMMMd"].pattern, locale)


def _writer(pattern: str, locale: Locale) -> Writer:
    """Compile a pattern (`d. MMMM y`) to a function; raises KeyError for a field that no date of ours needs."""
    months = {  # as dicts, for what Babel has looks other languages through at each word
        "MMMM": dict(locale.months["format"]["wide"]),
        "LLLL": dict(locale.months["stand-alone"]["wide"]),
        "MMM": dict(locale.months["format"]["abbreviated"]),
    }
    parts: list[Writer | str] = []
    for kind, value in tokenize_pattern(parse_pattern(pattern).pattern):
        if kind == "chars":
            parts.append(str(value))
            continue
        name = str(value[0]) * int(value[1])
        parts.append(_month(months[name]) if name in months else _FIELDS[name])

    def write(moment: datetime) -> str:
        return "".join([part if isinstance(part, str) else part(moment) for part in parts])

    return write


def _month(names: Mapping[int, str]) -> Writer:
    return lambda moment: names[moment.month]
