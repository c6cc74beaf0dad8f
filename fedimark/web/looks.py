"""How pages look to their reader: the settings of it, their language, and a style sheet of one's own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts import looks
from fedimark.doorway.forms import read_form
from fedimark.doorway.languages import choose, choose_none
from fedimark.doorway.redirects import own_path
from fedimark.errors import Refused
from fedimark.language.catalogue import LOCALES
from fedimark.language.said import _
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form

_FIELDS = ("theme", "descriptions", "language", "own_css")
_FOR_EVER = {"cache-control": "private, max-age=31536000, immutable"}  # another style sheet has another version


async def get_looks(request: Request) -> Response:
    """Colours, descriptions, CSS; drawn without one's own, so that nobody shuts themselves out."""
    kept = await looks.looks_of(signed_in(request))
    form = Form({name: getattr(kept, name) for name in _FIELDS})
    notice = _("Saved.") if request.query_params.get("saved") else ""
    return page(request, "settings_looks.html", form=form, notice=notice)


async def post_looks(request: Request) -> Response:
    """Keep them."""
    viewer, form = signed_in(request), await read_form(request)
    try:
        await looks.change_looks(viewer, looks.read_looks(form))
    except Refused as error:
        shown = Form({name: form.text(name) for name in _FIELDS}, {error.field: error.message})
        return page(request, "settings_looks.html", status=error.status, form=shown)
    return choose_none(onward("/settings/looks?saved=yes"))


async def post_language(request: Request) -> Response:
    """`POST /language` with `language` and `back`: what this browser reads in from now on, unless an account says."""
    form = await read_form(request)
    if form.text("language") not in LOCALES:
        raise Refused("Choose a language of the list.", field="language")
    return choose(onward(own_path(form.text("back"), "/")), form.text("language"))


async def get_style(request: Request) -> Response:
    """One's own style sheet."""
    css = await looks.style_of(signed_in(request), request.path_params["version"])
    return Response(css, media_type="text/css", headers=_FOR_EVER)
