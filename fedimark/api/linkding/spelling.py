"""PURE. Which addresses are one to linkding: it lets two spellings of an address be one bookmark."""

from __future__ import annotations

from itertools import permutations
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_MOST: Final = 4  # parts of a query whose every order is thought of; of more only the order given and the sorted one


def normal(url: str) -> str:
    """An address as linkding compares it: scheme and host in lower case, no slash at the end, the query sorted.

    What cannot be taken apart stays itself.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    if not parts.netloc:
        return url
    user, at, host = parts.netloc.rpartition("@")
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)), quote_via=quote)
    path = parts.path.rstrip("/")
    return urlunsplit((parts.scheme.lower(), f"{user}{at}{host.lower()}", path, query, parts.fragment))


def spellings(url: str) -> tuple[str, ...]:
    """Spellings that linkding would take for the same: with and without the last slash, the query in other orders."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return (url.strip(),)
    pairs, path = parts.query.split("&"), parts.path.rstrip("/")
    orders = permutations(pairs) if len(pairs) <= _MOST else (tuple(pairs), tuple(sorted(pairs)))
    queries = ["&".join(order) for order in orders]
    return tuple(
        dict.fromkeys(
            urlunsplit(parts._replace(path=each, query=query)) for query in queries for each in (path, f"{path}/")
        )
    )
