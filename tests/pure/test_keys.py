"""Keys of others are taken when they are sound, and refused when they are not."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from fedimark.signatures.keys import BadKey, load_private, load_public, public_pem


def private_pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def pem_of(key: object, shape: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_key().public_bytes(Encoding.PEM, shape).decode()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_an_rsa_key_makes_the_round_trip(rsa_key):
    private = load_private(private_pem(rsa_key))

    public = load_public(public_pem(private))

    assert public.public_numbers() == rsa_key.public_key().public_numbers()


def test_an_ed25519_key_makes_the_round_trip():
    key = ed25519.Ed25519PrivateKey.generate()

    public = load_public(public_pem(load_private(private_pem(key))))

    assert public == key.public_key()


def test_the_older_pem_form_of_rsa_keys_is_read(rsa_key):
    pem = pem_of(rsa_key, PublicFormat.PKCS1)

    assert "BEGIN RSA PUBLIC KEY" in pem
    assert load_public(pem).public_numbers() == rsa_key.public_key().public_numbers()


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024), id="rsa-1024"),
        pytest.param(lambda: ec.generate_private_key(ec.SECP256R1()), id="ecdsa"),
        pytest.param(lambda: dsa.generate_private_key(1024), id="dsa"),
    ],
)
def test_weak_and_other_kinds_of_keys_are_refused(key):
    with pytest.raises(BadKey):
        load_public(pem_of(key()))


def test_a_key_with_a_huge_exponent_is_refused(rsa_key):
    numbers = rsa_key.public_key().public_numbers()
    slow = rsa.RSAPublicNumbers(e=2**63 + 1, n=numbers.n).public_key()

    with pytest.raises(BadKey):
        load_public(slow.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


@pytest.mark.parametrize("pem", ["", "nonsense", "\ud800", "é", "-----BEGIN PUBLIC KEY-----\n", "A" * 20_000])
def test_what_is_no_key_is_refused(pem):
    with pytest.raises(BadKey):
        load_public(pem)
    with pytest.raises(BadKey):
        load_private(pem)


def test_a_private_key_is_not_taken_for_a_public_one(rsa_key):
    with pytest.raises(BadKey):
        load_public(private_pem(rsa_key))


def test_a_private_key_of_another_kind_is_refused():
    with pytest.raises(BadKey):
        load_private(private_pem(ec.generate_private_key(ec.SECP256R1())))
