"""A signed request is believed as it was signed, and in no other form."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA512
from hypothesis import given
from hypothesis import strategies as st

from fedimark.signatures import cavage
from fedimark.signatures.keys import load_private, load_public
from fedimark.signatures.message import BadSignature, Message, digest, http_date, read_http_date
from fedimark.signatures.verify import check, read_claim, verify

SECOND = 1_000_000
HOUR = 3_600 * SECOND
NOW = 1_787_217_303 * SECOND
HOST = "marks.example"
KEY_ID = "https://mastodon.example/users/cleo#main-key"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def shared() -> Path:
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("FEDIMARK_SHARED_DATA", beside)) / "wire" / "signatures"
    if not folder.is_dir():
        pytest.skip("the published signature vectors are not beside this checkout (FEDIMARK_SHARED_DATA)")
    return folder


def signed(key, *, method="POST", target="/inbox", body=b'{"type":"Follow"}', now=NOW, host=HOST, **headers):
    """A request signed as we sign, then changed by `headers`."""
    said = {"host": (host,)} | ({"content-type": ("application/activity+json",)} if method == "POST" else {})
    message = Message(method, target, said, body if method == "POST" else b"")
    added = cavage.sign(message, KEY_ID, key, http_date(now))
    return replace(message, headers=said | {name.lower(): (value,) for name, value in added.items()} | headers)


def signed_over(key, covered, *, algorithm="hs2019", created=None, expires=None, hashed=None, message=None):
    """A request signed over exactly `covered`, for shapes that others send and we do not."""
    message = message or signed(key)
    string = cavage.signing_string(message, covered, target=message.target, created=created, expires=expires)
    signature = key.sign(string, PKCS1v15(), hashed) if hashed else key.sign(string)
    parts = [f'keyId="{KEY_ID}"', f'headers="{" ".join(covered)}"', f'signature="{b64encode(signature).decode()}"']
    parts += [f'algorithm="{algorithm}"'] if algorithm else []
    parts += [f"{name}={at}" for name, at in (("created", created), ("expires", expires)) if at is not None]
    return replace(message, headers=dict(message.headers) | {"signature": (",".join(parts),)})


def prove(message, key, *, host=HOST, now=NOW):
    verify(message, read_claim(message), key.public_key(), host=host, now=now)


def refusal(message, key, **kwargs):
    with pytest.raises(BadSignature) as caught:
        prove(message, key, **kwargs)
    return caught.value.reason


class TestSigning:
    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_what_we_sign_we_believe(self, key, method):
        message = signed(key, method=method, target="/u/ana?page=2")

        prove(message, key)

    def test_the_header_has_the_order_that_every_reader_knows(self, key):
        message = signed(key)

        covered = "(request-target) host date digest content-type"
        assert message.headers["signature"][0].startswith(
            f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="{covered}",signature="'
        )

    def test_a_get_covers_neither_digest_nor_accept(self, key):
        message = signed(key, method="GET", accept=("text/html",))

        assert read_claim(message).covered == ("(request-target)", "host", "date")
        assert "digest" not in message.headers

    def test_an_ed25519_key_signs_too(self):
        key = ed25519.Ed25519PrivateKey.generate()

        message = signed(key)

        assert read_claim(message).algorithm == "hs2019"
        prove(message, key)

    def test_a_request_without_host_cannot_be_signed(self, key):
        with pytest.raises(BadSignature, match="missing-header"):
            cavage.sign(Message("GET", "/", {}, b""), KEY_ID, key, http_date(NOW))

    def test_a_key_id_that_breaks_the_header_cannot_be_signed(self, key):
        with pytest.raises(BadSignature, match="malformed"):
            cavage.sign(Message("GET", "/", {"host": (HOST,)}, b""), 'https://x.example/"', key, http_date(NOW))


class TestForgery:
    def test_another_key_is_refused(self, key):
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

        assert refusal(signed(key), other) == "wrong-signature"

    def test_an_unsigned_request_is_refused(self, key):
        message = signed(key)
        headers = {name: values for name, values in message.headers.items() if name != "signature"}

        assert refusal(replace(message, headers=headers), key) == "unsigned"

    @pytest.mark.parametrize("name", ["host", "date", "digest", "content-type", "signature"])
    def test_every_change_of_one_character_in_a_header_is_refused(self, key, name):
        message = signed(key)
        value = message.headers[name][0]
        changed = [value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :] for at in range(len(value))]
        changed += [value[:at] + value[at + 1 :] for at in range(len(value))]

        for each in changed:
            forged = replace(message, headers=dict(message.headers) | {name: (each,)})
            try:
                prove(forged, key)
            except BadSignature:
                continue
            # No signature covers the names of its key and algorithm; whose key it is, is compared elsewhere.
            claim, first = read_claim(forged), read_claim(message)
            assert name == "signature", each
            assert replace(claim, key_id=first.key_id, algorithm=first.algorithm) == first, each

    @pytest.mark.parametrize("name", ["host", "date", "digest", "content-type", "signature"])
    def test_a_header_taken_away_or_given_twice_is_refused(self, key, name):
        message = signed(key)
        without = {each: values for each, values in message.headers.items() if each != name}

        assert refusal(replace(message, headers=without), key) in ("missing-header", "unsigned")
        assert (
            refusal(replace(message, headers={**message.headers, name: message.headers[name] * 2}), key) == "malformed"
        )

    @pytest.mark.parametrize(
        "change",
        [{"method": "PUT"}, {"target": "/u/bo/inbox"}, {"target": "/inbox?x=1"}, {"target": "/Inbox"}],
    )
    def test_another_method_or_address_is_refused(self, key, change):
        message = replace(signed(key), **change)

        assert refusal(message, key) == "wrong-signature"

    def test_a_query_that_an_old_server_left_out_is_borne_where_nothing_is_changed_by_it(self, key):
        message = replace(signed(key, method="GET", target="/u/ana/outbox"), target="/u/ana/outbox?page=2")

        prove(message, key)

    def test_a_query_that_was_signed_cannot_be_changed(self, key):
        message = signed(key, method="GET", target="/u/ana?page=2")

        assert refusal(replace(message, target="/u/ana?page=3"), key) == "wrong-signature"
        assert refusal(replace(message, target="/u/ana"), key) == "wrong-signature"

    def test_another_body_is_refused(self, key):
        message = replace(signed(key), body=b'{"type":"Delete"}')

        assert refusal(message, key) == "wrong-digest"

    def test_another_body_with_its_own_digest_is_refused(self, key):
        body = b'{"type":"Delete"}'
        message = signed(key, digest=(digest(body),))

        assert refusal(replace(message, body=body), key) == "wrong-signature"

    def test_a_get_with_a_body_needs_a_digest(self, key):
        message = replace(signed(key, method="GET"), body=b"x")

        assert refusal(message, key) == "missing-header"

    @pytest.mark.parametrize("missing", ["(request-target)", "host", "date", "digest"])
    def test_a_signature_that_leaves_out_what_matters_is_refused(self, key, missing):
        covered = tuple(each for each in ("(request-target)", "host", "date", "digest") if each != missing)

        message = signed_over(key, covered, hashed=cavage.SHA256())

        assert refusal(message, key) == "missing-header"

    def test_a_signature_over_nothing_named_is_refused(self, key):
        message = signed(key, signature=(f'keyId="{KEY_ID}",signature="AAAA"',))

        assert refusal(message, key) == "missing-header"


class TestHost:
    @pytest.mark.parametrize(
        ("said", "configured"),
        [
            ("marks.example", "marks.example:443"),
            ("marks.example:443", "marks.example"),
            ("marks.example:80", "marks.example"),
            ("127.0.0.1:8001", "127.0.0.1:8001"),
            ("Marks.Example", "marks.example"),
        ],
    )
    def test_the_same_host_in_other_words_is_taken(self, key, said, configured):
        prove(signed(key, host=said), key, host=configured)

    @pytest.mark.parametrize(
        ("said", "configured"),
        [
            ("links.example", "marks.example"),
            ("127.0.0.1:8001", "127.0.0.1:8002"),
            ("marks.example", "marks.example:8443"),
            ("marks.example:8443", "marks.example"),
            ("marks.example.", "marks.example"),
            ("marks.example, marks.example", "marks.example"),
            ("", "marks.example"),
        ],
    )
    def test_a_request_signed_for_another_host_is_refused(self, key, said, configured):
        assert refusal(signed(key, host=said), key, host=configured) == "wrong-host"


class TestTime:
    @pytest.mark.parametrize(
        ("age", "reason"),
        [
            (12 * HOUR, None),
            (12 * HOUR + SECOND, "stale"),
            (-HOUR, None),
            (-HOUR - SECOND, "future"),
        ],
    )
    def test_a_date_is_believed_inside_the_window(self, key, age, reason):
        message = signed(key, now=NOW - age)

        if reason is None:
            prove(message, key)
        else:
            assert refusal(message, key) == reason

    @pytest.mark.parametrize(
        "date",
        ["", "yesterday", "2026-08-20T09:15:03Z", "Thu, 31 Feb 2026 09:15:03 GMT", "Thu, 20 Aug 2026 9:15:03 GMT"],
    )
    def test_a_date_of_another_form_is_refused(self, key, date):
        message = Message("GET", "/", {"host": (HOST,)}, b"")
        headers = {name.lower(): (value,) for name, value in cavage.sign(message, KEY_ID, key, date).items()}

        assert refusal(replace(message, headers={"host": (HOST,)} | headers), key) == "malformed"

    @pytest.mark.parametrize(
        ("created", "expires", "reason"),
        [
            (0, 300, None),
            (3_601, None, "future"),
            (-43_201, None, "stale"),
            (-300, -1, "expired"),
        ],
    )
    def test_created_and_expires_are_obeyed(self, key, created, expires, reason):
        seconds = NOW // SECOND
        covered = ("(request-target)", "(created)", "(expires)", "host", "digest")
        message = signed_over(
            key,
            covered if expires is not None else tuple(each for each in covered if each != "(expires)"),
            created=seconds + created,
            expires=None if expires is None else seconds + expires,
            hashed=cavage.SHA256(),
        )

        if reason is None:
            prove(message, key)
        else:
            assert refusal(message, key) == reason

    def test_created_is_no_part_of_an_rsa_sha256_signature(self, key):
        covered = ("(request-target)", "(created)", "host", "digest")
        message = signed_over(key, covered, algorithm="rsa-sha256", created=NOW // SECOND, hashed=cavage.SHA256())

        assert refusal(message, key) == "wrong-algorithm"

    @given(st.integers(0, 253_402_300_799))
    def test_dates_survive_being_written_and_read(self, seconds):
        assert read_http_date(http_date(seconds * SECOND)) == seconds * SECOND


class TestAlgorithms:
    covered = ("(request-target)", "host", "date", "digest")

    @pytest.mark.parametrize("algorithm", ["hs2019", "", "HS2019"])
    @pytest.mark.parametrize("hashed", [cavage.SHA256(), SHA512()])
    def test_rsa_under_its_vague_names_is_believed(self, key, algorithm, hashed):
        prove(signed_over(key, self.covered, algorithm=algorithm, hashed=hashed), key)

    def test_the_named_hash_is_the_only_one(self, key):
        message = signed_over(key, self.covered, algorithm="rsa-sha256", hashed=SHA512())

        assert refusal(message, key) == "wrong-signature"

    @pytest.mark.parametrize("algorithm", ["hmac-sha256", "rsa-sha1", "ecdsa-sha256", "none"])
    def test_other_algorithms_are_refused(self, key, algorithm):
        message = signed_over(key, self.covered, algorithm=algorithm, hashed=cavage.SHA256())

        assert refusal(message, key) == "wrong-algorithm"

    def test_an_algorithm_that_contradicts_the_key_is_refused(self):
        key = ed25519.Ed25519PrivateKey.generate()
        message = signed_over(key, self.covered, algorithm="rsa-sha256")

        assert refusal(message, key) == "wrong-algorithm"

    @pytest.mark.parametrize(
        ("value", "believed"),
        [
            ("{}", True),
            ("sha-512=AAAA,{}", True),
            ("{},{}", False),
            ("md5=AAAA", False),
            ("SHA-256=", False),
            ("SHA-256", False),
        ],
    )
    def test_exactly_one_sha_256_digest_counts(self, key, value, believed):
        given_digest = value.replace("{}", digest(b'{"type":"Follow"}').replace("SHA", "sha"))
        message = signed_over(key, self.covered, hashed=cavage.SHA256(), message=signed(key, digest=(given_digest,)))

        if believed:
            prove(message, key)
        else:
            assert refusal(message, key) == "wrong-digest"


class TestGrammar:
    @pytest.mark.parametrize(
        "value",
        [
            "",
            ",",
            'keyId="https://x.example/k",',
            'keyId="https://x.example/k" signature="AAAA"',
            'keyId="https://x.example/k",keyId="https://y.example/k",signature="AAAA"',
            'keyId="https://x.example/k",headers="host host",signature="AAAA"',
            'keyId="https://x.example/k",headers="host  date",signature="AAAA"',
            'keyId="https://x.example/k",headers="(key)",signature="AAAA"',
            'keyId="https://x.example/k",headers="host"',
            'headers="host",signature="AAAA"',
            'keyId="acct:cleo@mastodon.example",headers="host",signature="AAAA"',
            'keyId="https://x.example/a\\"b",headers="host",signature="AAAA"',
            'keyId="https://x.example/k",headers="host",signature="AAA"',
            'keyId="https://x.example/k",headers="host",signature="AAB="',
            'keyId="https://x.example/k",headers="host",signature="AA AA"',
            'keyId="https://x.example/k",headers="host",created=1.5,signature="AAAA"',
            'keyId="https://x.example/k",headers="host",created="01",signature="AAAA"',
            'keyId="https://x.example/k",headers="host",expires=9999999999999,signature="AAAA"',
            "sig1=:AAAA:",
            "Signature " + "a" * 9_000,
            ",".join(f'{chr(97 + at)}="1"' for at in range(20)),
        ],
    )
    def test_a_header_of_another_shape_is_refused(self, value):
        with pytest.raises(BadSignature, match="malformed"):
            read_claim(Message("POST", "/inbox", {"signature": (value,)}, b""))

    def test_white_space_and_unknown_parameters_are_borne(self):
        value = 'keyId="https://x.example/k" , headers="(request-target) Host", opaque="?",\tsignature="AAAA" '

        claim = read_claim(Message("POST", "/inbox", {"signature": (value,)}, b""))

        assert claim.covered == ("(request-target)", "host")

    def test_a_line_break_cannot_be_smuggled_into_the_signed_string(self, key):
        message = replace(signed(key), target="/inbox\nhost: links.example")

        assert refusal(message, key) == "malformed"

    def test_several_values_of_a_covered_header_are_joined(self, key):
        covered = ("(request-target)", "host", "date", "digest", "accept")
        message = signed_over(key, covered, hashed=cavage.SHA256(), message=signed(key, accept=(" text/html", "*/* ")))

        prove(message, key)
        prove(replace(message, headers=dict(message.headers) | {"accept": ("text/html, */*",)}), key)

    def test_a_doomed_request_is_refused_before_any_key_is_sought(self, key):
        message = signed(key, host="links.example")

        with pytest.raises(BadSignature, match="wrong-host"):
            check(message, read_claim(message), host=HOST, now=NOW)

    @given(
        st.text(alphabet='keyIdhrs="(), \\\t\n1é\ud800', max_size=200),
        st.dictionaries(st.sampled_from(["host", "date", "digest"]), st.tuples(st.text()), max_size=3),
        st.binary(max_size=20),
    )
    def test_nothing_but_a_refusal_comes_of_noise(self, value, headers, body):
        whole = f'keyId="{KEY_ID}",headers="(request-target) host date digest",signature="AAAA",{value}'
        for said in (value, whole, whole.rpartition(",")[0]):
            message = Message("POST", "/inbox", headers | {"signature": (said,)}, body)
            with pytest.raises(BadSignature):
                verify(message, read_claim(message), NOBODY, host=HOST, now=NOW)


NOBODY = ed25519.Ed25519PrivateKey.generate().public_key()


class TestPublishedVectors:
    def test_requests_that_other_software_signed_are_believed(self, shared):
        vectors = json.loads((shared / "cavage" / "fedify-cavage.json").read_text())["vectors"]

        for vector in vectors:
            message, host = as_message(vector)
            now = int(datetime.fromisoformat(vector["now"]).timestamp()) * SECOND
            claim = read_claim(message)
            string = cavage.signing_string(
                message, claim.covered, target=message.target, created=claim.created, expires=claim.expires
            )

            assert string.decode() == vector["signing_string"]
            verify(message, claim, load_public(vector["publicKeyPem"]), host=host, now=now)

        assert vectors

    def test_our_signatures_are_the_same_byte_for_byte(self, shared):
        vectors = json.loads((shared / "fediverse-profile-generated.json").read_text())["vectors"]
        ours = [each for each in vectors if each["profile"].startswith("cavage-12")]

        for vector in ours:
            message, host = as_message(vector)
            private = load_private((shared / f"{vector['key']}.key").read_text())
            claim = read_claim(message)
            verify(message, claim, private.public_key(), host=host, now=1_618_884_475 * SECOND)
            if claim.algorithm == "rsa-sha256":
                unsigned = replace(
                    message,
                    headers={
                        each: message.headers[each] for each in ("host", "content-type") if each in message.headers
                    },
                )
                date = message.headers["date"][0]
                added = cavage.sign(unsigned, claim.key_id, private, date)
                assert added["Signature"] == vector["headers"]["Signature"]

        assert ours


def as_message(vector):
    parts = urlsplit(vector["url"])
    headers = {name.lower(): (value,) for name, value in vector["headers"].items()}
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Message(vector["method"], target, headers, vector.get("body", "").encode()), parts.netloc


ORDERS = (
    'keyId="{id}",algorithm="rsa-sha256",headers="date",signature="{sig}"',
    'keyId="{id}",algorithm="rsa-sha256",headers="date", signature="{sig}"',
    'signature="{sig}",keyId="{id}",headers="date"',
    'keyId="{id}",headers="date",signature="{sig}",algorithm="hs2019"',
    'keyId="{id}",created=5,signature="{sig}"',
    'signature="{sig}",keyId="https://a.example/,signature=",headers="date"',
    'keyId="{id}",signature="{sig}",signature="{sig}"',
    'keyId="{id}",signature="{sig}",foo="a",signature="{sig}"',
    'keyId="{id}",keyId="{id}",signature="{sig}"',
    'keyId="{id}",signature="{sig}',
    'keyId="{id}",signature="{sig}" ',
    'keyId="{id}",signature="%{sig}"',
    'keyId="{id}",signature=""',
    ",".join(f'{letter}="1"' for letter in "abcdefghijklmn") + ',keyId="{id}",signature="{sig}"',
    ",".join(f'{letter}="1"' for letter in "abcdefghijklmno") + ',keyId="{id}",signature="{sig}"',
    'keyId="{id}",foo="' + "x" * 8_192 + '",signature="{sig}"',
    ',signature="{sig}"',
)


@pytest.mark.parametrize("order", ORDERS)
def test_a_signature_at_the_end_is_read_as_it_is_anywhere(order):
    value = order.replace("{id}", KEY_ID).replace("{sig}", "QUJD")

    def outcome(read):
        try:
            return read()
        except BadSignature as error:
            return error.reason

    message = Message("POST", "/inbox", {"signature": (value,)}, b"")
    assert outcome(lambda: cavage.read(message)) == outcome(lambda: cavage._read(value))
    assert outcome(lambda: cavage.read(message)) == outcome(lambda: cavage._read(value))
