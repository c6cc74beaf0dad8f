"""The first visit to a new server: its first account."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts import first
from fedimark.doorway import entrance
from fedimark.doorway.forms import SentForm, read_form
from fedimark.doorway.sessions import remember
from fedimark.doorway.visitors import is_at_this_machine
from fedimark.errors import NotFound, Refused
from fedimark.here import here
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.web.accounts import chosen_visibility, refused
from fedimark.web.respond import onward, page
from fedimark.web.values.page import Form


async def get_setup(request: Request) -> Response:
    """The form to make the first account; nothing is here afterwards."""
    if not await first.is_first_visit():
        raise NotFound
    return _setup_page(request, Form({"visibility": Visibility.PUBLIC.word}))


async def post_setup(request: Request) -> Response:
    """Make the first account and sign it in."""
    form = await read_form(request)
    await entrance.knock("set-up", request)
    try:
        viewer = await _set_up(request, form)
    except Refused as error:
        return _setup_page(request, refused(form, error, "username", "visibility"), error.status)
    return remember(onward("/"), await entrance.enter(request, viewer.account_id))


async def _set_up(request: Request, form: SentForm) -> Viewer:
    name, password, visibility = form.text("username"), form.text("password"), chosen_visibility(form)
    if _needs_code(request):
        return await first.set_up_with_code(name, password, visibility, form.text("code"))
    return await first.set_up_here(name, password, visibility)


def _needs_code(request: Request) -> bool:
    """Who is at this machine, and a server that only this machine reaches, need none."""
    return not (here().settings.is_loopback and is_at_this_machine(request))


def _setup_page(request: Request, form: Form, status: int = 200) -> Response:
    host = here().settings.handles_at
    return page(request, "first_account.html", status=status, form=form, code_needed=_needs_code(request), host=host)
