"""Words as pages show them: what is a link, what is escaped, what a peer's HTML may hold."""

from __future__ import annotations

import html
import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fedimark.text.anchors import anchors
from fedimark.text.clean import many_lines, one_line
from fedimark.text.html import escape, linkify, paragraphs, sanitise, to_text

HTMLISH = st.lists(
    st.sampled_from(
        [
            *(
                "<p>",
                "</p>",
                "<a href='",
                "https://x.example/",
                "javascript:",
                "'>",
                '"',
                "<",
                ">",
                "&",
                "&lt;",
                "&#60;",
            ),
            *(
                "<script>",
                "</script>",
                "<h1>",
                "</h1>",
                "<br>",
                "<li>",
                "<pre>",
                "\n",
                " ",
                "\0",
                "\ud800",
                "<!--",
                "é",
            ),
            *("http://", ")", "(", "[", "]", ".", "ℓ1(ℝd)", "<svg>", "<style>", "<math>", "<b>", "</b>"),
        ]
    )
).map("".join)


def link(url: str) -> str:
    return f'<a href="{escape(url)}" rel="nofollow noopener ugc">{escape(url)}</a>'


@pytest.mark.parametrize(
    ("before", "url", "after"),
    [
        ("see ", "https://example.org/a", " now"),
        ("", "http://example.org", ""),
        ("", "HTTPS://Example.org/A", ""),
        ("(see ", "https://example.org/a", ")"),
        ("", "https://en.wikipedia.org/wiki/Set_(maths)", "."),
        ("(", "https://en.wikipedia.org/wiki/Set_(maths)", ")."),
        ("Go to ", "https://example.org/a?b=c", "?!…"[:2]),
        ("", "https://example.org/a,b", ", then"),
        ("<", "https://example.org/", ">"),
        ('"', "https://example.org/", '"'),
        ("“", "https://example.org/", "”"),
        ("见", "https://example.org/技术文", "。然后"),
        ("\\url{", "https://example.org/x", "}"),
        ("[https](", "https://example.org/x", ")"),
        ("", "https://example.org/?a=1&b=2", "\n"),
        ("", "https://web.archive.org/web/2020/https://example.org/", ""),
        ("x", "https://example.org/", ";"[:0]),
    ],
)
def test_a_bare_url_becomes_a_link_and_its_surroundings_do_not(before, url, after):
    shown = linkify(before + url + after)

    if before == "x":
        assert "<a " not in shown
    else:
        assert shown == escape(before) + link(url) + escape(after).replace("\n", "<br>\n")


def test_a_markdown_link_gives_both_of_its_addresses():
    shown = linkify("[https://a.example/](https://b.example/)")

    assert shown == f"[{link('https://a.example/')}]({link('https://b.example/')})"


@pytest.mark.parametrize(
    "text",
    [
        r"\textit{Norm matters}: ℓ1(ℝd) ≤ ∥x∥₂ “quoted” ‘so’ — 技术文 fi ½ e\u0301 \x00-free",
        "<script>alert('1')</script> & <b onclick=x>bold</b>",
        "javascript:alert(1) data:text/html,x ftp://example.org/ www.example.org ana@example.org",
        "https:// http://. https://? https://[ http://[::1",
    ],
)
def test_all_else_is_shown_character_by_character(text):
    shown = linkify(text)

    assert "<" not in shown
    assert html.unescape(shown) == text


def test_a_url_nobody_could_save_is_no_link():
    shown = linkify("https://example.org/" + "a" * 8_000)

    assert "<a " not in shown


def test_new_lines_break_and_blank_lines_divide_paragraphs():
    text = "one\r\ntwo\n \n\n\nthree https://example.org/"

    assert linkify("one\r\ntwo") == "one<br>\ntwo"
    assert paragraphs(text) == f"<p>one<br>\ntwo</p><p>three {link('https://example.org/')}</p>"
    assert paragraphs("\n\n") == ""


@given(st.one_of(st.text(), HTMLISH))
def test_linkified_text_holds_no_tag_of_its_author(text):
    shown = linkify(text)

    tags = re.findall("<[^>]*>?", shown)
    assert all(
        tag in {"<br>", "</a>"} or re.fullmatch(r'<a href="http[^"<>]*" rel="[a-z ]+">', tag, re.I) for tag in tags
    )
    assert html.unescape(re.sub("<[^>]*>", "", shown)) == html.unescape(escape(text.replace("\r\n", "\n")))


def test_remote_html_keeps_what_mastodon_keeps():
    remote = (
        '<p class="u-x evil">Hi <a href="https://example.org/t/a" class="mention hashtag" target="_blank" '
        'onclick="x()" rel="tag">#<span>A</span></a></p><ul><li>one</li></ul><ruby>字<rp>(</rp><rt>ji</rt></ruby>'
    )

    assert sanitise(remote) == (
        '<p class="u-x">Hi <a href="https://example.org/t/a" class="mention hashtag" rel="nofollow noopener ugc">'
        "#<span>A</span></a></p><ul><li>one</li></ul><ruby>字<rp>(</rp><rt>ji</rt></ruby>"
    )


@pytest.mark.parametrize(
    ("remote", "kept"),
    [
        ("<script>alert(1)</script>a<style>p{}</style>", "a"),
        ("<h2>Title</h2>", "<p><strong>Title</strong></p>"),
        ('<img src="https://example.org/x.png" onerror="x()">b', "b"),
        ('<a href="javascript:alert(1)">c</a>', '<a rel="nofollow noopener ugc">c</a>'),
        ('<a href="/relative">d</a>', '<a rel="nofollow noopener ugc">d</a>'),
        ('<a href="data:text/html,x">e</a>', '<a rel="nofollow noopener ugc">e</a>'),
        ('<p style="color:red" id="x">f</p>', "<p>f</p>"),
        ("<!-- g --><iframe src=x></iframe>h", "h"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("\ud800<b>i", "<b>i</b>"),
    ],
)
def test_remote_html_loses_what_could_harm(remote, kept):
    assert sanitise(remote) == kept


@given(HTMLISH)
def test_sanitised_html_holds_only_allowed_tags_and_web_targets(remote):
    kept = sanitise(remote)

    assert set(re.findall("<(/?[a-z0-9]+)", kept)) <= {
        *("p", "/p", "br", "a", "/a", "pre", "/pre", "li", "/li", "b", "/b", "strong", "/strong")
    }
    assert all(href.startswith("http") for href in re.findall('href="([^"]*)"', kept))


@pytest.mark.parametrize(
    ("remote", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("  a \n b<b> c</b>d ", "a b cd"),
        ("<ul><li>a</li><li>b</li></ul>c", "a\nb\n\nc"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("1 &lt; 2 &amp;amp; &#x1F40D;", "1 < 2 &amp; 🐍"),
        ("<script>x</script><p>a</p>", "a"),
        ('<span class="invisible">https://</span><span>example.org</span>', "https://example.org"),
        ("<p> </p>", ""),
    ],
)
def test_remote_html_is_read_as_text(remote, text):
    assert to_text(remote) == text


@given(HTMLISH)
def test_escaped_words_are_read_back_as_they_were(words):
    fit = many_lines(words, 1_000)

    assert to_text(escape(words)) == re.sub("[ \t\n]+", " ", fit).strip(" ")


# A newline that begins a <pre> is no word of it: reading twice, as the sanitised page is, takes away two.
_BITS = (
    *("<p>", "</p>", "<h1>", "</h2>", "<br>", "<a href='https://x.example/a?b&amp;c' class='mention foo'>", "</a>"),
    *("<a href=javascript:x>", "<a href=/rel>", "word ", " two", "\n", "<pre>x", "</pre>", "<ul>", "<li>", "</li>"),
    *("</ul>", "<script>x</script>", "<style>y", "</style>", "<table><tr><td>", "</table>", "<b a=1>", "<b a=2>"),
    *("</b>", "&amp;", "&lt;p&gt;", "<blockquote>", "<img src=x>", "<!-- c -->", "<svg><p>", "</svg>", "<template>"),
    *("<noscript>", "<select><option>", "<textarea>x", "<article>", "<span class='invisible'>", "</span>", "#", "@a"),
    *("<title>", "<iframe>", "<plaintext>", "  ", "<div>", "</div>", "<form><input>", "<frameset>", "<math>"),
)


@given(st.lists(st.sampled_from(_BITS), max_size=14).map("".join))
def test_words_and_links_are_those_of_the_sanitised_page(remote):
    sanitised = sanitise(remote)
    # A link in a link, or a paragraph in one, can be had from broken HTML and be written, but no parser reads it again.
    assume(sanitise(sanitised) == sanitised)

    assert to_text(remote) == to_text(sanitised)
    assert [(each.href, each.words, each.is_name) for each in anchors(remote)] == [
        (each.href, each.words, each.is_name) for each in anchors(sanitised)
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "https://a)",
        "(" * 3,
        "https://",
        "https://a.",
        "<b>",
        "<a href=x>",
        "&",
        "<",
        "<!--",
        "<p><i>",
        "<div>",
        "<ul><li>",
        "</x><div>",
        "\n ",
        "[http://a](",
    ],
)
def test_hostile_text_takes_no_time(hostile):
    text = hostile * (65_536 // len(hostile))
    started = time.monotonic()

    linkify(text)
    paragraphs(text)
    to_text(text)

    # A hang guard with tenfold headroom, no measurement.
    assert time.monotonic() - started < 10


def test_formatting_opened_in_a_thousand_ways_is_not_multiplied():
    unlike = "".join(f"<b class=c{number}>" for number in range(1_000))

    kept = sanitise(f"<p>{unlike}</p>" + "<p>x</p>" * 1_000)

    assert len(kept) < 200_000


def test_a_remote_text_is_read_to_a_bound_only():
    assert len(sanitise("a" * 1_000_000)) == 262_144
    assert to_text("<br>a" * 10_000).count("a") == 8_000


@pytest.mark.parametrize("written", ["&", "&amp;", "&AMP;", "&#38;", "&#038", "&#x26;", "&none;", "&#z"])
def test_of_a_text_of_ampersands_so_many_are_read_and_no_more(written):
    assert to_text(f"{written} " * 20_000).count("&") == 8_000
    assert sanitise(f"{written} " * 20_000).count("&amp;") == 8_000


@pytest.mark.parametrize("written", ["&#1087;", "&#380;", "&#x261;", "&lt;", "&nbsp;"])
def test_other_characters_that_are_written_as_entities_are_read_to_the_end(written):
    assert len(to_text(f"a{written}" * 20_000)) == 40_000


def test_many_lines_keeps_lines_and_loses_what_no_table_holds():
    assert many_lines("a\r\nb\rc\td\0\x07\x7f\ud800\ufffe \u202ee", 100) == "a\nb\nc\td \u202ee"


def test_one_line_is_one_line_without_space_around_it():
    assert one_line(" a\r\nb\tc\u2028d  e\0 ", 100) == "a b c d  e"


def test_long_text_is_cut_mid_word_as_pinboard_does():
    assert one_line("é" * 300, 255) == "é" * 255
    assert len(many_lines("𝔘" * 70_000, 65_536)) == 65_536


@given(st.text(), st.integers(0, 20))
def test_cleaning_twice_changes_nothing(text, limit):
    assert one_line(one_line(text, limit), limit) == one_line(text, limit)
    assert many_lines(many_lines(text, limit), limit) == many_lines(text, limit)
