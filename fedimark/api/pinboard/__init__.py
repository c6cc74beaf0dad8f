"""Pinboard's API v1, as its apps and scripts know it."""
