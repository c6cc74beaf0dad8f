"""Doors for programs: feeds, and the dialects of others."""
