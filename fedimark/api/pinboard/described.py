"""What Pinboard's methods take, as `/api/openapi.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fedimark.api.openapi import FORM, JSON, MOMENT, NUMBER, TEXT, Asked, Call, Schema, one_of, words_of
from fedimark.api.pinboard.door import Method
from fedimark.api.pinboard.methods import METHODS, NOTE

_YES_OR_NO: Final = one_of("yes", "no")
_ARGUMENTS: Final[Mapping[str, Schema]] = {
    **dict.fromkeys(("replace", "shared", "toread"), _YES_OR_NO),
    **dict.fromkeys(("dt", "fromdt", "todt", "since"), MOMENT),
    **dict.fromkeys(("count", "start", "results"), NUMBER),
}
_ANSWERED: Final = ("text/json", "text/xml")


def calls(base: str) -> list[Call]:
    """Every method under an address, as one asks with GET and as one sends a form."""
    methods = {**METHODS, "notes/{id}": NOTE}
    ways = ("auth_token", "key", "password")
    return [
        Call(verb, f"{base}/{name}", "Pinboard", words_of(method.answer.__doc__), _asked(method, verb),
             ("text/plain", JSON, *_ANSWERED), ways, tuple(one.word for one in method.scopes))
        for name, method in methods.items()
        for verb in ("GET", "POST")
    ]  # fmt: skip


def _asked(method: Method, verb: str) -> Asked:
    names = {name.rstrip("!"): name.endswith("!") for name in method.takes.split()}
    fields = {name: _ARGUMENTS.get(name, TEXT) for name in names} | {"format": one_of("json", "xml")}
    needs = tuple(name for name, is_needed in names.items() if is_needed)
    if verb == "GET":
        return Asked(fields, needs=needs, answer={}, answered=_ANSWERED)
    return Asked({}, fields, needs, (FORM,), answer={}, answered=_ANSWERED)
