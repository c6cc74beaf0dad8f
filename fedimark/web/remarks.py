"""Replies and remarks: writing, changing and taking them back, their pages, and what owners decide about them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks import hushing, saying
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.targets import Target, acts_on, find_target
from fedimark.doorway.forms import read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import FedimarkError, NotFound, Refused
from fedimark.policy.interactions import Act, Who, who_may
from fedimark.policy.visibility import Visibility
from fedimark.timelines import remarks
from fedimark.timelines.bookmark import Shown, one_bookmark
from fedimark.timelines.remark import ShownRemark, one_remark
from fedimark.timelines.stream import Cursor, cursor
from fedimark.web.respond import came_from, onward, owner_of, page, signed_in, viewer_of
from fedimark.web.values.bookmark import Saying, TalkRule
from fedimark.web.values.page import Form


async def get_say(request: Request) -> Response:
    """`GET /say?about=…`: the form to reply to what has this id, or to quote it."""
    viewer, about = signed_in(request), request.query_params.get("about", "")
    target = await find_target(viewer, about)
    return _say_page(request, target, Form(), own_path(request.query_params.get("back", came_from(request)), ""))


async def post_say(request: Request) -> Response:
    """`POST /say` with `about`, `words`, and `kind`: reply or remark."""
    viewer, typed = signed_in(request), await read_form(request)
    write = saying.remark if typed.text("kind") == "remark" else saying.reply
    try:
        written = await write(viewer, typed.text("about"), typed.text("words"))
    except NotFound:
        raise
    except FedimarkError as error:
        target = await find_target(viewer, typed.text("about"))
        form = Form({"words": typed.text("words")}, {"words": error.message})
        return _say_page(request, target, form, own_path(typed.text("back"), ""), error.status)
    return onward(own_path(typed.text("back"), written.path))


async def get_remark(request: Request) -> Response:
    """`GET /u/{user}/r/{id}`: one reply or remark with what was answered to it."""
    shown = await _shown(request)
    talk = await remarks.about_remark(shown.row, shown.viewer_id)
    return page(request, "remark.html", remark=shown, talk=talk, alternate=shown.row["uri"])


async def get_edit(request: Request) -> Response:
    """`GET /u/{user}/r/{id}/edit`"""
    shown = await _own(request)
    return _edit_page(request, shown, Form({"words": shown.row["description"]}))


async def post_edit(request: Request) -> Response:
    """`POST /u/{user}/r/{id}/edit` with `words`"""
    shown, typed = await _own(request), await read_form(request)
    try:
        written = await saying.edit(signed_in(request), request.path_params["id"], typed.text("words"))
    except Refused as error:
        form = Form({"words": typed.text("words")}, {error.field: error.message})
        return _edit_page(request, shown, form, error.status)
    return onward(own_path(typed.text("back"), written.path))


async def get_remove(request: Request) -> Response:
    """`GET /u/{user}/r/{id}/remove`: asks first."""
    return page(request, "remove_remark.html", remark=await _own(request))


async def post_remove(request: Request) -> Response:
    """`POST /u/{user}/r/{id}/remove`: gone for ever, and its page with it."""
    shown, typed = await _own(request), await read_form(request)
    await saying.take_back(signed_in(request), request.path_params["id"])
    about = shown.about.bookmark_href if shown.about and shown.about.is_here else shown.author.href
    back = own_path(typed.text("back"), about)
    return onward(about if back.endswith(f"/r/{request.path_params['id']}") else back)


async def get_hidden(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/hidden`: what one hides under a bookmark of one's own."""
    owner, path = _as_owner(request)
    shown = await one_bookmark(owner.username, request.path_params["id"], viewer_of(request))
    return page(request, "hidden.html", entry=shown.entry, talk=await remarks.hidden_about(shown.row), path_of=path)


async def post_hide(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/hide` with `what`"""
    (owner, path), typed = _as_owner(request), await read_form(request)
    await hushing.hide(owner, request.path_params["id"], typed.text("what"))
    return onward(own_path(typed.text("back"), path))


async def post_show(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/show` with `what`"""
    (owner, path), typed = _as_owner(request), await read_form(request)
    await hushing.show(owner, request.path_params["id"], typed.text("what"))
    return onward(own_path(typed.text("back"), path))


async def post_unquote(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/unquote` with `what`: a remark has one's leave to quote no more."""
    (owner, path), typed = _as_owner(request), await read_form(request)
    await hushing.let_quote_no_more(owner, request.path_params["id"], typed.text("what"))
    return onward(own_path(typed.text("back"), path))


async def post_talk(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/talk` with `replies`: on or off"""
    (owner, path), typed = _as_owner(request), await read_form(request)
    if typed.text("replies") not in ("on", "off"):
        raise Refused("Replies are on or off.", field="replies")
    decide = hushing.take_replies if typed.text("replies") == "on" else hushing.take_no_replies
    await decide(owner, request.path_params["id"])
    return onward(own_path(typed.text("back"), path))


async def talk_about(request: Request, shown: Shown) -> dict[str, Any]:
    """What the page of a bookmark shows of what others said, and the forms to say more or to decide about it."""
    row, path = shown.row, addresses.bookmark(request.path_params["user"], request.path_params["id"])
    acts = await acts_on(viewer_of(request), row)
    about, back = addresses.absolute(path), f"{path}#said"
    may_reply, may_quote = Act.REPLY in acts, Act.QUOTE in acts
    whose = "" if shown.is_owner else shown.entry.saver.handle
    saying_here = Saying(about, whose, may_reply, may_quote, _reach(row["visibility"]), back)
    rule = None
    if shown.is_owner:
        takes = who_may(row["allows"], Act.REPLY) is not Who.NOBODY
        rule = TalkRule(path, takes, await remarks.hidden_count(row["id"]))
    talk = await remarks.about_bookmark(row, shown.viewer_id, place_of(request))
    return {"talk": talk, "saying": saying_here if acts else None, "rule": rule}


def place_of(request: Request) -> Cursor | None:
    """`?said=` or `?after=`: where a page of what was said begins."""
    return cursor(request.query_params.get("said", ""), request.query_params.get("said_after", ""))


def _say_page(request: Request, target: Target, form: Form, back: str, status: int = 200) -> Response:
    owner, parent = target.author, target.parent
    handle = f"{owner['username']}@{owner['host']}" if owner["host"] else owner["username"]
    reach = target.visibility.word
    saying_it = Saying(target.uri, handle, target.may_reply, target.may_quote, reach, back)
    text = parent["description"] if parent else target.bookmark["description"]
    title = target.bookmark["title"] or target.bookmark["url"]
    is_save = bool(target.bookmark["is_save"])
    values = {"title": title, "text": text, "is_answer": parent is not None, "is_save": is_save, "href": target.path}
    return page(request, "say.html", status=status, saying=saying_it, form=form, **values)


def _edit_page(request: Request, shown: ShownRemark, form: Form, status: int = 200) -> Response:
    return page(request, "edit_remark.html", status=status, remark=shown, form=form)


def _reach(visibility: int) -> str:
    return Visibility(visibility).word


async def _shown(request: Request) -> ShownRemark:
    return await one_remark(request.path_params["user"], request.path_params["id"], viewer_of(request))


async def _own(request: Request) -> ShownRemark:
    """What the signed-in person wrote; anybody else's answers as if there were nothing."""
    signed_in(request)
    shown = await _shown(request)
    if not shown.is_mine:
        raise NotFound
    return shown


def _as_owner(request: Request) -> tuple[Owner, str]:
    """The signed-in person at a bookmark of their own, and its page; anybody else finds nothing."""
    owner = owner_of(request)
    if owner.username != request.path_params["user"]:
        raise NotFound
    return owner, addresses.bookmark(owner.username, request.path_params["id"])
