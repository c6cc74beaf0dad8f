"""Proofs inside documents: what one author signed is believed as it is, and nothing else is."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from fedimark.signatures import base58
from fedimark.signatures.keys import load_public
from fedimark.signatures.multikey import multikey, multikey_pem
from fedimark.signatures.proofs import CONTEXT, LASTS, BadProof, Proof, check, read, sign, verify
from fedimark.vocab.reading import loads, when

SECOND = 1_000_000
MADE = when("2026-08-20T09:15:00Z") or 0
KEY_ID = "https://marks.example/u/ana#ed25519-key"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

# Hashed, signed and encoded by other programs: a JCS library, OpenSSL, and base58 written apart.
MULTIBASE = "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"
VALUE = "z5ukzA9k2tMGHPVSgZQDGNip5QkE91qKVP8sBVzQgcEQ1n9Hmq78jAJkoAhptq9HUcEUNsL2fRDxHPZ3Smbbk4rFC"
SAID: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/activitystreams",
        CONTEXT,
        {"weight": "https://marks.example/ns#weight"},
    ],
    "id": "https://marks.example/u/ana/b/k3v7q2mzt5xha/activity/k3v7q2mzt5xha",
    "type": "Create",
    "actor": "https://marks.example/u/ana",
    "to": ["https://www.w3.org/ns/activitystreams#Public"],
    "object": {
        "id": "https://marks.example/u/ana/b/k3v7q2mzt5xha",
        "type": "Note",
        "attributedTo": "https://marks.example/u/ana",
        "content": '<p>café 🐍 "quoted" \x01</p>',
        "weight": [1.0, -0.5, 1e21, 0.000001, 1e-7, 9007199254740991],
        "€": None,
        "😂": True,
        "\ufb33": False,
    },
}


def proven(**changed: Any) -> dict[str, Any]:
    """The document with its proof, and changes to the proof; None takes a part away."""
    document = sign(SAID, KEY_ID, KEY, MADE)
    proof = {**document["proof"], **changed}  # type: ignore[dict-item]
    return document | {"proof": {name: value for name, value in proof.items() if value is not None}}


def holds(document: dict[str, Any], key: Any = KEY) -> None:
    """Verify a document as whoever receives it does."""
    verify(document, read(document), key.public_key())


def refusal(document: dict[str, Any], key: Any = KEY) -> str:
    """Why a document is not believed."""
    with pytest.raises(BadProof) as refused:
        holds(document, key)
    return refused.value.reason


def test_a_proof_is_byte_for_byte_what_other_programs_make_of_it():
    document = sign(SAID, KEY_ID, KEY, MADE)

    assert document["proof"] == {
        "@context": SAID["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": KEY_ID,
        "proofPurpose": "assertionMethod",
        "created": "2026-08-20T09:15:00Z",
        "expires": "2026-08-23T09:15:00Z",
        "proofValue": VALUE,
    }
    assert multikey(KEY) == MULTIBASE


def test_it_holds_after_any_writing_of_the_same_json():
    document = proven()
    spaced = loads(json.dumps(document, indent=3, sort_keys=True).encode())
    backwards = dict(reversed(list(document.items())))

    for read_again in (document, spaced, backwards):
        verify(read_again, read(read_again), load_public(multikey_pem(MULTIBASE)))


def test_moments_are_whole_seconds():
    later = sign(SAID, KEY_ID, KEY, MADE + 999_999)

    assert later == sign(SAID, KEY_ID, KEY, MADE)


def test_a_linked_data_signature_beside_it_is_no_part_of_it():
    holds(proven() | {"signature": {"type": "RsaSignature2017", "signatureValue": "x"}})


def test_fedifys_way_of_signing_a_context_it_does_not_send_holds():
    document = proven()
    del document["proof"]["@context"]

    holds(document)


def test_a_proof_without_a_context_holds_where_none_was_signed():
    bare = {name: value for name, value in SAID.items() if name != "@context"}
    with_none = sign({**bare, "@context": None}, KEY_ID, KEY, MADE)["proof"]

    assert refusal({**bare, "proof": with_none}) == "wrong-signature"


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.update(actor="https://marks.example/u/eve"),
        lambda said: said["object"].update(content="<p>other</p>"),
        lambda said: said["object"].update({"€": False}),
        lambda said: said["object"]["weight"].append(0),
        lambda said: said.update(added=1),
        lambda said: said.pop("id"),
        lambda said: said["to"].clear(),
        lambda said: said["proof"].update(created="2026-08-20T09:15:01Z"),
        lambda said: said["proof"].update(created="2026-08-20T11:15:00+02:00"),
        lambda said: said["proof"].update(expires="2027-08-23T09:15:00Z"),
        lambda said: said["proof"].pop("expires"),
        lambda said: said["proof"].update(id="https://marks.example/proof"),
        lambda said: said["proof"].update(verificationMethod="https://marks.example/u/eve#ed25519-key"),
        lambda said: said["proof"].update(proofValue=base58.encode(bytes(64))),
    ],
)
def test_a_proof_over_other_bytes_is_refused(change):
    document = copy.deepcopy(proven())

    change(document)

    assert refusal(document) == "wrong-signature"


def test_another_key_is_refused():
    assert refusal(proven(), Ed25519PrivateKey.from_private_bytes(bytes(32))) == "wrong-signature"
    assert refusal(proven(), generate_private_key(65537, 2048)) == "wrong-key"


@pytest.mark.parametrize(
    ("reason", "changed"),
    [
        ("unsupported-suite", {"type": "Ed25519Signature2020"}),
        ("unsupported-suite", {"type": ["DataIntegrityProof"]}),
        ("unsupported-suite", {"cryptosuite": "eddsa-rdfc-2022"}),
        ("unsupported-suite", {"cryptosuite": None}),
        ("wrong-purpose", {"proofPurpose": "authentication"}),
        ("wrong-purpose", {"proofPurpose": None}),
        ("unsupported-terms", {"domain": "b.example"}),
        ("unsupported-terms", {"previousProof": "urn:uuid:1"}),
        ("wrong-context", {"@context": "https://www.w3.org/ns/activitystreams"}),
        ("wrong-context", {"@context": [*SAID["@context"], "https://evil.example/"]}),
        ("malformed", {"verificationMethod": None}),
        ("malformed", {"verificationMethod": {"id": KEY_ID}}),
        ("unsupported-method", {"verificationMethod": f"did:key:{MULTIBASE}#{MULTIBASE}"}),
        ("unsupported-method", {"verificationMethod": "https://marks.example/u/ana #key"}),
        ("malformed", {"created": None}),
        ("malformed", {"created": 1_787_217_300}),
        ("malformed", {"created": "yesterday"}),
        ("malformed", {"created": "2026-02-30T09:15:00Z"}),
        ("malformed", {"created": "2026-08-20T09:15:00"}),
        ("malformed", {"created": "2026-08-20T09:15:00Z\n"}),
        ("malformed", {"expires": ["2026-08-23T09:15:00Z"]}),
        ("malformed", {"proofValue": None}),
        ("malformed", {"proofValue": 7}),
        ("malformed", {"proofValue": "z"}),
        ("malformed", {"proofValue": VALUE[1:]}),
        ("malformed", {"proofValue": "m" + VALUE[1:]}),
        ("malformed", {"proofValue": VALUE.replace("k", "0", 1)}),
        ("malformed", {"proofValue": VALUE + "1"}),
        ("malformed", {"proofValue": base58.encode(bytes(63) + b"\1")[:-1] + "2" * 100}),
        ("malformed", {"proofValue": "z" + "1" * 1_000_000}),
    ],
)
def test_what_is_no_proof_of_this_kind_is_refused_by_a_fixed_word(reason, changed):
    assert refusal(proven(**changed)) == reason


@pytest.mark.parametrize("proof", [[], [proven()["proof"]] * 100, [proven()["proof"]], "z", 1, True, {}])
def test_a_proof_is_one_object(proof):
    assert refusal(SAID | {"proof": proof}) in ("malformed", "unsupported-suite")


def test_a_document_without_one_says_so():
    assert refusal(SAID) == "missing"
    assert refusal(SAID | {"proof": None}) == "missing"


@pytest.mark.parametrize("bomb", [[0] * 30_000, "x" * 2_000_000, 2**53, {"a": 2**63}, "\ud800"])
def test_what_cannot_be_hashed_alike_by_all_or_at_all_is_refused(bomb):
    assert refusal(proven() | {"bomb": bomb}) == "not-canonical"
    assert refusal(proven(id=bomb)) == "not-canonical"


def test_proofs_within_proofs_are_refused_before_they_cost():
    document: dict[str, Any] = proven()
    for _ in range(50):
        document = proven() | {"object": document}

    assert refusal(document) == "not-canonical"


@pytest.mark.parametrize(
    ("reason", "made", "expires"),
    [
        ("future", 3_601, None),
        ("expired", -60, 0),
        ("expired", -60, -1),
        ("stale", -72 * 3_600, None),
        ("stale", -72 * 3_600, 10**9),
    ],
)
def test_a_proof_has_its_time(reason, made, expires):
    now = MADE
    proof = Proof(KEY_ID, now + made * SECOND, None if expires is None else now + expires * SECOND, b"", {})

    with pytest.raises(BadProof) as refused:
        check(proof, now)

    assert refused.value.reason == reason


def test_within_its_time_it_counts_and_for_as_long_as_is_asked():
    proof = read(proven())

    check(proof, MADE - 3_600 * SECOND)
    check(proof, MADE + LASTS - 1)
    with pytest.raises(BadProof, match="stale"):
        check(proof, MADE + 3_600 * SECOND, lasts=3_600 * SECOND)


@given(st.binary(max_size=80))
def test_base58_means_the_bytes_it_was_made_of(value):
    assert base58.decode(base58.encode(value)) == value


@given(st.dictionaries(st.sampled_from(["type", "cryptosuite", "created", "proofValue", "@context"]), st.integers()))
def test_nothing_in_a_proof_breaks_the_reading(changed):
    with pytest.raises(BadProof):
        holds(SAID | {"proof": changed})
