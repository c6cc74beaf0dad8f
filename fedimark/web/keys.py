"""The keys of one's programs: which there are, a new one, an end to one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts import tokens
from fedimark.doorway import entrance
from fedimark.doorway.forms import SentForm, read_form
from fedimark.errors import NotFound, Refused
from fedimark.language.said import _, together
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form
from fedimark.web.values.settings import KeyLine

_SAID = {
    tokens.Scope.READ: _("reads everything you have"),
    tokens.Scope.WRITE: _("adds, changes and removes"),
    tokens.Scope.SAVE: _("adds, and reads nothing"),
    tokens.Scope.FEED: _("opens feeds"),
    tokens.Scope.VISIBILITY: _("hides what was shown"),
}
_USUAL = dict.fromkeys(tokens.words(tokens.USUAL), "yes")


async def get_keys(request: Request) -> Response:
    """The keys there are, and a form for another."""
    return await _keys_page(request, Form(_USUAL))


async def post_key(request: Request) -> Response:
    """Make a key, for who knows the password; this answer alone shows it."""
    viewer, form = signed_in(request), await read_form(request)
    try:
        await entrance.confirm(request, viewer, form.text("password"))
        made = await tokens.make_token(viewer, form.text("name"), _chosen(form))
    except Refused as error:
        # `refused` would take a `name` for somebody's.
        shown = Form({name: form.text(name) for name in ("name", *tokens.BY_WORD)}, {error.field: error.message})
        return await _keys_page(request, shown, status=error.status)
    return await _keys_page(request, Form(_USUAL), made)


async def post_revoke(request: Request) -> Response:
    """End a key."""
    viewer, token_id = signed_in(request), request.path_params["id"]
    if not (token_id.isascii() and token_id.isdecimal() and len(token_id) < 19):
        raise NotFound
    await tokens.revoke_token(viewer, int(token_id))
    return onward("/settings/keys")


def _chosen(form: SentForm) -> tokens.Scope:
    return tokens.read_scopes(tuple(word for word in tokens.BY_WORD if form.text(word)))


async def _keys_page(request: Request, form: Form, made: str = "", status: int = 200) -> Response:
    keys = tuple(
        KeyLine(
            str(key.id),
            key.name,
            together(_SAID[tokens.BY_WORD[word]] for word in key.scopes),
            key.made_at,
            key.used_at,
        )
        for key in await tokens.list_tokens(signed_in(request))
    )
    return page(request, "keys.html", status=status, form=form, keys=keys, made=made)
