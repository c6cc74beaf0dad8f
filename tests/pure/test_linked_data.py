"""Signatures over what a document means: as the published contexts have it, and without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from fedimark.signatures import linked_data
from fedimark.signatures.contexts import contexts
from fedimark.signatures.keys import public_pem
from fedimark.signatures.proofs import CONTEXT
from fedimark.vocab.terms import AS, PUBLIC, note_context
from tests.support.relays import digest_by, holds_ld_signature

ANA = "https://marks.example/u/ana"
PROOF = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "verificationMethod": f"{ANA}#ed25519-key",
    "proofPurpose": "assertionMethod",
    "created": "2026-08-20T09:15:01Z",
    "expires": "2026-08-23T09:15:01Z",
    "proofValue": "z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDErszyLp5Ks1EhYSgpDaNM977Rg2",
}


def created(**said: Any) -> dict[str, Any]:
    """A Create with everything a Note of ours may say, and a proof."""
    uri = f"{ANA}/b/1"
    context = [AS, CONTEXT, *note_context()[1:]]
    anchor = {
        "type": "Hashtag",
        "name": "#NeuralNet",
        "href": "https://marks.example/t/neural-net",
        "rawTag": "neural-net",
    }
    preview = {"type": "Page", "name": "Norm matters", "url": "https://arxiv.org/abs/1803.01814"}
    link = {
        "type": "Link",
        "href": "https://arxiv.org/abs/1803.01814",
        "mediaType": "text/html",
        "name": "Norm matters",
    }
    first = {"id": f"{uri}/replies?page=first", "type": "CollectionPage", "partOf": f"{uri}/replies", "items": []}
    heard = {"to": [PUBLIC], "cc": ["https://marks.example/t/neural-net", f"{ANA}/followers"]}
    note = {
        "id": uri,
        "type": "Note",
        "attributedTo": ANA,
        "url": uri,
        "name": "Norm matters",
        "nameMap": {"en": "Norm matters"},
        "content": '<p>日本 "quoted"</p>',
        "contentMap": {"en": "<p>日本</p>"},
        "source": {"content": "日本", "mediaType": "text/plain"},
        "attachment": [{**link, "preview": preview}],
        "tag": [anchor],
        "fedimark:tags": ["neural-net", "🐍"],
        **heard,
        "audience": "https://marks.example/t/neural-net",
        "published": "2026-08-20T09:15:00Z",
        "updated": "2026-08-21T09:15:00Z",
        "sensitive": False,
        "replies": {"id": f"{uri}/replies", "type": "Collection", "totalItems": 0, "first": first},
        "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
    }
    activity = {"@context": context, "id": f"{uri}/activity/1", "type": "Create", "actor": ANA, **heard}
    proof = {"@context": context, **PROOF}
    return {**activity, "published": "2026-08-20T09:15:00Z", "object": note, "proof": proof, **said}


def deleted() -> dict[str, Any]:
    """A Delete of it."""
    gone = {"id": f"{ANA}/b/1", "type": "Tombstone"}
    return created(type="Delete", object=gone, **{"@context": [AS, CONTEXT]}) | {
        "proof": {"@context": [AS, CONTEXT], **PROOF}
    }


def left() -> dict[str, Any]:
    """A Delete of a person."""
    return {
        "@context": AS,
        "id": f"{ANA}/delete",
        "type": "Delete",
        "actor": ANA,
        "to": [PUBLIC],
        "cc": [],
        "object": ANA,
    }


DOCUMENTS = {"Create": created(), "Update": created(type="Update"), "Delete": deleted(), "Delete of a person": left()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_signature_holds_for_whoever_verifies_it_by_the_book(name):
    key = generate_private_key(65537, 2048)
    local = {address: dict(document) for address, document in contexts().items()}

    signed: Any = linked_data.sign(DOCUMENTS[name], f"{ANA}#main-key", key, "2026-08-20T09:15:02Z")

    assert signed["signature"]["type"] == "RsaSignature2017"
    assert holds_ld_signature(signed, public_pem(key), digest_by(local))
    assert {**signed, "signature": None} == {**DOCUMENTS[name], "signature": None}


def test_a_changed_word_breaks_it():
    key = generate_private_key(65537, 2048)
    local = {address: dict(document) for address, document in contexts().items()}
    signed: Any = linked_data.sign(created(), f"{ANA}#main-key", key, "2026-08-20T09:15:02Z")

    signed["object"]["content"] = "<p>Forged.</p>"

    assert not holds_ld_signature(signed, public_pem(key), digest_by(local))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_our_words_mean_what_the_published_contexts_say(name, shared_data: Path):
    published = _published(shared_data)
    key = generate_private_key(65537, 2048)

    signed: Any = linked_data.sign(DOCUMENTS[name], f"{ANA}#main-key", key, "2026-08-20T09:15:02Z")

    bare = {each: value for each, value in signed.items() if each != "signature"}
    assert linked_data.digest(bare) == digest_by(published)(bare)
    assert holds_ld_signature(signed, public_pem(key), digest_by(published))


def test_others_signatures_hold_by_the_same_book(shared_data: Path):
    """So that the check above is one: a signature that a Mastodon made."""
    folder = shared_data / "wire"
    vectors = json.loads((folder / "signatures/ld-signatures/rsasignature2017.json").read_text("utf-8"))["vectors"]
    [mastodons] = [each for each in vectors if each["name"].startswith("Mastodon")]

    pem = next(value for value in _strings(mastodons) if "BEGIN PUBLIC KEY" in value)

    assert holds_ld_signature(mastodons["document"], pem, digest_by(_published(shared_data)))


def test_every_word_that_we_say_has_a_meaning():
    """A word without one is dropped in silence, and then it is not signed."""
    bare = {name: value for name, value in created().items() if name != "proof"}

    said = linked_data.meaning(bare)

    for word in ("audience", "totalItems", "mediaType", "preview", "partOf", "fedimark#rawTag", "fedimark#tags", "gts"):
        assert word in said.replace("gotosocial.org/ns#canQuote", "gts")
    for change in _without_one(bare):
        assert linked_data.meaning(change) != said


def test_a_context_that_is_not_known_is_asked_of_nobody():
    with pytest.raises(linked_data.Meaningless):
        linked_data.meaning({"@context": "https://evil.example/context", "id": ANA})


def _published(shared_data: Path) -> dict[str, Any]:
    folder = shared_data / "wire" / "fedify"
    return {
        address: json.loads((folder / f"{address.partition('://')[2]}.json").read_text("utf-8"))
        for address in contexts()
    }


def _without_one(value: Any) -> Iterator[Any]:
    """The same document without one of its members, for each of them; what says nothing in RDF is left alone."""
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in _without_one(each))
    elif isinstance(value, dict):
        for name, each in value.items():
            rest = {other: kept for other, kept in value.items() if other != name}
            if name not in ("@context", "items"):  # an empty list is no statement
                yield rest
                yield from ({**rest, name: changed} for changed in _without_one(each))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
