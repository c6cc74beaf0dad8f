"""Which tags are the same, which are none, how Mastodon carries them, and how addresses do."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedimark.text.segments import decode, encode
from fedimark.text.tags import dotnet_hint, hashtag, is_private, key, read, split

AWKWARD = st.sampled_from(list(".,，´¨ \u3000\u2026\u2024\ufdfaßİΐſﬁ\u0345\u0301\0\x1c\x85\ud800aA+#/-_:"))
TAGGY = st.one_of(st.text(), st.text(alphabet=AWKWARD))


def is_legal(tag: str) -> bool:
    return bool(tag.strip(".")) and not re.search("[\\s,\0\ud800-\udfff]", tag)


def test_tags_are_split_on_white_space_and_commas_keeping_case_and_order():
    tags = split(" SQL,c++\tNaïve\u3000日本,,a/b\n100%\u2028x ")

    assert tags == ("SQL", "c++", "Naïve", "日本", "a/b", "100%", "x")


def test_of_two_spellings_of_one_tag_the_first_stays():
    assert split("NeuralNet neuralnet ＮＥＵＲＡＬＮＥＴ neural-net") == ("NeuralNet", "neural-net")


def test_tags_of_dots_are_refused_and_named():
    tags = read(". .. a … ...")

    assert tags.tags == ("a",)
    assert tags.refused == (".", "..", "…", "...")


def test_unfit_characters_vanish_from_tags():
    assert split("s\0q\x07l \ud800 a\ud800b") == ("sql", "ab")


def test_more_than_a_hundred_tags_are_cut_and_the_form_can_say_so():
    exactly, more = read(" ".join(map(str, range(100)))), read(" ".join(map(str, range(101))))

    assert (len(exactly.tags), exactly.cut) == (100, False)
    assert (len(more.tags), more.cut) == (100, True)
    assert read("a " * 40_000).cut


@pytest.mark.parametrize(
    ("typed", "kept"), [("a" * 300, 255), ("ß" * 300, 127), ("\ufdfa" * 300, 17), ("日" * 255, 255)]
)
def test_a_long_tag_is_cut_so_that_its_key_fits_too(typed, kept):
    (tag,) = split(typed)

    assert len(tag) == kept
    assert len(key(tag)) <= 255


@pytest.mark.parametrize(
    ("one", "other"),
    [("SQL", "sql"), ("Straße", "STRASSE"), ("ﬁle", "FILE"), ("①", "1"), ("ΣΑΣ", "σας"), ("e\u0301", "É")],
)
def test_folding_makes_two_spellings_one_tag(one, other):
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("naive", "naïve"), ("neural-net", "neuralnet"), ("c", "c++"), ("c#", "c♯"), ("a/b", "ab")]
)
def test_folding_keeps_different_tags_apart(one, other):
    assert key(one) != key(other)


@given(TAGGY)
@example("\u0345\u0301")
@example("\u1fb3\u0345")
@example("a\u00a8b")
def test_a_key_is_its_own_key(text):
    assert key(key(text)) == key(text)


@given(TAGGY)
def test_every_tag_read_is_legal_and_so_is_its_key(text):
    tags = read(text)

    for tag in tags.tags:
        assert is_legal(tag) and len(tag) <= 255
        assert is_legal(key(tag)) and len(key(tag)) <= 255
    assert len({key(tag) for tag in tags.tags}) == len(tags.tags) <= 100
    assert split(" ".join(tags.tags)) == tags.tags


@given(TAGGY)
def test_a_hashtag_is_letters_and_digits_or_nothing(text):
    for tag in split(text):
        safe = hashtag(tag)

        assert safe is None or (re.fullmatch(r"\w{1,100}", safe) and not is_private(tag))


@pytest.mark.parametrize("tag", [".private", "．private", "…x", ".net"])
def test_a_leading_dot_however_spelt_makes_a_tag_private(tag):
    assert is_private(tag)
    assert hashtag(tag) is None


def test_a_dot_elsewhere_makes_nothing_private():
    assert not is_private("node.js")


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        (".net", "dotnet"),
        (".NET", "dotnet"),
        (".net-core", "dotnet-core"),
        (".netcore", "dotnetcore"),
        (".net8", "dotnet8"),
        (".network", None),
        (".private", None),
        ("net", None),
        ("asp.net", None),
    ],
)
def test_dotnet_is_offered_for_dot_net_alone(tag, hint):
    assert dotnet_hint(tag) == hint


@pytest.mark.parametrize(
    ("tag", "safe"),
    [
        ("neural-net", "NeuralNet"),
        ("machine learning", "MachineLearning"),
        ("machine_learning", "MachineLearning"),
        ("c++", "CPlusPlus"),
        ("C++", "CPlusPlus"),
        ("c#", "CSharp"),
        ("f#", "FSharp"),
        ("modern-c++", "ModernCPlusPlus"),
        ("node.js", "NodeJS"),
        ("a/b", "AB"),
        ("lang:en", "LangEn"),
        ("l2", "l2"),
        ("SQLite", "SQLite"),
        ("naïve", "naïve"),
        ("nai\u0308ve", "naïve"),
        ("日本", "日本"),
        ("python-3.11", "Python311"),
        ("2024", None),
        ("2024-05", None),
        ("🐍", None),
        ("100%", None),
        (":private", None),
        ("via:bob", None),
        ("for:@bob@example.org", None),
        (".private", None),
        ("#", None),
        ("___", None),
        ("a" * 100, "a" * 100),
        ("a" * 101, None),
    ],
)
def test_a_tag_gets_the_form_mastodon_can_carry(tag, safe):
    assert hashtag(tag) == safe


@pytest.mark.parametrize(
    ("tag", "segment"),
    [
        ("c++", "c++"),
        ("a/b", "a%2Fb"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("100%", "100%25"),
        ("#", "%23"),
        ("?", "%3F"),
        ("via:bob", "via:bob"),
        ("a@b!$&'()*;=~", "a@b!$&'()*;=~"),
        ("%2F", "%252F"),
        ('"<\\|>`^{}', "%22%3C%5C%7C%3E%60%5E%7B%7D"),
    ],
)
def test_a_tag_is_written_in_normal_form_and_read_back(tag, segment):
    assert encode(tag) == segment
    assert decode(segment) == decode(segment.encode()) == tag


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_every_text_survives_a_segment(text):
    assert decode(encode(text)) == text


@pytest.mark.parametrize("spelling", ["c++", "c%2B%2B", "c%2b+", "%63++"])
def test_every_equivalent_spelling_reads_the_same(spelling):
    assert decode(spelling) == "c++"


@pytest.mark.parametrize("broken", ["100%", "%", "%2", "%zz", "%C3", "%ff", "%ED%A0%80", b"\xff", "\ud800", "%00"])
def test_a_broken_segment_is_refused(broken):
    with pytest.raises(ValueError):
        decode(broken)


def test_a_lone_surrogate_cannot_be_written():
    with pytest.raises(ValueError):
        encode("\ud800")
