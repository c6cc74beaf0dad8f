"""People of a server: made once, named for ever, told apart by their passwords, gone when they leave."""

from __future__ import annotations

import asyncio
import re

import pytest

from fedimark.accounts import first, invites, profile, registration
from fedimark.accounts.credentials import change_password, sign_in
from fedimark.accounts.leave import leave
from fedimark.accounts.queries import actor_by_name, count_shown, has_accounts, instance_actor, viewer_by_name
from fedimark.accounts.register import register
from fedimark.accounts.sessions import list_sessions, open_session
from fedimark.addresses import RESERVED_NAMES
from fedimark.database import fetch, fetch_one
from fedimark.errors import Forbidden, Refused, Taken
from fedimark.here import Here, entered
from fedimark.policy.visibility import Visibility
from fedimark.routes import routes
from fedimark.settings import Settings
from tests.support.people import PASSWORD

FORM = {"visibility": "public", "time_zone": "UTC"}


async def test_the_first_person_is_the_admin_and_the_second_is_not(server):
    ana = await register("ana", PASSWORD)
    bo = await register("bo", PASSWORD, default_visibility=Visibility.PRIVATE)

    assert ana.is_admin
    assert not bo.is_admin
    assert bo == await viewer_by_name("bo")
    assert bo.default_visibility is Visibility.PRIVATE


async def test_of_two_who_register_one_name_at_once_exactly_one_wins(server):
    outcomes = await asyncio.gather(
        register("ana", PASSWORD), register("ana", "another good sentence"), return_exceptions=True
    )

    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(lost) == 1
    assert lost[0].field == "name"
    assert len(await fetch("SELECT id FROM account")) == 1


@pytest.mark.parametrize("name", ["", "Ana", "a" * 31, "ana.b", "ana b", "àna", "ana\n", "٣", ".instance"])
async def test_a_name_is_small_letters_digits_and_underscores(server, name):
    with pytest.raises(Refused) as refusal:
        await register(name, PASSWORD)

    assert refusal.value.field == "name"
    assert not await has_accounts()


@pytest.mark.parametrize("name", ["admin", "tag", "u", "inbox", "sign_in"])
async def test_reserved_names_are_taken(server, name):
    with pytest.raises(Taken):
        await register(name, PASSWORD)


def test_nobody_can_be_called_what_an_address_begins_with():
    firsts = {re.split(r"[/:{]", route.path.removeprefix("/"))[0] for route in routes() if hasattr(route, "path")}

    names = {re.sub("[^a-z0-9_]", "_", first).strip("_") for first in firsts} - {""}

    assert names <= RESERVED_NAMES


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1_001, "nul\0 in the middle", "lone \ud800 surrogate"])
async def test_a_password_that_cannot_be_kept_is_refused(server, password):
    with pytest.raises(Refused) as refusal:
        await register("ana", password)

    assert refusal.value.field == "password"


async def test_any_unicode_is_a_password_however_it_is_composed(server):
    await register("ana", "caf\u00e9 技术文 🐍 ok")

    account = await sign_in("ana", "cafe\u0301 技术文 🐍 ok")

    assert account["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong one"), ("nobody", PASSWORD), ("a" * 9999, "x" * 9999)])
async def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(server, name, password):
    await register("ana", PASSWORD)

    with pytest.raises(Refused) as refusal:
        await sign_in(name, password)

    assert refusal.value.message == "The name or the password is not right."
    assert refusal.value.field == ""


async def test_nobody_signs_in_as_the_server_itself(server):
    with pytest.raises(Refused):
        await sign_in(".instance", "")

    assert await actor_by_name(".instance") is None
    assert (await instance_actor())["username"] == "a.example"


async def test_changing_the_password_ends_every_other_session(server):
    ana = await register("ana", PASSWORD)
    for _ in range(3):
        await open_session(ana.account_id)
    this = (await list_sessions(ana))[0]
    ana = type(ana)(**{name: getattr(ana, name) for name in ana.__slots__} | {"session_id": this.id})

    await change_password(ana, PASSWORD, "a new good sentence")

    assert [one.id for one in await list_sessions(ana)] == [this.id]
    assert await sign_in("ana", "a new good sentence")
    with pytest.raises(Refused):
        await change_password(ana, PASSWORD, "a third good sentence")


async def test_the_server_is_set_up_by_one_of_two_who_try_at_once(server):
    outcomes = await asyncio.gather(
        first.set_up_here("ana", PASSWORD, Visibility.PUBLIC),
        first.set_up_here("bo", PASSWORD, Visibility.PUBLIC),
        return_exceptions=True,
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Forbidden", "Viewer"]
    assert len(await fetch("SELECT id FROM account")) == 1
    assert not await first.is_first_visit()


async def test_the_set_up_code_works_once_and_only_the_last_one(server):
    old = await first.new_setup_code()
    code = await first.new_setup_code()
    assert old
    assert code

    for wrong in (old, "", "xxxxx-xxxxx-xxxxx-xxxxx"):
        with pytest.raises(Refused) as refusal:
            await first.set_up_with_code("ana", PASSWORD, Visibility.PUBLIC, wrong)
        assert refusal.value.field == "code"
    ana = await first.set_up_with_code("ana", PASSWORD, Visibility.PUBLIC, f" {code.upper()} ")

    assert ana.is_admin
    with pytest.raises(Refused):
        await first.set_up_with_code("bo", PASSWORD, Visibility.PUBLIC, code)
    assert await first.new_setup_code() is None


async def test_a_server_does_not_start_with_another_address_than_at_first(server):
    settings = server.here.settings
    moved = Settings(base_url="https://elsewhere.example", database_url=settings.database_url)

    with pytest.raises(Refused) as refusal:
        await first.prepare(moved)

    assert refusal.value.field == "base_url"
    assert "FEDIMARK_BASE_URL=https://a.example" in refusal.value.message


async def test_registration_is_closed_until_the_admin_opens_it(server):
    with pytest.raises(Forbidden):
        await registration.sign_up("early", PASSWORD, Visibility.PUBLIC)
    ana = await register("ana", PASSWORD)
    with pytest.raises(Forbidden):
        await registration.sign_up("bo", PASSWORD, Visibility.PUBLIC)

    await registration.choose_mode(ana, "open")
    bo = await registration.sign_up("bo", PASSWORD, Visibility.PUBLIC)

    with pytest.raises(Forbidden):
        await registration.choose_mode(bo, "closed")
    with pytest.raises(Refused):
        await registration.choose_mode(ana, "sometimes")


async def test_the_setting_wins_over_what_the_admin_chose(server):
    ana = await register("ana", PASSWORD)
    await registration.choose_mode(ana, "open")
    here = server.here
    values = {name: getattr(here.settings, name) for name in Settings.__slots__} | {"registration": "closed"}

    async with entered(Here(Settings(**values), here.database, here.http, here.clock)):
        assert await registration.mode() == "closed"

    assert await registration.mode() == "open"


async def test_an_invitation_makes_one_account(server):
    ana = await register("ana", PASSWORD)
    await registration.choose_mode(ana, "invite")
    code = await invites.make_invite(ana, "invite")

    outcomes = await asyncio.gather(
        *(registration.sign_up(name, PASSWORD, Visibility.PUBLIC, code) for name in ("bo", "cy")),
        return_exceptions=True,
    )

    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [one.field for one in lost] == ["invite"]
    assert [one.used for one in await invites.list_invites(ana)] == [True]
    assert len(await fetch("SELECT id FROM account")) == 2


async def test_a_refused_sign_up_uses_no_invitation(server):
    ana = await register("ana", PASSWORD)
    await registration.choose_mode(ana, "invite")
    code = await invites.make_invite(ana, "invite")

    with pytest.raises(Taken):
        await registration.sign_up("ana", PASSWORD, Visibility.PUBLIC, code)
    with pytest.raises(Refused):
        await registration.sign_up("bo", PASSWORD, Visibility.PUBLIC)

    assert await registration.sign_up("bo", PASSWORD, Visibility.PUBLIC, code)


async def test_an_invitation_ends_after_fourteen_days(server, clock):
    ana = await register("ana", PASSWORD)
    code = await invites.make_invite(ana, "invite")
    clock.forward(days=14.1)

    with pytest.raises(Refused) as refusal:
        await registration.sign_up("bo", PASSWORD, Visibility.PUBLIC, code)

    assert refusal.value.field == "invite"
    assert [one.expired for one in await invites.list_invites(ana)] == [True]


async def test_an_admins_invitation_opens_a_closed_door_and_nobody_elses_does(server):
    ana, bo = await register("ana", PASSWORD), await register("bo", PASSWORD)
    by_bo = await invites.make_invite(bo, "invite")

    with pytest.raises(Forbidden):
        await invites.make_invite(bo, "closed")
    with pytest.raises(Refused):
        await registration.sign_up("cy", PASSWORD, Visibility.PUBLIC, by_bo)

    assert await registration.sign_up("cy", PASSWORD, Visibility.PUBLIC, await invites.make_invite(ana, "closed"))


async def test_a_profile_comes_back_as_it_was_kept(server):
    ana = await register("ana", PASSWORD)
    typed = FORM | {
        "name": " Ana  <b>Lima</b>\n",
        "bio": "Databases.\r\n技术文",
        "field_name_1": "Home",
        "field_value_1": "https://ana.example/",
        "field_name_3": "Empty",
        "approve_followers": "yes",
        "visibility": "followers",
        "time_zone": "Europe/Lisbon",
    }

    await profile.change_profile(ana, profile.read_profile(typed))

    kept = await profile.profile_of(ana)
    assert kept.name == "Ana  <b>Lima</b>"
    assert kept.bio == "Databases.\n技术文"
    assert kept.fields == (("Home", "https://ana.example/"),)
    assert kept.approves_followers
    seen = await viewer_by_name("ana")
    assert seen
    assert (seen.default_visibility, seen.time_zone) == (Visibility.FOLLOWERS, "Europe/Lisbon")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "x" * 101),
        ("bio", "x" * 1_000_000),
        ("field_value_2", "a value without a name"),
        ("field_name_4", "x" * 256),
        ("visibility", "everyone"),
        ("time_zone", "../../etc/passwd"),
    ],
)
async def test_a_profile_field_that_cannot_be_kept_is_refused_by_name(field, text):
    with pytest.raises(Refused) as refusal:
        profile.read_profile(FORM | {field: text})

    assert refusal.value.field == field.replace("value_2", "name_2")


async def test_privacy_lock_waits_until_everything_is_private(server):
    ana = await server.sign_up("ana")
    await ana.save("https://sqlite.org/", visibility="public")
    await ana.save("https://postgresql.org/", visibility="private")
    locked = profile.read_profile(FORM | {"privacy_lock": "yes", "name": "Ana"})

    with pytest.raises(Refused) as refusal:
        await profile.change_profile(ana.viewer, locked)

    assert refusal.value.field == "privacy_lock"
    assert refusal.value.message.startswith("1 bookmark of yours is not private.")
    assert (await profile.profile_of(ana.viewer)).name == ""
    await ana.save("https://sqlite.org/", visibility="private")
    await profile.change_profile(ana.viewer, locked)
    assert await count_shown(ana.viewer.actor_id) == 0
    assert (await profile.profile_of(ana.viewer)).privacy_lock


async def test_who_leaves_leaves_only_the_name(server):
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    await ana.save("https://sqlite.org/", tags="sql")
    await bo.save("https://sqlite.org/")
    await profile.change_profile(ana.viewer, profile.read_profile(FORM | {"name": "Ana", "bio": "Words"}))
    await open_session(ana.viewer.account_id)
    for typed, password, field in (("bo", PASSWORD, "username"), ("ana", "not the password", "password")):
        with pytest.raises(Refused) as refusal:
            await leave(ana.viewer, typed, password)
        assert refusal.value.field == field

    await leave(ana.viewer, "ana", PASSWORD)

    row = await actor_by_name("ana")
    assert row
    assert (row["name"], row["summary"], row["fields"]) == ("", "", "[]")
    assert row["gone_at"]
    assert row["private_key"]
    for table, column, value in (
        ("account", "actor_id", ana.viewer.actor_id),
        ("bookmark", "actor_id", ana.viewer.actor_id),
        ("session", "account_id", ana.viewer.account_id),
    ):
        assert await fetch(f"SELECT id FROM {table} WHERE {column} = ?", value) == []
    assert (await fetch_one("SELECT savers FROM link"))["savers"] == 1
    with pytest.raises(Taken):
        await register("ana", PASSWORD)
    with pytest.raises(Refused):
        await sign_in("ana", PASSWORD)
