"""Rooms are tested inside one whole server: see `server` in tests/support."""
