"""Keys for the people and servers of tests: real ones, made once a process, because making a pair takes 70 ms."""

from __future__ import annotations

from fedimark.accounts.passwords import hash_password
from fedimark.accounts.register import KeyPairs, make_keys

_MADE: list[KeyPairs] = []
_HASHES: dict[str, str] = {}


class Drawer:
    """The keys of one test: no two of its actors get the same pair, while the next test may take them again."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self) -> KeyPairs:
        """A pair that nobody else in this test has."""
        if self.taken == len(_MADE):
            _MADE.append(make_keys())
        self.taken += 1
        return _MADE[self.taken - 1]


async def hashed(password: str) -> str:
    """A password as it is kept, made once a process: that is meant to take long."""
    if password not in _HASHES:
        _HASHES[password] = await hash_password(password)
    return _HASHES[password]
