"""The pages beside the code say what the code does: rooms, settings, activities, the version."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import fields

import click
import pytest

import fedimark
import fedimark.cli
from fedimark.inbox.dispatch import HANDLERS
from fedimark.settings import Settings
from tests.house.tree import ROOT, modules, rooms, tracked_files, words

PAGES = ("README", "ARCHITECTURE", "FEDERATION", "CONTRIBUTING", "CHANGELOG", "SECURITY")
# How outbox names what it says: the activity's type stands in the call, as a plain word.
SAYS = {"say", "_say_answer", "say_to_followers"}
ACTIVITY = re.compile(r"[A-Z][A-Za-z]+")
# Written in pieces, or this file would be the first to break its own rule.
MACHINE_PATH = re.compile(r"(?<![\w.~$}/-])/(?:" + "work|root|(?:home|Users)/[a-z]+" + r")/\w")
INDEX_ADDRESS = re.compile(
    "|".join(("python" + r"hosted\.org", r"pypi\.org/" + "simple", r"(?<!emit)-index-url[ =]", "PIP_INDEX" + "_"))
)

# Sections of pages that no reader of this repository has; a bare section sign in brackets names nothing at all.
ELSEWHERE = re.compile(r"\b(?:DES" + r"IGN|PROTO" + r"COL|STA" + r"CK|BOOK" + r"MARKING)(?:\.md\b|,? §)|\(" + "§")


def kinds_sent() -> set[str]:
    """The activities that some line of outbox says."""
    return {
        argument.value
        for _, tree in modules("outbox")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYS
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and ACTIVITY.fullmatch(argument.value)
    }


def section(page: str, title: str) -> str:
    """What stands under a heading, up to the next heading of its rank."""
    found = re.search(rf"^(#+) [^\n]*{title}[^\n]*\n(.*?)(?=^\1 |\Z)", page, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    assert found is not None, f"no heading speaks of “{title}”"
    return found[2]


@pytest.mark.parametrize("page", PAGES)
def test_there_is_a_page(page: str) -> None:
    text = words(f"{page}.md")

    assert text.startswith("# ")
    assert text.endswith("\n")


def test_architecture_names_every_room() -> None:
    text = section(words("ARCHITECTURE.md"), "Codemap")

    named = set(re.findall(r"^- `(\w+)`", text, re.MULTILINE))

    assert rooms() - named == set()
    assert named - rooms() == set(), "rooms that do not exist"


def test_readme_names_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `FEDIMARK_(\w+)` \|([^|]*)\|", words("README.md"), re.MULTILINE)

    shown = {name: default.strip(" `") for name, default in rows}

    assert shown == {field.name.upper(): as_written(field.default) for field in fields(Settings)}


def test_readme_names_every_command() -> None:
    commands = words_of_commands(fedimark.cli.commands)

    shown = set()
    for row in re.findall(r"^\| (`fedimark [^|]+?) \|", words("README.md"), re.MULTILINE):
        first, *more = re.findall(r"`(?:fedimark|…) ([^`]+)`", row)
        group = first.split()[0]
        shown |= {first.split()[0], " ".join(first.split()[:2]), *(f"{group} {each.split()[0]}" for each in more)}

    assert commands - shown == set()


def words_of_commands(group: click.Group, before: str = "") -> set[str]:
    """Every command below a group, with the groups it stands in."""
    found = set()
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= words_of_commands(command, f"{before}{name} ")
        else:
            found.add(f"{before}{name}")
    return found


def as_written(default: object) -> str:
    """A default as one would write it in the environment."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def rows_of(title: str) -> set[str]:
    """The activities that the table under a heading of FEDERATION.md names in its first column."""
    first = re.findall(r"^\| ([^|]+) \|", section(words("FEDERATION.md"), title), re.MULTILINE)
    return {word for cell in first for word in re.findall(r"`([A-Z][A-Za-z]+)`", cell)}


def test_federation_names_every_activity_received() -> None:
    understood = {activity.__name__ for activity in HANDLERS}

    named = rows_of("received")

    assert named == understood


def test_federation_names_every_activity_sent() -> None:
    sent = kinds_sent()

    named = rows_of("sent")

    assert {"Create", "Update", "Delete", "Follow", "Undo", "Accept", "Reject"} <= sent
    assert named == sent


def test_the_changelog_tells_of_this_version() -> None:
    version = tomllib.loads(words("pyproject.toml"))["project"]["version"]

    assert version == fedimark.__version__
    assert re.search(rf"^## \[{re.escape(version)}\]", words("CHANGELOG.md"), re.MULTILINE)


def test_each_decision_has_a_number_of_its_own_and_all_are_built_alike() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert len({int(page.name[:4]) for page in pages}) == len(pages) > 40
    for page in pages:
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.name[:4]} ")
        assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], page.name


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in tracked_files()
        if file.suffix == ".md"
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text("utf-8"))
        if not (file.parent / target).exists()
    ]

    assert broken == []


def test_no_file_names_a_path_of_some_machine_or_a_package_index() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {hit[0]}"
        for file in tracked_files()
        if (text := file.read_bytes().decode("utf-8", "replace"))
        for pattern in (MACHINE_PATH, INDEX_ADDRESS)
        if (hit := pattern.search(text))
    ]

    assert found == []


def test_no_file_refers_to_a_page_that_is_not_here() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {hit[0]}"
        for file in tracked_files()
        for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").splitlines(), 1)
        if (hit := ELSEWHERE.search(line))
    ]

    assert found == []
