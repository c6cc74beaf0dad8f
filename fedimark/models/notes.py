"""Notes: texts of their own, which belong to no bookmark."""

from __future__ import annotations

from tortoise import fields as column

from fedimark.models.table import Table


class WrittenNote(Table):
    """A text somebody here keeps: Markdown, private unless they say otherwise, and never to leave this server."""

    id = column.BigIntField(primary_key=True)
    actor_id = column.BigIntField()
    public_id = column.CharField(max_length=13, unique=True)
    title = column.CharField(max_length=255)
    text = column.TextField()
    is_public = column.BooleanField()
    created_at = column.BigIntField()
    updated_at = column.BigIntField()

    class Meta:
        """Listed by writer, the last written first."""

        table = "written_note"
        indexes = (("actor_id", "created_at", "id"),)
