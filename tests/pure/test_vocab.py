"""Documents of every shape become one of our types, or are refused; nothing else ever happens."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimark.vocab import terms
from fedimark.vocab.activities import (
    Accept,
    ActivityRef,
    Announce,
    Block,
    Create,
    Delete,
    Flag,
    Follow,
    Like,
    Move,
    Reject,
    Undo,
    Unknown,
    Update,
)
from fedimark.vocab.actors import read_actor
from fedimark.vocab.collections import MOST_ITEMS, read_collection
from fedimark.vocab.discovery import Found, read_webfinger, webfinger_document
from fedimark.vocab.objects import read_note, read_tombstone
from fedimark.vocab.parse import READERS, parse
from fedimark.vocab.reading import (
    Unreadable,
    field,
    ids,
    is_public,
    is_web_url,
    loads,
    one_id,
    own_id,
    recipients,
    types,
    url_of,
    when,
)

WIRE = Path(__file__).parents[1] / "wire"
ANA = "https://marks.example/u/ana"
BO = "https://links.example/u/bo"
NOTE = f"{ANA}/b/k3v7q2mzt5xha"
SECOND = 1_000_000


@pytest.fixture(scope="module")
def shared() -> Path:
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("FEDIMARK_SHARED_DATA", beside)) / "wire"
    if not folder.is_dir():
        pytest.skip("the collected documents are not beside this checkout (FEDIMARK_SHARED_DATA)")
    return folder


def wire(name):
    return loads((WIRE / name).read_bytes())


def reason(call, *args):
    with pytest.raises(Unreadable) as caught:
        call(*args)
    return caught.value.reason


class TestLoading:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"", "not-json"),
            (b"[]", "not-an-object"),
            (b'"x"', "not-an-object"),
            (b"null", "not-an-object"),
            (b"{} {}", "not-json"),
            (b"\xef\xbb\xbf{}", "not-json"),
            (b'{"a":"\xff"}', "not-json"),
            (b'{"a":"\xed\xa0\x80"}', "not-json"),
            ('{"a":1}'.encode("utf-16"), "not-json"),
            (b'{"a":"\x00"}', "not-json"),
            (b'{"a":NaN}', "not-a-number"),
            (b'{"a":-Infinity}', "not-a-number"),
            (b'{"a":1e999}', "not-a-number"),
            (b'{"a":' + b"9" * 5_000 + b"}", "not-a-number"),
            (b'{"a":1,"a":1}', "key-twice"),
            (b'{"a":{"b":1,"b":2}}', "key-twice"),
            (b'{"a":1,"\\u0061":2}', "key-twice"),
            (b'{"a":"\\u0000"}', "unstorable-text"),
            (b'{"a":["\\uD800"]}', "unstorable-text"),
            (b'{"\\udfff":1}', "unstorable-text"),
            (b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", "too-deep"),
            (b"[" * 500_000, "too-deep"),
            (b'{"a":' * 500_000, "too-deep"),
        ],
    )
    def test_what_two_readers_could_read_differently_is_refused(self, body, expected):
        assert reason(loads, body) == expected

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b'{"a":"\\ud83d\\udc0d"}', {"a": "🐍"}),
            (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),
            (b'{"a":"' + b"[{" * 100 + b'\\"["}', {"a": "[{" * 100 + '"['}),
            (b'{"a":' + b"[" * 31 + b"]" * 31 + b"}", None),
            (b'{"a":[' + b"{}," * 100 + b"{}]}", {"a": [{}] * 101}),
        ],
    )
    def test_what_only_looks_odd_is_read(self, body, expected):
        assert loads(body) == (expected or json.loads(body))

    @pytest.mark.parametrize(
        "body",
        [
            b'{"a":"' + b'\\"' * 500_000,
            b"[" * 40 + b'"' * 1_000_000,
            b"[" * 40 + b"\\" * 1_000_000,
            b'{"a":[' + b"[]," * 300_000,
        ],
    )
    def test_a_hostile_body_costs_no_more_than_its_length(self, body):
        start = perf_counter()

        with pytest.raises(Unreadable):
            loads(body)

        assert perf_counter() - start < 10  # a guard against hanging; it takes a few hundredths


class TestReading:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, ()),
            (7, ()),
            ("", ()),
            (ANA, (ANA,)),
            ({"id": ANA}, (ANA,)),
            ({"@id": ANA}, (ANA,)),
            ({"type": "Link", "href": ANA}, (ANA,)),
            ([ANA, {"id": BO}, None, 7, [], ANA], (ANA, BO)),
        ],
    )
    def test_ids_come_in_many_shapes(self, value, expected):
        assert ids(value) == expected

    def test_too_many_and_too_long_ids_are_refused(self):
        assert reason(ids, [ANA] * 1_001) == "too-many"
        assert reason(ids, "https://" + "x" * 2_048) == "too-long"

    @pytest.mark.parametrize("value", [[ANA, BO], "javascript:alert(1)", "urn:x", "https://user:pw@x.example/"])
    def test_one_id_means_one_address_on_the_web(self, value):
        assert reason(one_id, value) == "id"

    @pytest.mark.parametrize(
        "value", [7, "", [ANA], {"id": ANA}, "tag:x.example,2026:1", "https:///path", f"{ANA}/\ud800"]
    )
    def test_the_id_of_a_document_is_one_plain_address(self, value):
        assert reason(own_id, {"id": value}) == "id"

    def test_a_document_that_says_one_thing_twice_differently_is_refused(self):
        assert field({"id": ANA, "@id": ANA}, "id") == ANA
        assert reason(field, {"id": ANA, "@id": BO}, "id") == "id"

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("Note", ("Note",)),
            ("as:Note", ("Note",)),
            ("https://www.w3.org/ns/activitystreams#Note", ("Note",)),
            (["Note", {"x": 1}, "schema:Article"], ("Note", "schema:Article")),
            (None, ()),
        ],
    )
    def test_types_lose_their_namespace(self, value, expected):
        assert types({"type": value}) == expected

    @pytest.mark.parametrize("public", ["Public", "as:Public", terms.PUBLIC])
    def test_public_has_three_spellings_and_one_meaning(self, public):
        assert is_public(public)
        assert is_public([ANA, {"id": public}])
        assert recipients([public, ANA, terms.PUBLIC]) == (terms.PUBLIC, ANA)
        assert not is_public([ANA, "public", None])

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-08-20T09:15:03Z", 1_787_217_303 * SECOND),
            ("2026-08-20T11:15:03.250+02:00", 1_787_217_303 * SECOND + 250_000),
            ("2026-08-20t09:15:03.1234567z", 1_787_217_303 * SECOND + 123_456),
            ("2026-08-20T09:15Z", 1_787_217_300 * SECOND),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799 * SECOND + 999_999),
            ("1969-12-31T23:59:59Z", None),
            ("1970-01-01T00:00:00+01:00", None),
            ("0001-01-01T00:00:00+23:59", None),
            ("9999-12-31T23:59:59-23:59", None),
            ("2026-02-30T00:00:00Z", None),
            ("2026-08-20T09:15:03", None),
            ("2026-08-20T09:15:03+99:99", None),
            ("２０２６-08-20T09:15:03Z", None),
            ("2026-08-20", None),
            (1_787_217_303, None),
            (None, None),
        ],
    )
    def test_times_are_read_or_left(self, value, expected):
        assert when(value) == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (ANA, ANA),
            ("ftp://x.example/", None),
            ([{"type": "Link", "href": BO, "mediaType": "video/mp4"}, {"href": ANA, "mediaType": "text/html"}], ANA),
            ([{"type": "Link", "href": "magnet:?xt=1"}, {"href": BO}], BO),
            ({"type": "Link", "href": ANA}, ANA),
            ([], None),
            (5, None),
        ],
    )
    def test_the_page_is_the_first_html_link_or_the_first_link(self, value, expected):
        assert url_of(value) == expected

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("https://日本.example/ü?q=%20#x", True),
            ("HTTPS://Store.Example:8443", True),
            ("http://[2001:db8::1]/", True),
            ("https://a b.example/", False),
            ("https://x.example/\n", False),
            ("https://user@x.example/", False),
            ("https://[x/", False),
            ("https://x.example:99999/", False),
            ("https://x.example:x/", False),
            ("https://a℀b.example/", False),
            ("https://x.example\\@evil.example/", False),
            ("https://x.example/\ud83d", False),
            ("https://\udc00.example/", False),
            ("//x.example/", False),
            ("data:text/html,x", False),
            (None, False),
        ],
    )
    def test_only_plain_web_addresses_are_taken(self, value, expected):
        assert is_web_url(value) is expected

    @pytest.mark.parametrize(
        ("content_type", "expected"),
        [
            ("application/activity+json", True),
            ("Application/Activity+JSON; charset=utf-8", True),
            (terms.LD_JSON, True),
            ("application/ld+json;profile=https://www.w3.org/ns/activitystreams", True),
            (
                'application/ld+json; charset=utf-8; profile="http://x.example https://www.w3.org/ns/activitystreams"',
                True,
            ),
            ("application/ld+json", False),
            ('application/ld+json; profile="https://www.w3.org/ns/activitystreams-evil"', False),
            ('application/ld+json; x="; profile=https://www.w3.org/ns/activitystreams"', False),
            ("application/json", False),
            ("text/html; application/activity+json", False),
            ("", False),
            (terms.ACTIVITY_JSON + ";" * 2_000, False),
        ],
    )
    def test_only_the_two_media_types_promise_activitystreams(self, content_type, expected):
        assert terms.is_activity_type(content_type) is expected


class TestActors:
    def test_our_own_actor_is_read_whole(self):
        actor = read_actor(wire("fedimark/actor.json"))

        assert asdict(actor) | {"key_pem": None} == {
            "id": ANA,
            "type": "Person",
            "username": "ana",
            "name": "Ana",
            "moved_to": "",
            "summary_html": "<p>Databases and gardens.</p>",
            "url": ANA,
            "inbox": f"{ANA}/inbox",
            "shared_inbox": "https://marks.example/inbox",
            "outbox": f"{ANA}/outbox",
            "followers": f"{ANA}/followers",
            "key_id": f"{ANA}#main-key",
            "key_owner": ANA,
            "key_pem": None,
            "icon_url": "https://marks.example/avatar/ana.png",
            "approves_followers": False,
            "indexable": True,
            "discoverable": True,
            "published": 1_767_571_200 * SECOND,
            "webfinger": "ana@marks.example",
            "fields": (("Garden", '<a href="https://garden.example/" rel="me">garden.example</a>'),),
            "also_known_as": (),
            "attributed_to": "",
        }
        assert actor.key_pem.startswith("-----BEGIN PUBLIC KEY-----")

    def test_mastodon_and_gotosocial_actors_are_read(self):
        cleo = read_actor(wire("mastodon/actor.json"))
        ezra = read_actor(wire("gotosocial/actor.json"))

        assert (cleo.username, cleo.approves_followers, cleo.indexable) == ("cleo", True, False)
        assert (ezra.key_id, ezra.fields) == ("https://sloth.example/users/ezra/main-key", (("Pace", "slow"),))

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"type": "Note"}, "type"),
            ({"type": ["Person", "Group"]}, "type"),
            ({"id": None}, "id"),
            ({"id": "urn:ana"}, "id"),
            ({"inbox": None}, "inbox"),
            ({"inbox": [ANA, BO]}, "inbox"),
            ({"preferredUsername": "a@b"}, "username"),
            ({"preferredUsername": "a/b"}, "username"),
            ({"preferredUsername": None, "webfinger": None}, "username"),
        ],
    )
    def test_an_actor_without_what_it_needs_is_refused(self, change, expected):
        assert reason(read_actor, wire("fedimark/actor.json") | change) == expected

    def test_a_name_may_come_from_webfinger_alone(self):
        actor = read_actor(wire("fedimark/actor.json") | {"preferredUsername": None})

        assert actor.username == "ana"

    @pytest.mark.parametrize("key", [None, "https://marks.example/key", {"id": ANA}, {"publicKeyPem": "x"}, [7, {}]])
    def test_a_key_without_id_owner_and_pem_is_no_key(self, key):
        actor = read_actor(wire("fedimark/actor.json") | {"publicKey": key})

        assert (actor.key_id, actor.key_owner, actor.key_pem) == (None, None, None)


class TestNotes:
    def test_our_bookmark_is_read_whole(self):
        note = read_note(wire("fedimark/create_note.json")["object"])

        assert note.is_bookmark
        assert (note.id, note.attributed_to, note.url) == (NOTE, ANA, NOTE)
        assert (note.title, note.href) == ("How the page cache works", "https://store.example/cache?page=2")
        assert (note.source_text, note.tags) == ("Read it twice.", ("page-cache", "2024", "c++", "🐍"))
        assert (note.to, note.cc) == ((terms.PUBLIC,), (f"{ANA}/followers",))
        assert (note.published, note.updated) == (1_787_217_300 * SECOND, None)

    def test_raw_tags_stand_in_for_our_list(self):
        doc = wire("fedimark/create_note.json")["object"]
        del doc["fedimark:tags"]

        assert read_note(doc).tags == ("page-cache", "c++")

    def test_a_betula_bookmark_is_read(self):
        note = read_note(wire("betula/create_note.json")["object"])

        assert note.is_bookmark
        assert (note.title, note.tags, note.source_text) == ("The escapement", ("clock_making", "how-to"), None)

    def test_a_mastodon_reply_is_no_bookmark(self):
        note = read_note(wire("mastodon/create_note.json")["object"])

        assert not note.is_bookmark
        assert (note.in_reply_to, note.tags) == (NOTE, ("storage",))
        assert terms.PUBLIC in note.cc

    def test_the_misspelt_attachments_of_ties_are_read(self):
        doc = wire("betula/create_note.json")["object"]
        doc["attachments"] = doc.pop("attachment")

        assert read_note(doc).href == "https://clocks.example/escapement"

    @pytest.mark.parametrize(
        "href", ["javascript:alert(1)", "data:text/html,x", "", 5, "https://x.example/" + "a" * 8_000]
    )
    def test_a_link_to_anything_but_a_web_page_is_no_link(self, href):
        doc = wire("betula/create_note.json")["object"] | {"attachment": [{"type": "Link", "href": href}]}

        assert read_note(doc).href is None

    def test_a_quote_makes_a_remark(self):
        note = read_note(wire("betula/create_note.json")["object"] | {"_misskey_quote": NOTE})

        assert (note.quote, note.is_bookmark) == (NOTE, False)

    @pytest.mark.parametrize(
        "rel", ["quote", "https://misskey-hub.net/ns#_misskey_quote", ["x", "quote"], "nofollow quote"]
    )
    def test_a_link_among_the_tags_quotes(self, rel):
        tag = [{"type": "Link", "href": NOTE, "rel": rel, "mediaType": "application/activity+json"}]

        assert read_note(wire("mastodon/create_plain.json")["object"] | {"tag": tag}).quote == NOTE

    def test_a_copy_says_what_it_was_copied_from(self):
        note = read_note(wire("fedimark/create_copy.json")["object"])

        assert (note.via, note.is_bookmark, note.tags[0]) == (
            "https://cleo.example/u/cleo/b/c3v7q2mzt5xha",
            True,
            "clocks",
        )

    @pytest.mark.parametrize(
        "said",
        [
            {"type": "Link", "rel": "via", "href": "javascript:alert(1)"},
            {"type": "Link", "rel": "via", "href": "https://x.example/" + "a" * 2_048},
            {"type": "Link", "rel": "via", "href": ["https://x.example/"]},
            {"type": "Hashtag", "rel": "via", "href": "https://x.example/", "name": "#x"},
            {"type": "Link", "rel": ["self", 5, {}], "href": "https://x.example/"},
            {"type": "Link", "rel": 5, "href": "https://x.example/"},
        ],
    )
    def test_what_leads_nowhere_or_says_something_else_is_no_source(self, said):
        assert read_note(wire("fedimark/create_copy.json")["object"] | {"tag": [said]}).via is None

    def test_tags_and_attachments_are_bounded(self):
        doc = wire("betula/create_note.json")["object"]
        doc["tag"] = [{"type": "Hashtag", "name": f"#t{at}"} for at in range(500)]
        doc["attachment"] = [{"type": "Image"}] * 32 + [{"type": "Link", "href": ANA}]

        note = read_note(doc)

        assert len(note.tags) == 128
        assert note.href is None

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"type": "Video"}, "type"),
            ({"id": None}, "id"),
            ({"attributedTo": None, "actor": None}, "attributed-to"),
            ({"attributedTo": [ANA, BO]}, "attributed-to"),
            ({"to": [f"{ANA}/{at}" for at in range(1_001)]}, "too-many"),
        ],
    )
    def test_a_note_without_what_it_needs_is_refused(self, change, expected):
        assert reason(read_note, wire("betula/create_note.json")["object"] | change) == expected

    def test_a_tombstone_is_read(self):
        tombstone = read_tombstone(
            {"id": NOTE, "type": "Tombstone", "formerType": "Note", "deleted": "2026-08-20T09:15:03Z"}
        )

        assert (tombstone.id, tombstone.former_type, tombstone.deleted) == (NOTE, "Note", 1_787_217_303 * SECOND)
        assert reason(read_tombstone, {"id": NOTE, "type": "Note"}) == "type"


class TestActivities:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("fedimark/follow", Follow),
            ("fedimark/accept", Accept),
            ("fedimark/reject", Reject),
            ("fedimark/undo_follow", Undo),
            ("fedimark/create_note", Create),
            ("fedimark/update_note", Update),
            ("fedimark/delete_note", Delete),
            ("mastodon/follow", Follow),
            ("mastodon/undo_follow", Undo),
            ("mastodon/block", Block),
            ("mastodon/undo_block", Undo),
            ("mastodon/accept", Accept),
            ("mastodon/create_note", Create),
            ("mastodon/delete_actor", Delete),
            ("mastodon/announce", Announce),
            ("mastodon/undo_announce", Undo),
            ("mastodon/like", Like),
            ("mastodon/move", Move),
            ("mastodon/flag", Flag),
            ("misskey/like", Unknown),
            ("pleroma/emoji_react", Unknown),
            ("lemmy/announce_create_page", Announce),
            ("tagspub/announce", Announce),
            ("betula/create_note", Create),
            ("gotosocial/follow", Follow),
        ],
    )
    def test_each_document_becomes_its_own_kind(self, name, kind):
        doc = wire(f"{name}.json")

        activity = parse(doc)

        assert type(activity) is kind
        assert (activity.id, activity.actor) == (doc["id"], doc["actor"])

    def test_every_kind_we_read_has_a_document(self):
        seen = {loads(path.read_bytes())["type"] for path in WIRE.rglob("*.json")}

        assert set(READERS) <= seen

    @pytest.mark.parametrize(("name", "kind"), [("mastodon/undo_follow", "Follow"), ("mastodon/undo_block", "Block")])
    def test_an_undo_says_what_it_takes_back(self, name, kind):
        undo = parse(wire(f"{name}.json"))

        assert (undo.kind, undo.undone.object) == (kind, ANA)

    def test_an_undo_may_name_what_it_takes_back_by_id_alone(self):
        undo = parse(wire("mastodon/undo_block.json") | {"object": f"{BO}/blocks/1"})

        assert (undo.kind, undo.undone) == ("", ActivityRef(f"{BO}/blocks/1", None, None))

    def test_an_answer_names_the_follow_it_is_about(self):
        accept = parse(wire("fedimark/accept.json"))

        assert accept.answered == ActivityRef(f"{BO}/follows/p4w2n6yrd3hse", BO, ANA)

    def test_an_answer_may_name_the_follow_by_id_alone(self):
        accept = parse(wire("fedimark/accept.json") | {"object": f"{BO}/follows/1"})

        assert accept.answered == ActivityRef(f"{BO}/follows/1", None, None)

    @pytest.mark.parametrize("inner", [{"type": "Follow"}, {"type": "Follow", "actor": BO}, [], None, 5, [BO, ANA]])
    def test_an_answer_about_nothing_is_refused(self, inner):
        assert reason(parse, wire("fedimark/accept.json") | {"object": inner}) == "object"

    @pytest.mark.parametrize(("outer", "inner"), [("Undo", "Dislike"), ("Accept", "Join"), ("Reject", "Join")])
    def test_an_answer_about_something_else_is_unknown(self, outer, inner):
        activity = parse({"type": outer, "actor": BO, "object": {"id": NOTE, "type": inner}})

        assert type(activity) is Unknown
        assert activity.type == f"{outer} {inner}"

    def test_a_group_announces_what_somebody_did_and_the_thing_is_what_counts(self):
        doc = wire("lemmy/announce_create_page.json")

        announce = parse(doc)

        assert (announce.about, announce.object_id) == ("Create", doc["object"]["object"]["id"])
        assert announce.note.title == "A field guide to lichens"
        assert type(parse(doc | {"object": doc["object"] | {"type": "Like"}})) is Unknown

    def test_a_group_may_announce_the_thing_itself(self):
        doc = wire("lemmy/announce_create_page.json")

        announce = parse(doc | {"object": doc["object"]["object"]})

        assert (announce.about, announce.note.type) == ("", "Page")

    @pytest.mark.parametrize("broken", [{"attributedTo": None}, {"to": ["x" * 3_000]}])
    def test_what_is_announced_need_not_be_readable(self, broken):
        doc = wire("lemmy/announce_create_page.json")
        page = doc["object"]["object"] | broken

        announce = parse(doc | {"object": doc["object"] | {"object": page}})

        assert announce.note is None

    def test_a_create_without_id_has_none(self):
        doc = wire("betula/create_note.json")
        del doc["id"]

        assert parse(doc).id is None

    def test_a_create_may_name_its_object_by_id_alone(self):
        create = parse(wire("betula/create_note.json") | {"object": NOTE})

        assert (create.object_id, create.object, create.note) == (NOTE, None, None)

    def test_a_create_of_something_else_keeps_its_document(self):
        create = parse({"type": "Create", "actor": BO, "object": {"id": NOTE, "type": "Video"}})

        assert (create.object, create.note) == ({"id": NOTE, "type": "Video"}, None)

    def test_an_update_may_be_about_a_person(self):
        update = parse({"type": "Update", "actor": ANA, "object": wire("fedimark/actor.json")})

        assert update.note is None
        assert (update.object_id, update.person.username) == (ANA, "ana")

    def test_an_update_of_something_that_is_both_note_and_person_is_refused(self):
        both = wire("fedimark/actor.json") | {"type": ["Person", "Note"], "attributedTo": ANA}

        assert reason(parse, {"type": "Update", "actor": ANA, "object": both}) == "type"

    @pytest.mark.parametrize("inner", [NOTE, {"id": NOTE, "type": "Tombstone"}, {"id": NOTE, "type": "Note"}, [NOTE]])
    def test_a_delete_names_its_object_in_every_shape(self, inner):
        assert parse({"type": "Delete", "actor": ANA, "object": inner}).object_id == NOTE

    @pytest.mark.parametrize(
        ("doc", "expected"),
        [
            ({}, "type"),
            ({"type": 7, "actor": ANA}, "type"),
            ({"type": ["Create", "Delete"], "actor": ANA, "object": NOTE}, "type"),
            ({"type": "Like"}, "actor"),
            ({"type": "Like", "actor": [ANA, BO]}, "actor"),
            ({"type": "Like", "actor": "javascript:x"}, "actor"),
            ({"type": "Like", "actor": ANA, "id": 7}, "id"),
            ({"type": "Like", "actor": ANA, "id": NOTE, "@id": BO}, "id"),
            ({"type": "Follow", "actor": ANA}, "object"),
            ({"type": "Follow", "actor": ANA, "object": [ANA, BO]}, "object"),
            ({"type": "Create", "actor": ANA, "object": {"type": "Note"}}, "object"),
            ({"type": "Create", "actor": ANA, "object": [NOTE, BO]}, "object"),
            ({"type": "Delete", "actor": ANA, "object": {"type": "Tombstone"}}, "object"),
        ],
    )
    def test_an_activity_that_means_nothing_or_two_things_is_refused(self, doc, expected):
        assert reason(parse, doc) == expected


class TestDiscovery:
    document = webfinger_document(
        handle="ana@marks.example",
        actor_id=ANA,
        page=ANA,
        subscribe_template="https://marks.example/authorize_interaction?uri={uri}",
    )

    def test_what_we_say_we_can_read(self):
        assert read_webfinger(self.document) == Found(
            "ana@marks.example", ANA, "https://marks.example/authorize_interaction?uri={uri}"
        )
        assert self.document["aliases"] == [ANA]

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"subject": None}, "subject"),
            ({"subject": ANA}, "subject"),
            ({"subject": "acct:ana"}, "subject"),
            ({"subject": "acct:a@b@c"}, "subject"),
            ({"links": None}, "self"),
            ({"links": [{"rel": "self", "href": ANA}]}, "self"),
            ({"links": [{"rel": "self", "type": "text/html", "href": ANA}]}, "self"),
            ({"links": [{"rel": "self", "type": "application/activity+json", "href": "javascript:x"}]}, "self"),
        ],
    )
    def test_a_document_that_leads_nowhere_is_refused(self, change, expected):
        assert reason(read_webfinger, self.document | change) == expected

    def test_ld_json_leads_to_an_actor_too(self):
        found = read_webfinger(self.document | {"links": [7, {"rel": "self", "type": terms.LD_JSON, "href": BO}]})

        assert (found.self_href, found.subscribe_template) == (BO, None)


FIELDS = (
    "id",
    "@id",
    "type",
    "@type",
    "actor",
    "object",
    "to",
    "cc",
    "href",
    "url",
    "name",
    "nameMap",
    "content",
    "source",
    "mediaType",
    "attributedTo",
    "tag",
    "attachment",
    "attachments",
    "fedimark:tags",
    "rawTag",
    "published",
    "updated",
    "inReplyTo",
    "quote",
    "preferredUsername",
    "inbox",
    "endpoints",
    "sharedInbox",
    "publicKey",
    "publicKeyPem",
    "owner",
    "icon",
    "webfinger",
    "subject",
    "links",
    "rel",
    "template",
)

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [ANA, BO, NOTE, "as:Public", "2026-08-20T09:15:03Z", *READERS, "Note", "Person", "Link", "Hashtag"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


class TestNothingElseEscapes:
    @given(st.sampled_from(sorted(WIRE.rglob("*.json"))), st.data())
    def test_a_document_with_odd_values_in_it_is_read_or_refused(self, path, data):
        doc = loads(path.read_bytes())
        inner = doc["object"] if isinstance(doc.get("object"), dict) else doc
        inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(ODD)
        doc[data.draw(st.sampled_from(sorted(doc)))] = data.draw(ODD)

        read_all(doc)

    @given(ODD.filter(lambda value: isinstance(value, dict)))
    def test_an_odd_document_is_read_or_refused(self, doc):
        read_all(doc)

    @given(st.binary(max_size=60) | st.text(alphabet='{}[]",:\\u0d8a1eN\x00', max_size=60).map(str.encode))
    def test_odd_bytes_are_read_or_refused(self, body):
        with suppress(Unreadable):
            assert isinstance(loads(body), dict)

    def test_every_document_collected_from_the_fediverse_is_read_or_refused(self, shared):
        paths = [*shared.rglob("*.json"), *shared.rglob("*.jsonld")]

        for path in paths:
            try:
                read_all(loads(path.read_bytes()))
            except Unreadable:
                continue

        assert paths

    def test_every_follow_note_and_actor_that_servers_really_send_is_understood(self, shared):
        folders = ("mastodon", "pleroma", "friendica", "smithereen", "mitra", "wordpress")

        for folder in folders:
            for path in (shared / "lemmy-assets" / folder).rglob("*.json"):
                doc = loads(path.read_bytes())
                if doc["type"] == "Person":
                    assert read_actor(doc).key_pem, path
                elif doc["type"] in ("Follow", "Create", "Update", "Delete"):
                    assert type(parse(doc)).__name__ == doc["type"], path
                elif doc["type"] == "Note":
                    assert read_note(doc).content_html, path


def read_all(doc):
    for read in (parse, read_actor, read_note, read_tombstone, read_webfinger):
        try:
            read(doc)
        except Unreadable:
            continue


class TestCollections:
    def test_a_page_holds_documents_and_addresses_and_says_where_to_read_on(self):
        page = read_collection(wire("gotosocial/outbox_page.json"))
        whole = read_collection(wire("gotosocial/outbox.json"))

        assert [thing["type"] for thing in page.things] == ["Create"]
        assert page.next == "https://sloth.example/users/ezra/outbox?page=true&max_id=01J5ZKETTLE00000000000000"
        assert (whole.first, whole.next, whole.things) == (page.id, None, ())

    @pytest.mark.parametrize("listed", [NOTE, [NOTE], [NOTE, 5, None, "urn:x"]])
    @pytest.mark.parametrize("name", ["items", "orderedItems"])
    def test_one_thing_or_a_list_is_read_and_what_leads_nowhere_passed_over(self, listed, name):
        assert read_collection({"type": "Collection", name: listed}).things == (NOTE,)

    def test_what_is_no_collection_is_refused_and_a_long_one_cut(self):
        assert reason(read_collection, {"type": "Note"}) == "type"
        assert len(read_collection({"type": "Collection", "items": [NOTE] * 900}).things) == MOST_ITEMS


class TestMoves:
    def test_other_names_of_an_actor_are_read_in_every_shape(self):
        actor = wire("fedimark/actor.json")

        assert read_actor(actor | {"alsoKnownAs": BO}).also_known_as == (BO,)
        assert read_actor(actor | {"alsoKnownAs": [BO, {"id": NOTE}]}).also_known_as == (BO, NOTE)
        assert read_actor(actor | {"alsoKnownAs": [f"{BO}/{n}" for n in range(300)]}).also_known_as == ()

    def test_a_move_needs_a_target(self):
        assert reason(parse, wire("mastodon/move.json") | {"target": None}) == "target"
