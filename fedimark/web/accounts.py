"""Signing in, signing up, signing out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts import first, registration
from fedimark.accounts.sessions import close_token
from fedimark.doorway import entrance
from fedimark.doorway.forms import SentForm, read_form
from fedimark.doorway.redirects import own_path
from fedimark.doorway.sessions import forget, remember, session_token
from fedimark.errors import Forbidden, Refused
from fedimark.here import here
from fedimark.policy.visibility import BY_WORD, Visibility
from fedimark.web.respond import onward, page, viewer_of
from fedimark.web.values.page import Form

# What the rooms call a field where the form calls it otherwise: beside `name` stands what a profile is called.
_FIELDS = {"name": "username"}


async def get_sign_in(request: Request) -> Response:
    """The form to sign in; for a new server the form to set it up."""
    onwards = own_path(request.query_params.get("next", ""), "")
    if viewer_of(request):
        return onward(onwards or "/")
    if await first.is_first_visit():
        return onward("/setup")
    return await _sign_in_page(request, Form(), onwards)


async def post_sign_in(request: Request) -> Response:
    """Sign in."""
    form = await read_form(request)
    onwards = own_path(form.text("next"), "")
    try:
        token = await entrance.prove(request, form.text("username").strip().lower(), form.text("password"))
    except Refused as error:
        return await _sign_in_page(request, refused(form, error, "username"), onwards, error.status)
    return remember(onward(onwards or "/"), token)


async def post_sign_out(request: Request) -> Response:
    """End this session."""
    await close_token(session_token(request.scope))
    return forget(onward("/"))


async def get_sign_up(request: Request) -> Response:
    """The form to make an account, when one may be made."""
    if await first.is_first_visit():
        return onward("/setup")
    invite = request.query_params.get("invite", "")
    return await _sign_up_page(request, Form({"invite": invite, "visibility": Visibility.PUBLIC.word}))


async def post_sign_up(request: Request) -> Response:
    """Make an account and sign it in."""
    form = await read_form(request)
    await entrance.knock("sign-up", request)
    try:
        viewer = await registration.sign_up(
            form.text("username"), form.text("password"), chosen_visibility(form), form.text("invite").strip()
        )
    except Refused as error:
        shown = refused(form, error, "username", "invite", "visibility")
        return await _sign_up_page(request, shown, error.status)
    return remember(onward("/"), await entrance.enter(request, viewer.account_id))


def chosen_visibility(form: SentForm) -> Visibility:
    """The default visibility a new person chose. Raises Refused when they chose none."""
    try:
        return BY_WORD[form.text("visibility")]
    except KeyError:
        raise Refused("Choose public, unlisted, followers or private.", field="visibility") from None


def refused(form: SentForm, error: Refused, *names: str) -> Form:
    """A form to be shown again: the named values as typed, and what was refused beside its field."""
    field = _FIELDS.get(error.field, error.field)
    values = {name: form.text(name) for name in names}
    return Form(values, {field: error.message} if field else {}, "" if field else error.message)


async def _sign_in_page(request: Request, form: Form, onwards: str, status: int = 200) -> Response:
    mode = await registration.mode()
    return page(request, "sign_in.html", status=status, form=form, next=onwards, registration=mode)


async def _sign_up_page(request: Request, form: Form, status: int = 200) -> Response:
    mode = await registration.mode()
    if mode == "closed" and form.value("invite"):
        mode = "invite"  # an admin's invitation opens a closed door
    if mode == "closed":
        raise Forbidden("This server takes no new people just now.")
    host = here().settings.handles_at
    return page(request, "sign_up.html", status=status, form=form, registration=mode, host=host)
