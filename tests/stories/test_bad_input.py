"""What nobody should send: every form, every field, every way of getting it wrong. Clear answers, nothing half done."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlsplit

import httpx
import pytest
from starlette.routing import Route
from tortoise import Tortoise

from fedimark.database import execute, fetch, fetch_one
from fedimark.doorway.sessions import cookie_name
from fedimark.here import entered
from fedimark.routes import routes
from tests.stories.reading import Element, Reading
from tests.support.invariants import disagreements
from tests.support.people import PASSWORD, Person
from tests.support.server import Server

MEGABYTE = "m" * 1_000_000
# What is read, refused and escaped before any row is looked at is the same whatever database lies behind.
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class FormOf:
    """A form: its fields with what is fine in each, those that must not be empty, and its files."""

    fields: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    file: str = ""
    signed_in: bool = True


BOOKMARK = {
    "url": "https://sqlite.org/",
    "title": "SQLite",
    "description": "A database.",
    "tags": "sql database",
    "visibility": "public",
    "private_note": "for later",
    "to_read": "yes",
    "starred": "yes",
    "archived": "yes",
    "spelling": "keep",
    "back": "/recent",
    "dots_seen": ".net",
    "from": "/u/zoe/b/aaaaaaaaaaaaa",
    "also": "sql",
    "jump": "close",
    "next": "same",
    "fresh": "",
}
OPTIONS = {"tags": "old", "visibility": "private", "folders": "tags", "clash": "both", "home": "https://my.example/"}
PROFILE = {
    "name": "Ana",
    "bio": "I save pages.",
    "field_name_1": "Home",
    "field_value_1": "https://ana.example/",
    "visibility": "public",
    "time_zone": "Europe/Lisbon",
}
LOOKS = {"theme": "dark", "descriptions": "all", "own_css": "body { letter-spacing: .01em }"}
THING = "k3v7q2mzt5xha"  # the id of ana's bookmark, and of her reply to it
LIST = "k3v7q2mzt5xhb"  # the id of ana's list
SAY = {"about": f"https://a.example/u/ana/b/{THING}", "words": "Well said.", "kind": "reply", "back": "/recent"}
BUNDLE = {
    **{"name": "reading", "search": "sql", "any_tags": "sql db", "all_tags": "sql", "excluded_tags": "old"},
    **{"filter_unread": "yes", "filter_shared": "off"},
}
PERSON = {"username": "newcomer", "password": PASSWORD, "visibility": "public"}
FORMS = {
    "/say": FormOf(SAY, ("words",)),
    "/u/{user}/r/{id}/edit": FormOf({"words": "Very well said."}, ("words",)),
    "/u/{user}/b/{id}/talk": FormOf({"replies": "on"}),
    "/u/{user}/b/{id}/hide": FormOf({"what": "0" * 40, "back": "/recent"}),
    "/u/{user}/b/{id}/show": FormOf({"what": "0" * 40}),
    "/u/{user}/b/{id}/unquote": FormOf({"what": "0" * 40, "back": "/recent"}),
    "/add": FormOf(BOOKMARK, ("url",)),
    "/u/{user}/b/{id}/edit": FormOf(BOOKMARK, ("url",)),
    "/u/{user}/bundles/new": FormOf(BUNDLE, ("name",)),
    "/u/{user}/bundles/{id}/edit": FormOf(BUNDLE),
    "/add/look": FormOf({"url": "https://sqlite.org/"}),
    "/tabs": FormOf({"tabs": "https://sqlite.org/\nSQL https://sqlite.org/lang.html", "name": "Reading"}, ("tabs",)),
    "/bulk": FormOf(
        {"id": THING, "add": "db", "remove": "x", "visibility": "public", "to_read": "yes", "back": "/recent"}
    ),
    "/search/keep": FormOf({"q": "sql", "name": "Databases"}, ("name",)),
    "/search": FormOf({"q": "sql", "in": "elsewhere"}),
    "/notifications/read": FormOf({"up_to": "9"}),
    "/settings/notifications": FormOf({"like": "yes", "follow": "yes"}),
    "/settings/notifications/feed": FormOf({"end": ""}),
    "/for-you/keep": FormOf({"id": "nothing"}),
    "/for-you/dismiss": FormOf({"id": "nothing"}),
    "/press": FormOf({"liked": "/u/ana/b/aaaaaaaaaaaaa", "starred": "-aaaaaaaaaaaaa", "back": "/recent"}),
    "/network/follow": FormOf({"who": "bo", "back": "/network"}, ("who",)),
    "/network/leave": FormOf({"who": "bo", "back": "/network"}),
    "/network/show": FormOf({"list": LIST, "tag": "sql", "from": "", "unread": "yes", "no_shares": "yes"}),
    "/network/read": FormOf({"list": LIST, "until": "5"}),
    "/network/lists": FormOf({"name": "news"}, ("name",)),
    "/network/lists/{list}/edit": FormOf({"name": "news"}, ("name",)),
    "/network/lists/{list}/put": FormOf({"who": "bo"}, ("who",)),
    "/network/lists/{list}/drop": FormOf({"who": "bo"}),
    "/network/lists/{list}/key": FormOf({"answer": "none"}),
    "/followers/answer": FormOf({"id": "1", "answer": "accept"}),
    "/followers/remove": FormOf({"id": "1"}),
    "/people/block": FormOf({"who": "zoe", "back": "/people"}, ("who",)),
    "/people/unblock": FormOf({"who": "zoe", "back": "/people"}),
    "/people/mute": FormOf({"who": "zoe", "until": "2999-12-24", "back": "/people"}, ("who",)),
    "/people/muted/add": FormOf({"kind": "word", "value": "sport", "until": "2999-12-24"}, ("kind", "value")),
    "/people/muted/end": FormOf({"kind": "word", "value": "nothing"}),
    "/people/unmute": FormOf({"who": "zoe", "back": "/people"}),
    "/moderation/domains/block": FormOf({"host": "evil.example", "reason": "spam"}, ("host",)),
    "/moderation/domains/unblock": FormOf({"host": "nothing.example"}),
    "/moderation/domains/let-in": FormOf({"host": "nothing.example"}),
    "/moderation/accounts/suspend": FormOf({"name": "zoe"}, ("name",)),
    "/moderation/accounts/restore": FormOf({"name": "zoe"}),
    "/report": FormOf({"who": "zoe", "bookmark": "", "comment": "Spam.", "forward": "yes", "back": "/recent"}),
    "/moderation/reports/close": FormOf({"id": "nothing"}),
    "/moderation/reports/open": FormOf({"id": "nothing"}),
    "/moderation/engine/forget": FormOf({"host": "nothing.example"}),
    "/moderation/engine/retry": FormOf({"host": "nothing.example"}),
    "/moderation/engine/pause": FormOf({"host": "nothing.example"}),
    "/moderation/engine/go-on": FormOf({"host": "nothing.example"}),
    "/moderation/set-aside/again": FormOf({"id": "nothing"}),
    "/moderation/set-aside/forget": FormOf({"id": "nothing"}),
    "/moderation/streams/add": FormOf({"tag": "sql", "who": "zoe"}, ("who",)),
    "/moderation/streams/end": FormOf({"tag": "nosuchtag", "who": "nobody"}),
    "/moderation/streams/pass-on": FormOf({"of": "others"}),
    "/moderation/relays/add": FormOf({"address": "https://relay.evil.example/inbox"}, ("address",)),
    "/moderation/relays/leave": FormOf({"address": "https://nothing.example/inbox"}),
    "/setup": FormOf({**PERSON, "code": "none"}, signed_in=False),
    "/sign-in": FormOf({"username": "ana", "password": PASSWORD, "next": "/recent"}, signed_in=False),
    "/sign-up": FormOf({**PERSON, "invite": ""}, ("username", "password", "visibility"), signed_in=False),
    "/settings": FormOf(PROFILE, ("visibility", "time_zone")),
    "/language": FormOf({"language": "de", "back": "/recent"}, signed_in=False),
    "/settings/looks": FormOf(LOOKS, ("theme", "descriptions")),
    "/settings/avatar": FormOf({"remove": ""}, file="avatar"),
    "/settings/registration": FormOf({"registration": "open"}),
    "/notes/add": FormOf({"title": "A note", "text": "Words.", "public": "yes"}, ("text",)),
    "/u/{user}/notes/{id}/edit": FormOf({"title": "A note", "text": "Words.", "public": ""}),
    "/settings/keys": FormOf(
        {"name": "phone", "read": "yes", "write": "yes", "password": PASSWORD}, ("name", "password")
    ),
    "/settings/move": FormOf({"who": "bo", "password": PASSWORD}, ("who", "password")),
    "/settings/move/back": FormOf({}),
    "/settings/move/alias": FormOf({"alias": "bo"}, ("alias",)),
    "/settings/move/alias/remove": FormOf({"alias": "https://b.example/u/bo"}),
    "/settings/leave": FormOf({"username": "ana", "password": PASSWORD}, ("username", "password")),
    "/settings/tags/rename": FormOf({"old": "sql", "new": "sql"}, ("old", "new")),
    "/settings/tags/merge": FormOf({"tags": "sql", "into": "sql"}, ("tags", "into")),
    "/settings/tags/delete": FormOf({"tag": "nosuchtag"}, ("tag",)),
    "/settings/import": FormOf(OPTIONS, file="file"),
    "/settings/import/{id}": FormOf(OPTIONS),
    # The last: some of what is tried becomes ana's password.
    "/settings/password": FormOf({"old": PASSWORD, "new": PASSWORD}, ("old", "new")),
}
# A press is all they take.
BUTTONS = {
    "/sign-out",
    "/u/{user}/b/{id}/remove",
    "/u/{user}/b/{id}/undo",
    "/bulk/{id}/undo",
    "/u/{user}/bundles/{id}/remove",
    "/u/{user}/bundles/{id}/up",
    "/settings/bookmarklets/key",
    "/u/{user}/older",
    "/u/{user}/r/{id}/remove",
    "/settings/sessions/{id}/revoke",
    "/settings/keys/{id}/revoke",
    "/u/{user}/notes/{id}/remove",
    "/network/lists/{list}/remove",
    "/settings/invites",
    "/settings/import/{id}/start",
    "/settings/import/{id}/undo",
    "/settings/import/{id}/follow",
}
TAG_INBOXES = {"/t/{tags}/inbox", "/u/{user}/t/{tags}/inbox"}
INBOXES = {"/inbox", "/actor/inbox", "/u/{user}/inbox", "/u/{user}/digest/inbox", *TAG_INBOXES}
# Signed by a server, and tried where it is searched.
QUESTIONS = {"/.well-known/betula-federated-search"}
# Asked with a key, and tried in tests/rooms: test_pinboard.py, test_linkding_input.py.
PROGRAMS = {
    *("/v1/{room}/{method}", "/api/pinboard/v1/{room}/{method}"),
    *("/api/bookmarks/", "/api/bookmarks/singlefile/", "/api/tags/", "/api/bundles/"),
    *(f"/api/bookmarks/{{id}}/{what}/" for what in ("archive", "unarchive", "assets/upload")),
}

NOT_UTF8 = {
    "a lone surrogate": b"\xed\xa0\x80",
    "a lone low surrogate": b"x\xed\xb0\x80y",
    "a pair of surrogates in WTF-8": b"\xed\xa0\xbd\xed\xb8\x80",
    "latin-1": "résumé".encode("latin-1"),
    "UTF-16": "\ufeffhello".encode("utf-16"),
    "an overlong slash": b"\xc0\xaf",
    "a cut character": "日".encode()[:2],
}
ODD = {
    "empty": "",
    "white space": " \t\r\n\u3000",
    "1 MB": MEGABYTE,
    "controls": "\x01\x1b[31m\x7f\x85",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "right to left": "\u202emoc.live\u2066",
    "combining": "z" + "\u0301" * 5_000,
    "javascript": "javascript:alert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "vbscript": "vbscript:msgbox(1)",
    "html": "<script>alert(1)</script><b onmouseover=alert(1)>\"'",
    "SQL": "'; DROP TABLE bookmark; --",
    "a template": "{{ 7 * 7 }}{% for x in () %}",
    "a path": "../../../../etc/passwd",
    "a header": "x\r\nSet-Cookie: a=b",
    "a number": "99999999999999999999999999",
    "digits of elsewhere": "١٢٣",
    "question marks": "????? $1 %s ?",
    "another server": "//evil.example/\\evil.example",
}
# What a second database could take otherwise; all else is refused or escaped before it.
FOR_DATABASES = (
    "1 MB",
    "controls",
    "noncharacters",
    "combining",
    "SQL",
    "a number",
    "digits of elsewhere",
    "question marks",
)


@dataclass
class Doors:
    """One server with two people and a bookmark; nobody is ever told to wait."""

    server: Server
    ana: Person
    path: str

    def at(self, template: str) -> str:
        """A route's path, for ana and her bookmark."""
        path = template.replace("/u/{user}/b/{id}", self.path).replace("/u/{user}/r/{id}", f"/u/ana/r/{THING}")
        return path.replace("{user}", "ana").replace("{id}", "999999").replace("{list}", LIST)

    @property
    def cookie(self) -> str:
        """What ana's browser sends of itself."""
        return "; ".join(f"{name}={value}" for name, value in self.ana.browser.cookies.items())

    def browser(self, form: FormOf) -> httpx.AsyncClient:
        """Who sends this form."""
        return self.ana.browser if form.signed_in else self.server.browser()

    async def send(self, template: str, fields: Mapping[str, str | bytes], **more: Any) -> httpx.Response:
        """Send fields as they are, bytes too."""
        return await self.send_raw(template, encoded(fields), **more)

    async def send_raw(
        self, template: str, body: bytes, kind: str = "application/x-www-form-urlencoded"
    ) -> httpx.Response:
        """Send a body as it is."""
        form = FORMS.get(template, FormOf())
        headers = {"Content-Type": kind} if kind else {}
        return await self.browser(form).post(self.at(template), content=body, headers=headers)


def encoded(fields: Mapping[str, str | bytes]) -> bytes:
    """Fields as a browser sends them."""
    parts = (
        f"{name}={quote_from_bytes(value) if isinstance(value, bytes) else quote(value)}"
        for name, value in fields.items()
    )
    return "&".join(parts).encode()


def multipart(fields: Mapping[str, str | bytes], name: str = "", file: bytes = b"", filename: bytes = b"f") -> bytes:
    """Fields and perhaps a file, as a browser sends them; the boundary is `cut`."""
    parts = [
        b'--cut\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (key.encode(), value if isinstance(value, bytes) else value.encode())
        for key, value in fields.items()
    ]
    if name:
        head = b'--cut\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n' % (name.encode(), filename)
        parts.append(head + b"Content-Type: application/json\r\n\r\n" + file + b"\r\n")
    return b"".join((*parts, b"--cut--\r\n"))


MULTIPART = "multipart/form-data; boundary=cut"


@pytest.fixture
async def doors(fleet: Any) -> AsyncIterator[Doors]:
    """A server whose doors may be tried without end."""
    server = await fleet.server("a.example", sign_in_tries="1000000/minute", registration="open")
    async with entered(server.here):
        ana = await server.sign_up("ana")
        await server.sign_up("bo")
        await ana.save("https://postgresql.org/", title="PostgreSQL", tags="sql")
        await execute("UPDATE bookmark SET public_id = ?", THING)
        await ana.browser.post("/network/lists", data={"name": "news"})
        await execute("UPDATE people_list SET public_id = ?", LIST)
        assert (await ana.browser.post("/say", data=SAY)).status_code == 303
        await execute("UPDATE remark SET public_id = ?, page_url = ?", THING, f"/u/ana/r/{THING}")
        yield Doors(server, ana, f"/u/ana/b/{THING}")


async def amounts() -> dict[str, int]:
    """How many rows each table has."""
    tables = [model._meta.db_table for model in Tortoise.apps["models"].values()]
    counted = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}_rows" for table in tables)
    row = await fetch_one(f"SELECT {counted}")
    assert row is not None
    return {table: row[f"{table}_rows"] for table in tables}


def unclear(answer: httpx.Response) -> list[str]:
    """What is wrong with an answer to something bad: a crash, its traces, or no words for people."""
    if answer.status_code >= 500:
        return [f"it fails with {answer.status_code}"]
    if answer.status_code < 400:
        return []
    found = [trace for trace in ("Traceback", 'File "', "tortoise", "sqlite3", "asyncpg") if trace in answer.text]
    if "html" not in answer.headers.get("content-type", ""):
        return found
    return [*found, *unclear_words(answer.text)]


@lru_cache(maxsize=256)
def unclear_words(text: str) -> tuple[str, ...]:
    """The same of a page by itself; many answers are the very same page."""
    page = Reading(text)
    said = [*page.wrong, *(p.text for p in page.all("p", "intro"))]
    return (*page.astray, *([] if any(text.strip() for text in said) else ["it says nothing"]))


def odd_for(doors: Doors) -> list[tuple[str, str]]:
    """What is odd: all of it on SQLite, and on PostgreSQL what depends on the database."""
    return [(how, value) for how, value in ODD.items() if doors.server.here.settings.is_sqlite or how in FOR_DATABASES]


def test_every_form_of_the_product_is_tried():
    posts = {
        route.path.replace(":segment", "")
        for route in routes()
        if isinstance(route, Route) and "POST" in (route.methods or ())
    }

    assert posts == {*FORMS, *BUTTONS, *INBOXES, *QUESTIONS, *PROGRAMS}, "give each new form its fields here"


async def test_every_field_missing_or_odd_is_answered_clearly_and_writes_nothing_when_refused(doors):
    failures = []
    before = await amounts()
    for template, form in FORMS.items():
        for name in form.fields:
            fields = {key: value for key, value in form.fields.items() if key != name}
            for how, value in [("missing", None), *odd_for(doors)]:
                answer = await doors.send(template, fields if value is None else {**fields, name: value})

                what = f"{template} with {name} {how} → {answer.status_code}"
                after = await amounts()
                if answer.status_code >= 400 and after != before:
                    failures.append(f"{what}, and something was written")
                before = after
                failures += [f"{what}: {wrong}" for wrong in unclear(answer)]
                if how in ("missing", "empty", "white space") and name in form.needs and answer.status_code < 400:
                    failures.append(f"{what}: it was taken")
                if how in ("missing", "empty") and name in form.needs and not Reading(answer.text).wrong:
                    failures.append(f"{what}: nothing stands beside the field")
                location = answer.headers.get("location", "/")
                if not location.startswith("/") or location.startswith(("//", "/\\")):
                    failures.append(f"{what}: it leads to {location}")
                if "a=b" in answer.headers.get("set-cookie", ""):
                    failures.append(f"{what}: it sets a cookie")

    assert not failures, "\n".join(failures)
    assert await disagreements() == []
    assert (await doors.ana.browser.get("/u/ana")).status_code == 200


@pytest.mark.parametrize("way", ["urlencoded", "multipart"])
async def test_what_is_not_utf8_or_holds_nul_is_refused_by_every_form(doors, way):
    failures = []
    before = await amounts()
    for template, form in FORMS.items():
        for name in form.fields or ("file",):
            for how, octets in {**NOT_UTF8, "NUL": b"a\0b"}.items():
                fields = {**form.fields, name: octets}

                if way == "urlencoded":
                    answer = await doors.send(template, fields)
                else:
                    answer = await doors.send_raw(template, multipart(fields), MULTIPART)

                if answer.status_code != 400 or unclear(answer):
                    failures.append(f"{template} with {name} {how} → {answer.status_code} {unclear(answer)}")

    assert not failures, "\n".join(failures)
    assert await amounts() == before


@ONCE
async def test_what_is_no_form_is_refused_by_every_form(doors):
    failures = []
    before = await amounts()
    for template, form in FORMS.items():
        plain = encoded(form.fields) or b"x=y"
        many = encoded({f"field{number}": "x" for number in range(101)})
        for how, body, kind, expected in (
            ("JSON", json.dumps(form.fields).encode(), "application/json", 415),
            ("text", plain, "text/plain", 415),
            ("no type", plain, "", 415),
            ("XML", b"<a/>", "application/xml", 415),
            ("another charset", plain, "application/x-www-form-urlencoded; charset=iso-8859-1", 400),
            ("UTF-16 altogether", plain.decode().encode("utf-16"), "application/x-www-form-urlencoded", 400),
            ("101 fields", many, "application/x-www-form-urlencoded", 400),
            ("101 parts", multipart({f"f{n}": "x" for n in range(101)}), MULTIPART, 400),
            ("no boundary", multipart(form.fields), "multipart/form-data", 400),
            ("another boundary", multipart(form.fields), "multipart/form-data; boundary=other", 400),
            ("a cut body", multipart(form.fields or {"a": "b"})[:-12], MULTIPART, 400),
        ):
            answer = await doors.send_raw(template, body, kind)

            if answer.status_code != expected or unclear(answer):
                failures.append(f"{template} with {how} → {answer.status_code} {unclear(answer)}")
        if not form.file:
            answer = await doors.send(template, {**form.fields, "more": "m" * 1_048_576})
            if answer.status_code != 413 or unclear(answer):
                failures.append(f"{template} with too much → {answer.status_code} {unclear(answer)}")

    assert not failures, "\n".join(failures)
    assert await amounts() == before


@ONCE
async def test_files_where_words_belong_and_words_where_files_belong_are_no_trouble(doors):
    for template, form in FORMS.items():
        for name in (*form.fields, form.file):
            if not name:
                continue
            others = {key: value for key, value in form.fields.items() if key != name}
            before = await amounts()

            as_file = await doors.send_raw(
                template, multipart(others, name, b"\x00\xff" * 50, b"a\xe9.json"), MULTIPART
            )
            as_text = await doors.send_raw(template, multipart({**others, name: "no file"}), MULTIPART)

            for answer in (as_file, as_text):
                assert not unclear(answer), (template, name, answer.status_code)
                assert answer.status_code < 400 or answer.status_code in (400, 404, 409, 415, 422), (template, name)
            if as_file.status_code >= 400 and as_text.status_code >= 400:
                assert await amounts() == before, (template, name)


async def test_an_uploads_name_is_shown_as_it_was_written(doors):
    file = b'[{"href": "https://one.example/", "description": "one"}]'
    sent = await doors.send_raw("/settings/import", multipart({}, "file", file, "закладки-技.json".encode()), MULTIPART)

    page = Reading((await doors.ana.browser.get(sent.headers["location"])).text)

    assert page.one("h1").text == "закладки-技.json"


@ONCE
async def test_no_form_of_another_site_is_taken_by_any_door(doors):
    cookie = doors.cookie
    before = [await fetch("SELECT * FROM bookmark"), await amounts()]
    failures = []
    for template in (*FORMS, *BUTTONS, *INBOXES, *QUESTIONS):
        form = FORMS.get(template, FormOf())
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "https://other.a.example"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://a.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "https://a.example.evil.example"},
            {"Origin": "http://a.example"},
            {},
        ):
            status, _, text = await raw(
                doors.server, "POST", doors.at(template).encode(), {**headers, "Cookie": cookie}, encoded(form.fields)
            )
            if status != 403 or "another site" not in text:
                failures.append(f"{template} with {headers} → {status}")

    assert not failures, "\n".join(failures)
    assert [await fetch("SELECT * FROM bookmark"), await amounts()] == before


async def raw(
    server: Server, method: str, path: bytes, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, str], str]:
    """One request with every octet as given, as no careful client would send it."""
    target, _, query = path.partition(b"?")
    names = {"host": "a.example", "content-type": "application/x-www-form-urlencoded"}
    names |= {name.lower(): value for name, value in (headers or {}).items()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        # What uvicorn does: replaces what it cannot read.
        "path": httpx.URL(scheme="https", host="x").path if not target else target.decode("utf-8", "replace"),
        "raw_path": target,
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in names.items()],
        "client": ("192.0.2.9", 9),
        "server": ("a.example", 443),
    }
    sent = [{"type": "http.request", "body": body, "more_body": False}]
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return sent.pop(0) if sent else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)

    await server.asgi(scope, receive, send)
    heads = {name.decode("latin-1"): value.decode("latin-1") for name, value in told[0]["headers"]}
    return told[0]["status"], heads, b"".join(m.get("body", b"") for m in told[1:]).decode("utf-8", "replace")


NO_ADDRESSES = (
    (b"/t/%FF", 400),
    (b"/t/\xff", 400),
    (b"/%", 400),
    (b"/t/100%", 400),
    (b"/u/%zz", 400),
    (b"/t/%ED%A0%80", 400),
    (b"/u/ana/t/a%00b", 400),
    (b"/%C0%AF", 400),
    (b"/static/%2e%2e/%2e%2e/app.py", 404),
    (b"/static/..%2f..%2fapp.py", 404),
    (b"/static/../routes.py", 404),
    (b"/static/", 404),
    (b"/static", 404),
    (b"/avatars/..%2f..%2ffedimark.sqlite3", 404),
    (b"//evil.example/", 404),
    (b"/nowhere", 404),
    (b"/u", 404),
    (b"/u/", 404),
    (b"/u/nobody", 404),
    (b"/u/ana/nothing", 404),
    (b"/u/ana/", 404),
    (b"/u/%2E%2E", 404),
    (b"/t/", 404),
    (b"/t/..", 404),
    (b"/t/.", 404),
    (b"/t/%2E%2E%2E", 404),
    (b"/t/,", 404),
    (b"/t/a,,b", 404),
    (b"/t/a,b,c,d,e,f,g,h,i", 404),
    (b"/t/" + b"a" * 60_000, 404),
    (b"/" + b"a/" * 30_000, 404),
    (b"/url/" + b"%E6%97%A5" * 5_000, 404),
    (b"/url/zz", 404),
    (b"/url/" + b"0" * 40, 404),
    (b"/url/" + b"f" * 32, 404),
    (b"/u/ana/b/%E2%80%AE", 404),
    (b"/settings/import/1", 404),
    (b"*", 404),
)


@ONCE
async def test_an_address_that_cannot_be_is_answered_plainly(doors):
    for path, status in NO_ADDRESSES:
        for accept in ("text/html", "application/activity+json", "application/json"):
            headers = {"Accept": accept}
            if path.startswith(b"/settings"):
                headers["Cookie"] = doors.cookie

            answered, _, text = await raw(doors.server, "GET", path, headers)

            assert answered == status, (path[:60], text[:300])
            assert "Traceback" not in text, path[:60]
            if accept == "text/html":
                page = Reading(text)
                assert page.astray == [], path[:60]
                assert page.one("h1").text.strip(), path[:60]


@ONCE
async def test_a_method_an_address_does_not_take_is_answered_with_those_it_takes(doors):
    table = [route for route in routes() if isinstance(route, Route)]
    for route in table:
        path = doors.at(route.path.replace(":segment", "").replace(":path", "")).replace("{tags}", "sql")
        taken = {method for other in table if other.path_regex.match(path) for method in other.methods or ()}
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"} - taken:
            status, heads, text = await raw(doors.server, method, path.encode(), {"Sec-Fetch-Site": "same-origin"})

            assert status == 405, (method, path, status)
            assert set(heads["allow"].replace(" ", "").split(",")) == route.methods, (method, path)
            assert "Traceback" not in text


HOSTILE_QUERIES = (
    "before=", "before=1", "before=1-", "before=-1-a", "before=1-a&before=2-b", "before=" + "9" * 18 + "-a",
    "before=" + "9" * 19 + "-a", "before=" + "9" * 5_000, "after=1-" + "a" * 41, "before=%00", "before=1-%00",
    "before=١-a", "before=1-é", "after=%FF", "before=1-a&after=2-b", "before=1-'%20OR%201=1--", "page=%00",
    "page=first", "page=" + "9" * 18 + "-" + "a" * 13, "page=" + "9" * 40, "url=%00", "url=%FF",
    "url=javascript:alert(1)",
    "url=http://[::1", "url=http://" + "a" * 20_000, "url=https://a.example:99999/", "url=http://%00/", "resource=%00",
    "resource=acct:%00@a.example", "resource=acct:%FF@a.example", "resource=acct:" + "a" * 60_000 + "@a.example",
    "resource=https://a.example/u/%00", "resource=http://[", "resource=@@@@", "next=//evil.example", "next=%00",
    "invite=%00%FF", "invite=" + "a" * 60_000, "saved=%00", "done=%00", "title=%00&url=https://a.example/",
    "&&&===", "%", "%zz=%zz", "a" * 60_000, "=" * 1_000, "\xe9=\xff",
)  # fmt: skip
PAGES = (
    "/", "/recent", "/network", "/t/sql", "/t/sql,database", "/u/ana", "/u/ana/t/sql", "/u/ana/public",
    "/u/ana/starred", "/url/", "/add", "/sign-in", "/sign-up", "/settings", "/settings/password", "/settings/sessions",
    "/settings/keys", "/settings/invites", "/settings/leave", "/settings/tags", "/settings/import",
    "/settings/export.json",
    "/followers", "/.well-known/webfinger", "/actor", "/u/ana/outbox", "/u/ana/followers", "/setup",
)  # fmt: skip


@ONCE
async def test_hostile_query_strings_break_no_page(doors):
    cookie = doors.cookie
    failures = []
    for page in (*PAGES, doors.path):
        for query in HOSTILE_QUERIES:
            for headers in ({"Cookie": cookie}, {}):
                status, heads, text = await raw(
                    doors.server, "GET", f"{page}?".encode() + query.encode("latin-1", "ignore"), headers
                )
                location = heads.get("location", "/")
                if status >= 500 or "Traceback" in text or "<script>alert" in text:
                    failures.append(f"{page}?{query[:60]} → {status}")
                if not location.startswith("/") or location.startswith("//"):
                    failures.append(f"{page}?{query[:60]} leads to {location}")

    assert not failures, "\n".join(failures)


@ONCE
async def test_hostile_headers_break_no_page(doors):
    name = cookie_name(doors.server.here.settings)
    cookie = doors.cookie
    failures = []
    for headers in (
        {"Host": ""},
        {"Host": "["},
        {"Host": "[::1"},
        {"Host": "evil.example"},
        {"Host": "evil.example/a?b#c"},
        {"Host": "a.example:99999999"},
        {"Host": "\xff\xfe"},
        {"Host": "x" * 60_000},
        {"Host": '"><script>alert(1)</script>'},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "not an address", "Forwarded": "for=["},
        {"Accept": ""},
        {"Accept": ","},
        {"Accept": ";;;=,q"},
        {"Accept": "text/html;q=nan, application/activity+json;q=inf"},
        {"Accept": "text/html;q=-1;q=1e999"},
        {"Accept": "application/activity+json;q=" + "9" * 10_000},
        {"Accept": "a/b," * 12_000},
        {"Accept": "\xff"},
        {"Cookie": "="},
        {"Cookie": name},
        {"Cookie": f"{name}="},
        {"Cookie": f"{name}=\xff\xfe"},
        {"Cookie": f"{name}={'x' * 60_000}"},
        {"Cookie": f"{name}=a; {cookie}"},
        {"Cookie": ";" * 60_000},
        {"If-None-Match": '"', "If-Modified-Since": "never", "Range": "bytes=9-1,,"},
        {"User-Agent": "<script>alert(1)</script>\xff"},
        {"Content-Length": "9" * 4_000},
        {"Referer": "javascript:alert(1)", "Accept-Language": "x" * 9_000, "Accept-Encoding": "br;q=x"},
    ):
        for page in (*PAGES, doors.path, "/static/fedimark.css", "/nowhere"):
            status, heads, text = await raw(doors.server, "GET", page.encode(), {"Cookie": cookie, **headers})
            told = text + json.dumps(heads)
            if status >= 500 or "Traceback" in told or "evil.example" in told or "<script>alert" in told:
                failures.append(f"{page} with {str(headers)[:80]} → {status}")

    assert not failures, "\n".join(failures)


@ONCE
@pytest.mark.parametrize("host", ["[", "[::1", "a b", "\xff", "x:y:z", ""])
async def test_a_strange_host_does_not_open_the_set_up(fleet, host):
    server = await fleet.server("127.0.0.1")

    form = encoded({**PERSON, "code": "guess"})
    for method in ("GET", "POST"):
        status, _, text = await raw(
            server,
            method,
            b"/setup",
            {"Host": host, "Sec-Fetch-Site": "same-origin"},
            form if method == "POST" else b"",
        )

        assert status == (200 if method == "GET" else 422), text[:300]
    assert await _people(server) == 0


async def _people(server: Server) -> int:
    async with entered(server.here):
        return (await amounts())["account"]


NOT_TO_BE_SAVED = (
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "VbScript:msgbox(1)",
    "data:,x",
    "blob:https://a.example/x",
    "about:blank",
    "chrome://settings",
    "view-source:https://a.example/",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    " https://a.example/ b",
    "https://",
    "https:///",
    "http:a.example",
    "//a.example/",
    "a.example",
    "nonsense",
    "https://[::1",
    "https://a.example:99999/",
    "https://a b/",
    "https://\u3000/",
    "https://.../",
    "https://a.example/" + "x" * 8_000,
    "https://xn--\xff/",
)


async def test_an_address_nobody_can_save_is_refused_beside_its_field_and_the_rest_stays(doors):
    before = await amounts()

    for url in NOT_TO_BE_SAVED:
        answer = await doors.send("/add", {**BOOKMARK, "url": url})

        page = Reading(answer.text)
        assert answer.status_code == 422, url
        assert page.one(kind="wrong").get("id") == "url-wrong", url
        assert page.form("/add").values()["description"] == BOOKMARK["description"], url
        assert page.form("/add").values()["tags"] == BOOKMARK["tags"], url
    assert await amounts() == before


@ONCE
async def test_a_bookmarklet_is_text_on_every_page(doors):
    url = "javascript:alert(document.cookie);'<b>'"
    plain = {**BOOKMARK, "title": "a bookmarklet", "tags": "tools", "back": "", "jump": "", "next": ""}
    sent = await doors.send("/add", {**plain, "url": url})
    assert sent.status_code == 303

    shown = 0
    for browser in (doors.ana.browser, doors.server.browser()):
        async for path, page in every_page(browser):
            targets = [e.get(name) for e in page.walk() for name in ("href", "src", "action", "formaction")]
            runs = [t for t in targets if t.strip().lower().startswith(("javascript:", "data:", "vbscript:"))]
            assert not runs or path == "/settings/bookmarklets", path  # there they are what one came for
            shown += url in page.one("main").text
    assert shown > 4
    note = await doors.server.browser().get(sent.headers["location"], headers={"Accept": "application/activity+json"})
    assert note.status_code == 404
    assert "javascript" not in (await doors.server.browser().get("/u/ana/outbox?page=first")).text


SAID = "</title></textarea><script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>&lt;b&gt;&amp;"
BARE = "https://bare.example/a?b=1&c=2"
MARKED = '<a href="https://marked.example/">x</a> [y](https://markdown.example/) javascript:alert(1) {{7*7}}'
BARE_ONES = {BARE, "https://marked.example/", "https://markdown.example/"}
MARKUP = f"{SAID} {BARE} {MARKED}"
HOSTS = {
    "",
    "a.example",
    "tags.pub",
    "x.example",
    "ana.example",
    "postgresql.org",
    "bare.example",
    "marked.example",
    "markdown.example",
}
ALLOWED = {
    "html": {"lang", "data-theme", "data-descriptions"}, "head": set(), "body": set(), "title": set(), "style": None,
    "meta": {"charset", "name", "content", "http-equiv", "property"},
    "link": {"rel", "href", "type", "title", "media"},
    "script": {"src", "defer"}, "base": None,
    "a": {"href", "class", "rel", "title", "aria-current", "dir", "download"},
    "header": {"class"}, "footer": set(),
    "div": {
        "class", "role", "id", "dir", "data-close", "data-look", "hx-post", "hx-include", "hx-trigger", "hx-swap",
        "hx-swap-oob",
    },
    "svg": {"viewbox", "aria-hidden", "aria-label", "role", "class", "preserveaspectratio"}, "g": {"class"},
    "path": {"fill", "d", "stroke-width", "class", "pointer-events"},
    "circle": {"cx", "cy", "r"}, "nav": {"aria-label", "class"}, "ul": {"class"},
    "li": {"class", "dir", "id"},
    "form": {"class", "id", "data-adds", "aria-label", "action", "method", "role", "enctype"},
    "label": {"class", "for"}, "hr": set(), "br": set(),
    "input": {
        "id", "name", "type", "value", "inputmode", "placeholder", "autocomplete", "autocapitalize", "spellcheck",
        "data-slash", "dir", "required", "autofocus", "maxlength", "autocorrect", "aria-describedby", "aria-invalid",
        "checked", "list", "form", "accept", "class", "tabindex", "aria-hidden", "readonly", "aria-label",
    },
    "textarea": {"id", "name", "rows", "dir", "aria-describedby", "aria-invalid"},
    "fieldset": {"class", "aria-describedby", "aria-invalid"},
    "legend": set(), "select": {"id", "name", "aria-describedby", "aria-invalid"}, "option": {"selected", "value"},
    "button": {
        "id", "class", "type", "title", "name", "value", "tabindex", "aria-hidden", "formnovalidate", "form",
        "formaction", "lang", "aria-current", "aria-label",
    },
    "details": {"class", "open"}, "summary": {"aria-label", "class", "title"}, "main": {"id", "class"},
    "aside": {"aria-label"}, "section": {"class", "id", "hx-swap-oob"}, "article": {"class"}, "h1": {"class"},
    "h2": {"class"}, "h3": set(), "small": set(), "ol": {"class", "id", "hx-swap-oob"},
    "p": {"class", "role", "id", "dir", "aria-live", "data-told", "data-failed"},
    "span": {"class", "aria-hidden", "dir", "title", "data-copy"},
    "dl": {"class", "role"}, "dt": set(), "dd": {"class"}, "strong": {"class", "dir"}, "b": set(), "code": set(),
    "datalist": {"id"}, "data": {"class", "value"}, "kbd": set(), "pre": {"tabindex"},
    "time": {"class", "datetime", "title"}, "img": {"class", "src", "alt", "width", "height"}, "table": set(),
    "caption": {"class"}, "thead": set(), "tbody": set(), "tr": set(), "th": {"scope", "class"},
    "td": {"class", "dir"}, "noscript": set(), "figure": set(), "figcaption": set(),
    "progress": {"data-again", "id", "max", "value"},
}  # fmt: skip


async def every_page(browser: httpx.AsyncClient) -> AsyncIterator[tuple[str, Reading]]:
    """Every page somebody reaches by following links from a few, each address once; pages of errors too."""
    waiting = ["/", "/recent", "/network", "/u/ana", "/add", "/settings", "/settings/import", "/followers", "/sign-in"]
    waiting += ["/sign-up", "/nowhere", "/u/ana/private"]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = await browser.get(path, follow_redirects=True)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page = Reading(answer.text)
        yield path, page
        links = [a.get("href") for a in page.all("a")]
        waiting += [link for link in links if link.startswith("/") and not link.startswith("/url/?")]
        waiting += [path.partition("?")[0] + link for link in links if link.startswith("?")]
        assert len(seen) < 1_000


def unexpected(page: Element) -> Iterator[str]:
    """Elements and attributes that no template of ours writes."""
    for e in page.walk():
        allowed = ALLOWED.get(e.name)
        if allowed is None:
            yield f"<{e.name}>"
        else:
            yield from (f"<{e.name} {name}>" for name, _ in e.attributes if name not in allowed)


@ONCE
async def test_html_in_every_field_is_text_on_every_page(doors):
    # Given markup in everything one can write
    browser, ana = doors.ana.browser, doors.ana
    url = "https://x.example/?q=\"'><script>alert(1)</script>"
    tag, private = '"><script>alert(1)</script>', ".<img/src=x>"
    whole = {"title": SAID, "description": MARKUP, "tags": f"{tag} {private} sql", "private_note": MARKUP}
    for visibility in ("public", "private"):
        form = {"url": f"{url}{visibility}", **whole, "visibility": visibility}
        assert (await doors.send("/add", form)).status_code == 303
    profile = {**PROFILE, "name": SAID[:100], "bio": MARKUP, "field_name_1": SAID, "field_value_1": MARKUP[:255]}
    assert (await doors.send("/settings", profile)).status_code == 303
    rows = [{"href": "javascript", "description": SAID}, {"href": url, "description": SAID, "extended": MARKUP}]
    upload = multipart({}, "file", json.dumps(rows).encode(), SAID.replace('"', "").encode())
    assert (await doors.send_raw("/settings/import", upload, MULTIPART)).status_code == 303
    login = {"username": "ana", "password": PASSWORD}
    other = await doors.server.browser().post("/sign-in", data=login, headers={"User-Agent": SAID})
    assert other.status_code == 303
    await doors.server.people["bo"].follow(ana)

    # When everybody looks at everything
    pages, shown = 0, 0
    for looker in (browser, doors.server.people["bo"].browser, doors.server.browser()):
        async for path, page in every_page(looker):
            pages += 1

            # Then nothing of it became an element or an attribute
            assert page.astray == [], path
            assert [*unexpected(page)] == [], path
            scripts = {e.get("src").partition("?")[0].removeprefix("/static/") for e in page.all("script")}
            assert scripts <= {"fedimark.js", "form.js", "htmx.min.js"}, path
            for e in page.walk():
                target = e.get("href") or e.get("src") or e.get("action") or e.get("formaction") or "/"
                if path == "/settings/bookmarklets" and target.startswith("javascript:void"):
                    continue  # what one came for
                assert target.startswith(("/", "?", "#", "https://")), (path, target)
                assert urlsplit(target).netloc in HOSTS, (path, target)

            # And of what it says only the bare address became a link
            for said in page.all("p", "p-summary"):
                if "onerror" in said.text:
                    shown += 1
                    assert said.text == MARKUP, path
                    assert {a.get("href") for a in said.all("a")} <= BARE_ONES, path
            for title in page.all(kind="p-name"):
                if "alert" in title.text and title.name in ("a", "span") and not title.all("span", "here"):
                    assert title.text in (SAID, tag), path
    assert pages > 60
    assert shown > 10


@ONCE
@pytest.mark.parametrize("template", ["/add", "/settings", "/sign-in", "/network/follow", "/settings/tags/rename"])
async def test_a_form_shown_again_shows_markup_as_text(doors, template):
    form = FORMS[template]
    bad = dict.fromkeys(form.fields, SAID)

    page = Reading((await doors.send(template, bad)).text)

    assert page.astray == []
    assert [*unexpected(page)] == []
    again = [e for e in page.all("input") + page.all("textarea") if SAID in (e.get("value"), e.text.removeprefix("\n"))]
    assert again
    assert not [e for e in page.all("input") if e.get("type") == "password" and e.get("value")]


async def test_what_is_too_long_is_cut_as_pinboard_cuts_it(doors):
    words = " ".join(f"tag{number}{'t' * 300}" for number in range(150))
    long = {"url": "https://long.example/", "title": "t" * 400, "description": "d" * 70_000, "tags": words}

    sent = await doors.send("/add", long)

    row = await fetch_one("SELECT * FROM bookmark WHERE url = ?", "https://long.example/")
    assert sent.status_code == 303
    assert row is not None
    assert (len(row["title"]), len(row["description"])) == (255, 65_536)
    assert [len(tag) for tag in row["tags"].split()] == [255] * 100


async def test_characters_no_table_or_page_can_hold_are_left_out_and_all_others_kept(doors):
    kept = "a\U0001f600\u202e\u2066𝔘\u0301 日本\ufdd0"
    sent = await doors.send("/add", {"url": "https://odd.example/", "title": f"\x01{kept}\x1b\ufffe"})
    assert sent.status_code == 303

    page = Reading((await doors.ana.browser.get(sent.headers["location"])).text)

    assert page.one(kind="p-name").text == kept


def test_the_table_of_elements_names_none_that_is_never_allowed():
    with suppress(KeyError):
        assert ALLOWED["style"] is None
    assert not [
        name for allowed in ALLOWED.values() for name in allowed or () if name.startswith("on") or name == "style"
    ]
