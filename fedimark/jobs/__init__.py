"""Durable work for the worker, with progress that somebody can watch."""
