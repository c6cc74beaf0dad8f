"""What a call is asked with, from its address and its form: read strictly, in every spelling that clients use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from fedimark.bookmarks import dialects
from fedimark.bookmarks.catalogue import DAY, Wanted
from fedimark.doorway.forms import read_form
from fedimark.errors import Malformed, Refused
from fedimark.importing.formats.moments import NoMoment, moment
from fedimark.text import tags

_MOST: Final = 300


@dataclass(frozen=True, slots=True)
class Arguments:
    """Every argument with all its texts, in their order."""

    texts: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str:
        """An argument's text, of several the last; empty when it was not sent."""
        return self.texts.get(name, ("",))[-1]

    def words(self, *names: str) -> str:
        """All texts of arguments that hold lists, behind each other: clients repeat them."""
        return " ".join(text for name in names for text in self.texts.get(name, ()))

    def keys(self) -> tuple[str, ...]:
        """The tags that a call is narrowed by, by key; the documents say `tag`, clients `tags` too."""
        return tuple(dict.fromkeys(tags.key(word) for word in tags.split(self.words("tag", "tags"))))

    def flag(self, name: str) -> bool | None:
        """Yes or no, None when it was not sent. Raises Refused."""
        text = self.text(name).strip()
        said = dialects.read_flag(text)
        if text and said is None:
            raise Refused("Say yes or no.", field=name)
        return said

    def moment(self, name: str) -> int | None:
        """A moment in microseconds, None when it was not sent; with an offset or none, which is UTC. Raises Refused.

        A plus sign that was not escaped arrives as a space.
        """
        text = self.text(name).strip()
        head, space, offset = text.rpartition(" ")
        if space and "T" in head:
            text = f"{head}+{offset}"
        try:
            return moment(text)
        except NoMoment as error:
            raise Refused(error.message, field=name) from error

    def day(self, name: str) -> tuple[int, int] | None:
        """A day's first moment and the next day's; None when it was not sent. Raises Refused."""
        at = self.moment(name)
        return None if at is None else (at - at % DAY, at - at % DAY + DAY)

    def number(self, name: str, otherwise: int, most: int) -> int:
        """A number of nothing or more, at most `most`. Raises Refused."""
        text = self.text(name).strip()
        if not text:
            return otherwise
        if not (text.isascii() and text.isdecimal()):
            raise Refused("Give a number.", field=name)
        return min(int(text[:18]), most)

    def wanted(self) -> Wanted:
        """Which bookmarks, by `tag`, `fromdt` and `todt`."""
        after, before = self.moment("fromdt"), self.moment("todt")
        everything = Wanted()
        return Wanted(
            self.keys(),
            everything.after if after is None else after,
            everything.before if before is None else before,
        )


async def read_arguments(request: Request) -> Arguments:
    """The arguments of a call: of its address, and of the form that was sent. Raises Malformed and its like."""
    texts = _read_query(request.scope.get("query_string", b""))
    if request.method == "POST":
        for name, sent in (await read_form(request)).texts.items():
            texts[name] = (*texts.get(name, ()), *sent)
    return Arguments(texts)


def _read_query(query: bytes) -> dict[str, tuple[str, ...]]:
    try:
        text = query.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except UnicodeDecodeError as error:
        raise Malformed("The address is not in UTF-8.") from error
    except ValueError as error:
        raise Malformed(f"At most {_MOST} arguments.") from error
    texts: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        texts[name] = (*texts.get(name, ()), value)
    return texts
