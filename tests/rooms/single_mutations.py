"""A valid signed request, changed in one place: every change there is, by its name."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace

from fedimark.signatures.message import Message

Mutations = Iterator[tuple[str, Message]]

_SWAPPED = (("keyId", "algorithm"), ("algorithm", "headers"), ("headers", "signature"))
_FLIPS = 48  # places of a body in which one bit is turned over


def mutations(message: Message) -> Mutations:
    """Every change of one thing, each named; what means the same nevertheless is named in `SAME`."""
    yield from _of_method(message)
    yield from _of_target(message)
    yield from _of_body(message)
    for name in message.headers:
        yield from _of_header(message, name)
    if "signature-input" in message.headers:
        yield from _of_signature_input(message)
        yield from _of_field(message, "signature", ":", ":")
    else:
        yield from _of_cavage(message)
        yield from _of_field(message, "signature", 'signature="', '"')
    yield from _unsigned(message)


SAME = frozenset(
    {
        # Nobody signs these, and nobody reads them.
        "a header more: accept",
        "a header more: x-forwarded-for",
        "a header more: date (RFC 9421)",
        "a header more: a wrong digest",
        "a header more: a wrong content-digest",
        "headers in another order",
        "headers in capitals",
        # White space around a value is no part of it. (RFC 9110 §5.5)
        *(f"{name}: space around it" for name in ("host", "date", "digest", "content-type", "signature")),
        *(f"{name}: space around it" for name in ("content-digest", "signature-input")),
        # The key alone decides how it signs; the word beside it is a hint that nobody signed.
        "signature: algorithm dropped",
        "signature: algorithm named in capitals",
        "signature: algorithm hs2019",
        "signature: algorithm in capitals",
        # The same parameters, or one more that only narrows.
        *(f"signature: {first} and {second} swapped" for first, second in _SWAPPED),
        "signature: a space after each comma",
        "signature: an unknown parameter more",
        "signature: created more",
        "signature: expires more",
        "signature: headers in capitals",
        # Structured fields have one meaning in several spellings; that meaning is what is signed.
        "signature-input: space between parameters",
        "signature-input: spaces between components",
        # One signature that holds is enough: a proxy may have added its own.
        "signature and signature-input: one more that does not hold",
    }
)

UNSIGNED_IN = {
    "rfc9421": frozenset({"content-type: of another spelling", "content-type: in capitals", "host: in capitals"}),
    "cavage": frozenset(),
}
"""What one scheme signs and the other does not."""


def with_header(message: Message, name: str, *values: str) -> Message:
    """The same request with other lines of one header; without any, it is taken away."""
    headers = {each: said for each, said in message.headers.items() if each != name}
    return replace(message, headers={**headers, name: values} if values else headers)


# --- the request line and the body ------------------------------------------------------------------------------------


def _of_method(message: Message) -> Mutations:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "POS", "POSTS", "QUERY"):
        yield f"method {method}", replace(message, method=method)


def _of_target(message: Message) -> Mutations:
    targets = ("/inbox/", "/Inbox", "/inbox?x=1", "/inbox?/inbox", "/%69nbox", "/%2Finbox", "//inbox", "/./inbox")
    for target in (*targets, "/inbox;x", "/inbox%20", "/u/ana/inbox", "/actor/inbox", "/u/../inbox", "/inbox%00", "/"):
        yield f"target {target}", replace(message, target=target)


def _of_body(message: Message) -> Mutations:
    body, length = message.body, len(message.body)
    for part in range(_FLIPS):
        at = part * (length - 1) // (_FLIPS - 1)
        flipped = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        yield f"body: bit {at * 8}", replace(message, body=flipped)
    for eighth in range(8):
        start, end = eighth * length // 8, (eighth + 1) * length // 8
        yield f"body: without bytes {start} to {end}", replace(message, body=body[:start] + body[end:])
        yield f"body: bytes {start} to {end} twice", replace(message, body=body[:end] + body[start:])
        yield f"body: ends at {end - 1}", replace(message, body=body[: end - 1])
    for word, changed in (
        ("a space more", body + b" "),
        ("a space before", b" " + body),
        ("a line break more", body + b"\r\n"),
        ("a NUL more", body + b"\x00"),
        ("no space between", body.replace(b", ", b",")),
        ("letters escaped", body.replace(b"Create", b"\\u0043reate")),
        ("twice", body * 2),
        ("empty", b""),
        ("an empty object", b"{}"),
    ):
        yield f"body: {word}", replace(message, body=changed)


# --- headers ----------------------------------------------------------------------------------------------------------


def _of_header(message: Message, name: str) -> Mutations:
    [value] = message.headers[name]
    yield f"{name}: dropped", with_header(message, name)
    yield f"{name}: empty", with_header(message, name, "")
    yield f"{name}: twice", with_header(message, name, value, value)
    yield f"{name}: another before it", with_header(message, name, _other(name), value)
    yield f"{name}: another behind it", with_header(message, name, value, _other(name))
    yield f"{name}: another", with_header(message, name, _other(name))
    yield f"{name}: both in one", with_header(message, name, f"{value}, {_other(name)}")
    yield f"{name}: in capitals", with_header(message, name, value.upper())
    yield f"{name}: space around it", with_header(message, name, f" {value}\t")
    yield f"{name}: space inside", with_header(message, name, f"{value[:3]} {value[3:]}")
    yield f"{name}: a letter less", with_header(message, name, value[:-1])
    yield f"{name}: a letter more", with_header(message, name, value + "x")
    yield f"{name}: first letter another", with_header(message, name, chr(ord(value[0]) ^ 1) + value[1:])
    middle = len(value) // 2
    turned = value[:middle] + chr(ord(value[middle]) ^ 1) + value[middle + 1 :]
    yield f"{name}: middle letter another", with_header(message, name, turned)
    yield f"{name}: a letter of Latin-1", with_header(message, name, value + "é")


def _other(name: str) -> str:
    """Another value that such a header can have."""
    others = {
        "host": "b.example",
        "date": "Sun, 01 Mar 2026 12:00:30 GMT",
        "content-type": "text/html",
        "digest": "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        "signature-input": 'sig1=("@method");created=1772366400;keyid="https://x.example/"',
    }
    return others.get(name, "sig1=:AAAA:")


def _unsigned(message: Message) -> Mutations:
    yield "a header more: accept", with_header(message, "accept", "*/*")
    yield "a header more: x-forwarded-for", with_header(message, "x-forwarded-for", "10.0.0.1")
    ld_json = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
    yield "content-type: of another spelling", with_header(message, "content-type", ld_json)
    if "date" not in message.headers:
        yield "a header more: date (RFC 9421)", with_header(message, "date", _other("date"))
    yield "headers in another order", replace(message, headers=dict(reversed(message.headers.items())))
    capitals = {name.title(): values for name, values in message.headers.items()}
    yield "headers in capitals", replace(message, headers=capitals)
    other = "digest" if "content-digest" in message.headers else "content-digest"
    yield f"a header more: a wrong {other}", with_header(message, other, _other(other))


# --- parameters of the signature --------------------------------------------------------------------------------------


def _of_field(message: Message, name: str, opening: str, closing: str) -> Mutations:
    """The signature itself, bit by bit and in other spellings."""
    [value] = message.headers[name]
    before, _, rest = value.rpartition(opening) if opening != ":" else (value.partition(":")[0], "", "")
    encoded = value.partition(":")[2].removesuffix(":") if opening == ":" else rest.removesuffix(closing)

    def written(other: str) -> Message:
        return with_header(message, name, f"{before}{opening}{other}{closing}")

    signature = b64decode(encoded)
    for at in (0, 1, len(signature) // 2, len(signature) - 1):
        for bit in (1, 128):
            turned = signature[:at] + bytes([signature[at] ^ bit]) + signature[at + 1 :]
            yield f"signature itself: byte {at}, bit {bit}", written(b64encode(turned).decode())
    for word, other in (
        ("a byte less", signature[:-1]),
        ("a byte more", signature + b"\x00"),
        ("a byte before", b"\x00" + signature),
        ("nothing but noughts", bytes(len(signature))),
        ("a byte", b"\x01"),
        ("backwards", signature[::-1]),
    ):
        yield f"signature itself: {word}", written(b64encode(other).decode())
    yield "signature itself: nothing", written("")
    yield "signature itself: no base64", written("!" * len(encoded))
    yield "signature itself: half", written(encoded[: len(encoded) // 2])
    yield "signature itself: in hex", written(signature.hex())
    yield "signature itself: twice", written(encoded * 2)


def _of_cavage(message: Message) -> Mutations:
    [value] = message.headers["signature"]
    parts = dict(part.split("=", 1) for part in value.split(","))

    def written(**others: str | None) -> Message:
        said = {name: other for name, other in {**parts, **others}.items() if other is not None}
        return with_header(message, "signature", ",".join(f"{name}={other}" for name, other in said.items()))

    names = list(parts)
    for place, name in enumerate(names):
        yield f"signature: {name} dropped", written(**{name: None})
        yield f"signature: {name} empty", written(**{name: '""'})
        yield f"signature: {name} without quotes", written(**{name: parts[name].strip('"')})
        again = with_header(message, "signature", f"{value},{name}={parts[name]}")
        yield f"signature: {name} twice", again
        yield (
            f"signature: {name} named in capitals",
            with_header(message, "signature", value.replace(name, name.upper())),
        )
        if place:
            order = [*names[: place - 1], name, names[place - 1], *names[place + 1 :]]
            swapped = ",".join(f"{each}={parts[each]}" for each in order)
            yield f"signature: {names[place - 1]} and {name} swapped", with_header(message, "signature", swapped)
    for key_id in _other_key_ids(parts["keyId"].strip('"')):
        yield f"signature: keyId {key_id}", written(keyId=f'"{key_id}"')
    for algorithm in ("rsa-sha1", "rsa-sha512", "hmac-sha256", "ecdsa-sha256", "ed25519", "none", "x"):
        yield f"signature: algorithm {algorithm}", written(algorithm=f'"{algorithm}"')
    other = "rsa-sha256" if parts["algorithm"] == '"hs2019"' else "hs2019"
    yield f"signature: algorithm {other}", written(algorithm=f'"{other}"')
    yield "signature: algorithm in capitals", written(algorithm=parts["algorithm"].upper())
    covered = parts["headers"].strip('"').split(" ")
    for headers, word in _other_covered(covered):
        yield f"signature: {word}", written(headers=f'"{" ".join(headers)}"')
    yield "signature: headers in capitals", written(headers=parts["headers"].upper())
    yield "signature: an unknown parameter more", written(opaque='"x"')
    yield "signature: created more", written(created="1772366400")
    yield "signature: expires more", written(expires="1772370000")
    yield "signature: created long ago", written(created="1")
    yield "signature: expires long ago", written(expires="1")
    yield "signature: created as a word", written(created='"now"')
    yield "signature: a space after each comma", with_header(message, "signature", value.replace(",", ", "))
    yield (
        "signature: under Authorization",
        replace(
            with_header(message, "signature"),
            headers={**with_header(message, "signature").headers, "authorization": (f"Signature {value}",)},
        ),
    )


def _of_signature_input(message: Message) -> Mutations:
    [value] = message.headers["signature-input"]
    [signature] = message.headers["signature"]
    listed, *parameters = value.removeprefix("sig1=").split(";")
    components = listed.strip("()").split(" ")

    def written(components: list[str], parameters: list[str], label: str = "sig1") -> Message:
        text = f"{label}=({' '.join(components)})" + "".join(f";{each}" for each in parameters)
        return with_header(message, "signature-input", text)

    for others, word in _other_covered(components, '"date"'):
        yield f"signature-input: {word}", written(others, parameters)
    for place, component in enumerate(components):
        for change in (";sf", ";bs", ";req", ";tr", ';key="x"', ';name="x"'):
            others = [*components[:place], component + change, *components[place + 1 :]]
            yield f"signature-input: {component} with {change}", written(others, parameters)
        others = [*components[:place], component.upper(), *components[place + 1 :]]
        yield f"signature-input: {component} in capitals", written(others, parameters)
    for more in ("@authority", "@path", "@query", "@scheme", "@status", "@signature-params", "host", "content-type"):
        yield f"signature-input: {more} more", written([*components, f'"{more}"'], parameters)
    for place, parameter in enumerate(parameters):
        name, said = parameter.split("=", 1)
        rest = [*parameters[:place], *parameters[place + 1 :]]
        yield f"signature-input: {name} dropped", written(components, rest)
        yield f"signature-input: {name} twice", written(components, [*parameters, parameter])
        if place < len(parameters) - 1:
            yield f"signature-input: {name} at the end", written(components, [*rest, parameter])
        yield f"signature-input: {name} as a token", written(components, [*rest, f"{name}=x"])
        yield f"signature-input: {name} in capitals", written(components, [*rest, f"{name.upper()}={said}"])
        for other in _other_values(name, said):
            changed = [*parameters[:place], f"{name}={other}", *parameters[place + 1 :]]
            yield f"signature-input: {name}={other}", written(components, changed)
    for more in ("expires=1772370000", "expires=1", 'nonce="x"', 'tag="x"', "x", 'x="y"'):
        yield f"signature-input: {more} more", written(components, [*parameters, more])
    yield "signature-input: another label", written(components, parameters, "sig2")
    yield "signature-input: no list", with_header(message, "signature-input", "sig1=1")
    yield "signature-input: label twice", with_header(message, "signature-input", f"{value}, {value}")
    yield "signature-input: one label more", with_header(message, "signature-input", f"{value}, sig2=()")
    yield "signature: another label", with_header(message, "signature", signature.replace("sig1", "sig2"))
    yield "signature: a word instead of bytes", with_header(message, "signature", 'sig1="x"')
    yield "signature: one label more", with_header(message, "signature", f"{signature}, sig2=:AAAA:")
    both = with_header(message, "signature", f"{signature}, sig2=:AAAA:")
    more = with_header(both, "signature-input", f"{value}, sig2{value.removeprefix('sig1')}")
    yield "signature and signature-input: one more that does not hold", more
    yield "signature-input: space between parameters", with_header(message, "signature-input", value.replace(";", "; "))
    wide = value.replace('" "', '"  "')
    yield "signature-input: spaces between components", with_header(message, "signature-input", wide)


def _other_covered(covered: list[str], stranger: str = "accept") -> Iterator[tuple[list[str], str]]:
    for place, name in enumerate(covered):
        rest = [*covered[:place], *covered[place + 1 :]]
        yield rest, f"{name} not covered"
        yield [*covered, name], f"{name} covered twice"
        yield [*covered[:place], stranger, *covered[place + 1 :]], f"{name} exchanged"
        if place:
            yield [*rest[: place - 1], name, covered[place - 1], *rest[place:]], f"{name} one place earlier"
    yield [*covered, stranger], "one more covered"
    yield [], "nothing covered"


def _other_key_ids(key_id: str) -> tuple[str, ...]:
    actor, _, fragment = key_id.partition("#")
    return (
        actor,
        f"{actor}#other-key",
        f"{actor}/#{fragment}",
        f"{actor}?x#{fragment}",
        key_id.upper(),
        key_id.replace("mastodon", "MASTODON"),
        key_id.replace(".example", ".example:443"),
        key_id.replace(".example", ".example."),
        key_id.replace("https:", "http:"),
        key_id.replace("cleo", "eve"),
        key_id.replace("mastodon", "other"),
        "https://a.example/actor#main-key",
        "acct:cleo@mastodon.example",
        "x",
    )


def _other_values(name: str, said: str) -> tuple[str, ...]:
    if name == "created":
        at = int(said)
        return (str(at + 1), str(at - 1), f"{at}.0", "1", "9999999999999", "-1", f'"{at}"', "?1")
    if name == "alg":
        known = ('"rsa-v1_5-sha256"', '"rsa-pss-sha512"', '"ed25519"')
        return (*(each for each in known if each != said), '"hmac-sha256"', '"ecdsa-p256-sha256"', '"none"', '""')
    return tuple(f'"{each}"' for each in _other_key_ids(said.strip('"')))
