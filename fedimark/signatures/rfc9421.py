"""PURE. HTTP Message Signatures, as far as the fediverse speaks them. (RFC 9421)"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote_plus

import http_sf
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from http_sf.types import ItemType
from http_sf.types import ParamsType as Parameters

from fedimark.signatures.fields import CONTENT_DIGEST, bare, content_digest, dictionary, field, inner_list
from fedimark.signatures.keys import PrivateKey
from fedimark.signatures.message import KEY_ID, BadSignature, Message

RSA = "rsa-v1_5-sha256"
RSA_PSS = "rsa-pss-sha512"
ED25519 = "ed25519"

METHOD = "@method"
TARGET_URI = "@target-uri"
AUTHORITY = "@authority"
PATH = "@path"
QUERY = "@query"

# What a 401 asks for, so that the sender's second knock is one we understand. (RFC 9421 §5)
ACCEPT_SIGNATURE = f'sig1=("{METHOD}" "{TARGET_URI}" "{CONTENT_DIGEST}");created;keyid'

_QUERY_PARAM = "@query-param"
_LABEL = "sig1"
_LONGEST_SIGNATURE = 1_024
_MOST_LABELS = 4
_MOST_COVERED = 32
_LATEST = 10**12  # seconds; a time with more digits is no time


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a request that a signature covers; `query_name` is empty but for `@query-param`."""

    name: str
    query_name: str = ""

    @property
    def identifier(self) -> str:
        """The component as it stands in the signature base."""
        parameters: Parameters = {"name": self.query_name} if self.name == _QUERY_PARAM else {}
        return http_sf.ser((self.name, parameters))


@dataclass(frozen=True, slots=True)
class Rfc9421:
    """One signature of a request, taken apart and believed in nothing.

    `key_id` and `algorithm` are empty when the signature names none; `created` and `expires` are whole seconds since
    1970, UTC; `parameters` is the signature's own line of the base, in canonical form.
    """

    label: str
    key_id: str
    algorithm: str
    covered: tuple[Component, ...]
    created: int | None
    expires: int | None
    parameters: str
    signature: bytes


def sign(message: Message, key_id: str, private_key: PrivateKey, *, target_uri: str, created: int) -> dict[str, str]:
    """The headers that make `message` a signed request: Signature-Input, Signature, and Content-Digest with a body.

    `target_uri` is the whole address asked, `created` whole seconds since 1970 UTC. Raises BadSignature
    ("malformed") for a key id or address no header can carry.
    """
    if KEY_ID.fullmatch(key_id) is None:
        raise BadSignature("malformed")
    added = {}
    covered = [Component(METHOD), Component(TARGET_URI)]
    if message.method.upper() not in ("GET", "HEAD"):
        added["Content-Digest"] = content_digest(message.body)
        covered.append(Component(CONTENT_DIGEST))
    algorithm = RSA if isinstance(private_key, RSAPrivateKey) else ED25519
    said: Parameters = {"created": created, "keyid": key_id, "alg": algorithm}
    named: list[ItemType] = [component.name for component in covered]
    parameters = inner_list(named, said)
    claim = Rfc9421(_LABEL, key_id, "", tuple(covered), created, None, parameters, b"")
    headers = {**message.headers, **{name.lower(): (value,) for name, value in added.items()}}
    whole = Message(message.method, message.target, headers, message.body)
    base = request_base(whole, claim, target_uri)
    if isinstance(private_key, RSAPrivateKey):
        signature = private_key.sign(base, PKCS1v15(), SHA256())
    else:
        signature = private_key.sign(base)
    added["Signature-Input"] = f"{_LABEL}={parameters}"
    added["Signature"] = f"{_LABEL}=:{b64encode(signature).decode('ascii')}:"
    return added


def read(message: Message) -> tuple[Rfc9421, ...]:
    """Take every signature of a request apart, at most four, in the order of Signature-Input.

    Raises BadSignature: "unsigned" without Signature-Input, "malformed" for anything the grammar of structured
    fields or our bounds refuse, for a label, component or parameter given twice, and for labels that do not agree.
    """
    if "signature-input" not in message.headers:
        raise BadSignature("unsigned")
    inputs, signatures = dictionary(message, "signature-input"), dictionary(message, "signature")
    if not inputs or inputs.keys() != signatures.keys() or len(inputs) > _MOST_LABELS:
        raise BadSignature("malformed")
    return tuple(_claim(label, inputs[label], signatures[label]) for label in inputs)


def signature_base(claim: Rfc9421, value: Callable[[Component], str | None]) -> bytes:
    """The bytes that are signed; `value` answers what each covered component is. (RFC 9421 §2.5)

    Raises BadSignature: "missing-header" for a component without a value, "malformed" for a value no field can have.
    """
    lines = []
    for component in claim.covered:
        said = value(component)
        if said is None:
            raise BadSignature("missing-header")
        if "\n" in said or "\r" in said or not said.isascii():
            raise BadSignature("malformed")
        lines.append(f"{component.identifier}: {said}")
    lines.append(f'"@signature-params": {claim.parameters}')
    return "\n".join(lines).encode("ascii")


def request_base(message: Message, claim: Rfc9421, target_uri: str) -> bytes:
    """The bytes that are signed of this request, asked at `target_uri`. Raises as `signature_base`, `value_of`."""
    return signature_base(claim, lambda component: value_of(message, component, target_uri))


def value_of(message: Message, component: Component, target_uri: str) -> str | None:
    """What a component of a request is, None when it has none. (RFC 9421 §2.1, §2.2)

    `target_uri` is the address as this server is asked by it: scheme and host come from there, never from the
    request. Raises BadSignature ("malformed") for two values where there can be one.
    """
    scheme, _, rest = target_uri.partition("://")
    path, mark, query = message.target.partition("?")
    derived = {
        METHOD: message.method,
        TARGET_URI: target_uri,
        "@scheme": scheme,
        AUTHORITY: rest.partition("/")[0],
        "@request-target": message.target,
        PATH: path or "/",
        QUERY: f"?{query}",
    }
    if component.name == _QUERY_PARAM:
        return _query_value(query, component.query_name) if mark else None
    if component.name.startswith("@"):
        return derived.get(component.name)
    return field(message, component.name)


def _claim(label: str, signed_input: object, signature: object) -> Rfc9421:
    if not isinstance(signed_input, tuple) or not isinstance(signed_input[0], list):
        raise BadSignature("malformed")
    items, parameters = signed_input
    covered = tuple(_component(item) for item in items)
    if len(covered) > _MOST_COVERED or len(set(covered)) < len(covered):
        raise BadSignature("malformed")
    signed = bare(signature)
    if not isinstance(signed, bytes) or not 0 < len(signed) <= _LONGEST_SIGNATURE:
        raise BadSignature("malformed")
    for name in ("nonce", "tag"):
        _string(parameters.get(name))
    return Rfc9421(
        label=label,
        key_id=_string(parameters.get("keyid")),
        algorithm=_string(parameters.get("alg")),
        covered=covered,
        created=_seconds(parameters.get("created")),
        expires=_seconds(parameters.get("expires")),
        parameters=inner_list(items, parameters),
        signature=signed,
    )


def _component(item: object) -> Component:
    name, parameters = item if isinstance(item, tuple) else (item, {})
    if not isinstance(name, str) or name != name.lower() or not name or name == "@signature-params":
        raise BadSignature("malformed")
    if name == _QUERY_PARAM:
        query_name = parameters.get("name")
        if len(parameters) == 1 and isinstance(query_name, str):
            return Component(name, query_name)
    elif not parameters:  # sf, key, bs, tr and req: nobody here needs them, and each is one more reading
        return Component(name)
    raise BadSignature("malformed")


def _query_value(query: str, name: str) -> str | None:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError as error:
        raise BadSignature("malformed") from error
    values = [value for each, value in pairs if each == unquote_plus(name)]
    if len(values) > 1:
        raise BadSignature("malformed")
    return quote(values[0], safe="*-._") if values else None


def _string(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not value:
        raise BadSignature("malformed")
    return value


def _seconds(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < _LATEST:
        raise BadSignature("malformed")
    return value
