"""What counts as one page, what can be saved, and what had better stay private."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedimark.text.trackers import is_tracker
from fedimark.text.urls import (
    BadUrl,
    canonical,
    check,
    federable,
    host_of,
    is_secret_looking,
    link_hash,
    md5,
    strict,
)
from fedimark.text.works import page_of

VECTORS = json.loads((Path(__file__).parent / "canonical_vectors.json").read_text("utf-8"))

PIECES = st.sampled_from(
    [
        *("http://", "HTTPS://", "ftp://", "javascript:", "mailto:", "file:", "feed:", "//", "/", "\\", "?", "#", "#!"),
        *(
            "#/",
            "&",
            "=",
            "@",
            ":",
            ".",
            "..",
            "%2e",
            "%",
            "%zz",
            "%26",
            "%41",
            "%7e",
            "%27",
            "%25",
            "utm_source",
            "fbclid",
            "a",
            "example.org",
        ),
        *("127.1", "0x7f", "[::1]", "[", "]", ":80", ":443", ":99999", "ü", "技", "\u3002", " ", "\t", "\0", "\ud800"),
    ]
)
URLISH = st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(lambda p: "https://a." + "".join(p)))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["because"])
def test_a_vector_defines_the_canonical_url(vector):
    assert canonical(check(vector["url"])) == vector["canonical"]


def test_there_are_forty_vectors_and_each_is_its_own():
    assert len(VECTORS) == len({v["url"] for v in VECTORS}) == len({v["because"] for v in VECTORS}) == 40


@given(URLISH)
@example("https://1../")
@example("https://0x.1.")
@example("https://...")
@example("javascript:a ")
@example("file:////a")
def test_canonical_never_raises_and_is_its_own_canonical(url):
    once = canonical(url)

    assert canonical(once) == once


@given(
    st.lists(st.sampled_from(["a", "b-c", "0", "example", "xn--4ca", "-x"]), min_size=1, max_size=4),
    st.text("aZ9._~!$&()*+,;=:@-/%'", max_size=20),
    st.one_of(st.just(""), st.lists(st.sampled_from(["?", "&", "=", "utm_source", "t", "1", "/", "."])).map("?".join)),
)
@example(["youtube"], "watch", "?v=dQw4w9WgXcQ&utm_source=x")
@example(["example"], "a/../b/./c/..", "?a=./..")
@example(["example"], "...", "")
def test_addresses_that_need_no_parser_become_what_a_parser_would_make_of_them(labels, path, query):
    url = f"{'.'.join(labels)}.com/{path}{query}"

    # In capitals no scheme is of the usual kind, so that the second one is parsed.
    assert canonical(f"https://{url}") == canonical(f"HTTPS://{url}")
    assert host_of(f"https://{url}") == host_of(f"HTTPS://{url}")
    assert page_of(f"http://{url}") == page_of(f"HTTP://{url}")


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://example.org/a?b=c?d#e", "https://example.org/a?b=c?d#e"),
        ("https://Example.org/ü?q=“a”", "https://example.org/%C3%BC?q=%E2%80%9Ca%E2%80%9D"),
        ('https://example.org/"<>', "https://example.org/%22%3C%3E"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("https://example.org/100%", ""),
        ("https://example.org/a#b%e", ""),
        ("https://example.org/a[0]", ""),
        ("https://example.org/a|b", ""),
        ("javascript:alert(1)", ""),
        ("https://", ""),
    ],
)
def test_an_address_is_spelled_for_strict_readers_where_it_can_be(url, spelled):
    assert strict(url) == spelled


@given(URLISH)
def test_whatever_passes_the_check_can_be_hashed_shown_and_judged(url):
    try:
        stored = check(url)
    except BadUrl as refusal:
        assert refusal.message
        return

    assert check(stored) == stored
    assert len(link_hash(canonical(stored))) == 40
    assert len(md5(stored)) == 32
    assert host_of(stored) == host_of(stored).lower()
    assert is_secret_looking(stored) is None or is_secret_looking(stored)


@given(URLISH)
def test_a_canonical_web_address_says_the_same_wherever_it_is_federable(url):
    merged = canonical(url)

    assert federable(merged) == federable(url)
    assert not federable(url) or merged.startswith("https://")


@pytest.mark.parametrize(
    "given_url",
    [
        "HTTP://Example.org:80/%7e?utm_source=x#frag",
        "https://example.org/ü?q=“a”",
        "javascript:void(document.title = 'a b')",
        "mailto:ana@example.org",
        "ftp://example.org/pub",
        "file:///home/ana/paper.pdf",
    ],
)
def test_a_url_is_kept_exactly_as_given(given_url):
    assert check(f" \n{given_url}\t ") == given_url


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("feed://example.org/rss", "http://example.org/rss"),
        ("feed:https://example.org/rss", "https://example.org/rss"),
        ("FEED:http://example.org/rss", "http://example.org/rss"),
    ],
)
def test_feed_addresses_are_stored_as_http(typed, stored):
    assert check(typed) == stored


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Give the address"),
        (" \t\n", "Give the address"),
        ("example.org/a", "https://example.org/a"),
        ("//example.org/a", "https://example.org/a"),
        ("example.org:8080/a", "https://example.org:8080/a"),
        ("localhost:8000", "https://localhost:8000"),
        ("data:text/html,hello", "data: cannot be saved"),
        ("vbscript:x", "vbscript: cannot be saved"),
        ("feed:javascript:alert(1)", "feed: cannot be saved"),
        ("https://example.org/" + "a" * 7_981, "8,000"),
        ("https://example.org/\0", "characters"),
        ("https://example.org/a\nb", "characters"),
        ("https://example.org/\ud800", "characters"),
        ("https://example.org/a b", "white space"),
        ("https://example.org/a\u3000b", "white space"),
        ("https://", "no host"),
        ("https:///a", "no host"),
        ("https:example.org", "no host"),
        ("https://example.org\\@evil.example/", "host"),
        ("ftp://", "no host"),
        ("javascript:", "Nothing follows"),
        ("https://.../", "browser"),
        ("https://[::1/", "browser"),
        ("https://example.org:99999/", "browser"),
        ("https://1.2.3.400/", "browser"),
    ],
)
def test_a_bad_url_is_refused_with_words_for_the_form(typed, words):
    with pytest.raises(BadUrl) as refusal:
        check(typed)

    assert words in refusal.value.message


def test_a_url_of_exactly_the_limit_is_kept():
    longest = "https://example.org/" + "a" * 7_980

    assert len(check(longest)) == 8_000


def test_the_hashes_are_sha256_of_the_canonical_and_md5_of_the_given_url():
    url = "http://example.org/ü"

    assert link_hash(canonical(url)) == hashlib.sha256(b"https://example.org/%C3%BC").hexdigest()[:40]
    assert md5(url) == hashlib.md5(url.encode()).hexdigest()
    assert md5("https://example.org/") != md5("https://example.org")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://WWW.Example.org:8080/a", "example.org"),
        ("https://www.com/", "www.com"),
        ("https://аpple.example/", "xn--pple-43d.example"),
        ("ftp://files.example.org./", "files.example.org"),
        ("http://localhost:8000/", "localhost"),
        ("mailto:ana@example.org", ""),
        ("javascript:alert(1)", ""),
        ("no address", ""),
    ],
)
def test_the_host_shown_is_plain(url, host):
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "https://ana:secret@example.org/",
        "https://ana@example.org/",
        "http://localhost:8000/",
        "http://intranet/wiki",
        "http://printer.local/",
        "http://db.internal./",
        "http://router.home.arpa/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "http://[2002:0a00:0001::]/",
        "http://[fd00::1]/",
        "file:///etc/passwd",
        "https://example.org/?a=1&Token=x",
        "https://example.org/?%74oken=x",
        "https://example.org/?api_key=x",
        "https://example.org/?code",
        "https://example.org/?X-Amz-Credential=x",
        "https://example.org/?X-Goog-Signature=x",
        "https://example.org/cb#state=1&access_token=x",
        "https://example.org/#/reset?password=x",
    ],
)
def test_a_url_that_looks_secret_says_why(url):
    assert is_secret_looking(check(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "https://example.org/token/key?q=secret",
        "https://example.org/?monkey=1&tokens=2&keyword=3",
        "http://93.184.216.34/",
        "http://[2606:4700::1111]/",
        "https://local.example/",
        "mailto:ana@example.org",
        "javascript:alert(document.title)",
        "no address",
    ],
)
def test_an_ordinary_url_looks_public(url):
    assert is_secret_looking(url) is None


def test_only_http_and_https_are_federable():
    assert federable("http://example.org/")
    assert federable("HTTPS://example.org/")
    assert not any(map(federable, ["ftp://example.org/", "javascript:1", "mailto:a@b", "file:///a", "x", ""]))


def test_trackers_are_known_by_name_or_prefix_and_nothing_else_is_touched():
    assert all(map(is_tracker, ["utm_source", "UTM_ID", "fbclid", "mc_eid", "igshid", "wt.mc_id"]))
    assert not any(map(is_tracker, ["", "utm", "ref", "source", "id", "q", "v", "si", "my_utm_source"]))
