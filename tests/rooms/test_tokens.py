"""Keys for programs: who brings one, what it lets them do, and that nothing but its hash is kept."""

from __future__ import annotations

import re

import pytest

from fedimark.accounts import tokens
from fedimark.accounts.tokens import Scope, bearer_of, list_tokens, make_token, revoke_token, viewer_of_key
from fedimark.database import execute, fetch
from fedimark.errors import Forbidden, NotFound, Refused
from tests.support.counting import statements
from tests.support.people import PASSWORD

MINUTE = 60_000_000


async def test_a_key_says_who_asks_with_its_name_or_without(server, ana):
    key = await make_token(ana.viewer, "phone", Scope.READ)

    name, _, hexes = key.partition(":")
    assert name == "ana"
    assert re.fullmatch(r"[0-9A-F]{32}", hexes)
    for spelled in (key, hexes, hexes.lower(), f" {key} ", f"Ana:{hexes}"):
        bearer = await bearer_of(spelled)
        assert bearer is not None, spelled
        assert bearer.viewer.username == "ana"
        assert bearer.scopes == Scope.READ


async def test_no_other_text_is_a_key(server, ana):
    key = await make_token(ana.viewer, "phone", Scope.READ)
    await server.sign_up("bo")

    for text in (
        "",
        ":",
        "ana",
        "ana:",
        key[:-1],
        key + "0",
        f"bo:{key.partition(':')[2]}",
        "x" * 60_000,
        "ana:\0",
        "ä" * 32,
    ):
        assert await bearer_of(text) is None, text[:50]
    # What cannot be a key asks the database nothing, and what can asks once.
    with statements() as asked:
        await bearer_of("ana:nothing")
    assert len(asked) == 0
    with statements() as asked:
        await bearer_of("0" * 32)
    assert len(asked) == 1


async def test_of_a_key_only_the_hash_is_kept(server, ana):
    key = await make_token(ana.viewer, "phone", Scope.READ | Scope.FEED)

    rows = await fetch("SELECT * FROM token")

    assert key.partition(":")[2].lower() not in str(rows).lower()


async def test_when_it_was_used_is_written_down_seldom(server, ana, clock):
    key = await make_token(ana.viewer, "phone", Scope.READ)
    assert (await list_tokens(ana.viewer))[0].used_at is None
    await bearer_of(key)
    first = (await list_tokens(ana.viewer))[0].used_at

    clock.forward(seconds=60)
    with statements() as asked:
        await bearer_of(key)

    assert len(asked) == 1
    assert (await list_tokens(ana.viewer))[0].used_at == first
    clock.forward(seconds=600)
    await bearer_of(key)
    assert (await list_tokens(ana.viewer))[0].used_at > first


async def test_a_revoked_key_opens_nothing_and_others_go_on(server, ana):
    lost, kept = await make_token(ana.viewer, "phone", Scope.READ), await make_token(ana.viewer, "desk", Scope.READ)
    bo = await server.sign_up("bo")
    number = (await bearer_of(lost)).token_id

    with pytest.raises(NotFound):
        await revoke_token(bo.viewer, number)
    await revoke_token(ana.viewer, number)

    assert await bearer_of(lost) is None
    assert await bearer_of(kept) is not None


async def test_a_key_of_one_scope_cannot_do_anothers_work(server, ana):
    bearer = await bearer_of(await make_token(ana.viewer, "reader", Scope.FEED))

    with pytest.raises(Forbidden):
        bearer.need(Scope.READ)
    with pytest.raises(Forbidden):
        bearer.need(Scope.WRITE, Scope.SAVE)
    bearer.need(Scope.FEED)


async def test_only_a_key_for_feeds_opens_them(server, ana):
    opens, reads = await make_token(ana.viewer, "reader", Scope.FEED), await make_token(ana.viewer, "x", Scope.READ)

    assert (await viewer_of_key(opens.partition(":")[2])).username == "ana"
    for key in (reads, "0" * 32, ""):
        with pytest.raises(NotFound):
            await viewer_of_key(key)


async def test_the_secret_for_feeds_is_the_same_each_time_until_it_is_revoked(server, ana):
    secret = await tokens.feed_secret(ana.viewer)

    assert await tokens.feed_secret(ana.viewer) == secret
    assert (await viewer_of_key(secret)).username == "ana"
    assert (await bearer_of(secret)).scopes == Scope.FEED
    await revoke_token(ana.viewer, (await bearer_of(secret)).token_id)
    assert await tokens.feed_secret(ana.viewer) != secret


async def test_keys_that_apps_ask_for_do_not_pile_up(server, ana, clock):
    made = []
    for _ in range(8):
        clock.forward(seconds=1)
        made.append(await tokens.api_token(ana.viewer))

    assert [await bearer_of(key) is not None for key in made] == [False] * 3 + [True] * 5


async def test_a_key_of_somebody_suspended_opens_nothing(server, ana):
    key = await make_token(ana.viewer, "phone", Scope.READ)

    await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", ana.viewer.actor_id)

    assert await bearer_of(key) is None


async def test_nobody_has_more_than_fifty(server, ana):
    for number in range(tokens.MOST):
        await make_token(ana.viewer, f"key {number}", Scope.READ)

    with pytest.raises(Refused):
        await make_token(ana.viewer, "one more", Scope.READ)


async def test_the_page_shows_a_new_key_once_and_ends_it(server, ana):
    made = await ana.browser.post("/settings/keys", data={"name": "phone", "read": "yes", "password": PASSWORD})

    key = re.search(r"ana:[0-9A-F]{32}", made.text).group()
    assert made.status_code == 200
    assert made.headers["cache-control"] == "private, no-store"
    later = (await ana.browser.get("/settings/keys")).text
    assert "phone" in later
    assert key not in later
    number = (await bearer_of(key)).token_id
    assert (await ana.browser.post(f"/settings/keys/{number}/revoke")).status_code == 303
    assert await bearer_of(key) is None


@pytest.mark.parametrize(
    ("fields", "wrong"), [({"name": ""}, "name"), ({"name": "x" * 101}, "name"), ({"name": "x"}, "do")]
)
async def test_the_page_says_what_a_new_key_lacks(server, ana, fields, wrong):
    may = {"read": "yes"} if wrong == "name" else {}
    answer = await ana.browser.post("/settings/keys", data={**fields, **may, "password": PASSWORD})

    assert answer.status_code == 422
    assert wrong in answer.text
    assert await list_tokens(ana.viewer) == ()


async def test_somebody_at_an_unlocked_screen_makes_no_key(server, ana):
    form = {"name": "phone", "read": "yes", "write": "yes"}

    missing = await ana.browser.post("/settings/keys", data=form)
    wrong = [await ana.browser.post("/settings/keys", data={**form, "password": "guessed"}) for _ in range(10)]

    assert (missing.status_code, wrong[0].status_code, wrong[-1].status_code) == (422, 422, 429)
    assert "This is not your password." in missing.text
    assert 'value="phone"' in missing.text
    assert "guessed" not in wrong[0].text
    assert (await ana.browser.post("/settings/keys", data={**form, "password": PASSWORD})).status_code == 429
    assert await list_tokens(ana.viewer) == ()


async def test_who_knows_the_password_makes_as_many_keys_as_they_like(server, ana):
    form = {"name": "phone", "read": "yes", "password": PASSWORD}

    made = [await ana.browser.post("/settings/keys", data=form) for _ in range(12)]

    assert [answer.status_code for answer in made] == [200] * 12
