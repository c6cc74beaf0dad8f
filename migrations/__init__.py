"""Tortoise’s migrations, one purpose each."""
