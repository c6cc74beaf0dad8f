"""The first start of a server and its first account."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from urllib.parse import urlsplit

from fedimark.accounts.codes import code_hash, new_code
from fedimark.accounts.facts import one_registration_at_a_time, put_fact, put_fact_once
from fedimark.accounts.queries import INSTANCE_NAME, fact, has_accounts
from fedimark.accounts.register import SETUP_CODE, enter_person, make_keys, new_person
from fedimark.accounts.rows import insert_once
from fedimark.accounts.threads import run_heavy
from fedimark.database import fetch_one, write
from fedimark.errors import Forbidden, Refused
from fedimark.here import now
from fedimark.keeping import place
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.settings import Settings


async def prepare(settings: Settings) -> None:
    """Make what a server needs before it serves: its frozen addresses and its own actor; every process may call it.

    Raises Refused when the server was started with another base URL or handle domain before: ids on other servers
    hold them for ever; and when its rows are elsewhere. One that finds itself to be a copy is muted.
    """
    await place.check_is_whole()
    await _freeze("base_url", settings.base_url)
    await _freeze("handle_domain", settings.handles_at)
    await _make_instance_actor(settings)
    await place.notice(settings)


async def new_setup_code() -> str | None:
    """A new set-up code in place of the one before, to be printed once at each start; None once there is an account.

    For one process of a server, before the others start.
    """
    if await has_accounts():
        return None
    code = new_code()
    async with write():
        await put_fact(SETUP_CODE, code_hash(code))
    return code


async def is_first_visit() -> bool:
    """Whether nobody has an account yet, so that the next visitor is asked to make the first."""
    return not await has_accounts()


async def set_up_here(name: str, password: str, default_visibility: Visibility) -> Viewer:
    """Make the first account for somebody at this very machine (the caller has made sure of that)."""
    return await _set_up(name, password, default_visibility)


async def set_up_with_code(name: str, password: str, default_visibility: Visibility, code: str) -> Viewer:
    """Make the first account for who knows the set-up code. Raises Refused with field `code`."""
    known = await fact(SETUP_CODE)
    if known is None or not hmac.compare_digest(known, code_hash(code)):
        raise Refused("This is not the code that the server printed when it started.", field="code")
    return await _set_up(name, password, default_visibility)


async def _set_up(name: str, password: str, default_visibility: Visibility) -> Viewer:
    if await has_accounts():
        raise _already()
    person = await new_person(name, password, default_visibility)
    async with write():
        await one_registration_at_a_time()
        if await has_accounts():
            raise _already()
        return await enter_person(person, is_admin=True)


def _already() -> Forbidden:
    return Forbidden("This server is set up already.")


async def _freeze(name: str, value: str) -> None:
    if (known := await fact(name)) is None:
        async with write():
            await put_fact_once(name, value)
        known = await fact(name)
    if known != value:
        setting = f"FEDIMARK_{name.upper()}"
        raise Refused(
            _(
                "This server was first started with %(setting)s=%(known)s and is now told %(value)s. Other servers "
                "know its people by the first, so it cannot change: start it with %(setting)s=%(known)s.",
                setting=setting,
                known=known,
                value=value,
            ),
            field=name,
        )


async def _make_instance_actor(settings: Settings) -> None:
    if await fetch_one("SELECT id FROM actor WHERE local_name = ?", INSTANCE_NAME):
        return
    keys = await run_heavy(make_keys)
    name = urlsplit(settings.base_url).hostname or ""
    async with write():
        await insert_once(
            "actor",
            "local_name",
            local_name=INSTANCE_NAME,
            kind="Application",
            username=name,
            **asdict(keys),
            created_at=now(),
        )
