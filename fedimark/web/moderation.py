"""Blocking: people by anybody, domains and accounts by admins; and the relays that admins chose."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.database import Row
from fedimark.doorway.forms import SentForm, read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import FedimarkError, Forbidden, NotFound, Refused
from fedimark.follows import queries as follows
from fedimark.follows import relays
from fedimark.moderation import domains, people, quarantine, queries, suspension
from fedimark.web.mutes import blocked_person
from fedimark.web.respond import onward, owner_of, page, signed_in
from fedimark.web.streams import followed, followed_feeds, followed_tags, what_came
from fedimark.web.values.moderation import BlockedDomain, Relays, SubscribedRelay, SuspendedAccount
from fedimark.web.values.page import Form


async def get_people(request: Request) -> Response:
    """`GET /people`: whom one follows, and whom one asked to."""
    rows = await follows.following(owner_of(request).actor_id)
    return page(
        request,
        "people.html",
        showing="following",
        notice=await what_came(request),
        followed=followed(rows),
        followed_tags=followed_tags(rows),
        followed_feeds=followed_feeds(rows),
    )


async def get_blocked(request: Request) -> Response:
    """`GET /people/blocked`: whom one blocks."""
    return await _blocked_page(request, Form())


async def post_block(request: Request) -> Response:
    """`POST /people/block` with `who`: a handle of any server, or an address."""
    owner, typed = owner_of(request), await read_form(request)
    try:
        await people.block(owner, typed.text("who"))
    except FedimarkError as error:
        return await _blocked_page(request, Form({"who": typed.text("who")}, {"who": error.message}), error.status)
    return onward(own_path(typed.text("back"), "/people/blocked"))


async def post_unblock(request: Request) -> Response:
    """`POST /people/unblock` with `who`"""
    owner, typed = owner_of(request), await read_form(request)
    await people.unblock(owner, typed.text("who"))
    return onward(own_path(typed.text("back"), "/people/blocked"))


async def get_moderation(request: Request) -> Response:
    """`GET /moderation`: blocked domains, servers in quarantine, suspended accounts and relays, for admins."""
    return await _moderation_page(request)


async def post_block_domain(request: Request) -> Response:
    """`POST /moderation/domains/block` with `host` and `reason`"""
    typed = await _from_admin(request)
    try:
        await domains.block_domain(typed.text("host"), typed.text("reason"))
    except Refused as error:
        return await _moderation_page(request, error.status, domain=_again(typed, error, "host", "reason"))
    return onward("/moderation")


async def post_unblock_domain(request: Request) -> Response:
    """`POST /moderation/domains/unblock` with `host`"""
    typed = await _from_admin(request)
    await domains.unblock_domain(typed.text("host"))
    return onward("/moderation")


async def post_let_in(request: Request) -> Response:
    """`POST /moderation/domains/let-in` with `host`"""
    typed = await _from_admin(request)
    await quarantine.let_in(typed.text("host"))
    return onward("/moderation")


async def post_suspend(request: Request) -> Response:
    """`POST /moderation/accounts/suspend` with `name`, of this server or another; nobody shuts themselves out."""
    typed = await _from_admin(request)
    try:
        await suspension.suspend(typed.text("name"), by=signed_in(request).username)
    except (Refused, NotFound) as error:
        return await _moderation_page(request, error.status, account=_again(typed, error, "name"))
    return onward("/moderation")


async def post_restore(request: Request) -> Response:
    """`POST /moderation/accounts/restore` with `name`"""
    typed = await _from_admin(request)
    await suspension.restore(typed.text("name"))
    return onward("/moderation")


async def post_add_relay(request: Request) -> Response:
    """`POST /moderation/relays/add` with `address`: an inbox, or an actor that is asked for now."""
    typed = await _from_admin(request)
    try:
        await relays.add(typed.text("address"))
    except FedimarkError as error:
        return await _moderation_page(request, error.status, relay=_again(typed, error, "address"))
    return onward("/moderation")


async def post_leave_relay(request: Request) -> Response:
    """`POST /moderation/relays/leave` with `address`"""
    typed = await _from_admin(request)
    await relays.remove(typed.text("address"))
    return onward("/moderation")


async def _blocked_page(request: Request, form: Form, status: int = 200) -> Response:
    rows = await queries.blocked_by(owner_of(request).actor_id)
    blocked = tuple(blocked_person(row) for row in rows)
    return page(request, "people.html", status=status, showing="blocked", blocked=blocked, form=form)


async def _moderation_page(request: Request, status: int = 200, **forms: Form) -> Response:
    """The page, with what was typed into one of its forms: `domain`, `account` or `relay`."""
    _only_admins(request)
    lists = {
        "domains": tuple(
            BlockedDomain(row["host"], row["reason"], row["created_at"]) for row in await queries.domains()
        ),
        "suspended": tuple(_suspended(row) for row in await queries.suspended()),
        "relays": _relays(await relays.every()),
        "waiting": await quarantine.waiting(),
    }
    empty = {"domain": Form(), "account": Form(), "relay": Form()}
    return page(request, "moderation.html", status=status, **lists, **{**empty, **forms})


async def _from_admin(request: Request) -> SentForm:
    """A form, and only an admin's."""
    _only_admins(request)
    return await read_form(request)


def _only_admins(request: Request) -> None:
    if not signed_in(request).is_admin:
        raise Forbidden("Only admins see to the server.")


def _again(typed: SentForm, error: FedimarkError, *names: str) -> Form:
    return Form({name: typed.text(name) for name in names}, {error.field or names[0]: error.message})


def _relays(rows: list[Row]) -> Relays:
    found = tuple(
        SubscribedRelay(row["address"], row["state"], row["answered_at"] or row["created_at"]) for row in rows
    )
    return Relays(found, any(relays.is_unsigned(row) for row in rows))


def _suspended(row: Row) -> SuspendedAccount:
    local = row["local_name"]
    name = local or f"@{row['username']}@{row['host']}"
    return SuspendedAccount(name, local or row["uri"], row["suspended_at"])
