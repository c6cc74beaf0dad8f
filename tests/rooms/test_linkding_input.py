"""linkding's API and those who mean no good: odd bodies, odd files, other people's rows, keys that may not."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from fedimark.accounts.tokens import Scope
from fedimark.bookmarks import assets
from fedimark.database import execute, fetch
from fedimark.here import here
from tests.support.people import Person
from tests.support.programs import program_of
from tests.support.storage import SqliteStorage

PAGE = "https://page.example/"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def database(sqlite_template) -> Any:
    """Nothing here is other SQL than what tests/rooms/test_linkding.py asks of both."""
    storage = SqliteStorage(sqlite_template)
    yield storage
    await storage.drop()


@pytest.fixture
async def app(ana: Person) -> httpx.AsyncClient:
    """A program of ana's that may read and write."""
    return await program_of(ana)


@pytest.fixture
async def place(app: httpx.AsyncClient) -> str:
    """The address of a bookmark of ana's."""
    made = await app.post("/api/bookmarks/?disable_scraping", json={"url": PAGE, "title": "Mine", "notes": "whisper"})
    return f"/api/bookmarks/{made.json()['id']}/"


ODD_BODIES = {
    b"[]": (400, "non_field_errors"),
    b'"x"': (400, "non_field_errors"),
    b"null": (400, "non_field_errors"),
    b"{": (400, "detail"),
    b"\xff\xfe": (400, "detail"),
    b"[" * 100_000: (400, "detail"),
    b'{"url": ' + b"9" * 5_000 + b"}": (400, "detail"),
    b"": (400, "url"),
    b"{}": (400, "url"),
    b'{"url": null}': (400, "url"),
    b'{"url": ["https://x.example/"]}': (400, "url"),
    b'{"url": "nothing"}': (400, "url"),
    b'{"url": " "}': (400, "url"),
    b'{"url": "https://x.example/\\u0000"}': (400, "url"),
    b'{"url": "https://x.example/", "title": {}}': (400, "title"),
    b'{"url": "https://x.example/", "notes": null}': (400, "notes"),
    b'{"url": "https://x.example/", "tag_names": "db"}': (400, "tag_names"),
    b'{"url": "https://x.example/", "tag_names": [1]}': (400, "tag_names"),
    b'{"url": "https://x.example/", "tag_names": ["..."]}': (400, "tags"),
    b'{"url": "https://x.example/", "unread": "perhaps"}': (400, "unread"),
    b'{"url": "https://x.example/", "shared": []}': (400, "shared"),
    b'{"url": "https://x.example/", "shared": 1e999}': (400, "shared"),
    b'{"url": "https://x.example/", "date_added": "yesterday"}': (400, "date_added"),
    b'{"url": "https://x.example/", "date_added": "99999-01-01T00:00:00Z"}': (400, "date_added"),
    b'{"url": "https://x.example/", "date_modified": 7}': (400, "date_modified"),
}


@pytest.mark.parametrize("body", ODD_BODIES, ids=lambda body: repr(body[:40]))
async def test_an_odd_body_gets_the_error_that_clients_know(app, place, body):
    status, field = ODD_BODIES[body]

    for method, path in (("POST", "/api/bookmarks/"), ("PUT", place)):
        answer = await app.request(method, path, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, list(answer.json())) == (status, [field]), (method, answer.text)

    assert [row["title"] for row in await fetch("SELECT title FROM bookmark")] == ["Mine"]


MOMENT = "Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
WORDS = {
    "{}": {"url": ["This field is required."]},
    '{"url": ""}': {"url": ["This field may not be blank."]},
    '{"url": null}': {"url": ["This field may not be null."]},
    '{"url": {}}': {"url": ["Not a valid string."]},
    "[]": {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]},
    '{"url": "https://x.example/", "unread": "perhaps"}': {"unread": ["Must be a valid boolean."]},
    '{"url": "https://x.example/", "tag_names": "db"}': {"tag_names": ['Expected a list of items but got type "str".']},
    '{"url": "https://x.example/", "date_added": "then"}': {"date_added": [f"Datetime has wrong format. {MOMENT}"]},
}


async def test_errors_are_in_linkdings_words(app, place, server):
    json_type = {"content-type": "application/json"}
    for body, said in WORDS.items():
        answer = await app.post("/api/bookmarks/", content=body, headers=json_type)
        assert (answer.status_code, answer.json()) == (400, said)
    no_json = await app.post("/api/bookmarks/", content="{", headers=json_type)
    assert no_json.json()["detail"].startswith("JSON parse error")
    for path, status, words in (
        ("/api/bookmarks/x/", 404, "Not found."),
        ("/api/bookmarks/999999/", 404, "No Bookmark matches the given query."),
        ("/api/tags/999999/", 404, "No Tag matches the given query."),
        ("/api/bundles/999999/", 404, "No BookmarkBundle matches the given query."),
    ):
        answer = await app.get(path)
        assert (answer.status_code, answer.json()) == (status, {"detail": words})
    tag, bundle = [await app.post(f"/api/{what}/", json={}) for what in ("tags", "bundles")]
    assert tag.json() == bundle.json() == {"name": ["This field is required."]}
    taken = (await app.post("/api/bookmarks/?disable_scraping", json={"url": "https://x.example/"})).json()["url"]
    assert (await app.put(place, json={"url": taken})).json() == {"url": ["A bookmark with this URL already exists."]}
    odd = await app.post("/api/bookmarks/", content=b"<x/>", headers={"content-type": "application/xml"})
    assert odd.json() == {"detail": 'Unsupported media type "application/xml" in request.'}
    nobody, wrong = server.browser(), {"authorization": "Token 0"}
    missing, unknown = await nobody.get("/api/tags/"), await nobody.get("/api/tags/", headers=wrong)
    assert missing.json() == {"detail": "Authentication credentials were not provided."}
    assert unknown.json() == {"detail": "Invalid token."}


async def test_texts_nobody_can_keep_are_cleaned_and_long_ones_cut(app):
    said = {
        "url": "https://x.example/",
        "title": "a\0\ud800b" + "x" * 300,
        "description": "d" * 70_000,
        "notes": "n\0",
        "tag_names": ["t" * 300, "ok", *(f"t{n}" for n in range(200))],
        "date_added": "0001-01-01T00:00:00+14:00",
    }

    answer = await app.post(
        "/api/bookmarks/?disable_scraping", content=json.dumps(said), headers={"content-type": "application/json"}
    )

    found = answer.json()
    assert answer.status_code in (201, 400)
    if answer.status_code == 400:
        assert list(found) == ["date_added"]
        said["date_added"] = "0001-01-01T00:00:00Z"
        found = (
            await app.post(
                "/api/bookmarks/?disable_scraping",
                content=json.dumps(said),
                headers={"content-type": "application/json"},
            )
        ).json()
    assert (len(found["title"]), len(found["description"]), found["notes"]) == (255, 65_536, "n")
    assert (len(found["tag_names"]), max(map(len, found["tag_names"]))) == (100, 255)


async def test_what_is_too_large_or_of_no_kind_we_read_is_refused(app):
    large = await app.post("/api/bookmarks/", json={"url": PAGE, "notes": "x" * 1_100_000})
    odd = await app.post("/api/bookmarks/", content=b"<x/>", headers={"content-type": "application/xml"})
    form = await app.post(
        "/api/bookmarks/?disable_scraping", data={"url": PAGE, "tag_names": ["a", "b"], "unread": "true"}
    )

    assert (large.status_code, odd.status_code) == (413, 415)
    assert "detail" in odd.json()
    assert (form.status_code, form.json()["tag_names"], form.json()["unread"]) == (201, ["a", "b"], True)


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 19, "9" * 400, "1e3", "%31", "१", "archived"])
async def test_a_number_that_names_nothing_is_nowhere(app, number):
    for what in ("bookmarks", "tags", "bundles"):
        answer = await app.get(f"/api/{what}/{number}/")
        assert answer.status_code == (200 if (what, number) == ("bookmarks", "archived") else 404), answer.text


@pytest.mark.parametrize(
    "query",
    [
        *("q=" + "x" * 5_000, "q=%00", "q=%FF", "q='%20OR%201=1--", "q=((((", "q=#", "q=%25", "q=!untagged"),
        *("limit=x&offset=x", "limit=1&limit=2", "sort=;", "bundle=-1", "bundle=" + "9" * 30, "user=" + "u" * 5_000),
        *(
            "modified_since=0000-00-00",
            "added_since=9999-12-31T23:59:59-23:59",
            "url=",
            "url=%00",
            "url=" + "h" * 9_000,
        ),
    ],
)
async def test_no_query_fails_here(app, place, query):
    for path in ("", "archived/", "shared/", "check/"):
        answer = await app.get(f"/api/bookmarks/{path}?{query}")
        assert answer.status_code in (200, 400), (path, answer.text)
        assert answer.headers["content-type"] == "application/json"


async def test_other_peoples_rows_are_as_if_they_were_not_there(app, place, server):
    zoe = await server.sign_up("zoe")
    await zoe.follow("@ana@a.example")
    stranger = await program_of(zoe)
    bundle = (await app.post("/api/bundles/", json={"name": "mine"})).json()["id"]
    asset = (await app.post(f"{place}assets/upload/", files={"file": ("a.txt", b"mine", "text/plain")})).json()["id"]
    before = [
        await fetch(f"SELECT * FROM {table} ORDER BY id") for table in ("bookmark", "bundle", "asset", "bookmark_tag")
    ]

    for method, path in (
        *((method, place) for method in ("GET", "PUT", "PATCH", "DELETE")),
        *(("POST", f"{place}{what}/") for what in ("archive", "unarchive", "assets/upload")),
        *((method, f"{place}assets/{asset}/") for method in ("GET", "DELETE")),
        ("GET", f"{place}assets/"),
        ("GET", f"{place}assets/{asset}/download/"),
        *((method, f"/api/bundles/{bundle}/") for method in ("GET", "PUT", "PATCH", "DELETE")),
    ):
        said: dict[str, Any] = {"json": {"url": PAGE, "name": "x"}} if method in ("PUT", "PATCH") else {}
        if path.endswith("upload/"):
            said = {"files": {"file": ("a", b"x")}}
        answer = await stranger.request(method, path, **said)
        assert (answer.status_code, list(answer.json())) == (404, ["detail"]), (method, path)
    assert (await stranger.get(f"/api/bookmarks/?bundle={bundle}")).json()["count"] == 0
    after = [
        await fetch(f"SELECT * FROM {table} ORDER BY id") for table in ("bookmark", "bundle", "asset", "bookmark_tag")
    ]
    assert after == before


async def test_a_cookie_is_nobody_here_and_a_key_does_what_it_may(app, place, ana):
    read, write, feed = [await program_of(ana, scope) for scope in (Scope.READ, Scope.WRITE, Scope.FEED)]
    with_cookie = await ana.browser.get("/api/bookmarks/", headers={"Accept": "application/json"})
    posted = await ana.browser.post("/api/bookmarks/", json={"url": "https://evil.example/"})
    writing = {"POST": "/api/bookmarks/", "PATCH": place, "PUT": place, "DELETE": place}

    assert (with_cookie.status_code, posted.status_code) == (401, 401)
    assert with_cookie.headers["www-authenticate"] == "Token"
    assert list(with_cookie.json()) == ["detail"]
    assert "set-cookie" not in with_cookie.headers
    assert (await read.get(place)).json()["notes"] == "whisper"
    for method, path in writing.items():
        assert (await read.request(method, path, json={"url": PAGE})).status_code == 403
        assert (await feed.request(method, path, json={"url": PAGE})).status_code == 403
    for path in ("", "archived/", "shared/", "check/?url=x", place.removeprefix("/api/bookmarks/")):
        assert (await write.get(f"/api/bookmarks/{path}")).status_code == 403
    again = await write.post("/api/bookmarks/?disable_scraping", json={"url": PAGE, "title": "Written"})
    assert (again.status_code, set(again.json())) == (201, {"id", "url"})  # and nothing that it did not say
    for header in ("Token", "Token ", "Basic YTpi", "Token x y", f"Bearer {'0' * 32}", "Token \xff"):
        answer = await app.get("/api/bookmarks/", headers={b"authorization": header.encode("latin-1")})
        assert answer.status_code == 401, header
    bearer = app.headers["authorization"].replace("Token", "bearer")
    assert (await app.get("/api/", headers={"authorization": bearer})).status_code == 200


async def test_what_is_not_there_answers_in_json(app):
    for method, path, status in (
        ("GET", "/api/nothing/", 404),
        ("PATCH", "/api/tags/", 405),
        ("DELETE", "/api/bookmarks/", 405),
    ):
        answer = await app.request(method, path, headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")


# Files


async def test_files_are_kept_once_and_served_as_nobodys_page(app, place):
    page = b"<script>alert(document.cookie)</script>"
    sent = [
        await app.post(f"{place}assets/upload/", files={"file": (name, page, kind)})
        for name, kind in (
            ("../../evil\r\nX: y.html", "text/html; charset=utf-8"),
            ("", "no type"),
            ('ä".svg', "image/svg+xml"),
        )
    ]

    assert [answer.status_code for answer in sent] == [201, 400, 201]  # without a name it is no file
    listed = (await app.get(f"{place}assets/")).json()
    one = listed["results"][0]
    assert (listed["count"], one["file_size"], one["asset_type"], one["status"]) == (2, len(page), "upload", "complete")
    assert set(one) == {
        "id",
        "bookmark",
        "date_created",
        "file_size",
        "asset_type",
        "content_type",
        "display_name",
        "status",
    }
    assert one["content_type"] == "text/html"
    assert (await app.get(f"{place}assets/{one['id']}/")).json() == one
    for each in listed["results"]:
        answer = await app.get(f"{place}assets/{each['id']}/download/")
        heads = answer.headers
        assert answer.content == page
        assert heads["content-security-policy"].startswith("sandbox;")
        assert heads["x-content-type-options"] == "nosniff"
        assert heads["content-disposition"].startswith("attachment;")
        assert "set-cookie" not in heads
        assert "x" not in heads
    folder = here().settings.data_dir + "/assets"
    from pathlib import Path

    assert len([path for path in Path(folder).rglob("*") if path.is_file()]) == 1


async def test_files_too_large_or_too_many_are_refused_and_leave_nothing(app, place, server):
    object.__setattr__(here().settings, "asset_limit_bytes", 1_000)
    object.__setattr__(here().settings, "assets_limit_bytes", 1_500)

    large = await app.post(f"{place}assets/upload/", files={"file": ("a", b"x" * 1_001)})
    huge = await app.post(f"{place}assets/upload/", files={"file": ("a", b"x" * 200_000)})
    fits = await app.post(f"{place}assets/upload/", files={"file": ("a", b"x" * 1_000)})
    full = await app.post(f"{place}assets/upload/", files={"file": ("b", b"y" * 600)})
    none = await app.post(f"{place}assets/upload/", data={"x": "y"})
    no_form = await app.post(f"{place}assets/upload/", json={})

    assert [large.status_code, huge.status_code, fits.status_code, full.status_code] == [413, 413, 201, 413]
    assert (none.status_code, none.json()) == (400, {"error": "No file provided."})
    assert no_form.status_code == 415
    assert len(await fetch("SELECT id FROM asset")) == 1


async def test_a_file_that_no_bookmark_has_any_more_is_swept_away(app, place):
    import os
    from pathlib import Path

    first = (await app.post(f"{place}assets/upload/", files={"file": ("a", b"one")})).json()
    await app.post(f"{place}assets/upload/", files={"file": ("b", b"two")})
    files = sorted(path for path in Path(here().settings.data_dir, "assets").rglob("*") if path.is_file())

    assert (await app.delete(f"{place}assets/{first['id']}/")).status_code == 204
    assert await assets.sweep() == 0  # what is new may wait for its row
    for path in files:
        os.utime(path, (0, 0))
    assert await assets.sweep() == 1
    assert [path.read_bytes() for path in files if path.exists()] == [b"two"]
    assert (await app.get(f"{place}assets/{first['id']}/download/")).status_code == 404
    await execute("UPDATE asset SET digest = ?", "../../../etc/passwd")
    [left] = (await app.get(f"{place}assets/")).json()["results"]
    assert (await app.get(f"{place}assets/{left['id']}/download/")).status_code == 404


async def test_a_browser_sends_how_a_page_looks(app, place):
    page = {"file": ("page.html", b"<html>saved</html>", "text/html")}
    again = await app.post("/api/bookmarks/singlefile/", data={"url": PAGE}, files=page)
    fresh = await app.post("/api/bookmarks/singlefile/", data={"url": "https://new.example/"}, files=page)

    assert (again.status_code, again.json()) == (201, {"message": "Snapshot uploaded successfully."})
    assert fresh.status_code == 201
    for data, files in (({}, page), ({"url": PAGE}, {}), ({"url": "nothing"}, page)):
        assert (await app.post("/api/bookmarks/singlefile/", data=data, files=files)).status_code == 400
    [one] = (await app.get(f"{place}assets/")).json()["results"]
    assert (one["asset_type"], one["content_type"]) == ("snapshot", "text/html")
    assert (await app.get("/api/bookmarks/")).json()["count"] == 2
