"""Keeping people safe: blocked domains, blocks between people, suspended accounts. It writes what `policy` reads."""
