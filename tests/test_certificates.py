"""Certificates of strangers: read whole or refused in words, and weak keys are not taken."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from aas_server.certificates import MAX_BYTES, is_strong, read_certificate, strong_key
from aas_server.errors import BadRequest
from aas_server.packages.signatures.trust import TrustedSigners
from aas_server.signing.verifier import verify_document
from tests.support.certificates import Identity, Key, make_identity
from tests.support.clock import FakeClock


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def test_a_certificate_is_read(clock: FakeClock) -> None:
    (certificate,) = make_identity(clock).chain
    assert read_certificate(der(certificate)) == certificate


@pytest.mark.parametrize("body", [b"", b"0", b"\x30\x80", bytes(MAX_BYTES + 1)])
def test_what_is_no_certificate_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_certificate(body)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4))
@example(changes=[(10, 0xFF)])
def test_a_damaged_certificate_is_refused_in_words_or_can_be_used(
    clock: FakeClock, changes: list[tuple[int, int]]
) -> None:
    authority = make_identity(clock, "Authority", is_authority=True)
    body = bytearray(der(make_identity(clock, "Employee", issuer=authority).chain[0]))
    for place, value in changes:
        body[place % len(body)] = value
    try:
        certificate = read_certificate(bytes(body))
    except BadRequest:
        return
    TrustedSigners(authority.chain, clock).objection((certificate,))
    assert certificate.subject.rfc4514_string() is not None
    assert is_strong(certificate.public_key()) in (True, False)


@pytest.mark.parametrize(
    ("make", "strong"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), True),
        (lambda: rsa.generate_private_key(65537, 1024), False),
        (lambda: ec.generate_private_key(ec.SECP256R1()), True),
        (lambda: ec.generate_private_key(ec.SECP192R1()), False),
        (lambda: dsa.generate_private_key(2048), False),
        (ed25519.Ed25519PrivateKey.generate, False),
    ],
    ids=["RSA 2048", "RSA 1024", "P-256", "P-192", "DSA", "Ed25519"],
)
def test_strong_keys_are_told_from_weak_ones(make: Callable[[], Key], strong: bool) -> None:
    key = make()
    assert is_strong(key) is strong
    assert is_strong(key.public_key()) is strong


def test_a_document_signed_with_a_weak_key_is_not_believed(clock: FakeClock) -> None:
    weak = make_identity(clock, key=ec.generate_private_key(ec.SECP192R1()))
    with pytest.raises(BadRequest, match="256 bits"):
        strong_key(weak.chain[0])
    strong = make_identity(clock)
    token = signed(strong, weak)
    with pytest.raises(BadRequest, match="256 bits"):
        verify_document(token, TrustedSigners(weak.chain, clock))
    assert (
        verify_document(signed(strong, strong), TrustedSigners(strong.chain, clock)).objection
        is None
    )


def signed(signer: Identity, claimed: Identity) -> bytes:
    """Return a JWS of ``signer`` that carries the certificate of ``claimed``."""
    chain = [base64.b64encode(der(each)).decode() for each in claimed.chain]
    pem = signer.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    header = {"alg": "ES256", "x5c": chain}
    return jws.serialize_compact(header, b"{}", ECKey.import_key(pem)).encode()
