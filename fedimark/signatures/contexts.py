"""PURE. What the words of our own documents mean in RDF, so that nothing has to be fetched to sign one.

Of the published contexts only what we say stands here, written by hand; a test compares what comes of it with what
comes of theirs. A word that is missing would be signed as if it were not there, and no reader would believe us.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v1"
IDENTITY: Final = "https://w3id.org/identity/v1"

_SECURITY: Final = "https://w3id.org/security#"
_CREATED: Final = "http://purl.org/dc/terms/created"
_MOMENT: Final = "http://www.w3.org/2001/XMLSchema#dateTime"
_NAMES: Final = {"id": "@id", "type": "@type"}

_CLASSES = "Collection CollectionPage Create Delete Link Note Page Person Tombstone Update"
_THINGS = "actor attachment attributedTo audience cc first href items object partOf preview replies tag to url"
_MOMENTS = "published updated"
_WORDS = "content mediaType name source"


def _activitystreams() -> dict[str, object]:
    typed = {"Moment": "xsd:dateTime", "Number": "xsd:nonNegativeInteger"}
    return {
        "@vocab": "_:",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "as": f"{ACTIVITYSTREAMS}#",
        **_NAMES,
        **{word: f"as:{word}" for word in (*_CLASSES.split(), *_WORDS.split())},
        **{word: {"@id": f"as:{word}", "@type": "@id"} for word in _THINGS.split()},
        **{word: {"@id": f"as:{word}", "@type": typed["Moment"]} for word in _MOMENTS.split()},
        **{f"{word}Map": {"@id": f"as:{word}", "@container": "@language"} for word in ("content", "name")},
        "totalItems": {"@id": "as:totalItems", "@type": typed["Number"]},
    }


def _data_integrity() -> dict[str, object]:
    purposes = {
        "@protected": True,
        **_NAMES,
        "assertionMethod": {"@id": f"{_SECURITY}assertionMethod", "@type": "@id", "@container": "@set"},
    }
    proof = {
        "@protected": True,
        **_NAMES,
        "created": {"@id": _CREATED, "@type": _MOMENT},
        "cryptosuite": f"{_SECURITY}cryptosuite",
        "expires": {"@id": f"{_SECURITY}expiration", "@type": _MOMENT},
        "proofPurpose": {"@id": f"{_SECURITY}proofPurpose", "@type": "@vocab", "@context": purposes},
        "proofValue": {"@id": f"{_SECURITY}proofValue", "@type": f"{_SECURITY}multibase"},
        "verificationMethod": {"@id": f"{_SECURITY}verificationMethod", "@type": "@id"},
    }
    return {
        "@protected": True,
        **_NAMES,
        "proof": {"@id": f"{_SECURITY}proof", "@type": "@id", "@container": "@graph"},
        "DataIntegrityProof": {"@id": f"{_SECURITY}DataIntegrityProof", "@context": proof},
    }


def _identity() -> dict[str, object]:
    return {
        "created": {"@id": _CREATED, "@type": _MOMENT},
        "creator": {"@id": "http://purl.org/dc/terms/creator", "@type": "@id"},
    }


def contexts() -> Mapping[str, dict[str, object]]:
    """Address → context document, of every context that what we sign may name."""
    known = {ACTIVITYSTREAMS: _activitystreams(), DATA_INTEGRITY: _data_integrity(), IDENTITY: _identity()}
    return {address: {"@context": context} for address, context in known.items()}
