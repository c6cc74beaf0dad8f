"""Which shape of a Note a server gets, by what its NodeInfo says it runs."""

from __future__ import annotations

import json

import pytest

from fedimark.database import fetch, fetch_one
from fedimark.here import entered
from fedimark.outbox import profiles
from fedimark.outbox.notes import note
from fedimark.outbox.profiles import BOOKMARKS, FEDIMARK, LINK, MICRO, SMALL
from fedimark.vocab.objects import read_note

TAGS = "neural-net c++ 2024 🐍 .secret"


async def _row(person, **texts):
    await person.save("https://example.org/page", title="A page", description="Words.", tags=TAGS, **texts)
    row = await fetch_one("SELECT * FROM bookmark WHERE url = ?", "https://example.org/page")
    assert row is not None
    return row


async def test_what_nobody_knows_gets_a_note_without_a_name(server, ana):
    row = await _row(ana)

    said = note("ana", row)

    assert "name" not in said
    assert said["nameMap"] == {"en": "A page"}
    assert [tag["name"] for tag in said["tag"]] == ["#NeuralNet", "#CPlusPlus"]


async def test_a_server_of_links_gets_the_title_as_name(server, ana):
    row = await _row(ana)

    said = note("ana", row, LINK)

    assert said["name"] == "A page"
    assert [tag["name"] for tag in said["tag"]] == ["#NeuralNet", "#CPlusPlus"]


async def test_a_server_of_bookmarks_gets_the_tags_as_typed(server, ana):
    row = await _row(ana)

    said = note("ana", row, BOOKMARKS)

    assert said["name"] == "A page"
    assert [tag["name"] for tag in said["tag"]] == ["#neural-net", "#c++", "#2024", "#🐍"]


@pytest.mark.parametrize("profile", [MICRO, LINK, BOOKMARKS, SMALL, FEDIMARK])
async def test_no_shape_says_less_than_another(server, ana, profile):
    row = await _row(ana)

    read = read_note(note("ana", row, profile))

    assert (read.title, read.href, read.tags) == ("A page", "https://example.org/page", tuple(TAGS.split()[:-1]))
    assert read.source_text == "Words."
    assert ".secret" not in json.dumps(note("ana", row, profile))


async def test_only_fedimark_takes_a_description_of_full_length(server, ana):
    await ana.save("https://example.org/long", title="Long", description="word " * 13_000)
    row = await fetch_one("SELECT * FROM bookmark WHERE url = ?", "https://example.org/long")

    short, whole = note("ana", row, BOOKMARKS), note("ana", row, FEDIMARK)

    assert "source" not in short
    assert len(whole["source"]["content"]) == len(row["description"])


@pytest.mark.parametrize(
    ("software", "profile"),
    [
        ("mastodon", MICRO),
        ("gotosocial", MICRO),
        ("", MICRO),
        ("Lemmy", LINK),
        ("betula", BOOKMARKS),
        ("fedimark", FEDIMARK),
    ],
)
def test_software_decides_the_shape(software, profile):
    assert profiles.profile_of(software) == profile


async def test_each_server_is_sent_its_own_shape(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()

    await ana.save("https://example.org/page", title="A page", tags="neural-net")
    await fleet.settle()

    sent = [json.loads(request.content) for request in fleet.network.requests if request.method == "POST"]
    created = [document for document in sent if document["type"] == "Create"]
    assert [document["object"]["name"] for document in created] == ["A page"]
    assert created[0]["object"]["tag"][0]["name"] == "#neural-net"


async def test_what_a_server_runs_is_learned_from_itself_alone(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)

    await fleet.settle()

    async with entered(ana.server.here):
        rows = await fetch("SELECT host, software FROM peer")
    assert [(row["host"], row["software"]) for row in rows] == [("b.example", "fedimark")]


@pytest.mark.parametrize(
    ("user_agent", "profile"),
    [
        ("Betula/1.4", BOOKMARKS),
        ("Mozilla/5.0 (compatible; Omnom; +https://omnom.example/)", BOOKMARKS),
        ("fedimark/0.1 (+https://marks.example)", FEDIMARK),
        ("Mastodon/4.5 (http.rb/5.2; +https://parties.example/)", MICRO),
        ("Mastodon/4.5 (http.rb/5.2; +https://betula.example/)", MICRO),
        ("Lemmy/0.19 (+https://lemmy.example)", MICRO),
        ("", MICRO),
    ],
)
def test_a_user_agent_names_its_software_as_a_word_of_its_own(user_agent, profile):
    assert profiles.profile_for_agent(user_agent) == profile
