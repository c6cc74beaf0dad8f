"""What a server counted of itself: sums of every process together, and how they stood minute by minute."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class Figure(Table):
    """One sum since this database began: every process adds what it counted, any of them can tell."""

    id = column.BigIntField(primary_key=True)
    series = column.CharField(max_length=255, unique=True)  # its name and labels, with tabs between
    value = column.FloatField(default=0.0)

    class Meta:
        """A few hundred rows, written every ten seconds and read together."""

        table = "figure"


class FigureMinute(Table):
    """How some figures stood in a minute, for a week: charts are drawn from the differences."""

    id = column.BigIntField(primary_key=True)
    minute = column.BigIntField(unique=True)  # since 1970
    figures = column.TextField()  # JSON, numbers by name

    class Meta:
        """Read by minute, thrown away by minute."""

        table = "figure_minute"
