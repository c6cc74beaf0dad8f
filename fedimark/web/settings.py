"""A person's own settings: profile, picture, password, sessions, invitations, leaving."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from fedimark import addresses
from fedimark.accounts import avatars, invites, profile, registration, sessions
from fedimark.accounts.credentials import change_password
from fedimark.accounts.leave import leave
from fedimark.accounts.queries import count_bookmarks, count_shown
from fedimark.doorway import entrance
from fedimark.doorway.forms import read_form
from fedimark.doorway.sessions import forget
from fedimark.errors import NotFound, Refused
from fedimark.here import here
from fedimark.language.said import _
from fedimark.media.files import avatar_path
from fedimark.outbox.digests import handle_of
from fedimark.web.accounts import refused
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form
from fedimark.web.values.settings import InviteLine, SessionLine

_FIELD_NAMES = tuple(f"field_{part}_{number}" for number in range(1, profile.FIELDS + 1) for part in ("name", "value"))
_TEXTS = (
    "name",
    "bio",
    *_FIELD_NAMES,
    "approve_followers",
    "keep_out",
    "takes_links",
    "searchable",
    "no_replies",
    "digest",
)
_CHOICES = ("visibility", "privacy_lock", "time_zone")
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}  # another picture has another name
_SAVED = _("Saved.")


async def get_settings(request: Request) -> Response:
    """Profile and choices."""
    return await _settings_page(request, _filled(await profile.profile_of(signed_in(request))))


async def post_settings(request: Request) -> Response:
    """Keep profile and choices."""
    viewer, form = signed_in(request), await read_form(request)
    try:
        await profile.change_profile(viewer, profile.read_profile(form))
    except Refused as error:
        # A profile's `name` is the form's own `name`.
        shown = Form({name: form.text(name) for name in (*_TEXTS, *_CHOICES)}, {error.field: error.message})
        return await _settings_page(request, shown, status=error.status)
    return onward("/settings?saved=yes")


async def post_avatar(request: Request) -> Response:
    """Take a new picture, or none."""
    viewer, limit = signed_in(request), here().settings.avatar_limit_bytes
    form = await read_form(request, limit + 65_536)
    try:
        if form.text("remove"):
            await avatars.remove_avatar(viewer)
        else:
            await avatars.set_avatar(viewer, await form.read_upload("avatar", limit))
    except Refused as error:
        kept = _filled(await profile.profile_of(viewer))
        return await _settings_page(request, kept, refused(form, error), error.status)
    return onward("/settings?saved=yes")


async def get_avatar(request: Request) -> Response:
    """A person's picture."""
    path = avatar_path(request.path_params["file"])
    if path is None or not path.is_file():
        raise NotFound
    return FileResponse(path, media_type="image/webp", headers=_FOR_EVER)


async def get_password(request: Request) -> Response:
    """The form to change the password."""
    signed_in(request)
    return page(request, "password.html", form=Form(), notice=_notice(request))


async def post_password(request: Request) -> Response:
    """Change the password; every other session ends."""
    viewer, form = signed_in(request), await read_form(request)
    await entrance.knock("password", request, viewer.username)
    try:
        await change_password(viewer, form.text("old"), form.text("new"))
    except Refused as error:
        return page(request, "password.html", status=error.status, form=refused(form, error))
    return onward("/settings/password?saved=yes")


async def get_sessions(request: Request) -> Response:
    """Where one is signed in."""
    viewer = signed_in(request)
    lines = tuple(
        SessionLine(str(one.id), one.browser, one.address, one.made_at, one.used_at, one.current)
        for one in await sessions.list_sessions(viewer)
    )
    return page(request, "sessions.html", sessions=lines)


async def post_revoke(request: Request) -> Response:
    """End one session, perhaps this one."""
    viewer, session_id = signed_in(request), request.path_params["id"]
    if not (session_id.isascii() and session_id.isdecimal() and len(session_id) < 19):
        raise NotFound
    await sessions.revoke(viewer, int(session_id))
    return forget(onward("/")) if int(session_id) == viewer.session_id else onward("/settings/sessions")


async def get_invites(request: Request) -> Response:
    """The invitations one made."""
    return await _invites_page(request)


async def post_invite(request: Request) -> Response:
    """Make an invitation; this answer alone shows its code."""
    code = await invites.make_invite(signed_in(request), await registration.mode())
    return await _invites_page(request, code)


async def post_registration(request: Request) -> Response:
    """Let the admin choose who may sign up."""
    viewer, form = signed_in(request), await read_form(request)
    await registration.choose_mode(viewer, form.text("registration"))
    return onward("/settings/invites?saved=yes")


async def get_leave(request: Request) -> Response:
    """The form to delete the account."""
    return await _leave_page(request, Form())


async def post_leave(request: Request) -> Response:
    """Delete the account."""
    viewer, form = signed_in(request), await read_form(request)
    await entrance.knock("password", request, viewer.username)
    try:
        await leave(viewer, form.text("username"), form.text("password"))
    except Refused as error:
        return await _leave_page(request, refused(form, error, "username"), error.status)
    return forget(onward("/"))


async def _settings_page(request: Request, form: Form, avatar_form: Form | None = None, status: int = 200) -> Response:
    viewer = signed_in(request)
    icon = await avatars.avatar_of(viewer)
    return page(
        request,
        "settings.html",
        status=status,
        form=form,
        time_zones=profile.time_zones(),
        avatar_href=addresses.icon(icon) if icon else "",
        avatar_form=avatar_form or Form(),
        public_count=0 if viewer.privacy_lock else await count_shown(viewer.actor_id),
        digest_handle=f"@{handle_of(viewer.username)}@{here().settings.handles_at}",
        notice=_notice(request),
    )


async def _invites_page(request: Request, code: str = "") -> Response:
    viewer, mode = signed_in(request), await registration.mode()
    lines = [
        InviteLine(_("shown once"), "", one.made_at, _("somebody") if one.used else "", one.expired)
        for one in await invites.list_invites(viewer)
    ]
    if code:
        lines[0] = InviteLine(code, addresses.absolute(f"/sign-up?invite={code}"), lines[0].made_at)
    may = invites.may_invite(viewer, mode)
    notice = _("Copy the code now: it is shown this once.") if code else _notice(request)
    return page(
        request,
        "invites.html",
        invites=tuple(lines),
        registration=mode,
        may_invite=may,
        notice=notice,
        choice=Form({"registration": mode}) if viewer.is_admin else None,
        fixed=bool(here().settings.registration),
    )


async def _leave_page(request: Request, form: Form, status: int = 200) -> Response:
    count = await count_bookmarks(signed_in(request).actor_id)
    return page(request, "leave.html", status=status, form=form, bookmarks=count)


def _filled(kept: profile.Profile) -> Form:
    """The settings form as it was kept."""
    values = {
        "name": kept.name,
        "bio": kept.bio,
        "approve_followers": "yes" if kept.approves_followers else "",
        "keep_out": "yes" if kept.keeps_out else "",
        "takes_links": "yes" if kept.takes_links else "",
        "searchable": "yes" if kept.searchable else "",
        "no_replies": "yes" if kept.no_replies else "",
        "digest": "yes" if kept.digest else "",
        "visibility": kept.default_visibility.word,
        "privacy_lock": "yes" if kept.privacy_lock else "",
        "time_zone": kept.time_zone,
    }
    for number, (name, value) in enumerate(kept.fields, 1):
        values |= {f"field_name_{number}": name, f"field_value_{number}": value}
    return Form(values)


def _notice(request: Request) -> str:
    return _SAVED if request.query_params.get("saved") else ""
