"""PURE. Fields of a JSON object, whatever somebody put there."""

from __future__ import annotations

from collections.abc import Mapping


def text(row: Mapping[str, object], *names: str) -> str:
    """The first of these fields that holds text, or a number as its digits; empty when none does."""
    return next((value for name in names if isinstance(value := row.get(name), str) and value), "")


def objects(row: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """The objects in a list."""
    value = row.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def inner(row: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The object in a field, empty when there is none."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def names(row: Mapping[str, object], name: str) -> list[str]:
    """What a list names: texts, or objects that have a `name`."""
    value = row.get(name)
    if isinstance(value, str):
        return [each.strip() for each in value.split(",")]
    listed = value if isinstance(value, list) else []
    return [said for each in listed if (said := each if isinstance(each, str) else _name(each))]


def _name(value: object) -> str:
    return text(value, "name") if isinstance(value, dict) else ""
