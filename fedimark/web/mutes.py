"""Muting: people, words, tags and servers, for good or until a day."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.database import Row
from fedimark.doorway.forms import SentForm, read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import FedimarkError, Refused
from fedimark.moderation import muted_words, mutes, queries
from fedimark.web import times
from fedimark.web.respond import onward, owner_of, page, signed_in
from fedimark.web.values.page import Form
from fedimark.web.values.people import BlockedPerson, MutedWord

MUTED = "/people/muted"


async def get_muted(request: Request) -> Response:
    """`GET /people/muted`: whom one mutes, and which words, tags and servers."""
    return await _muted_page(request)


async def post_mute(request: Request) -> Response:
    """`POST /people/mute` with `who`, somebody known here, by handle or address, and perhaps `until`, a day."""
    owner, typed = owner_of(request), await read_form(request)
    try:
        await mutes.mute(owner, typed.text("who"), _until(request, typed))
    except FedimarkError as error:
        return await _muted_page(request, _again(typed, error, "who"), status=error.status)
    return onward(own_path(typed.text("back"), MUTED))


async def post_unmute(request: Request) -> Response:
    """`POST /people/unmute` with `who`"""
    owner, typed = owner_of(request), await read_form(request)
    await mutes.unmute(owner, typed.text("who"))
    return onward(own_path(typed.text("back"), MUTED))


async def post_word(request: Request) -> Response:
    """`POST /people/muted/add` with `kind` (word, tag or server), `value`, and perhaps `until`, a day."""
    owner, typed = owner_of(request), await read_form(request)
    try:
        await muted_words.put(owner, typed.text("kind"), typed.text("value"), _until(request, typed))
    except Refused as error:
        return await _muted_page(request, words=_again(typed, error, "value"), status=error.status)
    return onward(MUTED)


async def post_end_word(request: Request) -> Response:
    """`POST /people/muted/end` with `kind` and `value`"""
    owner, typed = owner_of(request), await read_form(request)
    await muted_words.drop(owner, typed.text("kind"), typed.text("value"))
    return onward(MUTED)


async def _muted_page(
    request: Request, form: Form | None = None, *, words: Form | None = None, status: int = 200
) -> Response:
    actor_id = owner_of(request).actor_id
    people = tuple(blocked_person(row) for row in await queries.muted_by(actor_id))
    muted = tuple(MutedWord(row["kind"], row["value"], row["until"]) for row in await queries.muted_words_of(actor_id))
    return page(
        request,
        "people.html",
        status=status,
        showing="muted",
        blocked=people,
        muted=muted,
        form=form or Form(),
        words=words or Form({"kind": "word"}),
    )


def _until(request: Request, typed: SentForm) -> int | None:
    """The beginning of a day of the reader's calendar; raises Refused for what is none."""
    text = typed.text("until").strip()
    at = times.beginning(text, signed_in(request).time_zone) if text else None
    if text and at is None:
        raise Refused("Write the day like 2026-12-24, or leave it empty.", field="until")
    return at


def _again(typed: SentForm, error: FedimarkError, field: str) -> Form:
    """What was typed, with what was wrong beside it; the days of two forms stand apart."""
    values = {name: typed.text(name)[:1_000] for name in ("who", "kind", "value")}
    name, day = error.field or field, "until" if field == "value" else "until_person"
    return Form({**values, day: typed.text("until")[:1_000]}, {day if name == "until" else name: error.message})


def blocked_person(row: Row) -> BlockedPerson:
    """Somebody kept away, from a row of `moderation.queries`."""
    is_here = row["local_name"] is not None
    handle = f"{row['username']}@{row['host']}" if row["host"] else row["username"]
    href = addresses.person(row["local_name"]) if is_here else row["url"] or row["uri"]
    # Two of one server may bear one name: an id is nobody else's.
    who = row["local_name"] if is_here else row["uri"]
    return BlockedPerson(handle, row["name"] or row["username"], href, who, row["at"], row["until"])
