"""What is read of a letter in haste, an HTTP parser and the readers of signatures find in it too."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import httptools
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from fedimark.signatures import cavage
from fedimark.signatures.cavage import Cavage
from fedimark.signatures.letter import Letter, read_letter, read_proof
from fedimark.signatures.message import BadSignature, Message, http_date
from fedimark.signatures.verify import checked, holds, holds_plainly

HOST = "a.example"
NOW = 1_787_217_300_000_000
KEY_ID = "https://b.example/u/cleo#main-key"
SAID = f'keyId="{KEY_ID}",headers="(request-target) host'
AS2 = "application/activity+json"
BODY = b'{"type":"Create"}'
ODD = (b"\r\n", b"\n", b"\r", b"\t", b" ", b"  ", b":", b": ", b"\x00", b"\xe9", b"\x7f", b",", b'"', b"=", b"0", b"A")
LINES = (
    *(b"Transfer-Encoding: chunked", b"Connection: close", b"Connection: Keep-Alive", b"Upgrade: websocket"),
    *(b"Content-Length: 3", b"Content-Length: +17", b"Content-Length: 017", b"Expect: 100-continue", b"TE: trailers"),
    *(b" folded", b"\tfolded", b"No-Value:", b"No-Value: ", b"No-Colon", b"Space : a", b"X_Y: a", b"X-Y:a", b"X-Y:  a"),
    *(b"X-Y: a ", b"X-Y: a\t", b"Host: b.example", b"host: a.example", b"X-Forwarded-For: 192.0.2.1", b": a"),
)


class Seen:
    """What an HTTP parser calls."""

    def __init__(self) -> None:
        self.url, self.body, self.headers, self.whole = b"", b"", list[tuple[bytes, bytes]](), 0

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.whole += 1


def parsed(block: bytes) -> Letter:
    """What the parser finds in a block that is one whole POST and goes on."""
    seen = Seen()
    parser = httptools.HttpRequestParser(seen)
    parser.feed_data(block)
    assert (seen.whole, parser.get_method(), parser.get_http_version()) == (1, b"POST", "1.1")
    assert parser.should_keep_alive()
    assert not parser.should_upgrade()
    names = [name.decode("latin-1") for name, _ in seen.headers]
    assert len({*names}) == len(names)
    headers = {name: value.decode("latin-1") for name, (_, value) in zip(names, seen.headers, strict=True)}
    return Letter(seen.url.decode("latin-1"), headers, seen.body)


def message_of(letter: Letter) -> Message:
    """A letter as the long way reads it."""
    return Message("POST", letter.target, {name: (value,) for name, value in letter.headers.items()}, letter.body)


def agree(block: bytes) -> bool:
    """Whether it is read in haste; then the parser must find the same, and the same must be signed."""
    letter = read_letter(block)
    if letter is None:
        return False
    assert letter == parsed(block)
    proof = read_proof(letter, host=HOST, now=NOW)
    if proof is not None:
        message = Message(
            "POST", letter.target, {name: (value,) for name, value in letter.headers.items()}, letter.body
        )
        claim = cavage.read(message)
        assert (claim.key_id, claim.signature) == (proof.key_id, proof.signature)
        assert checked(message, claim, host=HOST, now=NOW) == (proof.signed,)
    return True


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    """Cleo's."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def block(key: RSAPrivateKey, *, at: int = NOW, body: bytes = BODY, **other: str) -> bytes:
    """A signed POST as it stands on the wire; other headers stand in it unsigned, or instead of signed ones."""
    plain = Message("POST", "/inbox", {"host": (HOST,), "content-type": ("application/activity+json",)}, body)
    headers = {"Host": HOST, "Content-Type": "application/activity+json"} | cavage.sign(
        plain, KEY_ID, key, http_date(at)
    )
    headers |= {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in other.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /inbox HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def proven(said: bytes) -> Any:
    """What is to be proven of it."""
    letter = read_letter(said)
    return letter and read_proof(letter, host=HOST, now=NOW)


def test_a_usual_letter_is_read_and_its_proof_holds(key):
    proof = proven(block(key))

    assert agree(block(key))
    assert proof.key_id == KEY_ID
    assert holds_plainly(proof.signed, proof.signature, key.public_key())
    assert not holds_plainly(proof.signed + b".", proof.signature, key.public_key())


def test_what_came_in_part_or_with_more_is_not_a_letter(key):
    whole = block(key)

    assert [size for size in range(len(whole)) if read_letter(whole[:size]) is not None] == []
    assert read_letter(whole + b"P") is None
    assert read_letter(whole + whole) is None
    assert read_letter(b"\r\n" + whole) is None


@pytest.mark.parametrize("line", LINES)
def test_whatever_line_stands_in_it_both_read_the_same(key, line):
    whole = block(key)
    for place in (b"Host", b"Content-Length", b"Date"):
        agree(whole.replace(b"\r\n" + place, b"\r\n" + line + b"\r\n" + place, 1))


@pytest.mark.parametrize("line", [b"Connection: Keep-Alive", b"X-Forwarded-For: 192.0.2.1", b"X-Y: a, b: c"])
def test_what_proxies_add_does_no_harm(key, line):
    assert agree(block(key).replace(b"Host", line + b"\r\nHost", 1))


def changed(whole: bytes, chance: random.Random) -> Iterator[bytes]:
    """A block with bytes put in, taken out or doubled, mostly in its head."""
    for _ in range(4_000):
        said = whole
        for _ in range(chance.randint(1, 2)):
            place = chance.randrange(len(said))
            kind = chance.randrange(3)
            if kind == 0:
                said = said[:place] + chance.choice(ODD) + said[place:]
            elif kind == 1:
                said = said[:place] + said[place + 1 :]
            else:
                said = said[:place] + chance.choice(ODD) + said[place + 1 :]
        yield said


def test_whatever_is_changed_in_it_both_read_the_same(key):
    taken = [agree(said) for said in changed(block(key), random.Random(7))]

    assert sum(taken) > 100


@pytest.mark.parametrize(
    "other",
    [
        {"Date": http_date(NOW - 13 * 3_600_000_000)},
        {"Date": http_date(NOW + 2 * 3_600_000_000)},
        {"Date": "yesterday"},
        {"Host": "b.example"},
        {"Digest": "SHA-256=AAAA"},
        {"Digest": "sha-256=" + "A" * 43 + "="},
        {"Signature_Input": "sig1=()"},
        {"Signature": 'keyId="a"'},
        {"Signature": f'{SAID} date digest",signature="A"'},
        {"Signature": f'{SAID} date digest",signature=""'},
        {"Signature": f'{SAID} date",signature="AAAA"'},
        {"Signature": f'{SAID} date digest x-a",signature="AAAA"'},
        {"Signature": f'{SAID} date digest (created)",created=1,signature="AAAA"'},
        {"Signature": f'{SAID} date digest",algorithm="rsa-sha1",signature="AAAA"'},
        {"Signature": f'{SAID} date digest",expires=1,signature="AAAA"'},
        {"Signature": f'keyId="{KEY_ID}",headers="host date digest (request-target)",signature="AAAA"'},
    ],
)
def test_what_is_refused_or_otherwise_is_left_to_the_long_way(key, other):
    assert agree(block(key, **other))
    assert proven(block(key, **other)) is None


def test_what_stands_there_twice_is_left_to_it_too(key):
    whole = block(key)

    for name in (b"Host", b"Date", b"Digest", b"Signature", b"Content-Type", b"Content-Length"):
        line = next(line for line in whole.split(b"\r\n") if line.startswith(name + b":"))
        assert read_letter(whole.replace(line, line + b"\r\n" + line, 1)) is None
        assert read_letter(whole.replace(line, line + b"\r\n" + line.lower(), 1)) is None


def test_a_signature_that_the_haste_takes_is_one_for_the_long_way_too(key):
    said = block(key)
    letter = parsed(said)
    message = message_of(letter)
    claim = cavage.read(message)
    assert isinstance(claim, Cavage)

    [signed] = checked(message, claim, host=HOST, now=NOW)

    assert holds(signed, claim, key.public_key())
    assert proven(said).signed == signed


def test_what_is_not_in_base64_as_it_is_written_by_all_is_not_even_compared(key):
    said = block(key)
    assert proven(said.replace(b'signature="', b'signature=" ')) is None
    with pytest.raises(BadSignature):
        cavage.read(Message("POST", "/inbox", {"signature": (f'keyId="{KEY_ID}",signature=" AAAA"',)}, b""))
