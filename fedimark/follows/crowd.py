"""How many ask to follow somebody here within an hour, from one server and from one registrable domain.

Each asking is counted, by the minute: of follows that were taken back at once no row is left to count.
"""

from __future__ import annotations

from fedimark.database import execute, fetch
from fedimark.here import MICROS, here, now
from fedimark.policy import hosts
from fedimark.remote.sites import registrable_domain

MINUTE = 60 * MICROS
HOUR = 60 * MINUTE

# Whoever counts holds these rows until their transaction ends, the server's before the domain's: of two workers the
# second sees what the first counted.
_COUNT = """
INSERT INTO follow_count (name, since, amount) VALUES (?, ?, 1), (?, ?, 1)
ON CONFLICT (name, since) DO UPDATE SET amount = follow_count.amount + 1
"""
_COUNTED = "SELECT name, SUM(amount) AS amount FROM follow_count WHERE name IN (?, ?) AND since >= ? GROUP BY name"


async def is_crowd(follower_uri: str) -> bool:
    """Count somebody who asks, inside `write()`, and say whether so many did that a person should look first.

    The server is the one their id is of: handles can be had on any number of domains. The hour is up to a minute
    longer than one.
    """
    settings, minute = here().settings, now() // MINUTE * MINUTE
    host, domain = hosts.normal(follower_uri), f"*.{registrable_domain(follower_uri)}"
    await execute(_COUNT, host, minute, domain, minute)
    counted = {row["name"]: int(row["amount"]) for row in await fetch(_COUNTED, host, domain, minute - HOUR)}
    return counted[host] > settings.follows_an_hour_per_host or counted[domain] > settings.follows_an_hour_per_domain
