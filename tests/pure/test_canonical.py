"""JSON in one form: the same bytes for everybody who holds the same document, and quick refusals for the rest."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimark.signatures.canonical import DEEPEST, MOST_CHARACTERS, MOST_VALUES, NotCanonical, canonical

SAFE = 2**53 - 1
NUMBERS = {
    0.0: "0",
    1.0: "1",
    -56.0: "-56",
    4.50: "4.5",
    2e-3: "0.002",
    1e-6: "0.000001",
    1e-7: "1e-7",
    1e-27: "1e-27",
    1.5e-9: "1.5e-9",
    1e20: "100000000000000000000",
    1e21: "1e+21",
    1e30: "1e+30",
    1.7976931348623157e308: "1.7976931348623157e+308",
    5e-324: "5e-324",
    333333333.33333329: "333333333.3333333",
    9007199254740993.0: "9007199254740992",
    295147905179352830000.0: "295147905179352830000",
    -71.184902: "-71.184902",
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcXYZ_@:0"), inner, max_size=4),
)


@pytest.mark.parametrize(("number", "text"), NUMBERS.items())
def test_numbers_are_written_as_javascript_writes_them(number, text):
    assert canonical(number) == text.encode()


@given(st.integers(0, 2**64 - 1))
def test_a_number_means_the_same_after_it_was_written(bits):
    number = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    try:
        text = canonical(number)
    except NotCanonical:
        assert number - number != 0  # NaN or infinite
    else:
        assert float(text) == number


def test_whole_numbers_keep_every_digit_and_truth_is_no_number():
    assert canonical([SAFE, -SAFE, 0, True, None]) == b"[9007199254740991,-9007199254740991,0,true,null]"
    assert canonical([-0.0]) == b"[0]"


def test_names_stand_in_the_order_of_their_utf16_units():
    # The snake is above the presentation form in Unicode and below it in UTF-16.
    said = {"\ufb33": 1, "🐍": 2, "é": 3, "z": 4, "10": 5, "1": 6, "": 7}

    assert canonical(said).decode() == '{"":7,"1":6,"10":5,"z":4,"é":3,"🐍":2,"\ufb33":1}'


def test_only_what_must_be_is_escaped():
    said = {"a": '\x00\x1f\b\t\n\f\r"\\/<\x7f\u2028é🐍', "b\n": 0.5}

    assert canonical(said).decode() == ('{"a":"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/<\x7f\u2028é🐍","b\\n":0.5}')


@given(VALUES)
def test_both_ways_of_writing_agree(value):
    # A name outside ASCII takes the way without the standard library.
    assert canonical({"é": value}).decode().partition(":")[2][:-1] == canonical(value).decode()
    assert json.loads(canonical(value)) == value


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("number", SAFE + 1),
        ("number", {"a": [-SAFE - 1]}),
        ("number", float("nan")),
        ("number", [float("-inf")]),
        ("text", ["\ud800"]),
        ("text", {"\udfff": 0.5}),
        ("value", {1: 2}),
        ("value", [b"bytes"]),
        ("too-large", [0] * (MOST_VALUES + 1)),
        ("too-large", {str(number): 0.5 for number in range(MOST_VALUES + 1)}),
        ("too-large", [[0] * 200] * 51),
        ("too-large", "x" * (MOST_CHARACTERS + 1)),
        ("too-large", {"x" * (MOST_CHARACTERS + 1): 1}),
    ],
)
def test_what_has_no_canonical_form_is_refused(reason, value):
    with pytest.raises(NotCanonical) as refusal:
        canonical(value)

    assert refusal.value.reason == reason


def test_depth_is_bounded():
    value: object = 0
    for _ in range(DEEPEST):
        value = [value]
    assert canonical(value)

    with pytest.raises(NotCanonical, match="too-deep"):
        canonical({"a": value})
