"""Documents of somebody proven who means no good: nothing of theirs breaks a page, a table, or a neighbour."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from fedimark.errors import Forbidden, Malformed, NotProven
from fedimark.here import MICROS, now
from fedimark.policy.visibility import Visibility
from fedimark.signatures import rfc9421
from fedimark.signatures.fields import content_digest
from fedimark.signatures.message import Message
from fedimark.vocab.objects import MOST_TAGS
from fedimark.vocab.terms import PUBLIC
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, amount, deliver, outcome
from tests.rooms.test_incoming import MARKS, changed, followed, kept
from tests.support.savers import assert_agreement

LINK = {"type": "Link", "href": "https://store.example/page"}


@pytest.fixture
async def marks(server, fleet, ana) -> Stranger:
    """Somebody of another fedimark, whom ana follows."""
    return await followed(ana, Stranger(fleet, MARKS))


@pytest.fixture
def create(wire) -> dict[str, Any]:
    """A Create of theirs."""
    return wire("fedimark/create_note")


# --- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"name": "<script>alert(1)</script>"},
        {"name": "&#0;&#xD800;\u202e", "source": {"content": "\x07\x0b", "mediaType": "text/plain"}},
        {"content": "<p>&#0; &#xD800; &#1;</p>", "source": None},
        {"content": "<b>" * 20_000, "source": None},
        {"fedimark:tags": [f"t{number}" for number in range(10_000)]},
        {"fedimark:tags": None, "tag": [{"type": "Hashtag", "name": f"#t{number}"} for number in range(10_000)]},
        {"fedimark:tags": ["x" * 100_000, ".private", "a\x07b", "…", "..", 5, None, {"a": 1}, "ﷺ" * 255]},
        {"tag": [{"type": "Hashtag", "name": "#ab", "href": "https://marks.example/t/a%00b"}], "fedimark:tags": None},
        {"attachment": [{"type": "Image"}] * 31 + [LINK] + [{"type": "Image"}] * 10_000},
        {"attachment": [{**LINK, "name": "x" * 100_000}], "nameMap": {"en": "\x07" * 5_000}},
        {"attachment": {"type": "Link", "href": "https://store.example/%00%ff"}, "name": ""},
        {"published": "9999-12-31T23:59:59Z", "updated": "9999-12-31T23:59:59Z"},
        {"published": "0001-01-01T00:00:00Z", "updated": "0001-01-01T00:00:00+23:59"},
        {"published": "1970-01-01T00:00:00Z", "updated": "1970-01-01T00:00:00Z"},
        {"url": 'https://marks.example/"><script>alert(1)</script>'},
        {"url": "https://[x/"},
        {"url": "javascript:alert(1)"},
        {"inReplyTo": [f"https://x.example/{number}" for number in range(900)]},
    ],
)
async def test_strange_words_fit_into_every_table_and_every_page(marks, ana, create, said):
    asked = await marks.do(changed(create, **said))

    assert asked in ("saved", "ignored")
    for row in await kept():
        assert row["saved_at"] <= now()
        assert len(row["tags"].split()) <= MOST_TAGS
        assert "\x00" not in "".join(str(value) for value in row.values())
        assert ".private" not in row["tags"].split()
        assert row["page_url"].startswith("https://marks.example/")
    for path in ("/network", "/recent"):
        page = await ana.browser.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "javascript:" not in page.text
    await assert_agreement()


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "data:text/html,x", "JaVaScRiPt:alert(1)", "vbscript:x", "//x"]
)
async def test_an_address_that_is_no_page_is_no_link(marks, ana, create, href):
    content = f'<p><a href="{href}">Read this</a></p>'

    assert await marks.do(changed(create, attachment=[{"type": "Link", "href": href}], content=content)) == "ignored"

    assert await kept() == []


@pytest.mark.parametrize(
    "body",
    [
        rb'{"type":"Like","actor":"%s","object":"https://a.example/u/ana","id":"%s/1","summary":"\ud800"}',
        rb'{"type":"Like","actor":"%s","object":"https://a.example/u/ana","id":"%s/1","summary":"\u0000"}',
        rb'{"type":"Like","actor":"%s","actor":"https://x.example/","object":"https://a.example/u/ana","id":"%s/1"}',
        rb'{"type":"Like","actor":"%s","object":' + b"[" * 40 + b"]" * 40 + rb',"id":"%s/1"}',
    ],
    ids=["surrogate", "nul", "key twice", "deep"],
)
async def test_what_no_table_can_hold_is_not_taken(marks, body):
    with pytest.raises(Malformed):
        await marks.say(body % (MARKS.encode(), MARKS.encode()))

    assert await amount("received_activity") == 1  # the Accept


async def test_more_recipients_than_anybody_has_are_not_cut_but_refused(marks, create):
    many = [f"https://x.example/{number}" for number in range(1_001)]

    with pytest.raises(Malformed):
        await marks.say(changed(create, to=many, cc=[PUBLIC]))


# --- who may read it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "visibility"),
    [
        ({"to": [f"{MARKS}/followers"], "cc": []}, Visibility.FOLLOWERS),
        ({"to": [], "cc": [PUBLIC]}, Visibility.UNLISTED),
        ({"to": [MARKS], "cc": [f"{MARKS}/followers"]}, Visibility.FOLLOWERS),
        ({"to": ["https://marks.example/u/bo/followers"], "cc": []}, None),
        ({"to": ["https://a.example/u/ana"], "cc": []}, None),
    ],
)
async def test_a_note_reaches_no_further_than_its_author_let_it(marks, ana, create, said, visibility):
    hidden = {"bto": [PUBLIC], "bcc": [PUBLIC], "audience": PUBLIC}

    await marks.do({**changed(create, **said, **hidden), "to": [PUBLIC], "cc": []})

    assert [row["visibility"] for row in await kept()] == ([] if visibility is None else [visibility])
    title = create["object"]["nameMap"]["en"]
    assert (title in (await ana.browser.get("/network")).text) is (visibility is not None)
    for path in ("/recent", "/t/page-cache"):
        assert title not in (await ana.server.client.get(path)).text


async def test_an_edit_of_a_note_that_says_no_moment_stays_in_its_place(marks, create, clock):
    del create["object"]["published"]
    await marks.do(create)
    [before] = await kept()
    clock.forward(days=1)
    edited = changed(create, nameMap={"en": "Another title"}, updated="2100-01-01T00:00:00Z")

    assert await marks.do({**edited, "type": "Update", "id": f"{MARKS}#2"}) == "changed"

    [after] = await kept()
    assert (after["title"], after["saved_at"]) == ("Another title", before["saved_at"])
    await assert_agreement()


async def test_a_note_narrowed_to_single_people_goes(marks, create):
    await marks.do(create)
    narrowed = changed(create, to=["https://a.example/u/ana"], cc=[], updated="2026-08-21T00:00:00Z")

    assert await marks.do({**narrowed, "type": "Update", "id": f"{MARKS}#2"}) == "dropped"

    assert await kept() == []


# --- who they are --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"inbox": "https://bank.example/inbox"},
        {"endpoints": {"sharedInbox": "https://bank.example/inbox"}},
        {"inbox": "https://10.0.0.1/inbox"},
        {"publicKey": {"id": f"{MARKS}#main-key", "owner": "https://marks.example/u/bo", "publicKeyPem": "x"}},
        {"publicKey": {"id": "https://bank.example/key", "owner": MARKS, "publicKeyPem": "x"}},
    ],
)
async def test_a_changed_actor_points_to_nobody_elses_server_and_keys(marks, said):
    before = await marks.row()
    document = marks.document() | said
    marks.peer.document(marks.path, document)
    update = {"id": f"{MARKS}#2", "type": "Update", "actor": MARKS, "object": document}

    await marks.do(update | {"published": "2100-01-01T00:00:00Z"})

    after = await marks.row()
    for name in ("inbox", "shared_inbox", "key_id", "public_key"):
        assert after[name] == before[name]


async def test_nobody_changes_or_ends_a_neighbour(marks, fleet):
    eve = Stranger(fleet, "https://marks.example/u/eve")
    before = await marks.row()
    for number, document in enumerate(
        (
            {"type": "Update", "object": marks.document() | {"name": "Eve was here"}},
            {"type": "Delete", "object": MARKS},
            {"type": "Undo", "object": {"id": f"{MARKS}#1", "type": "Follow", "actor": MARKS, "object": eve.uri}},
            {"type": "Accept", "object": {"type": "Follow", "actor": "https://a.example/u/ana", "object": MARKS}},
            {"type": "Move", "object": MARKS, "target": eve.uri},
        )
    ):
        with suppress(Forbidden):  # a Delete is taken, as one of a Note, and ends nobody
            await eve.do(document | {"actor": eve.uri, "id": f"{eve.uri}#{number}"})

    after = await marks.row()
    assert (after["name"], after["gone_at"], after["moved_at"]) == (before["name"], None, None)


# --- several signatures ---------------------------------------------------------------------------------------------


def labelled(label: str, stranger: Stranger, message: Message) -> dict[str, str]:
    """The headers of a signature under a label of its own."""
    added = rfc9421.sign(
        message, stranger.key_id, stranger.key, target_uri="https://a.example/inbox", created=now() // MICROS
    )
    return {
        name.lower(): value.replace("sig1=", f"{label}=") if name.startswith("Signature") else value
        for name, value in added.items()
    }


def joined(message: Message, *signatures: dict[str, str]) -> Message:
    """A request with several signatures."""
    both = {name: ", ".join(each[name] for each in signatures) for name in ("signature", "signature-input")}
    added = {**both, "content-digest": content_digest(message.body)}
    headers = {**message.headers, **{name: (value,) for name, value in added.items()}}
    return Message(message.method, message.target, headers, message.body)


async def test_a_second_signature_lends_nobody_the_name_of_the_first(marks, fleet):
    eve = Stranger(fleet, "https://marks.example/u/eve")
    like = b'{"id":"%s/1","type":"Like","actor":"%s","object":"https://a.example/u/ana"}' % ((MARKS.encode(),) * 2)
    bare = {"host": ("a.example",), "content-type": ("application/activity+json",)}
    said = Message("POST", "/inbox", bare, b"{}")
    forged = Message("POST", "/inbox", bare, like)

    for order in ((0, 1), (1, 0)):
        signatures = (labelled("theirs", marks, said), labelled("mine", eve, forged))
        message = joined(forged, *(signatures[place] for place in order))
        with pytest.raises(NotProven):
            await deliver(message)

    assert await amount("received_activity") == 1  # the Accept


async def test_a_signature_that_a_proxy_added_takes_nothing_away(marks, fleet):
    proxy = Stranger(fleet, "https://proxy.example/proxy")
    like = b'{"id":"%s/1","type":"Like","actor":"%s","object":"https://a.example/u/ana"}' % ((MARKS.encode(),) * 2)
    bare = {"host": ("a.example",), "content-type": ("application/activity+json",)}
    message = Message("POST", "/inbox", bare, like)

    await deliver(joined(message, labelled("proxy", proxy, message), labelled("theirs", marks, message)))

    assert await amount("received_activity") == 2
    assert proxy.peer.asked == []


async def test_an_outbox_leads_nowhere_but_its_own_server(marks, server, fleet, ana):
    marks.peer.answers["/u/ana/outbox"] = Says(302, b"", {"location": "https://169.254.169.254/latest"})

    await server.settle()

    assert {request.url.host for request in fleet.network.requests} == {"marks.example"}
    assert await outcome() == "accepted"
