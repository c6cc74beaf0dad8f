"""Proving who one is: name and password."""

from __future__ import annotations

from fedimark.accounts.passwords import NOBODYS, check_password, hash_password, is_password
from fedimark.accounts.queries import account_by_name
from fedimark.accounts.sessions import end_sessions
from fedimark.database import Row, execute, fetch_one, write
from fedimark.errors import Refused
from fedimark.language.said import _
from fedimark.logs import SIGN_IN_REFUSED, log
from fedimark.policy.visibility import Viewer

_WRONG = _("The name or the password is not right.")


async def sign_in(name: str, password: str) -> Row:
    """The account row of a name and password. Raises Refused, after the same work for an unknown name.

    Raises Refused too for an account that is suspended.
    """
    account = await account_by_name(name[:31])
    if not await is_password(password, account["password_hash"] if account else NOBODYS) or account is None:
        log.info(SIGN_IN_REFUSED, name=name[:31])
        raise Refused(_WRONG)
    # Only to who proved to be its owner.
    if account["suspended_at"] is not None:
        log.info(SIGN_IN_REFUSED, name=name[:31], reason="suspended")
        raise Refused("This account is suspended.")
    return account


async def prove_password(viewer: Viewer, password: str, field: str = "password") -> str:
    """Make sure that the signed-in person knows their password; returns its hash. Raises Refused beside `field`."""
    row = await fetch_one("SELECT password_hash FROM account WHERE id = ?", viewer.account_id)
    known = row["password_hash"] if row else NOBODYS
    if not await is_password(password, known):
        log.info(SIGN_IN_REFUSED, name=viewer.username)
        raise Refused("This is not your password.", field=field)
    return str(known)


async def change_password(viewer: Viewer, old: str, new: str) -> None:
    """Change a password and end every other session. Raises Refused with field `old` or `new`."""
    known = await prove_password(viewer, old, "old")
    check_password(new, "new")
    fresh = await hash_password(new)
    async with write():
        # Comparing with what was proven: of two changes at once, the second must know the first's result.
        if not await execute(
            "UPDATE account SET password_hash = ? WHERE id = ? AND password_hash = ?", fresh, viewer.account_id, known
        ):
            raise Refused("The password was changed meanwhile.", field="old")
        await end_sessions(viewer.account_id, keep=viewer.session_id)
