"""Streams as feeds: one value, drawn in each format."""
