"""Double-knock: which signature to try first, when to try the other, and what to remember.

draft-cavage first: servers that answer 2xx and verify later (Pixelfed, snac2, Misskey) would lose what RFC 9421 signed.
Never both at once, for both use the one header Signature.
"""

from __future__ import annotations

from fedimark.remote import peers
from fedimark.remote.signing import Way

_SEARCHED = 4_096  # bytes of an answer that may say what was wrong
_DUPLICATE = b"duplicate-delivery"  # FEP-c180: no complaint about a signature, they have it


async def ways(method: str, url: str) -> tuple[Way, ...]:
    """How to sign one request, in the order to try; each at most once."""
    both = (Way.CAVAGE, Way.RFC9421)
    if await peers.scheme_of(url) == Way.RFC9421:
        both = (Way.RFC9421, Way.CAVAGE)
    # GoToSocial and Mastodon before 2024 verify GETs as if they had no query.
    return (*both, Way.WITHOUT_QUERY) if method == "GET" and "?" in url else both


def is_refused(status: int, asks: bool, body: bytes) -> bool:
    """Whether an answer may mean that a signature was not understood; `asks`: it carries Accept-Signature."""
    if status == 401:
        return True
    said = body[:_SEARCHED].lower()
    if status == 400:
        return _DUPLICATE not in said
    return status == 403 and (asks or b"signature" in said)


async def settle(url: str, way: Way, *, first: Way, status: int, asks: bool) -> None:
    """Remember what an answer to a request signed this `way` taught; `first` is the way that was tried first."""
    if status >= 400:
        return
    if way is Way.RFC9421 and first is Way.CAVAGE:
        await peers.learn(url, Way.RFC9421)
    elif way is Way.CAVAGE and first is Way.RFC9421:
        await peers.learn(url, Way.CAVAGE)
    elif asks:
        await peers.hear_rfc9421(url)
