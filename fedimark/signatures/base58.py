"""PURE. Base58 in Bitcoin's alphabet, as Multibase writes keys and signatures: a `z`, then the digits."""

from __future__ import annotations

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LONGEST = 128  # a signature has 88 digits; the time grows with the square of the length


class NotBase58(ValueError):
    """Text that is no short Multibase in base58btc."""


def encode(value: bytes) -> str:
    """Bytes as Multibase."""
    number, digits = int.from_bytes(value, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    zeros = len(value) - len(value.lstrip(b"\0"))
    return "z" + "1" * zeros + digits


def decode(multibase: str) -> bytes:
    """The bytes that a Multibase of up to 128 characters means. Raises NotBase58."""
    if not multibase.startswith("z") or len(multibase) > _LONGEST:
        raise NotBase58
    number, digits = 0, multibase[1:]
    for character in digits:
        digit = _ALPHABET.find(character)
        if digit < 0:
            raise NotBase58
        number = number * 58 + digit
    zeros = len(digits) - len(digits.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
