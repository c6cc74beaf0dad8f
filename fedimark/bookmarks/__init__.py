"""Saving, editing, removing bookmarks; their tags."""
