"""Whether tags here pass on what people elsewhere save too: an admin's choice, off until made."""

from __future__ import annotations

from typing import Final

from fedimark.accounts.facts import put_fact
from fedimark.accounts.queries import fact
from fedimark.database import atomically
from fedimark.errors import Refused
from fedimark.here import here
from fedimark.logs import TAGS_CHOSEN, log
from fedimark.outbox import passed_on
from fedimark.policy import chosen

OURS: Final = "ours"
OTHERS: Final = "others"
CHOICES: Final = (OURS, OTHERS)


async def choice() -> str:
    """`ours` or `others`: whose bookmarks tags pass on."""
    return OTHERS if passed_on.means_on(await fact(chosen.PASSES_ON) or "") else OURS


async def choose(wanted: str) -> None:
    """Let tags pass on what people of this server save, or what others save too who let it.

    What was passed on of others is taken back by the worker. Choosing again changes nothing. Raises Refused for the
    field `of`.
    """
    if wanted not in CHOICES:
        raise Refused("Choose ours or others.", field="of")

    async def work() -> bool:
        if passed_on.means_on(await fact(chosen.PASSES_ON) or "") is (wanted == OTHERS):
            return False
        await put_fact(chosen.PASSES_ON, passed_on.turned_on() if wanted == OTHERS else await passed_on.turned_off())
        return True

    changed = await atomically(work)
    chosen.forget()
    if changed:
        here().wake.set()
        log.info(TAGS_CHOSEN, of=wanted)
