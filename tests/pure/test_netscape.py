"""Netscape's HTML in the spellings of those who write it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from fedimark.bookmarks.draft import Draft
from fedimark.importing.formats import PLAIN, Reading, netscape, opened
from fedimark.importing.formats.markup import quoted
from fedimark.importing.rows import Broken
from fedimark.policy.visibility import Visibility

SECOND = 1_616_337_559_000_000


def read(text: str, reading: Reading = PLAIN) -> list[Draft | Broken]:
    return list(netscape.read(io.BytesIO(text.encode()), reading))


def one(entry: str, reading: Reading = PLAIN) -> Any:
    (row,) = read(f"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n{entry}\n</DL><p>\n", reading)
    return row


def link(attributes: str) -> Any:
    return one(f'<DT><A HREF="https://example.org/" {attributes}>x</A>')


@pytest.mark.parametrize(
    "text",
    [
        '<!doctype netscape-bookmark-file-1>\n<dl><p>\n<dt><a href="https://example.org/">x</a>\n</dl><p>',
        '<DT><A HREF="https://example.org/">x</A>',
        '<HTML><DL><DT><A HREF="https://example.org/">x</A></DL></HTML>',
        '<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><p><A HREF="https://example.org/">x</A></DT></DL>',
        "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL>\n\r<DT><A HREF='https://example.org/' >x</A>\n\r</DL>",
        "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><HR><DT><A HREF=https://example.org/>x</A><HR></DL>",
        '<!DOCTYPE NETSCAPE-Bookmark-file-1><DT><A\nHREF = "https://example.org/"\n>x</A\n>',
    ],
)
def test_one_bookmark_is_read_in_every_spelling(text):
    raw = text.encode()

    assert opened(io.BytesIO(raw)).name == "Netscape HTML"
    assert list(opened(io.BytesIO(raw)).rows()) == [Draft(url="https://example.org/", title="x")]


@pytest.mark.parametrize(
    ("date", "micros"),
    [
        ("1616337559", SECOND),
        ("1616337559000", SECOND),
        ("1616337559000000", SECOND),
        ("1616337559000000000", SECOND),
        ("13260811159000000", SECOND),
        ("1616337559.5", SECOND + 500_000),
        ("2021-03-21T14:39:19Z", SECOND),
        ("2021-03-21T15:39:19+01:00", SECOND),
        ("21/Mar/2021:17:39:19 +0300", SECOND),
        ("Sun, 21 Mar 2021 14:39:19 +0000", SECOND),
        ("-62135596800", -62_135_596_800_000_000),
        ("253402300799", 253_402_300_799_000_000),
        ("0", None),
        ("", None),
        (" 1616337559 ", SECOND),
    ],
)
def test_a_moment_is_read_in_every_size(date, micros):
    assert link(f'ADD_DATE="{date}"').saved_at == micros


@pytest.mark.parametrize("date", ["invaliddate", "9" * 30, "-99999999999999", "2021-02-30T00:00:00Z", "1e9", "٣٤"])
def test_a_moment_that_cannot_be_read_breaks_its_row(date):
    broken = link(f'ADD_DATE="{date}"')

    assert isinstance(broken, Broken) and "time" in broken.reason and broken.line == 3


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", None),
        ('PRIVATE="1"', Visibility.PRIVATE),
        ('PRIVATE="0"', Visibility.PUBLIC),
        ('PRIVATE=""', None),
        ('private="true"', Visibility.PRIVATE),
        ('PRIVATE="perhaps"', Visibility.PRIVATE),
        ('SHARED="1"', Visibility.PUBLIC),
        ('SHARED="0"', Visibility.PRIVATE),
        ('PRIVATE="1" SHARED="1"', Visibility.PRIVATE),
    ],
)
def test_who_sees_a_row_is_what_it_says_or_the_owners_default(attributes, expected):
    assert link(attributes).visibility is expected


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False), ("", False), ("yes", True)])
def test_to_read_is_said_in_a_digit(value, expected):
    assert link(f'TOREAD="{value}"').to_read is expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('TAGS="a,b"', ("a", "b")),
        ('TAGS="a, b c,d"', ("a", "b-c", "d")),
        ('TAGS="private secret"', ("private", "secret")),
        ('TAGS="culture , propriété_intellectuelle "', ("culture", "propriété_intellectuelle")),
        ('TAGS="@font-face,a&amp;b,c++"', ("@font-face", "a&b", "c++")),
        ('tags="dictionary"', ("dictionary",)),
        ('LABELS="x,y"', ("x", "y")),
        ('TAGS=""', ()),
        ('TAGS=","', ()),
        ('TAGS="..., a"', ("a",)),
        ('TAGS="machine learning" ICON_URI="x"', ("machine-learning",)),
    ],
)
def test_tags_stand_between_commas_and_may_hold_spaces(attributes, expected):
    assert link(attributes).tags == expected


def test_one_comma_in_a_file_says_that_spaces_divide_no_tags():
    first, second = read(
        '<DT><A HREF="https://a.example/" TAGS="red wine">a</A><DT><A HREF="https://b.example/" TAGS="x,y">b</A>'
    )

    assert (first.tags, second.tags) == (("red-wine",), ("x", "y"))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("<DD>words", "words"),
        ("\n<DD>two\nlines\n\n- a\n  - b\n", "two\nlines\n\n- a\n  - b"),
        ("<dd>a &amp; b &lt;i&gt; &#10;c</dd>", "a & b <i> \nc"),
        ("<DD>a<br>b<BR/>\nc", "a\nb\nc"),
        (
            '<DD>see <a href="https://x.example/">this</a> and\n<li>#A ---> #B</li>',
            'see <a href="https://x.example/">this</a> and\n<li>#A ---> #B</li>',
        ),
        ("<DD>", ""),
        ("\n\n", ""),
        ("<DD>a<HR>", "a"),
    ],
)
def test_a_description_is_kept_as_it_was_typed(said, expected):
    assert one(f'<DT><A HREF="https://example.org/">x</A>{said}').description == expected


def test_scuttle_describes_in_an_attribute():
    assert link('description="one\n&quot;two&quot;" hash="0"').description == 'one\n"two"'


@pytest.mark.parametrize(
    ("said", "description", "note"),
    [
        ("words[linkding-notes]a\n*note*[/linkding-notes]", "words", "a\n*note*"),
        ("[linkding-notes]&lt;b&gt;[/linkding-notes]", "", "<b>"),
        ("[linkding-notes]never closed", "[linkding-notes]never closed", ""),
    ],
)
def test_linkding_hides_a_private_note_in_the_description(said, description, note):
    draft = one(f'<DT><A HREF="https://example.org/">x</A>\n\r<DD>{said}\n\r')

    assert (draft.description, draft.private_note) == (description, note)


@pytest.mark.parametrize("tag", ["<=", '"=', "a&b=c", "&lt=", "=&=", "&#61;="])
def test_a_tag_with_an_equals_sign_comes_back_as_it_was(tag):
    assert link(f'TAGS="{quoted(tag)}"').tags == (tag,)


@pytest.mark.parametrize("tag", ["linkding:archived", "linkding:bookmarks.archived"])
def test_linkding_says_archived_in_a_tag(tag):
    draft = link(f'TAGS="a,{tag}"')

    assert (draft.archived, draft.tags) == (True, ("a",))


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://example.org/?a=1&amp;b=2", "https://example.org/?a=1&b=2"),
        ("https://example.org/?a=1&b=2&copy=3&para", "https://example.org/?a=1&b=2&copy=3¶"),
        ("https://example.org/?x=&quot;y&quot;", 'https://example.org/?x="y"'),
        ("javascript:alert('a > b')", "javascript:alert('a > b')"),
        ("file:///.startpage/0/index.html", "file:///.startpage/0/index.html"),
        ("feed:https://example.org/feed", "https://example.org/feed"),
    ],
)
def test_an_address_is_what_a_browser_would_read(href, expected):
    assert one(f'<DT><A HREF="{href}">x</A>').url == expected


def test_a_livemark_without_an_address_is_its_feed():
    assert one('<DT><A FEEDURL="https://example.org/feed">x</A>').url == "https://example.org/feed"


@pytest.mark.parametrize("href", ["", "about:blank", "chrome://settings", "data:text/html,x", "/relative", "https://"])
def test_an_address_nobody_can_save_breaks_its_row_and_no_other(href):
    rows = read(f'<DT><A HREF="{href}">x</A>\n<DT><A HREF="https://example.org/">y</A>')

    assert isinstance(rows[0], Broken) and rows[0].reason
    assert isinstance(rows[1], Draft)


def test_firefoxs_queries_and_separators_are_no_rows():
    assert read('<DT><A HREF="place:sort=14">Recent</A>\n<HR>\n<DT><HR>\n<DT>words') == []


@pytest.mark.parametrize("href", ["?lY47tw", "/shaare/lY47tw"])
def test_a_note_of_shaarli_is_read_where_its_home_is_known(href):
    entry = f'<DT><A HREF="{href}" PRIVATE="0">Note: x</A><DD>words'

    broken, draft = one(entry), one(entry, Reading(home="https://links.example/"))

    assert isinstance(broken, Broken) and "Shaarli" in broken.reason and broken.excerpt == "Note: x"
    assert draft.url == f"https://links.example/{href.lstrip('/')}"


def test_safaris_reading_list_is_to_be_read():
    first, second = read(
        '<DT><H3 FOLDED>Favoris</H3><DL><DT><A HREF="https://a.example/">a</A></DL>'
        '<DT><H3 id="com.apple.ReadingList">Reading List</H3><DL><DT><A HREF="https://b.example/">b</A></DL>',
        Reading(folders="tags"),
    )

    assert (first.to_read, second.to_read) == (False, True)
    assert (first.tags, second.tags) == (("Favoris",), ())


def test_folders_open_and_close_around_their_rows():
    rows = read(
        """<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p>
        <DT><A HREF="https://example.org/0">0</A>
        <DT><H3 PERSONAL_TOOLBAR_FOLDER="true">Toolbar</H3><DD>about the folder
        <DL><p>
            <DT><H3>A &amp; B</H3>
            <DL><p><DT><A HREF="https://example.org/1">1</A></DL><p>
            <DT><A HREF="https://example.org/2" TAGS="own">2</A><DD>words
        </DL><p>
        <DT><H3>Empty</H3><DL><p></DL><p>
        <DT><A HREF="https://example.org/3">3</A>
        </DL><p></DL><p></DL>""",
        Reading(folders="path"),
    )

    assert [row.tags for row in rows] == [(), ("A-&-B",), ("own",), ()]
    assert rows[2].description == "words"


@pytest.mark.parametrize(
    "entry",
    [
        '<DT><A HREF="https://example.org/" title="5" disk">x</A>',
        "<DT><A HREF='https://example.org/'\" ADD_DATE=1>x</A>",
        '<DT><A HREF="https://example.org/" description="say "hi" there">x</A>',
        '<DT><A HREF="https://example.org/"  =  = "" ADD_DATE>x</A>',
    ],
)
def test_careless_quoting_costs_no_row(entry):
    rows = read(f'{entry}\n<DT><A HREF="https://example.org/2">y</A>')

    assert [row.url for row in rows] == ["https://example.org/", "https://example.org/2"]


def test_a_broken_row_tells_its_line():
    rows = read('<DL>\n<DT><A HREF="https://example.org/">x</A>\n<DD>a\nb\n<DT><A HREF="no">y</A>')

    assert rows[1].line == 5


def test_a_row_that_never_ends_ends_the_file_and_keeps_what_stands_before():
    def endless() -> Any:
        class Endless:
            sent = 0

            def read(self, size: int) -> bytes:
                self.sent += 1
                return b'<DT><A HREF="https://example.org/">x</A><DT><A HREF="' if self.sent == 1 else b"a" * size

            def seek(self, _offset: int) -> int:
                raise AssertionError

        return Endless()

    rows = list(netscape.read(endless()))

    assert [type(row) for row in rows] == [Draft, Broken]
    assert rows[1].ends


@pytest.mark.parametrize(
    "hostile",
    [
        "<DT>" * 200_000,
        "<DT><A " + 'a="' * 200_000,
        "<DT><A " + "a=b " * 200_000 + ">x</A>",
        "<DT><A " + "a" * 800_000,
        "<DT><A HREF=" + "'\"" * 300_000,
        "<DT><A HREF='x'>" + "<a " * 200_000,
        "<DT><H3>" + "<h3 " * 200_000,
        "<DT><A HREF='https://a.example/'>x</A>" + "<DL>" * 200_000,
        "<DT><A HREF='https://a.example/'>x</A><DD>" + "<br" * 200_000,
        "<DT><A HREF='https://a.example/'>x</A><DD>" + "&" * 400_000,
        "<DT><A HREF='https://a.example/'>x</A><DD>" + " " * 400_000 + "<p",
        "<DT" + " " * 400_000,
        "<" * 400_000,
    ],
)
def test_what_is_made_to_be_slow_is_not(hostile):
    # Quadratic time would be minutes here; the suite's own clock would tell.
    list(netscape.read(io.BytesIO(hostile.encode()), Reading(folders="tags")))


@pytest.mark.parametrize(
    "end",
    [
        '<DT><A HREF="https://example.org/2">y',
        '<DT><A HREF="https://example.org/2">y</A',
        '<DT><A HREF="https://example.org/2">y</A>\n<DD>half of a descr',
        '<DT><A HREF="https://examp',
    ],
)
def test_half_a_bookmark_at_the_end_of_a_file_is_none(end):
    whole, *half = read(f'<DL><p>\n<DT><A HREF="https://example.org/">x</A>\n<DD>words\n{end}')

    assert isinstance(whole, Draft)
    assert half
    assert all(isinstance(row, Broken) for row in half)


@pytest.mark.parametrize("end", ["", "<DT><A HREF='https://example.org/2'>y</A>", "<DT><H3>Fold", "<D"])
def test_a_file_that_ends_before_its_lists_do_says_so_and_keeps_what_is_whole(end):
    *rows, told = read(f'<DL><p>\n<DT><A HREF="https://example.org/">x</A>\n{end}')

    assert all(isinstance(row, Draft) for row in rows)
    assert len(rows) == 1 + ("example" in end)
    assert isinstance(told, Broken)
    assert told.ends


def test_who_closes_no_list_because_they_opened_none_is_read_to_the_end():
    rows = read('<DT><A HREF="https://example.org/">x</A>\n<DT><A HREF="https://example.org/2">y\n')

    assert [row.title for row in rows if isinstance(row, Draft)] == ["x", "y"]


def test_blocks_of_any_size_change_nothing():
    text = "".join(
        f'<DT><A HREF="https://example.org/{n}" TAGS="é{n},b">Tïtle {n}</A>\n<DD>wörds {n}\n' for n in range(4_000)
    )

    class Dribbling(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(11 if self.tell() < 3_000 else size)

    rows = read(text)

    assert rows == list(netscape.read(Dribbling(text.encode())))
    assert [row.url for row in rows] == [f"https://example.org/{n}" for n in range(4_000)]
    assert rows[-1].description == "wörds 3999"
