"""How PostgreSQL is kept from reading tables whole of which it knows too little."""

from __future__ import annotations

import re

# A table that is joined by a condition, and one that must not have something: a block, somebody suspended.
_JOINED = r"\bJOIN (\w+ (\w)) ON (.+?)(?=\s+(?:JOIN|WHERE)\b)"
_NOT_THERE = r"(NOT EXISTS \(\s*SELECT 1 FROM \w+ \w WHERE [^()]+(?:\([^()]+\))?)\)"


def looked_up(sql: str) -> str:
    """A query of PostgreSQL that looks up for each row by itself what is joined to it, and what must not be there.

    Else it begins where it expects the fewest rows, and of tables that grew since it counted them it may read all: whom
    everybody follows, to find the followers of one. OFFSET 0 leaves it no choice. Joined are tables whose names in the
    query are one letter, and each letter is one table between one UNION ALL and the next.
    """
    return "UNION ALL".join(map(_looked_up, sql.split("UNION ALL")))


def _looked_up(part: str) -> str:
    return re.sub(_NOT_THERE, r"\1 OFFSET 0)", re.sub(_JOINED, _beside, part))


def _beside(joined: re.Match[str]) -> str:
    table, name, condition = joined.groups()
    columns = ", ".join(sorted(set(re.findall(rf"\b{name}\.(\w+)", joined.string))))
    return f"CROSS JOIN LATERAL (SELECT {columns} FROM {table} WHERE {condition} OFFSET 0) {name}"
