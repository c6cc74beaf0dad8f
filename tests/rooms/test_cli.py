"""The command line, as scripts use it: names, exit codes, and what it prints."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import closing
from hashlib import sha1
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from fedimark.cli import commands
from fedimark.importing.chunks import ROWS
from fedimark.settings import BadSettings, read
from tests.support.commands import Forked
from tests.support.processes import FEDIMARK, Process, free_port
from tests.support.storage import Storage

COMMANDS = ["serve", "worker", "migrate", "account", "save", "edit", "remove", "import", "export", "timeline"]
COMMANDS += [
    "counts",
    "follow",
    "unfollow",
    "domain",
    "relay",
    "stream",
    "link",
    "mute",
    "resume",
    "backup",
    "restore",
    "move-to",
    "doctor",
]
ROW = {
    "href": "https://example.org/1",
    "description": "One",
    "time": "2018-12-12T18:00:00Z",
    "tags": "a",
    "shared": "yes",
}


@pytest.fixture
async def cli(database: Storage, tmp_path: Path) -> AsyncIterator[Process]:
    """A server that is not running yet, with an empty, migrated database: its commands are `cli.run(...)`."""
    process = Forked(tmp_path, {"FEDIMARK_DATABASE_URL": await database.new()})
    yield process
    process.stop()


def add(cli: Process, name: str) -> None:
    done = cli.run("account", "add", name, "--password-stdin", given="a long enough password\n")
    assert done.returncode == 0, done.stderr


def line(cli: Process, *arguments: str) -> str:
    done = cli.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_pages_show_is_listed_and_what_cannot_be_had_is_said_in_a_line(cli):
    add(cli, "ana")
    assert line(cli, "stream", "list", "--json") == "[]"

    tag = f"#sql@127.0.0.1:{free_port()}"
    for command in (("stream", "add", "sql", tag), ("follow", tag, "--user", "ana")):
        done = cli.run(*command)
        assert (done.returncode, done.stderr.strip()) == (1, "fedimark: The other server did not answer")
    done = cli.run("stream", "remove", "sql", tag)
    assert (done.returncode, done.stdout) == (1, "")


def test_whose_bookmarks_tags_pass_on_is_said_and_chosen(cli):
    ours = "Tags pass on what people of this server save."
    others = "Tags pass on what people of this server save, and what people elsewhere save who let it."

    assert line(cli, "stream", "pass-on") == ours
    assert line(cli, "stream", "pass-on", "others") == line(cli, "stream", "pass-on") == others
    assert cli.run("stream", "pass-on", "everybody").returncode == 2
    assert line(cli, "stream", "pass-on", "ours") == line(cli, "stream", "pass-on") == ours


def test_servers_in_quarantine_are_listed_and_none_is_let_in_that_is_not_there(cli):
    assert line(cli, "domain", "quarantine", "--json") == "[]"

    done = cli.run("domain", "let-in", "nowhere.example")

    assert (done.returncode, done.stderr.strip()) == (1, "fedimark: nowhere.example is not in quarantine.")


def test_help_names_every_command():
    text = CliRunner().invoke(commands, ["--help"]).output

    for command in COMMANDS:
        assert re.search(rf"^  {command} ", text, re.MULTILINE), command


async def test_a_bookmark_is_saved_changed_and_removed(cli):
    add(cli, "ana")

    address = line(cli, "save", "https://sqlite.org/", "--user", "ana", "--title", "SQLite", "--tags", "sql db")
    again = line(cli, "edit", "https://sqlite.org/", "--user", "ana", "--description", "Small, fast.")
    (entry,) = json.loads(line(cli, "timeline", "--user", "ana", "--json"))
    exported = json.loads(line(cli, "export", "--user", "ana", "--format", "pinboard-json"))
    line(cli, "remove", "https://sqlite.org/", "--user", "ana")

    assert address == again
    assert re.fullmatch(rf"{cli.url}/u/ana/b/[a-z2-7]{{13}}", address)
    position = entry.pop("position")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", position)
    assert entry == {
        "url": "https://sqlite.org/",
        "canonical": "https://sqlite.org/",
        "title": "SQLite",
        "savers": [f"ana@{cli.host}"],
        "tags": ["sql", "db"],
    }
    assert (exported[0]["description"], exported[0]["extended"]) == ("SQLite", "Small, fast.")
    assert json.loads(line(cli, "timeline", "--user", "ana", "--json")) == []


async def test_people_of_one_server_follow_each_other_and_their_saves_merge(cli):
    add(cli, "ana")
    add(cli, "bo")
    line(cli, "save", "https://sqlite.org/", "--user", "bo", "--tags", "later")
    line(cli, "save", "https://sqlite.org/?utm_source=x", "--user", "ana", "--tags", "sql")

    assert "follow" in line(cli, "follow", f"@ana@{cli.host}", "--user", "bo")
    both = json.loads(line(cli, "timeline", "--user", "bo", "--json"))
    counts = json.loads(line(cli, "counts", "--json"))
    line(cli, "unfollow", "ana", "--user", "bo")

    assert [entry["savers"] for entry in both] == [[f"bo@{cli.host}", f"ana@{cli.host}"]]
    assert both[0]["url"] == "https://sqlite.org/"
    assert counts == {
        "bookmarks_local": 2,
        "bookmarks_remote": 0,
        "links": 1,
        "follows": {"requested": 0, "accepted": 1, "rejected": 0},
        "received_waiting": 0,
        "deliveries_waiting": 0,
        "deliveries_dead": 0,
    }


async def test_an_import_prints_its_counts_and_its_broken_rows(cli, tmp_path):
    add(cli, "ana")
    file = tmp_path / "pinboard.json"
    file.write_text(json.dumps([ROW, {**ROW, "href": "nowhere"}, {**ROW, "href": "https://example.org/2"}]))

    first = json.loads(line(cli, "import", str(file), "--user", "ana", "--json"))
    second = cli.run("import", str(file), "--user", "ana")

    (error,) = first.pop("errors")
    assert first.pop("import")
    assert first == {"new": 2, "known": 0, "changed": 0, "broken": 1}
    assert (error["row"], set(error)) == (2, {"row", "reason"})
    assert second.stdout == "0 new, 2 known, 0 changed, 1 broken\n"
    assert second.stderr.startswith("row 2: ")
    assert second.returncode == 0


@pytest.mark.processes
async def test_a_command_takes_an_import_back_and_a_preview_saves_nothing(cli, tmp_path):
    add(cli, "ana")
    file = tmp_path / "pinboard.json"
    file.write_text(json.dumps([{"href": f"https://{n}.example/", "description": str(n)} for n in range(3)]))

    looked = json.loads(line(cli, "import", str(file), "--user", "ana", "--preview", "--json"))
    seen = cli.run("import", str(file), "--user", "ana", "--preview").stdout.splitlines()
    name = json.loads(line(cli, "import", str(file), "--user", "ana", "--tags", "old", "--json"))["import"]
    taken = cli.run("undo-import", name, "--user", "ana")

    assert (looked["new"], looked["import"]) == (3, "")
    assert looked["samples"][1] == {
        "row": 2,
        "fate": "new",
        "url": "https://1.example/",
        "title": "1",
        "tags": "",
        "visibility": "public",
    }
    assert seen[0] == "3 new, 0 known, 0 changed, 0 broken"
    assert seen[2] == "row 2, new, public: https://1.example/\t1\t"
    assert len(seen) == 4
    assert taken.stdout.splitlines()[-1] == "3 removed, 0 restored, 0 left"
    assert cli.run("undo-import", name, "--user", "ana").returncode == 1


@pytest.mark.processes
async def test_whoever_looks_on_sees_how_far_an_import_and_an_export_are(tmp_path):
    cli = Forked(tmp_path)
    add(cli, "ana")
    file, taken = tmp_path / "pinboard.json", tmp_path / "taken.json"
    file.write_text(json.dumps([{**ROW, "href": f"https://example.org/{n}"} for n in range(700)]))

    shown = ""
    for command in (("import", str(file)), ("export", "--output", str(taken))):
        screen, terminal = pty.openpty()
        subprocess.run(
            [FEDIMARK, *command, "--user", "ana"], env=cli.environ, cwd=tmp_path, stderr=terminal, check=True
        )
        os.close(terminal)
        shown += os.read(screen, 100_000).decode()
        os.close(screen)

    assert "Looking at rows: 700" in shown, shown
    assert re.search(r"Importing .*100%", shown), shown
    assert re.search(r"Exporting .*100%", shown), shown
    assert len(json.loads(taken.read_text())) == 700


async def test_a_command_brings_an_archive_in_as_whole_as_the_page_does(cli, tmp_path):
    add(cli, "ana")
    file, taken = tmp_path / "archive.zip", tmp_path / "taken.zip"
    head = '{"fedimark": "bookmarks", "version": 1}'
    note = {"title": "A note", "text": "words", "created_at": "2020-01-01T00:00:00Z"}
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("fedimark.json", '{"fedimark": "archive", "version": 1}')
        made.writestr("bookmarks.jsonl", f'{head}\n{{"url": "https://one.example/", "title": "One"}}\n')
        made.writestr("notes.jsonl", json.dumps(note) + "\n")

    line(cli, "import", str(file), "--user", "ana")
    line(cli, "import", str(file), "--user", "ana")
    line(cli, "export", "--user", "ana", "--format", "fedimark-archive", "--output", str(taken))

    with zipfile.ZipFile(taken) as held:
        (kept,) = [json.loads(each) for each in held.read("notes.jsonl").splitlines()]
    assert {name: kept[name] for name in ("title", "text")} == {"title": "A note", "text": "words"}


async def test_an_archive_that_is_damaged_further_on_leaves_nothing_behind(cli, tmp_path):
    add(cli, "ana")
    rows = [{"href": f"https://{n}.example/", "description": sha1(b"%d" % n).hexdigest()} for n in range(3_000)]
    file = tmp_path / "pinboard.json.gz"
    file.write_bytes(gzip.compress(json.dumps(rows).encode())[:-5_000])

    refused = cli.run("import", str(file), "--user", "ana")

    assert (refused.returncode, "damaged" in refused.stderr) == (1, True)
    assert json.loads(line(cli, "counts", "--json"))["bookmarks_local"] == 0


def test_an_import_killed_midway_is_whole_after_another_try(tmp_path):
    cli = Forked(tmp_path)
    add(cli, "ana")
    file = tmp_path / "pinboard.json"
    file.write_text(json.dumps([{**ROW, "href": f"https://example.org/{n}"} for n in range(2_000)]))

    with subprocess.Popen([FEDIMARK, "import", str(file), "--user", "ana"], env=cli.environ, cwd=tmp_path) as running:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not saved_rows(tmp_path) and running.poll() is None:
            time.sleep(0.02)
        running.kill()
    before = saved_rows(tmp_path)
    again = json.loads(line(cli, "import", str(file), "--user", "ana", "--json"))

    assert before % ROWS == 0, "a chunk is whole or not there"
    assert (again["new"], again["known"], saved_rows(tmp_path)) == (2_000 - before, before, 2_000)


def saved_rows(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder}/data/fedimark.sqlite3?mode=ro", uri=True)) as database:
        count: int = database.execute("SELECT count(*) FROM bookmark").fetchone()[0]
        return count


@pytest.mark.parametrize(
    "arguments",
    [
        ("save", "https://example.org/", "--user", "nobody"),
        ("save", "example.org", "--user", "ana"),
        ("save", "https://example.org/", "--user", "ana", "--tags", "..."),
        ("edit", "https://example.org/unknown", "--user", "ana"),
        ("remove", "https://example.org/unknown", "--user", "ana"),
        ("follow", "not a handle", "--user", "ana"),
        ("follow", "@x@127.0.0.1:1", "--user", "ana"),
        ("unfollow", "bo", "--user", "ana"),
        ("account", "rotate-keys", "nobody"),
        ("account", "rotate-keys", ".instance"),
        ("account", "add", "ana"),
        ("account", "add", "No.Dots"),
        ("import", "/dev/null", "--user", "ana"),
    ],
)
async def test_what_is_refused_ends_with_1_and_one_plain_line(refusing, arguments):
    done = refusing.run(*arguments)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.match(r"fedimark: .+\n", done.stderr.splitlines(keepends=True)[-1])
    assert done.stdout == ""


@pytest.fixture(scope="module")
def refusing(tmp_path_factory) -> Process:
    """One server with one account, for everything that is refused anyway."""
    process = Forked(tmp_path_factory.mktemp("refusing"))
    add(process, "ana")
    return process


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("save",),
        ("save", "https://example.org/"),
        ("save", "https://example.org/", "--user", "ana", "--visibility", "everyone"),
        ("export", "--user", "ana", "--format", "xbel"),
        ("import", "/no/such/file", "--user", "ana"),
        ("serve", "--port", "many"),
        ("serve", "--workers", "0"),
    ],
)
def test_wrong_usage_ends_with_2(arguments):
    assert CliRunner().invoke(commands, arguments).exit_code == 2


def test_a_setting_that_cannot_be_meant_is_named(tmp_path):
    done = Forked(tmp_path, {"FEDIMARK_PAGE_SIZE": "many"}).run("counts")

    assert (done.returncode, "page_size" in done.stderr, done.stderr.count("\n")) == (1, True, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://marks example"),
        ("BASE_URL", "https://["),
        ("BASE_URL", "https://marks.example:99999"),
        ("HANDLE_DOMAIN", "marks.example/ana"),
        ("SIGN_IN_TRIES", "often"),
        ("FETCH_TOTAL_S", "nan"),
    ],
)
def test_a_slip_in_what_is_written_down_at_the_first_start_is_refused_before(name, value):
    with pytest.raises(BadSettings, match=name.lower()):
        read({f"FEDIMARK_{name}": value})


@pytest.mark.parametrize("value", ["https://marks.example", "http://[::1]:8000", "https://xn--mrks-loa.example:8443/"])
def test_an_address_of_any_host_is_a_base_url(value):
    assert read({"FEDIMARK_BASE_URL": value}).base_url == value.rstrip("/")


@pytest.mark.parametrize("command", [("counts",), ("migrate",), ("serve", "--port", "8000")])
def test_a_database_that_is_none_is_said_in_one_line(tmp_path, command):
    torn = tmp_path / "torn.sqlite3"
    torn.write_bytes(bytes(range(256)) * 16)
    nowhere = "postgres://nobody@127.0.0.1:1/none"

    for url in (f"sqlite://{torn}", nowhere):
        done = Forked(tmp_path, {"FEDIMARK_DATABASE_URL": url}).run(*command)

        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "The database does not answer" in done.stderr


def test_a_name_that_is_no_text_is_wrong_usage():
    assert CliRunner().invoke(commands, ["timeline", "--user", "a\udcff"]).exit_code == 2


def test_serving_to_others_without_a_base_url_is_refused(tmp_path):
    process = Forked(tmp_path)
    del process.environ["FEDIMARK_BASE_URL"]

    done = process.run("serve", "--host", "0.0.0.0", "--port", str(process.port))

    assert (done.returncode, "FEDIMARK_BASE_URL" in done.stderr) == (1, True)


def test_another_base_url_than_at_first_is_refused(tmp_path):
    process = Forked(tmp_path)
    add(process, "ana")
    process.environ["FEDIMARK_BASE_URL"] = f"http://127.0.0.1:{free_port()}"

    done = process.run("counts")

    assert (done.returncode, process.url in done.stderr) == (1, True)


def test_without_a_base_url_commands_know_what_the_server_was(tmp_path):
    process = Forked(tmp_path)
    add(process, "ana")
    del process.environ["FEDIMARK_BASE_URL"]

    assert line(process, "save", "https://example.org/", "--user", "ana").startswith(process.url)


def test_an_account_without_a_password_gets_one_that_is_printed(tmp_path):
    process = Forked(tmp_path)

    text = line(process, "account", "add", "ana")

    assert re.fullmatch(rf"@ana@{process.host} can sign in with the password \S{{16}}", text)


def test_a_key_is_made_anew_under_a_new_id(tmp_path):
    process = Forked(tmp_path)
    add(process, "ana")

    first = line(process, "account", "rotate-keys", "ana")
    second = line(process, "account", "rotate-keys", "ana")

    assert first != second
    for key_id in (first, second):
        assert re.fullmatch(rf"{process.url}/u/ana#key-[a-z2-7]{{13}}", key_id)


@pytest.mark.parametrize("arguments", [("--help",), ("counts",), ("timeline", "--user", "ana")])
def test_a_command_that_never_leaves_builds_no_way_out(refusing, arguments):
    # A client of other servers takes longer to import than most commands take to run.
    code = f"import sys; from fedimark.cli import commands; commands({arguments!r}, standalone_mode=False); "
    code += "print(sorted({'aiohttp', 'httpx', 'starlette'} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=refusing.environ,
        cwd=refusing.folder,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_migrate_says_what_it_did_and_then_that_nothing_is_left(tmp_path):
    process = Forked(tmp_path)

    assert "0001_tables" in line(process, "migrate")
    assert line(process, "migrate") == "The database is up to date."


@pytest.mark.processes
async def test_a_server_that_runs_says_where_and_acts_on_what_the_command_line_writes(cli):
    add(cli, "ana")
    with cli:
        line(cli, "save", "https://example.org/x", "--user", "ana", "--title", "From a script")
        page = httpx.get(f"{cli.url}/u/ana")

    assert "From a script" in page.text
    assert cli.url in cli.log.read_text()


@pytest.mark.processes
def test_the_first_start_without_any_setting_tells_what_to_do(tmp_path):
    process = Process(tmp_path)
    for name in [name for name in process.environ if name.startswith("FEDIMARK_")]:
        del process.environ[name]

    with process:
        assert httpx.get(process.url, follow_redirects=True).status_code == 200

    assert f"open {process.url}/" in process.log.read_text()
    assert (tmp_path / "var" / "fedimark.sqlite3").exists()


@pytest.mark.processes
def test_several_processes_serve_one_port_and_end_with_it(tmp_path):
    process = Process(tmp_path, arguments=("--workers", "2"))

    with process:
        assert {httpx.get(process.url, follow_redirects=True).status_code for _ in range(10)} == {200}
        taken = process.run("serve", "--port", str(process.port))

    assert taken.returncode == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(process.url)


async def test_pages_are_joined_shown_and_parted(cli):
    add(cli, "ana")
    line(cli, "save", "https://m.example.org/a", "--user", "ana")

    line(cli, "link", "join", "https://m.example.org/a", "https://example.org/a")
    joined = json.loads(line(cli, "link", "show", "https://m.example.org/a", "--json"))
    words = line(cli, "link", "show", "https://example.org/a")
    line(cli, "link", "part", "https://m.example.org/a")
    parted = json.loads(line(cli, "link", "show", "https://m.example.org/a", "--json"))

    assert (joined["is"], joined["why"]) == ("https://example.org/a", "admin")
    assert "alias: https://m.example.org/a  (admin)" in words
    assert (parted["is"], parted["why"]) == (None, "apart")
    assert cli.run("link", "show", "https://example.org/never").returncode == 1
