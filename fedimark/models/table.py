"""What every table of ours is made from."""

from __future__ import annotations

from typing import Any

from tortoise.models import Model, ModelMeta


class _Plain(ModelMeta):
    # Tortoise would read and parse the source of each, looking for comments that describe columns: half of what
    # reading the models takes, at every start and in every command.
    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> _Plain:
        return super().__new__(cls, name, bases, {**attributes, "_no_comments": True})  # type: ignore[return-value]


class Table(Model, metaclass=_Plain):
    """A table; its columns are described where they are described at all, in the docstring of its class."""

    class Meta:
        abstract = True
