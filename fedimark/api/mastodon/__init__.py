"""Mastodon's small door: what directories and bots read of a server without an account."""
