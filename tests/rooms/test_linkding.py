"""linkding's REST API: every endpoint, its fields, its errors, and what a client that says little leaves alone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fedimark.accounts.tokens import Scope
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.policy.visibility import Visibility
from tests.rooms.strangers import told
from tests.rooms.test_delivery import INBOX, follower
from tests.rooms.test_tellings import arrived, said
from tests.support.counting import statements
from tests.support.people import Person
from tests.support.programs import program_of
from tests.support.savers import save

PAGE = "https://page.example/"
KEYS = [
    *("id", "url", "title", "description", "notes", "web_archive_snapshot_url", "favicon_url", "preview_image_url"),
    *("is_archived", "unread", "shared", "tag_names", "date_added", "date_modified"),
    *("website_title", "website_description"),
]


@pytest.fixture
async def app(ana: Person) -> httpx.AsyncClient:
    """A program of ana's that may read and write."""
    return await program_of(ana)


async def make(app: httpx.AsyncClient, url: str = PAGE, **fields: Any) -> dict[str, Any]:
    """A bookmark saved through the API."""
    answer = await app.post("/api/bookmarks/?disable_scraping", json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def listed(app: httpx.AsyncClient, query: str = "", what: str = "") -> list[str]:
    """The URLs of a list, without what they have in common."""
    answer = await app.get(f"/api/bookmarks/{what}{query}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["count"] >= len(found["results"])
    return [each["url"].removeprefix("https://").removesuffix(".example/") for each in found["results"]]


async def row_of(number: int) -> Row:
    """A bookmark's row."""
    row = await fetch_one("SELECT * FROM bookmark WHERE id = ?", number)
    assert row is not None
    return row


async def test_a_bookmark_has_every_key_that_clients_read(app):
    made = await make(
        app,
        title="A page",
        description="Of words",
        notes="*mine*",
        tag_names=["web", "Ai", "two words", "a,b"],
        unread=True,
        date_added="2020-09-26T09:46:23.006313Z",
    )

    assert list(made) == KEYS
    assert made["tag_names"] == ["Ai", "a", "b", "two-words", "web"]
    assert (made["title"], made["description"], made["notes"]) == ("A page", "Of words", "*mine*")
    assert (made["unread"], made["shared"], made["is_archived"]) == (
        True,
        True,
        False,
    )  # as ana chose for what says nothing
    assert made["date_added"] == "2020-09-26T09:46:23.006313Z"
    assert made["web_archive_snapshot_url"] == "https://web.archive.org/web/20200926094623/https://page.example/"
    assert 0 < made["id"] < 2**31
    assert (await app.get(f"/api/bookmarks/{made['id']}/")).json() == made
    row = await row_of(made["id"])
    assert (row["private_note"], row["visibility"]) == ("*mine*", Visibility.PUBLIC)


async def test_a_title_that_nobody_gave_is_empty_and_stays_so(app):
    made = await make(app)

    changed = (await app.patch(f"/api/bookmarks/{made['id']}/", json={"title": made["title"], "unread": True})).json()

    assert (made["title"], changed["title"], changed["unread"]) == ("", "", True)


async def test_a_url_that_is_there_is_changed_in_silence_in_whatever_spelling(app, ana):
    first = await make(app, "https://page.example/a?y=2&x=1", title="One", tag_names=["db"], notes="mine")
    await mark(Owner.of(ana.viewer), (await row_of(first["id"]))["public_id"], "starred", True)
    await mark(Owner.of(ana.viewer), (await row_of(first["id"]))["public_id"], "archived", True)

    for spelling in (
        "https://PAGE.example/a?x=1&y=2",
        "https://page.example/a/?y=2&x=1",
        "https://page.example/a?y=2&x=1",
    ):
        again = await make(app, spelling, description=spelling)
        assert (again["id"], again["url"], again["title"]) == (first["id"], first["url"], "One")
        assert (again["tag_names"], again["notes"], again["description"]) == (["db"], "mine", spelling)
    row = await row_of(first["id"])
    assert (bool(row["starred"]), bool(row["archived"])) == (True, True)
    assert len(await fetch("SELECT id FROM bookmark")) == 1
    assert (await make(app, "https://page.example/b"))["id"] != first["id"]


async def test_put_and_patch_change_what_they_say_and_nothing_else(app):
    made = await make(app, title="One", description="d", notes="n", tag_names=["db"], unread=True)
    place = f"/api/bookmarks/{made['id']}/"

    put = await app.put(place, json={"url": PAGE, "title": "Two"})
    patched = await app.patch(place, json={"url": "https://moved.example/", "tag_names": [], "is_archived": True})

    assert put.status_code == patched.status_code == 200
    changed = {"title": "Two", "url": "https://moved.example/", "tag_names": [], "is_archived": True}
    left_out = {"date_modified", "web_archive_snapshot_url"}
    before, after = ({key: each[key] for key in KEYS if key not in left_out} for each in (made, patched.json()))
    assert after == {**before, **changed}
    assert (await app.put(place, json={"title": "Three"})).json() == {"url": ["This field is required."]}


async def test_two_bookmarks_cannot_have_one_url(app):
    first, second = await make(app), await make(app, "https://other.example/")

    answer = await app.patch(f"/api/bookmarks/{second['id']}/", json={"url": PAGE})

    assert (answer.status_code, answer.json()) == (400, {"url": ["A bookmark with this URL already exists."]})
    assert await listed(app) == ["other", "page"]
    assert first["url"] == PAGE


async def test_archiving_reads_no_body_and_takes_out_of_the_list(app):
    made, _ = await make(app), await make(app, "https://other.example/")
    empty = {"content-type": "application/octet-stream"}

    archived = await app.post(f"/api/bookmarks/{made['id']}/archive/", headers=empty)

    assert (archived.status_code, archived.content) == (204, b"")
    assert (await listed(app), await listed(app, what="archived/")) == (["other"], ["page"])
    assert (await app.post(f"/api/bookmarks/{made['id']}/unarchive/", headers=empty)).status_code == 204
    assert (await listed(app), await listed(app, what="archived/")) == (["other", "page"], [])


async def test_archiving_and_stars_are_changes_for_their_owner_alone(app, ana, clock, server):
    made = await make(app, shared=True)
    clock.forward(seconds=10)
    await make(app, "https://b.example/")
    since = f"?modified_since={made['date_modified']}"
    clock.forward(seconds=10)
    shared_before = (await server.browser().get("/api/bookmarks/shared/?sort=modified_desc")).json()

    assert await listed(app, since) == ["b"]
    assert (await app.post(f"/api/bookmarks/{made['id']}/archive/")).status_code == 204
    [put_away] = (await app.get(f"/api/bookmarks/archived/{since}")).json()["results"]
    assert put_away["date_modified"] > made["date_modified"]
    assert await listed(app, f"?modified_since={put_away['date_modified']}", "archived/") == []
    clock.forward(seconds=10)
    await app.post(f"/api/bookmarks/{made['id']}/unarchive/")
    await mark(Owner.of(ana.viewer), (await row_of(made["id"]))["public_id"], "starred", True)
    assert await listed(app, f"{since}&sort=modified_desc") == ["page", "b"]
    one = (await app.get(f"/api/bookmarks/{made['id']}/")).json()
    assert one["date_modified"] > put_away["date_modified"]
    # Others learn nothing of marks by asking when it changed.
    assert (await server.browser().get("/api/bookmarks/shared/?sort=modified_desc")).json() == shared_before
    asked = f"/api/bookmarks/shared/{since}"
    assert (await server.browser().get(asked)).json()["count"] == 1  # the other one, which is newer
    again = await app.patch(f"/api/bookmarks/{made['id']}/", json={"unread": True})
    assert again.json() == (await app.get(f"/api/bookmarks/{made['id']}/")).json()


async def test_what_is_deleted_is_gone_from_every_list(app):
    made = await make(app)

    answer = await app.delete(f"/api/bookmarks/{made['id']}/")

    assert (answer.status_code, answer.content) == (204, b"")
    gone = await app.get(f"/api/bookmarks/{made['id']}/")
    assert (gone.status_code, gone.json()) == (404, {"detail": "No Bookmark matches the given query."})
    assert await listed(app) == []


async def test_lists_are_filtered_and_sorted(app, clock, server):
    for name, fields in {
        "a": {"title": "Zebra", "tag_names": ["db"], "unread": True},
        "b": {"title": "apple", "description": "of cats", "shared": False},
        "c": {"title": "Mango", "notes": "Cats too", "tag_names": ["db", "Old"]},
    }.items():
        await make(app, f"https://{name}.example/", **fields)
        clock.forward(seconds=10)
    middle = (await app.get("/api/bookmarks/?sort=added_asc")).json()["results"][1]["date_added"]
    bundle = await app.post("/api/bundles/", json={"name": "b", "any_tags": "db", "excluded_tags": "old"})
    await app.patch(
        f"/api/bookmarks/{(await app.get('/api/bookmarks/?sort=added_asc')).json()['results'][0]['id']}/",
        json={"unread": True, "description": "!"},
    )
    await server.settle()

    for query, found in {
        "": "cba",
        "?sort=added_asc": "abc",
        "?sort=title_asc": "bca",
        "?sort=title_desc": "acb",
        "?sort=modified_desc": "acb",
        "?sort=modified_asc": "bca",
        "?sort=nonsense": "cba",
        "?unread=yes": "a",
        "?unread=no": "cb",
        "?shared=yes": "ca",
        "?shared=no": "b",
        "?shared=off&unread=off": "cba",
        f"?added_since={middle}": "c",
        f"?added_since={middle.replace('Z', '+00:00')}": "c",
        f"?modified_since={middle}": "ca",
        "?modified_since=yesterday": "cba",
        "?q=cats": "cb",
        "?q=%23db": "ca",
        "?q=%23DB%20zebra": "a",
        "?q=db": "ca",
        "?q=cats%20or%20zebra": "cba",
        "?q=not%20%23db": "b",
        "?q=!unread": "a",
        "?q=!untagged": "b",
        f"?bundle={bundle.json()['id']}": "a",
        "?bundle=9999": "cba",
        "?bundle=x": "cba",
        "?limit=2": "cb",
        "?limit=2&offset=2": "a",
        "?limit=0&offset=-1": "cba",
        f"?limit={'9' * 400}&offset={'9' * 18}": "",
    }.items():
        assert "".join(await listed(app, query)) == found, query


async def test_parts_of_a_list_lead_to_each_other(app, server):
    for number in range(5):
        await make(app, f"https://n{number}.example/")

    await server.settle()
    middle = (await app.get("/linkding/api/bookmarks/?q=example&limit=2&offset=2")).json()

    base = "https://a.example/linkding/api/bookmarks/?limit=2"
    assert middle["count"] == 5
    assert middle["next"] == f"{base}&offset=4&q=example"
    assert middle["previous"] == f"{base}&q=example"
    assert [each["url"] for each in middle["results"]] == ["https://n2.example/", "https://n1.example/"]
    last = (await app.get("/api/bookmarks/?limit=2&offset=4")).json()
    assert (last["next"], len(last["results"])) == (None, 1)


@pytest.mark.parametrize("sort", ["added_desc", "title_asc", "modified_asc"])
async def test_a_list_of_any_length_comes_whole_and_in_order(app, ana, sort):
    from fedimark.bookmarks.draft import Draft
    from fedimark.bookmarks.save import save_many

    drafts = [
        Draft(f"https://n{n}.example/", title=f"t{n % 7}", tags=(f"t{n}",), saved_at=n // 3 + 1) for n in range(1203)
    ]
    for start in range(0, 1203, 500):
        await save_many(Owner.of(ana.viewer), drafts[start : start + 500])

    whole = (await app.get(f"/api/bookmarks/?limit=10000&sort={sort}")).json()["results"]
    parts = [
        each
        for offset in range(0, 1203, 401)
        for each in (await app.get(f"/api/bookmarks/?limit=401&offset={offset}&sort={sort}")).json()["results"]
    ]

    assert len({each["id"] for each in whole}) == 1203
    assert whole == parts
    tags = (await app.get("/api/tags/?limit=5000")).json()
    assert (tags["count"], len({each["id"] for each in tags["results"]})) == (1203, 1203)


async def test_a_list_takes_a_fixed_number_of_statements(app):
    await make(app, tag_names=["a", "b"])
    with statements() as few:
        await app.get("/api/bookmarks/")
    for number in range(20):
        await make(app, f"https://n{number}.example/", tag_names=[f"t{number}", "a"])

    with statements() as many:
        await app.get("/api/bookmarks/?limit=400")

    assert len(many) == len(few)


async def test_check_tells_the_own_bookmark_of_a_page(app):
    made = await make(app, "https://page.example/a")

    for address in ("/api/bookmarks/check/", "/api/bookmarks/check", "/linkding/api/bookmarks/check"):
        known = (await app.get(address, params={"url": "https://page.example/a/"})).json()
        assert known["bookmark"] == made
        assert known["metadata"] == {
            "url": "https://page.example/a/",
            "title": None,
            "description": None,
            "preview_image": None,
        }
        assert known["auto_tags"] == []
    assert (await app.get("/api/bookmarks/check/", params={"url": "https://new.example/"})).json()["bookmark"] is None
    assert (await app.get("/api/bookmarks/check/")).json() == {"url": ["This field is required."]}
    assert (await app.get("/api/bookmarks/check/?url=nothing")).status_code == 400


async def test_tags_are_those_the_bookmarks_carry(app):
    await make(app, tag_names=["Python", ".mine"])
    await make(app, "https://other.example/", tag_names=["python"])

    found = (await app.get("/api/tags/")).json()
    again = await app.post("/api/tags/", json={"name": "PYTHON"})
    fresh = await app.post("/api/tags/", files={"name": (None, "new one")})

    assert [each["name"] for each in found["results"]] == [".mine", "python"]
    assert set(found["results"][0]) == {"id", "name", "date_added"}
    assert (again.status_code, again.json()) == (201, found["results"][1])
    assert (fresh.status_code, fresh.json()["name"]) == (201, "new-one")
    one = found["results"][1]
    assert (await app.get(f"/api/tags/{one['id']}/")).json() == one
    assert (await app.get(f"/api/tags/{fresh.json()['id']}/")).status_code == 404
    assert (await app.delete(f"/api/tags/{one['id']}/")).status_code == 204
    assert [each["name"] for each in (await app.get("/api/tags/")).json()["results"]] == [".mine"]
    for wrong in ({}, {"example": "x"}, {"name": ""}, {"name": "..."}, {"name": ["x"]}, {"name": None}):
        answer = await app.post("/api/tags/", json=wrong)
        assert (answer.status_code, list(answer.json())) == (400, ["name"])


async def test_whether_somebody_else_has_a_tag_does_not_show(app, server):
    bo = await server.sign_up("bo")
    await save(bo.viewer, PAGE, ".secret")

    [mine, unknown] = [(await app.post("/api/tags/", json={"name": name})).json() for name in (".secret", ".unknown")]

    assert mine["id"] >= 2**30
    assert unknown["id"] >= 2**30
    assert await fetch("SELECT id FROM tag WHERE key = '.unknown'") == []
    row = await fetch_one("SELECT id FROM tag WHERE key = '.secret'")
    assert row is not None
    assert (await app.get(f"/api/tags/{row['id']}/")).status_code == 404


async def test_bundles_are_made_changed_and_taken_away(app):
    made = await app.post("/api/bundles/", json={"name": "Work", "any_tags": "db web", "filter_unread": "yes"})
    second = await app.post("/api/bundles/", json={"name": "More"})

    assert made.status_code == 201
    one = made.json()
    assert list(one) == [
        *("id", "name", "search", "any_tags", "all_tags", "excluded_tags", "filter_unread", "filter_shared"),
        *("order", "date_created", "date_modified"),
    ]
    assert (one["order"], second.json()["order"], one["any_tags"]) == (0, 1, "db web")
    place = f"/api/bundles/{one['id']}/"
    assert (await app.patch(place, json={"search": "cats"})).json()["any_tags"] == "db web"
    assert (await app.put(place, json={"name": "Play", "order": 5})).json()["order"] == 5
    assert [each["name"] for each in (await app.get("/api/bundles/")).json()["results"]] == ["More", "Play"]
    assert (await app.get(place)).json()["search"] == "cats"
    assert (await app.delete(place)).status_code == 204
    assert (await app.get(place)).json() == {"detail": "No BookmarkBundle matches the given query."}
    for wrong, field in (
        ({}, "name"),
        ({"name": "x", "filter_shared": "maybe"}, "filter_shared"),
        ({"name": "x", "order": "y"}, "order"),
    ):
        answer = await app.post("/api/bundles/", json=wrong)
        assert (answer.status_code, list(answer.json())) == (400, [field])


async def test_an_app_is_told_where_it_is(app, ana):
    root, profile, health = [await app.get(f"/linkding{path}") for path in ("/api/", "/api/user/profile/", "/health")]

    assert root.json()["bookmarks"] == "https://a.example/linkding/api/bookmarks/"
    assert profile.json()["version"] == "1.46.2"
    assert profile.json()["enable_sharing"] is True
    assert profile.json()["search_preferences"] == {"sort": "added_desc", "shared": "off", "unread": "off"}
    assert health.json() == {"version": "1.46.2", "status": "healthy"}
    assert (await ana.server.client.get("/health")).status_code == 200


async def test_a_bundle_narrows_what_is_shared_by_what_everybody_sees(app, ana, server):
    bo = await program_of(await server.sign_up("bo"))
    await save(ana.viewer, "https://db.example/", "db .own", "public", to_read=True)
    await save(ana.viewer, "https://web.example/", "web", "public")
    await server.settle()

    async def held(**bundle: str) -> list[str]:
        made = (await bo.post("/api/bundles/", json={"name": "b", **bundle})).json()
        return await listed(bo, f"?sort=title_asc&bundle={made['id']}", "shared/")

    assert await held(any_tags="db") == ["db"]
    assert await held(excluded_tags="db") == ["web"]
    assert await held(all_tags="db .own") == []
    assert await held(filter_unread="yes") == ["db", "web"]
    # Somebody else's bundle is none.
    other = (await app.post("/api/bundles/", json={"name": "b", "any_tags": "db"})).json()
    assert await listed(bo, f"?sort=title_asc&bundle={other['id']}", "shared/") == ["db", "web"]
    assert await listed(server.client, f"?sort=title_asc&bundle={other['id']}", "shared/") == ["db", "web"]


async def test_shared_shows_everybody_what_is_public_and_of_one_person_what_stands_on_their_page(app, ana, server):
    for visibility in Visibility:
        note = f"{visibility.word} note"
        await save(
            ana.viewer,
            f"https://{visibility.word}.example/",
            "db .own",
            visibility.word,
            private_note=note,
            to_read=True,
            archived=True,
        )
    bo = await program_of(await server.sign_up("bo"))
    stranger = server.client
    await server.settle()

    for asker in (bo, stranger):
        assert await listed(asker, what="shared/") == ["public"]
        assert await listed(asker, "?user=ana", "shared/") == ["public", "unlisted"]
        assert await listed(asker, "?user=ana&q=note", "shared/") == []
        assert await listed(asker, "?user=ana&q=%23.own", "shared/") == []
        assert await listed(asker, "?user=ana&unread=no&shared=no", "shared/") == []
        assert await listed(asker, "?user=nobody", "shared/") == []
        for each in (await asker.get("/api/bookmarks/shared/?user=ana")).json()["results"]:
            assert (each["notes"], each["unread"], each["is_archived"], each["tag_names"]) == ("", False, False, ["db"])
    [mine] = (await app.get("/api/bookmarks/shared/")).json()["results"]
    [theirs] = (await bo.get("/api/bookmarks/shared/")).json()["results"]
    assert theirs["id"] != mine["id"]  # which would count what is private too
    assert (await bo.get(f"/api/bookmarks/{mine['id']}/")).status_code == 404
    assert (mine["notes"], mine["unread"], mine["tag_names"]) == ("public note", True, [".own", "db"])
    assert (await stranger.get("/api/bookmarks/shared/", headers={"Authorization": "Token 0"})).status_code == 401


# What `shared` means


@pytest.mark.parametrize(
    ("before", "said_shared", "after"),
    [
        ("public", True, "public"),
        ("unlisted", True, "unlisted"),
        ("followers", False, "followers"),
        ("private", False, "private"),
        ("followers", True, "public"),
        ("private", True, "public"),
        ("public", False, "public"),  # beside other fields: it is not meant
        ("unlisted", False, "unlisted"),
    ],
)
async def test_saying_shared_beside_other_fields_shows_and_never_hides(app, ana, before, said_shared, after):
    saved = await save(ana.viewer, PAGE, visibility=before)
    [row] = await fetch("SELECT id FROM bookmark WHERE public_id = ?", saved.public_id)

    for answer in (
        await app.patch(f"/api/bookmarks/{row['id']}/", json={"shared": said_shared, "title": "New"}),
        await app.put(f"/api/bookmarks/{row['id']}/", json={"url": PAGE, "shared": said_shared}),
        await app.post("/api/bookmarks/?disable_scraping", json={"url": PAGE, "shared": said_shared}),
    ):
        assert answer.is_success
        assert answer.json()["shared"] is (after in ("public", "unlisted"))
    assert Visibility((await row_of(row["id"]))["visibility"]).word == after


async def test_shared_alone_or_with_a_key_that_may_hides(app, ana):
    made = await make(app)
    may_hide = await program_of(ana, Scope.READ | Scope.WRITE | Scope.VISIBILITY)
    place = f"/api/bookmarks/{made['id']}/"

    assert (await app.patch(place, json={"shared": False})).json()["shared"] is False
    assert (await row_of(made["id"]))["visibility"] == Visibility.PRIVATE
    assert (await app.patch(place, json={"shared": True})).json()["shared"] is True
    assert (await may_hide.patch(place, json={"shared": False, "title": "x"})).json()["shared"] is False


async def test_under_privacy_lock_nothing_is_shared_through_this_door_either(app, ana):
    await execute("UPDATE account SET privacy_lock = TRUE")

    made = await make(app, shared=True)
    again = await app.patch(f"/api/bookmarks/{made['id']}/", json={"shared": True})

    assert (made["shared"], again.json()["shared"]) == (False, False)
    assert (await app.get("/api/user/profile/")).json()["enable_sharing"] is False


async def test_what_is_new_and_not_shared_is_private_and_what_says_nothing_is_as_chosen(app, ana):
    assert (await make(app, "https://a.example.org/", shared=False))["shared"] is False
    await execute("UPDATE account SET default_visibility = 1")
    made = await make(app, "https://b.example.org/")
    assert (made["shared"], (await row_of(made["id"]))["visibility"]) == (False, Visibility.FOLLOWERS)
    assert (await make(app, "https://c.example.org/?token=abcdefghijklmnop"))["shared"] is False


async def test_a_change_as_aiolinkding_sends_it_leads_to_no_delete(app, ana, server):
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)
    made = await make(app, shared=True)
    await told()
    await arrived()

    answer = await app.patch(f"/api/bookmarks/{made['id']}/", json={"title": "New", "unread": False, "shared": False})
    await told()
    server.clock.forward(seconds=601)
    await server.settle()

    assert answer.json()["shared"] is True
    assert [kind for kind, _ in await said()] == ["Update"]


async def test_what_is_hidden_federates_after_ten_minutes_and_not_at_all_if_shown_again(app, ana, server):
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)
    made = await make(app, shared=True)
    await told()
    await arrived()
    place = f"/api/bookmarks/{made['id']}/"

    await app.patch(place, json={"shared": False})
    await app.patch(place, json={"shared": True})
    await told()
    assert "Delete" not in [kind for kind, _ in await said()]
    await execute("DELETE FROM delivery")
    await app.patch(place, json={"shared": False})
    await told()
    assert await said() == []
    server.clock.forward(seconds=601)
    from fedimark.bookmarks.withdrawing import finish_withdrawals

    await finish_withdrawals()
    assert [kind for kind, _ in await said()] == ["Delete"]
