"""JSON in folders, and XML: one row at a time, however they are nested, and never more than is meant."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from fedimark.bookmarks.draft import Draft
from fedimark.errors import FedimarkError
from fedimark.importing.formats import Reading, opened
from fedimark.importing.formats.json_tree import Closed, Row, walk
from fedimark.importing.rows import Broken
from fedimark.policy.visibility import Visibility
from tests.pure.format_samples import as_json

TAGS = Reading(folders="tags")


def rows_of(raw: bytes, reading: Reading = TAGS) -> list[Any]:
    return list(opened(io.BytesIO(raw)).rows(reading))


def firefox(*nodes: Any) -> dict[str, Any]:
    return {"root": "placesRoot", "type": "text/x-moz-place-container", "children": list(nodes)}


def page(number: int, **other: Any) -> dict[str, Any]:
    return {"type": "text/x-moz-place", "uri": f"https://example.org/{number}", "title": f"Page {number}"} | other


def folder(name: str, *nodes: Any) -> dict[str, Any]:
    return {"title": name, "type": "text/x-moz-place-container", "children": list(nodes)}


def test_small_and_large_trees_are_walked_alike():
    small = firefox(folder("a", page(1), folder("b", page(2))), page(3))
    large = firefox(
        folder("a", page(1, iconUri="x" * 90_000), folder("b", page(2))), page(3), page(4, note="y" * 200_000)
    )

    for tree in (small, large):
        assert [row.tags for row in rows_of(as_json(tree))][:3] == [("a",), ("a", "b"), ()]


def test_numbers_of_folders_are_the_same_however_large_the_file_is():
    def chromium(padding: str) -> bytes:
        nodes = [
            {
                "children": [{"name": "p", "type": "url", "url": f"https://example.org/{n}", "x": padding}],
                "name": f"f{n}",
            }
            for n in range(50)
        ]
        return as_json({"roots": {"bookmark_bar": {"children": nodes, "name": "bar"}}, "version": 1})

    for raw in (chromium(""), chromium("x" * 3_000), chromium("x" * 70_000)):
        assert [row.tags for row in rows_of(raw)] == [(f"f{n}",) for n in range(50)]


@pytest.mark.parametrize("end", range(0, 900, 13))
def test_a_tree_that_is_cut_keeps_what_stands_before(end):
    raw = as_json(firefox(*(folder(f"f{n}", page(n)) for n in range(6))))

    found = list(walk(io.BytesIO(raw[:end]), frozenset({"children"})))

    assert sum(isinstance(one, Broken) for one in found) == (end < len(raw))
    assert not found or isinstance(found[-1], Broken) == (end < len(raw))


@pytest.mark.parametrize(
    "deep",
    [
        b'{"children":[' * 50_000,
        b"[" * 200_000,
        b'{"root":"placesRoot","children":[' + b'{"children":[' * 500 + b"]}" * 500 + b"]}",
        b'{"root":"placesRoot","children":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"a":' * 100_000,
    ],
)
def test_endless_nesting_is_one_broken_row(deep):
    found = list(walk(io.BytesIO(deep), frozenset({"children"})))

    assert isinstance(found[-1], Broken) and found[-1].ends


@pytest.mark.parametrize(
    "odd", [b"{}", b"[]", b'{"children": {}}', b'{"children": "x"}', b'{"children": [1, null, "x", []]}', b"7"]
)
def test_what_is_no_tree_gives_no_folders_and_no_faults(odd):
    found = list(walk(io.BytesIO(odd), frozenset({"children"})))

    assert all(isinstance(one, (Row, Closed)) for one in found)


def test_one_byte_that_is_no_utf8_costs_no_row():
    raw = as_json(firefox(page(1), page(2, title="caf?"), page(3))).replace(b"caf?", b"caf\xe9")

    assert [row.title for row in rows_of(raw)] == ["Page 1", "café", "Page 3"]


def test_chromiums_times_begin_in_1601():
    node = {"date_added": "13084680099000000", "name": "x", "type": "url", "url": "https://example.org/"}
    odd = [node, node | {"date_added": "0"}, node | {"date_added": "1"}, node | {"date_added": "soon"}]
    rows = rows_of(as_json({"roots": {"other": {"children": odd}}}))

    assert [row.saved_at for row in rows[:3]] == [1_440_206_499_000_000, None, -11_644_473_599_999_999]
    assert isinstance(rows[3], Broken)


@pytest.mark.parametrize(("public", "expected"), [(True, Visibility.PUBLIC), (False, Visibility.PRIVATE), (None, None)])
def test_a_link_of_linkwardens_is_seen_by_whoever_sees_its_collection(public, expected):
    links = [{"id": 1, "name": "x", "url": "https://example.org/", "tags": []}, {"id": 2, "name": "pdf", "type": "pdf"}]
    inner = {"id": 2, "name": "b", "parentId": 1, "links": links, "isPublic": public}
    outer = {"id": 1, "name": "a", "parentId": 2, "links": []}

    draft, broken = rows_of(as_json({"collections": [inner, outer], "pinnedLinks": []}))

    assert draft.visibility is expected
    assert draft.tags[-2:] == ("a", "b")
    assert "without an address" in broken.reason


def test_a_text_of_karakeeps_is_told_and_no_link():
    broken, draft = rows_of(
        as_json(
            {
                "bookmarks": [
                    {"title": "t", "content": {"type": "text", "text": "x"}},
                    {"content": {"url": "https://a.example/"}},
                ]
            }
        )
    )

    assert isinstance(broken, Broken) and isinstance(draft, Draft)


def test_linkdings_bookmarks_are_read_page_or_bare():
    row = {"url": "https://example.org/", "tag_names": ["a"], "shared": True, "website_title": "seen", "title": ""}

    for raw in (as_json([row]), as_json({"count": 1, "results": [row]})):
        (draft,) = rows_of(raw)
        assert (draft.title, draft.tags, draft.visibility) == ("seen", ("a",), Visibility.PUBLIC)


@pytest.mark.parametrize(
    ("to", "cc", "expected"),
    [
        (["https://www.w3.org/ns/activitystreams#Public"], [], Visibility.PUBLIC),
        ([], ["as:Public"], Visibility.UNLISTED),
        (["https://m.example/users/ana/followers"], [], Visibility.FOLLOWERS),
        (["https://m.example/users/bo"], [], Visibility.PRIVATE),
    ],
)
def test_a_note_of_ones_own_is_seen_by_whoever_saw_it(to, cc, expected):
    note = {
        "id": "https://m.example/1",
        "type": "Note",
        "attributedTo": "https://m.example/users/ana",
        "to": to,
        "cc": cc,
    }
    note["content"] = '<p><a href="https://example.org/">x</a></p>'
    outbox = {
        "type": "OrderedCollection",
        "orderedItems": [{"type": "Create", "object": note}, {"object": {"type": "Note"}}],
    }

    draft, *others = rows_of(as_json(outbox))

    assert draft.visibility is expected
    assert all(isinstance(other, Broken) for other in others)


def test_a_later_fedimarks_archive_is_not_guessed_at():
    (broken,) = rows_of(b'{"fedimark": "bookmarks", "version": 2}\n{"url": "https://example.org/"}\n')

    assert broken.ends and "later" in broken.reason


# XML.


def posts(inner: str, before: str = '<?xml version="1.0"?>') -> bytes:
    return f"{before}\n<posts user='ana'>\n{inner}\n</posts>".encode()


def test_the_attributes_of_a_post_are_its_fields():
    raw = posts(
        "<post href='https://example.org/1' description='A &quot;b&quot; &amp; c' tag='x y'"
        " extended='two&#13;&#10;\nlines' time='2018-12-12T18:00:00Z' shared='' toread='yes' />\n"
        "<post href='https://example.org/2' private='yes' shared='yes'   />\n<post href='no' />"
    )

    first, second, broken = rows_of(raw)

    assert (first.title, first.description, first.tags, first.to_read) == ('A "b" & c', "two\n lines", ("x", "y"), True)
    assert (first.visibility, second.visibility) == (None, Visibility.PRIVATE)
    assert broken.line == 6


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE posts [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE posts [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE posts [<!ENTITY % x SYSTEM "http://a.example/x"> %x;]>',
    ],
)
def test_entities_are_neither_defined_nor_fetched(doctype):
    rows = rows_of(
        posts('<post href="https://example.org/" description="&x;&b;" />', f'<?xml version="1.0"?>{doctype}')
    )

    assert [type(row) for row in rows] == [Broken]
    assert "entities" in rows[0].reason


def test_a_doctype_alone_is_no_harm():
    raw = posts(
        '<post href="https://example.org/" />', '<?xml version="1.0"?><!DOCTYPE posts SYSTEM "http://a.example/x.dtd">'
    )

    assert [row.url for row in rows_of(raw)] == ["https://example.org/"]


@pytest.mark.parametrize("tail", ["<post href='", "</wrong>", "<a>" * 60, "&undefined;", "<post href='x' href='y'/>"])
def test_what_stands_before_a_fault_is_read_and_the_fault_told(tail):
    rows = rows_of(posts("<post href='https://example.org/1' />" + tail))

    assert [type(row) for row in rows] == [Draft, Broken]
    assert rows[1].ends and rows[1].line


def test_controls_that_xml_forbids_cost_no_row():
    rows = rows_of(posts("<post href='https://example.org/1' description='a\x0bb&#11;c&#x1f;d' />"))

    assert [row.title for row in rows] == ["a b c d"]


def test_a_row_that_never_ends_is_given_up():
    raw = posts("<post href='https://example.org/' extended='" + "x" * 20_000_000 + "' />")

    assert rows_of(raw)[-1].ends


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "iso-8859-1"])
def test_xml_is_read_in_the_encoding_it_declares(codec):
    post = "<post href='https://example.org/' description='é' />"
    raw = f"<?xml version='1.0' encoding='{codec}'?><posts>{post}</posts>".encode(codec)

    assert [row.title for row in rows_of(raw)] == ["é"]


def test_nothing_but_words_for_people_comes_of_json_that_lies():
    for value in (None, 7, True, [], {}, "x", ["x"], {"a": 1}):
        for name in ("url", "uri", "title", "tags", "created", "annos", "content", "labels", "collections", "object"):
            for raw in (
                as_json([{"slug": 1, "savedAt": 2, name: value}]),
                as_json({"bookmarks": [{name: value}]}),
                json.dumps({"type": "OrderedCollection", "orderedItems": [{name: value}]}).encode(),
            ):
                try:
                    rows_of(raw)
                except FedimarkError as error:
                    assert error.message
