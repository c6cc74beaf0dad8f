"""How many ask to follow somebody here within an hour, from one server and from one registrable domain.

Each asking is counted, by the minute: of follows that were taken back at once no row is left to count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fedimark.database import Script, among, ask, insert_many, perform, several
from fedimark.here import MICROS, here, now
from fedimark.policy import hosts
from fedimark.remote.sites import registrable_domain

MINUTE = 60 * MICROS
HOUR = 60 * MINUTE

# Whoever counts holds these rows until their transaction ends, the server's before the domain's: of two workers the
# second sees what the first counted.
_COUNT = {"name": "varchar", "since": "bigint", "amount": "int"}
_AND_MORE = "ON CONFLICT (name, since) DO UPDATE SET amount = follow_count.amount + excluded.amount"
_COUNTED = "SELECT name, SUM(amount) AS amount FROM follow_count WHERE name {names} AND since >= ? GROUP BY name"


async def is_crowd(follower_uri: str) -> bool:
    """Count somebody who asks, inside `write()`, and say whether so many did that a person should look first.

    The server is the one their id is of: handles can be had on any number of domains. The hour is up to a minute
    longer than one.
    """
    return (await perform(are_crowds([follower_uri])))[0]


def are_crowds(follower_uris: Sequence[str]) -> Script[list[bool]]:
    """As `is_crowd`, in a script, of some who ask one after the other."""
    settings, minute = here().settings, now() // MINUTE * MINUTE
    named = [(hosts.normal(uri), f"*.{registrable_domain(uri)}") for uri in follower_uris]
    amounts = Counter(name for names in named for name in names)
    in_order = sorted({host for host, _ in named}) + sorted({domain for _, domain in named})
    rows = [{"name": name, "since": minute, "amount": amounts[name]} for name in in_order]
    yield from insert_many("follow_count", _COUNT, rows, _AND_MORE)
    found = yield from ask(_COUNTED.format(names=among("varchar")), several(in_order), minute - HOUR)
    counted = {row["name"]: int(row["amount"]) - amounts[row["name"]] for row in found}
    crowds = []
    for host, domain in named:
        counted[host] += 1
        counted[domain] += 1
        crowds.append(
            counted[host] > settings.follows_an_hour_per_host or counted[domain] > settings.follows_an_hour_per_domain
        )
    return crowds
