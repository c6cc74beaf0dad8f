"""Key pairs that are kept from run to run, for each takes 50 ms to make: they prove nothing to anybody."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache

from fedimark.accounts.register import KeyPairs, make_keys
from tests.bench import machine

_FILE = machine.VAR / "keys.json"


@lru_cache(maxsize=1)
def known_pairs() -> tuple[KeyPairs, ...]:
    """All that were made."""
    return tuple(KeyPairs(**each) for each in json.loads(_FILE.read_text())) if _FILE.exists() else ()


def pairs(amount: int) -> tuple[KeyPairs, ...]:
    """The first of them, made where there are not so many."""
    found = known_pairs()
    if len(found) < amount:
        machine.VAR.mkdir(parents=True, exist_ok=True)
        found += tuple(make_keys() for _ in range(amount - len(found)))
        _FILE.write_text(json.dumps([asdict(each) for each in found]))
        known_pairs.cache_clear()
    return found[:amount]
