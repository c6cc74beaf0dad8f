"""Who asks for a document, by what the request claims: which shape they get, and whom we answer nothing."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute
from fedimark.moderation import domains

AS2 = "application/activity+json"
PAGE = "https://example.org/page"


def cavage(key_id: str) -> dict[str, str]:
    """The header of a request that claims this key."""
    said = 'algorithm="rsa-sha256",headers="(request-target) host date",signature="AAAA"'
    return {"Signature": f'keyId="{key_id}",{said}'}


def rfc9421(key_id: str) -> dict[str, str]:
    """The same with the other scheme; another signature, of a proxy that names no key, comes first."""
    inputs = f'proxy=("@method");created=1, sig1=("@method" "@target-uri");created=1;keyid="{key_id}"'
    return {"Signature-Input": inputs, "Signature": "proxy=:AAAA:, sig1=:AAAA:"}


SCHEMES = pytest.mark.parametrize("signed", [cavage, rfc9421])


async def runs(host: str, software: str) -> None:
    """We learned what software a server runs."""
    sql = "INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, '', 0, ?, 1, 1)"
    await execute(sql, host, software)


async def asked(person: Any, path: str, headers: dict[str, str]) -> Any:
    """The answer to a server that asks."""
    client = person.server.client
    return await client.get(path, headers={"Accept": AS2, "User-Agent": "http.rb/5.2", **headers})


@pytest.fixture
async def path(ana) -> str:
    """Where ana's one bookmark is."""
    saved = await ana.save(PAGE, title="A page", tags="neural-net")
    return f"/u/ana/b/{saved.public_id}"


def shape(answer: Any) -> tuple[str | None, str]:
    """What tells the shapes apart: the name, and how the Hashtag is spelled."""
    note = answer.json()
    return note.get("name"), note["tag"][0]["name"]


# --- shapes ----------------------------------------------------------------------------------------------------


@SCHEMES
@pytest.mark.parametrize(
    ("software", "expected"),
    [
        ("gotosocial", (None, "#NeuralNet")),
        ("lemmy", ("A page", "#NeuralNet")),
        ("betula", ("A page", "#neural-net")),
        ("fedimark", ("A page", "#neural-net")),
    ],
)
async def test_a_server_that_signs_gets_the_shape_of_its_software(ana, path, signed, software, expected):
    await runs("peer.example:8443", software)

    answer = await asked(ana, path, signed("https://PEER.example:8443/actor#main-key"))

    assert shape(answer) == expected


async def test_an_unknown_server_gets_a_note_without_a_name(ana, path):
    answer = await asked(ana, path, cavage("https://peer.example/actor#main-key"))

    assert shape(answer) == (None, "#NeuralNet")


@pytest.mark.parametrize("software", [None, ""])
async def test_where_its_software_is_not_known_the_user_agent_counts(ana, path, software):
    if software is not None:
        await runs("peer.example", software)

    answer = await asked(ana, path, {**cavage("https://peer.example/key"), "User-Agent": "Betula/1.4"})

    assert shape(answer) == ("A page", "#neural-net")


async def test_what_a_server_says_it_runs_counts_more_than_its_user_agent(ana, path):
    await runs("peer.example", "mastodon")

    answer = await asked(ana, path, {**cavage("https://peer.example/key"), "User-Agent": "Omnom-fetcher"})

    assert shape(answer) == (None, "#NeuralNet")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "keyId",
        "sig1=:AAAA:",
        cavage("ftp://peer.example/key")["Signature"],
        cavage("https://[/key")["Signature"],
        cavage("https://peer.example:0x/key")["Signature"],
    ],
)
async def test_a_signature_nobody_can_read_is_none(ana, path, said):
    await runs("peer.example", "lemmy")

    answer = await asked(ana, path, {"Signature": said, "User-Agent": "Betula"})

    assert shape(answer) == ("A page", "#neural-net")


async def test_each_shape_has_an_etag_of_its_own(ana, path):
    for software in ("mastodon", "lemmy", "betula"):
        await runs(f"{software}.example", software)
    readers = [cavage(f"https://{name}.example/actor#key") for name in ("mastodon", "lemmy", "betula")]

    tags = [(await asked(ana, path, reader)).headers["etag"] for reader in readers]

    assert len(set(tags)) == 3
    for reader, own in zip(readers, tags, strict=True):
        again = [(await asked(ana, path, {**reader, "If-None-Match": tag})).status_code for tag in tags]
        assert again == [304 if tag == own else 200 for tag in tags]
    answer = await asked(ana, path, readers[0])
    assert {"Signature", "Signature-Input", "User-Agent"} <= set(answer.headers["vary"].split(", "))


async def test_a_document_asks_nobody_else(ana, path, fleet):
    await asked(ana, path, cavage("https://peer.example/actor#main-key"))

    assert fleet.network.requests == []


# --- blocked domains -------------------------------------------------------------------------------------------

REFUSED = (
    "/u/ana",
    "/u/ana.json",
    "{note}",
    "{note}/replies",
    "{note}/replies?page=first",
    "/u/ana/outbox",
    "/u/ana/outbox?page=first",
    "/u/ana/followers",
    "/u/ana/following",
    "/u/ana/featured",
    "/u/ana/tags",
)
OPEN = (
    "/actor",
    "/actor/outbox",
    "/actor/featured",
    "/.well-known/webfinger?resource=acct:ana@a.example",
    "/.well-known/nodeinfo",
    "/.well-known/host-meta",
    "/nodeinfo/2.1",
)


@SCHEMES
async def test_documents_are_refused_to_a_blocked_domain(ana, path, signed):
    await domains.block_domain("bad.example")

    answers = {
        each: await asked(ana, each.format(note=path), signed("https://social.bad.example/actor#main-key"))
        for each in REFUSED
    }

    assert {each: answer.status_code for each, answer in answers.items()} == dict.fromkeys(REFUSED, 403)
    assert not [each for each, answer in answers.items() if "A page" in answer.text or "example.org" in answer.text]


async def test_what_a_blocked_domain_has_already_is_refused_too(ana, path):
    reader = cavage("https://bad.example/actor#main-key")
    tag = (await asked(ana, path, reader)).headers["etag"]
    await domains.block_domain("bad.example")

    answer = await asked(ana, path, {**reader, "If-None-Match": tag})

    assert answer.status_code == 403


async def test_the_server_itself_answers_everybody(ana):
    await domains.block_domain("bad.example")

    answers = [await asked(ana, each, cavage("https://bad.example/actor#main-key")) for each in OPEN]

    assert [answer.status_code for answer in answers] == [200] * len(OPEN)


async def test_everybody_else_reads_on(ana, path):
    await domains.block_domain("bad.example")

    for reader in ({}, cavage("https://good.example/actor#main-key"), {"Signature": "bad.example"}):
        statuses = [(await asked(ana, each.format(note=path), reader)).status_code for each in REFUSED]
        assert statuses == [200] * len(REFUSED)


async def test_a_page_is_for_everybody(ana, path):
    await domains.block_domain("bad.example")

    reader = {**cavage("https://bad.example/actor#main-key"), "Accept": "text/html"}
    pages = [await asked(ana, each, reader) for each in ("/u/ana", path)]

    assert [page.status_code for page in pages] == [200, 200]
