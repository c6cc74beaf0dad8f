"""Whose bookmarks a tag may pass on: conditions of SQL on their author, the row `a` of `actor`."""

from __future__ import annotations

SPEAKS = "a.gone_at IS NULL AND a.suspended_at IS NULL AND a.moved_at IS NULL"
"""Whether anything is said of what they save."""

GIVEN = "NOT a.keeps_out AND NOT a.approves_followers"
"""Whether everybody's tags may: who chooses their followers has not chosen a tag's, and one may keep out."""
