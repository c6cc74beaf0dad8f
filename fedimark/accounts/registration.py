"""Who may sign up: everybody, people with an invitation, or nobody."""

from __future__ import annotations

from fedimark.accounts.facts import put_fact
from fedimark.accounts.invites import use_invite
from fedimark.accounts.queries import fact, has_accounts
from fedimark.accounts.register import enter_person, new_person
from fedimark.database import write
from fedimark.errors import Forbidden, Refused
from fedimark.here import here
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.settings import REGISTRATION

_FACT = "registration"


async def mode() -> str:
    """`open`, `invite` or `closed`: the setting where there is one, else what the admin chose, else closed."""
    return here().settings.registration or await fact(_FACT) or "closed"


async def choose_mode(viewer: Viewer, wanted: str) -> None:
    """Let an admin choose; a setting still wins. Raises Forbidden for others, Refused for other words."""
    if not viewer.is_admin:
        raise Forbidden
    if wanted not in REGISTRATION:
        raise Refused("Choose open, invite or closed.", field="registration")
    async with write():
        await put_fact(_FACT, wanted)


async def sign_up(name: str, password: str, default_visibility: Visibility, invite: str = "") -> Viewer:
    """Register a stranger as the mode allows; an invitation is used in the same transaction, whole or not at all.

    An invitation an admin made works while registration is closed too. Raises Forbidden when nobody may sign up and
    Refused with field `name`, `password` or `invite`.
    """
    how = await mode()
    if how == "closed" and not invite:
        raise Forbidden("This server takes no new people just now.")
    if how == "invite" and not invite:
        raise Refused("Signing up here takes an invitation code.", field="invite")
    person = await new_person(name, password, default_visibility)
    async with write():
        if not await has_accounts():
            # Its maker would be the admin: that is for the set-up page, which asks who they are.
            raise Forbidden("This server is not set up yet.")
        if how != "open":
            await use_invite(invite, how)
        return await enter_person(person, is_admin=False)
