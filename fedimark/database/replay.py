"""Tortoise's own migrations, replayed without what only queries need.

Before each of a hundred steps Tortoise draws every model anew, with everything a query could ask of it: most of a first
start. A step looks at its own model alone, and asks it nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps


class Executor(MigrationExecutor):
    """Brings a database up to date; what it does to tables is Tortoise's."""

    async def _project_state(self, *arguments: Any, **named: Any) -> State:
        known = await super()._project_state(*arguments, **named)
        apps = _Apps(known.apps._default_connections)
        for (label, _), model in known.models.items():
            apps.register_model(label, model.render(apps, deepcopy_fields=False))
        apps._init_relations()
        return _State(models=known.models, apps=apps)


class _Apps(StateApps):
    def _build_initial_querysets(self) -> None:
        """Nothing is asked of these models."""


class _State(State):
    """The tables as they are after some steps."""

    def clone(self) -> State:
        """As they are now, drawn when a step looks: it changes what a model is made of, and no column in its place."""
        made_of = {
            key: replace(model, options=dict(model.options), fields=dict(model.fields))
            for key, model in self.models.items()
        }
        return _Before(made_of, self.apps)


class _Before(State):
    def __init__(self, models: dict[Any, Any], later: StateApps) -> None:
        self.models = models
        self._later = later

    @cached_property
    def apps(self) -> StateApps:  # type: ignore[override]
        """Drawn from the models as they were."""
        apps = _Apps(self._later._default_connections)
        for (label, _), model in self.models.items():
            apps.register_model(label, model.render(apps))  # of copies: to be drawn changes a column
        apps._init_relations()
        return apps
