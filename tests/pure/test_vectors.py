"""Signatures that others made and published: each that we accept verifies, each that we refuse is refused by rule.

The files lie outside the project (FEDIMARK_SHARED_DATA); where they are not, these tests skip.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedimark.signatures import base58, cavage, proofs, rfc9421
from fedimark.signatures.canonical import canonical
from fedimark.signatures.keys import BadKey, load_private, load_public
from fedimark.signatures.message import BadSignature, Message, read_http_date
from fedimark.signatures.multikey import multikey, multikey_pem
from fedimark.signatures.verify import check, holds, read_claim, read_claims, verify

SECOND = 1_000_000
ACCEPTED = ("rsa-pss", "ed25519")


@pytest.fixture
def vectors(shared_data: Path) -> Path:
    return shared_data / "wire" / "signatures"


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def as_message(vector: dict[str, Any]) -> Message:
    parts = urlsplit(vector["url"])
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"host": (parts.netloc,)} | {name.lower(): (value,) for name, value in vector["headers"].items()}
    return Message(vector["method"], target, headers, vector.get("body", "").encode("utf-8"))


def moment_of(message: Message) -> int:
    claim = read_claim(message)
    if claim.created is not None:
        return claim.created * SECOND
    at = read_http_date(message.headers["date"][0])
    assert at is not None
    return at


def test_every_file_of_signatures_is_looked_at_here(vectors):
    known = {
        "cavage/fedify-cavage.json",
        "fediverse-profile-generated.json",
        "rfc9421/appendix-b.json",
        "fep-8b32/vector.json",
        "vc-di-eddsa/keyPair.json",
        "vc-di-eddsa/unsigned.json",
        "vc-di-eddsa/eddsa-jcs-2022/proofConfigJCS.json",
        "vc-di-eddsa/eddsa-jcs-2022/signedJCS.json",
        "ld-signatures/rsasignature2017.json",  # not verified, ever: see below
    }

    found = {str(path.relative_to(vectors)) for path in vectors.rglob("*.json")}

    assert {name for name in found if not name.startswith("jcs-rfc8785/")} == known


def test_cavage_requests_of_real_servers_verify(vectors):
    for vector in read(vectors / "cavage" / "fedify-cavage.json")["vectors"]:
        message, key = as_message(vector), load_public(vector["publicKeyPem"])
        now = int(datetime.fromisoformat(vector["now"]).timestamp()) * SECOND
        claim = read_claim(message)
        said = cavage.signing_string(
            message, claim.covered, target=message.target, created=claim.created, expires=claim.expires
        )

        verify(message, claim, key, host=urlsplit(vector["url"]).netloc, now=now)

        assert said.decode() == vector["signing_string"], vector["name"]


def test_the_profile_of_the_fediverse_verifies(vectors):
    for vector in read(vectors / "fediverse-profile-generated.json")["vectors"]:
        message = as_message(vector)
        key = load_public((vectors / f"{vector['key']}.pem").read_text("utf-8"))

        verify(message, read_claim(message), key, host="peer.example", now=moment_of(message))

        with pytest.raises(BadSignature):
            verify(message, read_claim(message), key, host="other.example", now=moment_of(message))


def test_what_we_sign_is_byte_for_byte_what_the_profile_shows(vectors):
    for vector in read(vectors / "fediverse-profile-generated.json")["vectors"]:
        if "rsa-sha256" not in vector["profile"] or "OMITTED" in vector["profile"]:
            continue
        message = as_message(vector)
        claim = read_claim(message)
        key = load_private((vectors / f"{vector['key']}.key").read_text("utf-8"))

        headers = cavage.sign(message, claim.key_id, key, vector["headers"]["Date"])

        assert headers["Signature"] == vector["headers"]["Signature"]


def test_the_bases_of_our_own_rfc9421_profile(vectors):
    for vector in read(vectors / "fediverse-profile-generated.json")["vectors"]:
        message = as_message(vector)
        claim = read_claim(message)
        if isinstance(claim, rfc9421.Rfc9421):
            base = rfc9421.request_base(message, claim, vector["url"])

            assert base.decode() == vector["signing_string"]


def example(book: dict[str, Any], vector: dict[str, Any]) -> tuple[Message, rfc9421.Rfc9421, bytes]:
    """One of RFC 9421 Appendix B.2: the request it is about, its claim and its base; B.2.4 is about a response."""
    method, target, _ = book["test_request"]["request_line"].split(" ")
    added = [("Signature-Input", vector["signature_input"]), ("Signature", vector["signature"])]
    headers = {name.lower(): (value,) for name, value in [*book["test_request"]["headers"], *added]}
    message = Message(method, target, headers, book["test_request"]["body"].encode())
    claim = read_claims(message)[0]
    assert isinstance(claim, rfc9421.Rfc9421)
    if "@status" not in vector["signature_input"]:
        return message, claim, rfc9421.request_base(message, claim, f"https://example.com{target}")
    head, _, body = book["test_response_raw"].partition("\n\n")
    status, *lines = head.split("\n")
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    fields["@status"] = status.split(" ")[1]
    # The field in that file is not the digest of its body; the published signature is over the right one.
    fields["content-digest"] = f"sha-512=:{b64encode(sha512(body.encode()).digest()).decode()}:"
    return message, claim, rfc9421.signature_base(claim, lambda component: fields.get(component.name))


def test_every_example_of_rfc9421_has_the_right_base(vectors):
    book = read(vectors / "rfc9421" / "appendix-b.json")

    for vector in book["vectors"]:
        assert example(book, vector)[2].decode() == vector["signature_base"], vector["title"]


def test_the_examples_of_rfc9421_in_our_algorithms_verify(vectors):
    book = read(vectors / "rfc9421" / "appendix-b.json")
    ours = [vector for vector in book["vectors"] if vector["keyid"].removeprefix("test-key-") in ACCEPTED]

    for vector in ours:
        _, claim, base = example(book, vector)
        key = load_public((vectors / "rfc9421" / "keys" / f"{vector['keyid']}.pem").read_text("utf-8"))

        assert holds(base, claim, key), vector["title"]
        assert not holds(base + b" ", claim, key)

    assert len(ours) == 4


def test_ecdsa_and_hmac_are_refused_whatever_they_prove(vectors):
    with pytest.raises(BadKey):
        load_public((vectors / "rfc9421" / "keys" / "test-key-ecc-p256.pem").read_text("utf-8"))
    book = read(vectors / "rfc9421" / "appendix-b.json")

    # None of the six covers what an inbox needs, and none names its key by an address.
    for vector in book["vectors"]:
        message, claim, _ = example(book, vector)
        with pytest.raises(BadSignature):
            check(message, claim, host="example.com", now=1_618_884_473 * SECOND)


def test_signatures_inside_documents_prove_no_request(vectors):
    """RsaSignature2017 needs JSON-LD processing of untrusted documents; we fetch at the origin instead."""
    for vector in read(vectors / "ld-signatures" / "rsasignature2017.json")["vectors"]:
        body = json.dumps(vector["document"]).encode()

        assert "signature" in vector["document"]
        with pytest.raises(BadSignature, match="unsigned"):
            read_claim(Message("POST", "/inbox", {"host": ("marks.example",)}, body))


def test_canonical_json_is_byte_for_byte_what_rfc8785_shows(vectors):
    folder = vectors / "jcs-rfc8785"
    shown = sorted((folder / "input").iterdir())

    for path in shown:
        made = canonical(json.loads(path.read_text("utf-8")))

        assert made == (folder / "output" / path.name).read_bytes(), path.name
        assert made == bytes.fromhex((folder / "outhex" / path.with_suffix(".txt").name).read_text("ascii"))

    assert len(shown) == 6


def test_the_canonical_forms_and_hashes_of_vc_di_eddsa(vectors):
    folder = vectors / "vc-di-eddsa"
    jcs = folder / "eddsa-jcs-2022"
    forms = [
        (folder / "unsigned.json", "canonDocJCS.txt", "docHashJCS.txt"),
        (jcs / "proofConfigJCS.json", "proofCanonJCS.txt", "proofHashJCS.txt"),
    ]

    for path, form, digest in forms:
        made = canonical(read(path))

        assert made.decode() == (jcs / form).read_text("utf-8")
        assert sha256(made).hexdigest() == (jcs / digest).read_text("ascii")
    signed = read(jcs / "signedJCS.json")
    assert base58.decode(signed["proof"]["proofValue"]).hex() == (jcs / "sigHexJCS.txt").read_text("ascii")


def as_this_server_reads(document: dict[str, Any]) -> proofs.Proof:
    """A proof of a `did:key`, which names no actor and is refused for it, as if an actor's key had made it."""
    with pytest.raises(proofs.BadProof, match="unsupported-method"):
        proofs.read(document)
    of_actor = {**document["proof"], "verificationMethod": "https://vc.example/issuers/5678#key"}
    proof = proofs.read({**document, "proof": of_actor})
    return replace(proof, options={name: value for name, value in document["proof"].items() if name != "proofValue"})


def test_the_signed_document_of_vc_di_eddsa_verifies(vectors):
    folder = vectors / "vc-di-eddsa"
    document = read(folder / "eddsa-jcs-2022" / "signedJCS.json")
    key = load_public(multikey_pem(read(folder / "keyPair.json")["publicKeyMultibase"]))
    proof = as_this_server_reads(document)

    proofs.verify(document, proof, key)

    with pytest.raises(proofs.BadProof, match="wrong-signature"):
        proofs.verify({**document, "name": "Another"}, proof, key)


def test_the_activity_of_fep_8b32_verifies_and_only_as_it_is(vectors):
    book = read(vectors / "fep-8b32" / "vector.json")
    key = load_public(multikey_pem(book["actor"]["assertionMethod"][0]["publicKeyMultibase"]))
    now = int(datetime.fromisoformat(book["current_time"]).timestamp()) * SECOND
    proof = proofs.read(book["signed"])

    proofs.check(proof, now)
    proofs.verify(book["signed"], proof, key)

    assert {name: value for name, value in book["signed"].items() if name != "proof"} == book["unsigned"]
    with pytest.raises(proofs.BadProof, match="wrong-signature"):
        proofs.verify({**book["signed"], "to": []}, proof, key)


def test_our_way_of_signing_makes_the_same_hashes_as_fep_8b32(vectors):
    book = read(vectors / "fep-8b32" / "vector.json")
    secret = base58.decode(book["secret_key_multibase"])
    key = Ed25519PrivateKey.from_private_bytes(secret[2:])
    options = {name: value for name, value in book["signed"]["proof"].items() if name != "proofValue"}

    made = key.sign(sha256(canonical(options)).digest() + sha256(canonical(book["unsigned"])).digest())

    assert base58.encode(made) == book["signed"]["proof"]["proofValue"]
    assert multikey(key) == book["actor"]["assertionMethod"][0]["publicKeyMultibase"]


def test_documents_proposed_for_fedimark_verify(shared_data):
    folder = shared_data / "wire" / "fedimark-proposed"
    key = load_public(multikey_pem(read(folder / "actor-user.json")["assertionMethod"][0]["publicKeyMultibase"]))
    proven = [path for path in sorted(folder.iterdir()) if isinstance(read(path).get("proof"), dict)]

    for path in proven:
        document = read(path)
        proofs.verify(document, proofs.read(document), key)

    assert len(proven) == 6


def test_ed25519_keys_are_read_from_multikeys(vectors):
    multibases = [
        word.strip("\",' ")
        for path in [vectors / "fep-8b32" / "vector.json", vectors / "vc-di-eddsa" / "keyPair.json"]
        for word in path.read_text("utf-8").split()
        if word.strip("\",' ").startswith("z6Mk") and "#" not in word
    ]

    assert multibases
    for multibase in multibases:
        assert load_public(multikey_pem(multibase)).public_bytes_raw()


@pytest.mark.parametrize(
    "multibase",
    [
        "",
        "z",
        "z6Mk",
        "m7QHtKRHL",
        "z0OIl",
        "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",  # secp256k1
        "z" + "6" * 200,
    ],
)
def test_what_is_no_ed25519_multikey_is_refused(multibase):
    with pytest.raises(BadKey):
        multikey_pem(multibase)
